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
UNFINISHED = "unfinished"
# `sys.prefix` of a Python without site-packages may be another one.
ENV = Path(sys.executable).parent.parent
LONGEST_TEXT = 20_000
LONGEST_WHOLE_TEXT = 2 * 1024 * 1024  # characters, of the text of one failure
LARGEST_TEXTS = 8 * 1024 * 1024  # bytes, of all texts that are written whole


@dataclass
class Result:
    """What running one promise said: `tag` is the JUnit element, None for a kept promise."""

    tag: str | None = None
    type: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    properties: dict[str, str] = field(default_factory=dict)

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
        """Replace the file in one step, so that a reader sees the old one or the new one."""
        counted = Counter(result.tag for result in results.values())
        suite = ElementTree.Element(
            "testsuite",
            name=self.properties["cell"],
            timestamp=self.started.isoformat(timespec="seconds"),
            time=f"{(datetime.now(UTC) - self.started).total_seconds():.3f}",
            tests=str(len(results)),
            failures=str(counted["failure"]),
            errors=str(counted["error"]),
            skipped=str(counted["skipped"]),
        )
        add_properties(suite, self.properties)
        left = LARGEST_TEXTS
        for name, result in results.items():
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=self.properties["cell"],
                name=printable(name),
                time=f"{result.seconds:.3f}",
            )
            add_properties(case, result.properties)
            if result.tag:
                outcome = ElementTree.SubElement(case, result.tag, type=result.type)
                outcome.set("message", printable(result.message[:LONGEST_TEXT]))
                outcome.text = printable(result.text[:LONGEST_WHOLE_TEXT])
                size = len(ElementTree.tostring(outcome, "utf-8"))
                if size > left:
                    outcome.text = outcome.text[:LONGEST_TEXT]
                else:
                    left -= size
        root = ElementTree.Element("testsuites")
        root.append(suite)
        ElementTree.indent(root)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(f".{os.getpid()}.part")
        ElementTree.ElementTree(root).write(part, encoding="utf-8", xml_declaration=True)
        part.replace(self.file)


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
