"""How every pack runs: as a cell, if its runner says which one it is."""

from __future__ import annotations

import os
import sys

import pytest

from cell import Cell
from lifeline import hold
from outside import Outside

# From before the pack's own conftest.py, which may read a file as any promise may, is imported.
cells = [given.partition("=")[2] for given in sys.argv if given.startswith("--cell=")]
OUTSIDE = Outside(
    "".join(cells[:1]).partition("-core_")[0],
    os.environ.get("PYTEST_DEBUG_TEMPROOT", os.devnull),
)
if cells:
    OUTSIDE.listen()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract packs")
    group.addoption("--cell", metavar="NAME", help="the cell to run, such as store-core_v110")
    group.addoption("--core", metavar="REQUIREMENT", default="", help="the Core it asks for")
    group.addoption("--brief", action="store_true", help="show no traceback: it is in the evidence")
    group.addoption("--journal", metavar="FILE", help="where its runner reads what it tells")
    group.addoption("--lifeline", metavar="NUMBER", type=int, help="a pipe that its runner holds")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "contract(*symbols, core=''): the names in market_data_core that a promise pins, and the"
        " range of Core versions in which they exist",
    )
    if config.getoption("--journal"):
        hold(config.getoption("--lifeline"))
        # One broken file must not hide what the other files say.
        config.option.continue_on_collection_errors = True
        with OUTSIDE.aside():
            cell = Cell(config, OUTSIDE)
        config.pluginmanager.register(cell, "cell")
