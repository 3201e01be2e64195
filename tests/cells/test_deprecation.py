"""What Core says will go away is in the evidence, with the promises that met it."""

from __future__ import annotations

import json
from pathlib import Path

from defusedxml.ElementTree import parse

from fanout.cells.evidence import read_file
from tests.worlds.project import Project, make_python

CORE = """
import abc, datetime, functools, market_data_core.own, sys, warnings, weakref
from foreign import deprecates, validates
from warnings import warn as _warn
from pydantic import BaseModel, Field
from typing_extensions import deprecated

def old():
    warnings.warn("old goes in 2.0", DeprecationWarning, stacklevel=2)

def soon():
    warnings.warn("soon changes", FutureWarning)

_later = functools.partial(warnings.warn, category=DeprecationWarning, stacklevel=2)

def renamed():
    _warn("renamed goes", DeprecationWarning, stacklevel=2)

def later():
    _later("later goes")

def given(warn=warnings.warn):
    warn("given goes", DeprecationWarning)

@deprecates
def judged():
    pass

class Judged:
    @deprecates
    def method(self):
        pass

@validates
def valid(bus=None):
    pass

def _names(first, last):
    fields = locals()
    del fields["last"]
    warnings.warn("last goes", DeprecationWarning, stacklevel=3)
    return sorted(fields)

def names():
    return _names(1, 2)

def _frees():
    bus = Bus()
    alive = weakref.ref(bus)
    warnings.warn("bus goes", DeprecationWarning, stacklevel=3)
    del bus
    return alive() is None

def frees():
    return _frees()

def goes_away(text):
    warnings.warn(text, DeprecationWarning, stacklevel=3)

def asked():
    goes_away("asked goes")

def instead(other):
    def decorate(function):
        @functools.wraps(function)
        def call():
            warnings.warn(f"use {other.__name__}", DeprecationWarning, stacklevel=2)
            return function()
        return call
    return decorate

@instead(other=asked)
def replaced():
    pass

class Feed:
    @deprecated("iter goes")
    def __iter__(self):
        return iter(())

@deprecated("OldFeed goes")
class OldFeed(abc.ABC):
    pass

class NewFeed(OldFeed):
    pass

def fills(text, size=1):
    scope = sys._getframe().f_locals
    warnings.warn("size goes", DeprecationWarning, stacklevel=2)
    return text.format_map(scope)

def _variables():
    return sys._getframe(1).f_locals

def kept():
    size, scope = 1, _variables()
    warnings.warn("kept goes", DeprecationWarning, stacklevel=2)
    return scope["size"]

def _gone(name):
    warnings.warn(f"{name} goes", PendingDeprecationWarning, stacklevel=3)

class Bus:
    def __init__(self, size=None):
        if size:
            _gone("size")
    @property
    def old(self):
        _gone("old")

def goes(function):
    @functools.wraps(function)
    def call(*given):
        warnings.warn("wrapped goes", DeprecationWarning, stacklevel=2)
        return function(*given)
    return call

@goes
def wrapped():
    pass

@deprecated("marked goes")
def marked():
    pass

@deprecated("Marked goes")
class Marked:
    pass

class Event(BaseModel):
    kind: str = ""
    name: str = Field("", deprecated="name goes")

class Tick(Event):
    pass

def __getattr__(name):
    if name == "Old":
        warnings.warn("Old goes", DeprecationWarning, stacklevel=2)
        return Bus
    raise AttributeError(name)

def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old()

def theirs():
    from foreign import used
    used()

class Odd:
    def __getattr__(self, name):
        raise RuntimeError(name)
    def _call(self):
        warnings.warn("odd goes", DeprecationWarning)

def odd():
    self = Odd()
    Odd._call(self)

class _Asks:
    def __getattr__(self, name):
        warnings.warn(f"{name} is asked for", DeprecationWarning, stacklevel=2)
        raise AttributeError(name)

class Asks(_Asks):
    pass

class Meta(type):
    def __getattribute__(cls, name):
        warnings.warn(f"{name} is asked for", DeprecationWarning, stacklevel=2)
        return type.__getattribute__(cls, name)

class Asked(metaclass=Meta):
    pass

class Says(DeprecationWarning):
    asked = 0
    def __str__(self):
        Says.asked += 1
        warnings.warn("it is read", DeprecationWarning)
        return "says"

def says(*given):
    warnings.warn(Says(*given))

def shouts():
    warnings.warn("\\udc80 \\x00 </property> ]]> " + "x" * 5000, DeprecationWarning)

def inside():
    old()
    Bus(1)

def slow():
    warnings.warn("slow", RuntimeWarning)
"""
ANCIENT = """
import warnings
warnings.warn("ancient goes", DeprecationWarning)
"""
FOREIGN = """
import warnings
def used():
    warnings.warn("used goes", DeprecationWarning, stacklevel=2)

def deprecates(wrapped):
    def wrapper(*args):
        warnings.warn(f"Call to deprecated {wrapped.__name__}", DeprecationWarning, stacklevel=2)
        return wrapped(*args)
    return wrapper

def validates(function):
    def wrapper(*args):
        warnings.warn("validates goes", DeprecationWarning, stacklevel=2)
        return function(*args)
    return wrapper
"""
SEEN = "import warnings\n    with warnings.catch_warnings(record=True) as seen"
EXPECTED = {
    "c.old()": {"old": "old goes in 2.0"},
    "c.soon()": {"soon": "soon changes"},
    "c.Bus(1)": {"Bus": "size goes"},
    "c.Bus().old": {"Bus.old": "old goes"},
    "c.wrapped()": {"wrapped": "wrapped goes"},
    "c.renamed()": {"renamed": "renamed goes"},
    "c.later()": {"later": "later goes"},
    "c.given()": {"given": "given goes"},
    "c.judged()": {"judged": "Call to deprecated judged"},
    "c.Judged().method()": {"Judged.method": "Call to deprecated method"},
    "assert c.names() == ['first']": {"names": "last goes"},
    "assert c.frees()": {"frees": "bus goes"},
    "c.asked()": {"asked": "asked goes"},
    "c.replaced()": {"replaced": "use asked"},
    "list(c.Feed())": {"Feed": "iter goes"},
    "c.NewFeed()": {},
    "assert c.fills('{size}') == '1'": {"fills": "size goes"},
    "assert c.kept() == 1": {"kept": "kept goes"},
    "c.marked()": {"marked": "marked goes"},
    "c.Marked()": {"Marked": "Marked goes"},
    "c.Tick().name": {"Event.name": "name goes"},
    "c.Old": {"Old": "Old goes"},
    "c.old(); c.soon(); c.old()": {"old": "old goes in 2.0", "soon": "soon changes"},
    "c.old(); assert False": {"old": "old goes in 2.0"},
    "import market_data_core.ancient": {"ancient": "ancient goes"},
    # What is not of Core, or nobody is warned of.
    "c.quiet()": {},
    "c.theirs()": {},
    "c.inside()": {},
    # An object whose attributes are code is not asked for them.
    "c.odd()": {},
    "c.Odd()._call()": {"Odd": "odd goes"},
    f"{SEEN}: hasattr(c.Asks(), 'x')\n    assert len(seen) == 1": {"Asks": "x is asked for"},
    f"{SEEN}: c.Asked.__doc__\n    assert len(seen) == 1": {"Meta": "__doc__ is asked for"},
    f"{SEEN}: c.says('it', 1)\n    assert len(seen) == 1": {"says": "it"},
    f"{SEEN}: c.says()\n    assert len(seen) == 1; assert c.Says.asked == 0": {"says": "Says"},
    "c.valid()": {},
    "c.shouts()": {"shouts": ("\ufffd \ufffd </property> ]]> " + "x" * 400)[:400]},
    "c.slow()": {},
    "c.Tick().kind": {},
    "import warnings; warnings.warn('mine', DeprecationWarning)": {},
}


