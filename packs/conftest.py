"""How every pack runs: the guard before it, the evidence after it.

Only the standard library, pytest and its own dependency packaging are used here and in the
modules beside it, because Core decides what else is installed.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from packaging.specifiers import InvalidSpecifier

from blame import broken_harness, forget_half_imported, out_of_core
from evidence import Evidence, Result
from guard import guard, without_secrets
from pack import HarnessError, holds, pack_digest, read_pack

NOT_APPLICABLE = "not-applicable"
KNOWN_BREAK = "known-break"
WAYS_OUT = ("skip", "skipif", "xfail")
OWN_EXIT_CODES = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("contract packs")
    group.addoption("--cell", metavar="NAME", help="the cell to run, such as store-core_v110")
    group.addoption("--core", metavar="REQUIREMENT", default="", help="the Core it asks for")
    group.addoption("--evidence", metavar="FOLDER", default="evidence", help="for <cell>.xml")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "contract(*symbols, core=''): the names in market_data_core that a promise pins, and the"
        " range of Core versions in which they exist",
    )
    if config.getoption("--cell"):
        # One broken file must not hide what the other files say.
        config.option.continue_on_collection_errors = True
        config.pluginmanager.register(Cell(config), "cell")


def contract(item: pytest.Item) -> dict[str, str]:
    """What a promise says of itself; raises HarnessError unless it says all that it must."""
    promise = inspect.cleandoc(getattr(item, "function", item).__doc__ or "")
    marker = item.get_closest_marker("contract")
    if not promise or marker is None:
        raise HarnessError("a promise needs a docstring and a contract marker")
    core_range = marker.kwargs.get("core", "")
    texts = all(isinstance(text, str) and text for text in marker.args)
    if not (
        marker.args
        and texts
        and isinstance(core_range, str)
        and not marker.kwargs.keys() - {"core"}
    ):
        raise HarnessError(
            'the marker must read contract("a.Name", …) or contract("a.Name", core=">=1.2")'
        )
    if any(item.get_closest_marker(name) for name in WAYS_OUT):
        raise HarnessError("a promise may not skip; use core= or known_breaks")
    try:
        holds(core_range, "1")
    except InvalidSpecifier as error:
        raise HarnessError(f"core={core_range!r} is not a PEP 440 range") from error
    return {"promise": promise, "contract": " ".join(marker.args), "core": core_range}


class Cell:
    """One run of a pack: the guard first, then each promise's result, the evidence at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self.name: str = config.getoption("--cell")
        self.root = config.rootpath
        self.folder = Path(__file__).parent / self.name.partition("-core_")[0]
        self.results: dict[str, Result] = {}
        self.inside_a_test = False
        self.evidence = Evidence(
            Path(config.getoption("--evidence"), f"{self.name}.xml"),
            {"cell": self.name, "asked": without_secrets(config.getoption("--core"))},
        )
        self.today = self.evidence.started.date()
        self.evidence.write([("run", Result("error", "unfinished", "the run did not finish"))])
        try:
            self.pack = read_pack(self.folder / "pack.toml")
            self.core = guard(config.getoption("--core"), self.name)
            content = pack_digest(self.folder)
        except HarnessError as error:
            self.evidence.write([("run", Result("error", "guard", str(error)))])
            raise pytest.UsageError(str(error)) from error
        self.evidence.properties |= {
            **{key: str(value) for key, value in vars(self.pack).items() if key != "known_breaks"},
            **vars(self.core),
            "pack-digest": content,
        }
        self.supported = holds(self.pack.supports, self.core.version)

    def name_of(self, nodeid: str) -> str:
        """A promise's name inside its pack: `test_file.py::test_name`."""
        path, *rest = nodeid.split("::")
        file = self.root / path
        inside = file.relative_to(self.folder) if file.is_relative_to(self.folder) else Path(path)
        return "::".join((inside.as_posix(), *rest))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items.copy():
            result = Result("error", "unfinished", "the promise did not run")
            self.results[self.name_of(item.nodeid)] = result
            try:
                result.properties = contract(item)
                core_range = result.properties["core"]
                if not holds(core_range, self.core.version):
                    reason = f"not applicable: Core {core_range}"
                    item.add_marker(pytest.mark.skip(reason=reason))
                    result.tag, result.type, result.message = "skipped", NOT_APPLICABLE, core_range
            except HarnessError as error:
                result.type, result.message = "malformed", str(error)
                items.remove(item)
        self.check_pack()

    def check_pack(self) -> None:
        """Files that gave no promise, and known breaks that match none or expired, are errors."""
        seen = {name.partition("::")[0] for name in self.results}
        files = (path.relative_to(self.folder) for path in self.folder.rglob("test_*.py"))
        for name in sorted({file.as_posix() for file in files} - seen):
            self.results[name] = Result("error", "not-collected", "the file gave no promise")
        for known in self.pack.known_breaks:
            entry = f"pack.toml: known break of {known.test}"
            if known.test not in self.results:
                self.results[entry] = Result("error", "unmatched", "there is no such promise")
            elif known.expires < self.today:
                self.results[entry] = Result("error", "expired", f"expired on {known.expires}")

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            result = self.results[self.name_of(item.nodeid)]
            result.tag, result.type, result.message = "error", "deselected", "was deselected"

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object]
    ) -> None:
        """A file that cannot be imported breaks every promise in it, which then has no name."""
        if isinstance(node, pytest.Collector) and call.excinfo:
            error = call.excinfo.value.__cause__ or call.excinfo.value
            tag = "failure" if out_of_core(error) else "error"
            text = str(node.repr_failure(call.excinfo))
            message = f"the file cannot be imported: {error}"
            self.results[self.name_of(node.nodeid)] = Result(tag, "collection", message, text)

    def pytest_runtest_setup(self) -> None:
        forget_half_imported()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        self.inside_a_test = True
        try:
            return (yield)
        finally:
            self.inside_a_test = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        # CPython before 3.11.8 can lose count of its own recursion, and so end the whole run, if
        # it collects garbage while pytest parses a failing test (python/cpython#106905).
        gc.disable()
        try:
            report = yield
        finally:
            gc.enable()
        name = self.name_of(item.nodeid)
        result = self.results[name]
        result.seconds += call.duration
        error = call.excinfo.value if call.excinfo else None
        if self.inside_a_test and error is None:
            return report  # of a subtest that holds, which says nothing of the rest
        # What one phase, or a part of a test, has said is not taken back by a later one.
        if result.type == "unfinished" or result.tag is None:
            self.judge(name, result, report, error)
        elif error and report.when == "teardown" and result.tag == "skipped":
            result.tag, result.type, result.message = "error", "teardown", str(error)
        return report

    def judge(
        self, name: str, result: Result, report: pytest.TestReport, error: BaseException | None
    ) -> None:
        """Turn what pytest reports of one phase into the promise's result, and back."""
        about = (name, self.core.version, self.today)
        known = next((entry for entry in self.pack.known_breaks if entry.excuses(*about)), None)
        if error is None:
            if report.when == "call":
                result.tag, result.type, result.message = None, "", ""
                if known:
                    result.tag, result.type = "error", "known-break-kept"
                    result.message = "is listed as a known break, but holds: remove the entry"
                    report.outcome, report.longrepr = "failed", f"{name} {result.message}"
            return
        result.message = str(error).partition("\n")[0] or type(error).__name__
        result.text = report.longreprtext
        if report.skipped:
            result.tag, result.type = "error", "skipped"
            result.message = f"a promise may not skip ({result.message}); use core= or known_breaks"
            report.outcome, report.longrepr = "failed", result.message
            report.__dict__.pop("wasxfail", None)
        elif broken_harness(error):
            result.tag, result.type = "error", type(error).__name__
        elif known:
            result.tag, result.type = "skipped", KNOWN_BREAK
            result.properties |= {"reason": known.reason, "link": known.link}
            result.properties["expires"] = known.expires.isoformat()
            report.outcome, report.wasxfail = "skipped", known.reason
        else:
            result.tag, result.type = "failure", type(error).__name__
            if not self.supported:
                report.outcome = "skipped"
                report.wasxfail = f"{self.pack.consumer} does not support Core {self.core.version}"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        results = list(self.results.items())
        judged = [result for _, result in results if result.type != NOT_APPLICABLE]
        if not judged:
            results.append(("run", Result("error", "no-promises", "no promise was judged")))
        tags = {result.tag for _, result in results}
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED and not tags & {"failure", "error"}:
            tags.add("error")
            result = Result("error", "unexplained", "pytest failed, and no promise says why")
            results.append(("run", result))
        self.evidence.write(results)
        # The exit code is what the evidence says, unless pytest itself was stopped.
        if session.exitstatus in OWN_EXIT_CODES:
            session.exitstatus = int("error" in tags or ("failure" in tags and self.supported))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name, result in self.results.items():
            if result.tag in ("failure", "error") and result.type != "deselected":
                said = result.properties.get("promise") or result.message
                word = "broken promise" if result.tag == "failure" else "errored"
                terminalreporter.write_line(f"{word}: {said} ({name})")
        if deselected := [r for r in self.results.values() if r.type == "deselected"]:
            said = (
                f"errored: {len(deselected)} promises were deselected: the evidence has no verdict"
            )
            terminalreporter.write_line(said)
        core = self.core
        said = f"{self.name}: Core {core.version} from {core.source}, sha256:{core.digest[:12]}"
        terminalreporter.write_line(said)
