"""What a change makes of Core's files, where more than the line that is changed has to follow."""

from __future__ import annotations

from fanout.strength.changes import classes
from fanout.strength.changes.change import Site
from fanout.strength.source import Source

CORE = {
    "market_data_core/__init__.py": """
from market_data_core.events import Event, read
from market_data_core.events import Event as Known

__all__ = ["Event", "read"]
kinds = ["Event"]
""",
    "market_data_core/events.py": """
class Event: ...

def read(one: "Event", kind="Event") -> list["Event"]: ...
""",
    "market_data_core/store.py": """
from . import events
from .events import read

def save(found: events.Event, text="Event"): read(Event=found)
""",
    "market_data_core/own.py": "class Event: ...\n",
}


def test_another_name_is_followed() -> None:
    """A class has another name wherever it is imported by it, so that Core itself still works."""
    source = Source({path: text.encode() for path, text in CORE.items()})
    (change,) = classes.renamed(Site(source, source.definition("events.Event"), "plain"))
    assert change.files() == {
        "market_data_core/__init__.py": """
from market_data_core.events import Event_renamed, read
from market_data_core.events import Event_renamed as Known

__all__ = ['Event_renamed', "read"]
kinds = ["Event"]
""",
        "market_data_core/events.py": """
class Event_renamed: ...

def read(one: 'Event_renamed', kind="Event") -> list['Event_renamed']: ...
""",
    }


def test_module_that_moves_keeps_every_name() -> None:
    """A module whose code is moved still has the names that it only imports, and private ones."""
    text = "from .own import Event as Known\n\nclass Event(Known): ...\n\nclass _Own: ...\n"
    files = CORE | {"market_data_core/events.py": text}
    source = Source({path: text.encode() for path, text in files.items()})
    (change,) = classes.moved(Site(source, source.definition("events.Event"), "plain"))
    assert change.files() == {
        "market_data_core/_moved_events.py": text,
        "market_data_core/events.py": "from ._moved_events import *\n"
        "from ._moved_events import Event, _Own\n",
    }
