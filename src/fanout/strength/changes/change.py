"""One change of Core: what is replaced by what, and which uses would meet it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import libcst as cst
import libcst.matchers as m

from fanout.strength.source import Definition, Module, Source
from fanout.strength.syntax import sure

RENAMED = "_renamed"
ADDED = "added_by_core"
Files = Mapping[str, str | None]  # by path; a file that is gone has no text


class How(StrEnum):
    """How a use meets a change of a name."""

    USED = "used"  # imported, or named
    NAMED = "named"  # read, assigned to, or given
    READ = "read"  # and not called
    METHOD = "read or called"
    ASSIGNED = "assigned"
    GIVEN = "given"  # by a keyword
    NONE = "given as None"
    OMITTED = "omitted"  # where its owner is made
    MADE = "made"
    DATA = "read from data"  # that the consumer hands over
    VALIDATED = "validated"
    CALLED = "called"
    RESULT = "called for its result"
    POSITION = "given by position"
    KEYWORD = "given by keyword to a call"
    TEXT = "a text"
    SUBCLASSED = "subclassed"
    ISINSTANCE = "asked of by isinstance"
    HASHED = "a key, or in a set"
    ADDED = "added by a subclass"
    REQUIRED = "required"  # by what installs Core


@dataclass(frozen=True)
class Question:
    """Whether a consumer uses a name of a definition in a way; `of` is a method, or its class."""

    how: How
    owner: str
    name: str = ""
    of: str = ""
    position: int = 0


BY_KEYWORD = -1  # the position of what is given by its name alone
Questions = tuple[Question, ...]


@dataclass(frozen=True, eq=False)
class Site:
    """A definition that is to be changed, in its module."""

    source: Source
    definition: Definition
    flavour: str
    added: frozenset[tuple[str, str]] = frozenset()  # by subclasses of the consumer's own

    @property
    def path(self) -> str:
        return self.definition.path

    @property
    def module(self) -> Module:
        return self.source.modules[self.definition.module]

    @property
    def tree(self) -> cst.Module:
        return self.module.tree

    @property
    def file(self) -> str:
        return self.module.file

    @property
    def body(self) -> list[cst.BaseStatement]:
        node = self.definition.node
        if isinstance(node, cst.ClassDef) and isinstance(node.body, cst.IndentedBlock):
            return list(node.body.body)
        return []

    def ask(self, how: How, name: str = "", of: str = "", position: int = 0) -> Question:
        return Question(how, self.path, name, of, position)

    def line(self, code: str) -> cst.BaseStatement:
        return cst.parse_statement(code, config=self.tree.config_for_parsing)

    def with_line(self, code: str, *, first: bool = False) -> cst.ClassDef:
        """The class with one more statement, after its last field or at its end."""
        node = sure(self.definition.node, cst.ClassDef)
        body = self.body
        at = len(body)
        if first:
            fields = [i for i, line in enumerate(body) if isinstance(line, cst.SimpleStatementLine)]
            at = fields[-1] + 1 if fields else 0
        body.insert(at, self.line(code))
        return with_body(node, body)


@dataclass(frozen=True, eq=False)
class Change:
    """What one kind of change does at one place: `files` makes the changed files."""

    detail: str
    files: Callable[[], Files]
    asks: Questions = ()
    hidden: tuple[str, ...] = ()  # modules that an install would not have


def with_body(node: cst.ClassDef, body: list[cst.BaseStatement]) -> cst.ClassDef:
    lines = body or [cst.parse_statement("pass")]
    block = sure(node.body, cst.IndentedBlock)
    return node.with_changes(body=block.with_changes(body=lines))


def replaced(
    site: Site, detail: str, old: cst.CSTNode, new: cst.CSTNode, *asks: Question
) -> Change:
    """The change of one node of a module into another."""

    def files() -> Files:
        return {site.file: site.module.with_piece(site.definition.node, old, new)}

    return Change(detail, files, asks)


def removed(site: Site, detail: str, old: cst.CSTNode, *asks: Question) -> Change:
    """The change of a class that has a statement no more."""
    node = sure(site.definition.node, cst.ClassDef)
    rest = [line for line in site.body if line is not old]
    return replaced(site, detail, node, with_body(node, rest), *asks)


class Renamed(cst.CSTTransformer):
    """Gives another name to what has one, wherever that stands, also as a text."""

    def __init__(self, old: str) -> None:
        self.old = old
        self.new = cst.Name(old + RENAMED)
        self.names: list[cst.CSTNode] = []  # that are texts

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:  # noqa: N802
        return self.new.deep_clone() if updated_node.value == self.old else updated_node

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:  # noqa: N802
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_SimpleString(  # noqa: N802
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        name = updated_node.evaluated_value == self.old and original_node in self.names
        return updated_node.with_changes(value=repr(self.new.value)) if name else updated_node

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        if m.matches(node.targets[0].target, m.Name("__all__")):
            self.names += m.findall(node.value, m.SimpleString())

    def visit_Annotation(self, node: cst.Annotation) -> None:  # noqa: N802
        self.names += m.findall(node, m.SimpleString())


Maker = Callable[[Site], Iterator[Change]]


@dataclass(frozen=True)
class KindOfChange:
    """A kind of change, breaking or compatible, and all that it makes of a definition."""

    name: str
    breaking: bool
    make: Maker
