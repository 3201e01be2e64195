"""The report as GitHub-flavoured Markdown, for a job summary or a comment."""

from __future__ import annotations

import html
import re

from fanout.model import CellReport, Result
from fanout.report import NoVerdict, PromiseReport, Report, spans
from fanout.text import GLYPHS, heading, why


def markdown(report: Report) -> str:
    """The whole report; every text from evidence is escaped."""
    parts = [f"**{report.summary}**", table(report)]
    for title, promises in (
        ("Broken promises", report.broken),
        ("Known breaks, listed by the pack", report.known_breaks),
        ("Broken outside what the pack supports", report.unsupported),
    ):
        if promises:
            parts += [f"### {title}", *(promise_item(report, found) for found in promises)]
    if report.without_verdict:
        parts += [
            "### No verdict",
            *(reason_item(report, found) for found in report.without_verdict_by_reason),
        ]
    return "\n\n".join(parts) + "\n"


def table(report: Report) -> str:
    cells = {cell.cell.name: cell for cell in report.cells}
    heads = [heading(report, ref).strip().replace("\n", " ") for ref in report.core_refs]
    rows = [["pack", *map(escape, heads)], ["---"] * (len(heads) + 1)]
    for pack in report.packs:
        found = (cells.get(f"{pack}-{ref}") for ref in report.core_refs)
        rows.append([pack, *map(cell_text, found)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cell_text(cell: CellReport | None) -> str:
    if cell is None:
        return ""
    broken = len(cell.promises(Result.BROKEN))
    return f"{GLYPHS[cell.outcome][0]} {cell.outcome}" + (f" {broken}" if broken else "")


def promise_item(report: Report, found: PromiseReport) -> str:
    promise = found.promise
    lines = [
        f"- **{escape(promise.says or promise.name)}**",
        f"  {escape(found.pack)}, owned by {escape(found.owner)}, {escape(promise.name)}",
        f"  in {escape(spans(found.cells, report.core_refs))}",
    ]
    if promise.known_break:
        lines.append(f"  listed: {escape(promise.known_break)}")
    said = "\n".join(why(promise.message, promise.text))
    lines.append(f"  <pre>{html.escape(said)}</pre>".replace("\n", "<br>"))
    lines.append(f"  `{found.command}`")
    return "  \n".join(lines)


def reason_item(report: Report, found: NoVerdict) -> str:
    where = f"{found.pack}, {spans(found.cells, report.core_refs)}"
    return f"- **{escape(where)}**: {found.outcome}: {escape(found.reason)}  \n  `{found.command}`"


def escape(text: str) -> str:
    """One line of plain text: no markup, no mention, no link, no cell border."""
    line = re.sub(r"([\\`*_{}\[\]#|~!])", r"\\\1", " ".join(text.split()))
    line = html.escape(line, quote=False)
    # A zero-width space is what keeps a name or an address from becoming a mention or a link.
    return line.replace("@", "@\u200b").replace("://", ":\u200b//")
