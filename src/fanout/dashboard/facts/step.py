"""A step from one Core ref to another: what changed in Core, who names it, what it broke."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from fanout.cause.difference import Notice, notices
from fanout.cause.fewest import Cause, causes, failed
from fanout.cells.promises import PackPromise
from fanout.dashboard.facts.along import Step
from fanout.dashboard.facts.snapshot import CoreRef
from fanout.history.run import Finding
from fanout.history.surfaces import READER, read_surface, surface_file
from fanout.model import PromiseVerdict
from fanout.surface.change import Change, What, changes
from fanout.surface.symbol import Surface
from fanout.told.difference_text import WORDS, sides

SIGNS = {"was": "-", "now": "+", "deprecated now": "!"}


class ChangeShown(NamedTuple):
    """A change in words, and each side that it has: its sign in a diff, its word, what it is."""

    named: str
    what: str
    says: str
    sides: tuple[tuple[str, str, str], ...]


class Cores:
    """The Cores of a history as they look from outside, as far as that is kept: each read once."""

    def __init__(self, history: Path) -> None:
        self.history = history
        # Some hundred kilobytes each: a build asks for those of one step several times in a row.
        self.surface = lru_cache(maxsize=32)(self.read)
        self.kept = lru_cache(maxsize=None)(self.digest)
        self.explained = lru_cache(maxsize=256)(self.explain)

    def read(self, digest: str) -> Surface | None:
        return read_surface(self.history, digest)

    def digest(self, digest: str) -> str:
        """A digest of what is kept of a content; empty if nothing is."""
        try:
            return hashlib.sha256(surface_file(self.history, digest).read_bytes()).hexdigest()
        except (OSError, ValueError):
            return ""

    def key(self, step: Step) -> tuple[str, ...]:
        """All that what is told of a step depends on."""
        kept = (self.kept(ref.digest) for ref in step if ref.digest)
        return (*state(step.before), *state(step.after), *kept, READER)

    def unknown(self, step: Step) -> str:
        """Why it is not known what changed; empty if it is."""
        for ref in step:
            if not ref.digest:
                return f"no cell on Core {ref.called} has told which Core it tested"
            if self.surface(ref.digest) is None:
                return f"how Core {ref.called} looks from outside is not kept in this history"
        return ""

    def surfaces(self, before: str, after: str) -> tuple[Surface, Surface] | None:
        """Those of two contents; None unless both are kept."""
        first, second = self.surface(before), self.surface(after)
        return None if first is None or second is None else (first, second)

    def notices(
        self,
        step: Step,
        owners: Mapping[str, str],
        promises: Mapping[str, Iterable[PackPromise]],
    ) -> tuple[Notice, ...]:
        """Every change of a known step, those that promises name first."""
        found = self.surfaces(step.before.digest, step.after.digest)
        return notices(found, step.after.version, owners, promises) if found else ()

    def broke(self, step: Step, broken: Iterable[tuple[str, Finding]]) -> tuple[Cause, ...]:
        """Why promises, each given with its pack, broke in a known step."""
        return self.explained(step.before.digest, step.after.digest, failures(broken))

    def mended(self, step: Step, fixed: Iterable[tuple[str, Finding]]) -> tuple[Cause, ...]:
        """Why promises, each given as it was broken before, hold after a known step.

        It is what would break them on the way back, told on the way there.
        """
        back = self.explained(step.after.digest, step.before.digest, failures(fixed))
        sides = self.surfaces(step.before.digest, step.after.digest)
        forth = changes(*sides) if sides else ()
        return tuple(
            cause.model_copy(update={"changes": tuple(same(forth, cause.changes))})
            for cause in back
        )

    def explain(
        self, before: str, after: str, broken: tuple[tuple[str, PromiseVerdict], ...]
    ) -> tuple[Cause, ...]:
        sides = self.surfaces(before, after)
        return causes(broken, *sides) if sides else ()


def same(forth: Iterable[Change], back: Iterable[Change]) -> Iterable[Change]:
    """The changes on the way there of what changes on the way back."""
    symbols = {name for change in back for name in (change.symbol, *change.names)}
    return (change for change in forth if symbols & {change.symbol, *change.names})


def failures(broken: Iterable[tuple[str, Finding]]) -> tuple[tuple[str, PromiseVerdict], ...]:
    return tuple(
        (pack, failed(one.name, one.contract, one.message, one.text)) for pack, one in broken
    )


def change_shown(change: Change) -> ChangeShown:
    same = change.what is What.BEHAVIOUR
    return ChangeShown(
        named=change.named,
        what=WORDS[change.what],
        says=change.says,
        sides=tuple(
            (" ", "as before", said) if same and word == "now" else (SIGNS[word], word, said)
            for word, said in sides(change)
        ),
    )


def state(ref: CoreRef) -> tuple[str, ...]:
    """A Core ref as a key holds it."""
    return (ref.name, ref.version, ref.source, ref.digest, str(ref.known))
