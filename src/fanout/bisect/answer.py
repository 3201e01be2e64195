"""The answer of a search: what broke a promise first, how that is known, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from pydantic import computed_field
from rich.console import Console
from rich.text import Text

from fanout.bisect.halving import JUDGED, Break
from fanout.bisect.judged import Judged
from fanout.cause.fewest import Cause, causes, failed
from fanout.errors import ExitCode, InvalidSearch, NothingFound
from fanout.model import Frozen, Standing
from fanout.surface.symbol import Surface
from fanout.told.report import told
from fanout.told.report_text import indented, print_facts
from fanout.wording import number

MOST_CHANGES = 12  # that are listed


class Commit(Frozen):
    """A commit of a Core's repository, as its author wrote it."""

    hash: str
    author: str
    date: str
    subject: str


class Bisection(Frozen):
    """The first Core ref, or commit, that breaks what the last one before it keeps.

    `first` is exact unless `skipped` holds those between the two that cannot be judged. `seen`
    is everything that is known of the range, oldest first; `earlier` names the breaks before
    this one, each by the one that keeps and the next known one that breaks.
    """

    schema_version: int = 1
    pack: str
    owner: str
    good: str
    bad: str
    first: Judged
    last: Judged
    skipped: tuple[Judged, ...] = ()
    earlier: tuple[tuple[str, str], ...] = ()
    seen: tuple[Judged, ...]
    causes: tuple[Cause, ...] = ()  # what changed in Core between the two
    commit: Commit | None = None
    command: str
    cells_run: int
    cells_reused: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.NO_VERDICT if self.skipped else ExitCode.FINE

    @property
    def summary(self) -> str:
        """The answer in one line."""
        broken = [promise.name for promise in self.first.broken]
        what = f"{broken[0]} of {self.pack}"
        if len(broken) > 1:
            what = f"{number(len(broken), 'promise')} of {self.pack}"
        if self.skipped:
            kind = "commit" if self.commit else "Core"
            others = f"one of the {number(len(self.skipped), kind)}"
            others = f"the {kind}" if len(self.skipped) == 1 else others
            return f"{titled(self.first)}, or {others} before it, is the first that breaks {what}"
        first = "the first commit" if self.commit else "the first"
        return f"{titled(self.first)} is {first} that breaks {what}"


def titled(one: Judged) -> str:
    """A Core by its version, or a commit with the version that it has."""
    if not one.name.startswith("core_"):
        return f"{one.name} ({one.version})" if one.version else one.name
    return f"Core {one.version}" + (" (a stand-in)" if one.source == "stand-in" else "")


def with_causes(found: Bisection, last: Surface, first: Surface) -> Bisection:
    """The answer with what changed in Core for each promise that broke."""
    broken = [
        (found.pack, failed(one.name, one.contract, one.message, one.text))
        for one in found.first.broken
    ]
    return found.model_copy(update={"causes": causes(broken, last, first)})


def check_ends(good: Judged, bad: Judged) -> None:
    """Raise InvalidSearch if the ends are not as they were named, NothingFound if that is open."""
    for end in (good, bad):
        if end.standing not in JUDGED:
            raise NothingFound(
                f"{titled(end)} cannot be judged: {end.standing}: {end.reason}",
                "mend that, or name another one",
            )
    said = tuple(end.standing for end in (good, bad))
    if said == (Standing.BROKEN, Standing.KEPT):
        raise InvalidSearch(
            f"{titled(good)} breaks it and {titled(bad)} keeps it",
            "bisect finds what broke, not what mended: name a good one before the break",
        )
    if said[0] is Standing.BROKEN:
        broken = good.broken[0].name
        raise InvalidSearch(
            f"{titled(good)} is not good: {broken} is broken there", "name an older one as good"
        )
    if said[1] is Standing.KEPT:
        raise InvalidSearch(
            f"{titled(bad)} is not bad: what {titled(good)} keeps is kept there",
            "name a newer one as bad, or another promise",
        )


def around(seen: Mapping[int, Judged], last: Break) -> tuple[Judged, ...]:
    """Those inside a break, none of which can be judged."""
    return tuple(seen[place] for place in range(last.kept + 1, last.broken))


def print_bisection(found: Bisection, console: Console) -> None:
    """Print the answer, then the promises that it breaks and why, then what it cost."""
    console.print(Text(found.summary, "bold"), soft_wrap=True)
    for line in facts(found):
        console.print(Text(f"  {line}"), soft_wrap=True)
    changed = [change for cause in found.causes for change in cause.changes]
    if found.causes:
        said = ":" if changed else " is not known to break it"
        console.print(Text(f"  what changed in Core between the two{said}"))
    for change in changed[:MOST_CHANGES]:
        console.print(indented(Text(change.says), 4))
    if len(changed) > MOST_CHANGES:
        console.print(Text(f"    {number(len(changed) - MOST_CHANGES, 'more change')}"))
    console.print()
    for promise in found.first.broken:
        console.print(indented(Text(promise.says or promise.name, "red"), 2))
        print_facts(console, told(promise, found.pack, found.owner), 4)
        console.print(Text(f"    $ {found.command}\n"), soft_wrap=True)
    reused = f", {found.cells_reused} reused from the history" if not found.commit else ""
    console.print(Text(f"{number(found.cells_run, 'cell')} run{reused}"))
    if not found.commit:
        console.print(Text("\nAll that changed in Core between the two, and who names it:\n"))
        console.print(Text(f"  $ fanout diff {found.last.version} {found.first.version}"))


def facts(found: Bisection) -> Iterator[str]:
    if found.commit:
        yield f"{found.commit.author}, {found.commit.date}: {found.commit.subject}"
    yield f"the last that keeps it: {titled(found.last)}"
    for one in found.skipped:
        yield f"cannot be judged: {titled(one)}: {one.standing}: {one.reason}"
    if found.earlier:
        name = {one.name: titled(one) for one in found.seen}
        yield f"it broke before: this is the break that {name.get(found.bad, found.bad)} shows"
        for last, first in found.earlier:
            yield f"an earlier break: kept on {name[last]}, broken on {name[first]}"
        yield f"as far as is known: {sequence(found.seen)}"


def sequence(seen: Sequence[Judged]) -> str:
    """What is known, oldest first, those that say the same taken together."""
    known = [one for one in seen if one.standing in JUDGED]
    runs = []
    for standing, group in groupby(known, lambda one: one.standing):
        names = [titled(one) for one in group]
        runs.append(f"{' to '.join(dict.fromkeys((names[0], names[-1])))} {standing}")
    return ", ".join(runs)
