"""The evidence: one JUnit XML file a cell, with what was tested and what came of it.

The format is the JUnit XML that pytest, GitHub and others read: `testsuites`, one `testsuite`,
a `testcase` for each promise. What is ours stands in `properties`.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

NOT_APPLICABLE = "not-applicable"
KNOWN_BREAK = "known-break"
OWN, UNDECLARED = "own", "undeclared"  # of a live cell: whatever the Core
UNFINISHED = "unfinished"
DEPRECATIONS = "deprecations"  # a property: what Core says of symbols, as JSON
# `sys.prefix` of a Python without site-packages may be another one.
ENV = Path(sys.executable).parent.parent
LONGEST_TEXT = 20_000
LONGEST_WHOLE_TEXT = 2 * 1024 * 1024  # characters, of the text of one failure
LARGEST_TEXTS = 8 * 1024 * 1024  # bytes, of all texts that are written whole
SHORTEST_TEXT = 200  # where all that is written would be too large
LARGEST_FILE = 16 * 1024 * 1024  # bytes: who reads evidence refuses more


@dataclass
class Result:
    """What running one promise said: `tag` is the JUnit element, None for a kept promise."""

    tag: str | None = None
    type: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def excuses(self) -> bool:
        """Whether it says that a promise ran and need not worry anybody."""
        return self.tag not in ("failure", "error") and self.type != NOT_APPLICABLE

    def counts_against(self, supported: bool) -> bool:
        """Whether a cell with this result is not green."""
        if self.tag == "skipped":
            return self.type not in (NOT_APPLICABLE, KNOWN_BREAK)
        return self.tag == "error" or (self.tag == "failure" and supported)


class Evidence:
    """JUnit XML with properties: the suite says what was tested, each case what came of it."""

    def __init__(self, file: Path, properties: dict[str, str]) -> None:
        self.file = file
        self.started = datetime.now(UTC)
        self.properties = properties | {"python": platform.python_version()}

    def write(self, results: Mapping[str, Result]) -> None:
        """Replace the file in one step, so that a reader sees the old one or the new one.

        Texts are cut until the file is one that is read; if that is not enough, it says so alone.
        """
        for longest in (LONGEST_TEXT, SHORTEST_TEXT):
            content = self.content(results, longest)
            if len(content) <= LARGEST_FILE:
                break
        else:
            said = f"the evidence of {len(results)} promises has more than {LARGEST_FILE} bytes"
            content = self.content({"run": Result("error", "too-large", said)}, LONGEST_TEXT)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(self.file)

    def content(self, results: Mapping[str, Result], longest: int) -> bytes:
        """The file's bytes, with no message longer, nor any text for which no room is left."""
        counted = Counter(result.tag for result in results.values())
        suite = ElementTree.Element(
            "testsuite",
            name=self.properties["cell"],
            timestamp=self.started.isoformat(timespec="seconds"),
            # A clock may be put back meanwhile.
            time=f"{max((datetime.now(UTC) - self.started).total_seconds(), 0):.3f}",
            tests=str(len(results)),
            failures=str(counted["failure"]),
            errors=str(counted["error"]),
            skipped=str(counted["skipped"]),
        )
        add_properties(suite, self.properties)
        left = LARGEST_TEXTS if longest == LONGEST_TEXT else 0
        for name, result in results.items():
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=self.properties["cell"],
                name=printable(name),
                time=f"{result.seconds:.3f}",
            )
            said = result.properties.items()
            kept = longest == LONGEST_TEXT
            add_properties(case, {k: text for k, text in said if kept or k != DEPRECATIONS})
            if result.tag:
                outcome = ElementTree.SubElement(case, result.tag, type=result.type)
                outcome.set("message", printable(result.message[:longest]))
                outcome.text = printable(result.text[:LONGEST_WHOLE_TEXT])
                size = len(ElementTree.tostring(outcome, "utf-8"))
                if size > left:
                    outcome.text = outcome.text[:longest]
                else:
                    left -= size
        root = ElementTree.Element("testsuites")
        root.append(suite)
        ElementTree.indent(root)
        content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return content


def add_properties(parent: ElementTree.Element, properties: dict[str, str]) -> None:
    if properties:
        element = ElementTree.SubElement(parent, "properties")
        for name, value in properties.items():
            ElementTree.SubElement(element, "property", name=name, value=printable(value))


def printable(text: str) -> str:
    """The text without this env's path, and without what XML 1.0 cannot hold (section 2.2)."""
    text = text.replace(f"{ENV}{os.sep}", "")
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def without_secrets(requirement: str) -> str:
    """The requirement without the user name and token that a URL may carry."""
    return re.sub(r"://[^/\s]+@", "://", requirement)
