"""The promises of a pack as its files state them, read without running any of them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fanout.errors import InvalidPack
from fanout.model import Frozen, Text
from fanout.wording import printable

MARKER = re.compile(r"(pytest\.)?mark\.contract")
Function = ast.FunctionDef | ast.AsyncFunctionDef
Marks = Sequence[ast.expr]


class PackPromise(Frozen):
    """One promise as its pack states it: `name` is `test_file.py::test_name`, as in evidence."""

    name: Text
    says: str = ""
    contract: tuple[str, ...] = ()
    core: str = ""
    line: int = 0


def read_promises(folder: Path) -> tuple[PackPromise, ...]:
    """The promises of the pack in a folder, file by file, each in the order of its file.

    They are those that pytest collects, a test with parameters once. A symbol that is not written
    as a text, or as a name of one in the same file, is left out. Raises InvalidPack, naming file
    and line, for a file that is not Python.
    """
    found: list[PackPromise] = []
    for file in sorted(folder.rglob("test_*.py")):
        tree = parse(file)
        inside = printable(file.relative_to(folder).as_posix())
        found += promises_of(inside, tree.body, constants(tree), ())
    return tuple(found)


def parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except SyntaxError as error:
        what, hint = f"line {error.lineno}: {error.msg}", "mend it, and see that pytest collects it"
        raise InvalidPack(f"'{file}' is not Python: {what}", hint) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InvalidPack(f"'{file}' is not Python: {error}", "mend or remove it") from error
    except OSError as error:
        raise InvalidPack(f"'{file}' cannot be read: {error.strerror}", "mend it") from error


def promises_of(
    path: str, body: Sequence[ast.stmt], names: Mapping[str, ast.expr], outer: Marks
) -> Iterator[PackPromise]:
    """The promises among the statements of a file or class; `outer` marks are farther away."""
    marks = (*own_marks(body), *outer)
    classes = {one.name: one for one in body if isinstance(one, ast.ClassDef)}
    for name, node in last_of_each_name(body).items():
        if isinstance(node, Function) and name.startswith("test") and not is_no_test(node):
            yield promise(f"{path}::{name}", node, names, (*reversed(node.decorator_list), *marks))
        elif isinstance(node, ast.ClassDef) and name.startswith("Test"):
            inner = inherited(node, classes)
            if not no_tests(inner):
                decorated = (*reversed(node.decorator_list), *marks)
                yield from promises_of(f"{path}::{name}", inner, names, decorated)


def last_of_each_name(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """A later function or class replaces an earlier one of its name."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            found[node.name] = node
    return found


def inherited(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> list[ast.stmt]:
    """The statements of a class after those of its bases in the same file."""
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    others = {name: one for name, one in classes.items() if one is not node}
    found = [line for name in bases if name in others for line in inherited(others[name], others)]
    return [*found, *node.body]


def no_tests(body: Iterable[ast.stmt]) -> bool:
    """Whether pytest passes over a class: it has a constructor, or says so."""
    constructors = {"__init__", "__new__"} & last_of_each_name(body).keys()
    said = [value for name, value in assignments(body) if name == "__test__"]
    return bool(constructors) or any(isinstance(v, ast.Constant) and not v.value for v in said)


def is_no_test(function: Function) -> bool:
    """Whether it is a fixture or a property, which pytest does not run for itself."""
    for one in function.decorator_list:
        made = one.func if isinstance(one, ast.Call) else one
        if ast.unparse(made).rpartition(".")[2] in {"fixture", "property"}:
            return True
    return False


def promise(name: str, node: Function, names: Mapping[str, ast.expr], marks: Marks) -> PackPromise:
    seen = (names.get(mark.id, mark) if isinstance(mark, ast.Name) else mark for mark in marks)
    calls = (mark for mark in seen if isinstance(mark, ast.Call))
    closest = next((call for call in calls if MARKER.fullmatch(ast.unparse(call.func))), None)
    says = printable(inspect.cleandoc(ast.get_docstring(node) or ""))
    if closest is None:
        return PackPromise(name=name, says=says, line=node.lineno)
    symbols = [text for value in closest.args for text in texts(value, names)]
    ranges = [key.value for key in closest.keywords if key.arg == "core"]
    core = [text for value in ranges for text in texts(value, names)]
    return PackPromise(
        name=name,
        says=says,
        contract=tuple(symbols),
        core="".join(core[:1]),
        line=node.lineno,
    )


def texts(value: ast.expr, names: Mapping[str, ast.expr]) -> Iterator[str]:
    """The texts that an expression is, as far as that is seen without running it."""
    match value:
        case ast.Constant(value=str() as text):
            yield printable(text)
        case ast.Name(id=name) if name in names:
            yield from texts(names[name], {})
        case ast.Starred(value=inner):
            yield from texts(inner, names)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from texts(part, names)


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    return dict(assignments(tree.body))


def own_marks(body: Iterable[ast.stmt]) -> Marks:
    """What `pytestmark` holds for all tests of a file or class."""
    values = [value for name, value in assignments(body) if name == "pytestmark"]
    last = values[-1] if values else ast.Tuple(elts=[])
    return last.elts if isinstance(last, ast.List | ast.Tuple) else [last]


def assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((t.id, node.value) for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value
