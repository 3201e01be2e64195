"""Which releases of consumers go with which Cores, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from fanout.cells.live import Imported
from fanout.consumers.compatibility.answer import (
    Compatibility,
    Content,
    Fit,
    Installs,
    OfConsumer,
    Run,
    Share,
    contradictions,
)
from fanout.wording import fitted, number

OTHERWISE = {Imported.ERRORED: "?", Imported.OWN: "o"}
LONGEST_SHOWN = 60  # characters of what releases declare
LONGEST_WHY = 300
SIGNS = {Share.ALL: "✓", Share.SOME: "~", Share.NONE: "✗", Share.UNKNOWN: "?"}
INSTALLS = {
    Installs.YES: "✓",
    Installs.SOME: "~",
    Installs.FORCED: "f",
    Installs.NO: "✗",
    Installs.UNKNOWN: "?",
}
LEGEND = """\
Each place has four signs: declared, installs, imports, promises kept.
  ✓ yes, ✗ no, ~ some, of the releases or of the versions, ? nobody knows, · no evidence
  installs       f if what is declared of Core is set aside
  imports        ✓ or ✗ as a live cell said, + or - by reading alone; o for a fault of their own
  promises kept  of the release that the pack was read from; ~ if the others are known breaks
Add --core VERSION to see one Core, with the reasons."""


def print_compatibility(answer: Compatibility, console: Console) -> None:
    """Print the table and where it contradicts itself, or all about one Core.

    A terminal that is too narrow for the table does not cut it.
    """
    lines = one_core(answer) if answer.core else every_core(answer)
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def every_core(answer: Compatibility) -> Iterator[str]:
    for one in answer.consumers:
        yield from overview(one)
        yield ""
    yield from LEGEND.splitlines()
    for one in answer.consumers:
        yield from contradicting(one)


def one_core(answer: Compatibility) -> Iterator[str]:
    yield f"Which releases go with Core {answer.core}:"
    for one in answer.consumers:
        yield from ("", headline(one), "", *on_one(one))


def overview(one: OfConsumer) -> Iterator[str]:
    """A row for each run of releases, a column for each content of Core, the newest first."""
    heads = [ends(content) for content in one.contents]
    rows = [["", *(first for first, _ in heads)], [one.consumer, *(last for _, last in heads)]]
    for run in one.runs:
        rows.append([run.shown, *(map(sign, run.fits) if run.fits else "?" * len(heads))])
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]], between: int = 1) -> Iterator[str]:
    """The rows, in columns that are as wide as they must be."""
    widths = [max(map(len, column)) + between for column in zip(*rows, strict=True)]
    for row in rows:
        yield "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def ends(content: Content) -> tuple[str, str]:
    """The first and the last version of a content, to stand one below the other."""
    first, last = content.versions[0], content.versions[-1]
    return (first, f"–{last}") if first != last else ("", first)


def sign(fit: Fit) -> str:
    kept = ("~" if fit.excused else "✓") if fit.judged else "·"
    kept = "✗" if fit.unkept else kept
    return f"{SIGNS[fit.declared]}{INSTALLS[fit.installable]}{imports_sign(fit)}{kept}"


def imports_sign(fit: Fit) -> str:
    if fit.imports in OTHERWISE:
        return OTHERWISE[fit.imports]
    yes, no = ("✓", "✗") if fit.ran else ("+", "-")
    return yes if fit.importable else no


def headline(one: OfConsumer) -> str:
    """Which release to take, and what speaks against it if none is without contradiction."""
    run = one.nearest(0)
    if run is None:
        return f"{one.consumer}: no release could be read"
    fit, newest = run.fits[0], run.versions[-1]
    if not fit.whole:
        return f"{one.consumer}: none has all; {newest} comes nearest, but {against(run, fit)}"
    unknown = [] if fit.ran else ["its imports were only read"]
    unknown += [] if fit.judged else ["nothing is known of its promises"]
    but = f"; {', and '.join(unknown)}" if unknown else ""
    return f"{one.consumer} {newest} is the newest that has all{but}"


def against(run: Run, fit: Fit) -> str:
    """What speaks against some releases with a Core."""
    found = []
    if not fit.importable:
        found.append(f"imports: {imports(fit)}" + (f": {fit.fault}" if fit.fault else ""))
    if fit.installable not in (Installs.YES, Installs.FORCED):
        found.append(f"installs: {fit.installable}: {fit.refusal}")
    if fit.unkept:
        found.append(f"only {kept(fit)} promises are kept")
    if fit.declared is not Share.ALL:
        found.append(f"it declares {declares(run)}")
    return "; ".join(found)


def on_one(one: OfConsumer) -> Iterator[str]:
    rows = [["releases", "declared", "installs", "imports", "promises kept", "declare"]]
    for run in one.runs:
        fit = next(iter(run.fits), Fit())
        cells = (fit.declared, fit.installable, imports(fit), kept(fit), declares(run))
        rows.append([run.shown, *cells])
    return aligned(rows, 2)


def imports(fit: Fit) -> str:
    """What is known of imports, and how: what was only read is told as such."""
    if fit.imports is Imported.ERRORED:
        return "unknown"
    return f"{fit.imports}, {f'{fit.ran} ran' if fit.ran else 'read'}"


def kept(fit: Fit) -> str:
    if not fit.judged:
        return "not known"
    excused = f", {number(fit.excused, 'known break')}" if fit.excused else ""
    return f"{fit.kept} of {fit.judged}{excused}"


def declares(run: Run) -> str:
    ends = dict.fromkeys((*run.declares[:1], *run.declares[-1:]))
    return " to ".join(fitted(one, LONGEST_SHOWN) for one in ends)


def contradicting(one: OfConsumer) -> Iterator[str]:
    found = list(contradictions(one))
    if found:
        yield f"\n{one.consumer}, what is declared and what is so:"
    for each in found:
        cores = f"Core {', '.join(each.cores)}: " if each.cores else ""
        why = f" ({fitted(each.why, LONGEST_WHY)})" if each.why else ""
        yield f"  {cores}{each.releases} {each.says}{why}"
    if unread := [run for run in one.runs if run.unread]:
        yield f"\n{one.consumer}: {number(len(unread), 'run')} of releases not read:"
        yield from (f"  {run.shown}: {run.unread}" for run in unread)
