"""The form of a promise: what cannot judge, or only pytest finds, is the pack's error by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fanout.cells.promises import read_promises
from tests import ROOT
from tests.cells.test_promises import ODD
from tests.worlds.project import PACK_TOML, Project, make_python

KEPT = "test_kept.py::test_kept"
PROMISE = '@pytest.mark.contract("A")\n{}def test_a({}):\n    """Core keeps it."""\n    {}\n'
THREAD = "one = threading.Thread(target=open, args=('/not/there',))"


def write(project: Project, file: str, text: str) -> None:
    project.write(f"packs/small/{file}", f"import pytest\n\n{text}")


def error_of(project: Project, python: Path, name: str) -> tuple[str, str]:
    """The type of the error of what has this name, which alone is errored, and how it is told."""
    project.promise("assert int('1')")
    done = project.cell(python)
    assert done.returncode == 1
    found = project.outcomes()
    assert found.pop(KEPT) == ("kept", "")
    tag, kind = found.pop(name)
    assert (tag, found) == ("error", {})
    return kind, done.stdout


CANNOT_JUDGE = (
    ("return 1 == 2", "malformed"),
    ("pass", "malformed"),
    ("...", "malformed"),
    ("one = True", "malformed"),
    ("assert True", "malformed"),
    ("assert (int('0'), 'a message')", "malformed"),
    ("assert [int('0')]", "malformed"),
    ("assert (one for one in [0])", "malformed"),
    ("assert f'a {int()}'", "malformed"),
    ("assert int('0') or 'a message'", "malformed"),
    ("def inner(): assert int('0')", "malformed"),
    ("try: assert int('0')\n    except Exception: pass", "malformed"),
    ("try: assert int('0')\n    except (ValueError, AssertionError): pass", "malformed"),
    ("import contextlib\n    with contextlib.suppress(Exception): assert 0", "malformed"),
    ("async def wrong(): return False\n    assert wrong()", "cannot-judge"),
    ("async def wrong(): assert False\n    wrong()", "cannot-judge"),
    (f"import threading; {THREAD}; one.start(); one.join()", "cannot-judge"),
    ("type('T', (), {'__del__': lambda self: 1 / 0})()", "cannot-judge"),
)


@pytest.mark.parametrize("way", ["", "async "])
def test_promises_that_cannot_judge(project: Project, python: Path, way: str) -> None:
    """What fails where no assertion sees it is the error of its promise, never a verdict."""
    for at, (body, _) in enumerate(CANNOT_JUDGE):
        write(project, f"test_{at}.py", PROMISE.format(way, "", body))
    project.promise("assert int('1')")

    assert project.cell(python).returncode == 1

    found = project.outcomes()
    assert found.pop(KEPT) == ("kept", "")
    told = {body: found.pop(f"test_{at}.py::test_a") for at, (body, _) in enumerate(CANNOT_JUDGE)}
    assert told == {body: ("error", kind) for body, kind in CANNOT_JUDGE}
    assert not found


RIGHT = (
    """
errors = []
    def work():
        try: assert int('1')
        except BaseException as error: errors.append(error)
    work()
    assert not errors
---
for _ in range(3):
        try:
            assert int('1')
            break
        except AssertionError: time.sleep(0)
    else: pytest.fail('never')
---
for _ in range(3):
        try: assert int('1')
        except AssertionError: pass
        else: return
    assert False
---
class Mine(Base): size: int = 1
---
match BASE:
        case int(): raise ValueError
---
one, two = PAIR
---
[one for one in PAIR]
---
assert f'{BASE}'
---
return check(BASE)
---
check(BASE)
    return None
---
def heard(event): assert True
    check(heard)
---
assert True
    check(BASE)
---
try: import market_data_core.there
    except ImportError: pass
    assert int('1')
---
with pytest.raises(Exception): int('a')
---
with pytest.raises(AssertionError): assert int('0')
---
with pytest.raises(ValueError):
        int('a')
        assert False
---
with pytest.raises(Exception, match='invalid'):
        int('a')
        assert False
---
try:
        int('a')
        pytest.fail('was taken')
    except Exception: pass
---
try: assert int('1')
    except AssertionError as error: raise ValueError from error
---
found = None
    try: assert int('1')
    except Exception as error: found = error
    assert found is None
---
try: check(BASE)
    finally: print('done')
---
if BASE is int: return
    check(BASE)
---
while True:
        if check(BASE) is None: break
    assert int('1')
---
BASE.size = 1
---
for one in PAIR: one.size = 1
---
return (check(BASE))
---
async def ready():
        while True:
            try:
                assert int('1')
                return
            except AssertionError: await asyncio.sleep(0)
    check(ready)
---
while True:
        with contextlib.suppress(AssertionError):
            assert int('1')
            break
