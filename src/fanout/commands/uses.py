"""`fanout uses`: what consumers use of Core, read from their wheels, and what it cannot meet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import NoReturn

import click
from packaging.utils import canonicalize_name

from fanout.cells.live import DRIFT
from fanout.cells.matrix import read_matrix
from fanout.cells.packs import pack_digest, read_coverage
from fanout.cells.promises import read_promises
from fanout.commands.command import HISTORY, INDEX, ROOT, Command, format_option, show
from fanout.commands.progress import Pace
from fanout.consumers.coverage.answer import Coverages, coverage
from fanout.consumers.coverage.core_map import core_map
from fanout.consumers.coverage.pin import Pins
from fanout.consumers.coverage.place import Places
from fanout.consumers.needs.across import Usages, across, met
from fanout.consumers.needs.against import against
from fanout.consumers.needs.disagreement import Disagreements
from fanout.consumers.needs.usage import Usage, usage
from fanout.consumers.release import Release, read_release, read_wheel
from fanout.consumers.releases import read_newest
from fanout.consumers.table import packs_of, read_table
from fanout.core.index import wheel_of
from fanout.core.resolve import newest_release, resolve
from fanout.errors import ExitCode, UnknownConsumer, UnknownPack
from fanout.gate.disagreements import disagreements
from fanout.history.contents import contents_of, cores_in
from fanout.history.coverages import keep_coverage, keep_map
from fanout.history.surfaces import surface_of
from fanout.model import Core, CoverageAsked, Matrix, Pack, in_range
from fanout.surface.shape import Shapes
from fanout.told.consumers.coverage_text import print_changes, print_coverages
from fanout.told.consumers.map_text import print_map
from fanout.told.consumers.uses_text import print_usages


@click.command(
    cls=Command,
    short_help="Show what the consumers' releases use of Core.",
    epilog="""\b
