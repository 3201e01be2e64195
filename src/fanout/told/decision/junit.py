"""The answer as JUnit XML, for what shows tests: one suite a pack, one case a promise.

The consumers themselves are a suite as well.

Format: `testsuites`, `testsuite`, `testcase` with `failure`, `error` or `skipped`, as CI systems
read it. Only a promise that holds the release is a failure, and only one that is not known is
an error.
"""

from __future__ import annotations

from collections.abc import Set
from xml.etree import ElementTree

from fanout.gate.decision import Decision
from fanout.model import Answer, CellVerdict, PromiseVerdict, Verdict
from fanout.told.decision.account import SAME_CONTENT, environments
from fanout.told.decision.affected import doubts, facts, rows

GREEN = (Verdict.PASSING, Verdict.FIXED, Verdict.NEW)


def junit(decision: Decision) -> str:
    """The decision as one XML document; an answer that is not release never reads as green."""
    same = f". {SAME_CONTENT}" if decision.same_content else ""
    root = ElementTree.Element("testsuites", name=f"fanout: {decision.answer}{same}")
    for cell in decision.cells:
        add_suite(root, cell, decision.holds)
    if decision.consumers:
        add_consumers(root, decision)
    if (
        decision.answer is not Answer.RELEASE
        and root.find(".//failure") is None
        and root.find(".//error") is None
    ):
        suite = ElementTree.SubElement(root, "testsuite", name="fanout")
        case = ElementTree.SubElement(suite, "testcase", classname="fanout", name="gate")
        ElementTree.SubElement(case, "error", message="no pack has judged this Core")
        count(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def add_suite(root: ElementTree.Element, cell: CellVerdict, holds: Set[Verdict]) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=cell.cell)
    said = ElementTree.SubElement(suite, "properties")
    facts = {"verdict": str(cell.verdict), "baseline": cell.baseline, "owner": cell.owner}
    facts |= {"environment": told} if (told := environments(cell)) else {}
    for name, value in facts.items():
        ElementTree.SubElement(said, "property", name=name, value=value)
    for promise in cell.promises:
        add_case(suite, cell, promise, holds)
    if not cell.promises:
        case = ElementTree.SubElement(suite, "testcase", classname=cell.cell, name="pack")
        ElementTree.SubElement(case, "error", message=cell.reason or "no promise in it")
    count(suite)


def add_consumers(root: ElementTree.Element, decision: Decision) -> None:
    """One suite of all consumers themselves, with or without a pack; each has its row."""
    suite = ElementTree.SubElement(root, "testsuite", name="consumers")
    (_, *heads), *found = rows(decision)
    for one, (_, *cells) in zip(decision.consumers, found, strict=True):
        case = ElementTree.SubElement(suite, "testcase", classname="consumers", name=one.shown)
        said = ElementTree.SubElement(case, "properties")
        for head, cell in zip(heads, cells, strict=True):
            ElementTree.SubElement(said, "property", name=head, value=cell)
        if one.holds:
            failure = ElementTree.SubElement(case, "failure", message=f"{one.shown} breaks")
            failure.text = "\n".join(facts(one))
        elif unknown := doubts(decision, one):
            ElementTree.SubElement(case, "skipped", message="; ".join(unknown.values()))
    count(suite)


def add_case(
    suite: ElementTree.Element, cell: CellVerdict, promise: PromiseVerdict, holds: Set[Verdict]
) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=cell.cell, name=promise.name)
    if promise.verdict in GREEN:
        return
    tag = "skipped"
    if promise.verdict in holds:
        tag = "failure"
    elif promise.verdict in (Verdict.UNKNOWN, Verdict.BROKEN):
        tag = "error"
    side = promise.candidate if promise.candidate.message else promise.baseline
    told = f"{promise.verdict}: {promise.says or promise.name}"
    found = ElementTree.SubElement(case, tag, type=str(promise.verdict), message=told)
    if tag != "skipped":
        found.text = f"{side.text or side.message}\n\n$ {cell.command}"


def count(suite: ElementTree.Element) -> None:
    """State how many cases there are and how they ended, as readers of the format expect."""
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
