"""The answer as GitHub-flavoured Markdown, for a job summary or a comment."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from fanout.told.decision.account import Account
from fanout.told.decision.section import Entry, Group
from fanout.told.report_markdown import code, escape


def account_markdown(account: Account) -> str:
    """The whole account; every text from evidence or from Core is escaped."""
    parts = [f"**{escape(account.headline)}**", "  \n".join(map(escape, account.compared))]
    parts.append(table((("pack", "verdict", "promises"), *account.packs)))
    if account.consumers:
        parts.append(table(account.consumers))
    for section in account.sections:
        parts.append(f"### {escape(section.title)}")
        parts += [part for group in section.groups for part in group_parts(group)]
    return "\n\n".join(parts) + "\n"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table, of which the first row is the heads."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(map(cell, row))} |" for row in lines)


def cell(text: str) -> str:
    return text if text == "---" else escape(text)


def group_parts(group: Group) -> Iterator[str]:
    if group.changes:
        said = "\n".join(f"- {escape(change.says)}" for change in group.changes)
        yield f"What changed in Core since {escape(group.since)}:\n\n{said}"
    for entry in group.entries:
        yield entry_part(entry)


def entry_part(entry: Entry) -> str:
    lines = [
        f"- **{escape(entry.says)}**",
        f"  {escape(entry.pack)}" + (f", owned by {escape(entry.owner)}" if entry.owner else ""),
    ]
    lines += [f"  {escape(fact)}" for fact in entry.facts]
    if entry.quoted:
        quoted = html.escape("\n".join(entry.quoted)).replace("\n", "<br>")
        lines.append(f"  <pre>{quoted}</pre>")
    if entry.command:
        lines.append(f"  {code(entry.command)}")
    return "  \n".join(lines)
