"""The child of a live cell that asks a consumer's own classes what its pack says of them.

Each function of a pack's `drift.py` whose name does not begin with `_` states a fact in its
docstring, and gives two values: what the pack says, and what the consumer does. Where these differ,
the pack has drifted from its consumer.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import cast

PACKS = str(Path(__file__).resolve().parent)
sys.path.insert(0, PACKS)

from alone import leave_out_packages, stand_in_for  # noqa: E402
from evidence import OWN, UNDECLARED, Result  # noqa: E402
from fault import fault  # noqa: E402
from journal import Writer  # noqa: E402
from lifeline import hold  # noqa: E402
from outside import Outside  # noqa: E402
from sight import MADE_UP  # noqa: E402

FILE = "drift.py"
DRIFT = "drift"
LONGEST = 500  # characters of a value


def main() -> None:
    parser = ArgumentParser(allow_abbrev=False)
    parser.add_argument("--pack", required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--by-itself", default="", metavar="PACKAGE,…")
    parser.add_argument("--stand-in", default="", metavar="MODULE,…")
    parser.add_argument("--lifeline", type=int)
    options = parser.parse_args()
    hold(options.lifeline)
    for package in filter(None, options.by_itself.split(",")):
        leave_out_packages(f"{package}.")
    stand_in_for(options.stand_in.split(","))
    sys.path.insert(0, options.pack)
    sys.dont_write_bytecode = True  # an edit in the same second would not be seen
    journal = Writer(options.journal)
    journal.tell(running=FILE)
    own = (os.getcwd(), str(journal.file))
    outside = Outside(os.path.basename(options.pack), *own, overlooks=MADE_UP)
    outside.running = lambda: FILE
    outside.listen()
    try:
        facts = facts_of(importlib.import_module(DRIFT))
        result = Result() if facts else Result("error", "no-facts", "it has no function")
    except BaseException as error:  # whatever a module does
        facts, result = {}, blamed(error)
    journal.results({FILE: result})
    for name, fact in facts.items():
        journal.tell(running=name)
        journal.results({name: compared(fact)})
    journal.tell(running="", **outside.told())
    journal.tell(code=0)
    os._exit(0)


def facts_of(module: object) -> dict[str, Callable[[], object]]:
    """The functions of a module that are facts, by the names that they have in evidence."""
    own = {name: value for name, value in vars(module).items() if inspect.isfunction(value)}
    return {
        f"{FILE}::{name}": value
        for name, value in own.items()
        if value.__module__ == DRIFT and name[0] != "_"
    }


def compared(fact: Callable[[], object]) -> Result:
    """Whether a pack and its consumer agree on a fact, or both values."""
    try:
        values = fact()
        if inspect.iscoroutine(values):
            values = asyncio.run(values)
        said, done = cast(tuple[object, object], values)
        result = Result() if said == done else differ(said, done)
    except BaseException as error:  # whatever a consumer does
        result = blamed(error)
    result.properties = {"promise": inspect.cleandoc(fact.__doc__ or "")}
    return result


def differ(said: object, done: object) -> Result:
    both = f"the pack says {repr(said)[:LONGEST]}, and the consumer {repr(done)[:LONGEST]}"
    return Result("failure", DRIFT, both)


def blamed(error: BaseException) -> Result:
    """What comes of a consumer that cannot be asked: drift too, unless it is Core's fault."""
    result = fault(error)
    if result.type in (OWN, UNDECLARED):
        return Result("failure", DRIFT, f"it cannot be asked: {result.message}", result.text)
    return result


if __name__ == "__main__":
    main()
