"""The report for a terminal, readable without colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fanout.core.refs import CoreRef
from fanout.model import CellReport, Outcome, Result
from fanout.told.report import Found, PromiseReport, Report, some, told
from fanout.wording import GLYPHS, TAKEN_OVER, number, outcome_words, signed, wrapped

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.ERRORED: "bold yellow",
    Outcome.MISSING: "bold yellow",
    Outcome.UNSUPPORTED: "dim",
}
STYLES_OF_ANSWER = {"release": "bold green", "hold": "bold red", "unknown": "bold yellow"}
WIDTH_OF_PACK = 14
WIDTH_OF_CELL = 16


def print_report(report: Report, console: Console) -> None:
    """Print the matrix, then what is broken and why, then the answer as the last line."""
    at_once = max(1, (console.width - WIDTH_OF_PACK) // WIDTH_OF_CELL)
    columns = report.columns()
    for start in range(0, len(columns), at_once):
        console.print(table(report, columns[start : start + at_once]))
        console.print()
    print_promises(console, report, "Broken promises", report.broken)
    print_without_verdict(console, report)
    print_promises(console, report, "Known breaks, listed by the pack", report.known_breaks)
    print_promises(console, report, "Broken outside what the pack supports", report.unsupported)
    print_will_break(console, report)
    print_not_applicable(console, report)
    for taken in report.taken_over:
        where = report.spans(taken.cells)
        console.print(Text(f"{TAKEN_OVER} taken over, {taken.ran}: {taken.pack}, {where}"))
    for strength in report.strength:
        console.print(Text(f"Strength of {strength.pack}: {strength.says}"))
    for coverage in report.coverage:
        console.print(Text(f"Coverage of {coverage.pack}: {coverage.says}"))
    console.print(Text(report.age))
    console.print(Text(report.summary))
    print_answer(report.answer, console)


def print_answer(text: str, console: Console) -> None:
    """Print an answer and why, in the colour of its first word, as one line."""
    console.print(Text(text, STYLES_OF_ANSWER[text.partition(":")[0]]), soft_wrap=True)


def table(report: Report, columns: Sequence[tuple[str, ...]]) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("", width=WIDTH_OF_PACK - 1)
    for column in columns:
        grid.add_column(Text(report.heading(column)), width=WIDTH_OF_CELL - 1)
    for pack in report.packs:
        row = [
            [cell for ref in column for cell in report.of_core_ref[ref] if cell.cell.pack == pack]
            for column in columns
        ]
        grid.add_row(Text(pack), *(Text(folded(words(alike)), style(alike)) for alike in row))
    return grid


def folded(said: str) -> str:
    """What a cell says, one fact a line, as narrow as a column is."""
    return said.replace(", ", ",\n  ")


def words(alike: Sequence[CellReport]) -> str:
    """A glyph and what cells that are alike say; nothing where no cell is expected."""
    if not alike:
        return ""
    cell = alike[0]
    known = cell.outcome is Outcome.PASSED and cell.counts.known_breaks
    glyph = GLYPHS[Result.KNOWN_BREAK if known else cell.outcome]
    taken_over = any(one.evidence and one.evidence.taken_over for one in alike)
    return f"{glyph} {signed(outcome_words(cell.outcome, cell.counts), taken_over)}"


def style(alike: Sequence[CellReport]) -> str:
    return STYLES[alike[0].outcome] if alike else ""


def print_promises(
    console: Console, report: Report, title: str, promises: Sequence[PromiseReport]
) -> None:
    if not promises:
        return
    console.print(Text(f"{title}: {len(promises)}", "bold"))
    for found in promises:
        promise = found.promise
        console.print()
        console.print(indented(Text(promise.says or promise.name, "red"), 2))
        where = f"in {number(len(found.cells), 'cell')}: {report.spans(found.cells)}"
        facts = told(promise, found.pack, found.owner, where, found.listed, found.because)
        print_facts(console, facts, 4)
        print_command(console, found)
    console.print()


def print_will_break(console: Console, report: Report) -> None:
    if not report.will_break:
        return
    title = "Will break, as Core says of what these promises use"
    console.print(Text(f"{title}: {len(report.will_break)}", "bold"))
    for one in report.will_break:
        console.print()
        console.print(indented(Text(one.says, "yellow"), 2))
        for user in one.users:
            where = report.spans(user.cells)
            facts = (f"{user.pack}, owned by {user.owner}, on {where}", *some(user.promises))
            console.print(indented(Text("\n".join(facts)), 4))
    console.print()


def print_without_verdict(console: Console, report: Report) -> None:
    if not report.without_verdict:
        return
    cells = [cell for found in report.without_verdict for cell in found.cells]
    console.print(Text(f"No verdict: {number(len(cells), 'cell')}", "bold"))
    for found in report.without_verdict:
        console.print()
        where = f"{found.pack}, {report.spans(found.cells)}"
        console.print(indented(Text(f"{found.outcome}: {where}", "yellow"), 2))
        console.print(indented(Text(found.reason), 4))
        print_command(console, found)
    console.print()


def print_command(console: Console, found: Found) -> None:
    """Print a command as one line however long it is, or it could not be pasted."""
    console.print(Text(f"    $ {found.command}"), soft_wrap=True)


def print_facts(console: Console, facts: Iterable[str], columns: int) -> None:
    """Print facts one below the other; of a quoted one each line has its mark, also if it wraps."""
    for fact in facts:
        for line in wrapped(fact, columns, console.width):
            console.print(Text(line), soft_wrap=True)


def indented(text: Text, columns: int) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def print_not_applicable(console: Console, report: Report) -> None:
    found: dict[str, list[str]] = {}
    for cell in report.cells:
        if promises := cell.promises(Result.NOT_APPLICABLE):
            said = f"{cell.cell.pack}: {number(len(promises), 'promise')}"
            found.setdefault(said, []).append(cell.cell.name)
    if found:
        console.print(Text("Not applicable, outside the Core range that they name:"))
        for said, cells in found.items():
            where = f"{said} on {report.spans(tuple(cells))}"
            console.print(indented(Text(where), 2))
        console.print()


def print_cores(refs: Sequence[CoreRef], console: Console) -> None:
    """Print one line for each Core ref: its version, its content, and where that was first."""
    heads = ("Core ref", "version", "content", "same as", "tox.ini", "index")
    grid = Table(*heads, box=None, pad_edge=False)
    for ref in refs:
        grid.add_row(
            f"core_{ref.factor}",
            ref.version,
            ref.digest[:12] or "unknown",
            ref.same_as,
            "yes" if ref.in_table else "missing",
            "yanked" if ref.yanked else "yes" if ref.on_index else "not there",
        )
    console.print(grid)
