"""The strength of a pack as text for people."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fanout.strength.answer import Fate, MutantReport, Strength, Strengths
from fanout.wording import number

SHOWN = 40  # survivors in full; a program reads all of them


def print_strengths(answer: Strengths, console: Console) -> None:
    for number_of, one in enumerate(answer.packs):
        if number_of:
            console.print()
        print_strength(one, console)


def print_strength(answer: Strength, console: Console) -> None:
    """The table of kinds, each survivor and false alarm, and the score."""
    console.print(kinds(answer))
    for title, fate in (("survived", Fate.SURVIVED), ("false alarm", Fate.REFUSED)):
        found = answer.having(fate)
        for one in found[:SHOWN]:
            console.print()
            print_report(one, title, console)
        if len(found) > SHOWN:
            more = f"and {len(found) - SHOWN} more: see --format json"
            console.print(Text(f"\n{more}"))
    console.print()
    for line in summary(answer):
        console.print(Text(line), soft_wrap=True)


def kinds(answer: Strength) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("kind")
    for name in ("mutants", "noticed", "survived", "listed"):
        table.add_column(name, justify="right")
    for one in answer.kinds:
        name = one.kind if one.breaking else f"{one.kind} (compatible)"
        counts = (one.mutants, one.noticed, one.survivors, one.equivalent)
        table.add_row(name, *(str(count) if count else "·" for count in counts))
    return table


def summary(answer: Strength) -> list[str]:
    errored, alarms = answer.having(Fate.ERRORED), answer.having(Fate.REFUSED)
    accepted, not_met = answer.having(Fate.ACCEPTED), answer.having(Fate.NOT_MET)
    lines = [
        f"{answer.pack} on Core {answer.core}: {answer.score:.1f} %:"
        f" {answer.noticed} of {number(answer.counted, 'breaking mutant')} noticed"
        f"{f', {len(errored)} of them errored' if errored else ''}",
        f"{number(len(alarms), 'false alarm')} of {len(accepted) + len(alarms)} compatible mutants;"
        f" {len(not_met)} breaking mutants that no use meets; {answer.seconds:.0f} s",
    ]
    if answer.sample:
        lines.append(f"a sample of {answer.sample}, by seed {answer.seed}")
    lines += [f"error: {complaint}" for complaint in answer.complaints]
    if answer.floor < answer.floor_before:
        lines.append(f"the floor fell from {answer.floor_before:g} to {answer.floor:g} %")
    if answer.score < answer.floor:
        lines.append(f"weaker than the floor of {answer.floor:g} % in pack.toml")
    elif answer.score > answer.floor and not answer.sample:
        lines.append(f"stronger than the floor of {answer.floor:g} %: set floor = {answer.score}")
    return lines


def print_report(one: MutantReport, title: str, console: Console) -> None:
    console.print(Text(f"{title}: {one.id}", style="bold"), soft_wrap=True)
    if one.use:
        console.print(Text(f"  {one.use.file}:{one.use.line}: {one.use.text}"), soft_wrap=True)
    for name in (*one.broken, *one.errored):
        console.print(Text(f"  broken: {name}: {one.message}"), soft_wrap=True)
    for line in one.diff.splitlines():
        console.print(Text(f"    {line}"), soft_wrap=True)


def print_mutant(one: MutantReport, wheel: Path | None, console: Console) -> None:
    """One mutant, its diff, and how to run it for real."""
    print_report(one, one.fate, console)
    if one.reason:
        console.print(Text(f"listed as equivalent: {one.reason}"), soft_wrap=True)
    if wheel:
        console.print(Text(f"run it for real: fanout check {wheel}"), soft_wrap=True)