def deprecations(file: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for case in parse(file).iter("testcase"):
        said = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
        told = json.loads(said.get("deprecations", "{}"))
        found[case.attrib["name"]] = {
            symbol.removeprefix("market_data_core."): text for symbol, text in told.items()
        }
    return found


def test_each_way_to_warn(project: Project, tmp_path: Path) -> None:
    """Whichever way Core warns, the promise that meets it has the symbol and what is said of it."""
    python = make_python(
        tmp_path / "python", "1.2.0", code=CORE, modules={"ancient": ANCIENT, "own": ANCIENT}
    )
    project.write("packs/foreign.py", FOREIGN)
    for number, body in enumerate(EXPECTED):
        project.promise(f"import market_data_core as c; {body}", name=f"p{number:02}")
    project.promise("assert int('1')", name="pinned", contract='"ancient.Thing"')
    project.promise("assert int('1')", name="own", contract='"own.Thing"')
    project.promise("assert int('1')", name="whole_file", above="from market_data_core import Old")

    project.cell(python)

    evidence = project.root / "evidence/small-core_v120.xml"
    found = deprecations(evidence)
    names = [f"test_p{number:02}.py::test_p{number:02}" for number in range(len(EXPECTED))]
    assert dict(zip(EXPECTED, map(found.get, names), strict=True)) == EXPECTED
    assert found["test_whole_file.py::test_whole_file"] == {"Old": "Old goes"}
    # Only the first one that imports a module is warned, and this one stands on it as well.
    assert found["test_pinned.py::test_pinned"] == {"ancient": "ancient goes"}
    # Core is the first one that imports this.
    assert found["test_own.py::test_own"] == {"own": "ancient goes"}
    read = {one.name: one.deprecations for one in read_file(evidence).promises}
    assert [one.symbol for one in read[names[0]]] == ["market_data_core.old"]
    assert [one.message for one in read[names[0]]] == ["old goes in 2.0"]
