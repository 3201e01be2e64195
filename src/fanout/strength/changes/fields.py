"""Changes of the fields of a class: names, types, bounds, defaults and literals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import libcst as cst
import libcst.matchers as m

from fanout.strength.changes.change import (
    ADDED,
    BY_KEYWORD,
    RENAMED,
    Change,
    How,
    Questions,
    Site,
    removed,
    replaced,
    with_body,
)
from fanout.strength.syntax import base_names, every, last_name, sure

OTHER_TYPE = {"str": "int", "int": "str", "float": "str", "bool": "str"}
LOOSE = {"str": '""', "int": "0", "float": "0.0", "bool": "False"}  # a value of each type
FLAVOURS = ("model", "dataclass")


@dataclass(frozen=True, eq=False)
class Field:
    """An annotated name in the body of a class."""

    line: cst.SimpleStatementLine
    node: cst.AnnAssign
    name: str

    @property
    def call(self) -> cst.Call | None:
        """The `Field(…)` that says more of it."""
        value = self.node.value
        return value if isinstance(value, cst.Call) and last_name(value) == "Field" else None

    @property
    def default(self) -> cst.BaseExpression | None:
        if self.call is None:
            return self.node.value
        for arg in self.call.args:
            if is_default(arg):
                return None if isinstance(arg.value, cst.Ellipsis) else arg.value
        return None

    def argument(self, name: str) -> cst.Arg | None:
        args = self.call.args if self.call else ()
        return next((arg for arg in args if arg.keyword and arg.keyword.value == name), None)

    def with_default(self, value: cst.BaseExpression | None) -> cst.AnnAssign:
        """The field with another default, or with none."""
        if self.call is None:
            equal = cst.AssignEqual() if value else cst.MaybeSentinel.DEFAULT
            return self.node.with_changes(value=value, equal=equal)
        keep = [arg for arg in self.call.args if not is_default(arg)]
        first = cst.Arg(value or cst.Ellipsis())
        return self.node.with_changes(value=self.call.with_changes(args=spaced([first, *keep])))

    def saying(self, **said: str) -> cst.AnnAssign:
        """The field that says more, or something else, to `Field`."""
        old = list(self.call.args) if self.call else []
        if self.call is None:
            value = self.node.value or cst.Ellipsis()
            old = [cst.Arg(value)]
        keep = [arg for arg in old if not (arg.keyword and arg.keyword.value in said)]
        tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        more = [
            cst.Arg(cst.parse_expression(text), keyword=cst.Name(name), equal=tight)
            for name, text in said.items()
        ]
        call = self.call or cst.Call(cst.Name("Field"))
        new = call.with_changes(args=spaced([*keep, *more]))
        equal = self.node.equal if self.node.value else cst.AssignEqual()
        return self.node.with_changes(value=new, equal=equal)


def is_default(arg: cst.Arg) -> bool:
    return arg.keyword is None or arg.keyword.value in ("default", "default_factory")


def spaced(args: list[cst.Arg]) -> list[cst.Arg]:
    """Arguments with a comma after each but the last, as they are usually written."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    head = [arg.with_changes(comma=comma) for arg in args[:-1]]
    return [*head, *(arg.with_changes(comma=cst.MaybeSentinel.DEFAULT) for arg in args[-1:])]


def fields(site: Site) -> list[Field]:
    if site.flavour not in FLAVOURS:
        return []
    # A root model has the one field that it is, and no other may be added.
    if "RootModel" in base_names(sure(site.definition.node, cst.ClassDef)):
        return []
    found: list[Field] = []
    for line in site.body:
        if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
            node = line.body[0]
            if isinstance(node, cst.AnnAssign) and isinstance(node.target, cst.Name):
                name = node.target.value
                plain = last_name(node.annotation.annotation) != "ClassVar"
                if plain and not name.startswith("_") and name != "model_config":
                    found.append(Field(line, node, name))
    return found


def sent(site: Site, name: str) -> Questions:
    """Whoever gives a field, reads it, or hands over data for it."""
    return (site.ask(How.GIVEN, name), site.ask(How.NAMED, name), site.ask(How.DATA, name))


def renamed(site: Site) -> Iterator[Change]:
    for field in fields(site):
        new = field.node.with_changes(target=cst.Name(field.name + RENAMED))
        asks = [site.ask(How.NAMED, field.name)]
        if field.default is None:
            asks.append(site.ask(How.DATA, field.name))
        yield replaced(site, field.name, field.node, new, *asks)


def gone(site: Site) -> Iterator[Change]:
    for field in fields(site):
        yield removed(site, field.name, field.line, site.ask(How.READ, field.name))


