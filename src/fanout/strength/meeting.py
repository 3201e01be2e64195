"""Whether a consumer would meet a change: which of its uses, or of its pack's, does.

The pack is read as the consumer is: what a promise's test names of Core, it pins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import libcst as cst

from fanout.consumers.use import File, Kind, Use
from fanout.strength.annotations import Annotations
from fanout.strength.changes.change import BY_KEYWORD, How, Question
from fanout.strength.source import Source

VALIDATES = ("model_validate", "model_validate_json", "model_validate_strings", "parse_obj")
DUMPS = ("model_dump", "model_dump_json", "dict", "json")


class Facts:
    """The uses in the files of a consumer, or of a pack, asked by what they mean for Core."""

    def __init__(self, files: Iterable[File], source: Source) -> None:
        self.source = source
        self.files = tuple(files)
        self.reach: dict[str, frozenset[str]] = {}
        self.uses: dict[tuple[Kind, str], list[Use]] = defaultdict(list)
        self.paths: dict[str, str] = {}  # a symbol's definition, empty where Core has none
        self.annotations = Annotations(source)
        self.data: dict[str, Use] = {}  # what Core makes of data, and the call that has it do so
        for file in self.files:
            reached = [source.reach(path) for one in file.symbols if (path := self.path(one))]
            self.reach[file.path] = frozenset().union(*reached)
            for use in file.uses:
                self.uses[use.kind, use.name].append(use)
                if use.kind in (Kind.IMPORT, Kind.READ, Kind.SUBCLASS):
                    self.uses[use.kind, ""].append(use)
        self.find_data()

    @property
    def symbols(self) -> frozenset[str]:
        """Every dotted name in Core that is known somewhere."""
        return frozenset(one for file in self.files for one in file.symbols if self.path(one))

    def path(self, symbol: str) -> str:
        if symbol not in self.paths:
            found = self.source.resolve(symbol) if symbol else None
            self.paths[symbol] = found.path if found else ""
        return self.paths[symbol]

    def find_data(self) -> None:
        calls = [use for (kind, _), uses in self.uses.items() if kind is Kind.CALL for use in uses]
        made = {self.path(use.symbol) for use in calls if use.name == last_part(use.symbol)}
        for use in calls:
            path = self.path(use.symbol) if use.name == last_part(use.symbol) else ""
            if path and isinstance(self.source.definition(path).node, cst.FunctionDef):
                for one in self.source.shape(self.source.definition(path)):
                    flavour = self.source.flavour(self.source.definition(one))
                    if flavour != "plain" and one not in made:
                        self.data.setdefault(one, use)

    def met(self, question: Question) -> Use | None:
        """A use that meets a change."""
        return FINDERS[question.how](self, question)

    def of(self, use: Use, owner: str) -> bool:
        """Whether a use may be of an object of a class: of itself, or of what extends it."""
        near = owner in self.reach.get(use.file, ())
        if self.is_protocol(owner):
            # What it says is met by who names it: any object is of something that implements it.
            path = self.path(use.symbol)
            return bool(path) and owner in self.source.lineage(path)
        classes = self.annotations.classes(use.symbol)
        if classes is None:
            return near
        if any(owner in self.source.lineage(path) for path in classes):
            return True
        # It may be of a class that extends what it is said to be, or that implements it.
        return near and any(
            path in self.source.lineage(owner)
            or (self.is_protocol(path) and self.annotations.implements(owner, path))
            for path in classes
        )

    def is_protocol(self, path: str) -> bool:
        return self.source.flavour(self.source.definition(path)) == "protocol"

    def first(
        self, kinds: Iterable[Kind], question: Question, more: Callable[[Use], bool] | None = None
    ) -> Use | None:
        for kind in kinds:
            for use in self.uses.get((kind, question.name), ()):
                if self.of(use, question.owner) and (more is None or more(use)):
                    return use
        return None

    def used(self, question: Question) -> Use | None:
        wanted = question.owner
        for kind in (Kind.IMPORT, Kind.READ, Kind.SUBCLASS):
            for use in self.uses.get((kind, ""), ()):
                symbol = use.symbol if kind is not Kind.READ else joined(use)
                if symbol == wanted or (symbol and self.path(symbol) == wanted):
                    return use
        return None

    def calls(self, question: Question) -> Iterable[Use]:
        """The calls of a function: of a class, where it is made, or of a method by its name."""
        if question.of:
            for use in self.uses.get((Kind.CALL, question.of), ()):
                exact = self.path(use.symbol) == question.owner
                if exact or self.of(use, question.owner) or self.of_parent(use, question.owner):
                    yield use
            return
        for (kind, _), uses in self.uses.items():
            if kind is Kind.CALL:
                yield from (use for use in uses if self.made_by(use, question.owner))

    def of_parent(self, use: Use, owner: str) -> bool:
        """Whether a call through a name, such as `Class.method()`, is of that class."""
        start, _, name = use.symbol.rpartition(".")
        parent = self.path(start) if name == use.name else ""
        return bool(parent) and owner in self.source.lineage(parent)

    def made_by(self, use: Use, owner: str) -> bool:
        path = self.path(use.symbol)
        # A method of an object has that object's class for a symbol.
        called = use.name == last_part(use.symbol)
        return called and bool(path) and owner in self.source.lineage(path)

    def made(self, question: Question) -> Use | None:
        return next(iter(self.calls(Question(question.how, question.owner))), None)

    def called(self, question: Question) -> Use | None:
        return next(iter(self.calls(question)), None)

    def result(self, question: Question) -> Use | None:
        return next((use for use in self.calls(question) if use.result), None)

    def by_position(self, question: Question) -> Use | None:
        calls = self.calls(question)
        return next((use for use in calls if use.position > question.position), None)

    def by_keyword(self, question: Question) -> Use | None:
        return next((use for use in self.calls(question) if question.name in use.keywords), None)

    def omitted(self, question: Question) -> Use | None:
        for use in self.calls(question):
            given = question.name in use.keywords or "**" in use.keywords
            placed = 0 <= question.position < use.position
            if not given and not placed:
                return use
        return None

    def given(self, question: Question) -> Use | None:
        return self.first((Kind.KEYWORD,), question, is_field)

    def given_none(self, question: Question) -> Use | None:
        return self.first(
            (Kind.KEYWORD,), question, lambda use: is_field(use) and use.adds == "None"
        )

    def read(self, question: Question) -> Use | None:
        """A use that reads; `of` says under which condition that is one."""
        found = self.first((Kind.READ,), question, is_field)
        if question.of == "omitted" and not self.omitted(
            Question(question.how, question.owner, question.name, position=BY_KEYWORD)
        ):
            return found if question.owner in self.data else None
        return found

    def named(self, question: Question) -> Use | None:
        kinds = [Kind.READ, Kind.KEYWORD, Kind.ASSIGN]
        if question.of == "dumped":
            calls = (use for name in DUMPS for use in self.uses.get((Kind.CALL, name), ()))
            dumps = {use.file for use in calls if self.of(use, question.owner)}
            return self.first(kinds, question, lambda use: is_field(use) and use.file in dumps)
        return self.first(kinds, question, is_field)

    def method(self, question: Question) -> Use | None:
        return self.first((Kind.READ,), question)

    def validated(self, question: Question) -> Use | None:
        for name in VALIDATES:
            for use in self.uses.get((Kind.CALL, name), ()):
                if self.of(use, question.owner) or self.of_parent(use, question.owner):
                    return use
        return None

    def text(self, question: Question) -> Use | None:
        return self.first((Kind.TEXT,), question) if question.name else None

    def added(self, question: Question) -> Use | None:
        return self.first(
            (Kind.ADDED,), question, lambda use: use.adds == question.of or not question.of
        )

    def isinstance(self, question: Question) -> Use | None:
        for (kind, _), uses in self.uses.items():
            for use in uses if kind is Kind.ISINSTANCE else ():
                if self.path(use.symbol) == question.owner:
                    return use
        return None

    def subclassed(self, question: Question) -> Use | None:
        uses = self.uses.get((Kind.SUBCLASS, ""), ())
        return next((use for use in uses if self.of(use, question.owner)), None)

    def assigned(self, question: Question) -> Use | None:
        return self.first((Kind.ASSIGN,), question)

    def required(self, question: Question) -> Use | None:
        """A use of something of which a module imports what is no more there."""
        for use in self.uses.get((Kind.IMPORT, ""), ()):
            if question.name in self.source.foreign(use.symbol):
                return use
        return None

    def added_to(self, owner: str) -> frozenset[tuple[str, str]]:
        """What subclasses of the consumer's own add to a class."""
        found = set()
        for (kind, name), uses in self.uses.items():
            for use in uses if kind is Kind.ADDED else ():
                if self.path(use.symbol) == owner:
                    found.add((name, use.adds))
        return frozenset(found)


