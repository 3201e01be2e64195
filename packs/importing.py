"""The child of a live cell: it looks at a consumer as it is installed, or imports one module of it.

What it finds it tells its runner, which alone writes evidence. Nothing of pytest is imported here,
and what else is of the harness has gone from `sys.modules` and `sys.path` before a module is.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import metadata, util
from importlib.machinery import ModuleSpec
from pathlib import Path
from threading import Thread
from types import ModuleType

PACKS = str(Path(__file__).resolve().parent)
BEFORE = set(sys.modules)
sys.path.insert(0, PACKS)

from consumer import extra_of_core, imports, read_modules, tops, undeclared  # noqa: E402
from evidence import UNFINISHED, Result, without_secrets  # noqa: E402
from guard import PACKAGE, digest, guard  # noqa: E402
from journal import Writer  # noqa: E402
from origin import out_of_core  # noqa: E402
from pack import HarnessError  # noqa: E402
from raised import Errors, chain, frames_of, is_a, raw, said, type_name  # noqa: E402

OWN, UNDECLARED, MACHINE = "own", "undeclared", "machine"
PLACES = 3  # that are named
SYSTEM_LIBRARY = ("cannot open shared object", "DLL load failed", "Library not loaded")


def main() -> None:
    options = arguments()
    if options.lifeline is not None:
        Thread(target=hold, args=(options.lifeline,), daemon=True).start()
    journal = Writer(options.journal)
    if options.module:
        forget_the_harness()
        stand_in = options.stand_in.split(",") if options.stand_in else []
        journal.tell(running=options.module)
        result = judge(options.module, options.by_itself, stand_in)
        journal.results({options.module: result})
    else:
        try:
            look(options, journal)
        except HarnessError as error:
            journal.tell(refused=str(error))
    journal.tell(code=0)
    os._exit(0)  # or what a module has left for the end would run


def arguments() -> Namespace:
    parser = ArgumentParser(allow_abbrev=False)
    parser.add_argument("--cell", default="")
    parser.add_argument("--core", default="")
    parser.add_argument("--consumer", default="")
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--module", default="")
    parser.add_argument("--by-itself", action="store_true")
    parser.add_argument("--stand-in", default="")
    parser.add_argument("--lifeline", type=int)
    return parser.parse_args()


def hold(lifeline: int) -> None:
    """End this child when its runner is no more."""
    os.read(lifeline, 1)
    os._exit(1)


def forget_the_harness() -> None:
    sys.path.remove(PACKS)
    for name in set(sys.modules) - BEFORE:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if os.path.dirname(file) == PACKS or name.partition(".")[0] == "packaging":
            del sys.modules[name]


def look(options: Namespace, journal: Writer) -> None:
    """Tell what is installed, each module that imports Core, and what is not asked for.

    Again is once they have been imported, and tells the first of these alone.
    """
    name, _, release = options.consumer.partition("==")
    core = guard(options.core, options.cell)
    try:
        consumer = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise HarnessError(f"'{options.consumer}' is not installed") from error
    if consumer.version != release:
        raise HarnessError(f"'{name}' {consumer.version} is installed, not {release}")
    found = {f"{each.metadata['Name']}=={each.version}" for each in metadata.distributions()}
    about = vars(core) | {"consumer": name, "release": release, "content": digest(consumer)}
    journal.tell(about=about | {"distributions": " ".join(sorted(found))})
    if options.again:
        return
    modules = list(read_modules(consumer))
    unfinished = Result("error", UNFINISHED, "it was not imported")
    journal.results({one.name: unfinished for one in modules if one.imports_core})
    for missing, places in undeclared(consumer, modules).items():
        more = f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
        where = ", ".join(places[:PLACES]) + more
        told = f"imported at {where}, and nothing that it asks for brings it along"
        journal.tell(running=f"undeclared: {missing}")
        journal.results({f"undeclared: {missing}": Result("skipped", UNDECLARED, told)})
    journal.tell(running="")


def judge(module: str, by_itself: bool, stand_in: Sequence[str]) -> Result:
    """What comes of importing a module, and then of what it imports of Core when it is called.

    By itself is without the code of the packages around it, and with something that stands in for
    what is not installed.
    """
    try:
        if by_itself:
            sys.meta_path.append(StandIns(stand_in))
            leave_out_packages(module)
        importlib.import_module(module)
    except BaseException as error:  # whatever a module does
        result = fault(error)
        if result.type == UNDECLARED:
            result.type = OWN  # it is more than something that it may never ask for
        return result if result.tag == "failure" else import_what_it_names(module) or result
    return import_what_it_names(module) or Result()


def import_what_it_names(module: str) -> Result | None:
    """The fault of an import of Core's that a module has anywhere; none if each succeeds."""
    found = None
    try:
        spec = util.find_spec(module)
        file = Path(spec.origin) if spec and spec.origin else None
        nodes = list(imports(ast.parse(file.read_bytes()))) if file else []
    except (ImportError, OSError, ValueError):
        return None
    for node in nodes:
        if PACKAGE in tops(node):
            try:
                exec(compile(ast.Module([node], []), str(file), "exec"), {"__name__": module})  # noqa: S102
            except BaseException as error:
                result = fault(error)
                if result.tag == "failure":
                    return result
                found = found or result
    return found


