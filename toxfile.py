"""What tox.ini cannot say itself: the cells, and what each Core ref installs.

tox loads this file as a plugin. A cell is a pack, which is a folder of `packs/` with a
`pack.toml`, on a Core ref, which is a line of `[cores]`; a live cell is a consumer, which is a line
of `consumers.toml`, on one. Nothing from before may be judged: neither the evidence of a cell's
last run, should its environment not be made this time, nor what an earlier build left in a
candidate's directory. Of a run that ends with an answer, the answer is the last line.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple, TextIO

from filelock import FileLock
from packaging.requirements import Requirement
from packaging.version import VERSION_PATTERN
from tox.config.loader.memory import MemoryLoader
from tox.config.sets import ConfigSet, EnvConfigSet
from tox.config.types import Command, EnvList
from tox.execute import Outcome
from tox.plugin import impl
from tox.report import HandledError
from tox.session.env_select import CliEnv
from tox.session.state import State
from tox.tox_env.api import ToxEnv
from tox.tox_env.errors import Fail, Recreate, Skip
from tox.tox_env.info import Info
from tox.tox_env.python.api import Python
from tox.tox_env.register import ToxEnvRegister

if TYPE_CHECKING:
    from tox.util.json_types import JsonValue

    from takeover import Plan

OLDEST = (3, 11)


def too_old(version: tuple[object, ...]) -> str:
    return f"Python 3.11 or newer is needed, and this is Python {version[0]}.{version[1]}"


if sys.version_info < OLDEST:
    # An older tox would go on to look for releases of tox and its plugins that fit, in vain.
    sys.stderr.write(f"error: {too_old(sys.version_info)}\n")
    raise SystemExit(2)

ROOT = Path(__file__).parent
SLOTS = ("core_candidate", "core_baseline")
LABELS = ("history", "candidate", "yanked", "live")  # of cells of several packs
LIVE = "_live"  # what the name of a consumer ends with in that of its live cell
DISTRIBUTION = "market-data-core"
RUNS = ("run", "r", "run-parallel", "p", "legacy", "le")  # commands of tox
FOR_PROGRAMS = ("--format", "--schema")  # options of commands that print for programs
ANSWERS = ("report", "report-history", "report-candidate", "check", "gate")  # envs that find one
# The gravest first: of several answers of one run, it is the last line.
COLOURS = {"hold": 31, "error": 31, "unknown": 33, "release": 32}  # of a terminal
ANSWER = re.compile(rf"({'|'.join(COLOURS)})\b")
folded: set[str] = set()  # cells that are not listed, that a run does not ask for, or need not run
plan: Plan | None = None  # of cells that run in parallel
UNASKED = ("provision> ", "will run in automatically provisioned")  # which tox says each time
PACK_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
A_PYTHON = re.compile(r"\w*(py|python)\d*", re.ASCII)  # to tox, a factor that chooses one
CORE_REF = re.compile(r"core_v[0-9_]+", re.ASCII)
GIT_URL = re.compile(
    r"git\+(https|ssh|file)://([\w.:%-]+@)?[\w.:%-]*/[\w.~:/+%-]+@[\w.~/+%][\w.~/+%-]*", re.ASCII
)
VERSION = re.compile(VERSION_PATTERN, re.ASCII | re.IGNORECASE | re.VERBOSE)
HINT = (
    "set it to a version, a wheel, an sdist, a directory, or a git URL such as"
    " git+https://host/repository@ref"
)


class Cell(NamedTuple):
    """A pack on a Core ref; `named` is what the table, or else a variable, names as that Core."""

    pack: str
    core_ref: str
    named: str
    default: bool
    yanked: bool
    release: str = ""  # of a live cell: what it installs in place of a pack

    @property
    def variable(self) -> str:
        """The environment variable that names the Core of a slot, or another for a stand-in."""
        return "" if VERSION.fullmatch(self.named) else self.core_ref.upper()

    @property
    def asked(self) -> str:
        return os.environ.get(self.variable, "").strip() or self.named

    @property
    def description(self) -> str:
        if self.release:
            core = self.named or f"the Core that {self.variable} names"
            return f"whether {self.release} can be imported with {core}"
        if not self.named:
            return f"what {self.pack} needs of the Core that {self.variable} names"
        if not self.variable:
            return f"what {self.pack} needs of {DISTRIBUTION}=={self.named}"
        return (
            f"what {self.pack} needs of '{self.named}':"
            f" a stand-in, unless {self.variable} names the tag"
        )

    @property
    def labels(self) -> set[str]:
        if self.release:
            return {"live"} if self.default else set()
        if not self.named:
            return {"candidate"} & {self.core_ref.removeprefix("core_")}
        told = {"yanked": self.yanked, self.pack: self.default}
        return {"history"} | {label for label, said in told.items() if said}


@lru_cache
def packs() -> tuple[str, ...]:
    """The packs by name; a folder of `packs/` that is none, though it holds files, is an error."""
    found = []
    for folder in sorted(path for path in ROOT.glob("packs/[!.]*") if path.is_dir()):
        # Another commit may have had a pack there, of which a cache is left.
        if not any(path.is_file() and path.suffix != ".pyc" for path in folder.rglob("[!.]*")):
            continue
        if not (folder / "pack.toml").is_file():
            raise HandledError(f"the pack '{folder}' has no pack.toml; see packs/README.md")
        name = folder.name
        wrong = name in LABELS or name.endswith(LIVE) or A_PYTHON.fullmatch(name)
        if wrong or not PACK_NAME.fullmatch(name):
            raise HandledError(
                f"'{folder}' has no name for a pack: one is made of a-z, 0-9 and _, begins with a"
                f" letter, does not end with {LIVE}, names no Python such as py311, and is none of"
                f" {', '.join(LABELS)}"
            )
        found.append(folder.name)
    return tuple(found)


@lru_cache
def consumers() -> Mapping[str, str]:
    """The requirement of each release in consumers.toml, by what its live cells begin with."""
    import tomllib  # which an older Python lacks

    try:
        with (ROOT / "consumers.toml").open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise HandledError(f"consumers.toml cannot be read: {error}") from error
    found: dict[str, str] = {}
    for distribution, release in table.items():
        name = distribution.removeprefix("market-data-").replace("-", "_") + LIVE
        versioned = isinstance(release, str) and VERSION.fullmatch(release)
        if not versioned or not PACK_NAME.fullmatch(name) or name in found:
            raise HandledError(
                f"consumers.toml: '{distribution}' has no release, such as 1.2.0, or its live"
                f" cells would have no name of their own: '{name}'"
            )
        found[name] = f"{distribution}=={release}"
    return found


@lru_cache
def section(name: str) -> Mapping[str, str]:
    """A section of tox.ini; one that is not there is empty."""
    found = ConfigParser(interpolation=None)
    found.read(ROOT / "tox.ini", encoding="utf-8-sig")
    return found[name] if found.has_section(name) else {}


@lru_cache
def cells() -> Mapping[str, Cell]:
    """Every cell by its name, pack by pack; a line of `[cores]` that is none is an error."""
    cores = dict(section("cores"))
    if not cores:
        raise HandledError("tox.ini has no '[cores]', the table of Core refs")
    yanked = [f"core_{factor}" for factor in cores.pop("yanked", "").split()]
    default = [f"core_{factor}" for factor in cores.pop("default", "").split()]
    for ref in (*cores, *default, *yanked):
        if ref not in cores or not CORE_REF.fullmatch(ref):
            raise HandledError(
                f"[cores] of tox.ini has no line for '{ref}', or that is no name of a Core ref,"
                " which is made like core_v1461"
            )
        if not VERSION.fullmatch(cores[ref]) and not (cores[ref] and (ROOT / cores[ref]).is_dir()):
            raise HandledError(
                f"[cores] of tox.ini: '{ref}' names no version and no folder: '{cores[ref]}'"
            )
    named = cores | dict.fromkeys(SLOTS, "")
    found = {
        f"{pack}-{ref}": Cell(pack, ref, core, ref in default and ref not in yanked, ref in yanked)
        for pack in packs()
        for ref, core in named.items()
    }
    # What repeats the content of a Core ref of the default matrix says nothing new of a consumer.
    return found | {
        f"{name}-{ref}": Cell(name, ref, named[ref], ref in default, ref in yanked, release)
        for name, release in consumers().items()
        for ref in (*default, *SLOTS)
    }


def requirement(named: str, root: Path, variable: str = "CORE_CANDIDATE") -> str:
    """The PEP 508 requirement for a version, wheel, sdist, directory or git URL with a ref.

    Relative paths start at root. Raises ValueError, saying what to set `variable` to instead.
    """
    named = named.strip()
    if not named:
        raise ValueError(f"{variable} is not set; {HINT}")
    if GIT_URL.fullmatch(named):
        return f"{DISTRIBUTION} @ {named}"
    if VERSION.fullmatch(named):
        return f"{DISTRIBUTION}=={named}"
    if "://" in named:
        shown = re.sub(r"://\S*@(?=\S*/)", "://", named)
        raise ValueError(f"{variable} is no address of a git ref: {shown!r}; {HINT}")
    try:
        path = (root / Path(named).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{variable} names nothing that is there: {named!r}; {HINT}") from error
    return f"{DISTRIBUTION} @ {path.as_uri()}"


def installed(cell: Cell) -> str:
    """What a cell installs as its Core; empty if what is asked for can be none."""
    try:
        return requirement(cell.asked, ROOT, cell.variable)
    except ValueError:
        return ""


class OfAnyName(Info):
    """What is kept about an env that has several names."""

    @contextmanager
    def compare(
        self, value: object, section: str, sub_section: str | None = None
    ) -> Generator[tuple[bool, object], None, None]:
        unnamed = {**value, "name": ""} if isinstance(value, dict) and "name" in value else value
        with super().compare(unnamed, section, sub_section) as found:
            yield found


@impl
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    """Give all commands of the tool one env, made by the first, and anew for other dependencies."""
    try:
        from tox_uv._run import UvVenvRunner
    except ImportError:  # this tox goes on to fetch the one that has it
        return

    class Tool(UvVenvRunner):
        making = RLock()  # by one of those that run at once
        made = False

        @staticmethod
        def id() -> str:
            return "tool"

        @property
        def cache(self) -> Info:
            return OfAnyName(self.env_dir)

        def python_cache(self) -> dict[str, JsonValue]:
            project = (ROOT / "pyproject.toml").read_bytes()
            return super().python_cache() | {"project": hashlib.sha256(project).hexdigest()}

        def setup(self) -> None:
            self.env_dir.parent.mkdir(parents=True, exist_ok=True)
            with self.making, FileLock(f"{self.env_dir}.lock"):
                if Tool.made:  # a command that is running has it
                    self._run_state["clean"] = True
                super().setup()
                Tool.made = True

    register.add_run_env(Tool)


@impl(optionalhook=True)  # a tox that lacks it still reads `requires`, and fetches one that has it
def tox_extend_envs() -> Iterator[str]:
    yield from (name for name in cells() if name not in folded)


@impl(wrapper=True)
def tox_add_core_config(core_conf: ConfigSet, state: State) -> Iterator[None]:
    """Give each cell its section, and the env list the cells of the default matrix."""
    be_brief()
    if os.environ.get("FANOUT_MATRIX"):
        print_matrix(state)
    if for_programs(state):
        leave_stdout(state)
    end_with_answer(state)
    fold_list(state)
    fold_run(state)
    chosen = os.environ.get("PACK", "")
    if chosen and chosen not in packs():
        raise HandledError(f"PACK names no pack: {chosen!r}; it is one of {', '.join(packs())}")
    default = [name for name in by_default() if name not in folded]
    if chosen:
        env_list = [name for name in default if cells()[name].pack == chosen]
    else:
        env_list = [*default, *re.findall(r"[^\s,]+", section("tox").get("env_list", ""))]
    os.environ["EVIDENCE"] = str(ROOT / (os.environ.get("EVIDENCE") or "evidence"))
    take_over(state, env_list)
    core_conf.loaders.insert(0, MemoryLoader(env_list=EnvList(env_list)))
    for name, cell in cells().items():
        # The content behind a path or a branch changes while its name stays.
        how: dict[str, object] = {} if cell.named else {"recreate": True}
        if plan and name in plan.follows:
            how["depends"] = EnvList([plan.follows[name]])
        seed = MemoryLoader(
            base=["live" if cell.release else "cell"],
            description=cell.description,
            labels=cell.labels,
            **how,
        )
        state.conf.memory_seed_loaders[name].append(seed)
    # tox-gh-actions would empty the env list, which is chosen already; its groups of lines stay.
    on_github = os.environ.pop("GITHUB_ACTIONS", None)
    try:
        return (yield)
    finally:
        if on_github is not None:
            os.environ["GITHUB_ACTIONS"] = on_github


def print_matrix(state: State) -> None:
    """Tell the cells as `tox config` does, which would make every env for it, and end."""
    if state.conf.options.command == "config":
        env_list = by_default()
        told = {
            name: {"set_env": {"CORE": installed(cells()[name])}, "labels": [*cells()[name].labels]}
            for name in dict.fromkeys((*env_list, *cells()))
        }
        sys.stdout.write(json.dumps({"env": told, "tox": {"env_list": env_list}}) + "\n")
        raise SystemExit(0)


def be_brief() -> None:
    """Leave out what is said before every command, and of no command."""
    logging.getLogger("tox_gh_actions").setLevel(logging.ERROR)
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: not record.getMessage().startswith(UNASKED))


def for_programs(state: State) -> bool:
    return any(option.startswith(FOR_PROGRAMS) for option in state.conf.pos_args(None) or ())


def end_with_answer(state: State) -> None:
    """Have the outermost tox print, after all else, the answer that a command of an env leaves."""
    options = state.conf.options
    if options.command not in RUNS or "FANOUT_ANSWER" in os.environ:
        return
    # The same traceback out of many cells hides what each of them says.
    if sum(name in cells() for name in options.env) != 1:
        os.environ["FANOUT_BRIEF"] = "--brief"
    handle, name = tempfile.mkstemp(prefix="fanout-answer-")
    os.close(handle)
    os.environ["FANOUT_ANSWER"] = name
    every = not options.env and not options.labels and not os.environ.get("PACK")
    asked = {*ANSWERS} & {*options.env} or {"history", "candidate"} & {*options.labels}
    helped = {"-h", "--help", "--schema"} & {*(state.conf.pos_args(None) or ())}
    due = (every or asked) and not options.no_test and not helped
    stream = sys.stderr if for_programs(state) else sys.stdout
    atexit.register(print_answer, Path(name), bool(due), stream, options.is_colored)


def by_default() -> list[str]:
    return [name for name, cell in cells().items() if cell.default and not cell.release]


def fold_run(state: State) -> None:
    """Leave out of a run the cells that it cannot ask for: tox configures all to run one."""
    options = state.conf.options
    if options.command not in RUNS or options.env.is_all or options.factors:
        return
    factors = {factor for name in cells() for factor in name.split("-")}
    # tox takes an odd mix of factors for an env, which says that it is no cell.
    if any(name not in cells() and factors & {*name.split("-")} for name in options.env):
        return
    asked = {*options.env} if options.env or options.labels else {*by_default()}
    labels = {*options.labels}
    folded.update(
        name for name, cell in cells().items() if name not in asked and not labels & cell.labels
    )


def fold_list(state: State) -> None:
    """Leave out of a whole list for people the cells that the default matrix has not."""
    options = state.conf.options
    listing = options.command in ("list", "l") and not options.list_no_description
    if not listing or options.labels or options.factors or options.list_default_only:
        return
    folded.update({*cells()} - {*by_default()})
    if not os.environ.get("FANOUT_LIST"):  # or else the tox around this one says it
        os.environ["FANOUT_LIST"] = "folded"
        labels = "`tox list -m history`, `-m candidate` and `-m live`"
        shown = sum(bool(cells()[name].labels) for name in folded)
        atexit.register(print, f"and {shown} cells more, which {labels} show")


def print_answer(file: Path, due: bool, stream: TextIO, coloured: bool) -> None:
    """Print the last answer in a file, with the page that was made; if one is due, also without."""
    told = file.read_text("utf-8", "replace").splitlines()
    file.unlink()
    answers = {word[0]: line for line in told if (word := ANSWER.match(line))}
    if not answers and not due:
        return
    answer = next((answers[word] for word in COLOURS if word in answers), "")
    answer = answer or "unknown: this run ended without an answer"
    pages = [os.path.relpath(line) for line in told if not ANSWER.match(line)]
    text = f"{answer} ({pages[-1]})" if answers and pages else answer
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    if coloured and (word := ANSWER.match(text)):
        text = f"\x1b[1;{COLOURS[word[0]]}m{text}\x1b[0m"
    encoding = stream.encoding or "utf-8"
    with suppress(OSError):  # of a reader who has left
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)


def leave_stdout(state: State) -> None:
    """Write tox's own lines to stderr, for whoever reads what a command prints to stdout."""
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.CRITICAL + 1)
    logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))
    state.conf.options.quiet = state.conf.options.verbose  # of the sum that it prints last


