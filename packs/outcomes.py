"""The outcomes of a cell, for a pytest that reports them as its own: by what evidence says.

It reads as JSON what is asked, and prints for each name a word, and what there is to say.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from evidence import KNOWN_BREAK, NOT_APPLICABLE, Result

RUN = "run"  # what is wrong that no promise tells
# From the least to the worst, which is told of several cases of a promise.
GRAVITY = ("left-out", "passed", "known", "failed", "errored")
SHOWN = ("promise", "contract")


def main() -> None:
    asked = json.load(sys.stdin)
    about, cases = read(Path(asked["file"]))
    core = core_of(about)
    words = {name: word(case, asked["supported"]) for name, case in cases.items()}
    wrong = {name for name in words if GRAVITY.index(words[name]) >= GRAVITY.index("failed")}
    if asked["code"] and not wrong:
        how = f"the runner ended with {asked['code']}, and the evidence does not say why"
        cases[RUN] = Result("error", "unexplained", how, asked["said"])
        words[RUN] = "errored"
        wrong.add(RUN)
    told = {name: outcome(name, cases, words, core) for name in asked["names"]}
    of_none = wrong - {name for named in asked["names"] for name in cases_of(named, cases)}
    said = "\n".join(account(cases[name], core, name) for name in sorted(of_none, reverse=True))
    told[RUN] = {"word": "errored" if of_none else "passed", "said": said}
    sys.stdout.write(json.dumps(told))


def read(file: Path) -> tuple[dict[str, str], dict[str, Result]]:
    """What evidence says of its cell, and each case by its name; nothing, if it is not there."""
    try:
        suite = next(ElementTree.parse(file).iter("testsuite"))  # noqa: S314 - its runner wrote it
    except (OSError, ElementTree.ParseError, StopIteration):
        return {}, {}
    return properties(suite), {one.get("name", ""): case(one) for one in suite.iter("testcase")}


def case(element: ElementTree.Element) -> Result:
    found = next((child for child in element if child.tag != "properties"), None)
    if found is None:
        return Result(properties=properties(element))
    kind, message, text = found.get("type", ""), found.get("message", ""), found.text or ""
    return Result(found.tag, kind, message, text, properties=properties(element))


def properties(element: ElementTree.Element) -> dict[str, str]:
    rows = element.iterfind("properties/property")
    return {row.get("name", ""): row.get("value", "") for row in rows}


def core_of(about: Mapping[str, str]) -> str:
    """The Core that a cell tested; empty if it refused what there was."""
    if "digest" not in about:
        return ""
    return f"Core {about['version']} from {about['source']}, sha256:{about['digest'][:12]}"


def word(case: Result, supported: bool) -> str:
    """What a case is to pytest."""
    if case.tag is None:
        return "passed"
    if case.tag == "skipped":
        return {NOT_APPLICABLE: "left-out", KNOWN_BREAK: "known"}.get(case.type, "errored")
    if case.tag == "failure":
        return "failed" if supported else "known"
    return "errored"


def cases_of(name: str, cases: Iterable[str]) -> list[str]:
    """The cases that a promise has, or else the one of its whole file."""
    own = [case for case in cases if case.partition("[")[0] == name]
    return own or [case for case in cases if case == name.partition("::")[0]]


def outcome(
    name: str, cases: Mapping[str, Result], words: Mapping[str, str], core: str
) -> dict[str, Any]:
    """What pytest reports of a promise."""
    own = cases_of(name, cases)
    if not own:
        why = f": {cases[RUN].message}" if RUN in cases else ""
        return {"word": "errored", "said": f"no verdict{why}"}
    worst = max(own, key=lambda one: GRAVITY.index(words[one]))
    found, said = cases[worst], cases[worst].properties
    told = account(found, core, worst if worst != name else "")
    if found.type == NOT_APPLICABLE:
        told = f"not applicable: {core} is not {found.message}"
    elif found.type == KNOWN_BREAK:
        told = f"{said['reason']} ({said['link']}, until {said['expires']})"
    elif words[worst] == "known":
        told = f"the pack does not support {core}"
    return {"word": words[worst], "said": told} | {key: said.get(key, "") for key in SHOWN}


def account(case: Result, core: str, name: str) -> str:
    """What is wrong: the promise, whatever else names it, the Core, and what broke it."""
    where = "" if name == RUN else name
    told = (case.properties.get("promise", ""), where, case.message, core, case.text)
    return "\n".join(filter(None, told))


if __name__ == "__main__":
    main()
