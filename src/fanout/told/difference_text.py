"""The difference between two Cores for people: as text, and as GitHub-flavoured Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from fanout.cause.difference import Difference, Notice, Noticing
from fanout.surface.change import Change, What
from fanout.told.report_markdown import escape
from fanout.wording import cut, wrapped

WORDS = {
    What.REMOVED: "removed",
    What.CHANGED: "changed",
    What.ADDED: "added",
    What.BEHAVIOUR: "same from outside, with other code behind it",
}
LONGEST = 400


def print_difference(found: Difference, console: Console) -> None:
    """Print the summary, each change that promises name with them, then the others."""
    console.print(Text(found.summary, "bold"), soft_wrap=True)
    for line in lines(found, console.width):
        console.print(Text(line), soft_wrap=True)


def lines(found: Difference, width: int) -> Iterator[str]:
    for notice in found.named:
        yield ""
        yield from change_lines(notice.change, 2, width)
        for naming in notice.named_by:
            yield f"    named by {len(naming.promises)} of {naming.pack}, owned by {naming.owner}:"
            for promise in naming.promises:
                yield from wrapped(f"{promise.says or promise.name}", 6, width)
        yield from wrapped(behind(notice), 4, width)
    if found.unnamed:
        yield ""
        yield f"Named by no promise: {len(found.unnamed)}"
        for notice in found.unnamed:
            yield ""
            yield from change_lines(notice.change, 2, width)
            yield from wrapped(behind(notice), 4, width)


def change_lines(change: Change, indent: int, width: int) -> Iterator[str]:
    yield from wrapped(f"{change.named}: {WORDS[change.what]}", indent, width)
    for word, said in sides(change):
        yield from wrapped(f"{word}: {said}", indent + 2, width)


def sides(change: Change) -> Iterator[tuple[str, str]]:
    """What there was and what there is, as far as each is there and not as the other."""
    if change.baseline and change.what is not What.BEHAVIOUR:
        yield "was", cut(change.baseline, LONGEST)
    if change.candidate:
        yield "now", cut(change.candidate, LONGEST)
    if change.deprecated:
        yield "deprecated now", cut(change.deprecated, LONGEST)


def behind(notice: Notice) -> str:
    """Who stands on what changed without naming it."""
    said = [f"{count} of {pack}" for pack, count in notice.behind.items()]
    return f"behind what others name: {', '.join(said)}" if said else ""


def difference_markdown(found: Difference) -> str:
    """The whole difference; every text from Core and the packs is escaped."""
    parts = [f"**{escape(found.summary)}**"]
    parts += [notice_item(notice) for notice in found.named]
    if found.unnamed:
        parts.append(f"### Named by no promise: {len(found.unnamed)}")
        parts += [notice_item(notice) for notice in found.unnamed]
    return "\n\n".join(parts) + "\n"


def notice_item(notice: Notice) -> str:
    change = notice.change
    said = [f"- **{escape(change.named)}**: {WORDS[change.what]}"]
    said += [f"  {word}: {escape(text)}" for word, text in sides(change)]
    if unnamed := behind(notice):
        said.append(f"  {escape(unnamed)}")
    listed = [line for naming in notice.named_by for line in naming_items(naming)]
    return "\n".join(("  \n".join(said), *listed))


def naming_items(naming: Noticing) -> Iterator[str]:
    yield f"  - {escape(naming.pack)}, owned by {escape(naming.owner)}"
    for promise in naming.promises:
        yield f"    - {escape(promise.says or promise.name)}"
