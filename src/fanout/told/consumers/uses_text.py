"""What consumers use of Core as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fanout.consumers.needs.across import Across, OnCore, Usages
from fanout.consumers.needs.disagreement import Disagreement, Disagreements
from fanout.consumers.needs.usage import How, Usage, UsedAt
from fanout.model import DISTRIBUTION
from fanout.wording import fitted, number

FAMILY = DISTRIBUTION.removesuffix("core")
LONGEST_RAN = 300
SHOWN = 20  # of what could not be followed; a program reads all of it


def print_usages(answer: Usages, console: Console) -> None:
    """Print the uses of each release, those that the Core cannot meet first, or the matrix."""
    for count, one in enumerate(answer.usages):
        console.print(Text(("\n" if count else "") + headline(one) + "\n"))
        for line in (*symbols(one), *unmet(one), *lost(one), *unseen(one)):
            console.print(Text(line), soft_wrap=True)
    if answer.across:
        console.print(matrix(answer.across))
        for release in answer.across:
            for line in reasons(release):
                console.print(Text(line), soft_wrap=True)
    for line in disagreeing(answer.disagreements):
        console.print(Text(line), soft_wrap=True)


def headline(one: Usage) -> str:
    files = {use.file for use in one.uses}
    return (
        f"{one.consumer} {one.release} uses Core {one.core} in {number(len(one.uses), 'place')}"
        f" of {number(len(files), 'file')}:"
    )


def symbols(one: Usage) -> Iterator[str]:
    """Each symbol, with a line for each way to use it and all its places."""
    by_symbol: dict[str, dict[str, list[UsedAt]]] = {}
    for use in one.uses:
        by_symbol.setdefault(use.symbol, {}).setdefault(manner(use), []).append(use)
    for symbol, manners in by_symbol.items():
        yield symbol
        yield from (f"  {how}: {', '.join(places(uses))}" for how, uses in manners.items())


def manner(use: UsedAt) -> str:
    """How a symbol is used, with what is given, and whether the code does without it."""
    gives = f"({use.gives})" if use.how in (How.CALL, How.CONSTRUCT) else use.gives
    guard = f", guarded by {use.guard}" if use.guard else ""
    return f"{use.how}{'' if gives.startswith('(') or not gives else ' '}{gives}{guard}"


def places(uses: Iterable[UsedAt]) -> Iterator[str]:
    for file, inside in groupby(uses, key=lambda use: use.file):
        yield f"{file}:{','.join(str(line) for line in dict.fromkeys(use.line for use in inside))}"


def unmet(one: Usage) -> Iterator[str]:
    broken = [use for use in one.uses if use.unmet]
    if not broken:
        yield f"\nCore {one.core} meets all of them, as far as they could be followed."
        return
    yield f"\nCore {one.core} cannot meet:"
    for use in sorted(broken, key=lambda use: bool(use.guard)):
        guard = f", guarded by {use.guard}" if use.guard else ""
        yield f"  {use.file}:{use.line}: {use.unmet}{guard}"


def lost(one: Usage) -> Iterator[str]:
    ignoring = [use for use in one.uses if use.ignored]
    if ignoring:
        yield f"\nCore {one.core} takes what it then loses:"
    yield from (f"  {use.file}:{use.line}: {use.ignored}" for use in ignoring)


def unseen(one: Usage) -> Iterator[str]:
    """What was not followed or read."""
    for shadow in one.shadows:
        yield f"\n{shadow} is put in the place of Core's own file; what uses that one is not told."
    if one.unread:
        yield f"\nNot read: {number(len(one.unread), 'file')}"
        yield from (f"  {file.file}: {file.why}" for file in one.unread)
    if one.not_followed:
        yield f"\nNot followed: {number(len(one.not_followed), 'place')} that may use Core"
        for place in one.not_followed[:SHOWN]:
            yield f"  {place.file}:{place.line}: {place.what}, {place.why}"
        if len(one.not_followed) > SHOWN:
            yield f"  and {len(one.not_followed) - SHOWN} more: see --format json"


def matrix(found: tuple[Across, ...]) -> Table:
    """How many uses of each release the Cores of each content cannot meet, the newest first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Core", no_wrap=True)
    for one in found:
        table.add_column(f"{one.consumer.removeprefix(FAMILY)} {one.release}", justify="right")
    for row in reversed(list(zip(*(one.cores for one in found), strict=True))):
        table.add_row(Text(span(row[0].cores)), *(Text(count(cell)) for cell in row))
    return table


def count(cell: OnCore) -> str:
    guarded = f" ({len(cell.guarded)} guarded)" if cell.guarded else ""
    return (f"✗ {len(cell.broken)}" if cell.broken else "✓") + guarded


def span(cores: tuple[str, ...]) -> str:
    return cores[0] if len(cores) == 1 else f"{cores[0]} to {cores[-1]}"


def reasons(found: Across) -> Iterator[str]:
    """Each thing that some Core lacks or loses, with those Cores and the first use of it."""
    heads = {
        "cannot have from Core": [[(use.unmet, use) for use in one.broken] for one in found.cores],
        "gives Core what it loses": [
            [(use.ignored, use) for use in one.ignored] for one in found.cores
        ],
    }
    for head, uses in heads.items():
        lacking: dict[str, list[OnCore]] = {}
        first: dict[str, UsedAt] = {}
        for one, said in zip(found.cores, uses, strict=True):
            for why, use in said:
                if one not in lacking.setdefault(why, []):
                    lacking[why].append(one)
                first.setdefault(why, use)
        if lacking:
            yield f"\n{found.consumer} {found.release} {head}:"
        for why, cores in sorted(lacking.items()):
            where = "every Core"
            if len(cores) < len(found.cores):
                every = [one.cores for one in found.cores]
                where = ", ".join(spans(every, [one.cores for one in cores]))
            yield f"  {why}: {where} ({first[why].file}:{first[why].line})"


def spans(every: Iterable[tuple[str, ...]], chosen: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The contents of Core that follow each other, of those that are chosen, as one span each."""
    for is_one, group in groupby(every, lambda one: one in chosen):
        if is_one:
            yield span(tuple(core for one in group for core in one))


def disagreeing(found: tuple[Disagreements, ...]) -> Iterator[str]:
    """Where reading and running disagree, each once, with the Cores on which they do."""
    if not found:
        return
    promises, modules = sum(one.promises for one in found), sum(one.modules for one in found)
    yield (
        f"\nWhere reading and running disagree, of {number(promises, 'promise')} and"
        f" {number(modules, 'module')} that ran:"
    )
    every: dict[str, list[tuple[str, ...]]] = {}
    together: dict[tuple[str, Disagreement], list[tuple[str, ...]]] = {}
    for on_content in found:
        release = f"{on_content.consumer} {on_content.release}"
        every.setdefault(release, []).append(on_content.cores)
        for one in on_content.found:
            together.setdefault((release, one), []).append(on_content.cores)
    for (release, one), cores in together.items():
        yield f"  {release}, Core {', '.join(spans(every[release], cores))}: {one.where}"
        yield f"    read: {one.read}"
        yield f"    ran:  {fitted(one.ran, LONGEST_RAN)}"
    if not together:
        yield "  nowhere"
