"""The blame: what Core broke is failed, what says nothing about Core is errored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.worlds.project import Project, make_python

CORE = """\
from pathlib import Path
FOLDER = Path(__file__).parent
LIMITS = {}
class BusError: pass
class Odd(Exception):
    __cause__ = property(lambda self: 1 / 0)
class Bus:
    def publish(self, event, source): pass
def call(handler): return handler()
def export(folder): pass
def wrap(handler):
    try: return handler()
    except Exception as error: raise RuntimeError("a handler failed") from error
"""
OPEN = "try:\n        open('/not/there')\n    except OSError as error:\n        "
RESET = "ConnectionResetError(104, 'reset')"
OF_CORE = (
    # A file or module of Core is gone.
    "(core.FOLDER / 'limits.json').read_text()",
    "import pkgutil; pkgutil.get_data('market_data_core', 'limits.json')",
    "import os; os.listdir(core.FOLDER / 'schemas')",
    "import runpy; runpy.run_module('market_data_core.cli')",
    "import runpy; runpy.run_path(str(core.FOLDER / 'cli.py'))",
    "import market_data_core.wrong",
    "import subprocess; subprocess.run(['market-data-core', '--version'])",
    "pytest.importorskip('market_data_core.gone')",
    # A promise found something wrong, whatever it was told by.
    f"{OPEN}raise AssertionError('not open') from error",
    f"{OPEN}raise pytest.fail.Exception('not open') from error",
    f"{OPEN}pytest.fail('not open')",
    f"raise ExceptionGroup('both', [AssertionError(), {RESET}])",
    f"raise ExceptionGroup('both', [{RESET}, ExceptionGroup('one', [AssertionError()])])",
    "try: assert False\n    finally: open('/not/there')",
    "raise ExceptionGroup('both', [AttributeError('x', obj=core), ImportError('x', name='y')])",
    # What pytest is given is Core's.
    "pytest.MonkeyPatch().setattr(core, 'gone', 1)",
    "assert [[1.0]] == pytest.approx([[1.0]])",
    "pytest.raises(core.BusError, core.call, int)",
    "pytest.raises(ValueError, core.call)",
    "import functools; pytest.raises(ValueError, functools.partial(core.call))",
    "pytest.raises(ValueError, core.call, int)",
    "pytest.raises(ValueError, core.Bus().publish, 'event')",
    "pytest.warns(UserWarning, core.call, int)",
    # A name is missing which Core no longer gives.
    "Gone()",
    "Missing()",
    "for last in core.LIMITS: found = last\n    assert found",
    "import typing\n    class Event: source: 'Gone'\n    typing.get_type_hints(Event)",
)
OF_THE_PACK = (
    "assert typo",
    "core.call(lambda: typo)",
    "core.wrap(lambda: typo)",
    "pytest.raises('ValueError', int, '')",
    "pytest.raises(ValueError('x'), int, '')",
    "with pytest.raises(ValueError, mach='x'): int('')",
    "with pytest.raises(ValueError, match='('): int('')",
    "pytest.warns('UserWarning', int)",
    "pytest.fail(5)",
    "queue()",
    "import asyncio; asyncio.tiemout(1)",
    "raise ImportError('no such backend')",
    "raise ImportError('no such backend', name=5)",
    "raise FileNotFoundError(2, 'not there', 'a\\0b')",
    f"raise ExceptionGroup('both', [{RESET}, ImportError('no such backend')])",
    "raise HarnessError('there is no server')",
    "core.wrap(there_is_no_server)",
    f"{OPEN}raise HarnessError('there is no server') from error",
    "raise ExceptionGroup('both', [HarnessError('there is no server'), AssertionError()])",
)
ODD = """\
import pytest
class Kind(type):
    __module__ = __name__ = property(lambda kind: 1 / 0)
class Lazy:
    __class__ = property(lambda self: 1 / 0)
class Unnamed:
    __module__ = 5
