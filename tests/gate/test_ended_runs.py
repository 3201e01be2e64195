"""A check of a Core that ends or blocks the process in which it is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.core_index import CoreIndex
from tests.worlds.large import MENDED, World

ENDS = {
    "import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.SIGKILL)": "SIGKILL",
    "import atexit, os; atexit.register(os._exit, 7)": "ended with code 7, where pytest had 0",
}


@pytest.mark.parametrize("code", ENDS)
def test_a_core_that_ends_the_run_is_not_released(
    tmp_path: Path, index: CoreIndex, compiled_wheels: None, code: str
) -> None:
    """A candidate that keeps every promise and then ends the process badly is unknown, by 3."""
    world = World(tmp_path / "world", index.url).make()
    world.core(f"{MENDED}\n{code}\n")
    arguments = ("check", "core", "--baseline", "2.0.0", "--pack", "steady")
    done = world.fanout(*arguments, "--index", world.index)
    assert (done.returncode, done.stdout.partition(":")[0]) == (3, "unknown"), done.stdout
    assert ENDS[code] in done.stdout