@impl
def tox_add_env_config(env_conf: EnvConfigSet, state: State) -> None:
    """Tell a cell its pack, and its Core, if what is asked for can be one; and others a file."""
    if env_conf.name in (*ANSWERS, "dashboard"):
        env_conf["set_env"].update({"FANOUT_ANSWER": os.environ.get("FANOUT_ANSWER", "")})
    if cell := cells().get(env_conf.name):
        brief = os.environ.get("FANOUT_BRIEF", "")
        env_conf["set_env"].update({"PACK": cell.pack, "CORE": installed(cell), "BRIEF": brief})
        if cell.release:
            env_conf["set_env"].update({"CONSUMER": cell.release})


@impl
def tox_on_install(tox_env: ToxEnv, arguments: object, section: str, of_type: str) -> None:
    """Before a cell installs anything: no evidence, and no variable that cannot name a Core."""
    cell_name = tox_env.conf.name
    cell = cells().get(cell_name)
    if cell is None or of_type != "deps":
        return
    if isinstance(tox_env, Python) and tox_env.base_python.version_info < OLDEST:
        raise Fail(too_old(tox_env.base_python.version_info))
    evidence = Path(tox_env.environment_variables["EVIDENCE"], f"{tox_env.conf.name}.xml")
    try:
        evidence.parent.mkdir(parents=True, exist_ok=True)
        evidence.unlink(missing_ok=True)
    except OSError as error:
        raise Fail(f"EVIDENCE names no folder for '{evidence}': {error.strerror}") from error
    try:
        requirement(cell.asked, ROOT, cell.variable)
    except ValueError as error:
        raise Fail(str(error)) from error
    if plan and cell_name in plan.cells:
        take_over_now(tox_env, plan, cell_name)
    if cell.release:
        force_core(tox_env)
    if cell.named and cell.variable:
        reinstall_if_changed(tox_env.env_dir / f"{cell.core_ref}.txt", cell)
    # setuptools takes up `build/` again, with files that the source has no more.
    config = Path(tox_env.environment_variables["DIST_EXTRA_CONFIG"])
    config.write_text(f"[build]\nbuild_base = {config.parent / 'build'}\n", encoding="utf-8")


