"""What is asked of a candidate, and what its outcomes are taken for."""

import math

import pytest

from codegpt.cases import Case
from codegpt.example import Example
from codegpt.examples import examples_in
from codegpt.proposals import Proposal
from codegpt.sandbox.codec import Value
from codegpt.sandbox.outcome import End, Outcome, Raised, Reply, Returned, TestReport, Unencodable
from codegpt.sandbox.program import Call, Calls, Stdin, Tests
from codegpt.selection import Seen, Vote
from codegpt.trial import FunctionTrial, ScriptTrial, shown

TWO = Example(Call("f", (1,)), 2, "f(1) == 2")
TRIAL = FunctionTrial(examples=(TWO,), inputs=(Call("f", (5,)), Call("f", (6,))), proposals=(Proposal(TWO, 3),))


def answered(*values: object, end: End = End.COMPLETE) -> Outcome:
    replies = [value if isinstance(value, Raised | Unencodable) else Returned(value) for value in values]  # type: ignore[arg-type]
    return Outcome(end, replies=tuple(Reply(each, 0.0) for each in replies))


def test_all_calls_go_to_one_process() -> None:
    [job] = TRIAL.jobs("def f(x): return 2 * x\n")
    assert isinstance(job.task, Calls)
    assert [call.args for call in job.task.calls] == [(1,), (5,), (6,), (1,)]
    assert job.program.source == "def f(x): return 2 * x\n"


def test_the_code_of_a_session_stands_behind_the_program_once() -> None:
    examples = examples_in(">>> s = S()\n>>> s.a()\n1\n>>> s.b()\n2\n", "S")
    [job] = FunctionTrial(examples=examples, head="import a\n", tail="b\n").jobs("class S: ...\n")
    assert job.program.source.startswith("import a\nclass S: ...\nb\n")
    assert job.program.source.count("def codegpt_session_") == 1


def test_what_is_seen() -> None:
    assert TRIAL.seen([answered(2, 10, Raised("ValueError"), 3)]) == Seen((True,), ("= 10", "! ValueError"))
    assert TRIAL.seen([answered(3, Unencodable("Fraction"), [1.0, True], 2)]) == Seen(
        (False,), ("? its value is a Fraction", "= [1, True]"), frozenset({Vote(0, 3)})
    )


def test_a_run_that_ends_early() -> None:
    assert TRIAL.seen([answered(2, 10, end=End.CPU_TIME)]) == Seen((True,), ("= 10", "? timeout"))
    broken = Outcome(End.NOT_LOADED, raised=Raised("SyntaxError"))
    assert TRIAL.seen([broken]) == Seen((False,), ("? SyntaxError", "? SyntaxError"))


def test_what_could_not_be_run_is_no_behaviour() -> None:
    missing = Outcome(End.NOT_LOADED, raised=Raised("ModuleNotFoundError", (), "No module named 'numpy'"))
    assert TRIAL.seen([missing]) == Seen(why_not_run="the jail has no module named 'numpy'")
    assert TRIAL.seen([Outcome(End.INFRASTRUCTURE, "gone")]) == Seen(why_not_run="it could not be run: gone")


def test_a_persons_tests_are_one_example_more() -> None:
    tests = Tests("def check(candidate): ...", "f")
    trial = FunctionTrial(examples=(TWO,), tests=tests)
    calls, tested = trial.jobs("x")
    assert isinstance(calls.task, Calls) and tested.task is tests and tested.limits_in_force.cpu_s == 10
    passed = Outcome(End.COMPLETE, report=TestReport("passed", calls=1, assertions=1))
    assert trial.seen([answered(2), passed]) == Seen((True, True))
    failed = Outcome(End.COMPLETE, report=TestReport("failed", "AssertionError", calls=1, assertions=1))
    assert FunctionTrial(tests=tests).seen([failed]) == Seen((False,))
    assert FunctionTrial().jobs("x") == [] and FunctionTrial().seen([]) == Seen()


def test_scripts() -> None:
    trial = ScriptTrial(cases=(Case("1\n", "2\n"),), inputs=("3\n", ""))
    jobs = trial.jobs("print(int(input()) + 1)")
    assert [job.task for job in jobs] == [Stdin(b"1\n"), Stdin(b"3\n"), Stdin(b"")]
    outcomes = [
        Outcome(End.COMPLETE, stdout=b"2\r\n", exit_code=0),
        Outcome(End.COMPLETE, stdout=b"4  \n\n", exit_code=0),
        Outcome(End.COMPLETE, raised=Raised("EOFError"), exit_code=1),
    ]
    assert trial.seen(outcomes) == Seen((True,), ("= 4", "! EOFError"))
    assert trial.described[0] == "'3\\n'"
    late = Outcome(End.WALL_TIME)
    assert trial.seen([late, late, late]) == Seen((False,), ("? timeout", "? timeout"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (True, "True"),
        (0.1 + 0.2, "0.3"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (1e300, "1e+300"),
        ("1", "'1'"),
        ((1,), "(1,)"),
        ((), "()"),
        ([(2, None)], "[(2, None)]"),
        ({"b": 1, "a": 2.0}, "{'a': 2, 'b': 1}"),
        ({2, 1}, "{1, 2}"),
        (frozenset(), "frozenset()"),
        (b"x", "b'x'"),
        (10**400, hex(10**400)),
        (None, "None"),
    ],
)
def test_values_that_are_equal_are_the_same_text(value: Value, text: str) -> None:
    assert shown(Returned(value)) == text


def test_what_is_done_to_the_arguments_counts_where_nothing_is_returned() -> None:
    assert shown(Returned(None, ([1, 2],))) == "None, and its arguments are ([1, 2],)"
    assert shown(Returned(3, ([1, 2],))) == "3"
    assert TRIAL.described[1] == "f(6)"


def test_tests_that_say_nothing() -> None:
    trial = FunctionTrial(examples=(TWO,), tests=Tests("def test(): ...", "f", style="pytest"))
    said = Outcome(End.COMPLETE, report=TestReport("unavailable", "", "A is a class", 0, 0))
    assert trial.seen([answered(2), said]) == Seen((True,), untested="the tests were not run: A is a class")


def test_a_program_that_did_what_none_may_is_believed_nothing() -> None:
    assert TRIAL.seen([answered(2, 10, 12, 2, end=End.VIOLATION)]) == Seen(
        (False,), ("? does what no program may", "? does what no program may")
    )


def test_long_values_are_kept_by_their_digest() -> None:
    trial = FunctionTrial(inputs=(Call("f"),))
    one, other = (trial.seen([answered("a" * 10**6 + end)]).behaviour[0] for end in "ab")
    assert one != other and len(one) < 3000 and "1000003 characters" in one
