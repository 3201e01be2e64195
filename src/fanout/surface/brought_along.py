"""What installing a Core brings along: requirements, commands, and files that are no module."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fanout.surface.symbol import Symbol
from fanout.wording import one_line, printable


def brought_along(files: Mapping[str, bytes]) -> dict[str, Symbol]:
    """A symbol for each requirement, command and file, from the files of a wheel by path."""
    found: dict[str, Symbol] = {}
    for path, content in files.items():
        folder, _, name = path.partition("/")
        if folder.endswith(".dist-info"):
            found |= dict(requirements(content) if name == "METADATA" else ())
            found |= dict(commands(content) if name == "entry_points.txt" else ())
        elif not name.endswith(".py"):
            said = f"sha256:{hashlib.sha256(content).hexdigest()[:12]}"
            found[f"file {printable(name)}"] = Symbol(kind="file", says=said)
    return found


def requirements(metadata: bytes) -> Iterator[tuple[str, Symbol]]:
    """What is required without any extra, and the range of Pythons."""
    said, _ = parse_email(metadata)
    if python := said.get("requires_python"):
        yield "Requires-Python", Symbol(kind="requirement", says=printable(python))
    asked: dict[str, list[str]] = {}
    for line in said.get("requires_dist", []):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            asked.setdefault(printable(line), []).append(f"'{printable(line)}', which is invalid")
            continue
        if "extra" not in str(requirement.marker):
            lines = asked.setdefault(canonicalize_name(requirement.name), [])
            lines.append(printable(str(requirement)))
    for name, lines in asked.items():
        yield f"Requires-Dist {name}", Symbol(kind="requirement", says=" and ".join(sorted(lines)))


def commands(entry_points: bytes) -> Iterator[tuple[str, Symbol]]:
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    try:
        parser.read_string(entry_points.decode())
    except (Error, UnicodeDecodeError) as error:
        said = one_line(f"unreadable: {error}")
        yield "entry points", Symbol(kind="command", says=said)
        return
    for group in parser.sections():
        for name, target in parser.items(group):
            path = f"{group} {name}"
            yield printable(path), Symbol(kind="command", says=printable(target) or "nothing")
