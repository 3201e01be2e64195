"""The promises that a consumer's uses of Core come to, where they can be judged without it.

What a symbol is, says the surface of one Core; whether a promise is kept, says running it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fanout.consumers.use import MANY, File, Kind, Use
from fanout.draft.promise import (
    PATH,
    WIDTH,
    Promise,
    fitted,
    importing,
    is_name,
    is_symbol,
    listed,
    snake,
)
from fanout.surface.shape import Shapes
from fanout.surface.symbol import Surface, Symbol

ENUM = re.compile(r"\b\w*(Enum|Flag)\b")
ERROR = re.compile(r"\((.*, )?(BaseException|Exception|\w+Error)\b")
# What a drafted file defines for promises of attributes.
NAMES_OF = '''\
def names_of(cls: type) -> set[str]:
    """What an object of a class has: fields, attributes and methods."""
    fields = (getattr(cls, name, ()) for name in ("model_fields", "__dataclass_fields__"))
    return {*dir(cls), *(name for some in fields for name in some)}
'''


@dataclass(frozen=True)
class Known:
    """A symbol as a consumer names it, where it is defined in Core, and what it is there."""

    symbol: str
    path: str
    what: Symbol

    @property
    def name(self) -> str:
        return self.symbol.rpartition(".")[2]

    def promise(self, name: str, says: str, *lines: str) -> Promise:
        """A promise about the symbol, which its lines find imported."""
        body = (*importing([self.symbol]), "", *lines)
        return Promise(f"{snake(self.name)}_{name}", says, (self.symbol,), body)


class Drafter:
    """Drafts promises with what one Core's surface says of its symbols."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.shapes = Shapes(surface)

    def promises(self, file: File) -> tuple[Promise, ...]:
        """Those of one file, each once, under names of their own."""
        uses = [use for use in file.uses if use.symbol and is_symbol(use.symbol)]
        found: dict[tuple[str, ...], Promise] = {}
        for promise in (*self.imports(uses), *self.extended(uses), *self.used(uses)):
            found.setdefault(promise.body, promise)
        taken: dict[str, int] = {}
        numbered = []
        for promise in found.values():
            taken[promise.name] = taken.get(promise.name, 0) + 1
            end = f"_{taken[promise.name]}" if taken[promise.name] > 1 else ""
            numbered.append(replace(promise, name=f"{promise.name}{end}"))
        return tuple(numbered)

    def known(self, symbol: str) -> Known | None:
        """A class or function that a module of Core has under this name."""
        path = self.surface.canonical(symbol)
        what = self.surface.symbols.get(path)
        module = self.surface.symbols.get(self.surface.canonical(symbol.rpartition(".")[0]))
        if what is None or module is None or module.kind != "module":
            return None
        return Known(symbol, path, what) if what.kind in ("class", "function") else None

    def bases(self, path: str) -> Iterator[Symbol]:
        """A class and those that it is made from, as far as they are Core's."""
        lineage = self.shapes.lineage(path) if self.shapes.is_class(path) else ()
        yield from (self.surface.symbols[one] for one in lineage)

    def member(self, known: Known, name: str) -> Symbol | None:
        """What a class of Core has under a name, of its own or from a base."""
        paths = (f"{owner}.{name}" for owner in self.shapes.lineage(known.path))
        return next(filter(None, map(self.surface.symbols.get, paths)), None)

    def imports(self, uses: Iterable[Use]) -> Iterator[Promise]:
        """What a file imports, one promise for each module of Core."""
        modules: dict[str, dict[str, Use]] = {}
        for use in uses:
            if use.kind is Kind.IMPORT and use.symbol != ".":
                start = use.symbol.rpartition(".")[0]
                modules.setdefault(start, {}).setdefault(use.symbol, use)
        for start, found in sorted(modules.items()):
            names = sorted(symbol.rpartition(".")[2] for symbol in found)
            check = fitted("assert None not in (", names, ")")
            if len(names) == 1:
                check = [f"assert {names[0]} is not None"]
            one = next(iter(found.values()))
            fact = f"{listed(names)} can be imported"
            if len(fact) > room(one):
                fact = f"{len(names)} names can be imported from {start or 'the root'}"
            yield Promise(
                name=f"imports_from_{snake(start or 'the_root')}",
                says=told(fact, one),
                symbols=tuple(sorted(found)),
                body=(*importing(found), "", *check),
            )

    def extended(self, uses: Iterable[Use]) -> Iterator[Promise]:
        """The classes that a file makes from Core's, with what they add."""
        made: list[tuple[Use, list[Use]]] = []
        for use in uses:
            if use.kind is Kind.SUBCLASS:
                made.append((use, []))
            elif use.kind is Kind.ADDED and made and is_name(use.name):
                made[-1][1].append(use)
        for use, added in made:
            known = self.known(use.symbol)
            if known is None or known.what.kind != "class":
                continue
            own = use.name if is_name(use.name) and use.name != known.name else "Own"
            yield known.promise(
                "can_be_extended",
                told(f"{known.name} can be extended as {own}", use),
                f"class {own}({known.name}):",
                *members_of(added),
                "",
                f'assert not getattr({own}, "__abstractmethods__", None)',
            )
            for name in dict.fromkeys(one.name for one in added):
                if self.member(known, name) is None:
                    yield known.promise(
                        f"leaves_{snake(name)}_to_who_extends_it",
                        told(f"{known.name} has no {name} of its own", use),
                        f'assert "{name}" not in names_of({known.name})',
                    )

    def used(self, uses: Iterable[Use]) -> Iterator[Promise]:
        """What a file does with the classes and functions of Core that it knows by name."""
        for use in uses:
            known = self.known(use.symbol)
            if known is None:
                continue
            if any(ERROR.search(one.says) for one in self.bases(known.path)):
                yield known.promise(
                    "can_be_raised",
                    told(f"{known.name} can be raised, and caught as an exception", use),
                    f"assert issubclass({known.name}, Exception)",
                )
            match use.kind:
                case Kind.CALL if use.name == known.name:
                    made = "made" if known.what.kind == "class" else "called"
                    yield known.promise(
                        f"is_{made}",
                        told(f"{known.name} is {made} {with_arguments(use)}", use),
                        *binding(known.name, arguments(use)),
                    )
                case Kind.CALL | Kind.READ if is_name(use.name) and known.what.kind == "class":
                    if found := self.member(known, use.name):
                        yield from self.attribute(known, use, found)
                case Kind.ISINSTANCE:
                    yield known.promise(
                        "can_be_told_from_others",
                        told(f"Whether something is a {known.name} can be asked", use),
                        f"assert not isinstance(object(), {known.name})",
                    )

    def attribute(self, known: Known, use: Use, found: Symbol) -> Iterator[Promise]:
        """What is read of an object of a class, or called on it."""
        whole, name = f"{known.name}.{use.name}", snake(use.name)
        if found.kind == "function":
            if use.kind is Kind.CALL:
                bound = [] if re.search("@(class|static)method", found.says) else ["..."]
                yield known.promise(
                    f"{name}_is_called",
                    told(f"{whole} is called {with_arguments(use)}", use),
                    *binding(whole, [*bound, *arguments(use)]),
                )
                awaited = re.search(r"\basync def ", found.says)
                yield known.promise(
                    f"{name}_is_{'awaited' if awaited else 'called_at_once'}",
                    told(f"{whole} is {'awaited' if awaited else 'not awaited'}", use),
                    f"assert {'' if awaited else 'not '}inspect.iscoroutinefunction({whole})",
                )
        elif any(ENUM.search(one.says) for one in self.bases(known.path)):
            if value := literal(found.says):
                yield known.promise(
                    f"{name}_has_its_value",
                    told(f"{whole} is a member with its value", use),
                    f"assert {whole}.value == {value}",
                )
        elif use.kind is Kind.READ:
            yield known.promise(
                f"has_{name}",
                told(f"{known.name} has {use.name}", use),
                f'assert "{use.name}" in names_of({known.name})',
            )