def other_type(site: Site) -> Iterator[Change]:
    for field in fields(site):
        simple = [one for one in named_in(field.node.annotation) if one.value in OTHER_TYPE]
        module = site.module
        if simple:
            new: cst.CSTNode = cst.Name(OTHER_TYPE[simple[0].value])
            yield replaced(site, field.name, simple[0], new, *sent(site, field.name))
        elif site.source.find(module, last_name(field.node.annotation.annotation)):
            old = field.node.annotation.annotation
            yield replaced(site, field.name, old, cst.Name("int"), *sent(site, field.name))


def narrowed(site: Site) -> Iterator[Change]:
    for field in fields(site):
        annotation = field.node.annotation.annotation
        if isinstance(annotation, cst.Name) and annotation.value == "float":
            yield replaced(site, field.name, annotation, cst.Name("int"), *sent(site, field.name))


def named_in(within: cst.CSTNode) -> list[cst.Name]:
    """The names in the order of the code, those in a `Literal` left out."""
    literal = {
        id(one)
        for part in m.findall(within, m.Subscript(value=m.Name("Literal")))
        for one in m.findall(part, m.Name())
    }
    return [one for one in every(cst.Name, m.findall(within, m.Name())) if id(one) not in literal]


def none_refused(site: Site) -> Iterator[Change]:
    for field in fields(site):
        annotation = field.node.annotation.annotation
        if m.matches(annotation, m.BinaryOperation(operator=m.BitOr(), right=m.Name("None"))):
            asks = (site.ask(How.NONE, field.name),)
            kept = sure(annotation, cst.BinaryOperation).left
            yield replaced(site, field.name, annotation, kept, *asks)


def made_required(site: Site) -> Iterator[Change]:
    for field in fields(site):
        if field.default is not None and site.flavour == "model":
            omitted = site.ask(How.OMITTED, field.name, position=BY_KEYWORD)
            asks = (omitted, site.ask(How.DATA, field.name))
            new = field.with_default(None)
            yield replaced(site, field.name, field.node, new, *asks)


def added_required(site: Site) -> Iterator[Change]:
    if site.flavour == "model" and fields(site):
        asks = (site.ask(How.MADE), site.ask(How.DATA), site.ask(How.VALIDATED))
        new = site.with_line(f"{ADDED}: str", first=True)
        yield replaced(site, ADDED, site.definition.node, new, *asks)


def other_default(site: Site) -> Iterator[Change]:
    for field in fields(site):
        value = field.default
        new = other_value(value) if value else None
        if new is not None:
            asks = (site.ask(How.READ, field.name, "omitted"),)
            yield replaced(site, field.name, field.node, field.with_default(new), *asks)


def other_value(value: cst.BaseExpression) -> cst.BaseExpression | None:
    """A constant of the same type that is another one."""
    if isinstance(value, cst.SimpleString):
        text = value.evaluated_value
        return cst.SimpleString(repr(f"{text}-other")) if isinstance(text, str) else None
    if isinstance(value, cst.Integer | cst.Float):
        return type(value)(f"1{value.value}")
    if isinstance(value, cst.Name) and value.value in ("True", "False"):
        return cst.Name("False" if value.value == "True" else "True")
    return None


def name_taken(site: Site) -> Iterator[Change]:
    """Core takes a name that a subclass adds: what the one has as a field, the other may not."""
    own = {field.name for field in fields(site)}
    for name, what in sorted(site.added):
        if name in own or site.flavour != "model" or what != "method":
            continue
        new = site.with_line(f"{name}: float | None = None", first=True)
        asks = (site.ask(How.ADDED, name, what),)
        yield replaced(site, name, site.definition.node, new, *asks)


def added_optional(site: Site) -> Iterator[Change]:
    if site.flavour == "model" and fields(site):
        new = site.with_line(f"{ADDED}: str | None = None", first=True)
        yield replaced(site, ADDED, site.definition.node, new)


def made_optional(site: Site) -> Iterator[Change]:
    for field in fields(site):
        kind = last_name(field.node.annotation.annotation)
        if site.flavour == "model" and field.default is None and kind in LOOSE:
            new = field.with_default(cst.parse_expression(LOOSE[kind]))
            yield replaced(site, field.name, field.node, new)


def reordered(site: Site) -> Iterator[Change]:
    found = fields(site)
    for first, second in pairwise(found):
        alike = (first.default is None) == (second.default is None)
        if site.flavour == "model" and alike:
            swap = {id(first.line): second.line, id(second.line): first.line}
            body = [swap.get(id(line), line) for line in site.body]
            node = sure(site.definition.node, cst.ClassDef)
            yield replaced(site, f"{first.name}.{second.name}", node, with_body(node, body))
