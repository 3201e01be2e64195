"""One edition of the dashboard: the snapshot that its pages show, and how a page is rendered."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from importlib.resources import files
from importlib.resources.abc import Traversable

from jinja2 import Environment, PackageLoader, StrictUndefined

from fanout.dashboard.facts.candidate import MOST_READ, Judged, asked, candidates
from fanout.dashboard.facts.consumer import GETS, Consumers
from fanout.dashboard.facts.grid import look
from fanout.dashboard.facts.newest import CellNow, digest_of
from fanout.dashboard.facts.said import Sayings
from fanout.dashboard.facts.snapshot import Snapshot
from fanout.dashboard.facts.step import Cores
from fanout.dashboard.facts.verdicts import Verdicts, decision
from fanout.dashboard.site import Content, Part
from fanout.digest import content_digest
from fanout.gate.decision import Decision
from fanout.history.compatibilities import KeptCompatibility, read_compatibilities
from fanout.history.coverages import KeptCoverage, KeptMap, read_coverage, read_map
from fanout.history.strengths import KeptStrength, read_strength
from fanout.wording import GLYPHS, moment, number

SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)
LONGEST_SHOWN = 4000  # characters of a text on a page; the whole one is a click away


class Edition:
    """What every page is made from.

    `every` is how many hours may pass between two runs; `url` is where the site will be, if that
    is known. Keys hold a digest of the code and the templates, so that another version of this
    tool makes every page again.
    """

    def __init__(self, snapshot: Snapshot, every: float, url: str = "") -> None:
        self.snapshot = snapshot
        self.every = every
        self.url = url

    @cached_property
    def generator(self) -> str:
        """A digest of what makes the pages."""
        return content_digest(contents(files("fanout"), ""))[:16]

    @cached_property
    def decision(self) -> Decision | None:
        """The answer for the newest Core ref against the one before it, if there are two."""
        return decision(self.snapshot)

    @cached_property
    def verdicts(self) -> Verdicts:
        return Verdicts(self.snapshot)

    @cached_property
    def cores(self) -> Cores:
        return Cores(self.snapshot.history.folder)

    @cached_property
    def strength(self) -> Callable[[str], KeptStrength | None]:
        """How strong a pack was when that was measured last, by its name; read once."""
        return cache(partial(read_strength, self.snapshot.history.folder))

    @cached_property
    def coverage(self) -> Callable[[str], KeptCoverage | None]:
        """What a pack pins of what its consumer uses, as it was told last, by its name."""
        return cache(partial(read_coverage, self.snapshot.history.folder))

    @cached_property
    def map(self) -> KeptMap | None:
        """Who pins and uses each symbol of a Core, as it was told last."""
        return read_map(self.snapshot.history.folder)

    @cached_property
    def sayings(self) -> Sayings:
        return Sayings(self.snapshot.history.folder)

    @cached_property
    def candidates(self) -> tuple[Judged, ...]:
        """Every candidate among the newest answers, newest first."""
        return candidates(self.snapshot, self.sayings)

    @property
    def next(self) -> Judged | None:
        """The candidate that is about to be released: no Core of the matrix has its content yet."""
        return next((one for one in self.candidates if not one.released), None)

    @property
    def looked_at(self) -> int:
        """The number of answers that were looked at, where there are older ones; 0 if all were."""
        return MOST_READ if len(asked(self.snapshot)) > MOST_READ else 0

    @cached_property
    def tables(self) -> Mapping[str, KeptCompatibility]:
        """Which releases of each consumer go with which Cores, as that was found last."""
        kept = read_compatibilities(self.snapshot.history.folder)
        return {one.consumer.consumer: one for one in kept}

    @cached_property
    def consumers(self) -> Consumers:
        tables = {name: kept.consumer for name, kept in self.tables.items()}
        return Consumers(self.snapshot, tables, self.next, self.coverage, self.strength)

    def part(
        self,
        name: str,
        key: object,
        make: Callable[[], Mapping[str, Content]],
        apart: bool = False,
    ) -> Part:
        """A part of the site that is made again when `key`, which JSON can hold, is another."""
        return Part(name, digest_of((self.generator, key)), make, apart)

    def file(self, path: str, key: object, content: Callable[[], bytes]) -> Part:
        """A part that is one file."""
        return self.part(path, key, lambda: {path: content()})

    def page(
        self, path: str, template: str, key: object, context: Callable[[], Mapping[str, object]]
    ) -> Part:
        """A page from a template, made again when `key` is another."""
        return self.file(path, key, lambda: render(path, template, context()))


def render(path: str, template: str, context: Mapping[str, object]) -> bytes:
    """A page; `root` leads its links to the root of the site, however the site is reached."""
    root = "../" * path.count("/")
    page = templates().get_template(template).render(context, root=root, path=path)
    return page.encode() + b"\n"


@cache
def templates() -> Environment:
    """The templates, each compiled once, however many editions a process makes."""
    environment = Environment(
        loader=PackageLoader("fanout.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(moment=moment, number=number, slug=slug, look=look_of)
    environment.globals.update(glyphs=GLYPHS, gets=GETS)
    return environment


def look_of(cell: CellNow) -> str:
    return look(cell.outcome, cell.counts)


def contents(folder: Traversable, inside: str) -> list[tuple[str, bytes]]:
    """Every file of the package below a folder, by its path."""
    found = []
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found += contents(entry, f"{inside}{entry.name}/")
        elif entry.is_file():
            found.append((f"{inside}{entry.name}", entry.read_bytes()))
    return found


def slug(name: str) -> str:
    """A file's name for any name: the name itself if that is safe everywhere, else its digest."""
    if SAFE_NAME.fullmatch(name):
        return name
    return f"-{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def script(name: str, value: object) -> bytes:
    """A script that hands a value to the pages: unlike JSON, it is read from `file://` as well."""
    return f"(self.fanoutData ??= {{}})[{json.dumps(name)}] = {json.dumps(value)};\n".encode()


def inline(value: object) -> str:
    """JSON that may stand inside a script element; for a template's `|safe`."""
    compact = json.dumps(value, separators=(",", ":"))
    return compact.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
