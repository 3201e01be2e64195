"""A consumer as it is installed: which of its modules import Core, and what it does not ask for.

Its files are read, and nothing of it is run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from guard import DISTRIBUTION, PACKAGE

Import = ast.Import | ast.ImportFrom
# Of a condition: only some Pythons, or systems, or nobody at run time, import what stands below it.
ENVIRONMENT = {"TYPE_CHECKING", "version_info", "platform"}
# What an `except` names that takes an import which fails.
TAKES_IT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True)
class Module:
    """A module by its dotted name, with the file that it is in."""

    name: str
    place: str  # its file, below where the consumer is installed
    tree: ast.Module

    @property
    def imports_core(self) -> bool:
        """Whether it names Core in an import, whoever runs that."""
        imports = (node for node in ast.walk(self.tree) if isinstance(node, Import))
        return any(PACKAGE in tops(node) for node in imports)


def read_modules(consumer: metadata.Distribution) -> Iterator[Module]:
    """The modules of a distribution that are Python, and have a name to import them by."""
    for file in sorted(consumer.files or ()):
        parts = (*file.parts[:-1], file.stem)
        if file.suffix == ".py" and all(map(str.isidentifier, parts)):
            try:
                tree = ast.parse(Path(str(file.locate())).read_bytes())
            except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # who imports it will tell
            yield Module(".".join(parts).removesuffix(".__init__"), file.as_posix(), tree)


def imports(tree: ast.AST) -> Iterator[Import]:
    """The imports that must not fail, wherever they stand: no `try` would take that."""
    left = [tree]
    while left:
        node = left.pop()
        match node:
            case ast.Import() | ast.ImportFrom():
                yield node
            case ast.If() if ENVIRONMENT & names(node.test):
                pass
            case ast.Try() if any(map(takes_it, node.handlers)):
                left += [*node.orelse, *node.finalbody]
            case _:
                left += ast.iter_child_nodes(node)


def takes_it(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(TAKES_IT & names(handler.type))


def names(node: ast.AST) -> set[str]:
    """The names in an expression, and those of attributes."""
    found = ((getattr(one, "id", ""), getattr(one, "attr", "")) for one in ast.walk(node))
    return {name for pair in found for name in pair}


def tops(node: Import) -> set[str]:
    """The first part of each absolute name that a statement imports from."""
    if isinstance(node, ast.ImportFrom):
        return {node.module.partition(".")[0]} if node.module and not node.level else set()
    return {alias.name.partition(".")[0] for alias in node.names}


def undeclared(
    consumer: metadata.Distribution, modules: Iterable[Module]
) -> Mapping[str, list[str]]:
    """What a consumer imports and nothing that it asks for brings along, each with its places."""
    brought = {PACKAGE, *sys.stdlib_module_names}
    for distribution in brought_along(consumer):
        brought |= top_levels(distribution)
    found: dict[str, list[str]] = {}
    for module in modules:
        for node in sorted(imports(module.tree), key=lambda node: node.lineno):
            for name in tops(node) - brought:
                found.setdefault(name, []).append(f"{module.place}:{node.lineno}")
    return {name: found[name] for name in sorted(found)}


def brought_along(consumer: metadata.Distribution) -> Iterable[metadata.Distribution]:
    """A distribution and all that is installed of what it asks for, and they in turn."""
    left = [(consumer, frozenset[str]())]
    found: dict[tuple[str, frozenset[str]], metadata.Distribution] = {}
    while left:
        distribution, extras = left.pop()
        found[canonicalize_name(distribution.name), extras] = distribution
        for line in distribution.requires or ():
            requirement = Requirement(line)
            key = canonicalize_name(requirement.name), frozenset(requirement.extras)
            if key not in found and asked(requirement, extras):
                try:
                    left.append((metadata.distribution(requirement.name), key[1]))
                except metadata.PackageNotFoundError:
                    continue
    return found.values()


def relying_on_core(consumer: metadata.Distribution) -> Iterator[Path]:
    """The files of Python of a consumer, and of what it brings along that asks for Core too."""
    for distribution in brought_along(consumer):
        lines = distribution.requires or ()
        names: set[str] = {canonicalize_name(Requirement(line).name) for line in lines}
        if distribution is consumer or DISTRIBUTION in names:
            files = (Path(str(file.locate())) for file in distribution.files or ())
            yield from (file for file in files if file.suffix == ".py" and file.is_file())


def asked(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Whether a requirement is one of an installation with these extras."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def top_levels(distribution: metadata.Distribution) -> set[str]:
    """The names that files of a distribution are imported by."""
    return {file.parts[0].partition(".")[0] for file in distribution.files or ()}


def extra_of_core(module: str) -> str:
    """The extra of Core that asks for a distribution of a module's name; empty if none does."""
    for line in metadata.distribution(DISTRIBUTION).requires or ():
        requirement = Requirement(line)
        if canonicalize_name(requirement.name) == canonicalize_name(module) and requirement.marker:
            for extra in metadata.distribution(DISTRIBUTION).metadata.get_all("Provides-Extra", []):
                if asked(requirement, [extra]) and not asked(requirement, ()):
                    return str(extra)
    return ""
