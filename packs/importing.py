"""The child of a live cell: it looks at a consumer as it is installed, or imports one module of it.

What it finds it tells its runner, which alone writes evidence. Nothing of pytest is imported here,
and what else is of the harness has gone from `sys.modules` and `sys.path` before a module is.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path

PACKS = str(Path(__file__).resolve().parent)
BEFORE = set(sys.modules)
sys.path.insert(0, PACKS)

from alone import leave_out_packages, stand_in_for  # noqa: E402
from consumer import imports, read_modules, relying_on_core, tops, undeclared  # noqa: E402
from evidence import OWN, UNDECLARED, UNFINISHED, Result  # noqa: E402
from fault import fault  # noqa: E402
from guard import PACKAGE, digest, guard  # noqa: E402
from journal import Writer  # noqa: E402
from lifeline import hold  # noqa: E402
from outside import Outside  # noqa: E402
from pack import HarnessError, pack_digest  # noqa: E402
from sight import MADE_UP  # noqa: E402

PLACES = 3  # that are named


def main() -> None:
    options = arguments()
    hold(options.lifeline)
    journal = Writer(options.journal)
    if options.module:
        forget_the_harness()
        stand_in = options.stand_in.split(",") if options.stand_in else []
        journal.tell(running=options.module)
        outside = Outside("", os.getcwd(), str(journal.file), overlooks=MADE_UP)
        outside.running = lambda: options.module
        outside.listen()
        result = judge(options.module, options.by_itself, stand_in)
        journal.results({options.module: result})
        journal.tell(**outside.told())
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


def forget_the_harness() -> None:
    sys.path.remove(PACKS)
    for name in set(sys.modules) - BEFORE:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if os.path.dirname(file) == PACKS or name.partition(".")[0] == "packaging":
            del sys.modules[name]


def look(options: Namespace, journal: Writer) -> None:
    """Tell what is installed, each module that imports Core, and what is not asked for.

    Again is when it is known what to import, or nothing is, and tells the first of these alone.
    """
    name, _, release = options.consumer.partition("==")
    from cell_key import reader  # takes long to import

    core = guard(options.core, options.cell)
    try:
        consumer = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise HarnessError(f"'{options.consumer}' is not installed") from error
    if release and consumer.version != release:
        raise HarnessError(f"'{name}' {consumer.version} is installed, not {release}")
    found = {f"{each.metadata['Name']}=={each.version}" for each in metadata.distributions()}
    about = vars(core) | {"consumer": name, "release": consumer.version}
    about["content"] = digest(consumer)
    pack = Path(PACKS, options.cell.partition("_live-core_")[0])
    about["pack-digest"] = pack_digest(pack)  # of what it says of the consumer, and of this file
    if reads := reader(relying_on_core(consumer)):
        about["reads"] = reads.name
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
            stand_in_for(stand_in)
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
    except BaseException:  # whatever the package around it does, which is imported for that
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


if __name__ == "__main__":
    main()
