"""Verdicts kept under the key of their cell, and the evidence of cells that take one over.

A file holds the parts of its key and the evidence of the cell that really ran. It is believed if it
is as it was written, its parts make its key, and its evidence says the same as they do. Where two
runs of one key disagree, it holds the names of both cells, and nothing is taken over from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from packaging.specifiers import InvalidSpecifier
from packaging.version import InvalidVersion

import sealed
from cell_key import CoreSeen, Parts, besides_core, is_core, key_of
from evidence import KNOWN_BREAK, NOT_APPLICABLE, OWN, UNDECLARED
from guard import DISTRIBUTION
from pack import holds
from sight import changed

TAKEN_OVER = "taken-over-"  # properties: from which cell, of when, and under which key


class Refused(Exception):
    """What is kept, or is to be, cannot be taken over; the text says why."""


class Changed(Refused):
    """Something that no key has is not what it was."""


class Beyond(Refused):
    """A cell sees what may say another thing each time."""


@dataclass(frozen=True)
class Verdict:
    """What the evidence of a cell that really ran says, and is kept under a key."""

    parts: Parts
    evidence: str

    @cached_property
    def suite(self) -> Element:
        return suite_of(self.evidence)

    @property
    def cell(self) -> str:
        return properties(self.suite)["cell"]

    @cached_property
    def broken(self) -> list[str]:
        """A line for each promise that is broken and counts, as the cell has said it."""
        suite = self.suite
        said = properties(suite)
        counts = "supports" not in said or holds(said["supports"], said["version"])
        return [*broken(suite)] if counts else []

    @property
    def says(self) -> str:
        """What is told of a cell that takes it over."""
        ran = f"the verdict of {self.cell}, which ran at {self.ran}, taken over"
        return "\n".join((ran, *self.broken))

    @property
    def ran(self) -> str:
        """When it really ran."""
        return self.suite.attrib["timestamp"]


def suite_of(evidence: str) -> Element:
    """The one testsuite; raises Refused."""
    if "<!" in evidence.partition("<testsuite")[0]:
        raise Refused("its XML declares a document type")
    try:
        (suite,) = ElementTree.fromstring(evidence).findall("testsuite")  # noqa: S314 - as above
    except (ElementTree.ParseError, ValueError) as error:
        raise Refused(f"its evidence is not what a cell writes: {error}") from error
    return suite


def check(parts: Parts, suite: Element) -> None:
    """Raise Refused unless evidence has a verdict, and is of the cell that a key is made of."""
    said = properties(suite)
    cases = suite.findall("testcase")
    if any(name.startswith(TAKEN_OVER) for name in said):
        raise Refused("it was taken over itself")
    if not cases or suite.find("testcase/error") is not None:
        raise Refused("it has no verdict")
    if does := said.get("beyond"):
        raise Beyond(f"{does}, of which no key says anything")
    try:
        name = changed(said.get("sees", "{}"))
    except ValueError as error:
        raise Refused(f"what it says that it sees cannot be read: {error}") from error
    if name:
        raise Changed(f"'{name}', which it has read, has changed")
    if file := said.get("reads"):
        raise Refused(f"'{file}' of its consumer reads which Core is installed")
    found = {
        "pack": said.get("pack-digest"),
        "core": said.get("digest"),
        "python": said.get("python"),
        "distributions": besides_core(said.get("distributions", "").split()),
    }
    for part, value in found.items():
        if value != parts.get(part):
            raise Refused(f"its evidence says another thing of the key's part '{part}'")
    version = said.get("version", "")
    try:
        wrong = [text for text, inside in parts["ranges"].items() if holds(text, version) != inside]
    except (InvalidVersion, InvalidSpecifier) as error:
        raise Refused(f"its evidence cannot be read: {error}") from error
    if wrong:
        raise Refused(f"its Core {version} is not what the key says of '{wrong[0]}'")
    for case in cases:
        skip = case.find("skipped")
        kind = "" if skip is None else skip.get("type", "")
        if skip is not None and kind not in (NOT_APPLICABLE, KNOWN_BREAK, OWN, UNDECLARED):
            raise Refused(f"it skips {case.get('name')}")
        within = (text for text, inside in parts["ranges"].items() if inside)
        listed = {f"{case.get('name')} {text}" for text in within}
        if kind == KNOWN_BREAK and listed.isdisjoint(parts["known_breaks"]):
            raise Refused(f"{case.get('name')} is no known break")


def same_ranges(suite: Element, one: str, other: str) -> bool:
    """Whether no promise, as it was collected, tells two versions of Core apart."""
    ranges = {properties(case).get("core", "") for case in suite.iter("testcase")}
    return all(holds(text, one) == holds(text, other) for text in ranges)


def results(suite: Element) -> dict[str, tuple[str, str]]:
    """What became of each promise: the JUnit element, and its type."""
    found = {}
    for case in suite.iter("testcase"):
        said = [(child.tag, child.get("type", "")) for child in case if child.tag != "properties"]
        found[case.get("name", "")] = said[0] if said else ("kept", "")
    return found


def broken(suite: Element) -> Iterator[str]:
    for case in suite.iter("testcase"):
        if case.find("failure") is not None:
            name = case.get("name", "")
            yield f"broken promise: {properties(case).get('promise') or name} ({name})"


class Store:
    """The folder of what is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def find(self, key: str) -> Verdict | None:
        """What is kept under a key; raises Refused, with what is wrong, if that is not believed."""
        file = self.file(key)
        try:
            told = sealed.read(file)
            if told is None or "disagree" in told:
                return None
            verdict = Verdict(told["parts"], told["evidence"])
            if key_of(verdict.parts) != key:
                raise Refused("its parts make another key")
            check(verdict.parts, verdict.suite)
        except Changed:
            raise
        except (sealed.Damaged, Refused) as error:
            raise Refused(f"'{file}' is not believed: {error}") from error
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise Refused(f"'{file}' is not believed: it holds no verdict ({error})") from error
        return verdict

    def keep(self, key: str, parts: Parts, evidence: str) -> tuple[str, str] | None:
        """Keep what a cell that ran has said; both cells, if another of this key said otherwise.

        Raises Refused for what nobody may take over; nor may they then what was kept before it.
        """
        new = Verdict(parts, evidence)
        try:
            told = sealed.read(self.file(key))
            before = self.find(key)
        except (sealed.Damaged, Refused):
            told = before = None
        try:
            check(parts, new.suite)
        except Refused:
            if before:
                self.file(key).unlink(missing_ok=True)
            raise
        if told and "disagree" in told:
            return None
        if before and results(before.suite) != results(new.suite):
            both = (before.cell, new.cell)
            sealed.write(self.file(key), {"disagree": both})
            return both
        sealed.write(self.file(key), {"parts": parts, "evidence": evidence})
        return None


