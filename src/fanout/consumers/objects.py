"""What an object in a consumer's code is, as far as annotations and its making say so.

That is a text. An object of Core's is told by where it came from: `telemetry.Event`, of that class,
or `load.providers`, what that attribute of what that function gives holds. What begins with a colon
is not Core's: a class or function of the consumer's own by its name, or something of elsewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from fanout.consumers.module import Definition, Function, Module, symbol_of

UNKNOWN = ""
FOREIGN = ":"  # of another library, or a plain value
LIBRARY = "::"  # what another library has under a name
ANYTHING = {"Any", "object", "T", "Self", "BaseModel", "Callable", "Awaitable", "Protocol"}
PLAIN = {"str", "int", "float", "bool", "bytes", "len", "repr", "round"}
# What these give may be what they were given, or what somebody put there.
GIVES_BACK = {"get", "get_nowait", "pop", "popleft", "popitem", "setdefault", "values", "items"}
GIVES_BACK |= {"result", "copy", "deepcopy", "replace", "cast", "wait_for", "gather", "getattr"}
ITS_OWN_WAY = {"__getitem__", "__iter__", "__aiter__", "__enter__", "__aenter__"}
NEXT = 4  # times that variables are looked at, each of which may be made from another

Scope = Mapping[str, str]
Binding = tuple[ast.expr, ast.expr | None, ast.expr | None]


def is_core(held: str) -> bool:
    """Whether an object is one of Core's, or may be."""
    return not held.startswith(FOREIGN)


def merged(held: Iterable[str]) -> str:
    """What an object is that is one of several."""
    found = set(held)
    if len(found) == 1:
        return found.pop()
    return FOREIGN if found and not any(map(is_core, found)) else UNKNOWN


