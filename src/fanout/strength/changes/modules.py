"""Changes of modules, of what they export, and of what installing Core brings along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib import metadata
from pathlib import Path

import libcst as cst
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fanout.strength.changes.change import ADDED, Change, Files, How, Question
from fanout.strength.source import Module, Source

FIELD = "Requires-Dist: "


class WithoutExport(cst.CSTTransformer):
    """Has a module import, and list in `__all__`, one name less."""

    def __init__(self, name: str) -> None:
        self.name = name

    def leave_ImportFrom(  # noqa: N802
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        if isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        rest = [one for one in updated_node.names if exported(one) != self.name]
        if len(rest) == len(updated_node.names):
            return updated_node
        if not rest:
            return cst.RemovalSentinel.REMOVE
        rest[-1] = rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(names=rest)

    def leave_Element(  # noqa: N802
        self, original_node: cst.Element, updated_node: cst.Element
    ) -> cst.Element | cst.RemovalSentinel:
        value = getattr(updated_node.value, "evaluated_value", None)
        return cst.RemovalSentinel.REMOVE if value == self.name else updated_node


def exported(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name


def export_gone(source: Source, symbols: Iterable[str]) -> Iterator[tuple[str, Change]]:
    """Each name that a consumer imports from a module that imports it itself."""
    for symbol in sorted(set(symbols)):
        start, _, name = symbol.rpartition(".")
        module = source.modules.get(start)
        found = source.resolve(symbol)
        if module is None or found is None or name not in module.imports:
            continue
        asks = (Question(How.USED, symbol),)
        yield symbol, Change("", partial(without, module, name), asks)


def without(module: Module, name: str) -> Files:
    return {module.file: module.tree.visit(WithoutExport(name)).code}


def module_gone(source: Source, symbols: Iterable[str]) -> Iterator[tuple[str, Change]]:
    """Each module that a consumer imports a name from goes."""
    starts = {symbol.rpartition(".")[0] for symbol in symbols}
    for start in sorted(starts & source.modules.keys() - {""}):
        module = source.modules[start]
        asks = tuple(Question(How.USED, one) for one in symbols if one.rpartition(".")[0] == start)
        yield start, Change("", partial(dict[str, str | None], {module.file: None}), asks)


def module_added(source: Source, symbols: Iterable[str]) -> Iterator[tuple[str, Change]]:
    packages = {symbol.partition(".")[0] for symbol in symbols if "." in symbol}
    for start in sorted(packages & source.modules.keys()):
        folder = source.modules[start].file.removesuffix("__init__.py")
        if folder.endswith("/"):
            files: Files = {f"{folder}{ADDED}.py": '"""A module that is new."""\n'}
            yield start, Change(ADDED, partial(dict[str, str | None], files))


def export_added(source: Source, symbols: Iterable[str]) -> Iterator[tuple[str, Change]]:
    starts = {symbol.rpartition(".")[0] for symbol in symbols}
    for start in sorted(starts & source.modules.keys()):
        module = source.modules[start]
        files = {module.file: f"{module.tree.code}\n\nADDED_BY_CORE = 1\n"}
        yield start, Change("ADDED_BY_CORE", partial(dict[str, str | None], files))


def dependency_gone(site: Path, requirements: Path, info: str) -> Iterator[Change]:
    """Each requirement that nothing else in the env asks for is Core's no more.

    What a real install would not have then cannot be imported.
    """
    file = next(site.glob(f"{info}/METADATA"))
    text = file.read_text(encoding="utf-8")
    name = file.relative_to(site).as_posix()
    asked = [line for line in text.splitlines() if line.startswith(FIELD)]
    installed = read_installed(site)
    kept_anyway = [
        one.name for one in requirements_in(requirements.read_text("utf-8").splitlines())
    ]
    for line in asked:
        requirement = next(iter(requirements_in([line.removeprefix(FIELD)])), None)
        if requirement is None or requirement.marker:
            continue
        others = [other.removeprefix(FIELD) for other in asked if other != line]
        kept = [one.name for one in requirements_in(others) if not one.marker]
        everything = closure([*kept_anyway, *kept, requirement.name], installed)
        lost = everything - closure([*kept_anyway, *kept], installed)
        hidden = tuple(sorted(one for dist in lost for one in modules_of(installed[dist])))
        for kind, new in (("gone", ""), ("extra", f'{line}; extra == "added"')):
            changed = text.replace(f"{line}\n", f"{new}\n" if new else "", 1)
            yield Change(
                f"{canonicalize_name(requirement.name)}.{kind}",
                partial(dict[str, str | None], {name: changed}),
                tuple(Question(How.REQUIRED, "", one) for one in hidden),
                hidden,
            )


def read_installed(site: Path) -> dict[str, metadata.Distribution]:
    found = metadata.distributions(path=[str(site)])
    return {canonicalize_name(one.metadata["Name"] or ""): one for one in found}


def requirements_in(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        try:
            yield Requirement(line)
        except InvalidRequirement:
            continue


def closure(names: Iterable[str], installed: Mapping[str, metadata.Distribution]) -> set[str]:
    """The installed distributions that these need, themselves among them."""
    seen: set[str] = set()
    left = [str(canonicalize_name(name)) for name in names]
    while left:
        name = left.pop()
        if name in installed and name not in seen:
            seen.add(name)
            needed = requirements_in(installed[name].requires or ())
            left += [str(canonicalize_name(one.name)) for one in needed if fits(one)]
    return seen


def fits(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def modules_of(distribution: metadata.Distribution) -> set[str]:
    """The names that a distribution's modules are imported by."""
    found = set()
    for file in distribution.files or ():
        first = file.parts[0]
        if re.fullmatch(r"[A-Za-z_]\w*(\.py|\.[\w.-]+\.so)?", first) and "dist-info" not in first:
            found.add(first.partition(".")[0])
    return found - {"__pycache__"}
