"""What packs pin of what consumers use, and what is new in a release, as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fanout.consumers.coverage.answer import Coverage, Coverages, Judged
from fanout.consumers.needs.against import Against
from fanout.consumers.needs.usage import UsedAt
from fanout.told.consumers.uses_text import manner, places
from fanout.wording import number


def print_coverages(answer: Coverages, console: Console) -> None:
    for count, one in enumerate(answer.packs):
        console.print(Text(("\n" if count else "") + headline(one) + "\n"), soft_wrap=True)
        console.print(kinds(one))
        for line in (*nobody(one), *excused(one), *aside(one), *idle(one), *one.complaints):
            console.print(Text(line), soft_wrap=True)


def headline(one: Coverage) -> str:
    excuse = f", and excuses {len(one.excused)}" if one.excused else ""
    return (
        f"The pack {one.pack} pins {one.pinned} of {number(len(one.uses), 'run-time use')} of Core"
        f" {one.core} in {one.consumer} {one.release}{excuse}:"
    )


def kinds(one: Coverage) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("kind")
    for name in ("uses", "pinned", "excused", "%"):
        table.add_column(name, justify="right")
    for kind in one.kinds:
        counts = (str(count) if count else "·" for count in (kind.uses, kind.pinned, kind.excused))
        table.add_row(kind.how, *counts, f"{kind.percent:g}")
    return table


def nobody(one: Coverage) -> Iterator[str]:
    if one.open:
        yield "\nPinned by nobody:"
    for says, uses in alike((found, found.lacks) for found in one.open):
        yield f"  {says}"
        yield f"    {', '.join(places(uses))}"


def excused(one: Coverage) -> Iterator[str]:
    if one.excused:
        yield "\nNot pinned, as pack.toml says why:"
    for says, uses in alike((found, found.reason) for found in one.excused):
        yield f"  {says} ({', '.join(places(uses))})"


def alike(found: Iterable[tuple[Judged, str]]) -> Iterator[tuple[str, list[UsedAt]]]:
    """The uses of which the same is said, with what that is."""
    together: dict[str, list[UsedAt]] = {}
    for one, why in found:
        unmet = f"; {one.use.unmet}" if one.use.unmet else ""
        said = f"{one.use.symbol}, {manner(one.use)}: {why}{unmet}"
        together.setdefault(said, []).append(one.use)
    yield from together.items()


def aside(one: Coverage) -> Iterator[str]:
    yield (
        f"\nNot counted: {one.guarded} guarded, {number(one.annotations, 'annotation')}, and"
        f" {number(one.not_followed, 'place')} that could not be followed."
    )


def idle(one: Coverage) -> Iterator[str]:
    if one.idle:
        yield "\nPromises that pin nothing that the release is seen to use:"
    for promise in one.idle:
        names = f" ({', '.join(promise.contract)})" if promise.contract else ""
        yield f"  {promise.promise}{names}"


def print_changes(answer: Against, console: Console) -> None:
    head = f"{answer.consumer} {answer.release}, against {answer.before}, with Core {answer.core}:"
    for line in (head, *changes(answer)):
        console.print(Text(line), soft_wrap=True)


def changes(one: Against) -> Iterator[str]:
    for title, uses in (("new", one.new), ("gone", one.gone)):
        yield f"\n{title}: {number(len(uses), 'way')} to use Core"
        for use in uses:
            unmet = f": {use.unmet}" if use.unmet and title == "new" else ""
            yield f"  {use.symbol}, {manner(use)} ({use.file}:{use.line}){unmet}"