def take_over(state: State, env_list: list[str]) -> None:
    """Before cells run in parallel: find out which need not, and leave those out that are green.

    One at least is left, or else there would be nothing to run, which tox calls a failure.
    """
    options = state.conf.options
    parallel = options.command in ("run-parallel", "p") and not options.no_test
    has_uv = find_spec("uv") is not None  # which `requires` brings, with tox-uv
    # What is given after `--`, or overrides, changes what cells do.
    changed = state.conf.pos_args(None) or options.override
    if not (parallel and has_uv and provisioned()) or changed or options.factors:
        return
    named = options.env
    if options.labels:
        asked = [name for name, cell in cells().items() if cell.labels & {*options.labels}]
    else:
        asked = list(env_list if named.is_default_list else () if named.is_all else named)
    if skipped := options.skip_env.strip():
        with suppress(re.error):  # of which tox tells
            asked = [name for name in asked if not re.match(skipped, name)]
    cells_asked = [name for name in asked if name in cells()]
    if not cells_asked:
        return
    global plan
    fresh = options.recreate or bool(os.environ.get("FRESH"))
    plan = made_plan(cells_asked, fresh=fresh, anew=options.recreate)
    green = [name for name, verdict in plan.taken.items() if not verdict.broken]
    # With these labels come commands of the tool, unless they are skipped.
    if len(green) == len(asked) and (skipped or not {"history", "candidate"} & {*options.labels}):
        plan.last = green.pop()
    folded.update(green)
    env_list[:] = [name for name in env_list if name not in folded]
    if not options.labels and not named.is_default_list:
        options.env = CliEnv(",".join(name for name in asked if name not in folded))


