"""The answer as GitHub-flavoured Markdown, for a job summary or a comment."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from fanout.told.decision.account import Account
from fanout.told.decision.section import UNEXPLAINED, Entry, Group
from fanout.told.report_markdown import code, escape


def account_markdown(account: Account) -> str:
    """The whole account; every text from evidence or from Core is escaped."""
    parts = [f"**{escape(account.headline)}**", "  \n".join(map(escape, account.compared))]
    parts.append(table((("pack", "verdict", "promises"), *account.packs)))
    if account.consumers:
        parts.append(table(account.consumers))
    for section in account.sections:
        parts.append(f"### {escape(section.title)}")
        for place, group in enumerate(section.groups):
            parts += [UNEXPLAINED] if place and not group.changes else []
            parts += group_parts(group)
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
    for many in group.many:
        told = (*map(escape, many.facts), *pre(many.quoted))
        yield "  \n".join((f"- **{escape(many.says)}**", *(f"  {line}" for line in told)))
        yield from map(entry_part, many.entries)
    yield from map(entry_part, group.entries)


def entry_part(entry: Entry) -> str:
    """What an entry says, and of whom; the names of many are folded."""
    owner = f", owned by {escape(entry.owner)}" if entry.owner else ""
    lines = [f"- **{escape(entry.says)}**", f"  {escape(entry.pack)}{owner}"]
    lines += [f"  {escape(fact)}" for fact in entry.lines]
    lines += [f"  {line}" for line in pre(entry.quoted)]
    if len(entry.names) > 1:
        (names,) = pre(entry.names)
        lines.append(f"  <details><summary>names</summary>{names}</details>")
    if entry.command:
        lines.append(f"  {code(entry.command)}")
    return "  \n".join(lines)


def pre(lines: Sequence[str]) -> Iterator[str]:
    """The lines as they are, in one of Markdown; nothing if there are none."""
    if lines:
        yield f"<pre>{'<br>'.join(map(html.escape, lines))}</pre>"
