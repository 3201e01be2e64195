"""The report as GitHub-flavoured Markdown, for a job summary or a comment."""

from __future__ import annotations

import html
import re

from fanout.cells.will_break import WillBreak
from fanout.told.report import NoVerdict, PromiseReport, Report, some, why
from fanout.told.report_text import words
from fanout.wording import TAKEN_OVER


def markdown(report: Report) -> str:
    """The whole report; every text from evidence is escaped."""
    parts = [f"**{report.summary}**", report.age, table(report)]
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
            *(reason_item(report, found) for found in report.without_verdict),
        ]
    if report.will_break:
        parts += ["### Will break", *(going_item(report, one) for one in report.will_break)]
    if report.taken_over:
        lines = [
            f"- {TAKEN_OVER} {one.pack}, {escape(report.spans(one.cells))}: {one.ran}"
            for one in report.taken_over
        ]
        parts += ["### Taken over", "\n".join(lines)]
    if report.strength:
        lines = [f"- {escape(one.pack)}: {escape(one.says)}" for one in report.strength]
        parts += ["### Strength of the packs", "\n".join(lines)]
    if report.coverage:
        lines = [f"- {escape(one.pack)}: {escape(one.says)}" for one in report.coverage]
        parts += ["### Coverage of the packs", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def table(report: Report) -> str:
    cells = {cell.cell.name: cell for cell in report.cells}
    columns = report.columns()
    heads = [escape(report.heading(column).replace("\n", ", ")) for column in columns]
    rows = [["pack", *heads], ["---"] * (len(heads) + 1)]
    for pack in report.packs:
        row = (
            [cells[name] for ref in column if (name := f"{pack}-{ref}") in cells]
            for column in columns
        )
        rows.append([pack, *map(words, row)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def promise_item(report: Report, found: PromiseReport) -> str:
    promise = found.promise
    lines = [
        f"- **{escape(promise.says or promise.name)}**",
        f"  {escape(found.pack)}, owned by {escape(found.owner)}, {escape(promise.name)}",
        f"  in {escape(report.spans(found.cells))}",
    ]
    lines += [f"  {escape(fact)}" for fact in (found.listed, found.because) if fact]
    said = "\n".join(why(promise.message, promise.text))
    lines.append(f"  <pre>{html.escape(said)}</pre>".replace("\n", "<br>"))
    lines.append(f"  {code(found.command)}")
    return "  \n".join(lines)


def going_item(report: Report, found: WillBreak) -> str:
    lines = [f"- **{escape(found.says)}**"]
    for user in found.users:
        where = f"{user.pack}, owned by {user.owner}, on {report.spans(user.cells)}"
        lines.append(f"  {escape(where)}: {escape(', '.join(some(user.promises)))}")
    return "  \n".join(lines)


def reason_item(report: Report, found: NoVerdict) -> str:
    where = f"{found.pack}, {report.spans(found.cells)}"
    return (
        f"- **{escape(where)}**: {found.outcome}: {escape(found.reason)}  \n  {code(found.command)}"
    )


def code(command: str) -> str:
    """A command as code, longer in its fence than any run of backticks in it."""
    fence = "`" * (max(map(len, re.findall("`+", command)), default=0) + 1)
    pad = " " if "`" in command else ""
    return f"{fence}{pad}{command}{pad}{fence}"


def escape(text: str) -> str:
    """One line of plain text: no markup, no mention, no link, no cell border."""
    line = re.sub(r"([\\`*_{}\[\]#|~!])", r"\\\1", " ".join(text.split()))
    line = html.escape(line, quote=False)
    # A zero-width space is what keeps a name or an address from becoming a mention or a link.
    return re.sub(r"@|www|:(?=//)", lambda match: match[0] + "\u200b", line, flags=re.IGNORECASE)
