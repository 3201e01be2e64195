"""One run of a pack: the guard before it, and each result into the journal.

Only the standard library, pytest and its own dependency packaging are used here and in the
modules beside it, because Core decides what else is installed.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Generator, Sequence, Set
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from background import Background
from blame import blames_core, broken_harness, forget_failure, forget_half_imported
from canary import canary, run_unreported
from deprecations import Deprecations
from evidence import KNOWN_BREAK, NOT_APPLICABLE, UNFINISHED, Result
from form import read_form
from guard import check_unchanged, guard
from journal import Reader, Writer
from outside import Outside
from pack import HarnessError, holds, pack_digest, read_pack
from promise import contract, returns_nothing
from raised import honestly, said, type_name, unshown

KNOWN_BREAK_KEPT = "known-break-kept"
RETURNS = "a promise returns nothing: `assert` what is to hold"


class Cell:
    """One run of a pack: the guard first, then each promise's result as it comes."""

    def __init__(self, config: pytest.Config, outside: Outside) -> None:
        self.name: str = config.getoption("--cell")
        self.root = config.rootpath
        self.folder = Path(__file__).parent / self.name.partition("-core_")[0]
        self.results: dict[str, Result] = {}
        self.inside_a_test = False
        self.running = ""
        self.today = datetime.now(UTC).date()
        self.code = 0
        file = Path(config.getoption("--journal"))
        told = Reader(file).read().results
        self.judged = {name for name, result in told.items() if result.type != UNFINISHED}
        self.journal = Writer(file)
        try:
            self.pack = read_pack(self.folder / "pack.toml")
            self.core = guard(config.getoption("--core"), self.name)
            content = pack_digest(self.folder)
        except HarnessError as error:
            self.journal.tell(refused=str(error))
            raise pytest.UsageError(str(error)) from error
        self.deprecations = Deprecations(lambda: self.running)
        self.background = Background(lambda: self.running)
        self.outside = outside
        self.outside.running = lambda: self.running
        self.outside.own.add(str(self.journal.file))
        self.supported = holds(self.pack.supports, self.core.version)
        pack = {key: str(value) for key, value in vars(self.pack).items() if key != "known_breaks"}
        found = {f"{d.metadata['Name']}=={d.version}" for d in metadata.distributions()}
        shared = {"pack-digest": content, "distributions": " ".join(sorted(found))}
        self.about = pack | vars(self.core) | shared
        self.journal.tell(about=self.about, supported=self.supported)

    def name_of(self, nodeid: str) -> str:
        """A promise's name inside its pack: `test_file.py::test_name`."""
        path, *rest = nodeid.split("::")
        file = self.root / path
        inside = file.relative_to(self.folder) if file.is_relative_to(self.folder) else Path(path)
        return "::".join((inside.as_posix(), *rest))

    def run_now(self, name: str) -> None:
        self.running = name
        self.journal.tell(running=name)

    def pytest_sessionstart(self) -> None:
        self.background.listen_to_python()

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        if isinstance(collector, pytest.File):
            self.run_now(self.name_of(collector.nodeid))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        form = read_form(self.folder)
        for item in items.copy():
            name = self.name_of(item.nodeid)
            result = self.results[name] = Result("error", UNFINISHED, "the promise did not run")
            if type(item) is pytest.Function:
                item.obj = returns_nothing(item.obj, partial(self.background.refuse, name, RETURNS))
            try:
                result.properties = contract(item)
                if complaint := form.complaint(name):
                    raise HarnessError(complaint)
                core_range = result.properties["core"]
                if not holds(core_range, self.core.version):
                    reason = f"not applicable: Core {core_range}"
                    item.add_marker(pytest.mark.skip(reason=reason))
                    result.tag, result.type, result.message = "skipped", NOT_APPLICABLE, core_range
            except HarnessError as error:
                result.type, result.message = "malformed", str(error)
                items.remove(item)
        stated = {name.partition("[")[0] for name in self.results}
        for name, type_, message in form.unstated(self.folder, stated):
            self.results[name] = Result("error", type_, message)
        self.check_known_breaks(stated)
        # Of a run that was ended, another one takes up what is left.
        items[:] = [item for item in items if self.name_of(item.nodeid) not in self.judged]
        told = {name: self.results[name] for name in self.results.keys() - self.judged}
        self.run_now("")
        self.journal.results({name: self.results[name] for name in self.results if name in told})

    def check_known_breaks(self, stated: Set[str]) -> None:
        """One that is of no promise, or has expired, is an error."""
        for known in self.pack.known_breaks:
            if known.test is None:
                continue
            entry = f"pack.toml: known break of {known.test}"
            # A case of a promise may exist on some Cores alone.
            if known.test not in self.results and known.test.partition("[")[0] not in stated:
                self.results[entry] = Result("error", "unmatched", "there is no such promise")
            elif known.expires < self.today:
                self.results[entry] = Result("error", "expired", f"expired on {known.expires}")

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            name = self.name_of(item.nodeid)
            result = self.results[name]
            result.tag, result.type, result.message = "error", "deselected", "was deselected"
            self.journal.results({name: result})

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        try:
            return (yield)
        except pytest.exit.Exception:
            raise
        except Exception as error:
            # It is of Core's code that pytest stumbles over while it shows what Core has raised.
            self.stopped(collector, error, unshown(error))
            return pytest.CollectReport(collector.nodeid, "failed", unshown(error), None)

    def pytest_exception_interact(
        self,
        node: pytest.Item | pytest.Collector,
        call: pytest.CallInfo[object],
        report: pytest.CollectReport | pytest.TestReport,
    ) -> None:
        if isinstance(node, pytest.Collector) and call.excinfo:
            error = call.excinfo.value
            if type(error) is node.CollectError and error.__cause__ is not None:
                error = error.__cause__
            self.stopped(node, error, report.longreprtext)

    def stopped(self, node: pytest.Collector, error: BaseException, text: str) -> None:
        """A file that cannot be imported breaks every promise in it, which then has no name."""
        tag = "error" if broken_harness(error) else "failure"
        message = f"the file cannot be imported: {said(error)}"
        name = self.name_of(node.nodeid)
        self.results[name] = Result(tag, "collection", message, text)
        self.journal.results({name: self.results[name]})

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.run_now(self.name_of(nodeid))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        name = self.name_of(nodeid)
        if self.results[name].tag in ("failure", "error") or self.results[name].type == KNOWN_BREAK:
            forget_failure()
        self.look_behind()
        self.deprecations.note(name, self.results[name].properties)
        self.journal.results({name: self.results[name]})
        self.run_now("")

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        # Whatever shows it would run what Core has made of it.
        warning: Any = warning_message.message
        text = f"{type_name(warning)}: {said(warning)}"
        warning_message.message, warning_message.category = Warning(text), Warning

    def look_behind(self, *, ended: bool = False) -> None:
        """What only looks kept is the pack's error."""
        for promise, reason in self.background.take(ended=ended).items():
            name = promise if promise in self.results else "run"
            result = self.results.setdefault(name, Result())
            if result.tag is None or result.type == KNOWN_BREAK_KEPT:
                result.tag, result.type, result.message = "error", "cannot-judge", reason
                self.journal.results({name: result})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        forget_half_imported()
        return (yield from honestly())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        self.inside_a_test = True
        try:
            return (yield from honestly())
        finally:
            self.inside_a_test = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        return (yield from honestly())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        # CPython before 3.11.8 can lose count of its own recursion, and so end the whole run, if
        # it collects garbage while pytest parses a failing test (python/cpython#106905).
        gc.disable()
        try:
            report = yield
            # Known only now: unittest puts it there late.
            error = call.excinfo.value if call.excinfo else None
        except BaseException:
            if call.excinfo is None:
                raise
            error = call.excinfo.value
            call.excinfo = None
            report = pytest.TestReport.from_item_and_call(item, call)
            report.outcome, report.longrepr = "failed", unshown(error)
        finally:
            gc.enable()
        name = self.name_of(item.nodeid)
        result = self.results[name]
        result.seconds += call.duration
        if self.inside_a_test and error is None:
            return report  # of a subtest that holds, which says nothing of the rest
        # What one phase, or a part of a test, has said is not taken back by a later one.
        if result.type == UNFINISHED or result.tag is None:
            self.judge(name, result, report, error)
        elif error and report.when == "teardown" and result.tag == "skipped":
            if result.type == KNOWN_BREAK and not broken_harness(error):
                report.outcome, report.wasxfail = "skipped", result.properties["reason"]
            else:
                result.tag, result.type, result.message = "error", "teardown", said(error)
        return report

    def judge(
        self, name: str, result: Result, report: pytest.TestReport, error: BaseException | None
    ) -> None:
        """Turn what pytest reports of one phase into the promise's result, and back."""
        about = (name, self.core.version, self.today)
        known = next((entry for entry in self.pack.known_breaks if entry.excuses(*about)), None)
        if error is None:
            if not report.passed:
                result.tag, result.type = "error", "unexplained"
                result.message = "pytest does not call it passed, and says no more"
            elif report.when == "call":
                result.tag, result.type, result.message = None, "", ""
            elif report.when == "teardown" and known and result.tag is None:
                result.tag, result.type = "error", KNOWN_BREAK_KEPT
                result.message = "is listed as a known break, but holds: remove the entry"
                report.outcome, report.longrepr = "failed", f"{name} {result.message}"
            return
        result.message = said(error)
        result.text = report.longreprtext
        if report.skipped and not blames_core(error):
            result.tag, result.type = "error", "skipped"
            result.message = f"a promise may not skip ({result.message}); use core= or known_breaks"
            report.outcome, report.longrepr = "failed", result.message
            report.__dict__.pop("wasxfail", None)
        elif broken_harness(error):
            result.tag, result.type = "error", type_name(error)
        elif known:
            result.tag, result.type = "skipped", KNOWN_BREAK
            result.properties |= {"reason": known.reason, "link": known.link}
            result.properties["expires"] = known.expires.isoformat()
            report.outcome, report.wasxfail = "skipped", known.reason
        else:
            result.tag, result.type = "failure", type_name(error)
            report.outcome = "failed"
            if not self.supported:
                report.outcome = "skipped"
                report.wasxfail = f"{self.pack.consumer} does not support Core {self.core.version}"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        gc.freeze()  # after each broken promise only what promises have made is looked through
        done = yield
        if not self.notices_a_break(session):
            blind = "in the end a broken promise was not noticed: Core has changed how tests run"
            self.journal.results({"run": Result("error", "guard", blind)})
        return done

    def notices_a_break(self, session: pytest.Session) -> bool:
        """Whether a promise that is broken, run as the others are, is judged to be broken."""
        item = canary(session)
        name = self.name_of(item.nodeid)
        self.results[name] = Result("error", UNFINISHED)
        run_unreported(item)
        return self.results.pop(name).tag == "failure"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.code = int(session.exitstatus)
        if session.config.getoption("--brief"):
            session.config.option.tbstyle = "no"  # now that the evidence has every text
        self.look_behind(ended=True)
        self.journal.tell(**self.outside.told())
        try:
            check_unchanged(self.core)
        except HarnessError as error:
            self.journal.results({"run": Result("error", "guard", str(error))})

    def pytest_unconfigure(self) -> None:
        self.journal.tell(code=self.code)
