"""How each command grows with packs and with Core refs, in seconds of a processor.

The packs have one promise and Core refs repeat twelve contents, as real ones do. What other
programs do on the same machine does not count, and no time is ever asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fanout.cells.matrix import read_matrix
from fanout.dashboard.build import build
from fanout.model import Matrix
from tests import ROOT
from tests.worlds.checkout import tox
from tests.worlds.forged import Size, record
from tests.worlds.project import PACK_TOML, TOX_INI, Case, Project

SIZES = ((3, 72), (3, 500), (3, 2_000), (20, 72), (100, 72))
CONTENTS = 12
PROMISE = 'def test_kept():\n    """An event has a source."""\n'
ROWS = {
    "list": "`tox list`",
    "config": "`tox config -e ALL`, in which tox makes every env",
    "matrix": "the matrix, as every command of the tool asks tox for it",
    "report": "`fanout report` on evidence of every cell",
    "gate": "`fanout gate` on a release against the one before it",
    "dashboard": "a dashboard of three runs, from nothing",
}


def spent() -> float:
    """Seconds of a processor that this process and those that it has waited for have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def took(act: Callable[[], object]) -> float:
    began = spent()
    act()
    return spent() - began
