"""What a consumer loses between two Cores, and which of it the promises of its pack speak of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fanout.consumers.needs.lost import lost
from fanout.consumers.needs.usage import usage
from fanout.consumers.release import read_wheel
from fanout.surface.reader import surface
from fanout.surface.shape import Shapes
from tests.servers.core_index import any_wheel

BUS = """\
class Base:
    def publish(self): ...


class Bus(Base): ...


"""
EVENTS = {"market_data_core/events.py": BUS + "class Event: ...\n"}
USES = """\
from market_data_core.events import Bus
from market_data_core import events

Bus().publish()
events.Event()
"""


def wheel(folder: Path, package: str, code: str, files: Mapping[str, str]) -> Path:
    metadata = f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 1.0\n"
    file = folder / f"{package}-1.0-py3-none-any.whl"
    file.write_bytes(any_wheel(package, "1.0", code, metadata.encode(), files))
    return file


@pytest.mark.parametrize(
    ("noticed", "uses"),
    [
        ((), 5),
        (
            ("events.Bus",),
            1,
        ),  # what it holds is noticed, also what that has from another, and not what is beside it
        (("events.Bus", "events.Event"), 0),
        (("events.Other",), 5),
        (("events",), 5),  # a module is no promise about all that is in it
    ],
)
def test_a_module_that_is_gone(tmp_path: Path, noticed: tuple[str, ...], uses: int) -> None:
    """A promise about one name in a module hides no use of another when the module goes."""
    release = read_wheel(wheel(tmp_path, "market_data_small", USES, {}))
    cores = []
    for name, files in (("before", EVENTS), ("after", {})):
        folder = tmp_path / name
        folder.mkdir()
        cores.append(Shapes(surface(wheel(folder, "market_data_core", "", files))))
    before, after = (usage(release, "", core) for core in cores)
    found = lost(before, after, noticed, cores)
    assert [(one.name, one.uses) for one in found] == ([("events", uses)] if uses else [])
