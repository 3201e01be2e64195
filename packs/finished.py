"""The last word of a cell: fails unless its evidence is finished.

A Core that ends the process ends it with an exit code of its own choice, be it 0.
"""

from __future__ import annotations

import sys
from pathlib import Path

evidence = Path(sys.argv[1])
if not evidence.exists() or '<error type="unfinished"' in evidence.read_text(encoding="utf-8"):
    raise SystemExit(f"errored: the run did not finish: see '{evidence}'")
