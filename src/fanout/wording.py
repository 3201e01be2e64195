"""How texts from outside, counts, moments and words are written, wherever they are told."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from fanout.model import Counts, Outcome, Result, Verdict

SEEN = " \t\n\N{NO-BREAK SPACE}"
QUOTED = "| "  # before each line of a text that is not this tool's own
MOST_NAMES = 3  # in a line that says something else
UNSEEN = "\N{REPLACEMENT CHARACTER}"
TAKEN_OVER = "↩"
GLYPHS: Mapping[str, str] = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.ERRORED: "!",
    Outcome.MISSING: "?",
    Outcome.UNSUPPORTED: "–",
    Result.KEPT: "✓",
    Result.BROKEN: "✗",
    Result.KNOWN_BREAK: "~",
    Result.NOT_APPLICABLE: "·",
    Result.LISTED_BUT_KEPT: "!",
    Verdict.PASSING: "✓",
    Verdict.REGRESSED: "▼",
    Verdict.FIXED: "▲",
    Verdict.STILL_FAILING: "✗",
    Verdict.PENDING: "~",
    Verdict.NEW: "+",
    Verdict.REMOVED: "-",
    Verdict.UNKNOWN: "?",
    "partly judged": "✓",
    "release": "✓",
    "hold": "✗",
}


def printable(text: str) -> str:
    """The text without control, bidirectional and other characters that could fool a reader."""
    if text.isprintable():
        return text
    # A text of a megabyte has few distinct characters.
    unseen = {ord(one): UNSEEN for one in set(text) if one not in SEEN and not one.isprintable()}
    return text.translate(unseen) if unseen else text


def one_line(text: str) -> str:
    """The printable text, with one space wherever it has any white space."""
    return " ".join(printable(text).split())


def cut(text: str, longest: int) -> str:
    """The text, or its beginning and an ellipsis if it is longer."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def fitted(text: str, longest: int) -> str:
    """The text, or as much of it as fits with an ellipsis into a number of characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def first_few(names: Iterable[str], between: str = ", ") -> str:
    """Distinct names in a line, or the first of them and how many more there are."""
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return between.join(found[:MOST_NAMES]) + more


def wrapped(text: str, indent: int, width: int) -> list[str]:
    """A text in lines no longer than a terminal is wide; of a quoted one each has its mark."""
    mark = QUOTED if text.startswith(QUOTED) else ""
    beside = " " * indent + mark
    return hanging(text.removeprefix(mark), beside, beside if mark else f"{beside}  ", width)


def hanging(text: str, first: str, others: str, width: int) -> list[str]:
    """A text in lines of a width, what stands before the first and before the others included."""
    return textwrap.wrap(
        " ".join(text.split()),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,  # a path or a command could not be pasted
        break_on_hyphens=False,
    )


def outcome_words(outcome: str, counts: Counts) -> str:
    """What a cell says: how much is broken, and how much of its pack was judged if not all was.

    What passed is told by its known breaks, and by the part that was judged, never as plain passed.
    """
    partly = counts.partly and outcome in (Outcome.PASSED, Outcome.FAILED)
    if outcome == Outcome.PASSED and counts.known_breaks:
        said = f"known {counts.known_breaks}"
    elif outcome == Outcome.PASSED and partly:
        return f"{counts.judged} of {counts.promises}"
    else:
        said = f"{outcome} {counts.broken}" if counts.broken else outcome
    return f"{said}, {counts.judged}/{counts.promises} judged" if partly else said


def signed(said: str, taken_over: bool) -> str:
    """What a cell says, with the sign of one that did not run itself."""
    first, comma, more = said.partition(",")
    return f"{first} {TAKEN_OVER}{comma}{more}" if taken_over else said


def number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def moment(at: datetime) -> str:
    """A moment in ISO 8601, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
