"""`consumers.toml`: every distribution that builds on Core, and its newest release known here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from packaging.utils import canonicalize_name
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from fanout.cells.packs import read_pack
from fanout.errors import InvalidConsumers, UnknownConsumer
from fanout.model import DISTRIBUTION, Pack
from fanout.wording import one_line

FILE = "consumers.toml"
HINT = f'write a line `distribution = "release"` into {FILE} for each, such as `{DISTRIBUTION}-x`'


def canonical(name: str) -> str:
    if name != canonicalize_name(name):
        raise ValueError(f"an index calls it '{canonicalize_name(name)}'")
    if name == DISTRIBUTION:
        raise ValueError("Core is no consumer of itself")
    return name


Distribution = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"),
    AfterValidator(canonical),
]
Release = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)*(\.post\d+)?$", max_length=100)]
TABLE = TypeAdapter(Annotated[dict[Distribution, Release], Field(min_length=1)])


def read_table(root: Path) -> dict[str, str]:
    """The known release of each distribution, by name; raises InvalidConsumers."""
    return checked(read_text(root / FILE), root / FILE)


def read_text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConsumers(f"'{file}' cannot be read: {error}", HINT) from error


def checked(text: str, file: Path) -> dict[str, str]:
    try:
        found = TABLE.validate_python(tomllib.loads(text), strict=True)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConsumers(f"'{file}' is not TOML: {error}", HINT) from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc'][:1]))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidConsumers(
            f"'{file}' is no table of consumers: {one_line(wrong)}", HINT
        ) from error
    return {name: found[name] for name in sorted(found)}


def news(table: Mapping[str, str], newest: Mapping[str, str]) -> dict[str, str]:
    """The newest releases that the table does not name."""
    return {name: release for name, release in newest.items() if release != table[name]}


def renewed(root: Path, releases: Mapping[str, str]) -> dict[Path, str]:
    """The text of the table with these releases, every other byte as it was, if that changes it.

    Raises InvalidConsumers for a table that is not written a line each.
    """
    file = root / FILE
    before = text = read_text(file)
    for name, release in releases.items():
        text = re.sub(rf'(?m)^({re.escape(name)} *= *")[^"\n]*(")', rf"\g<1>{release}\2", text)
    if checked(text, file) != checked(before, file) | dict(releases):
        raise InvalidConsumers(f"'{file}' does not name each release on a line of its own", HINT)
    return {file: text} if text != before else {}


def packs_of(root: Path, table: Mapping[str, str]) -> dict[str, tuple[str, Pack]]:
    """The pack of each consumer that has one, by distribution, with its name.

    Raises InvalidPack, and InvalidConsumers for a pack whose consumer the table does not name.
    """
    packs = {}
    for file in sorted(root.glob("packs/*/pack.toml")):
        pack, name = read_pack(file), file.parent.name
        if pack.consumer not in table:
            raise InvalidConsumers(
                f"'{root / FILE}' does not name '{pack.consumer}', whose pack is '{name}'", HINT
            )
        packs[pack.consumer] = (name, pack)
    return packs


def chosen(
    names: tuple[str, ...], table: Mapping[str, str], packs: Mapping[str, tuple[str, Pack]]
) -> tuple[str, ...]:
    """The distributions that are meant by their own names or those of their packs, or all.

    Raises UnknownConsumer.
    """
    by_pack = {name: distribution for distribution, (name, _) in packs.items()}
    found = [by_pack.get(name, canonicalize_name(name)) for name in names]
    for name, distribution in zip(names, found, strict=True):
        if distribution not in table:
            raise UnknownConsumer(f"'{name}' is no consumer", f"name one of {', '.join(table)}")
    return tuple(dict.fromkeys(found)) or tuple(table)


class Asked(NamedTuple):
    """A consumer whose release is asked for, and its pack, if it has one."""

    consumer: str
    release: str
    pack: str = ""


def consumers_of(root: Path, packs: Collection[str], every: Iterable[str]) -> tuple[Asked, ...]:
    """The consumers of some packs; if they are every pack, those without one too.

    A checkout without consumers.toml has none. Raises InvalidConsumers.
    """
    if not (root / FILE).exists():
        return ()
    table = read_table(root)
    pack_of = {name: pack for name, (pack, _) in packs_of(root, table).items()}
    asked = (Asked(name, release, pack_of.get(name, "")) for name, release in table.items())
    all_of_them = set(packs) == set(every)
    return tuple(one for one in asked if all_of_them or one.pack in packs)
