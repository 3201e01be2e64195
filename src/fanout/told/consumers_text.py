"""The consumers of a Core as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fanout.cells.live import Imported
from fanout.consumers.answer import Consumer, Consumers, PackOf, Run
from fanout.consumers.imports import Imports
from fanout.consumers.installs import Found, Installs
from fanout.consumers.takes import Takes
from fanout.model import version_of
from fanout.wording import fitted, number

LONGEST_WHY = 300  # characters of why a module cannot be imported
LONGEST_SHOWN = 100  # characters of what a release declares


def print_consumers(answer: Consumers, in_full: bool, console: Console) -> None:
    """Print a line for each consumer; in full, what its releases of a year declared as well."""
    console.print(Text(f"Who takes up Core {answer.core}:\n"))
    console.print(overview(answer))
    for line in (*unresolved(answer), *unimported(answer)):
        console.print(Text(line))
    for one in answer.consumers if in_full else ():
        console.print(Text(f"\n{one.distribution}, in the year up to its newest release:\n"))
        console.print(history(one))
    if not in_full:
        console.print(Text("\nName a consumer to see what its releases of a year declared."))


def overview(answer: Consumers) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    asked = any(one.installs for one in answer.consumers)
    live = any(one.imports for one in answer.consumers)
    more = [head for head, there in (("installs", asked), ("imports", live)) if there]
    for head in ("consumer", "newest", "of", "takes up", *more):
        table.add_column(head, no_wrap=True)
    table.add_column("declares", overflow="fold")
    table.add_column("pack of")
    for one in answer.consumers:
        cells = (newest(one), f"{one.at:%Y-%m-%d}" if one.at else "unknown", one.takes)
        installs = [installable(one.installs)] if asked else []
        installs += [one.imports.found if one.imports else "no cell"] if live else []
        rest = (fitted(one.declared.shown, LONGEST_SHOWN), read_from(one.pack))
        table.add_row(*map(Text, (one.distribution, *cells, *installs, *rest)))
    return table


def newest(one: Consumer) -> str:
    if not one.newest:
        return "all yanked"
    at = version_of(one.newest)
    gone = [f", {version} yanked" for version in one.yanked if version_of(version) > at]
    return one.newest + "".join(gone)


def installable(found: Installs | None) -> str:
    """What the resolver says: as declared, and failing that, whatever is declared."""
    if found is None:
        return "no release"
    if found.declared.found is Found.NO and found.forced.found is Found.YES:
        return "if forced"
    return found.declared.found


def read_from(found: PackOf | None) -> str:
    if found is None:
        return "no pack"
    said = f"{found.release}{', yanked' if found.yanked else ''}"
    if not found.behind:
        return said
    days = "" if found.days is None else f", {number(found.days, 'day')}"
    return f"{said}: {number(found.behind, 'release')}{days} behind"


def history(one: Consumer) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("releases", "declare"):
        table.add_column(head)
    for run in reversed(one.runs):
        table.add_row(
            Text(span(run)),
            Text(fitted(run.declared.shown, LONGEST_SHOWN) + ("" if run.met else ": no Core")),
        )
    for version in reversed(one.yanked):
        table.add_row(Text(version), Text("yanked"))
    return table


def span(run: Run) -> str:
    if run.releases == 1:
        return run.first
    return f"{run.first} to {run.last}, {number(run.releases, 'release')}"


def unresolved(answer: Consumers) -> Iterator[str]:
    """What a resolver says, in its own words, of whom it finds no set for, and of all together.

    That a range leaves the Core out is told with the range.
    """
    for one in answer.consumers:
        if one.installs and not one.installs.fine(forced=one.takes is not Takes.AT_ONCE):
            yield f"\n{said(f'{one.distribution} {one.newest}', one.installs)}"
    if answer.together:
        yield f"\n{said(f'All {len(answer.together.releases)} together', answer.together)}"


def unimported(answer: Consumers) -> Iterator[str]:
    """What cannot be imported, and whose fault that is, with the command that asks again."""
    for one in answer.consumers:
        if one.imports and one.imports.found is not Imported.YES:
            release = one.imports.release or one.known
            lines = [f"  {line}" for line in faults(one.imports)]
            lines += [f"  errored: {one.imports.why}"] if one.imports.why else []
            head = f"\n{one.distribution} {release}, imported with it:"
            yield "\n".join([head, *lines, f"  $ tox run -e {one.imports.cell}"])


def faults(imports: Imports) -> Iterator[str]:
    """What went wrong, once, with the modules that it stopped."""
    together: dict[tuple[Imported, str], list[str]] = {}
    for one in imports.faults:
        name = one.name.removeprefix("undeclared: ")
        together.setdefault((one.imported, one.message), []).append(one.says or name)
    for (fault, message), names in together.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield fitted(f"{fault}: {names[0]}{more}: {message}", LONGEST_WHY)


def said(who: str, found: Installs) -> str:
    declared, forced = found.declared, found.forced
    if declared.found is Found.YES:
        return f"{who} can be installed with it: {number(declared.distributions, 'distribution')}"
    for one in (forced, declared):
        if one.found is Found.UNKNOWN:
            return f"{who}: the resolver gave no answer: {one.why}"
    if forced.found is Found.YES:
        return f"{who} can be installed with it only if forced: {declared.why}"
    return f"{who} cannot be installed with it: {forced.why}"