def fault(error: BaseException) -> Result:
    """Whose fault it is that an import failed: Core's, the consumer's own, or the machine's."""
    errors = [*chain(error, behind)]
    where = place(error)
    told = f"{type_name(error)}: {without_secrets(said(error))}{f' ({where})' if where else ''}"
    lines = traceback.format_tb(raw(error, BaseException, "__traceback__"))
    text = without_secrets("".join([*lines[1:], told]))
    missing = raw(error, ImportError, "name") if is_a(error, ModuleNotFoundError) else None
    if isinstance(missing, str) and missing.partition(".")[0] != PACKAGE:
        top = missing.partition(".")[0]
        if is_absent(top):
            if extra := extra_of_core(top):
                told += f": it comes with Core's extra '{extra}', which nothing asks for"
                return Result("skipped", UNDECLARED, told, text)
            if not any(map(out_of_core, errors)):
                return Result("skipped", UNDECLARED, told, text)
    if any(map(is_of_machine, errors)):
        return Result("error", MACHINE, told, text)
    if any(map(out_of_core, errors)):
        return Result("failure", "core", told, text)
    return Result("skipped", OWN, told, text)


def behind(error: BaseException) -> Errors:
    """What it was raised from, or while that was handled, and what it is a group of."""
    group = is_a(error, BaseExceptionGroup)
    members: Errors = raw(error, BaseExceptionGroup, "exceptions") if group else ()
    cause = raw(error, BaseException, "__cause__")
    return members if cause is None else (*members, cause)


def is_absent(top: str) -> bool:
    try:
        return util.find_spec(top) is None
    except (ImportError, ValueError):
        return True


def is_of_machine(error: BaseException) -> bool:
    """Whether it says that this machine lacks memory, room or a library of the system."""
    if is_a(error, MemoryError):
        return True
    if is_a(error, OSError):
        return type(raw(error, OSError, "errno")) is int and not is_a(error, FileNotFoundError)
    return is_a(error, ImportError) and any(text in said(error) for text in SYSTEM_LIBRARY)


def place(error: BaseException) -> str:
    """The last file and line, of whoever's modules, that an error went through."""
    for frame in reversed(frames_of(error)):
        file = frame.f_code.co_filename
        if not file.startswith("<") and os.path.dirname(file) != PACKS:
            tail = file.rpartition("site-packages")[2].replace(os.sep, "/").lstrip("/")
            return f"{tail}:{frame.f_lineno}"
    return ""


def leave_out_packages(module: str) -> None:
    """Put the packages around a module where it finds them, without running their code."""
    parts = module.split(".")[:-1]
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        spec = util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            return
        package = ModuleType(name)
        package.__spec__, package.__path__ = spec, list(spec.submodule_search_locations)
        sys.modules[name] = package
        if depth > 1:
            setattr(sys.modules[".".join(parts[: depth - 1])], parts[depth - 1], package)


class StandIns:
    """Finds a module that has every name, each a class, for what is not installed."""

    def __init__(self, tops: Sequence[str]) -> None:
        self.tops = frozenset(tops)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in self.tops:
            return None
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is."""


class StandIn(ModuleType):
    """A module of which every name is there."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception,), {"__class_getitem__": classmethod(lambda cls, of: cls)})
        setattr(self, name, made)
        return made


if __name__ == "__main__":
    main()