def made_plan(names: list[str], *, fresh: bool, anew: bool) -> Plan:
    """What is known of cells before they run, with the evidence of those that take one over."""
    from uv import find_uv_bin

    sys.path.insert(0, str(ROOT / "packs"))
    from kept import Store
    from linked import HERE, Linked
    from resolution import Installer
    from takeover import Asked, Plan, make_plan

    sys.path.remove(str(ROOT / "packs"))
    work = ROOT / ".tox"
    uv = {
        kind: Installer(find_uv_bin(), sys.executable, variables(kind), ROOT, work / "cores")
        for kind in ("cell", "live")
    }
    # Another index may have something else of the same version.
    uses = repr([sorted(one.uses.items()) for one in uv.values()])
    kept = Store(work / "kept" / hashlib.sha256(uses.encode()).hexdigest())
    linked = Linked(work / "linked", uv["cell"]) if HERE and not anew else None
    found = Plan(Path(os.environ["EVIDENCE"]), kept, linked, say)
    asked: dict[str, list[Asked]] = {kind: [] for kind in uv}
    for name, core, content in steady(names):
        cell = cells()[name]
        kind = "live" if cell.release else "cell"
        how, beside = how_cells_run(kind) + cell.release, installed_beside(kind)
        pack = cell.pack.removesuffix(LIVE)
        asked[kind].append(Asked(name, pack, core, content, how, beside, cell.release))
    for kind, of_kind in asked.items():
        make_plan(found, of_kind, ROOT / "packs", uv[kind], fresh)
    found.decide(fresh, os.environ.get("SAMPLE", ""))
    if found.taken or found.follows:
        number = len(found.taken) + len(found.follows)
        say(f"taken over: {number} of {len(names)} cells, which see nothing new; FRESH=1 runs all")
    return found


