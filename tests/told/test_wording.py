"""How names are written in a line."""

from __future__ import annotations

from fanout.wording import first_few


def test_a_line_names_three_and_counts_the_rest() -> None:
    """Of many packs a line names three and how many more there are, each once."""
    packs = ("store", "ibkr", "store", "pipeline")
    assert first_few(packs) == "store, ibkr, pipeline"
    assert first_few((*packs, "orchestrator", "other")) == "store, ibkr, pipeline and 2 more"