def members_of(added: Iterable[Use]) -> list[str]:
    """The members of a subclass, as far as their names go: its fields, then its methods."""
    names = {what: [one.name for one in added if one.adds == what] for what in ("field", "method")}
    lines = [f"    {name}: object = None" for name in names["field"]]
    for name in names["method"]:
        gap = [""] if lines else []
        lines += [*gap, f"    def {name}(self, *given: object, **named: object) -> None: ..."]
    return lines or ["    pass"]


def binding(called: str, given: list[str]) -> list[str]:
    """The lines that ask whether something takes some arguments."""
    return fitted(f"assert inspect.signature({called}).bind(", given, ")")


def told(fact: str, use: Use) -> str:
    """A sentence with the place that relies on it, where its path cannot be read as code."""
    return f"{fact if len(fact) <= room(use) else fact[: room(use) - 2] + ' …'}{place(use)}."


def place(use: Use) -> str:
    name = use.file.rpartition("/")[2]
    return f" ({name}:{use.line})" if PATH.fullmatch(name) else ""


def room(use: Use) -> int:
    """How long a sentence may be before its place, for a docstring of one line."""
    return WIDTH - len('    """.""" ') - len(place(use))


def arguments(use: Use) -> list[str]:
    """What a call gives, each as an ellipsis; what it gives by `*` or `**` nobody knows."""
    by_position = ["..."] * (use.position % MANY)
    return by_position + [f"{name}=..." for name in sorted(use.keywords) if is_name(name)]


def with_arguments(use: Use) -> str:
    by_position = use.position % MANY
    named = [name for name in sorted(use.keywords) if is_name(name)]
    parts = [f"{by_position} by position"] if by_position else []
    parts += [listed(named)] if named else []
    return f"with {' and '.join(parts)}" if parts else "without arguments"


def literal(said: str) -> str | None:
    """The plain value that a member is given, as code."""
    try:
        value = ast.literal_eval(said.removeprefix("= "))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, str):
        return json.dumps(value)
    return repr(value) if isinstance(value, int | float) else None
