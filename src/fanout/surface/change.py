"""What changed in Core between two surfaces: one entry for one change, whatever its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from fanout.model import PACKAGE, Frozen
from fanout.surface.symbol import Surface, Symbol, inside, is_private
from fanout.wording import cut

LONGEST = 200
BROUGHT_ALONG = ("requirement", "command", "file")


class What(StrEnum):
    """What became of a symbol."""

    REMOVED = "removed"
    CHANGED = "changed"
    ADDED = "added"
    BEHAVIOUR = "behaviour"  # the same from outside, with other code behind it


class Change(Frozen):
    """One change: `symbol` is what changed, `names` all its public names, with both sides."""

    symbol: str
    names: tuple[str, ...] = ()
    what: What
    kind: str
    baseline: str = ""
    candidate: str = ""
    deprecated: str = ""  # what it says of going away, and did not say before

    @property
    def is_of_core(self) -> bool:
        """Whether it is in Core's own modules, and not in what Core brings along."""
        return self.kind not in BROUGHT_ALONG

    @property
    def says(self) -> str:
        """The change in words, on one line."""
        going = f"; deprecated: {cut(self.deprecated, LONGEST)}" if self.deprecated else ""
        return self.became + going

    @property
    def became(self) -> str:
        match self.what:
            case What.ADDED:
                return f"{self.named} is new: {cut(self.candidate, LONGEST)}"
            case What.REMOVED:
                return f"{self.named} is gone: it was {cut(self.baseline, LONGEST)}"
            case What.BEHAVIOUR:
                return f"{self.named} has other code behind it: {cut(self.candidate, LONGEST)}"
        return f"{self.named} is {cut(self.candidate, LONGEST)}, was {cut(self.baseline, LONGEST)}"

    @property
    def named(self) -> str:
        """The symbol, and one other name if it has any."""
        symbol = self.symbol or PACKAGE
        other = next((name for name in self.names if name != symbol), "")
        return f"{symbol} (also {other})" if other else symbol


def changes(baseline: Surface, candidate: Surface) -> tuple[Change, ...]:
    """Every change from baseline to candidate, by symbol.

    What is removed or added with its class or module is no change of its own. Nor is that a thing
    is defined elsewhere now, but that one of its names is gone.
    """
    before = relabelled(baseline, dict(moves(baseline, candidate)))
    found = (*definitions(before, candidate), *names(before, candidate))
    return tuple(sorted(found, key=lambda change: (change.symbol, change.what)))


def definitions(baseline: Surface, candidate: Surface) -> Iterator[Change]:
    """The changes of symbols where they are defined.

    A name that is there on both sides, and of two things, is left to `names`.
    """
    before, after = baseline.symbols, candidate.symbols
    for path in outermost(named(before.keys() - after.keys(), baseline)):
        if path not in candidate.exports:
            yield one_sided(baseline, path, What.REMOVED)
    for path in outermost(named(after.keys() - before.keys(), candidate)):
        if path not in baseline.exports:
            yield one_sided(candidate, path, What.ADDED)
    for path in before.keys() & after.keys():
        old, new = before[path], after[path]
        if old.says != new.says or old.code != new.code:
            yield Change(
                symbol=shown(candidate, path),
                names=tuple(dict.fromkeys((*baseline.names_of(path), *candidate.names_of(path)))),
                what=What.BEHAVIOUR if old.says == new.says else What.CHANGED,
                kind=new.kind,
                baseline=old.says,
                candidate=new.says,
                deprecated=new.deprecated if new.deprecated != old.deprecated else "",
            )


