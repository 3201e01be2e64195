"""Changes of functions and methods: names, parameters, results, and how they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst
import libcst.matchers as m

from fanout.strength.changes.change import (
    ADDED,
    RENAMED,
    Change,
    How,
    Question,
    Site,
    removed,
    replaced,
)
from fanout.strength.syntax import decorators, last_name, sure

VALIDATORS = ("model_validator", "field_validator", "validator", "root_validator")
OTHER = {"str": '"other"', "int": "1000", "float": "1000.0", "list": "[]", "List": "[]"}
OTHER |= {"dict": "{}", "Dict": "{}", "set": "set()", "tuple": "()", "Tuple": "()"}
BOUND_FIRST = ("self", "cls")


@dataclass(frozen=True, eq=False)
class Function:
    """A public function: of a module, or a method, its class then being the site."""

    site: Site
    node: cst.FunctionDef
    method: bool

    @property
    def name(self) -> str:
        return self.node.name.value

    @property
    def caller(self) -> str:
        """The name that it is called by; a constructor by that of its class, which is empty."""
        return "" if self.name == "__init__" else self.name

    @property
    def positional(self) -> list[cst.Param]:
        params = [*self.node.params.posonly_params, *self.node.params.params]
        bound = self.method and params and params[0].name.value in BOUND_FIRST
        return params[1:] if bound else params

    @property
    def bound(self) -> int:
        """How many of the parameters after those by position only are no caller's to give."""
        params = self.node.params.params
        return len(params) - len([one for one in self.positional if one in params])

    @property
    def is_stub(self) -> bool:
        """Whether it has no body but a docstring and an ellipsis, as in a protocol."""
        return all(is_nothing(line) for line in body_of(self.node))

    def ask(self, how: How, name: str = "", position: int = 0) -> Question:
        return self.site.ask(how, name, self.caller, position)

    def detail(self, more: str = "") -> str:
        return ".".join(part for part in (self.name if self.method else "", more) if part)

    def becomes(self, new: cst.CSTNode, more: str, *asks: Question) -> Change:
        return replaced(self.site, self.detail(more), self.node, new, *asks)

    def with_params(self, **changes: object) -> cst.FunctionDef:
        return self.node.with_changes(params=self.node.params.with_changes(**changes))


def body_of(node: cst.FunctionDef) -> Sequence[cst.BaseStatement | cst.BaseSmallStatement]:
    return node.body.body


def is_nothing(line: cst.CSTNode) -> bool:
    if isinstance(line, cst.SimpleStatementLine):
        return all(is_nothing(part) for part in line.body)
    if isinstance(line, cst.Expr):
        return isinstance(line.value, cst.Ellipsis | cst.SimpleString | cst.ConcatenatedString)
    return isinstance(line, cst.Pass)


def functions(site: Site, *, special: bool = False) -> list[Function]:
    """The public functions of a site, with its constructor where that is asked for."""
    node = site.definition.node
    if isinstance(node, cst.FunctionDef):
        return [Function(site, node, method=False)]
    found = [line for line in site.body if isinstance(line, cst.FunctionDef)]
    return [
        Function(site, one, method=True)
        for one in found
        if (not one.name.value.startswith("_") or (special and one.name.value == "__init__"))
        and not set(decorators(one)) & set(VALIDATORS)
    ]


def renamed(site: Site) -> Iterator[Change]:
    for one in functions(site):
        if one.method:
            new = one.node.with_changes(name=cst.Name(one.name + RENAMED))
            yield one.becomes(new, "", site.ask(How.METHOD, one.name))


def gone(site: Site) -> Iterator[Change]:
    for one in functions(site):
        if one.method:
            yield removed(site, one.name, one.node, site.ask(How.METHOD, one.name))


