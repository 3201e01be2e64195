"""`fanout draft`: a pack for a consumer, written from what its release uses of Core."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from packaging.utils import canonicalize_name

from fanout.cells.matrix import read_matrix
from fanout.cells.packs import read_packs
from fanout.cells.run import PackInMatrix, alone
from fanout.commands.command import INDEX, ROOT, Command, say
from fanout.consumers.declared import declared
from fanout.consumers.releases import METADATA, read_newest
from fanout.consumers.uses import read_uses
from fanout.core.index import fetch, wheel_of
from fanout.core.resolve import of_releases, released
from fanout.core.wheel import read_files
from fanout.draft.promises import Drafter
from fanout.draft.text import Drafts, Head, files_of, pack_toml
from fanout.draft.trial import kept_by, settled
from fanout.errors import InvalidConsumers, InvalidPack, NothingFound
from fanout.model import CellReport, Core, in_range, version_of
from fanout.surface.reader import surface
from fanout.wording import number, printable

NAMED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(==(?P<version>[\w.+!-]+))?", re.ASCII)
PACK = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@click.command(
    cls=Command,
    short_help="Write the first draft of a pack for a consumer.",
    epilog="""\b
Exit codes: 0 written, 2 unusable input: the pack is there already, or the
release uses nothing of Core, 3 no answer, or no Core could be judged.
Example: fanout draft market-data-ibkr==1.1.7 --pack broker""",
)
@click.argument("distribution", metavar="DISTRIBUTION[==VERSION]")
@click.option("--pack", "named", metavar="NAME", help="Its folder in packs/; the consumer's name.")
@ROOT
@INDEX
def draft(distribution: str, named: str | None, root: Path, index: str) -> None:
    """Write the first draft of a pack for DISTRIBUTION, of its newest release unless told.

    The release is read, and nothing of it installed or run. There is a promise for each use of Core
    that can be judged without the consumer, kept by the newest Core that it declares. Each is run
    on every Core of the default matrix in that range, and says from which on it is kept.
    """
    root = root.resolve()
    head, uses = read_consumer(distribution, named, root, index)
    with alone(root), new_folder(root / "packs" / head.pack) as folder:
        write(folder, {"pack.toml": pack_toml(head)})
        matrix = read_matrix(root)
        cells = [
            cell
            for cell in of_releases(matrix)
            if cell.pack == head.pack and cell.name in matrix.expected
        ]
        found = [released(cell.core_ref, matrix) for cell in cells]
        cores = [core for core in found if core and in_range(core.version, head.supports)]
        if not cores:
            raise NothingFound(
                f"no Core of the default matrix is in '{head.supports}', which {head.consumer}"
                f" {head.release} declares",
                "see `tox list` for the Core refs, or name another release",
            )
        drafter = Drafter(surface(wheel_of(cores[-1], root, index)))
        drafts: Drafts = {
            file.path: drafter.promises(file) for file in read_uses(uses) if file.uses
        }
        if not any(drafts.values()):
            raise InvalidConsumers(
                f"{head.consumer} {head.release} uses nothing of Core that a promise could pin",
                "write its pack by hand: see 'Add a pack' in packs/README.md",
            )
        write(folder, files_of(drafts, head, ()))
        drafts, left = settled(drafts, kept_by(run(root, head.pack, cores)))
        for file in folder.glob("test_*.py"):
            file.unlink()
        write(folder, files_of(drafts, head, left))
    count = sum(map(len, drafts.values()))
    click.echo(
        f"written: {folder}, with {number(count, 'promise')} that Core {cores[-1].version} keeps"
    )
    for line in left:
        click.echo(printable(f"  {line}"))
    say(
        f"name {head.consumer} in consumers.toml, its team in .github/CODEOWNERS and the pack in"
        f" packs/README.md; then read each promise, and run `tox p -m {head.pack}`"
    )


def read_consumer(
    distribution: str, pack: str | None, root: Path, index: str
) -> tuple[Head, dict[str, bytes]]:
    """The head of the pack of a release, and the release's modules; raises InvalidConsumers."""
    asked = NAMED.fullmatch(distribution)
    if not asked:
        raise InvalidConsumers(
            f"'{printable(distribution)}' is no name of a distribution",
            "name one, such as market-data-ibkr, or market-data-ibkr==1.1.7",
        )
    name = str(canonicalize_name(asked["name"]))
    folder = pack or name.removeprefix("market-data-").replace("-", "_")
    if not PACK.fullmatch(folder):
        raise InvalidPack(
            f"'{printable(folder)}' is no name for a pack",
            "choose another with --pack, made of a-z, 0-9 and _, which begins with a letter",
        )
    release = asked["version"] or read_newest([name], index).get(name)
    if not release or version_of(release) is None:
        raise InvalidConsumers(f"the index '{index}' has no release of {name}", "name another")
    files = read_files(fetch(release, root, index, name))
    metadata = [path for path in files if METADATA.fullmatch(path)]
    said = declared(files[metadata[0]] if metadata else b"", name, release)
    if said.unreadable or not said.demands or said.demands[0].address:
        raise InvalidConsumers(
            f"what {name} {release} declares of Core is '{said.shown}', which is no range",
            "name another release, or write its pack by hand",
        )
    modules = {path: content for path, content in files.items() if path.endswith(".py")}
    return Head(folder, name, release, said.demands[0].core), modules


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A new folder, which is gone again if the block fails; raises InvalidPack if it is there."""
    try:
        folder.mkdir()
    except FileExistsError as error:
        raise InvalidPack(
            f"'{folder}' is there already, and no draft is written over it",
            "remove it, or choose another name with --pack",
        ) from error
    except OSError as error:
        raise InvalidPack(
            f"'{folder}' cannot be made: {error.strerror}", "run it in a checkout, or name --root"
        ) from error
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def run(root: Path, pack: str, cores: list[Core]) -> dict[str, CellReport]:
    """What the pack says of each Core, by its version; raises NothingFound if it cannot say."""
    asked = PackInMatrix(
        root=root, matrix=read_matrix(root), name=pack, pack=read_packs(root, [pack])[pack]
    )
    with tempfile.TemporaryDirectory(prefix="fanout-") as evidence:
        found = asked.run(cores, Path(evidence))
    for core, report in zip(cores, found, strict=True):
        if not report.judges:
            raise NothingFound(
                f"the draft could not be run on Core {core.version}: {report.reason}",
                "run it again, or write the pack by hand",
            )
    return {core.version: report for core, report in zip(cores, found, strict=True)}