def taken_over(verdict: Verdict, key: str, cell: str, asked: str, core: CoreSeen) -> bytes:
    """The evidence of a cell that takes a verdict over; raises Refused if it may not."""
    suite = deepcopy(verdict.suite)
    said = dict(properties(suite))
    if not same_ranges(suite, said["version"], core.version):
        raise Refused("a promise tells the two versions of Core apart")
    beside = (one for one in said["distributions"].split() if not is_core(one))
    changed = {
        "cell": cell,
        "asked": asked,
        "source": core.source,
        "version": core.version,
        "distributions": " ".join(sorted({*beside, f"{DISTRIBUTION}=={core.version}"})),
        f"{TAKEN_OVER}from": verdict.cell,
        f"{TAKEN_OVER}ran": verdict.ran,
        f"{TAKEN_OVER}key": key,
    }
    rows = suite.find("properties")
    if rows is None:
        raise Refused("its evidence has no properties")
    rows.clear()
    for name, value in (said | changed).items():
        ElementTree.SubElement(rows, "property", name=name, value=value)
    suite.attrib |= {"name": cell, "timestamp": datetime.now(UTC).isoformat(timespec="seconds")}
    for case in suite.iter("testcase"):
        case.set("classname", cell)
    root = Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    content: Any = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return bytes(content)


def properties(element: Element) -> Mapping[str, str]:
    rows = element.iterfind("properties/property")
    return {row.get("name", ""): row.get("value", "") for row in rows}