---
while True:
        try: assert int('1')
        except AssertionError: time.sleep(0)
        else: break
---
tries = iter(PAIR)
    while True:
        try:
            assert int('1')
            break
        except AssertionError: next(tries)
---
failed = mock.Mock()
    try: assert int('1')
    except AssertionError: failed()
    failed.assert_not_called()
---
errors = []
    try: assert int('1')
    except AssertionError: errors.append('one')
    check(errors)
---
ok = True
    try: assert int('1')
    except AssertionError: ok = False
    check(ok)
---
done = False
    with contextlib.suppress(Exception):
        assert int('1')
        done = True
    check(done)
---
with pytest.raises(Exception), BASE.change(): raise ValueError
---
with contextlib.suppress(AssertionError), BASE.change():
        assert False
    check(BASE)
---
with pytest.raises(BASE.Exception): raise BASE.Narrow
---
with pytest.raises(Exception):
        while True: next(TWO)
---
try: int('1') or pytest.fail('was taken')
    except Exception: pass
---
try:
        int('a')
        raise pytest.fail.Exception('was taken')
    except Exception: pass
---
try:
        with pytest.raises(ValueError): int('a')
    except Exception: pass
---
try: int('1')
    except Exception as error: print(error) or pytest.fail('was taken')
---
with BASE.change() as one, contextlib.suppress(Exception): one.there
---
for _ in range(3):
        try:
            assert int('1')
            return
        except AssertionError: time.sleep(0)
    check('never')
---
for _ in itertools.count():
        try:
            assert int('1')
            break
        except AssertionError: time.sleep(0)
---
held = False
    while not held:
        try:
            assert int('1')
            held = True
        except AssertionError: time.sleep(0)
---
held = mock.Mock()
    try:
        assert int('1')
        held()
    except AssertionError: pass
    held.assert_called_once()
---
told = f'a {int("1")}'
---
told = int('1') or True
---
@noted
    def heard(event): pass
---
with pytest.raises(ValueError): raise ValueError(int('1'))
---
BASE.info('told')
---
print(BASE, file=None)
---
for one in PAIR: pass
---
told = {BASE: 1}
---
found = None
    with contextlib.suppress(Exception): assert (found := int('1'))
    check(found)
---
assert (check(BASE), 0x"""
    + "f" * 6000
    + """) [1]
---
"""
    + " + ".join(["int('1')"] * 400)
)
WRONG = """
with pytest.raises(Exception):
        check(BASE)
        assert False
---
with pytest.raises(BaseException):
        check(BASE)
        raise ValueError
---
try: assert int('0')
    finally: return
---
for _ in range(2):
        try: assert int('0')
        finally: break
---
if True: return
    assert int('0')
---
if not False: return
    assert int('0')
---
while True:
        if 1: return
    assert int('0')
---
return
    assert int('0')
---
for one in []: assert int('0')
---
while False: assert int('0')
---
try: check(int('a'))
    except Exception: pass
---
try: check(int('a'))
    except: print('broken')
---
try: check(int('a'))
    except Exception as error: logging.debug(error)
---
import_ = None
    with contextlib.suppress(Exception): check(int('a'))
---
for _ in range(3):
        try:
            assert int('0')
            return
        except AssertionError: time.sleep(0)
---
assert 1 == 1
---
assert not None
---
assert (one := 'text')
---
assert int('0') or not False
---
assert True and 'text'
---
def check(event):
        try: assert int('0')
        except Exception: pass
    check(BASE)
---
try: assert int('0')
    except Exception: ...
    assert int('1')
---
return BASE == int
---
return [BASE]
---
try: assert int('0')
    except Exception as error: print(f'failed: {error}')
---
try: assert int('0')
    except AssertionError as error: warnings.warn('failed: ' + str(error))
---
one = int('0')
    for two in PAIR:
        try: assert one
        except AssertionError as error: logging.warning('%s', error)
---
try: assert int('0')
    except AssertionError as error: return
---
try: int('a')
    except Exception as error: assert error
---
try: int('a')
    except Exception as error: assert error is not None
---
try: int('a')
    except Exception as error: assert isinstance(error, Exception)
---
try:
        int('1')
        self.fail('was taken')
    except Exception: pass
---
one = -1
    two = 60 * 60
    three = {'a': list()}
    four = time.time()
    import os
    try: int('a')
    except Exception: pass
---
pytest.raises(ValueError)
---
pytest.approx(1)
---
with pytest.raises(ValueError): raise ValueError('one')
---
with pytest.raises(AssertionError): assert False
---
assert isinstance(BASE, object)
---
assert 1 + 1 == 2
---
try:
        check(int('1'))
        raise AssertionError('not taken')
    except Exception: pass
    check(BASE)