def names(baseline: Surface, candidate: Surface) -> Iterator[Change]:
    """The names that are gone, new, or now of another thing, while that thing itself is not.

    Names of one thing that go, or come, together are one change.
    """
    gone: dict[str, list[str]] = {}
    new: dict[str, list[str]] = {}
    for name in baseline.exports.keys() | candidate.exports.keys():
        old, now = (side.exports.get(name, name) for side in (baseline, candidate))
        was, is_now = (exists(side, name) for side in (baseline, candidate))
        if was and is_now and old != now:
            yield Change(
                symbol=name,
                names=(name,),
                what=What.CHANGED,
                kind="name",
                baseline=described(baseline, old),
                candidate=described(candidate, now),
            )
        elif was and not is_now and exists(candidate, old):
            gone.setdefault(old, []).append(name)
        elif is_now and not was and exists(baseline, now):
            new.setdefault(now, []).append(name)
    for side, what, found in (
        (baseline, What.REMOVED, gone),
        (candidate, What.ADDED, new),
    ):
        for path, together in found.items():
            together.sort(key=by_length)
            says = f"a name of {described(side, path)}"
            yield Change(
                symbol=together[0],
                names=tuple(together),
                what=what,
                kind="name",
                **{"baseline" if what is What.REMOVED else "candidate": says},
            )


def moves(baseline: Surface, candidate: Surface) -> Iterator[tuple[str, str]]:
    """What is defined elsewhere now: it kept a name, or its last name and all its members."""
    before, after = baseline.symbols, candidate.symbols
    new = set(outermost(after.keys() - before.keys()))
    kept: dict[str, str] = {}
    for name in sorted(baseline.exports.keys() | candidate.exports.keys(), key=by_length):
        kept.setdefault(baseline.canonical(name), candidate.canonical(name))
    for path in outermost(before.keys() - after.keys()):
        last = path.rpartition(".")[2]
        same = [
            other
            for other in sorted(new)
            if other.rpartition(".")[2] == last
            and before[path].kind == after[other].kind not in BROUGHT_ALONG
            and members(baseline, path) == members(candidate, other)
        ]
        other = kept.get(path) or next(iter(same), "")
        if other in after and other not in before and before[path].kind == after[other].kind:
            new.discard(other)
            yield path, other


def relabelled(surface: Surface, moved: Mapping[str, str]) -> Surface:
    """A surface in which what has moved is where it is now."""

    def now(path: str) -> str:
        start = path
        while start and start not in moved:
            start = start.rpartition(".")[0]
        return moved[start] + path[len(start) :] if start else path

    return Surface(
        symbols={now(path): symbol for path, symbol in surface.symbols.items()},
        exports={
            name: now(path) for name, path in surface.exports.items() if name not in moved.values()
        }
        | {old: new for old, new in moved.items() if not is_private(old)},
    )


def members(surface: Surface, path: str) -> dict[str, tuple[str, str]]:
    return {
        found[len(path) :]: (surface.symbols[found].says, surface.symbols[found].code)
        for found in (path, *surface.members(path))
    }


def named(paths: Iterable[str], side: Surface) -> list[str]:
    """The paths of what has a public name: not those of a private module, but of what it gives."""
    return [path for path in paths if not is_private(path) or side.names_of(path)]


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths that are members of no other one."""
    found: list[str] = []
    for path in sorted(paths, key=lambda path: path.split(".")):
        if not found or not inside(path, found[-1]):
            found.append(path)
    return found


def one_sided(side: Surface, path: str, what: What) -> Change:
    symbol = side.symbols[path]
    count = sum(1 for other in side.symbols if inside(other, path)) - 1
    says = symbol.says + (f", with {count} members" if count else "")
    return Change(
        symbol=shown(side, path),
        names=side.names_of(path),
        what=what,
        kind=symbol.kind,
        baseline=says if what is What.REMOVED else "",
        candidate=says if what is What.ADDED else "",
    )


def shown(side: Surface, path: str) -> str:
    """The path where a symbol is defined, or its shortest public name if that is private."""
    found = side.names_of(path)
    return path if path in found or not found else found[0]


def by_length(name: str) -> tuple[int, str]:
    return (name.count("."), name)


def exists(side: Surface, name: str) -> bool:
    return name in side.symbols or name in side.exports


def described(side: Surface, path: str) -> str:
    symbol: Symbol | None = side.symbols.get(path)
    return f"{symbol.says} in {path.rpartition('.')[0]}" if symbol else path.removeprefix("@")
