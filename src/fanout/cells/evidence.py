"""Evidence from disk: JUnit XML files that anybody may have written.

Format: JUnit XML with properties, one file `<cell>.xml` for each cell, as the packs write it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse
from packaging.requirements import Requirement
from packaging.version import Version
from pydantic import TypeAdapter

from fanout.errors import DuplicateEvidence, ForeignEvidence
from fanout.model import LIVE_CELL, Deprecation, Evidence, Promise, Result, TakenOver
from fanout.wording import printable

LARGEST_FILE = 16 * 1024 * 1024
CLOCKS_DIFFER = timedelta(minutes=1)  # of two machines, at the most
OUTCOMES = ("failure", "error", "skipped")
DEPRECATIONS = TypeAdapter(dict[str, str])  # what is said, by symbol
MOST_DEPRECATIONS = 100  # that one promise meets


class UnreadableEvidence(Exception):
    """An evidence file is there, but says nothing that can be used."""


def read_folder(folder: Path, cells: frozenset[str]) -> dict[str, Evidence | str]:
    """The evidence by cell name, from every `*.xml` below a folder but those of live cells.

    A file that cannot be read gives the reason in place of the evidence. Raises
    ForeignEvidence for a cell that is not in `cells`, DuplicateEvidence for a second file.
    """
    found: dict[str, Path] = {}
    for file in sorted(folder.rglob("*.xml")):
        name = file.stem
        if LIVE_CELL.fullmatch(name):
            continue
        if name not in cells:
            raise ForeignEvidence(
                f"'{file}' is evidence for '{name}', which is no cell of the matrix",
                "remove the file, or see `tox list` for the cells",
            )
        if name in found:
            raise DuplicateEvidence(
                f"there is evidence twice for the cell '{name}': '{found[name]}' and '{file}'",
                "remove the one that does not belong to this run",
            )
        found[name] = file
    return {name: read_or_reason(file) for name, file in found.items()}


def read_or_reason(file: Path) -> Evidence | str:
    try:
        return read_file(file)
    except UnreadableEvidence as error:
        return f"'{file}': {error}"


def read_file(file: Path) -> Evidence:
    """The evidence in one file; raises UnreadableEvidence with the reason."""
    suite = suite_of(file)
    try:
        evidence = read_suite(suite)
    except (KeyError, ValueError) as error:
        first = str(error).splitlines()
        raise UnreadableEvidence(f"not what a pack writes: {' '.join(first[:3])}") from error
    not_from_the_future(evidence.started)
    if evidence.cell != file.stem:
        raise UnreadableEvidence(f"is the evidence of another cell, '{evidence.cell}'")
    if not evidence.promises:
        raise UnreadableEvidence("no promise in it")
    names = [promise.name for promise in evidence.promises]
    if len(set(names)) < len(names):
        raise UnreadableEvidence("it speaks of one promise twice")
    return evidence


def suite_of(file: Path) -> Element:
    """The one testsuite in a file; raises UnreadableEvidence with the reason."""
    try:
        if not file.is_file():
            raise UnreadableEvidence("not a regular file")
        if file.stat().st_size == 0:
            raise UnreadableEvidence("the file is empty")
        if file.stat().st_size > LARGEST_FILE:
            raise UnreadableEvidence(f"the file is larger than {LARGEST_FILE} bytes")
        root = parse(file, forbid_dtd=True).getroot()
    except DefusedXmlException as error:
        raise UnreadableEvidence("the XML declares entities or a document type") from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableEvidence(f"cut off or not XML: {error}") from error
    except OSError as error:
        raise UnreadableEvidence(f"cannot be read: {error.strerror}") from error
    suites = root.findall("testsuite") if root is not None else []
    if len(suites) != 1:
        raise UnreadableEvidence(
            "more than one testsuite in it" if suites else "no testsuite in it"
        )
    return suites[0]


def not_from_the_future(started: datetime) -> None:
    if started > datetime.now(UTC) + CLOCKS_DIFFER:
        raise UnreadableEvidence(f"it is from the future, of {started.isoformat()}")


def read_suite(suite: Element) -> Evidence:
    said = properties(suite)
    check_core(said)
    check_counts(suite)
    started = datetime.fromisoformat(suite.attrib["timestamp"])
    return Evidence(
        cell=said["cell"],
        started=started,
        seconds=float(suite.attrib["time"]),
        asked=said["asked"],
        source=said.get("source", ""),
        version=said.get("version", ""),
        digest=said.get("digest", ""),
        python=said.get("python", ""),
        distributions=tuple(said.get("distributions", "").split()),
        supports=said.get("supports", ""),
        pack_digest=said.get("pack-digest", ""),
        taken_over=taken_over(said, started),
        promises=tuple(read_case(case) for case in suite.iterfind("testcase")),
    )


def taken_over(said: Mapping[str, str], written: datetime) -> TakenOver | None:
    """What evidence was taken over from; raises ValueError if that cannot be."""
    if not any(name.startswith("taken-over-") for name in said):
        return None
    found = TakenOver(
        cell=said["taken-over-from"],
        started=datetime.fromisoformat(said["taken-over-ran"]),
        key=said["taken-over-key"],
    )
    if found.cell.partition("-")[0] != said["cell"].partition("-")[0]:
        raise ValueError(f"it was taken over from another pack's cell, '{found.cell}'")
    if found.started > written:
        raise ValueError("it was taken over before that ran")
    return found


def check_core(said: Mapping[str, str]) -> None:
    """Raise ValueError unless the Core that was asked for, and what was tested, can be read."""
    if said.get("version"):  # or else the guard has refused what was asked for, whatever it was
        Version(said["version"])
        Requirement(said["asked"])


def check_counts(suite: Element) -> None:
    """Raise ValueError unless a testsuite says of its testcases what they are."""
    cases = suite.findall("testcase")
    found = {f"{tag}s": sum(case.find(tag) is not None for case in cases) for tag in OUTCOMES[:2]}
    found |= {"tests": len(cases), "skipped": len(suite.findall("testcase/skipped"))}
    for tag, number in found.items():
        if suite.attrib[tag] != str(number):
            raise ValueError(f'it says {tag}="{suite.attrib[tag]}", but holds {number}')


def read_case(case: Element) -> Promise:
    said = properties(case)
    unknown = {child.tag for child in case} - {"properties", *OUTCOMES}
    outcomes = [child for child in case if child.tag in OUTCOMES]
    if unknown or len(outcomes) > 1:
        raise ValueError(f"'{case.attrib['name']}' has more than one outcome, or an unknown one")
    outcome = outcomes[0] if outcomes else None
    known = (said.get("reason"), said.get("link"), said.get("expires"))
    return Promise(
        name=printable(case.attrib["name"]),
        says=said.get("promise", ""),
        contract=tuple(said.get("contract", "").split()),
        core=said.get("core", ""),
        result=result(outcome),
        message=printable(outcome.get("message", "")) if outcome is not None else "",
        text=printable(outcome.text or "") if outcome is not None else "",
        seconds=float(case.attrib["time"]),
        known_break=", ".join(part for part in known if part),
        expires=date.fromisoformat(said["expires"]) if said.get("expires") else None,
        deprecations=deprecations(said.get("deprecations", "{}")),
    )


def deprecations(said: str) -> tuple[Deprecation, ...]:
    found = DEPRECATIONS.validate_json(said)
    if len(found) > MOST_DEPRECATIONS:
        raise ValueError(f"a promise met {len(found)} deprecations")
    return tuple(
        Deprecation(symbol=printable(one), message=printable(found[one])) for one in sorted(found)
    )


def result(outcome: Element | None) -> Result:
    """A skip of an unknown type is never taken for a pass."""
    if outcome is None:
        return Result.KEPT
    return {
        ("failure", outcome.get("type")): Result.BROKEN,
        ("skipped", "not-applicable"): Result.NOT_APPLICABLE,
        ("skipped", "known-break"): Result.KNOWN_BREAK,
        ("error", "known-break-kept"): Result.LISTED_BUT_KEPT,
    }.get((outcome.tag, outcome.get("type")), Result.ERRORED)


def properties(element: Element) -> Mapping[str, str]:
    found = element.iterfind("properties/property")
    return {item.attrib["name"]: printable(item.attrib["value"]) for item in found}
