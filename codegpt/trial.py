"""What is asked of a candidate in the jail, and what is seen of it; pure.

A function is asked, in one process, for the examples, then for the inputs, then for the asserts that the model
proposed; what does not come back in its time is a timeout, and the next is asked. A program over standard input is run
anew for each case and each input. A person's own tests run in a jail of their own and count as one example more.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from codegpt.cases import Case, same_output
from codegpt.example import Example
from codegpt.literals import nine_digits, text_of
from codegpt.proposals import Proposal
from codegpt.sandbox.codec import Value
from codegpt.sandbox.outcome import CALL_TIMEOUT, End, Outcome, Raised, Reply, Returned, Unencodable
from codegpt.sandbox.program import Call, Calls, Job, Limits, Program, Stdin, Tests
from codegpt.sandbox.verdict import Verdict, judge_tests
from codegpt.selection import NOTHING, RAISED, VALUE, Seen, Vote

LIMITS = Limits(cpu_s=2, call_cpu_s=0.2, wall_s=4.0)
"""Of one candidate: whoever waits for the answer waits for the slowest of many."""

MODULE_LIMITS = replace(LIMITS, cpu_s=5, call_cpu_s=1.0, wall_s=15.0)
"""Of one that is loaded with its package, which may take seconds."""

_ENDS = {
    End.CPU_TIME: "timeout",
    End.WALL_TIME: "timeout",
    End.OUTPUT: "too much output",
    End.EXITED: "exits",
    End.VIOLATION: "does what no program may",
    End.NOT_LOADED: "does not load",
}


class Trial(Protocol):
    """What every candidate goes through. `language` names the runner."""

    def jobs(self, program: str) -> list[Job]:
        """What is run."""
        ...

    def seen(self, outcomes: Sequence[Outcome]) -> Seen:
        """What came of it, one outcome a job."""
        ...

    @property
    def described(self) -> tuple[str, ...]:
        """The inputs, as people read them."""
        ...


@dataclass(frozen=True)
class FunctionTrial:
    """Calls of a function, and a person's tests.

    Attributes:
        head, tail: what stands around a candidate in the program that is run.
        module: see `Program`.
    """

    language: str = "python"
    examples: tuple[Example, ...] = ()
    inputs: tuple[Call, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    tests: Tests | None = None
    limits: Limits = LIMITS
    head: str = ""
    tail: str = ""
    module: str = ""

    def jobs(self, program: str) -> list[Job]:
        """One for all calls, one for the tests."""
        whole = self.head + program + self.tail
        proposed = [each.example for each in self.proposals]
        appended = "".join(dict.fromkeys(example.appended for example in (*self.examples, *proposed)))
        calls = (*(e.call for e in self.examples), *self.inputs, *(e.call for e in proposed))
        jobs = [Job(Program(whole + appended, self.language, self.module), Calls(calls), self.limits)] if calls else []
        if self.tests:
            jobs.append(Job(Program(whole, self.language, self.module), self.tests, _for_tests(self.limits)))
        return jobs

    def seen(self, outcomes: Sequence[Outcome]) -> Seen:
        """Examples, behaviour and votes."""
        if why := _not_run(outcomes):
            return Seen(why_not_run=why)
        tested, not_tested = _tested(outcomes[-1]) if self.tests else ((), "")
        called = [*self.examples, *self.inputs, *self.proposals]
        if not called:
            return Seen(tested, untested=not_tested)
        outcome = outcomes[0]
        if outcome.end is End.VIOLATION:  # what it said before that is worth nothing
            outcome = replace(outcome, replies=())
        replies: list[Reply | None] = [*outcome.replies, *[None] * (len(called) - len(outcome.replies))]
        first, behind = len(self.examples), len(self.examples) + len(self.inputs)
        held = tuple(r is not None and e.holds(r) for e, r in zip(self.examples, replies, strict=False))
        votes = (
            Vote(number, proposal.times)
            for number, (proposal, reply) in enumerate(zip(self.proposals, replies[behind:], strict=True))
            if reply is not None and proposal.example.holds(reply)
        )
        did = tuple(_did(reply, _why(outcome)) for reply in replies[first:behind])
        return Seen((*held, *tested), did, frozenset(votes), untested=not_tested)

    @property
    def described(self) -> tuple[str, ...]:
        """As calls."""
        return tuple(f"{call.function}({', '.join(map(text_of, call.args))})" for call in self.inputs)


@dataclass(frozen=True)
class ScriptTrial:
    """Runs of a program over standard input."""

    language: str = "python"
    cases: tuple[Case, ...] = ()
    inputs: tuple[str, ...] = ()
    limits: Limits = LIMITS

    def jobs(self, program: str) -> list[Job]:
        """One a run."""
        texts = [*(case.stdin for case in self.cases), *self.inputs]
        return [
            Job(Program(program, self.language), Stdin(text.encode("utf-8", "replace")), self.limits) for text in texts
        ]

    def seen(self, outcomes: Sequence[Outcome]) -> Seen:
        """What it printed."""
        if why := _not_run(outcomes):
            return Seen(why_not_run=why)
        held = tuple(
            outcome.end is End.COMPLETE
            and outcome.exit_code == 0
            and same_output(outcome.stdout.decode(errors="replace"), case.stdout)
            for case, outcome in zip(self.cases, outcomes, strict=False)
        )
        return Seen(held, tuple(map(_printed, outcomes[len(self.cases) :])))

    @property
    def described(self) -> tuple[str, ...]:
        """The texts."""
        return tuple(map(repr, self.inputs))


def _tested(outcome: Outcome) -> tuple[tuple[bool, ...], str]:
    """Whether a person's tests hold; or why they say nothing of the program."""
    judgement = judge_tests(outcome)
    if judgement.verdict is Verdict.UNAVAILABLE:
        return (), f"the tests were not run: {judgement.detail}"
    return (judgement.passed,), ""


