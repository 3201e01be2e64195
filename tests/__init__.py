"""The tool's own tests, in the rooms of `src/fanout`; beside them what only tests use."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKS = tuple(sorted(path.parent.name for path in ROOT.glob("packs/*/pack.toml")))
