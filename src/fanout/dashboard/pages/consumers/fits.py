"""Which releases of a consumer go with which contents of Core, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from fanout.cells.live import Imported
from fanout.consumers.compatibility.answer import (
    Content,
    Contradiction,
    Fit,
    Installs,
    OfConsumer,
    Run,
    Share,
    contradictions,
)

DECLARED = {
    Share.ALL: ("yes", "declared"),
    Share.SOME: ("some", "in part"),
    Share.NONE: ("aside", "not declared"),
    Share.UNKNOWN: ("unknown", "declares?"),
}
INSTALLS = {
    Installs.YES: ("yes", "installs"),
    Installs.SOME: ("some", "some install"),
    Installs.FORCED: ("some", "if forced"),
    Installs.NO: ("no", "no set"),
    Installs.UNKNOWN: ("unknown", "installs?"),
}
IMPORTS = {
    Imported.BROKEN: ("no", "broken"),
    Imported.OWN: ("no", "own fault"),
    Imported.ERRORED: ("unknown", "imports?"),
}


class Said(NamedTuple):
    """One thing that is known of a place: yes, some, no, aside or unknown, in a word, and why."""

    what: str
    word: str
    why: str = ""


class Row(NamedTuple):
    """A run of releases, and what is known of it on each content of Core."""

    run: Run
    places: tuple[tuple[Said, ...], ...]


class Tabled(NamedTuple):
    """The table of one consumer, and when it was made."""

    made: datetime
    contents: tuple[Content, ...]
    rows: tuple[Row, ...]
    contradictions: tuple[Contradiction, ...]


def tabled(one: OfConsumer, made: datetime) -> Tabled:
    return Tabled(
        made=made,
        contents=one.contents,
        rows=tuple(Row(run, tuple(tuple(said(fit)) for fit in run.fits)) for run in one.runs),
        contradictions=tuple(contradictions(one)),
    )


def said(fit: Fit) -> Iterator[Said]:
    yield Said(*DECLARED[fit.declared])
    yield Said(*INSTALLS[fit.installable], fit.refusal)
    how = "" if fit.ran or fit.imports is Imported.ERRORED else ", read"
    what, word = IMPORTS.get(fit.imports, ("yes", "imports"))
    yield Said(what, word + how, fit.fault)
    if fit.judged:
        what = "no" if fit.unkept else "some" if fit.excused else "yes"
        yield Said(what, f"{fit.kept}/{fit.judged} kept")
