"""What an event of GitHub asks for, made into a request; nothing in it is trusted.

Formats: the inputs of `fanout.yml`, and as one of them the payload of a `repository_dispatch`
(`client_payload` with `core_ref`, `sha`, `pull_request` and what the inputs have), both as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fanout.core.resolve import COMMIT
from fanout.errors import UnusableInput
from fanout.model import PACK
from fanout.notify.announcement import LONGEST_REF, Request
from fanout.wording import printable

LARGEST_PAYLOAD = 64 * 1024  # characters; GitHub sends less
# Of what git and GitHub allow in the name of a branch or tag, what needs quoting nowhere.
REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]*", re.ASCII)
NEVER_IN_A_REF = ("..", "//", "/.", ".lock/")
NEVER_AT_ITS_END = ("/", ".", ".lock")
SHOWN = 60  # characters of a text that was refused
HEAD = "HEAD"  # Core's default branch, whatever its name


class InvalidRequest(UnusableInput):
    """An event asks for something that is no Core, no commit, no pack or no pull request."""


class Scope(NamedTuple):
    """What of the matrix is meant: all of it, what changed since a commit here, or what is new."""

    every: bool = False  # release of Core, in place of the default matrix
    since: str = ""
    news: bool = False  # and nothing that has an answer already


def scope(inputs: str) -> Scope:
    """The scope that inputs ask for; raises InvalidRequest."""
    given = read(inputs, "inputs")
    every, news = (flag(given, key, "inputs") for key in ("every", "news"))
    return Scope(every, text(given, "since", "inputs"), news)


def request(inputs: str) -> Request:
    """The request in inputs, or in the payload that is one; raises InvalidRequest."""
    given = read(inputs, "inputs")
    if payload := text(given, "payload", "inputs"):
        return dispatched(read(payload, "client_payload"), "client_payload")
    return dispatched(given, "inputs", optional=True)


def read(text: str, named: str) -> Mapping[str, object]:
    if len(text) > LARGEST_PAYLOAD:
        raise InvalidRequest(f"'{named}' is larger than {LARGEST_PAYLOAD} characters", "send less")
    try:
        said = json.loads(text or "null")
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"'{named}' is not JSON: {error}", "send a JSON object") from error
    if not isinstance(said, dict | None):
        raise InvalidRequest(f"'{named}' is not a JSON object", "send a JSON object")
    return said or {}


def dispatched(said: Mapping[str, object], named: str, *, optional: bool = False) -> Request:
    core_ref = text(said, "core_ref", named)
    if not core_ref and not optional:
        raise InvalidRequest(
            f"'{named}' has no 'core_ref'", "name a version, branch, tag or commit of Core there"
        )
    commit = text(said, "sha", named)
    if commit and not COMMIT.fullmatch(commit):
        raise InvalidRequest(
            f"'sha' is no commit: '{shown(commit)}'", "send the full hash, 40 digits 0-9 and a-f"
        )
    baseline = text(said, "baseline", named)
    return Request(
        core_ref=checked(core_ref, "core_ref"),
        commit=commit,
        pull_request=number(said.get("pull_request")),
        baseline=checked(baseline, "baseline"),
        packs=packs(text(said, "packs", named).replace(",", " ").split()),
        only_new=flag(said, "only_new", named),
    )


def text(said: Mapping[str, object], key: str, named: str) -> str:
    value = said.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"'{key}' of '{named}' is no text", f"send '{key}' as a text")
    return value.strip()


def flag(said: Mapping[str, object], key: str, named: str) -> bool:
    value = said.get(key) or False
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise InvalidRequest(f"'{key}' of '{named}' is not true or false", f"send '{key}' as one")


def checked(ref: str, key: str) -> str:
    """The name of a branch, tag, commit or version, or nothing."""
    if not ref:
        return ""
    wrong = (
        len(ref) > LONGEST_REF
        or not REF.fullmatch(ref)
        or any(part in ref for part in NEVER_IN_A_REF)
        or ref.endswith(NEVER_AT_ITS_END)
    )
    if wrong:
        raise InvalidRequest(
            f"'{key}' names no version, branch, tag or commit: '{shown(ref)}'",
            f"use A-Z, a-z, 0-9 and _ . + / - in it, as git allows them, up to {LONGEST_REF}",
        )
    return ref


def number(value: object) -> int | None:
    if value in (None, ""):
        return None
    said = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]{0,8}", said, re.ASCII):
        raise InvalidRequest(
            f"'pull_request' is no number: '{shown(said)}'", "send the number of a pull request"
        )
    return int(said)


def packs(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(names))
    for name in found:
        if not PACK.fullmatch(name):
            raise InvalidRequest(f"'{shown(name)}' is no name of a pack", "see `tox list`")
    return found


def shown(text: str) -> str:
    """A refused text, short and printable."""
    return printable(text[:SHOWN]).replace("\n", " ") + ("…" if len(text) > SHOWN else "")


def changed_packs(paths: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The packs whose cells a change can touch; none where something shared has changed."""
    found: dict[str, None] = {}
    for path in paths:
        folder, _, rest = path.partition("/")
        pack, inside, _ = rest.partition("/")
        if folder != "packs" or not inside or pack not in known:
            return ()
        found[pack] = None
    return tuple(found)
