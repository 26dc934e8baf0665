"""The verdict: a pure function of what was seen outside the jail. Absence of failure is never a pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from codegpt.sandbox.codec import Value
from codegpt.sandbox.outcome import End, Outcome, Raised, Reply, Returned, Unencodable


class Verdict(StrEnum):
    """What is said of a program."""

    PASSED = "passed"
    WRONG_ANSWER = "wrong answer"
    EXCEPTION = "exception"
    EXITED_EARLY = "exited early"
    SYNTAX_ERROR = "syntax error"
    UNAVAILABLE = "unavailable"  # it needs what the jail does not have: no judgement of the program
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT_LIMIT = "output limit"
    VIOLATION = "violation"
    INFRASTRUCTURE_ERROR = "infrastructure error"  # ours: no judgement of the program


@dataclass(frozen=True)
class Judgement:
    """A verdict and, in a few words, what it stands on."""

    verdict: Verdict
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Whether the program did all that was asked."""
        return self.verdict is Verdict.PASSED


@dataclass(frozen=True)
class Raises:
    """An expected exception, by the name of its class or of a builtin ancestor."""

    name: str


_ENDS = {
    End.CPU_TIME: (Verdict.TIMEOUT, "CPU time"),
    End.WALL_TIME: (Verdict.TIMEOUT, "wall time"),
    End.OUTPUT: (Verdict.OUTPUT_LIMIT, ""),
    End.VIOLATION: (Verdict.VIOLATION, ""),
    End.INFRASTRUCTURE: (Verdict.INFRASTRUCTURE_ERROR, ""),
    End.EXITED: (Verdict.EXITED_EARLY, ""),
}
_SYNTAX = {"SyntaxError", "IndentationError", "TabError"}
_OUT_OF_MEMORY = b"heap out of memory"
_NODE_ABORTS = {128 + 5, 128 + 6}  # SIGTRAP, SIGABRT


def judge_calls(outcome: Outcome, expected: Sequence[Value | Raises], tolerance: float = 0.0) -> Judgement:
    """Compare the replies with `expected`, one a call; floats within `tolerance`, relative and absolute."""
    for number, (reply, wanted) in enumerate(zip(outcome.replies, expected, strict=False), start=1):
        judgement = _judge_reply(reply, wanted, tolerance)
        if judgement is not None:
            return Judgement(judgement.verdict, f"call {number}: {judgement.detail}")
    ended = judge_end(outcome)
    if ended is not None:
        return ended
    if not expected or len(outcome.replies) != len(expected):
        return Judgement(Verdict.INFRASTRUCTURE_ERROR, f"{len(outcome.replies)} of {len(expected)} calls answered")
    return Judgement(Verdict.PASSED, f"{len(expected)} of {len(expected)} calls")


def judge_script(outcome: Outcome, expected_stdout: bytes) -> Judgement:
    """Compare standard output, byte by byte but for white space at the end of lines and of the text."""
    ended = judge_end(outcome)
    if ended is not None:
        return ended
    if outcome.exit_code != 0:
        return Judgement(Verdict.EXITED_EARLY, f"exit code {outcome.exit_code}")
    if _lines(outcome.stdout) != _lines(expected_stdout):
        return Judgement(Verdict.WRONG_ANSWER, "standard output differs")
    return Judgement(Verdict.PASSED, "standard output is as expected")


def judge_tests(outcome: Outcome) -> Judgement:
    """What the checker reported; a pass needs a report, at least one assertion and one call of the program."""
    ended = judge_end(outcome)
    if ended is not None:
        return ended
    report = outcome.report
    if report is None:
        return Judgement(Verdict.INFRASTRUCTURE_ERROR, "no report")
    if report.outcome == "candidate raised":
        return judge_raised(Raised(report.name, (), report.message))
    if report.outcome == "unavailable":
        return Judgement(Verdict.UNAVAILABLE, report.message)
    if report.outcome != "passed":
        return Judgement(Verdict.WRONG_ANSWER, f"{report.name}: {report.message}".strip(": "))
    if report.calls < 1 or report.assertions < 1:
        return Judgement(Verdict.WRONG_ANSWER, "the tests never asked the program anything")
    return Judgement(Verdict.PASSED, f"{report.assertions} assertions, {report.calls} calls")


def judge_end(outcome: Outcome) -> Judgement | None:
    """The verdict of a run that did not come to its end; None if it did."""
    if outcome.end is End.EXITED and outcome.exit_code in _NODE_ABORTS and _OUT_OF_MEMORY in outcome.stderr:
        return Judgement(Verdict.MEMORY, "node's heap is full")
    if outcome.end in _ENDS:
        verdict, detail = _ENDS[outcome.end]
        return Judgement(verdict, outcome.detail or detail)
    if outcome.raised is not None:
        return judge_raised(outcome.raised, loading=outcome.end is End.NOT_LOADED)
    return None


def _judge_reply(reply: Reply, wanted: Value | Raises, tolerance: float) -> Judgement | None:
    result = reply.result
    if isinstance(result, Raised):
        if isinstance(wanted, Raises) and wanted.name in (result.name, *result.bases):
            return None
        return judge_raised(result)
    if isinstance(wanted, Raises):
        return Judgement(Verdict.WRONG_ANSWER, f"no {wanted.name}")
    if isinstance(result, Unencodable):
        return Judgement(Verdict.WRONG_ANSWER, f"a {result.type_name}, which is not plain data")
    if not same(result.value, wanted, tolerance):
        return Judgement(Verdict.WRONG_ANSWER, _short(result))
    return None


def judge_raised(raised: Raised, loading: bool = False) -> Judgement:
    """The verdict of an exception that nobody expected; a syntax error is one only while the program is loaded."""
    detail = f"{raised.name}: {raised.message}" if raised.message else raised.name
    if loading and raised.name in _SYNTAX:
        return Judgement(Verdict.SYNTAX_ERROR, detail)
    if raised.name == "ModuleNotFoundError":
        return Judgement(Verdict.UNAVAILABLE, detail)
    if raised.name == "MemoryError":
        return Judgement(Verdict.MEMORY, detail)
    if raised.name == "SystemExit":
        return Judgement(Verdict.EXITED_EARLY, detail)
    return Judgement(Verdict.EXCEPTION, detail)


def same(value: Value, wanted: Value, tolerance: float = 0.0) -> bool:
    """Python's `==` between plain data; NaN equals NaN, and where a float is wanted a number may differ by `tolerance`.

    Sets and the keys of dicts are compared exactly.
    """
    if value == wanted:  # of exact builtin types, so this is nobody's own `__eq__`
        return True
    if isinstance(value, int | float) and isinstance(wanted, float):
        return _close(value, wanted, tolerance)
    if isinstance(value, list | tuple) and isinstance(wanted, list | tuple):
        return (
            type(value) is type(wanted)
            and len(value) == len(wanted)
            and all(map(same, value, wanted, [tolerance] * len(value)))
        )
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(same(value[key], wanted[key], tolerance) for key in wanted)
    return False


def _close(value: float, wanted: float, tolerance: float) -> bool:
    if value != value or wanted != wanted:
        return value != value and wanted != wanted
    try:
        return tolerance > 0 and math.isclose(value, wanted, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an integer that no float can hold
        return False


def _lines(text: bytes) -> list[bytes]:
    return [line.rstrip() for line in text.rstrip().split(b"\n")]


def _short(result: Returned) -> str:
    try:
        text = repr(result.value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
