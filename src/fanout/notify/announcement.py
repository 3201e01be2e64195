"""A run of the workflow as everybody hears of it: what was asked, the answer, and what turned."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, HttpUrl

from fanout.gate.decision import Decision
from fanout.history.run import Name, Text
from fanout.model import PACK, Answer, Frozen, Verdict

# Of what git and GitHub allow in the name of a branch or tag, what needs quoting nowhere.
REF = re.compile(r"\A(?!.*(\.\.|//|/\.|\.lock(/|\Z)|[/.]\Z))([A-Za-z0-9_][A-Za-z0-9_.+/-]*)?\Z")
RUN = re.compile(r"(\S+)/actions/runs/([0-9]{1,18})\b")  # in the address of one


def written(form: str) -> BeforeValidator:
    """Takes what is written in a form, and not all that pydantic reads as the same."""

    def taken(said: object) -> object:
        if not re.fullmatch(form, str(said).lower()):
            raise ValueError(f"it is not written as {form}")
        return said

    return BeforeValidator(taken)


def names(said: object) -> object:
    """The names in a text, separated by commas or spaces, each once."""
    said = said.replace(",", " ").split() if isinstance(said, str) else said
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        return said
    return tuple(dict.fromkeys(said))


Commit = Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")]
Flag = Annotated[bool, written("true|false")]
PackName = Annotated[str, Field(pattern=f"^{PACK.pattern}$")]
# GitHub refuses longer names of branches.
Ref = Annotated[str, Field(strict=True, max_length=250, pattern=REF)]


class Request(Frozen):
    """What to test, and where in Core's repository the answer is awaited.

    Without a `core_ref` the table of Core refs is tested. `commit` is the full hash of a commit
    of Core, `pull_request` the number of one there; both may be empty. `only_new` asks only whether
    Core breaks what its baseline keeps.
    """

    core_ref: Ref = ""
    commit: Commit = ""
    pull_request: Annotated[int, written("[1-9][0-9]{0,8}")] | None = None
    baseline: Ref = ""
    packs: Annotated[tuple[PackName, ...], BeforeValidator(names)] = ()
    only_new: Flag = False


class Turned(Frozen):
    """A promise that regressed or was fixed in this run, on a Core."""

    pack: Name
    promise: Name
    says: Text
    verdict: Verdict
    core: Text

    @property
    def line(self) -> str:
        return f"{self.verdict}: {self.pack}: {self.says} ({self.core})"


class Announcement(Frozen):
    """One run of the workflow, as it is told on GitHub and by messages.

    `problem` says why nothing could be asked at all, such as a Core ref that does not exist;
    then there is no decision, and the answer is unknown. Where Core's candidate was judged,
    `decision` is the gate's; where the table of Core refs was, it is None.
    """

    schema_version: Literal[1] = 1
    request: Request
    answer: Answer
    headline: Text
    problem: Text = ""
    url: HttpUrl  # of the run of the workflow
    dashboard: HttpUrl | None = None
    decision: Decision | None = None
    turned: tuple[Turned, ...] = ()

    @property
    def run(self) -> int:
        """The id of the run, which is greater the later it began; 0 if its address has none."""
        return self.run_at(str(self.url))

    def run_at(self, address: str | None) -> int:
        """The id of the run of this repository that an address is of, or 0."""
        ours, theirs = RUN.match(str(self.url)), RUN.match(address or "")
        return int(theirs[2]) if ours and theirs and ours[1] == theirs[1] else 0
