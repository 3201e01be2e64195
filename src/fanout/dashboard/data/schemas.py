"""The JSON Schemas of all that is published for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel

from fanout.dashboard.data.badge import Shield
from fanout.dashboard.data.latest import Latest
from fanout.dashboard.data.pack_summary import PackSummary
from fanout.dashboard.data.run_summary import RunSummary
from fanout.dashboard.edition import Edition
from fanout.dashboard.site import Part
from fanout.gate.decision import Decision
from fanout.history.run import Run
from fanout.told.report import Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Schema(NamedTuple):
    """A schema: of which model, and where such JSON is found. `sparse` leaves defaults out."""

    name: str
    model: type[BaseModel]
    says: str
    sparse: bool = False

    @property
    def path(self) -> str:
        return f"schemas/{self.name}.json"

    def content(self) -> bytes:
        found = self.model.model_json_schema(mode="validation" if self.sparse else "serialization")
        return json.dumps({"$schema": DIALECT} | found, indent=2).encode() + b"\n"


SCHEMAS = (
    Schema("latest", Latest, "Of latest.json: the answer, the counts and every cell as it is now."),
    Schema("pack", PackSummary, "Of packs/<pack>.json: what a pack says of every Core ref."),
    Schema("run", RunSummary, "Of runs/<id>.json: what one run said, frozen."),
    Schema("badge", Shield, "Of badges/<name>.json: a badge as shields' endpoint takes it."),
    Schema("decision", Decision, "Of what fanout check and fanout gate print with --format json."),
    Schema("report", Report, "Of what fanout report prints with --format json."),
    Schema("document", Run, "Of a document of the history: one run, immutable.", sparse=True),
)


def parts(edition: Edition) -> Iterator[Part]:
    for schema in SCHEMAS:
        yield edition.file(schema.path, (), schema.content)
    yield edition.page("schemas/index.html", "schemas.html", (), lambda: {"schemas": SCHEMAS})
