"""A promise as it is drafted: the lines of a test, made of names that cannot be anything else."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fanout.model import PACKAGE

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
PATH = re.compile(r"[\w./-]{1,80}", re.ASCII)
WIDTH = 100  # columns
INDENT = "    "
SHOWN = 5  # names in a sentence


@dataclass(frozen=True)
class Promise:
    """One test: what its docstring says, the symbols that it pins, and the lines of its body."""

    name: str
    says: str
    symbols: tuple[str, ...]
    body: tuple[str, ...]
    core: str = ""


def is_name(text: str) -> bool:
    """Whether a text is a plain name in Python, which no code can hide in."""
    return bool(NAME.fullmatch(text)) and not keyword.iskeyword(text)


def is_symbol(text: str) -> bool:
    """Whether a text is a name in Core, or that of the package, which is a dot."""
    return text == "." or all(map(is_name, text.split(".")))


def snake(text: str) -> str:
    """A name as it stands in that of a test: `RateLimit` is `rate_limit`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return words.lower().strip("_").replace(".", "_") or "core"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence; of many the first."""
    every = list(names)
    if len(every) > SHOWN:
        every = [*every[: SHOWN - 1], f"{len(every) - SHOWN + 1} more"]
    return " and ".join(filter(None, (", ".join(every[:-1]), every[-1])))


def importing(symbols: Iterable[str]) -> tuple[str, ...]:
    """The lines that import some symbols, one statement for each module."""
    modules: dict[str, list[str]] = {}
    for symbol in sorted(set(symbols)):
        start, _, name = symbol.rpartition(".")
        modules.setdefault(f"{PACKAGE}.{start}".rstrip("."), []).append(name)
    lines: list[str] = []
    for module, names in sorted(modules.items()):
        if "" in names:
            lines.append(f"import {PACKAGE}")
        if some := [name for name in names if name]:
            lines += fitted(f"from {module} import ", some, "", brackets="()")
    return tuple(lines)


def fitted(start: str, parts: Sequence[str], end: str, brackets: str = "") -> list[str]:
    """A line with parts between commas, or one for each part where it would be too long.

    `brackets` are those that only the long form needs.
    """
    line = f"{start}{', '.join(parts)}{end}"
    if len(INDENT) + len(line) <= WIDTH:
        return [line]
    first, last = brackets[:1], brackets[1:]
    return [f"{start}{first}", *(f"{INDENT}{part}," for part in parts), f"{last}{end}"]


def written(promise: Promise) -> str:
    """The promise as code."""
    marks = [f'"{symbol}"' for symbol in promise.symbols]
    marks += [f'core="{promise.core}"'] if promise.core else []
    mark = fitted("@pytest.mark.contract(", marks, ")")
    if len(mark) == 1 and len(mark[0]) > WIDTH:
        mark = ["@pytest.mark.contract(", *(f"{INDENT}{one}," for one in marks), ")"]
    body = "\n".join(f"{INDENT}{line}".rstrip() for line in promise.body)
    return "\n".join(
        [
            *mark,
            f"def test_{promise.name}() -> None:",
            f'{INDENT}"""{promise.says}"""',
            body,
            "",
        ]
    )
