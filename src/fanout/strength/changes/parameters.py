"""Changes of parameters: names, defaults, order, and how they may be given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import libcst as cst

from fanout.strength.changes.change import ADDED, BY_KEYWORD, Change, How, Question, Renamed, Site
from fanout.strength.changes.fields import other_value
from fanout.strength.changes.functions import Function, functions, is_nothing
from fanout.strength.syntax import sure


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
    return one.ask(How.OMITTED, param.name.value, BY_KEYWORD if at is None else at)


def renamed(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        for param, _ in parameters(one):
            name = param.name.value
            params = one.node.params.visit(Renamed(name))
            new = one.node.with_changes(params=params, body=one.node.body.visit(Renamed(name)))
            yield one.becomes(new, name, one.ask(How.KEYWORD, name))


def gone(site: Site) -> Iterator[Change]:
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


def made_required(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        for param, at in parameters(one):
            if param.default:
                bare = param.with_changes(default=None, equal=cst.MaybeSentinel.DEFAULT)
                # A parameter before it may have a default, and then Python wants one of it too.
                with suppress(cst.CSTValidationError):
                    new = one.node.with_changes(params=one.node.params.deep_replace(param, bare))
                    yield one.becomes(new, param.name.value, omitted(one, param, at))


def added_required(site: Site) -> Iterator[Change]:
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


def other_default(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        for param, at in parameters(one):
            value = other_value(param.default) if param.default else None
            if value and not one.is_stub:
                other = param.with_changes(default=value)
                new = one.node.with_changes(params=one.node.params.deep_replace(param, other))
                yield one.becomes(new, param.name.value, omitted(one, param, at))


def swapped(site: Site) -> Iterator[Change]:
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


def keyword_only(site: Site) -> Iterator[Change]:
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


def positional_only(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        params = one.node.params
        if params.posonly_params or not one.positional:
            continue
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        before = [param.with_changes(comma=comma) for param in params.params]
        new = one.with_params(posonly_params=before, params=[], posonly_ind=cst.ParamSlash())
        asks = [one.ask(How.KEYWORD, param.name.value) for param in one.positional]
        yield one.becomes(new, "", *asks)


def added_optional(site: Site) -> Iterator[Change]:
    for one in functions(site, special=True):
        yield one.becomes(with_keyword(one, f"{ADDED}=None"), ADDED)