class Objects:
    """What the objects in the modules of a consumer are."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules = {module.name: module for module in modules}
        self.own = {part for name in self.modules for part in (first(name), last(name))}
        self.members: dict[str, dict[str, str]] = {}  # by the name of a class
        self.functions: dict[Function, str] = {}  # what those give that say nothing of it

    def definition(self, dotted: str, depth: int = 9) -> tuple[Module, Definition] | None:
        """A class, function or method of the consumer's own, by its absolute name."""
        start, _, name = dotted.rpartition(".")
        if module := self.modules.get(start):
            if node := module.definitions.get(name):
                return module, node
            imported = module.imports.get(name)
            return self.definition(imported, depth - 1) if imported and depth else None
        found = self.definition(start, depth - 1) if start and depth else None
        for line in found[1].body if found and isinstance(found[1], ast.ClassDef) else ():
            if found and isinstance(line, Function) and line.name == name:
                return found[0], line
        return None

    def named(self, module: Module, name: str) -> str:
        """What a name stands for in a module, outside of its functions."""
        if symbol := module.symbols.get(name):
            return symbol
        dotted = module.imports.get(name, f"{module.name}.{name}")
        if found := self.definition(dotted):
            bases = found[1].bases if isinstance(found[1], ast.ClassDef) else ()
            # Anything may be of a protocol's, also something of Core's.
            protocol = any(ast.unparse(base).startswith("Protocol") for base in bases)
            return UNKNOWN if protocol else f":{dotted}"
        return LIBRARY if name in module.imports and first(dotted) not in self.own else UNKNOWN

    def annotated(self, module: Module, annotation: ast.expr | None) -> str:
        """What an annotation says: the one class that it names, be it of what it holds."""
        if annotation is None:
            return UNKNOWN
        match annotation:
            case ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(value=None)):
                return self.annotated(module, inner)
            case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
                return self.annotated(module, inner)
        if symbol := symbol_of(annotation, module.symbols):
            return symbol
        words = set(re.findall(r"[A-Za-z_]\w*", ast.unparse(annotation)))
        named = {word: self.named(module, word) for word in words}
        known = {held for held in named.values() if held not in (UNKNOWN, LIBRARY)}
        unsure = {word for word in words if word in module.imports and not named[word]}
        if words & (ANYTHING | module.assigned) or unsure or len(known) > 1:
            return UNKNOWN
        if not known:
            return FOREIGN
        return known.pop()

    def held(self, node: ast.expr, module: Module, scope: Scope) -> str:
        """What an expression is."""
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return FOREIGN
            case ast.Name(id=name):
                return scope[name] if name in scope else self.named(module, name)
            case ast.Attribute(value=value, attr=attr):
                return self.member(self.held(value, module, scope), attr)
            case ast.Call():
                return self.given(node, module, scope)
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.held(value, module, scope)
            case ast.Subscript(value=value):
                return self.part(self.held(value, module, scope))
            case ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values):
                held = merged(self.held(value, module, scope) for value in values)
                return UNKNOWN if held in (FOREIGN, LIBRARY) else held
            case ast.BoolOp(values=values):
                return merged(self.held(value, module, scope) for value in values)
            case ast.IfExp(body=one, orelse=other):
                return merged(self.held(value, module, scope) for value in (one, other))
        return UNKNOWN

    def part(self, held: str) -> str:
        """What comes out of an object; what holds objects is told as these are."""
        own = self.members_of(held[1:]) if not is_core(held) else {}
        unsaid = held in (FOREIGN, LIBRARY) or own.keys() & ITS_OWN_WAY
        return UNKNOWN if unsaid else held

    def given(self, node: ast.Call, module: Module, scope: Scope) -> str:
        """What a call gives; of something of Core's that is told by the same symbol."""
        called = self.held(node.func, module, scope)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if found := self.definition(called[1:]) if not is_core(called) else None:
            where, what = found
            return called if isinstance(what, ast.ClassDef) else self.returned(where, what)
        if name in PLAIN and isinstance(node.func, ast.Name):
            return FOREIGN
        if name in GIVES_BACK and not called and isinstance(node.func, ast.Attribute):
            return self.part(self.held(node.func.value, module, scope))
        if is_core(called) or name in GIVES_BACK:
            return called if is_core(called) else UNKNOWN
        return UNKNOWN if any(self.passes(one, module, scope) for one in node.args) else FOREIGN

    def returned(self, module: Module, node: Function) -> str:
        """What a function of the consumer's own gives: as it says, or else by what it returns."""
        said = self.annotated(module, node.returns)
        if not said and node not in self.functions:
            self.functions[node] = UNKNOWN  # of a circle, what is known so far
            scope = self.scope(module, node, {}, "")
            values = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
            self.functions[node] = merged(self.held(one, module, scope) for one in values if one)
        return said or self.functions[node]

    def passes(self, argument: ast.expr, module: Module, scope: Scope) -> bool:
        """Whether an argument may be one of Core's, and so what the call gives."""
        held = self.held(argument, module, scope)
        unseen = not held and isinstance(argument, ast.Call | ast.Await | ast.Starred)
        return unseen or (bool(held) and is_core(held))

    def member(self, held: str, attr: str) -> str:
        """What an attribute of an object is."""
        if held in (UNKNOWN, FOREIGN):
            return UNKNOWN
        if is_core(held):
            return attr if held == "." else f"{held}.{attr}"
        if held == LIBRARY:
            return LIBRARY
        symbol = self.extended(held)
        return self.members_of(held[1:]).get(attr, f"{symbol}.{attr}" if symbol else UNKNOWN)

    def extended(self, held: str) -> str | None:
        """The class of Core's that one of the consumer's own extends, if any."""
        found = self.definition(held[1:])
        return found[0].symbols.get(found[1].name) if found else None

    def members_of(self, dotted: str) -> Mapping[str, str]:
        """What the attributes of a class of the consumer's own are, where its methods say so."""
        found = self.definition(dotted)
        if dotted not in self.members and found and isinstance(found[1], ast.ClassDef):
            self.members[dotted] = {}
            for _ in range(NEXT // 2):  # one attribute may be made from another
                self.members[dotted] = self.find_members(dotted, *found)
        return self.members.get(dotted, {})

    def find_members(self, dotted: str, module: Module, node: Definition) -> dict[str, str]:
        said: dict[str, list[str]] = {}
        for line in node.body:
            if isinstance(line, Function):
                property_ = any("property" in ast.unparse(one) for one in line.decorator_list)
                method = (
                    self.annotated(module, line.returns) if property_ else f":{dotted}.{line.name}"
                )
                said.setdefault(line.name, []).append(method)
                scope = self.scope(module, line, {}, f":{dotted}")
                for target, value, annotation in bindings([line]):
                    match target:
                        case ast.Attribute(value=ast.Name(id="self"), attr=attr):
                            held = self.bound(module, scope, value, annotation)
                            said.setdefault(attr, []).extend(held)
            elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                said.setdefault(line.target.id, []).append(self.annotated(module, line.annotation))
        inherited: dict[str, str] = {}
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            inherited |= self.members_of(self.held(base, module, {}).removeprefix(":"))
        return inherited | {name: merged(held) for name, held in said.items()}

    def scope(self, module: Module, node: Function, outer: Scope, own: str) -> dict[str, str]:
        """What the parameters and variables of a function are; `own` is its object's class."""
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        given = {one.arg: self.annotated(module, one.annotation) for one in arguments}
        rest = [one for one in (node.args.vararg, node.args.kwarg) if one]
        given |= {one.arg: UNKNOWN for one in rest}
        if own and arguments and arguments[0].arg in ("self", "cls"):
            given[arguments[0].arg] = own
        return self.variables(module, node.body, outer, given)

    def variables(
        self, module: Module, body: Iterable[ast.stmt], outer: Scope, given: Scope
    ) -> dict[str, str]:
        """What the names are that some statements see, and those that they bind."""
        bound = list(bindings(body))
        scope = {**outer, **given}
        for _ in range(NEXT if bound else 0):
            said = {name: [held] for name, held in given.items()}
            for target, value, annotation in bound:
                if isinstance(target, ast.Name):
                    held = self.bound(module, scope, value, annotation)
                    said.setdefault(target.id, []).extend(held)
            scope |= {name: merged(held) for name, held in said.items() if held}
        return scope

    def bound(
        self, module: Module, scope: Scope, value: ast.expr | None, annotation: ast.expr | None
    ) -> list[str]:
        if annotation is not None:
            return [self.annotated(module, annotation)]
        # A variable that is None at first is what it becomes.
        none = isinstance(value, ast.Constant) and value.value is None
        return [] if none or value is None else [self.held(value, module, scope)]


def bindings(body: Iterable[ast.stmt]) -> Iterator[Binding]:
    """What statements bind to names and attributes: each target, and its value or annotation."""
    for line in body:
        for node in ast.walk(line):
            match node:
                case ast.AnnAssign(target=target, value=value, annotation=annotation):
                    # `Any` says nothing of what the value is.
                    yield target, *((value, None) if is_any(annotation) else (None, annotation))
                case ast.NamedExpr(target=target, value=value):
                    yield target, value, None
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        yield from taken_apart(target, value)
                case ast.For() | ast.AsyncFor() | ast.comprehension():
                    yield from taken_apart(node.target, part_of(node.iter))
                case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
                    yield from taken_apart(target, part_of(value))
                case ast.ExceptHandler(type=ast.expr() as value, name=str(name)):
                    yield ast.Name(name), part_of(value), None


def is_any(annotation: ast.expr) -> bool:
    return ast.unparse(annotation) in ("Any", "typing.Any")


def taken_apart(target: ast.expr, value: ast.expr) -> Iterator[Binding]:
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from taken_apart(part, part_of(value))
    else:
        yield target, value, None


def part_of(value: ast.expr) -> ast.expr:
    """What comes out of an object, be it by an index, a loop or `with`."""
    return ast.Subscript(value, ast.Constant(0))


def first(dotted: str) -> str:
    return dotted.partition(".")[0]


def last(dotted: str) -> str:
    return dotted.rpartition(".")[2]
