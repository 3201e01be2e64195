"""A document as the rows of the database tell it, of plain values, made without the database."""

from __future__ import annotations

import json
from typing import NamedTuple

from fanout.cells.environment import environment_digest
from fanout.history.run import Attempt, Environment, Finding, Run
from fanout.history.tables import microseconds

Words = tuple[str, ...]


# The places of its Core and of its results in those of the run, if it has any; its cell, outcome,
# reason and whether it is supported; when it started and how long it took; as what and when it ran.
Tried = tuple[int | None, int | None, str, str, str, bool, int, int, str | None, int | None]


class Rows(NamedTuple):
    """All that a document says; `document` is its row without its name."""

    document: tuple[str | int, ...]
    cores: list[Words]
    results: list[tuple[tuple[Words, ...], str]]  # with the digest of the pack
    attempts: list[Tried]


def rows_of(run: Run) -> Rows:
    said = [words(one) for one in run.findings]
    return Rows(
        document=document(run),
        cores=[core(run, one) for one in run.environments],
        results=[(tuple(said[at] for at in one.findings), one.pack_digest) for one in run.results],
        attempts=[tried(run, one) for one in run.attempts],
    )


def document(run: Run) -> tuple[str | int, ...]:
    said = run.model_dump(mode="json", include={"packs", "matrix"})
    return (
        run.id,
        run.command,
        microseconds(run.started),
        microseconds(run.finished),
        run.answer or "",
        *(core.shown if core else "" for core in (run.candidate, run.baseline)),
        *(json.dumps(said[key]) for key in ("packs", "matrix")),
    )


def words(one: Finding) -> Words:
    """What a promise is, and what came of it."""
    return (one.pack, one.name, one.says, json.dumps(one.contract), one.core, one.result.value)


def core(run: Run, one: Environment) -> Words:
    """What was asked for and installed, and the digest of all else that was."""
    beside = environment_digest(one.python, tuple(run.distributions_of(one)))
    return (one.asked, one.source, one.version, one.digest, beside)


def tried(run: Run, one: Attempt) -> Tried:
    taken = one.taken_over
    return (
        one.environment,
        one.results,
        one.cell,
        one.outcome.value,
        one.reason,
        one.supported,
        microseconds(one.started or run.started),
        round(one.seconds * 1000),
        taken.cell if taken else None,
        microseconds(taken.started) if taken else None,
    )
