"""Texts from outside as pages show them: the lines of why, and the whole within bounds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from fanout.dashboard.edition import LONGEST_SHOWN
from fanout.dashboard.facts.newest import CellNow, digest_of
from fanout.dashboard.facts.said import Sayings
from fanout.history.run import LEFT_OUT
from fanout.told.report import why


class Shown(NamedTuple):
    """A text for a page; `whole` is the path from the site's root of the full one, if it is cut."""

    text: str
    length: int
    whole: str = ""


def shown(text: str, longest: int = LONGEST_SHOWN) -> Shown:
    """The text, or its beginning and its end if it is longer, or only where it is if that is 0."""
    if len(text) <= longest:
        return Shown(text, len(text))
    # Runs that fail alike share the file of their text.
    path = f"texts/{digest_of(text)}.txt"
    if not longest:
        return Shown("", len(text), path)
    kept = (longest - len(LEFT_OUT)) // 2
    return Shown(text[:kept] + LEFT_OUT + text[-kept:], len(text), path)


def reasons(message: str, text: str) -> tuple[str, ...]:
    """The first lines of why a promise is broken."""
    lines = (line.removeprefix("| ") for line in why(message, text))
    return tuple(line for line in lines if line.strip())


class Broken(NamedTuple):
    """Why a cell does not keep a promise, and what judges that alone."""

    reasons: tuple[str, ...]
    command: str


def broken(sayings: Sayings, cell: CellNow | None, names: Collection[str]) -> Mapping[str, Broken]:
    """What a cell said of promises that it does not keep; nothing is read without any.

    A file that cannot be imported speaks for each promise in it.
    """
    if cell is None or not names:
        return {}
    said = sayings.of(cell)
    found = {
        name: said.findings.get(name) or said.findings.get(name.partition("::")[0])
        for name in names
    }
    return {
        name: Broken(reasons(one.message, one.text), said.facts.alone(cell.name, name))
        for name, one in found.items()
        if one
    }
