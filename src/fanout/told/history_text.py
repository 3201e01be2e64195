"""The history for a terminal, readable without colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fanout.history.past import CellHistory, Past, PromiseHistory
from fanout.wording import number


def print_past(past: Past, console: Console, cell: str = "") -> None:
    """Print how many runs there are, what is broken now, what else was, and what the cells take.

    The cells are summed up by pack unless one of them was asked for.
    """
    console.print(Text(number(past.runs, "run"), "bold"))
    console.print()
    for title, found in by_need(past.promises):
        console.print(Text(f"{title}: {len(found)}", "bold"))
        console.print()
        console.print(promises(found))
        console.print()
    if past.on_candidates:
        more = f"{number(past.on_candidates, 'promise')} broken on a candidate or baseline alone"
        console.print(Text(f"{more}: `--cell <pack>-core_candidate` shows them."))
        console.print()
    if not past.promises:
        console.print(Text("No promise that is or was broken on a Core ref."))
        console.print()
    if past.cells:
        console.print(cells(past.cells) if cell else packs(past.cells))
    else:
        console.print(Text("No cell."))


def by_need(
    found: Sequence[PromiseHistory],
) -> Iterator[tuple[str, Sequence[PromiseHistory]]]:
    """The promises in the order in which somebody has to look at them."""
    groups: dict[str, list[PromiseHistory]] = {"Broken now": [], "Flaky": [], "Not broken now": []}
    for one in found:
        flaky = "Flaky" if one.disagreeing else "Not broken now"
        groups["Broken now" if one.broken else flaky].append(one)
    yield from ((title, members) for title, members in groups.items() if members)


def promises(found: Sequence[PromiseHistory]) -> Table:
    """Two lines or more for each promise, those of a pack under its name."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("promise", ratio=1, overflow="fold")
    for head in ("last green", "first red", "flips", "flaky"):
        table.add_column(head, overflow="fold")
    for pack, group in groupby(found, attrgetter("pack")):
        table.add_row(Text(pack, "bold"))
        for one in group:
            table.add_row(
                Padding(Text(one.says or one.name), (0, 0, 0, 2)),
                Text(f"{one.last_green}\n{day(one.last_green_at)}" if one.last_green else "never"),
                Text(f"{one.first_red}\nfor {number(one.age_in_days, 'day')}")
                if one.age_in_days is not None
                else Text("never"),
                Text(f"{one.flips} by ref\n{one.flips_in_time} in time"),
                Text(f"{one.disagreeing} of {one.compared}" if one.compared else "unknown"),
            )
    return table


def packs(found: Sequence[CellHistory]) -> Table:
    """One line for each pack: what a run of each of its cells takes, and which takes longest."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("pack", overflow="fold")
    table.add_column("cells", justify="right")
    table.add_column("runs", justify="right")
    table.add_column("newest outcomes", ratio=1)
    table.add_column("all cells", justify="right")
    table.add_column("longest cell", overflow="fold")
    for pack, group in groupby(found, attrgetter("pack")):
        of_pack = list(group)
        outcomes = Counter(one.newest for one in of_pack)
        timed = [one for one in of_pack if one.median is not None]
        longest = max(timed, key=lambda one: one.median or 0, default=None)
        table.add_row(
            Text(pack),
            str(len(of_pack)),
            str(sum(one.runs for one in of_pack)),
            Text(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())),
            seconds(sum(one.median or 0 for one in timed) if timed else None),
            Text(f"{longest.cell}\n{seconds(longest.median)}" if longest else ""),
        )
    return table


def cells(found: Sequence[CellHistory]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("cell", "runs", "newest outcome", "on", "median", "longest"):
        table.add_column(head, overflow="fold")
    for one in found:
        table.add_row(
            Text(one.cell),
            str(one.runs),
            Text(one.newest),
            day(one.newest_at),
            seconds(one.median),
            seconds(one.longest),
        )
    return table


def day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


def seconds(took: float | None) -> str:
    return "" if took is None else f"{took:.1f} s"
