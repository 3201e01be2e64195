"""The files of a drafted pack: `pack.toml`, its README, and a file of promises for each module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fanout.draft.promise import PATH, Promise, written
from fanout.draft.promises import NAMES_OF

LONGEST_PATH = 60  # characters, in the first line of a file
Drafts = Mapping[str, Sequence[Promise]]  # by the consumer's module


@dataclass(frozen=True)
class Head:
    """What a pack is about: the release of a consumer, and the Core range that it declares."""

    pack: str
    consumer: str
    release: str
    supports: str


def files_of(drafts: Drafts, head: Head, left: Sequence[str]) -> dict[str, str]:
    """Every file of the pack by name; `left` says what is left to its owner."""
    names = file_names(drafts)
    found = {names[path]: module(path, promises) for path, promises in drafts.items() if promises}
    rows = [(names[path], path, len(promises)) for path, promises in drafts.items() if promises]
    return {"pack.toml": pack_toml(head), "README.md": readme(head, rows, left)} | found


def file_names(paths: Iterable[str]) -> dict[str, str]:
    """The file of a pack for each module of a consumer, under names that no two have."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        whole = path.removesuffix(".py").removesuffix("/__init__")
        parts = [re.sub(r"[^a-z0-9_]", "_", part.lower()) for part in whole.split("/")]
        short = [f"test_{'_'.join(parts[-count:])}.py" for count in range(1, len(parts) + 1)]
        free = (name for name in short if name not in found.values())
        found[path] = next(free, f"test_module_{len(found)}.py")
    return found


def pack_toml(head: Head) -> str:
    """What the pack says of itself."""
    said = {
        "consumer": head.consumer,
        "release": head.release,
        "owner": f"{head.consumer} team",
        "supports": head.supports,
    }
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items())


def module(path: str, promises: Sequence[Promise]) -> str:
    """A file of promises about what one module of the consumer uses."""
    shown = f"`{path}`" if PATH.fullmatch(path) else "a module"
    if len(shown) > LONGEST_PATH:
        shown = f"`{path.rpartition('/')[2]}`"
    tests = [written(promise) for promise in promises]
    whole = "\n\n".join(tests)
    head = f'"""What {shown} uses of Core, as a draft."""\n\n'
    imports = "import inspect\n\n" if "inspect." in whole else ""
    shared = f"\n\n{NAMES_OF}" if "names_of(" in whole else ""
    return f"{head}{imports}import pytest\n{shared}\n\n{whole}"


def readme(head: Head, rows: Iterable[tuple[str, str, int]], left: Sequence[str]) -> str:
    """What is drafted, and what its owner has to do."""
    table = "\n".join(
        f"| `{name}` | {f'`{path}`' if PATH.fullmatch(path) else 'a module'} | {count} |"
        for name, path, count in rows
    )
    lines = "".join(f"- {one}\n" for one in left)
    owner = f"## Left to the owner\n\n{lines}\n" if left else ""
    return f"""\
# What {head.consumer} needs from Core

The pack of `{head.consumer}`, drafted from the uses of Core in release {head.release}, and owned by
the {head.consumer} team. One test is one promise; its docstring says what Core promises.

| file | module | promises |
|---|---|---|
{table}

A draft pins names, arguments and members, and no behaviour. Read each promise beside the place
that it names: say what the consumer would notice, with values that it uses, and delete the rest.
A promise with `core=` is kept from that Core on; where an older one broke it, it is a known break.

{owner}How to write a promise, and what to do when a cell is red: [packs](../README.md).
"""
