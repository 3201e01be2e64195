"""What changed between two Cores: tiny ones, and real releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanout.surface.change import changes
from fanout.surface.reader import surface
from tests.worlds.core_wheel import changed, make_wheel, released

Files = dict[str, str]


MODEL = "from pydantic import BaseModel, ConfigDict, Field\nclass Event(BaseModel):\n"


def model(body: str) -> Files:
    return {"event.py": MODEL + "".join(f"    {line}\n" for line in body.split("\n"))}


def code(text: str) -> Files:
    return {"event.py": text}


CHANGES: dict[str, tuple[Files, Files, set[tuple[str, str]]]] = {
    "field removed": (model("a: int\nb: int"), model("a: int"), {("event.Event.b", "removed")}),
    "field added": (model("a: int"), model("a: int\nb: int"), {("event.Event.b", "added")}),
    "field type": (model("a: int"), model("a: str"), {("event.Event.a", "changed")}),
    "field default": (model("a: int = 1"), model("a: int = 2"), {("event.Event.a", "changed")}),
    "field without default": (
        model("a: int = Field(default=1)"),
        model("a: int = Field(...)"),
        {("event.Event.a", "changed")},
    ),
    "field bound": (
        model("a: int = Field(..., ge=0, description='x')"),
        model("a: int = Field(..., gt=0, description='x')"),
        {("event.Event.a", "changed")},
    ),
    "field alias": (
        model("a: int"),
        model("a: int = Field(alias='A')"),
        {("event.Event.a", "changed")},
    ),
    "model config": (
        model("model_config = ConfigDict(frozen=True)\na: int"),
        model("model_config = {'frozen': True, 'extra': 'forbid'}\na: int"),
        {("event.Event.model_config", "changed")},
    ),
    "class config": (
        model("class Config:\n    frozen = True"),
        model("class Config:\n    frozen = False"),
        {("event.Event.model_config", "changed")},
    ),
    "base": (code("class A(str): ..."), code("class A(int): ..."), {("event.A", "changed")}),
    "decorator": (
        code("class A:\n    @property\n    def a(self): ..."),
        code("class A:\n    def a(self): ..."),
        {("event.A.a", "changed")},
    ),
    "enum value": (
        code("from enum import Enum\nclass A(Enum):\n    a = 'a'"),
        code("from enum import Enum\nclass A(Enum):\n    a = 'A'"),
        {("event.A.a", "changed")},
    ),
    "enum member renamed": (
        code("from enum import Enum\nclass A(Enum):\n    a = 'a'"),
        code("from enum import Enum\nclass A(Enum):\n    b = 'a'"),
        {("event.A.a", "removed"), ("event.A.b", "added")},
    ),
    "literal": (
        code("from typing import Literal\nA = Literal['a']"),
        code("from typing import Literal\nA = Literal['b']"),
        {("event.A", "changed")},
    ),
    "quoted value of a literal": (
        code("from typing import Literal\ndef f(a: Literal['int']): ..."),
        code("from typing import Literal\ndef f(a: Literal[int]): ..."),
        {("event.f", "changed")},
    ),
    "parameter name": (code("def f(a): ..."), code("def f(b): ..."), {("event.f", "changed")}),
    "parameter kind": (code("def f(a): ..."), code("def f(*, a): ..."), {("event.f", "changed")}),
    "parameter default": (code("def f(a=1): ..."), code("def f(a): ..."), {("event.f", "changed")}),
    "parameter order": (
        code("def f(a, b): ..."),
        code("def f(b, a): ..."),
        {("event.f", "changed")},
    ),
    "return": (
        code("def f() -> int: ..."),
        code("def f() -> str: ..."),
        {("event.f", "changed")},
    ),
    "sync": (code("async def f(): ..."), code("def f(): ..."), {("event.f", "changed")}),
    "static": (
        code("class A:\n    @classmethod\n    def f(cls): ..."),
        code("class A:\n    @staticmethod\n    def f(cls): ..."),
        {("event.A.f", "changed")},
    ),
    "overload": (
        code("from typing import overload\n@overload\ndef f(a: int): ...\ndef f(a): ..."),
        code("from typing import overload\n@overload\ndef f(a: str): ...\ndef f(a): ..."),
        {("event.f", "changed")},
    ),
    "constructor": (
        code("class A:\n    def __init__(self, a): ..."),
        code("class A:\n    def __init__(self, b): ..."),
        {("event.A.__init__", "changed")},
    ),
    "body": (
        code("def f():\n    return 1"),
        code("def f():\n    return 2"),
        {("event.f", "behaviour")},
    ),
    "private function": (
        code("def _f():\n    return 1\ndef f():\n    return _f()"),
        code("def _f():\n    return 2\ndef f():\n    return _f()"),
        {("event", "behaviour")},
    ),
    "private method": (
        code("class A:\n    def _f(self):\n        return 1"),
        code("class A:\n    def _f(self):\n        return 2"),
        {("event.A", "behaviour")},
    ),
    "attribute of an instance": (
        code("class A:\n    def __init__(self):\n        self.a = 1"),
        code("class A:\n    def __init__(self):\n        self.b = 1"),
        {("event.A.a", "removed"), ("event.A.b", "added"), ("event.A.__init__", "behaviour")},
    ),
    "constant": (code("A = 1"), code("A = 2"), {("event.A", "changed")}),
    "class with its members": (
        code("class A:\n    a: int\n    def f(self): ..."),
        code(""),
        {("event.A", "removed")},
    ),
    "module with its members": (code("class A:\n    a: int"), {}, {("event", "removed")}),
    "module beside it": (
        {"a.py": "class A: ...", "ab.py": "class B: ..."},
        {"ab.py": ""},
        {("a", "removed"), ("ab.B", "removed")},
    ),
    "import from elsewhere": (
        code("import json"),
        code("import json, yaml"),
        {("event", "changed")},
    ),
    "import of what is not there": (
        code(""),
        code("from . import nothing"),
        {("event", "changed")},
    ),
    "import that may now fail": (
        code("try:\n    import redis\nexcept ImportError:\n    redis = None"),
        code("import redis"),
        {("event", "changed")},
    ),
    "name of another thing": (
        {"a.py": "class A: ...", "b.py": "class A:\n    b: int", "__init__.py": "from .a import A"},
        {"a.py": "class A: ...", "b.py": "class A:\n    b: int", "__init__.py": "from .b import A"},
        {("A", "changed")},
    ),
    "names that are gone": (
        {
            "a.py": "class A: ...",
            "b/__init__.py": "from ..a import A",
            "__init__.py": "from .a import A",
        },
        {"a.py": "class A: ...", "b/__init__.py": ""},
        {("A", "removed")},
    ),
    "later import wins": (
        {"a.py": "class A: ...", "b.py": "class A: ...", "__init__.py": "from .a import A"},
        {
            "a.py": "class A: ...",
            "b.py": "class A: ...",
            "__init__.py": "from .a import A\nfrom .b import A",
        },
        {("A", "changed")},
    ),
    "star": (
        {"a.py": "class A: ...", "__init__.py": "from .a import *"},
        {"a.py": "class A: ...", "__init__.py": ""},
        {("A", "removed")},
    ),
    "private module behind a public name": (
        {"_a.py": "class A:\n    a: int", "__init__.py": "from ._a import A"},
        {"_a.py": "class A:\n    a: str", "__init__.py": "from ._a import A"},
        {("A.a", "changed")},
    ),
    "defined elsewhere, and one name lost": (
        {"a.py": "class A:\n    a: int", "__init__.py": "from .a import A"},
        {"a.py": "", "b.py": "class A:\n    a: str", "__init__.py": "from .b import A"},
        {("a.A", "removed"), ("b", "added"), ("b.A.a", "changed")},
    ),
    "file": ({}, {"py.typed": ""}, {("file py.typed", "added")}),
    "syntax error": (code("A = 1"), code("A = ("), {("event", "changed"), ("event.A", "removed")}),
}


SAME: dict[str, tuple[Files, Files]] = {
    "nothing": (model("a: int"), model("a: int")),
    "line ends": (code("class A:\n    a: int\n"), code("class A:\r\n    a: int\r\n")),
    "comments and docstrings": (
        code(
            '"""Old."""\nclass A:\n    """Old."""\n\n    def f(self):\n        """Old."""\n'
            'def _g():\n    """Old."""\n    return 1'
        ),
        code(
            '"""New."""\nclass A:\n    """New."""\n    # New.\n    def f(self): ...\n'
            "def _g():\n    return 1"
        ),
    ),
    "layout": (
        code("def f(a, b): return [a, b]"),
        code("def f(\n    a, b,\n):\n    return [\n        a, b]"),
    ),
    "description of a field": (
        model("a: int = Field(..., ge=0, description='old')"),
        model("a: int = Field(..., ge=0, title='new')"),
    ),
    "two ways to write a field": (
        model("a: int\nb: int = 1\nc: int = Field(1, ge=0)"),
        model("a: int = Field(...)\nb: int = Field(default=1)\nc: int = Field(ge=0, default=1)"),
    ),
    "two ways to configure a model": (
        model("model_config = ConfigDict(extra='forbid', frozen=True)"),
        model("class Config:\n    frozen = True\n    extra = 'forbid'"),
    ),
    "older types": (
        code(
            "from typing import Optional, Union, List, Dict\n"
            "def f(a: Optional[int], b: Union[int, List['A']]) -> Dict[str, int]: ...\nclass A: ..."
        ),
        code("def f(a: int | None, b: 'int | list[A]') -> dict[str, int]: ...\nclass A: ..."),
    ),
    "typing by its module": (
        code("import typing\ndef f(a: typing.Optional[int]): ..."),
        code("def f(a: int | None): ..."),
    ),
    "imports from the standard library": (
        code("import os"),
        code("import json\nfrom os import path"),
    ),
    "what a module has from elsewhere": (
        {"a.py": "class A: ...", "b.py": "from .a import A"},
        {"a.py": "class A: ...", "b.py": ""},
    ),
    "defined elsewhere under all its names": (
        {"a/__init__.py": "class A:\n    a: int"},
        {"a/__init__.py": "from ._b import A", "a/_b.py": "class A:\n    a: int"},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_is_seen(name: str, tmp_path: Path) -> None:
    """Each kind of change is one entry, with the symbol and what became of it."""
    old, new, expected = CHANGES[name]
    seen = changed(tmp_path, old, new)
    parts = {(change.symbol, str(change.what)) for change in seen}
    assert parts == expected
    assert len(seen) == len(parts)
    assert len(changed(tmp_path / "reverse", new, old)) == len(seen)


DEPRECATED = {
    "class A: ...": ("@deprecated('A goes')\nclass A: ...", "A goes"),
    "def f(): ...": ("@warnings.deprecated('f ' 'goes')\ndef f(): ...", "f goes"),
    "def g(): pass": (
        "def g():\n    warnings.warn('g goes', DeprecationWarning, stacklevel=2)",
        "g goes",
    ),
    "class B:\n    def __init__(self): pass": (
        "class B:\n    def __init__(self):\n        warn(f'{self} goes', category=FutureWarning)",
        "f'{self} goes'",
    ),
    "class C(BaseModel):\n    a: int = 0": (
        "class C(BaseModel):\n    a: int = Field(0, deprecated='a goes')",
        "a goes",
    ),
    "class D(BaseModel):\n    a: int = 0": (
        "class D(BaseModel):\n    a: int = Field(0, deprecated=True)",
        "deprecated",
    ),
    "": (
        "import warnings\nwarnings.warn('this module goes', PendingDeprecationWarning)",
        "this module goes",
    ),
    "def h(): ...": ("def h():\n    warnings.warn('slow', RuntimeWarning)", ""),
    "class E(BaseModel):\n    a: int = 0": (
        "class E(BaseModel):\n    a: int = Field(1, deprecated=False)",
        "",
    ),
}


@pytest.mark.parametrize("before", DEPRECATED)
def test_what_became_deprecated_says_so(before: str, tmp_path: Path) -> None:
    """A change by which a symbol became deprecated says it, in the words that its user is told."""
    after, said = DEPRECATED[before]
    (change,) = changed(tmp_path, code(before), code(after))
    assert change.deprecated == said
    assert change.says.endswith(f"; deprecated: {said}") is bool(said)
    (back,) = changed(tmp_path / "reverse", code(after), code(before))
    assert back.deprecated == ""


@pytest.mark.parametrize("name", SAME)
def test_what_no_consumer_can_see_is_no_change(name: str, tmp_path: Path) -> None:
    """Layout, words, and another way to write the same make no difference."""
    old, new = SAME[name]
    assert changed(tmp_path, old, new) == ()


def test_requirements_and_commands_are_part_of_it(tmp_path: Path) -> None:
    """What is installed with Core, without extras, and the Pythons that it runs on, are symbols."""
    old = make_wheel(
        tmp_path / "old",
        {},
        requires="Requires-Python: >=3.11\nRequires-Dist: redis<6\nRequires-Dist: Py_YAML>=6\n",
    )
    new = make_wheel(
        tmp_path / "new",
        {},
        requires="Requires-Python: >=3.12\nRequires-Dist: py-yaml >= 6\n"
        "Provides-Extra: bus\nRequires-Dist: redis<6; extra == 'bus'\nRequires-Dist: ???\n",
    )
    seen = {(one.symbol, str(one.what)) for one in changes(surface(old), surface(new))}
    assert seen == {
        ("Requires-Dist ???", "added"),
        ("Requires-Dist py-yaml", "changed"),
        ("Requires-Dist redis", "removed"),
        ("Requires-Python", "changed"),
    }


@pytest.mark.parametrize(
    ("baseline", "candidate", "expected"),
    [
        ("1.4.22", "1.4.61", set()),
        ("1.2.35", "1.4.22", set()),
        ("1.2.34", "1.2.35", {"__version__"}),
        (
            "1.2.9",
            "1.2.11",
            {
                "Requires-Dist pydantic",
                "Requires-Dist python-dotenv",
                "Requires-Dist redis",
                "file py.typed",
            },
        ),
        (
            "1.2.31",
            "1.2.33",
            {
                "Bar",
                "ProviderProtocol",
                "ProviderRegistry",
                "__version__",
                "providers.ibkr.IBKRAdapter",
                "providers.ibkr.IBKRAdapter.backfill",
                "providers.ibkr.IBKRAdapter.fetch_live",
                "providers.synthetic.SyntheticAdapter",
                "providers.synthetic.SyntheticAdapter.backfill",
                "providers.synthetic.SyntheticAdapter.fetch_live",
            },
        ),
        (
            "1.2.11",
            "1.2.15",
            {
                "config.Config",
                "config.Config.__init__",
                "config.Config.set",
                "events.adapters.redis_streams.RedisStreamsBus.ack",
                "events.adapters.redis_streams.RedisStreamsBus.fail",
                "events.adapters.redis_streams.RedisStreamsBus.health",
                "events.codecs.json_codec.JsonCodec.decode",
                "events.factory.create_event_bus",
                "events.protocols.EventBus",
                "events.protocols.EventSubscriber",
                "protocols.Source",
                "protocols.Source.stream",
                "protocols.T_co",
                "protocols.T_contra",
                "protocols.U_co",
                "settings.CoreSettings.from_env",
            },
        ),
    ],
)
def test_real_releases_differ_in_what_a_plain_diff_shows(
    baseline: str, candidate: str, expected: set[str]
) -> None:
    """Between real releases, exactly what a plain diff of their sources shows has changed."""
    found = changes(released(baseline), released(candidate))
    assert {change.symbol for change in found} == expected
    assert len(found) == len(expected)
