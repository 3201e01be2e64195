"""What the document on workflows has others paste, written to a folder as files of workflows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests import ROOT

DOCUMENT = (ROOT / ".github/workflows/README.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    """The first block of the document in a language that has a text in it."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    return next(str(one) for one in found if containing in one)


CALL, ASK = (block("yaml", f".github/workflows/{name}.yml") for name in ("contracts", "ask"))


def write(folder: Path) -> None:
    """Write the two workflows of Core's repository where they belong in it."""
    folder.mkdir(parents=True)
    (folder / "contracts.yml").write_text(CALL, encoding="utf-8")
    (folder / "ask.yml").write_text(ASK, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) / ".github/workflows")