def is_field(use: Use) -> bool:
    """Whether a use may be of a field: it is not called, nor given to a method of anything."""
    return not use.method


def last_part(symbol: str) -> str:
    return symbol.rpartition(".")[2]


def joined(use: Use) -> str:
    if not use.symbol:
        return ""
    return use.name if use.symbol == "." else f"{use.symbol}.{use.name}"


FINDERS: dict[How, Callable[[Facts, Question], Use | None]] = {
    How.USED: Facts.used,
    How.NAMED: Facts.named,
    How.READ: Facts.read,
    How.METHOD: Facts.method,
    How.ASSIGNED: Facts.assigned,
    How.GIVEN: Facts.given,
    How.NONE: Facts.given_none,
    How.OMITTED: Facts.omitted,
    How.MADE: Facts.made,
    How.DATA: lambda facts, question: facts.data.get(question.owner),
    How.VALIDATED: Facts.validated,
    How.CALLED: Facts.called,
    How.RESULT: Facts.result,
    How.POSITION: Facts.by_position,
    How.KEYWORD: Facts.by_keyword,
    How.TEXT: Facts.text,
    How.SUBCLASSED: Facts.subclassed,
    How.ISINSTANCE: Facts.isinstance,
    How.HASHED: lambda facts, question: facts.first((Kind.HASH,), question),
    How.ADDED: Facts.added,
    How.REQUIRED: Facts.required,
}