def steady(names: list[str]) -> Iterator[tuple[str, str, str]]:
    """Of these cells, those whose Core is what it was: a release, or a stand-in of some content."""
    for name in names:
        cell = cells()[name]
        released = VERSION.fullmatch(cell.asked)
        if released or (cell.named and cell.asked == cell.named):
            content = "" if released else digest_of(cell)
            yield name, requirement(cell.asked, ROOT), content


def variables(kind: str) -> Mapping[str, str]:
    """The environment in which a cell installs."""
    given = re.findall(r"^\s*(UV_\w+)\s*=\s*(.*)$", section(kind).get("set_env", ""), re.M)
    return os.environ | {name: text.replace("{tox_root}", str(ROOT)) for name, text in given}


@lru_cache
def installed_beside(kind: str) -> tuple[str, ...]:
    """What a cell installs besides Core and a consumer."""
    lines = (line.strip() for line in section(kind).get("deps", "").splitlines())
    return tuple(line for line in lines if line not in ("", "{env:CORE}", "{env:CONSUMER}"))


@lru_cache
def how_cells_run(kind: str) -> str:
    """All that says how a cell runs, but the files that its evidence is of."""
    import tomllib

    said: dict[str, object] = {name: dict(section(name)) for name in (kind, "pytest")}
    for folder in (ROOT, ROOT / "packs"):
        for name in ("pytest.ini", ".pytest.ini", "setup.cfg", "conftest.py"):
            if (file := folder / name).is_file():
                said[file.relative_to(ROOT).as_posix()] = file.read_text("utf-8", "replace")
        with suppress(OSError, ValueError):
            table = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
            said[folder.name if folder != ROOT else ""] = table.get("tool", {}).get("pytest")
    return json.dumps(said, sort_keys=True, default=str)


