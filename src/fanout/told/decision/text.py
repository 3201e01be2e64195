"""The answer for a terminal: the first line decides; readable without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from fanout.told.decision.account import Account
from fanout.told.decision.section import UNEXPLAINED, Entry, Group
from fanout.told.report import some
from fanout.told.report_text import print_answer
from fanout.wording import wrapped

WIDTH_OF_PACK = 14
WIDTH_OF_VERDICT = 16


def print_account(account: Account, console: Console) -> None:
    """Print the whole account; no line is padded, and no command is broken in two."""
    print_answer(account.headline, console)
    for line in lines(account, console.width):
        console.print(Text(line), soft_wrap=True)


def lines(account: Account, width: int) -> Iterator[str]:
    """The lines below the first."""
    yield from account.compared
    yield ""
    for pack, verdict, counted in account.packs:
        yield f"{pack:<{WIDTH_OF_PACK}}{verdict:<{WIDTH_OF_VERDICT}}{counted}"
    yield from aligned(account.consumers)
    for section in account.sections:
        yield ""
        yield f"{section.title}: {section.promises}"
        for place, group in enumerate(section.groups):
            if place and not group.changes:
                yield from ("", f"  {UNEXPLAINED}")
            yield from group_lines(group, width)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows with their columns below each other, after an empty line if there are any."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if rows:
        yield ""
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def group_lines(group: Group, width: int) -> Iterator[str]:
    """The cause, if it is known, and then the entries of each pack."""
    if group.changes:
        yield ""
        yield f"  What changed in Core since {group.since}:"
    for change in group.changes:
        yield from wrapped(change.says, 4, width)
    for many in group.many:
        yield ""
        yield f"  {many.says}"
        for line in (*many.facts, *many.quoted):
            yield from wrapped(line, 4, width)
        yield from pack_lines(many.entries, width)
    yield from pack_lines(group.entries, width)


def pack_lines(entries: Sequence[Entry], width: int) -> Iterator[str]:
    for (pack, owner), of_pack in groupby(entries, key=lambda entry: (entry.pack, entry.owner)):
        yield ""
        yield f"  {pack}" + (f", owned by {owner}" if owner else "")
        for command, members in groupby(of_pack, key=lambda entry: entry.command):
            for entry in members:
                if entry.lines:
                    yield ""
                yield from entry_lines(entry, width)
            if command:
                yield f"      $ {command}"


def entry_lines(entry: Entry, width: int) -> Iterator[str]:
    """What an entry says, with its names if they are many, and its facts below."""
    names = f": {', '.join(some(entry.names))}" if len(entry.names) > 1 else ""
    yield from wrapped(f"{entry.says}{names}", 4, width)
    for line in (*entry.lines, *entry.quoted):
        yield from wrapped(line, 6, width)
