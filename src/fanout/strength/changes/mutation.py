"""Every mutant of a Core for one pack, in an order that does not change, by ids that say what."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from libcst import CSTValidationError, ParserSyntaxError

from fanout.consumers.use import Use
from fanout.model import PACKAGE
from fanout.strength.changes import (
    classes,
    field_info,
    fields,
    functions,
    modules,
    parameters,
)
from fanout.strength.changes.change import Change, Files, KindOfChange, Site
from fanout.strength.meeting import Facts
from fanout.strength.source import Source

KINDS = tuple(
    KindOfChange(name, breaking, make)
    for breaking, makers in (
        (
            True,
            {
                "field-renamed": fields.renamed,
                "field-gone": fields.gone,
                "field-type": fields.other_type,
                "field-narrowed": fields.narrowed,
                "field-none-refused": fields.none_refused,
                "field-required": fields.made_required,
                "field-added-required": fields.added_required,
                "field-default": fields.other_default,
                "field-bound": field_info.tightened,
                "field-bound-added": field_info.bounded,
                "field-alias": field_info.aliased,
                "field-not-serialised": field_info.not_serialised,
                "subclass-name-taken": fields.name_taken,
                "literal-gone": classes.literal_gone,
                "literal-changed": classes.literal_changed,
                "union-member-gone": classes.union_member_gone,
                "validator-gone": functions.validator_gone,
                "member-renamed": classes.member_renamed,
                "member-gone": classes.member_gone,
                "member-value": classes.member_value,
                "class-renamed": classes.renamed,
                "class-base-lost": classes.base_lost,
                "class-setting": classes.setting,
                "class-not-frozen": classes.unfrozen,
                "protocol-not-checkable": classes.not_checkable,
                "protocol-method-abstract": functions.abstract_added,
                "method-renamed": functions.renamed,
                "method-gone": functions.gone,
                "function-raises": functions.raises,
                "function-returns-none": functions.returns_none,
                "function-returns-other": functions.returns_other,
                "function-async": functions.made_async,
                "function-sync": functions.made_sync,
                "parameter-renamed": parameters.renamed,
                "parameter-gone": parameters.gone,
                "parameter-required": parameters.made_required,
                "parameter-added-required": parameters.added_required,
                "parameter-default": parameters.other_default,
                "parameters-swapped": parameters.swapped,
                "parameter-keyword-only": parameters.keyword_only,
                "parameter-positional-only": parameters.positional_only,
            },
        ),
        (
            False,
            {
                "field-added": fields.added_optional,
                "field-optional": fields.made_optional,
                "field-bound-loosened": field_info.loosened,
                "field-described": field_info.described,
                "fields-reordered": fields.reordered,
                "literal-added": classes.literal_added,
                "member-added": classes.member_added,
                "message-changed": functions.other_message,
                "docstring-changed": classes.documented,
                "implementation-moved": classes.moved,
                "parameter-added": parameters.added_optional,
                "method-added": functions.method_added,
            },
        ),
    )
    for name, make in makers.items()
)
OF_MODULES = {
    "export-gone": (True, modules.export_gone),
    "module-gone": (True, modules.module_gone),
    "module-added": (False, modules.module_added),
    "export-added": (False, modules.export_added),
}


@dataclass(frozen=True, eq=False)
class Mutant:
    """A Core with one change: its id makes it again."""

    kind: str
    breaking: bool
    symbol: str
    change: Change
    use: Use | None  # that would meet it
    by_consumer: bool = False

    @property
    def id(self) -> str:
        place = ".".join(part for part in (self.symbol, self.change.detail) if part)
        return f"{self.kind}:{place}"

    @property
    def met(self) -> bool:
        return self.use is not None

    def files(self) -> Files:
        return self.change.files()


class Mutation:
    """What makes the mutants: a Core's files, the consumer's uses, and those of its pack."""

    def __init__(self, source: Source, consumer: Facts, pack: Facts) -> None:
        self.source = source
        self.consumer = consumer
        self.pack = pack
        self.symbols = sorted(consumer.symbols | pack.symbols)

    def mutants(self, site: Path, requirements: Path, info: str) -> list[Mutant]:
        """All of them, by kind; one that is no Python, or that changes nothing, is none."""
        found = {one.id: one for one in self.made(site, requirements, info)}
        return [found[name] for name in sorted(found)]

    def made(self, site: Path, requirements: Path, info: str) -> Iterator[Mutant]:
        for definition in self.sites():
            for kind in KINDS:
                for change in kind.make(definition):
                    yield self.mutant(kind.name, kind.breaking, definition.path, change)
        for name, (breaking, make) in OF_MODULES.items():
            for symbol, change in make(self.source, self.symbols):
                yield self.mutant(name, breaking, symbol or PACKAGE, change)
        for change in modules.dependency_gone(site, requirements, info):
            yield self.mutant("dependency", True, "METADATA", change)

    def sites(self) -> list[Site]:
        """What is changed: the public definitions that a known symbol leads to."""
        paths: set[str] = set()
        for symbol in self.symbols:
            if found := self.source.resolve(symbol):
                paths |= self.source.reach(found.path)
        public = [path for path in paths if not path.rpartition(".")[2].startswith("_")]
        return [self.site(path) for path in sorted(public)]

    def site(self, path: str) -> Site:
        definition = self.source.definition(path)
        added = self.consumer.added_to(path)
        return Site(self.source, definition, self.source.flavour(definition), added)

    def mutant(self, kind: str, breaking: bool, symbol: str, change: Change) -> Mutant:
        for facts in (self.consumer, self.pack):
            for question in change.asks:
                if use := facts.met(question):
                    return Mutant(kind, breaking, symbol, change, use, facts is self.consumer)
        return Mutant(kind, breaking, symbol, change, None)


def changed_files(mutant: Mutant, original: Mapping[str, bytes]) -> dict[str, str | None] | None:
    """The files of a mutant that differ; none if it is no Python, or the same as before."""
    try:
        files = mutant.files()
        for name, text in files.items():
            if text is not None and name.endswith(".py"):
                compile(text, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, CSTValidationError, ParserSyntaxError):
        return None
    found = {
        name: text
        for name, text in files.items()
        if (text.encode() if text is not None else None) != original.get(name)
    }
    return found or None


def diff(files: Files, original: Mapping[str, bytes]) -> str:
    """What a mutant changes, as a unified diff of Core's source."""
    lines: list[str] = []
    for name, text in files.items():
        before = original.get(name, b"").decode("utf-8", "replace").splitlines(keepends=True)
        after = (text or "").splitlines(keepends=True)
        old = name if name in original else "/dev/null"
        new = name if text is not None else "/dev/null"
        lines += difflib.unified_diff(before, after, old, new, n=1)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
