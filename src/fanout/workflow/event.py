"""What an event of GitHub asks for, made into a request; nothing in it is trusted.

Formats: the inputs of `fanout.yml`, and as one of them the payload of a `repository_dispatch`
(`client_payload` with `core_ref`, `sha`, `pull_request` and what the inputs have), both as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from pydantic import StrictStr, ValidationError

from fanout.errors import UnusableInput
from fanout.model import Frozen
from fanout.notify.announcement import Flag, Request
from fanout.wording import cut, one_line

SHOWN = 60  # characters of a text that was refused
HEAD = "HEAD"  # Core's default branch, whatever its name
NAME = "a version, branch, tag or commit, of A-Z, a-z, 0-9 and _ . + / - as git allows them"
WANTED = {
    "core_ref": NAME,
    "baseline": NAME,
    "commit": "the full hash of a commit, 40 digits 0-9 and a-f, as 'sha'",
    "pull_request": "the number of a pull request",
    "packs": "names of packs, separated by commas",
    "payload": "JSON as a text",
    "since": "a commit",
} | dict.fromkeys(("only_new", "every", "news"), "true or false")
T = TypeVar("T", bound=Frozen)


class InvalidRequest(UnusableInput):
    """An event asks for something that is no Core, no commit, no pack or no pull request."""


class Scope(Frozen):
    """What of the matrix is meant: all of it, what changed since a commit here, or what is new.

    `payload` is what Core dispatched, as JSON, in place of the other inputs.
    """

    every: Flag = False  # release of Core, in place of the default matrix
    since: StrictStr = ""
    news: Flag = False  # and nothing that has an answer already
    payload: StrictStr = ""


def scope(inputs: str) -> Scope:
    """The scope that inputs ask for; raises InvalidRequest."""
    return checked(Scope, read(inputs, "inputs"), "inputs")


def request(inputs: str) -> Request:
    """The request in inputs, or in the payload that is one; raises InvalidRequest."""
    given, named = read(inputs, "inputs"), "inputs"
    if payload := checked(Scope, given, named).payload:
        given, named = read(payload, "client_payload"), "client_payload"
    made = checked(Request, given | {"commit": given.get("sha")}, named)
    if payload and not made.core_ref:
        raise InvalidRequest(f"'{named}' has no 'core_ref'", f"send {NAME} of Core there")
    return made


def read(text: str, named: str) -> dict[str, object]:
    try:
        said = json.loads(text or "null")
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"'{named}' is not JSON: {error}", "send a JSON object") from error
    if not isinstance(said, dict | None):
        raise InvalidRequest(f"'{named}' is not a JSON object", "send a JSON object")
    return said or {}


def checked(kind: type[T], said: Mapping[str, object], named: str) -> T:
    """What is said that belongs to one kind of thing; what is empty is not said."""
    texts = {key: one.strip() if isinstance(one, str) else one for key, one in said.items()}
    given = {key: texts[key] for key in kind.model_fields if texts.get(key) not in (None, "")}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        shown = cut(one_line(str(given[key])), SHOWN)
        raise InvalidRequest(
            f"'{key}' of '{named}' is not {WANTED[key]}: '{shown}'", "send that, or leave it out"
        ) from error


def changed_packs(paths: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The packs whose cells a change can touch; none where something shared has changed."""
    parts = [path.split("/", 2) for path in paths]
    alone = all(len(one) == 3 and one[0] == "packs" and one[1] in known for one in parts)
    return tuple(dict.fromkeys(one[1] for one in parts)) if alone else ()