class Named(metaclass=Kind): pass
class Say(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
class Interrupt(Exception):
    def __str__(self): raise KeyboardInterrupt
    __repr__ = __str__
class Number(Exception):
    def __str__(self): return 5
class Endless(Exception):
    def __str__(self): return str(self)
class Warn(Exception):
    def __str__(self):
        import warnings
        warnings.warn("told")
        return "told"
class Class(Exception):
    __class__ = property(lambda self: 1 / 0)
class OddWarning(UserWarning):
    __class__ = property(lambda self: 1 / 0)
class Skip(Exception):
    __class__ = property(lambda self: pytest.skip.Exception)
class Cause(Exception):
    __cause__ = __context__ = __traceback__ = property(lambda self: 1 / 0)
class Nothing(Exception):
    def __getattribute__(self, name): raise RuntimeError(name)
class Neither(Exception):
    __hash__ = None
    def __bool__(self): raise RuntimeError
    def __eq__(self, other): raise RuntimeError
class Typed(Exception, metaclass=Kind): pass
class Group(ExceptionGroup):
    exceptions = property(lambda self: 1 / 0)
def nowhere():
    code = compile("1 / 0", "", "exec")
    exec(code.replace(co_filename="a\\0b"))
def deep(): deep()
def circle():
    error = Say()
    error.__cause__ = other = Say()
    other.__cause__ = error
    raise error
"""
ODD_WAYS = (
    *("core.Lazy().gone", "core.Unnamed().gone", "core.Unnamed.gone", "core.Named.gone"),
    *(
        f"raise core.{name}('odd')"
        for name in ("Say", "Interrupt", "Number", "Endless", "Warn", "Class", "Skip")
    ),
    *(f"raise core.{name}('odd')" for name in ("Cause", "Nothing", "Neither", "Typed")),
    "raise core.Group('odd', [AssertionError()])",
    *("core.nowhere()", "core.deep()", "core.circle()"),
)


def tags(project: Project, python: Path, bodies: Sequence[str], above: str) -> Mapping[str, str]:
    """What each promise comes to that has one of these bodies."""
    for number, body in enumerate(bodies):
        project.promise(body, name=f"p{number}", above=above)
    project.cell(python)
    found = project.outcomes()
    assert len(found) == len(bodies)
    return {body: found[f"test_p{n}.py::test_p{n}"][0] for n, body in enumerate(bodies)}


@pytest.mark.parametrize(("bodies", "tag"), [(OF_CORE, "failure"), (OF_THE_PACK, "error")])
def test_whose_fault(project: Project, tmp_path: Path, bodies: Sequence[str], tag: str) -> None:
    """What Core lacks, or a promise finds, is failed; a mistake of the pack is errored."""
    above = (
        "import market_data_core as core\nfrom pack import HarnessError\n"
        "@pytest.fixture\ndef queue(): return 1\n"
        "def there_is_no_server(): raise HarnessError('there is no server')\n"
    )
    if tag == "failure":
        above += "from market_data_core import *\n"
        above += "try: from market_data_core import Missing\nexcept ImportError: pass\n"
    python = make_python(tmp_path / "python", "1.2.0", code=CORE, modules={"wrong": "def ("})
    assert tags(project, python, bodies, above) == dict.fromkeys(bodies, tag)


def test_odd_exceptions(project: Project, tmp_path: Path) -> None:
    """An exception of Core is failed, whatever it says of itself, and every promise is judged."""
    python = make_python(tmp_path / "python", "1.2.0", code=ODD)
    warned = "import warnings; warnings.warn(core.OddWarning()); assert int('1')"
    found = tags(project, python, (*ODD_WAYS, warned), "import market_data_core as core\n")
    assert found == dict.fromkeys(ODD_WAYS, "failure") | {warned: "kept"}


def test_whose_file(project: Project, tmp_path: Path) -> None:
    """A file that Core stops is failed, be it by a value; one with a mistake is errored."""
    files = {
        "@pytest.mark.parametrize('key', sorted(core.LIMITS['keys']))": "failure",
        "@pytest.mark.parametrize('key', core.Limits)": "failure",
        "@pytest.mark.parametrize('key', core.BusError[0])": "failure",
        "open(core.FOLDER / 'limits.json')": "failure",
        "import market_data_core.wrong": "failure",
        "raise core.BusError": "failure",
        "raise core.Odd": "failure",
        "raise AssertionError": "failure",
        "@pytest.mark.usefixtures('limits')": "failure",
        "@pytest.mark.parametrize('key', typo)": "error",
        "@pytest.mark.parametrized('key', [1])": "error",
        "@pytest.fixture(scope='sesion')": "error",
        "import broken_piece": "error",
        "open('/not/there')": "error",
        "pytest.xfail('later')": "error",
        "from pack import HarnessError; raise HarnessError('there is no server')": "error",
    }
    project.write("packs/small/broken_piece.py", "this is no Python")
    for number, line in enumerate(files):
        marks, above = (line, "") if line.startswith("@") else ("", line)
        above = (
            f"import market_data_core as core\n{above}\n"
            "@pytest.fixture(params=[1], ids=lambda key: core.Limits)\ndef limits(): pass\n"
        )
        project.promise("assert int('1')", name=f"p{number}", above=above, marks=marks)
    python = make_python(tmp_path / "python", "1.2.0", code=CORE, modules={"wrong": "def ("})
    project.cell(python)
    found = {name.partition(":")[0]: tag for name, (tag, _) in project.outcomes().items()}
    assert {line: found[f"test_p{n}.py"] for n, line in enumerate(files)} == files


BACKGROUND = """\
import asyncio
async def run(): raise ValueError("in the background")
async def clean_up():
    try: await asyncio.sleep(9)
    finally: raise ValueError("in the end")
def callback(): raise ValueError("in a callback")
async def dispatch(handler): await handler()
class Bus:
    def start(self): self.task = asyncio.create_task(run())
    async def close(self): await asyncio.gather(self.task, return_exceptions=True)
BUS = Bus()
"""
HANDLERS = """\
import asyncio, market_data_core as core
from unittest import mock
async def refuses(): raise ValueError("for Core to meet")
async def asserts(): assert int("0")
async def calls_wrongly(): core.callback(1)
async def reads(reader, writer): await reader.readexactly(1)
"""
UNNOTICED = (
    "core.Bus().start()",
    "core.BUS.start()",
    "asyncio.create_task(core.run())",
    "asyncio.create_task(core.clean_up())",
    "asyncio.get_running_loop().call_soon(core.callback)",
    "asyncio.get_running_loop().create_future().set_exception(ValueError())",
    "asyncio.create_task(core.dispatch(asserts))",
    "asyncio.create_task(core.dispatch(calls_wrongly))",
    "asyncio.get_running_loop().create_task(coro=core.run())",
)
WAITED_FOR = (
    "bus = core.Bus(); bus.start(); await asyncio.sleep(0); await bus.close()",
    "task = asyncio.create_task(core.run()); await asyncio.wait([task]); assert task.exception()",
    "await asyncio.gather(core.run(), core.run(), return_exceptions=True)",
    "asyncio.create_task(asyncio.sleep(9)).cancel()",
    "asyncio.create_task(asyncio.sleep(9))",
    # What is raised for Core to meet, and how a connection ends.
    "asyncio.create_task(core.dispatch(refuses))",
    "asyncio.create_task(core.dispatch(mock.AsyncMock(side_effect=ValueError)))",
    "server = await asyncio.start_server(reads, '127.0.0.1', 0);"
    " await asyncio.open_connection(*server.sockets[0].getsockname())",
    "asyncio.get_running_loop().set_exception_handler(lambda *told: None);"
    " asyncio.get_running_loop().call_soon(core.callback)",
)


def test_failures_in_the_background(project: Project, tmp_path: Path) -> None:
    """A promise in whose background a task or callback fails, and nobody waits, cannot judge."""
    python = make_python(tmp_path / "python", "1.2.0", code=BACKGROUND)
    expected = dict.fromkeys(UNNOTICED, "error") | dict.fromkeys(WAITED_FOR, "kept")
    scenes = [
        f"async def scene():\n        {line}\n        await asyncio.sleep(0.01)\n"
        "    assert asyncio.run(scene()) is None"
        for line in expected
    ]
    found = tags(project, python, scenes, HANDLERS)
    assert dict(zip(expected, found.values(), strict=True)) == expected


def test_a_background_that_outlives_a_promise(project: Project, tmp_path: Path) -> None:
    """A task that a later fixture waits for is fine; what no promise waits for is said of its own.

    A fixture of a module waits when all of its promises have ended.
    """
    text = (
        "import asyncio, pytest, pytest_asyncio, market_data_core as core\n"
        "@pytest_asyncio.fixture(scope='module', loop_scope='module')\nasync def bus():\n"
        "    bus = core.Bus()\n    bus.start()\n    yield bus\n    CLOSE\n"
    )
    for name in ("first", "second"):
        text += (
            "@pytest.mark.contract('Event')\n@pytest.mark.asyncio(loop_scope='module')\n"
            f"async def test_{name}(bus):\n    'A bus runs.'\n"
            "    await asyncio.sleep(0.01)\n    assert bus.task.done()\n"
        )
    project.write("packs/small/test_closed.py", text.replace("CLOSE", "await bus.close()"))
    project.write("packs/small/test_left.py", text.replace("CLOSE", "pass"))
    project.cell(make_python(tmp_path / "python", "1.2.0", code=BACKGROUND))
    assert project.outcomes() == {
        "test_closed.py::test_first": ("kept", ""),
        "test_closed.py::test_second": ("kept", ""),
        "test_left.py::test_first": ("error", "cannot-judge"),
        "test_left.py::test_second": ("kept", ""),
    }


def test_cases_of_unittest(project: Project, tmp_path: Path) -> None:
    """What fails in a class of unittest is no less broken."""
    promise = "    @pytest.mark.contract('Event')\n    {}def test_{}(self):\n        'It holds.'\n"
    bodies = {
        "kept": "self.assertEqual(core.two(), 2)",
        "broken": "self.assertEqual(core.two(), 3)",
        "raises": "core.fails()",
        "cleanup": "self.addCleanup(core.fails)\n        self.assertEqual(core.two(), 2)",
        "skips": "self.skipTest('later')",
    }
    text = "import pytest, unittest, market_data_core as core\n"
    for kind, way in (("TestCase", ""), ("IsolatedAsyncioTestCase", "async ")):
        text += f"class Test{kind}(unittest.{kind}):\n"
        text += "".join(
            promise.format(way, name) + f"        {body}\n" for name, body in bodies.items()
        )
    project.write("packs/small/test_case.py", text)
    code = "def two(): return 2\ndef fails(): raise ValueError('broken')"
    project.cell(make_python(tmp_path / "python", "1.2.0", code=code))
    expected = dict.fromkeys(bodies, "failure") | {"kept": "kept", "skips": "error"}
    assert {name.rpartition("::test_")[2] for name in project.outcomes()} == set(bodies)
    for name, (tag, _) in project.outcomes().items():
        assert tag == expected[name.rpartition("::test_")[2]], name


def test_a_core_that_has_warnings_ignored(project: Project, tmp_path: Path) -> None:
    """What a promise cannot notice needs no warning to be found."""
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "async def publish(event): return event\ndef fails(): raise ValueError('unseen')\n"
        "class Late:\n    def __del__(self): fails()\n"
    )
    bodies = (
        "from market_data_core import publish; assert publish(1)",
        "from market_data_core import fails; import threading;"
        " one = threading.Thread(target=fails); one.start(); one.join()",
        "from market_data_core import Late; Late()",
        "import market_data_core as core; return core.fails",
    )
    python = make_python(tmp_path / "python", "1.2.0", code=code)
    assert tags(project, python, bodies, "") == dict.fromkeys(bodies, "error")
    assert {kind for _, kind in project.outcomes().values()} == {"cannot-judge"}


def test_what_core_was_to_make(project: Project, tmp_path: Path) -> None:
    """A file that Core was to write, and did not, is its break; a folder that is gone is survived.

    A tool that finds the machine too slow says nothing of Core.
    """
    project.write("packs/hypothesis/__init__.py", "")
    project.write("packs/hypothesis/errors.py", "class DeadlineExceeded(Exception): pass\n")
    lines = {
        "exports": ("core.export(tmp_path)\n    (tmp_path / 'events.json').read_text()", "failure"),
        "lists": ("core.export(tmp_path)\n    os.listdir(tmp_path / 'events')", "failure"),
        "gone": ("monkeypatch.chdir(tmp_path); tmp_path.rmdir(); core.Event(1)", "failure"),
        "conditional": ("LATER()", "failure"),
        "tried": ("telemetry.Event", "failure"),
        "slow": ("raise hypothesis.errors.DeadlineExceeded", "error"),
        "kept": ("assert core.export(tmp_path) is None", "kept"),
    }
    text = "import os, pytest, hypothesis.errors, market_data_core as core\n"
    text += "if hasattr(core, 'Later'): LATER = core.Later\n"
    text += "try: import market_data_core.telemetry as telemetry\nexcept ImportError: pass\n"
    for name, (body, _) in lines.items():
        text += f"@pytest.mark.contract('Event')\ndef test_{name}(tmp_path, monkeypatch):\n"
        text += f"    'It holds.'\n    {body}\n"
    project.write("packs/small/test_made.py", text)
    code = (
        "from dataclasses import dataclass\ndef export(folder): pass\n"
        "@dataclass\nclass Event:\n    size: int\n"
        "    def __post_init__(self): raise ValueError(self.size)\n"
    )
    project.cell(make_python(tmp_path / "python", "1.2.0", code=code))
    found = {name.rpartition("_")[2]: tag for name, (tag, _) in project.outcomes().items()}
    assert found == {name: tag for name, (_, tag) in lines.items()}