def _not_run(outcomes: Sequence[Outcome]) -> str:
    """Why nothing is known of a program; "" where it was run."""
    for outcome in outcomes:
        if outcome.end is End.INFRASTRUCTURE:
            return f"it could not be run: {outcome.detail}"
        if outcome.raised is not None and outcome.raised.name == "ModuleNotFoundError":
            return f"the jail has {outcome.raised.message[:1].lower()}{outcome.raised.message[1:]}"
    return ""


def _for_tests(limits: Limits) -> Limits:
    """Tests are started anew, with pytest around them, and are the person's own."""
    return replace(limits, cpu_s=max(10, limits.cpu_s), wall_s=max(30.0, limits.wall_s))


def _why(outcome: Outcome) -> str:
    """Why a call was not answered."""
    if outcome.end is End.NOT_LOADED and outcome.raised is not None:
        return outcome.raised.name
    return _ENDS.get(outcome.end, "")


def _did(reply: Reply | None, why: str) -> str:
    if reply is None:
        return NOTHING + why
    if isinstance(reply.result, Raised):
        return NOTHING + "timeout" if reply.result.name == CALL_TIMEOUT else RAISED + reply.result.name
    if isinstance(reply.result, Unencodable):
        return f"{NOTHING}its value is a {reply.result.type_name}"
    return VALUE + _short(shown(reply.result))


MOST_SHOWN = 2000
"""Characters of a value; of a longer one the beginning is kept, and a digest of it all."""


def _short(text: str) -> str:
    if len(text) <= MOST_SHOWN:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: MOST_SHOWN // 2]}... ({len(text)} characters, {digest})"


def _printed(outcome: Outcome) -> str:
    if outcome.raised is not None:
        return RAISED + outcome.raised.name
    if outcome.end is not End.COMPLETE:
        return NOTHING + _why(outcome)
    words = printed_text(outcome.stdout.decode(errors="replace"))
    return VALUE + _short(words) + (f" (exit code {outcome.exit_code})" if outcome.exit_code else "")


def behaviour_of(value: Value) -> str:
    """What a call that returns this value does, as `Seen.behaviour` has it."""
    return VALUE + _short(shown(Returned(value)))


def behaviour_of_output(text: str) -> str:
    """What a program that prints this text does."""
    return VALUE + _short(printed_text(text))


def printed_text(text: str) -> str:
    """Output without what nobody sees: spaces at the ends of lines, empty lines at its end."""
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))


def shown(returned: Returned) -> str:
    """A value as text that is the same where `==` is, floats to nine digits; with what became of the arguments.

    They count where nothing is returned: the function may be there for what it does to them.
    """
    if returned.value is None and returned.args is not None:
        return f"None, and its arguments are {text_of(returned.args, nine_digits)}"
    return text_of(returned.value, nine_digits)
