"""Badges: one for the answer, one for each pack and each Core ref, as SVG and for shields.io.

Format of the JSON: shields' endpoint badge, https://shields.io/badges/endpoint-badge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from fanout.dashboard.data.latest import UNDECIDED, as_json
from fanout.dashboard.edition import Edition, render
from fanout.dashboard.facts.newest import CellNow
from fanout.dashboard.facts.released import released
from fanout.dashboard.facts.snapshot import CoreRef
from fanout.dashboard.site import Part
from fanout.history.strengths import strength_now
from fanout.model import Answer, Frozen, Outcome
from fanout.told.decision.headline import headline
from fanout.wording import GLYPHS

LABEL, UNKNOWN = "Core contracts", "unknown"
GREEN, RED, AMBER, GREY = "#1a7f37", "#b3261e", "#8a5a00", "#5b6270"
COLORS: Mapping[str, str] = {
    Outcome.PASSED: GREEN,
    Outcome.FAILED: RED,
    Outcome.UNSUPPORTED: GREY,
    Answer.RELEASE: GREEN,
    Answer.HOLD: RED,
}
# A Core ref is what the first of these is that any pack says of it.
GRAVEST = (Outcome.FAILED, Outcome.ERRORED, Outcome.MISSING, Outcome.PASSED, Outcome.UNSUPPORTED)
WIDTH, PADDING = 6.5, 8  # of a character, and beside a text, in pixels


class Shield(Frozen):
    """A badge as shields.io draws it; `isError` is whatever is not a pass."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    schema_version: Literal[1] = 1
    label: str
    message: str
    color: str
    is_error: bool


class Badge(NamedTuple):
    """What a badge says; `word` decides its glyph and its colour, and `on` is when it last ran.

    Only `passed` and `release` are green, and nothing that is `stale`: older than its schedule
    when the newest run ended. A picture cannot age by itself, and so tells its date.
    """

    name: str
    label: str
    word: str
    says: str
    page: str
    on: date | None = None
    stale: bool = False

    @property
    def message(self) -> str:
        said = f"{GLYPHS.get(self.word, '?')} {self.says}"
        return f"{said} · {self.on}" if self.on else said

    @property
    def title(self) -> str:
        when = f", run on {self.on} UTC" if self.on else ", never run"
        return f"{self.label}: {self.says}{when}"

    @property
    def color(self) -> str:
        return GREY if self.stale else COLORS.get(self.word, AMBER)

    @property
    def shield(self) -> Shield:
        return Shield(
            label=self.label, message=self.message, color=self.color, is_error=self.color != GREEN
        )


def parts(edition: Edition) -> Iterator[Part]:
    packs, refs = list(pack_badges(edition)), list(ref_badges(edition))
    strong = list(strength_badges(edition))
    badges = {badge.name: badge for badge in (*packs, *refs, *strong, answer_badge(edition))}
    for badge in badges.values():
        path = f"badges/{badge.name}"
        yield edition.part(path, badge, partial(drawn, badge, path))
    groups = {
        "The newest Core ref": [badges["answer"]],
        "Packs": packs,
        "Strength": strong,
        "Core refs": refs,
    }
    context = {"groups": groups, "url": edition.url}
    key = ([(badge.name, badge.label, badge.page) for badge in badges.values()], edition.url)
    yield edition.page("badges/index.html", "badges.html", key, lambda: context)


def drawn(badge: Badge, path: str) -> Mapping[str, bytes]:
    """Both files of a badge."""
    left, right = (2 * PADDING + round(WIDTH * len(text)) for text in (badge.label, badge.message))
    context = {"badge": badge, "left": left, "right": right, "padding": PADDING}
    return {
        f"{path}.svg": render(f"{path}.svg", "badge.svg", context),
        f"{path}.json": as_json(badge.shield),
    }


def answer_badge(edition: Edition) -> Badge:
    """The gate's answer for the newest Core ref."""
    made = edition.decision
    label = f"Core {made.candidate.version}" if made else LABEL
    says = headline(made) if made else UNDECIDED
    out = released(edition.snapshot)
    word = made.answer.value if made else UNKNOWN
    said = says.partition(":")[0]
    return aged(edition, Badge("answer", label, word, said, "index.html"), out.ran if out else None)


def aged(edition: Edition, badge: Badge, ran: datetime | None) -> Badge:
    """The badge with the day of its run, and whether that was too long before the newest one."""
    newest = edition.snapshot.newest
    if ran is None or newest is None:
        return badge
    return badge._replace(on=ran.date(), stale=newest - ran > timedelta(hours=edition.every))


def pack_badges(edition: Edition) -> Iterator[Badge]:
    """Each pack of the matrix on the newest Core ref that is known."""
    snapshot = edition.snapshot
    newest = next(iter(snapshot.known_refs), None)
    for pack in snapshot.matrix.packs:
        page = f"packs/{pack}.html"
        cell = snapshot.cells.get(f"{pack}-{newest.name}") if newest else None
        if newest is None or cell is None:
            yield Badge(pack, pack, UNKNOWN, "not run", page)
        else:
            says = f"{cell.says} on Core {newest.version}"
            yield aged(edition, Badge(pack, pack, cell.outcome, says, page), cell.newest)


def strength_badges(edition: Edition) -> Iterator[Badge]:
    """Each pack of which the strength was measured; green if it is as strong as it says it is."""
    digests = {pack.name: pack.statement.digest for pack in edition.snapshot.packs}
    for pack in edition.snapshot.matrix.packs:
        kept = edition.strength(pack)
        if kept is None:
            continue
        one = strength_now(kept, digests.get(pack, ""))
        good = not (one.weak or one.earlier or one.false_alarms)
        yield Badge(
            f"strength-{one.pack}",
            f"strength of {one.pack}",
            Outcome.PASSED if good else UNKNOWN,
            f"{one.score:g} %" + (", of an earlier pack" if one.earlier else ""),
            f"packs/{one.pack}.html",
            one.measured.date(),
        )


def ref_badges(edition: Edition) -> Iterator[Badge]:
    """Each Core ref of the matrix, by what all its packs say of it; it is as old as its oldest."""
    snapshot = edition.snapshot
    for ref in snapshot.known_refs:
        cells = [snapshot.cells.get(f"{pack}-{ref.name}") for pack in snapshot.matrix.packs]
        ran = min((cell.newest for cell in cells if cell), default=None)
        yield aged(edition, ref_badge(ref, cells), ran)


def ref_badge(ref: CoreRef, cells: Sequence[CellNow | None]) -> Badge:
    outcomes = [cell.outcome if cell else Outcome.MISSING for cell in cells]
    word = next((one for one in GRAVEST if one in outcomes), Outcome.MISSING)
    count = outcomes.count(word)
    says = f"{count} of {len(cells)} packs {word}"
    return Badge(ref.name, f"Core {ref.version}", word, says, f"refs/{ref.name}.html")