---
errors = []
    try: assert int('0')
    except AssertionError: errors.append('one')
---
try:
        assert int('0')
        print('held')
    except Exception: pass
    check(BASE)
"""
ABOVE = """
import asyncio, contextlib, itertools, logging, time, warnings
from unittest import mock

PAIR = (lambda: 1, lambda: 2)
TWO = iter(PAIR)


class Base:
    size = 0

    class Exception(ValueError):
        pass

    class Narrow(Exception):
        pass

    @staticmethod
    def info(text): pass

    @staticmethod
    @contextlib.contextmanager
    def change():
        try: yield
        except AssertionError: pass


BASE = Base


def check(event):
    return None


def judged(promise):
    return promise


def noted(function):
    return function


@pytest.fixture
def test_event():
    return 1


class TestTable:
    __test__: bool = False

    def __init__(self): pass

    def test_a(self): pass


@pytest.fixture
def asserts():
    assert int('1')


"""


def promises_of(bodies: str, way: str) -> dict[str, str]:
    """A promise for each body, by its name."""
    return {
        f"test_{number}": PROMISE.replace("test_a", f"test_{number}").format(way, "", body.strip())
        for number, body in enumerate(bodies.split("---\n"))
    }


@pytest.mark.parametrize("way", ["", "async "])
def test_right_promises(project: Project, python: Path, way: str) -> None:
    """A promise that can fail is judged, in whatever form it is written."""
    written = promises_of(RIGHT, way)
    written["test_fixture"] = PROMISE.replace("_a(", "_fixture(").format(way, "asserts", "pass")
    written["test_used"] = "@pytest.mark.usefixtures('asserts')\n" + PROMISE.replace(
        "_a(", "_used("
    ).format(way, "", "pass")
    told = "try: assert int('1')\n    except AssertionError: print('no')\n"
    told += "    assert capsys.readouterr().out == ''"
    written["test_told"] = PROMISE.replace("_a(", "_told(").format(way, "capsys", told)
    written["test_judged"] = "@judged\n" + PROMISE.replace("_a(", "_judged(").format(
        way, "", "pass"
    )
    method = PROMISE.replace("_a(", "_method(").format(way, "self", "pass").replace("\n", "\n    ")
    setup = "class TestSetup:\n    def setup_method(self): assert int('1')\n\n    "
    write(project, "test_a.py", ABOVE + "\n\n".join([*written.values(), setup + method]))
    project.cell(python)
    found = {
        name: (outcome, written.get(name.partition("::")[2]))
        for name, outcome in project.outcomes().items()
        if outcome != ("kept", "")
    }
    assert found == {}
    assert len(project.outcomes()) == len(written) + 1


@pytest.mark.parametrize("way", ["", "async "])
def test_promises_that_cannot_fail(project: Project, python: Path, way: str) -> None:
    """A promise that holds whatever Core does is refused, in whatever form it is written."""
    written = promises_of(WRONG, way)
    case = "@pytest.mark.parametrize('x', [1])\n" + PROMISE.replace("_a(", "_case(")
    written["test_case"] = case.format(way, "x", "pass")
    written["test_own"] = PROMISE.replace("_a(", "_own(").format(way, "tmp_path, caplog", "pass")
    write(project, "test_a.py", ABOVE + "\n\n".join(written.values()))
    project.cell(python)
    refused = {
        name.partition("::")[2].partition("[")[0]
        for name, o in project.outcomes().items()
        if o == ("error", "malformed")
    }
    assert {body for name, body in written.items() if name not in refused} == set()


def test_an_async_promise_that_yields(project: Project, python: Path) -> None:
    """A coroutine function that yields is no promise: pytest would never run it to its end."""
    write(project, "test_a.py", PROMISE.format("async ", "", "assert int('1'); yield"))
    assert error_of(project, python, "test_a.py::test_a")[0] == "malformed"


def test_a_broken_promise_stays_broken(project: Project, tmp_path: Path) -> None:
    """A promise that fails is a verdict, whatever it leaves behind; nothing else pays for it."""
    code = "class Bus:\n    async def send(self, event): return event"
    project.promise("from market_data_core import Bus\n    assert Bus().send(3) == 3")
    forget = "sys.last_value = sys.last_traceback = sys.last_exc = None; gc.collect()"
    project.promise(f"import gc, sys; {forget}", name="later")
    project.cell(make_python(tmp_path / "python", "1.2.0", code=code))
    assert project.outcomes() == {
        KEPT: ("failure", "AssertionError"),
        "test_later.py::test_later": ("kept", ""),
    }


def test_async_promises_run(project: Project, python: Path) -> None:
    """A promise that is a coroutine function needs no marker to be judged."""
    write(project, "test_a.py", PROMISE.format("async ", "", "assert 1 == 2"))
    project.cell(python)
    assert project.outcomes() == {"test_a.py::test_a": ("failure", "AssertionError")}


def test_deprecations_are_no_errors(project: Project, tmp_path: Path) -> None:
    """A warning that Core itself gives, where it is imported or called, breaks nothing."""
    code = "import warnings\ndef old():\n    warnings.warn('old', DeprecationWarning)\nold()"
    project.promise("import market_data_core; market_data_core.old()")
    assert project.cell(make_python(tmp_path / "python", "1.2.0", code=code)).returncode == 0


ONLY_PYTEST_SEES = {
    "event_test.py": ("event_test.py::test_a", PROMISE.format("", "", "assert int('1')")),
    "test_case.py": (
        "test_case.py::Events::test_a",
        "import unittest\n\nclass Events(unittest.TestCase):\n    @pytest.mark.contract('A')\n"
        "    def test_a(self):\n        'Core keeps it.'\n",
    ),
    "test_if.py": (
        "test_if.py::test_a",
        "if True:\n    @pytest.mark.contract('A')\n    def test_a():\n        'Core keeps it.'\n",
    ),
}


@pytest.mark.parametrize("file", ONLY_PYTEST_SEES)
def test_what_the_reader_does_not_see(project: Project, python: Path, file: str) -> None:
    """What pytest alone would find is errored by name, and not run."""
    name, text = ONLY_PYTEST_SEES[file]
    write(project, file, text)
    kind, said = error_of(project, python, name)
    assert kind == "malformed"
    assert f"({name})" in said
    assert name not in {promise.name for promise in read_promises(project.root / "packs/small")}


@pytest.mark.parametrize(
    ("file", "text", "name", "why"),
    [
        (
            "test_a.py",
            2 * PROMISE.format("", "", "assert int('1')"),
            "test_a.py::test_a",
            "stands twice in its file",
        ),
        (
            "test_a.py",
            "class TestMade:\n    def __init__(self): pass\n    def test_a(self): assert False\n\n"
            + PROMISE.replace("test_a", "test_b").format("", "", "assert int('1')"),
            "test_a.py::TestMade",
            "pytest passes over a class that makes itself",
        ),
        (
            "test_a.py",
            PROMISE.format("", "", "assert int('1')") + "\ntest_a = None\n"
            + PROMISE.replace("test_a", "test_b").format("", "", "assert int('1')"),
            "test_a.py::test_a",
            "pytest does not find it",
        ),
        ("evidence.py", "", "evidence.py", "'packs/evidence.py' has its name, and hides it"),
        ("deep/pack.py", "", "deep/pack.py", "'packs/pack.py' has its name, and hides it"),
        (
            "test_a.py",
            "@pytest.mark.parametrize('x', [f'{object()}'])\n"
            + PROMISE.format("", "x", "assert int('1')"),
            "",
            "its name holds an address of memory",
        ),
    ],
)  # fmt: skip
def test_what_pytest_passes_over(
    project: Project, python: Path, file: str, text: str, name: str, why: str
) -> None:
    """What has no verdict that anybody would miss, or no lasting name, is errored by name."""
    write(project, file, text)
    project.promise("assert int('1')")
    done = project.cell(python)
    errored = {n for n, (tag, _) in project.outcomes().items() if tag == "error"}
    assert (done.returncode, len(errored)) == (1, 1)
    assert name in ("", *errored)
    assert project.outcomes()[KEPT] == ("kept", "")
    evidence = (project.root / "evidence/small-core_v120.xml").read_text()
    assert why in evidence


def test_both_readers_agree(tmp_path: Path) -> None:
    """The tool and the packs read the same promises out of every pack, and of odd files."""
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/test_odd.py").write_text(ODD)
    code = (
        "import sys; from pathlib import Path; from form import read_form\n"
        "print(*sorted(read_form(Path(sys.argv[1])).promises), sep='\\n')"
    )
    for folder in (*(path.parent for path in ROOT.glob("packs/*/pack.toml")), tmp_path / "odd"):
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            cwd=ROOT / "packs",
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == sorted(promise.name for promise in read_promises(folder))


def test_a_known_break_of_a_case_that_is_not_there(project: Project, python: Path) -> None:
    """A known break of one case of a promise says nothing where that case does not exist."""
    known = (
        '[[known_breaks]]\ncore = ">=1"\ntest = "test_a.py::test_a[2]"\nreason = "renamed"\n'
        'link = "https://example.org/1"\nexpires = 9999-12-31\n'
    )
    project.write("packs/small/pack.toml", PACK_TOML + known)
    text = "@pytest.mark.parametrize('x', [1])\n" + PROMISE.format("", "x", "assert x == 1")
    write(project, "test_a.py", text)
    assert project.cell(python).returncode == 0