def provisioned() -> bool:
    """Whether this is the tox that runs the cells, and not one that hands over to it."""
    for line in section("tox").get("requires", "").splitlines():
        wanted = Requirement(line) if line.strip() and line.strip()[0] != "#" else None
        try:
            if wanted and not wanted.specifier.contains(version(wanted.name), prereleases=True):
                return False
        except PackageNotFoundError:
            return False
    return True


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def force_core(tox_env: ToxEnv) -> None:
    """Let the installer take the Core that is asked for, whatever anybody declares of it."""
    file = tox_env.env_tmp_dir / "core.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{tox_env.environment_variables['CORE']}\n", encoding="utf-8")
    install = tox_env.conf["install_command"].args
    if "--override" not in install:
        install[-1:-1] = ["--override", str(file)]


def take_over_now(tox_env: ToxEnv, plan: Plan, name: str) -> None:
    """End a cell that has a verdict already, or see that it installs what all of this run do."""
    if verdict := plan.follow(name):
        if verdict.broken:
            raise Fail(verdict.says)
        if name != plan.last:
            raise Skip(verdict.says)
        # Where every cell is skipped, tox calls it a failure.
        tox_env.conf["commands"][:] = [Command(["python", "-c", f"print({verdict.says!r})"])]
        return
    lock = plan.cells[name].lock
    if isinstance(tox_env, Python):
        site = tox_env.env_site_package_dir()
        if not plan.fits(name, site) and name not in plan.anew:  # one that is new may have a pip
            plan.anew.add(name)
            raise Recreate("what it installs besides Core has changed")
        plan.fill(name, site, tox_env.env_python())
    file = tox_env.env_tmp_dir / "lock.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lock), encoding="utf-8")
    install = tox_env.conf["install_command"].args
    if "--constraint" not in install:
        install[-1:-1] = ["--constraint", str(file)]


@impl
def tox_after_run_commands(tox_env: ToxEnv, exit_code: int, outcomes: list[Outcome]) -> None:
    """Keep what a cell has said."""
    if plan and tox_env.conf.name in plan.cells:
        plan.keep(tox_env.conf.name)


def reinstall_if_changed(stamp: Path, cell: Cell) -> None:
    """Make the env again if the stand-in has changed, and always for what a variable names."""
    found = digest_of(cell)
    moving = cell.asked != cell.named and stamp.exists()
    if moving or (stamp.exists() and stamp.read_text("utf-8") != found):
        stamp.unlink()
        raise Recreate("Core has changed, or may have")
    stamp.write_text(found, "utf-8")


@lru_cache
def digest_of(cell: Cell) -> str:
    """The digest of a stand-in, and of what is asked for in its place."""
    found = hashlib.sha256(cell.asked.encode())
    stand_in = ROOT / cell.named
    for path in sorted(stand_in.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(stand_in)}\0{content}\n".encode())
    return found.hexdigest()