def raises(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        if not one.is_stub and site.flavour != "protocol":
            lines = [site.line('raise NotImplementedError("Core does this no more")')]
            # What yields goes on to be a generator.
            if m.findall(one.node, m.Yield()):
                lines.append(site.line("yield"))
            new = one.node.with_changes(body=cst.IndentedBlock(lines))
            yield one.becomes(new, "", one.ask(How.CALLED))


def returns_none(site: Site) -> Iterator[Change]:
    for one in returning(site):
        yield with_return(one, lambda value: cst.Name("None"))


def returns_other(site: Site) -> Iterator[Change]:
    """Another value of the type that the annotation says."""
    for one in returning(site):
        kind = last_name(one.node.returns.annotation) if one.node.returns else ""
        if kind == "bool":
            yield with_return(one, lambda value: negated(value))
        elif kind in OTHER:
            other = cst.parse_expression(OTHER[kind])
            yield with_return(one, lambda value, other=other: other.deep_clone())  # type: ignore[misc]


def returning(site: Site) -> list[Function]:
    """The functions that return something; a protocol's say so alone."""
    some = m.Return(value=~m.Name("None") & m.DoesNotMatch(None))
    found = functions(site) if site.flavour != "protocol" else []
    return [one for one in found if m.findall(one.node.body, some)]


def with_return(one: Function, other: Callable[[cst.BaseExpression], cst.BaseExpression]) -> Change:
    new = sure(one.node.visit(Returns(other)), cst.FunctionDef)
    if "property" in decorators(one.node):
        return one.becomes(new, "", one.site.ask(How.READ, one.name))
    return one.becomes(new, "", one.ask(How.RESULT))


def negated(value: cst.BaseExpression) -> cst.BaseExpression:
    whole = value.with_changes(
        lpar=[cst.LeftParen(), *value.lpar], rpar=[*value.rpar, cst.RightParen()]
    )
    return cst.UnaryOperation(cst.Not(), whole)


class Returns(cst.CSTTransformer):
    """Has a function return something else, wherever it returns a value."""

    def __init__(self, other: Callable[[cst.BaseExpression], cst.BaseExpression]) -> None:
        self.other = other

    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.Return:  # noqa: N802
        if updated_node.value is None:
            return updated_node
        space = cst.SimpleWhitespace(" ")
        value = self.other(updated_node.value)
        return updated_node.with_changes(value=value, whitespace_after_return=space)


class WithoutAwait(cst.CSTTransformer):
    """Awaits nothing."""

    def leave_Await(self, original_node: cst.Await, updated_node: cst.Await) -> cst.BaseExpression:  # noqa: N802
        return updated_node.expression

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.For:  # noqa: N802
        return updated_node.with_changes(asynchronous=None)

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> cst.With:  # noqa: N802
        return updated_node.with_changes(asynchronous=None)


def made_async(site: Site) -> Iterator[Change]:
    for one in functions(site):
        if not one.node.asynchronous and "property" not in decorators(one.node):
            new = one.node.with_changes(asynchronous=cst.Asynchronous())
            yield one.becomes(new, "", one.ask(How.CALLED), *implemented(one))


def made_sync(site: Site) -> Iterator[Change]:
    for one in functions(site):
        if one.node.asynchronous:
            sync = one.node.with_changes(asynchronous=None)
            new = sure(sync.visit(WithoutAwait()), cst.FunctionDef)
            yield one.becomes(new, "", one.ask(How.CALLED), *implemented(one))


def implemented(one: Function) -> tuple[Question, ...]:
    """A method that a subclass of the consumer's own has too; Core's way of calling is its own."""
    return (one.site.ask(How.ADDED, one.name, "method"),) if one.method else ()


def validator_gone(site: Site) -> Iterator[Change]:
    for line in site.body:
        if isinstance(line, cst.FunctionDef) and set(decorators(line)) & set(VALIDATORS):
            asks = (site.ask(How.DATA), site.ask(How.VALIDATED))
            yield removed(site, line.name.value, line, *asks)


def abstract_added(site: Site) -> Iterator[Change]:
    if site.flavour == "protocol":
        code = f"""@__import__("abc").abstractmethod\ndef {ADDED}(self) -> None: ...\n"""
        new = site.with_line(code)
        yield replaced(site, ADDED, site.definition.node, new, site.ask(How.SUBCLASSED))


def method_added(site: Site) -> Iterator[Change]:
    if isinstance(site.definition.node, cst.ClassDef) and site.flavour != "enum":
        new = site.with_line(f"def {ADDED}(self):\n    return None\n")
        yield replaced(site, ADDED, site.definition.node, new)


def other_message(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        texts = [
            text
            for error in m.findall(one.node.body, m.Raise())
            for text in m.findall(error, m.SimpleString() | m.FormattedString())
        ]
        for number, text in enumerate(texts[:3]):
            yield replaced(
                site, one.detail(f"message{number}"), text, cst.SimpleString('"another message"')
            )
