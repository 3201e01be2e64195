"""The modules of `packs/` by which cells take verdicts over, for tests that ask them themselves."""

from __future__ import annotations

import sys

from tests import ROOT

sys.path.insert(0, str(ROOT / "packs"))

import cell_key
import kept
import resolution
import sealed
import takeover

sys.path.remove(str(ROOT / "packs"))

__all__ = ["cell_key", "kept", "resolution", "sealed", "takeover"]
