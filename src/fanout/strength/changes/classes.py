"""Changes of classes, enums and names: members, bases, settings and literals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import libcst as cst
import libcst.matchers as m

from fanout.strength.changes.change import (
    ADDED,
    RENAMED,
    Change,
    Files,
    How,
    Question,
    Renamed,
    Site,
    removed,
    replaced,
    with_body,
)
from fanout.strength.changes.fields import fields, other_value, spaced
from fanout.strength.syntax import decorators, every, last_name, names_in, sure

CONVERTED = {"int", "float", "bool", "bytes", "date", "datetime", "Decimal", "Path", "UUID"}
SETTINGS = {"extra": '"forbid"', "strict": "True", "frozen": "True"}


def members(site: Site) -> list[tuple[cst.SimpleStatementLine, cst.Assign, str]]:
    """The members of an enum: the statement, the assignment in it, and the name."""
    found = []
    for line in site.body if site.flavour == "enum" else ():
        if isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Assign):
            target = line.body[0].targets[0].target
            if isinstance(target, cst.Name) and not target.value.startswith("_"):
                found.append((line, line.body[0], target.value))
    return found


def value_of(node: cst.Assign) -> str:
    value = getattr(node.value, "evaluated_value", "")
    return value if isinstance(value, str) else ""


def renamed(site: Site) -> Iterator[Change]:
    node = site.definition.node
    if isinstance(node, cst.ClassDef | cst.FunctionDef):
        yield Change("", partial(everywhere, site), (site.ask(How.USED),))


def everywhere(site: Site) -> Files:
    """Core's modules that know a definition, each with another name for it."""
    source, definition = site.source, site.definition
    return {
        module.file: module.tree.visit(Renamed(definition.name)).code
        for module in source.modules.values()
        if any(
            source.find(module, name) is definition for name in (definition.name, *module.imports)
        )
    }


def member_renamed(site: Site) -> Iterator[Change]:
    for _, node, name in members(site):
        target = node.targets[0].target
        yield replaced(site, name, target, cst.Name(name + RENAMED), site.ask(How.READ, name))


def member_gone(site: Site) -> Iterator[Change]:
    for line, node, name in members(site):
        asks = (site.ask(How.READ, name), site.ask(How.TEXT, value_of(node)))
        yield removed(site, name, line, *asks)


def member_value(site: Site) -> Iterator[Change]:
    for _, node, name in members(site):
        if other := other_value(node.value):
            asks = (site.ask(How.READ, name), site.ask(How.TEXT, value_of(node)))
            yield replaced(site, name, node.value, other, *asks)


def member_added(site: Site) -> Iterator[Change]:
    if found := members(site):
        value = '"added-by-core"' if value_of(found[0][1]) else "1000"
        new = site.with_line(f"{ADDED} = {value}", first=True)
        yield replaced(site, ADDED, site.definition.node, new)


def base_lost(site: Site) -> Iterator[Change]:
    node = site.definition.node
    if not isinstance(node, cst.ClassDef) or len(node.bases) < 2:
        return
    for base in node.bases:
        name = last_name(base.value)
        if name not in ("Generic", "Protocol"):
            rest = spaced([other for other in node.bases if other is not base])
            base_found = site.source.find(site.module, name)
            asks: tuple[Question, ...] = (site.ask(How.USED),)
            if base_found and isinstance(base_found.node, cst.ClassDef):
                asks = tuple(
                    Question(How.METHOD, base_found.path, method.name.value)
                    for method in m.findall(base_found.node.body, m.FunctionDef())
                    if isinstance(method, cst.FunctionDef)
                )
            yield replaced(site, name, node, node.with_changes(bases=rest), *asks)


def not_checkable(site: Site) -> Iterator[Change]:
    node = site.definition.node
    if isinstance(node, cst.ClassDef) and "runtime_checkable" in decorators(node):
        keep = [one for one in node.decorators if last_name(one.decorator) != "runtime_checkable"]
        new = node.with_changes(decorators=keep)
        yield replaced(site, "", node, new, site.ask(How.ISINSTANCE))


def setting(site: Site) -> Iterator[Change]:
    """A setting that refuses what was accepted; what a class is set to already stays."""
    if site.flavour != "model" or not fields(site):
        return
    convertible = {name for field in fields(site) for name in names_in(field.node.annotation)}
    for name, value in SETTINGS.items():
        if name == "strict" and not convertible & CONVERTED:
            continue
        if f"{name} =" in settings_code(site) or f"{name}=" in settings_code(site):
            continue
        asks: tuple[Question, ...] = (site.ask(How.VALIDATED), site.ask(How.DATA))
        if name == "frozen":
            asks = tuple(site.ask(How.ASSIGNED, field.name) for field in fields(site))
        yield replaced(site, name, site.definition.node, with_setting(site, name, value), *asks)


def unfrozen(site: Site) -> Iterator[Change]:
    """A setting that is gone: what could not be changed, and was hashable, is so no more."""
    for line in settings(site):
        for assign in every(
            cst.Assign, m.findall(line, m.Assign(targets=[m.AssignTarget(m.Name("frozen"))]))
        ):
            yield replaced(site, "frozen", assign.value, cst.Name("False"), site.ask(How.HASHED))
        for arg in every(cst.Arg, m.findall(line, m.Arg(keyword=m.Name("frozen")))):
            yield replaced(site, "frozen", arg.value, cst.Name("False"), site.ask(How.HASHED))