Exit codes: 0 told, 1 a use that Core cannot meet, or with --coverage one that
nobody pins or excuses, 2 unusable input, 3 the index gave no answer.
Example: fanout uses market-data-ibkr --core 1.4.61""",
)
@click.argument("names", nargs=-1, metavar="[DISTRIBUTION[==VERSION]|WHEEL]...")
@click.option("--core", "named", metavar="REF", help="The Core that must meet them.")
@click.option(
    "--all", "every", is_flag=True, help="See which uses each Core of tox.ini cannot meet."
)
@click.option("--coverage", "covered", is_flag=True, help="See what the packs pin of them.")
@click.option("--map", "mapped", is_flag=True, help="See who pins and uses each symbol of Core.")
@click.option(
    "--against", "older", metavar="VERSION", help="See what is new since this older release."
)
@format_option()
@ROOT
@HISTORY
@INDEX
def uses(
    names: tuple[str, ...],
    named: str | None,
    every: bool,
    covered: bool,
    mapped: bool,
    older: str | None,
    form: str,
    root: Path,
    history: Path,
    index: str,
) -> None:
    """Show every use of Core in the releases of all consumers, or of those named.

    Nothing of it is run. A DISTRIBUTION, or its pack, without a VERSION is the release in
    consumers.toml. REF is whatever `fanout check` takes, the newest release unless told.
    """
    if sum(map(bool, (every, covered, mapped, older))) > 1:
        raise click.UsageError("give one of --all, --coverage, --map and --against")
    if named and every:
        raise click.UsageError("give --core or --all, not both")
    if mapped and names:
        raise click.UsageError("--map is of all consumers: name none")
    if older and len(names) != 1:
        raise click.UsageError("--against needs one consumer")
    asked = Question(names, root.resolve(), history, index, named)
    if covered:
        tell_coverage(asked, form)
    elif mapped:
        tell_map(asked, form)
    elif older:
        tell_changes(asked, older, form)
    else:
        tell_uses(asked, every, form)


class Question:
    """The releases that are asked about, all of consumers.toml unless some are named, and a Core.

    Reading may raise InvalidCore, InvalidPack, UnknownConsumer, UnreachableIndex.
    """

    def __init__(
        self, names: Sequence[str], root: Path, history: Path, index: str, core: str | None
    ) -> None:
        self.names = names
        self.root = root
        self.history = history
        self.index = index
        self.named = core

    @cached_property
    def matrix(self) -> Matrix:
        return read_matrix(self.root)

    @cached_property
    def core(self) -> Core:
        if self.named:
            return resolve(self.named, "candidate", self.root, self.matrix)
        return newest_release(self.matrix)

    @cached_property
    def shapes(self) -> Shapes:
        return Shapes(surface_of(wheel_of(self.core, self.root, self.index), self.history))

    @cached_property
    def table(self) -> dict[str, str]:
        return read_table(self.root)

    @cached_property
    def packs(self) -> dict[str, tuple[str, Pack]]:
        return packs_of(self.root, self.table)

    def releases(self, known: Mapping[str, str]) -> list[Release]:
        """The releases; those that nobody names a version of are the known ones."""
        by_pack = {pack: consumer for consumer, (pack, _) in self.packs.items()}

        def read(named: str) -> Release:
            if named.endswith(".whl"):
                return read_wheel(Path(named))
            name, _, version = (part.strip() for part in named.partition("=="))
            name = by_pack.get(name, canonicalize_name(name))
            version = version or known.get(name) or read_newest([name], self.index).get(name, "")
            if not version:
                hint = "name one as DISTRIBUTION==VERSION"
                raise UnknownConsumer(f"'{name}' has no release", hint)
            return self.release(name, version)

        return [read(name) for name in self.names or known]

    def release(self, name: str, version: str) -> Release:
        return read_release(name, version, self.root, self.index)

    def used(self, one: Release) -> Usage:
        return usage(one, self.core.version, self.shapes)


def tell_uses(asked: Question, every: bool, form: str) -> NoReturn:
    """Tell what is used of one Core, or what every Core cannot meet, and who says otherwise."""
    cores = cores_in(asked.matrix) if every else [asked.core]
    contents = contents_of(cores, asked.root, asked.history, asked.index, Pace("Cores"))
    found = list(met(asked.releases(asked.table), contents))
    ran: Iterable[Disagreements] = ()
    if every or asked.named:
        ran = disagreements(found, asked.packs, asked.root, asked.history)
    answer = Usages(
        usages=() if every else tuple(one.found for one in found),
        across=tuple(across(found)) if every else (),
        disagreements=tuple(ran),
    )
    show(form, answer, partial(print_usages, answer))
    broken = asked.named and any(one.broken for one in answer.usages)
    sys.exit(ExitCode.BROKEN if broken else ExitCode.FINE)


def tell_coverage(asked: Question, form: str) -> NoReturn:
    """Tell what the packs pin, and keep what is told of the releases that they were read from."""
    places, found = Places(asked.shapes), []
    for release in asked.releases({name: says.release for name, (_, says) in asked.packs.items()}):
        if release.consumer not in asked.packs:
            raise UnknownPack(f"'{release.consumer}' has no pack", "see `fanout draft --help`")
        pack, says = asked.packs[release.consumer]
        one = coverage(pack, asked.used(release), *pins_of(asked, pack, places))
        found.append(one)
        if says.release == release.version and not asked.named:
            digest = pack_digest(asked.root / "packs" / pack)
            keep_coverage(asked.history, one, digest, datetime.now(UTC))
    answer = Coverages(packs=tuple(found))
    show(form, answer, partial(print_coverages, answer))
    sys.exit(answer.exit_code)


def pins_of(asked: Question, pack: str, places: Places) -> tuple[Pins, CoverageAsked]:
    folder = asked.root / "packs" / pack
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
        if path.name != DRIFT  # which no cell runs
    }
    at = asked.core.version  # where a promise for other Cores judges nothing
    promises = [one for one in read_promises(folder) if not one.core or in_range(at, one.core)]
    pins = Pins(files, promises, places)
    return pins, read_coverage(folder / "pack.toml")


def tell_map(asked: Question, form: str) -> None:
    """Tell the map of a Core, and keep that of the newest."""
    places = Places(asked.shapes)
    usages = [asked.used(one) for one in asked.releases(asked.table)]
    packs = [pack for pack, _ in asked.packs.values()]
    pins = {pack: pins_of(asked, pack, places)[0] for pack in packs}
    answer = core_map(asked.core.version, places, usages, pins)
    if not asked.named:
        keep_map(asked.history, answer, datetime.now(UTC))
    show(form, answer, partial(print_map, answer))


def tell_changes(asked: Question, version: str, form: str) -> None:
    (after,) = asked.releases(asked.table)
    before = asked.release(after.consumer, version)
    answer = against(asked.used(before), asked.used(after))
    show(form, answer, partial(print_changes, answer))
