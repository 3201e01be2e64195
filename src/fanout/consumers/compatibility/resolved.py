"""What a resolver says of releases with Cores, each question asked once a day.

What was said on a day is kept in `resolutions.json`, beside the wheels of the same index in
`.tox/wheels`; it may be deleted at any time. A question without an answer is asked again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from fanout.consumers.installs import Found, Resolution, forced, resolution
from fanout.core.index import kept_from
from fanout.core.wheel import written
from fanout.model import Frozen

FILE = "resolutions.json"
AT_ONCE = 2


class Question(NamedTuple):
    """Whether a release can be installed with exactly one Core; `forced`, whatever it declares.

    Questions are the same if all that a resolver looks at is: `alike` says what of the release,
    and of the Core where it is forced.
    """

    release: str  # as a requirement
    core: str  # as a requirement
    extras: tuple[str, ...]  # of Core that the release asks for
    forced: bool
    alike: tuple[str, ...]

    @property
    def key(self) -> str:
        core = "" if self.forced else self.core
        said = repr((core, self.extras, self.forced, self.alike))
        return hashlib.sha256(said.encode()).hexdigest()


class Said(Frozen):
    """What was answered on one day, by the keys of questions."""

    day: date
    answers: dict[str, Resolution]


class Resolver:
    """Asks a resolver, and remembers what it said."""

    def __init__(self, root: Path, index: str, today: date) -> None:
        self.file = kept_from(index, root) / FILE
        self.index = index
        self.today = today
        self.answers = self.read()

    def read(self) -> dict[str, Resolution]:
        with suppress(OSError, ValidationError):
            said = Said.model_validate_json(self.file.read_bytes())
            return dict(said.answers) if said.day == self.today else {}
        return {}

    def ask(self, questions: Iterable[Question], done: Callable[[int, int], None]) -> None:
        """Ask what is not known yet; `done` is told how many of how many are answered."""
        asked = {one.key: one for one in questions if one.key not in self.answers}
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = pool.map(self.answer, asked.values())
                for count, (key, found) in enumerate(zip(asked, answers, strict=True), 1):
                    self.answers[key] = found
                    done(count, len(asked))
        finally:
            if asked:
                self.keep()

    def answer(self, one: Question) -> Resolution:
        forcing = [forced(one.core, one.extras)] if one.forced else []
        return resolution([one.release, one.core], forcing, self.index)

    def keep(self) -> None:
        known = {key: one for key, one in self.answers.items() if one.found is not Found.UNKNOWN}
        said = Said(day=self.today, answers=known)
        with written(self.file) as part:
            part.write_text(said.model_dump_json(), encoding="utf-8")