def settings(site: Site) -> list[cst.BaseStatement]:
    """The statements of a model that hold its settings."""
    found: list[cst.BaseStatement] = []
    for line in site.body:
        if (isinstance(line, cst.ClassDef) and line.name.value == "Config") or m.matches(
            line,
            m.SimpleStatementLine(
                body=[m.Assign(targets=[m.AssignTarget(m.Name("model_config"))])]
            ),
        ):
            found.append(line)
    return found


def settings_code(site: Site) -> str:
    return "".join(site.tree.code_for_node(line) for line in settings(site))


def with_setting(site: Site, name: str, value: str) -> cst.ClassDef:
    node = sure(site.definition.node, cst.ClassDef)
    for line in settings(site):
        new: cst.BaseStatement
        if isinstance(line, cst.ClassDef):
            said = sure(line.body, cst.IndentedBlock).body
            new = with_body(line, [*said, site.line(f"{name} = {value}")])
        else:
            calls = m.findall(line, m.Call())
            if not calls or not isinstance(calls[0], cst.Call):
                continue
            arg = cst.Arg(cst.parse_expression(value), keyword=cst.Name(name))
            call = calls[0].with_changes(args=spaced([*calls[0].args, arg]))
            new = sure(line.deep_replace(calls[0], call), cst.SimpleStatementLine)
        return with_body(node, [new if one is line else one for one in site.body])
    return with_body(node, [*site.body, site.line(f"class Config:\n    {name} = {value}\n")])


def literals(site: Site) -> list[tuple[cst.Subscript, str]]:
    """Each `Literal[…]` of texts, in a field or a name, and the field's name."""
    node = site.definition.node
    found = []
    places: list[tuple[cst.CSTNode, str]] = [(field.node, field.name) for field in fields(site)]
    if isinstance(node, cst.SimpleStatementLine):
        places = [(node, "")]
    for place, name in places:
        for one in every(cst.Subscript, m.findall(place, m.Subscript(value=m.Name("Literal")))):
            found.append((one, name))
    return found


def texts_of(node: cst.Subscript) -> list[tuple[cst.SubscriptElement, str]]:
    found = []
    for element in node.slice:
        value = getattr(getattr(element.slice, "value", None), "evaluated_value", None)
        if isinstance(value, str):
            found.append((element, value))
    return found


def literal_gone(site: Site) -> Iterator[Change]:
    for node, name in literals(site):
        found = texts_of(node)
        for element, text in found if len(node.slice) > 1 else ():
            rest = [one for one in node.slice if one is not element]
            rest[-1] = rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            asks = [site.ask(How.TEXT, text), site.ask(How.DATA, name)]
            detail = f"{name}.{text}" if name else text
            yield replaced(site, detail, node, node.with_changes(slice=rest), *asks)


def literal_changed(site: Site) -> Iterator[Change]:
    for node, name in literals(site):
        for element, text in texts_of(node):
            index = sure(element.slice, cst.Index)
            new = cst.SimpleString(repr(f"{text}-other"))
            asks = [site.ask(How.TEXT, text), site.ask(How.DATA, name)]
            detail = f"{name}.{text}" if name else text
            yield replaced(site, detail, index.value, new, *asks)


def literal_added(site: Site) -> Iterator[Change]:
    for node, name in literals(site):
        more = cst.SubscriptElement(cst.Index(cst.SimpleString('"added-by-core"')))
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        kept = [one.with_changes(comma=comma) for one in node.slice]
        new = node.with_changes(slice=[*kept, more])
        yield replaced(site, name or ADDED, node, new)


def union_member_gone(site: Site) -> Iterator[Change]:
    """A name that stands for several classes stands for one of them no more."""
    node = site.definition.node
    if not isinstance(node, cst.SimpleStatementLine):
        return
    for union in every(cst.BinaryOperation, m.findall(node, m.BinaryOperation(operator=m.BitOr()))):
        for side, kept in ((union.left, union.right), (union.right, union.left)):
            module = site.module
            if found := site.source.find(module, last_name(side)):
                asks = (Question(How.DATA, found.path), Question(How.MADE, found.path))
                yield replaced(site, found.name, union, kept, *asks)


def documented(site: Site) -> Iterator[Change]:
    node = site.definition.node
    if isinstance(node, cst.ClassDef | cst.FunctionDef):
        docstring = node.get_docstring()
        for one in every(
            cst.Expr, m.findall(node.body, m.Expr(m.SimpleString())) if docstring else ()
        ):
            new = cst.Expr(cst.SimpleString('"""Another text."""'))
            yield replaced(site, "", one, new)
            return


def moved(site: Site) -> Iterator[Change]:
    """The implementation goes to another module, and every name stays, those imported there too."""
    node = site.definition.node
    if not isinstance(node, cst.ClassDef | cst.FunctionDef):
        return
    stem, name = site.file.removesuffix(".py"), site.definition.name
    folder, _, last = stem.rpartition("/")
    last = last.strip("_")
    defined = site.module.definitions
    classes = [one for one in defined.values() if isinstance(one.node, type(node))]
    if classes[0] is site.definition:
        place = f"from ._moved_{last} import "
        again = f"{place}*\n{place}{', '.join(defined)}\n"
        whole = site.tree.code
        yield Change(name, lambda: {f"{folder}/_moved_{last}.py": whole, site.file: again})
