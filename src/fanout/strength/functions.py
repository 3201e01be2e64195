"""Changes of functions and methods: names, parameters, results, and how they are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import libcst as cst
import libcst.matchers as m

from fanout.strength.change import ADDED, RENAMED, Change, How, Question, Site, removed, replaced
from fanout.strength.fields import other_value
from fanout.strength.source import decorators, sure

VALIDATORS = ("model_validator", "field_validator", "validator", "root_validator")
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


def other_return(site: Site) -> Iterator[Change]:
    for one in functions(site):
        returns = [
            node
            for node in m.findall(one.node.body, m.Return())
            if isinstance(node, cst.Return)
            and node.value
            and not m.matches(node.value, m.Name("None"))
        ]
        if not returns or site.flavour == "protocol":
            continue
        new = sure(one.node.visit(ReturnsNone()), cst.FunctionDef)
        how = How.READ if "property" in decorators(one.node) else How.RESULT
        asks = (site.ask(how, one.name),) if how is How.READ else (one.ask(how),)
        yield one.becomes(new, "", *asks)


class ReturnsNone(cst.CSTTransformer):
    """Has a function return nothing, wherever it returns."""

    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.Return:  # noqa: N802
        space = cst.SimpleWhitespace(" ")
        return updated_node.with_changes(value=cst.Name("None"), whitespace_after_return=space)


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


def parameters(one: Function) -> list[tuple[cst.Param, int | None]]:
    """What may be given, each with its position; what is by keyword only has none."""
    positional = [(param, number) for number, param in enumerate(one.positional)]
    return [*positional, *((param, None) for param in one.node.params.kwonly_params)]


def given(one: Function, param: cst.Param, at: int | None) -> tuple[Question, ...]:
    asks = [one.ask(How.KEYWORD, param.name.value)]
    if at is not None:
        asks.append(one.ask(How.POSITION, param.name.value, at))
    return tuple(asks)


def omitted(one: Function, param: cst.Param, at: int | None) -> Question:
    return one.ask(How.OMITTED, param.name.value, -1 if at is None else at)


class Renamed(cst.CSTTransformer):
    """Gives another name to a parameter, and wherever the function uses it."""

    def __init__(self, old: str) -> None:
        self.old = old
        self.new = cst.Name(old + RENAMED)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:  # noqa: N802
        return self.new.deep_clone() if updated_node.value == self.old else updated_node

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:  # noqa: N802
        return updated_node.with_changes(keyword=original_node.keyword)


def param_renamed(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        for param, _ in parameters(one):
            name = param.name.value
            params = one.node.params.visit(Renamed(name))
            new = one.node.with_changes(params=params, body=one.node.body.visit(Renamed(name)))
            yield one.becomes(new, name, one.ask(How.KEYWORD, name))


def param_gone(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        for param, at in parameters(one):
            place = "kwonly_params" if at is None else "params"
            params = getattr(one.node.params, place)
            rest = [other for other in params if other is not param]
            changes: dict[str, object] = {place: rest}
            if at is None and not rest and isinstance(one.node.params.star_arg, cst.ParamStar):
                changes["star_arg"] = cst.MaybeSentinel.DEFAULT
            new = one.with_params(**changes)
            if not one.is_stub and isinstance(new.body, cst.IndentedBlock):
                default = site.tree.code_for_node(param.default) if param.default else "None"
                line = site.line(f"{param.name.value} = {default}")
                first = 1 if is_nothing(new.body.body[0]) else 0
                lines = [*new.body.body[:first], line, *new.body.body[first:]]
                new = new.with_changes(body=new.body.with_changes(body=lines))
            yield one.becomes(new, param.name.value, *given(one, param, at))


def param_required(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        for param, at in parameters(one):
            if param.default:
                bare = param.with_changes(default=None, equal=cst.MaybeSentinel.DEFAULT)
                # A parameter before it may have a default, and then Python wants one of it too.
                with suppress(cst.CSTValidationError):
                    new = one.node.with_changes(params=one.node.params.deep_replace(param, bare))
                    yield one.becomes(new, param.name.value, omitted(one, param, at))


def param_added(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        new = with_keyword(one, ADDED)
        yield one.becomes(new, ADDED, one.ask(How.CALLED))


def with_keyword(one: Function, code: str) -> cst.FunctionDef:
    """The function with one more parameter, by keyword alone."""
    more = sure(cst.parse_expression(f"lambda *, {code}: 0"), cst.Lambda)
    keywords = [*one.node.params.kwonly_params, *more.params.kwonly_params]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    keywords = [param.with_changes(comma=comma) for param in keywords]
    star = one.node.params.star_arg
    kept = star if isinstance(star, cst.Param) else cst.ParamStar()
    params = [param.with_changes(comma=comma) for param in one.node.params.params]
    if not one.node.params.star_kwarg:
        keywords[-1] = keywords[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return one.with_params(params=params, star_arg=kept, kwonly_params=keywords)


def param_default(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        for param, at in parameters(one):
            value = other_value(param.default) if param.default else None
            if value and not one.is_stub:
                other = param.with_changes(default=value)
                new = one.node.with_changes(params=one.node.params.deep_replace(param, other))
                yield one.becomes(new, param.name.value, omitted(one, param, at))


def params_swapped(site: Site) -> Iterator[Change]:
    # A protocol's order is nobody's but the type checker's: who implements it decides.
    for one in functions(site, special=True) if site.flavour != "protocol" else ():
        params = list(one.node.params.params)
        start = one.bound
        for at in range(start, len(params) - 1):
            first, second = params[at], params[at + 1]
            if (first.default is None) == (second.default is None):
                swapped = params.copy()
                swapped[at] = second.with_changes(comma=first.comma)
                swapped[at + 1] = first.with_changes(comma=second.comma)
                names = f"{first.name.value}.{second.name.value}"
                asks = one.ask(How.POSITION, second.name.value, at - start)
                yield one.becomes(one.with_params(params=swapped), names, asks)


def param_keyword_only(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        params = list(one.node.params.params)
        free = isinstance(one.node.params.star_arg, cst.MaybeSentinel)
        start = one.bound
        if not free or start >= len(params):
            continue
        new = one.with_params(
            params=params[:start], star_arg=cst.ParamStar(), kwonly_params=params[start:]
        )
        yield one.becomes(new, "", one.ask(How.POSITION, params[start].name.value, 0))


def param_positional_only(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        params = one.node.params
        if params.posonly_params or not one.positional:
            continue
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        before = [param.with_changes(comma=comma) for param in params.params]
        new = one.with_params(posonly_params=before, params=[], posonly_ind=cst.ParamSlash())
        asks = [one.ask(How.KEYWORD, param.name.value) for param in one.positional]
        yield one.becomes(new, "", *asks)


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


def param_added_optional(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        yield one.becomes(with_keyword(one, f"{ADDED}=None"), ADDED)


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
