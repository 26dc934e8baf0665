"""How an answer is judged: which jobs it is run by, and what their outcomes amount to. Data and pure functions.

A check knows nothing of the answer but its text, and the answer's process never sees what is expected (see `sandbox`).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Protocol

from codegpt.cases import TOLERANCE, Case, same_output
from codegpt.sandbox.codec import Value, encode
from codegpt.sandbox.outcome import End, Outcome, Returned
from codegpt.sandbox.program import MIB, Call, Calls, Job, Limits, Program, Stdin, Tests
from codegpt.sandbox.verdict import Judgement, Verdict, judge_calls, judge_end, judge_tests

LARGEST_VALUE = 32 * MIB


class Check(Protocol):
    """What a program has to do."""

    def jobs(self, program: str, limits: Limits) -> Iterator[Job]:
        """What the program is run by, one job after the other until one fails."""
        ...

    def judge(self, number: int, outcome: Outcome) -> Judgement:
        """What the outcome of job `number` amounts to."""
        ...

    @property
    def digest(self) -> str:
        """Names the check: two checks with one digest give one verdict."""
        ...


@dataclass(frozen=True)
class TestsCheck:
    """Tests in a jail of their own: `check(candidate)`, plain asserts, or counted assertions in JavaScript."""

    language: str
    tests: str
    entry: str
    names: tuple[str, ...] = ()
    setup: str = ""
    __test__ = False  # pytest: not a test class

    def jobs(self, program: str, limits: Limits) -> Iterator[Job]:
        """One job."""
        yield Job(Program(program, self.language), Tests(self.tests, self.entry, self.names, self.setup), limits)

    def judge(self, number: int, outcome: Outcome) -> Judgement:
        """A pass needs an assertion that held and a call of the program."""
        return judge_tests(outcome)

    @cached_property
    def digest(self) -> str:
        """Of the tests."""
        return _digest(asdict(self))


@dataclass(frozen=True)
class CallsCheck:
    """Calls whose values must be those that the canonical solution gives.

    Attributes:
        reference: the canonical program, which is asked the calls `expects`.
        appended, reference_appended: code added to the program and to the reference, which defines what is called.
        expected: the values; empty until they have been asked for.
    """

    language: str
    reference: str
    calls: tuple[Call, ...]
    expects: tuple[Call, ...]
    appended: str = ""
    reference_appended: str = ""
    expected: tuple[Value, ...] = ()

    def jobs(self, program: str, limits: Limits) -> Iterator[Job]:
        """One job: all calls, in one process."""
        yield Job(Program(program + self.appended, self.language), Calls(self.calls), _for_values(limits))

    def judge(self, number: int, outcome: Outcome) -> Judgement:
        """Compare the values, outside the jail."""
        return judge_calls(outcome, self.expected, TOLERANCE)

    def ask(self, limits: Limits) -> Job:
        """The job whose outcome tells what is expected."""
        return Job(
            Program(self.reference + self.reference_appended, self.language), Calls(self.expects), _for_values(limits)
        )

    def told(self, outcome: Outcome) -> "CallsCheck | None":
        """The check with the expected values; None where the reference did not give them all."""
        values = tuple(reply.result.value for reply in outcome.replies if isinstance(reply.result, Returned))
        if outcome.end is not End.COMPLETE or len(values) != len(self.calls):
            return None
        return replace(self, expected=values)

    @cached_property
    def digest(self) -> str:
        """Of the calls and the reference."""
        asked = [[call.function, [encode(arg) for arg in call.args]] for call in (*self.calls, *self.expects)]
        return _digest([self.language, self.reference, self.appended, self.reference_appended, asked])


def _for_values(limits: Limits) -> Limits:
    """Benchmarks ask for a few values of megabytes."""
    return replace(limits, reply_bytes=LARGEST_VALUE)


@dataclass(frozen=True)
class StdioCheck:
    """Runs of a script over standard input."""

    language: str
    cases: tuple[Case, ...]

    def jobs(self, program: str, limits: Limits) -> Iterator[Job]:
        """One job a case, each in a fresh jail."""
        for case in self.cases:
            yield Job(Program(program, self.language), Stdin(case.stdin.encode()), limits)

    def judge(self, number: int, outcome: Outcome) -> Judgement:
        """Compare standard output; numbers within `TOLERANCE`."""
        ended = judge_end(outcome)
        if ended is not None:
            return ended
        if outcome.exit_code != 0:
            return Judgement(Verdict.EXITED_EARLY, f"exit code {outcome.exit_code}")
        if not same_output(outcome.stdout.decode(errors="replace"), self.cases[number].stdout):
            return Judgement(Verdict.WRONG_ANSWER, f"case {number + 1}: standard output differs")
        return Judgement(Verdict.PASSED, f"{number + 1} of {len(self.cases)} cases")

    @cached_property
    def digest(self) -> str:
        """Of the cases."""
        return _digest(asdict(self))


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def passed_all(judgements: Sequence[Judgement]) -> Judgement:
    """The verdict of a program whose jobs were judged: the last one, since the first failure is the last job.

    Raises:
        ValueError: nothing was judged, and that is never a pass.
    """
    if not judgements:
        raise ValueError("a check without jobs")
    return judgements[-1]
