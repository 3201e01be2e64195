"""What GitHub asks of workflow files and no reader of them looks for, as rules over all of them.

Sources: GitHub's documentation of contexts, of secrets, of variables, of reusing workflows and of
permissions, and its description of webhooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from tests.servers.openapi import installed

Node = Mapping[str, Any]
STAND_INS = Path(__file__).parent / "actions"
NAME = re.compile(r"\b(secrets|vars)\.(\w+)")
EVENT = re.compile(r"github\.event((?:\.\w+)+)")
# A schedule has one field, which no webhook describes.
UNDESCRIBED = {"schedule": ("schedule",)}
WEBHOOKS = {
    "repository_dispatch": "repository-dispatch-sample.collected",
    "pull_request": "pull-request-synchronize",
    "merge_group": "merge-group-checks-requested",
    "push": "push",
    "workflow_dispatch": "workflow-dispatch",
    "issue_comment": "issue-comment-created",
}
LEVELS = ("none", "read", "write")


class File(NamedTuple):
    """A workflow or an action, by its path from the root, as its text and as YAML reads it."""

    path: str
    text: str

    @property
    def said(self) -> Node:
        return cast(Node, yaml.safe_load(self.text))

    @property
    def events(self) -> Node:
        """The events that start it, each with what is said of it."""
        on = cast(Mapping[Any, Any], self.said).get(True, {})
        return on if isinstance(on, dict) else dict.fromkeys([on] if isinstance(on, str) else on)

    @property
    def jobs(self) -> Mapping[str, Node]:
        return cast(Mapping[str, Node], self.said.get("jobs", {}))

    @property
    def steps(self) -> Iterator[Node]:
        for job in self.jobs.values():
            yield from job.get("steps", ())
        yield from self.said.get("runs", {}).get("steps", ())


def read(root: Path) -> list[File]:
    """The workflows and actions of a repository."""
    found = sorted([*root.glob(".github/workflows/*.yml"), *root.glob(".github/actions/*/*.yml")])
    return [File(one.relative_to(root).as_posix(), one.read_text("utf-8")) for one in found]


def complaints(files: list[File]) -> list[str]:
    """What GitHub would refuse, or not do as it is meant."""
    return [
        f"{file.path}: {said}" for file in files for rule in RULES for said in rule(file, files)
    ]


def reserved_names(file: File, files: list[File]) -> Iterator[str]:
    """A secret or variable cannot be created with such a name, nor a default one be set."""
    named = {(kind, name) for kind, name in NAME.findall(file.text)}
    named |= {("secrets", name) for name in called(file).get("secrets") or {}}
    for kind, name in sorted(named):
        if re.match(r"(?i)github_|[0-9]", name) and (kind, name) != ("secrets", "GITHUB_TOKEN"):
            yield f"{kind} cannot be named '{name}'"
    for job in (file.said, *file.jobs.values(), *file.steps):
        for name in job.get("env") or {}:
            if re.match(r"GITHUB_(?!TOKEN$)|RUNNER_", name):
                yield f"the variable '{name}' is GitHub's own"


def called(file: File) -> Node:
    return cast(Node, file.events.get("workflow_call") or {})


def inputs_of_uses(file: File, files: list[File]) -> Iterator[str]:
    """What is used takes each input and secret that it is given, and gets what it needs."""
    for user in (*file.jobs.values(), *file.steps):
        if "uses" not in user:
            continue
        name = str(user["uses"])
        taken = taken_by(name, files)
        if taken is None:
            yield f"'{name}' is not known here: add what it takes to {STAND_INS.name}/"
            continue
        for kind, key in (("inputs", "with"), ("secrets", "secrets")):
            there = cast(Node, taken.get(kind) or {})
            given = cast(Node, user.get(key) or {})
            for one in [one for one in given if one not in there]:
                yield f"'{name}' takes no {kind} '{one}'"
            for one, says in there.items():
                if (says or {}).get("required") and one not in given:
                    yield f"'{name}' needs '{one}'"


def taken_by(name: str, files: list[File]) -> Node | None:
    """The inputs and secrets of an action or workflow; None for one that is not known."""
    if name.startswith("./"):
        place = name.removeprefix("./")
        for file in files:
            if file.path == place:
                return called(file)
            if file.path in (f"{place}/action.yml", f"{place}/action.yaml"):
                return file.said
        return None
    stand_in = STAND_INS / name.partition("@")[0].rpartition("/")[2] / "action.yml"
    return cast(Node, yaml.safe_load(stand_in.read_text("utf-8"))) if stand_in.is_file() else None


def permissions_of_calls(file: File, files: list[File]) -> Iterator[str]:
    """A job that calls a workflow grants what any job of that asks for, or no job of it starts."""
    for name, job in file.jobs.items():
        place = str(job.get("uses", "")).removeprefix("./")
        granted = permissions(job.get("permissions", file.said.get("permissions")))
        for other in (one for one in files if one.path == place):
            for inner in other.jobs.values():
                asked = permissions(inner.get("permissions", other.said.get("permissions")))
                for scope, level in asked.items():
                    if LEVELS.index(level) > LEVELS.index(granted.get(scope, "none")):
                        yield f"'{name}' grants no '{scope}: {level}', which '{place}' needs"


def permissions(said: object) -> dict[str, str]:
    return cast(dict[str, str], said) if isinstance(said, dict) else {}


def fields_of_events(file: File, files: list[File]) -> Iterator[str]:
    """A field of an event is one of an event that starts the workflow, and a call is none."""
    for path in sorted({found[1:] for found in EVENT.findall(file.text)}):
        if not any(has(event, path.split(".")) for event in file.events):
            yield f"no event that starts it has '{path}'"


def has(event: str, path: list[str]) -> bool:
    """Whether the payload of an event has a field, as GitHub describes it."""
    if event not in WEBHOOKS:
        return tuple(path) == UNDESCRIBED.get(event)
    name = WEBHOOKS[event]
    body = description()["webhooks"][name]["post"]["requestBody"]["content"]
    schema = resolved(body["application/json"]["schema"])
    for key in path:
        if "properties" not in schema and "additionalProperties" in schema:
            return True  # whatever its sender put there
        schema = resolved(schema.get("properties", {}).get(key) or {})
        if not schema:
            return False
    return True


@cache
def description() -> dict[str, Any]:
    file = installed() / "@octokit/openapi-webhooks/generated/api.github.com.json"
    return cast(dict[str, Any], json.loads(file.read_text(encoding="utf-8")))


def resolved(thing: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in thing:
        thing = description()["components"]["schemas"][thing["$ref"].rpartition("/")[2]]
    if "allOf" in thing:
        parts = [resolved(one) for one in thing["allOf"]]
        return {"properties": {k: v for one in parts for k, v in one.get("properties", {}).items()}}
    parts = [resolved(one) for one in thing.get("anyOf", thing.get("oneOf", ()))]
    return next((one for one in parts if "properties" in one), thing)


def artifacts(file: File, files: list[File]) -> Iterator[str]:
    """An artifact that a run of the job again would leave once more replaces it, or is another."""
    for step in file.steps:
        uses, given = str(step.get("uses", "")), cast(Node, step.get("with") or {})
        if re.match(r"actions/upload-(pages-)?artifact@", uses):
            another = "github.run_attempt" in str(given.get("name"))
            if not another and given.get("overwrite") is not True:
                yield f"the artifact '{given.get('name')}' cannot be left by a second attempt"


RULES = (reserved_names, inputs_of_uses, permissions_of_calls, fields_of_events, artifacts)
