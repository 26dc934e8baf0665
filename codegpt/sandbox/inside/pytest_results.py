"""A pytest plugin that keeps what happened; nothing is read off pytest's exit code or its text."""

import inspect
import sys
import types

import pytest
from remote import raised_by_program

NOT_SHARED = {"caplog": {"logging", "Logger"}, "recwarn": {"warnings", "warn"}}  # fixture: what a program has for it
PATCHERS = ("setattr", "delattr", "setitem", "delitem")


class Results:
    """What the tests did: how many passed, what failed first, what was skipped, what could not be run."""

    def __init__(self, session, module):
        self.session = session
        self.module = module  # the name that the tests give the program
        self.passed = self.assertions = 0
        self.skipped = []
        self.failure = None  # (kind, name, message) of the first test that failed
        self.broken = ""  # why tests could not be collected or set up

    def pytest_collection(self):
        """Looking at names begins."""
        self.session.running = False

    def pytest_collection_finish(self, session):
        """Running begins; what would patch the program finds it elsewhere."""
        self.session.running = True
        for item in session.items:
            if inspect.iscoroutinefunction(getattr(item, "obj", None)):
                self.session.not_supported = "%s is a coroutine: such tests are not run" % item.name
            for fixture in NOT_SHARED.keys() & set(getattr(item, "fixturenames", ())):
                if self.session.names & NOT_SHARED[fixture]:
                    self.session.not_supported = "%s: what the program logs or warns of is not seen here" % fixture
        if self.session.names & NOT_SHARED["recwarn"]:
            pytest.warns = pytest.deprecated_call = self._refuse_warnings
        for name in PATCHERS:
            patch = getattr(pytest.MonkeyPatch, name)
            setattr(pytest.MonkeyPatch, name, self._watched(patch, lambda _, target: target))
        mock = sys.modules.get("unittest.mock")
        if mock is not None:
            mock._patch.__enter__ = self._watched(mock._patch.__enter__, lambda patch: patch.getter())

    def _refuse_warnings(self, *_, **__):
        self.session.refuse("what the program warns of is not seen here")

    def _watched(self, patch, target_of):
        """`patch`, but refused for a module that the program may use too; the program's own refuses by itself."""

        def watched(*args, **kwargs):
            target = target_of(*args[:2])
            module = target.partition(".")[0] if isinstance(target, str) else getattr(target, "__name__", "")
            other = module != self.module.partition(".")[0]
            if (isinstance(target, (str, types.ModuleType)) and other) or target is sys.modules:
                self.session.refuse("the tests patch %s: the program runs elsewhere" % module)
            return patch(*args, **kwargs)

        return watched

    def pytest_assertion_pass(self):
        """Count an assertion that held."""
        self.assertions += 1

    def pytest_exception_interact(self, node, call, report):
        """An exception of the program is a failure wherever the tests met it."""
        if call.excinfo is not None and raised_by_program(call.excinfo.value):
            self._fail("candidate raised", call.excinfo.value)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        """Count, and keep the exception itself, before it becomes text."""
        report = yield
        error = call.excinfo.value if call.excinfo is not None else None
        if report.passed:
            self.passed += report.when == "call"
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "")
            self.skipped.append("%s: %s" % (item.name, reason))
        elif raised_by_program(error):
            self._fail("candidate raised", error)
        elif isinstance(error, AssertionError) or report.when == "call":
            self._fail("failed" if error is None or isinstance(error, AssertionError) else "raised", error, report)
        else:
            missing = getattr(error, "argname", None)  # of pytest's FixtureLookupError
            why = "fixture %r not found" % missing if missing else str(error).strip().partition("\n")[0]
            self.broken = self.broken or "%s of %s: %s" % (call.when, item.name, why)
        return report

    def _fail(self, kind, error, report=None):
        if self.failure is None:
            text = str(report.longrepr) if error is None else str(error)
            self.failure = (kind, "" if error is None else type(error).__name__, text[:200])

    def pytest_collectreport(self, report):
        """A file that cannot be imported is no failed test: its tests are not known."""
        if report.skipped:
            self.skipped.append(str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr))
        if report.failed and not self.broken:
            lines = [line for line in str(report.longrepr).splitlines() if line.startswith("E ")]
            self.broken = "collecting: " + (lines[-1][1:].strip() if lines else str(report.longrepr)[:150])

    def judge(self, not_run):
        """The members of the report; `not_run` says why pytest itself gave up."""
        if self.session.not_supported:
            verdict = "unavailable", "", self.session.not_supported
        elif self.failure is not None:
            verdict = self.failure
        elif not_run and self.session.interrupt is not None:
            verdict = "candidate raised", type(self.session.interrupt).__name__, str(self.session.interrupt)[:200]
        elif self.broken or not_run:
            verdict = "unavailable", "", (self.broken or not_run)[:200]
        elif not self.passed:
            verdict = "failed", "", "no test ran; skipped: %s" % "; ".join(self.skipped)[:150]
        else:
            skipped = ", skipped: %s" % "; ".join(self.skipped)[:150] if self.skipped else ""
            verdict = "passed", "", "%d tests%s" % (self.passed, skipped)
        return (*verdict, self.session.calls, max(self.assertions, self.passed))
