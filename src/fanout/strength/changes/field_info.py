"""Changes of what `Field` says of a field: bounds, aliases, and whether it is serialised."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from fanout.strength.changes.change import Change, How, Questions, Site, replaced
from fanout.strength.changes.classes import settings_code
from fanout.strength.changes.fields import Field, fields, sent, spaced
from fanout.strength.syntax import last_name, sure

BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")


STRICTER = {"ge": "gt", "le": "lt"}


def tightened(site: Site) -> Iterator[Change]:
    for field in fields(site):
        for name, stricter in STRICTER.items():
            if (arg := field.argument(name)) and arg.keyword:
                old, new = arg.keyword, cst.Name(stricter)
                yield replaced(site, f"{field.name}.{name}", old, new, *sent(site, field.name))


def bounded(site: Site) -> Iterator[Change]:
    for field in fields(site):
        kind = last_name(field.node.annotation.annotation)
        bound = {"str": {"max_length": "1"}, "int": {"le": "0"}, "float": {"le": "0"}}.get(kind)
        if bound and site.module.knows_field and not any(field.argument(name) for name in bound):
            new = field.saying(**bound)
            yield replaced(site, field.name, field.node, new, *sent(site, field.name))


def aliased(site: Site) -> Iterator[Change]:
    for field in fields(site):
        if site.flavour == "model" and site.module.knows_field and not field.argument("alias"):
            first, *rest = field.name.split("_")
            camel = first + "".join(part.capitalize() for part in rest)
            alias = camel if camel != field.name else f"{field.name}Alias"
            new = field.saying(alias=repr(alias))
            asks: Questions = (site.ask(How.GIVEN, field.name), site.ask(How.DATA, field.name))
            if "populate_by_name" in settings_code(site):
                asks = ()  # the name is accepted as before
            elif field.default is not None:
                asks = (site.ask(How.GIVEN, field.name), site.ask(How.READ, field.name, "data"))
            yield replaced(site, field.name, field.node, new, *asks)
        elif arg := field.argument("alias"):
            new = without(field, ("alias",))
            alias_name = getattr(arg.value, "evaluated_value", "")
            asks = (site.ask(How.DATA, field.name), site.ask(How.GIVEN, str(alias_name)))
            yield replaced(site, f"{field.name}.gone", field.node, new, *asks)


def without(field: Field, names: tuple[str, ...]) -> cst.AnnAssign:
    """The field that does not say these things to `Field`."""
    call = sure(field.call, cst.Call)
    keep = [arg for arg in call.args if not (arg.keyword and arg.keyword.value in names)]
    return field.node.with_changes(value=call.with_changes(args=spaced(keep)))


def not_serialised(site: Site) -> Iterator[Change]:
    for field in fields(site):
        if site.flavour == "model" and site.module.knows_field:
            new = field.saying(exclude="True")
            asks = (site.ask(How.NAMED, field.name, "dumped"),)
            yield replaced(site, field.name, field.node, new, *asks)


def loosened(site: Site) -> Iterator[Change]:
    for field in fields(site):
        for name in BOUNDS:
            if field.argument(name):
                yield replaced(site, f"{field.name}.{name}", field.node, without(field, (name,)))


def described(site: Site) -> Iterator[Change]:
    for field in fields(site):
        if field.argument("description"):
            new = field.saying(description='"Another description."')
            yield replaced(site, field.name, field.node, new)
