"""The map of a Core as text for people: what packs pin of it, what is used, what is free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Console
from rich.text import Text

from fanout.consumers.coverage.core_map import CoreMap, Mapped, State
from fanout.model import PACKAGE
from fanout.wording import number

TITLES = {
    State.USED: "Used, and pinned by nobody",
    State.PINNED: "Pinned",
    State.FREE: "Used by nobody, as far as is seen: Core may change it freely",
}


def print_map(answer: CoreMap, console: Console) -> None:
    """The totals, and then each state, module by module."""
    console.print(Text(totals(answer)), soft_wrap=True)
    for state, title in TITLES.items():
        found = answer.of(state)
        console.print(Text(f"\n{title}: {len(found)}", "bold"))
        for line in modules(found):
            console.print(Text(line), soft_wrap=True)


def totals(answer: CoreMap) -> str:
    counts = ", ".join(
        f"{answer.totals[state]} {says}"
        for state, says in (
            (State.PINNED, "pinned"),
            (State.USED, "used and pinned by nobody"),
            (State.FREE, "used by nobody"),
        )
    )
    return (
        f"Core {answer.core} has {number(len(answer.symbols), 'public symbol')}: {counts}."
        f"\nRead: {', '.join(answer.consumers)}"
    )


def modules(found: Iterable[Mapped]) -> Iterator[str]:
    """The symbols of each module, the members of a class on one line where they fare alike."""
    for module, inside in groupby(found, key=lambda one: one.module):
        yield f"  {module or PACKAGE}"
        for (top, who), members in groupby(sorted(inside, key=together), key=together):
            names = [one.inside.partition(".")[2] for one in members]
            by = f" ({', '.join(who)})" if who else ""
            yield f"    {symbol(top, [name for name in names if name], '' in names)}{by}"


def together(one: Mapped) -> tuple[str, tuple[str, ...]]:
    return one.inside.partition(".")[0], one.packs or one.consumers


def symbol(top: str, members: list[str], itself: bool) -> str:
    if itself:
        return f"{top}, with {', '.join(members)}" if members else top
    return f"of {top}: {', '.join(members)}"
