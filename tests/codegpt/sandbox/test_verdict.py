import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegpt.sandbox.outcome import End, Outcome, Raised, Reply, Returned, TestReport, Unencodable
from codegpt.sandbox.verdict import (
    Judgement,
    Raises,
    Verdict,
    judge_calls,
    judge_end,
    judge_script,
    judge_tests,
    same,
)

NAN, INF = math.nan, math.inf
HUGE = 10**400  # no float can hold it


def replies(*results: Any) -> tuple[Reply, ...]:
    """Replies with these results; a plain value is one that was returned."""
    known = (Raised, Unencodable, Returned)
    return tuple(Reply(result if isinstance(result, known) else Returned(result), 0.1) for result in results)


def answered(*results: Any) -> Outcome:
    return Outcome(End.COMPLETE, replies=replies(*results), exit_code=137)


ENDS = [
    (Outcome(End.EXITED, "exit code 0"), Verdict.EXITED_EARLY, "exit code 0"),
    (Outcome(End.EXITED, exit_code=139), Verdict.EXITED_EARLY, ""),
    (Outcome(End.CPU_TIME), Verdict.TIMEOUT, "CPU time"),
    (Outcome(End.CPU_TIME, "2 s of CPU time"), Verdict.TIMEOUT, "2 s of CPU time"),
    (Outcome(End.WALL_TIME), Verdict.TIMEOUT, "wall time"),
    (Outcome(End.OUTPUT, "more than 65536 bytes of output"), Verdict.OUTPUT_LIMIT, "more than 65536 bytes of output"),
    (Outcome(End.VIOLATION, "a forbidden system call"), Verdict.VIOLATION, "a forbidden system call"),
    (Outcome(End.INFRASTRUCTURE, "no jail"), Verdict.INFRASTRUCTURE_ERROR, "no jail"),
    (Outcome(End.NOT_LOADED, raised=Raised("SyntaxError", (), "bad")), Verdict.SYNTAX_ERROR, "SyntaxError: bad"),
    (Outcome(End.NOT_LOADED, raised=Raised("IndentationError")), Verdict.SYNTAX_ERROR, "IndentationError"),
    (Outcome(End.NOT_LOADED, raised=Raised("TabError")), Verdict.SYNTAX_ERROR, "TabError"),
    (Outcome(End.NOT_LOADED, raised=Raised("NameError", (), "x")), Verdict.EXCEPTION, "NameError: x"),
    (
        Outcome(End.NOT_LOADED, raised=Raised("ModuleNotFoundError", ("ImportError",), "No module named 'numpy'")),
        Verdict.UNAVAILABLE,
        "ModuleNotFoundError: No module named 'numpy'",
    ),
    (Outcome(End.NOT_LOADED, raised=Raised("ImportError", (), "x")), Verdict.EXCEPTION, "ImportError: x"),
    (Outcome(End.NOT_LOADED, raised=Raised("MemoryError")), Verdict.MEMORY, "MemoryError"),
    (Outcome(End.NOT_LOADED, raised=Raised("SystemExit", (), "0")), Verdict.EXITED_EARLY, "SystemExit: 0"),
    (Outcome(End.EXITED, exit_code=134, stderr=b"FATAL: heap out of memory"), Verdict.MEMORY, "node's heap is full"),
    (Outcome(End.EXITED, exit_code=133, stderr=b"FATAL: heap out of memory"), Verdict.MEMORY, "node's heap is full"),
    (
        Outcome(End.EXITED, "exit code 1", exit_code=1, stderr=b"heap out of memory"),
        Verdict.EXITED_EARLY,
        "exit code 1",
    ),
    (Outcome(End.EXITED, "killed by SIGABRT", exit_code=134), Verdict.EXITED_EARLY, "killed by SIGABRT"),
]


@pytest.mark.parametrize(("outcome", "verdict", "detail"), ENDS)
def test_a_run_that_did_not_come_to_its_end(outcome: Outcome, verdict: Verdict, detail: str) -> None:
    judgement = Judgement(verdict, detail)
    assert judge_end(outcome) == judgement
    assert judge_calls(outcome, [1]) == judgement
    assert judge_calls(outcome, []) == judgement
    assert judge_script(outcome, b"") == judgement
    assert judge_tests(outcome) == judgement
    assert not judgement.passed


def test_a_run_that_came_to_its_end() -> None:
    assert judge_end(Outcome(End.COMPLETE)) is None
    assert judge_end(answered(1)) is None


def test_only_one_verdict_passes() -> None:
    assert [verdict.value for verdict in Verdict if Judgement(verdict).passed] == ["passed"]
    assert [verdict.value for verdict in Verdict] == [
        "passed",
        "wrong answer",
        "exception",
        "exited early",
        "syntax error",
        "unavailable",
        "timeout",
        "memory",
        "output limit",
        "violation",
        "infrastructure error",
    ]


@pytest.mark.parametrize(
    ("results", "expected", "verdict", "detail"),
    [
        ([1], [1], Verdict.PASSED, "1 of 1 calls"),
        ([1, "a", None], [1, "a", None], Verdict.PASSED, "3 of 3 calls"),
        ([2], [1], Verdict.WRONG_ANSWER, "call 1: 2"),
        ([1, [3]], [1, [2]], Verdict.WRONG_ANSWER, "call 2: [3]"),
        ([None], [0], Verdict.WRONG_ANSWER, "call 1: None"),
        (["x" * 100], ["y"], Verdict.WRONG_ANSWER, "call 1: '" + "x" * 56 + "..."),
        pytest.param(
            [10**5000], [0], Verdict.WRONG_ANSWER, "call 1: a number of thousands of digits", id="many digits"
        ),
        ([Unencodable("generator")], [1], Verdict.WRONG_ANSWER, "call 1: a generator, which is not plain data"),
        ([Unencodable("int")], [Raises("TypeError")], Verdict.WRONG_ANSWER, "call 1: no TypeError"),
        # Exceptions.
        ([Raised("ValueError", (), "no")], [1], Verdict.EXCEPTION, "call 1: ValueError: no"),
        ([Raised("SyntaxError", (), "no")], [1], Verdict.EXCEPTION, "call 1: SyntaxError: no"),
        ([Raised("MemoryError")], [1], Verdict.MEMORY, "call 1: MemoryError"),
        ([Raised("SystemExit", ("BaseException",), "1")], [1], Verdict.EXITED_EARLY, "call 1: SystemExit: 1"),
        ([Raised("ModuleNotFoundError", (), "x")], [1], Verdict.UNAVAILABLE, "call 1: ModuleNotFoundError: x"),
        ([Raised("ValueError")], [Raises("ValueError")], Verdict.PASSED, "1 of 1 calls"),
        ([Raised("Mine", ("ValueError", "Exception"))], [Raises("ValueError")], Verdict.PASSED, "1 of 1 calls"),
        ([Raised("Mine", ("ValueError", "Exception"))], [Raises("Mine")], Verdict.PASSED, "1 of 1 calls"),
        ([Raised("Mine", ("ValueError", "Exception"))], [Raises("KeyError")], Verdict.EXCEPTION, "call 1: Mine"),
        ([Raised("MemoryError")], [Raises("ValueError")], Verdict.MEMORY, "call 1: MemoryError"),
        ([Raised("LookupError")], [Raises("KeyError")], Verdict.EXCEPTION, "call 1: LookupError"),
        ([1], [Raises("ValueError")], Verdict.WRONG_ANSWER, "call 1: no ValueError"),
        (["ValueError"], [Raises("ValueError")], Verdict.WRONG_ANSWER, "call 1: no ValueError"),
        # Answers that are missing, and nothing to compare with.
        ([], [1], Verdict.INFRASTRUCTURE_ERROR, "0 of 1 calls answered"),
        ([1], [1, 2], Verdict.INFRASTRUCTURE_ERROR, "1 of 2 calls answered"),
        ([1, 2], [1], Verdict.INFRASTRUCTURE_ERROR, "2 of 1 calls answered"),
        ([], [], Verdict.INFRASTRUCTURE_ERROR, "0 of 0 calls answered"),
        ([1], [], Verdict.INFRASTRUCTURE_ERROR, "1 of 0 calls answered"),
        ([3], [1, 2], Verdict.WRONG_ANSWER, "call 1: 3"),
    ],
)
def test_calls(results: list[Any], expected: list[Any], verdict: Verdict, detail: str) -> None:
    assert judge_calls(answered(*results), expected) == Judgement(verdict, detail)


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        (End.EXITED, Verdict.EXITED_EARLY),
        (End.CPU_TIME, Verdict.TIMEOUT),
        (End.WALL_TIME, Verdict.TIMEOUT),
        (End.OUTPUT, Verdict.OUTPUT_LIMIT),
        (End.VIOLATION, Verdict.VIOLATION),
        (End.INFRASTRUCTURE, Verdict.INFRASTRUCTURE_ERROR),
    ],
)
def test_right_answers_before_another_end_do_not_pass(end: End, verdict: Verdict) -> None:
    right = Outcome(end, "so", replies=replies(1, 2))
    assert judge_calls(right, [1, 2]) == Judgement(verdict, "so")
    assert judge_calls(right, [1, 2, 3]) == Judgement(verdict, "so")
    report = TestReport("passed", calls=1, assertions=1)
    assert judge_tests(Outcome(end, "so", report=report)) == Judgement(verdict, "so")
    assert judge_script(Outcome(end, "so", exit_code=0, stdout=b"1\n"), b"1\n") == Judgement(verdict, "so")


@pytest.mark.parametrize("end", [End.EXITED, End.CPU_TIME, End.WALL_TIME, End.OUTPUT, End.VIOLATION])
def test_a_wrong_answer_comes_before_what_happened_later(end: End) -> None:
    judgement = judge_calls(Outcome(end, "so", replies=replies(1, 5)), [1, 2, 3])
    assert judgement == Judgement(Verdict.WRONG_ANSWER, "call 2: 5")
    judgement = judge_calls(Outcome(end, "so", replies=replies(Raised("KeyError"))), [1, 2])
    assert judgement == Judgement(Verdict.EXCEPTION, "call 1: KeyError")


def test_tolerance_of_calls() -> None:
    third = answered([1 / 3], {"a": (0.1 + 0.2,)})
    assert judge_calls(third, [[1 / 3], {"a": (0.3,)}]).verdict is Verdict.WRONG_ANSWER
    assert judge_calls(third, [[1 / 3], {"a": (0.3,)}], tolerance=1e-9).verdict is Verdict.PASSED
    assert judge_calls(third, [[0.33], {"a": (0.3,)}], tolerance=1e-9).detail == "call 1: [0.3333333333333333]"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.0, -0.0),
        ([0.0], [-0.0]),
        (1, True),
        (0, False),
        (1.0, True),
        (1, 1.0),
        (2**53, 2.0**53),
        ([1, 0], [True, False]),
        ({1: "a"}, {True: "a"}),
        (1 + 0j, 1),
        (NAN, NAN),
        ([NAN, 1], [NAN, 1.0]),
        ({"a": (NAN,)}, {"a": (float("nan"),)}),
        (INF, INF),
        pytest.param(HUGE, HUGE, id="huge"),
        ({1, 2}, {2, 1}),
        ({1}, frozenset({1})),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ((), ()),
        (b"a", b"a"),
        ("é", "é"),
        (None, None),
    ],
)
def test_the_same(value: Any, wanted: Any) -> None:
    assert same(value, wanted) is True
    assert same(wanted, value) is True
    assert same(value, wanted, 1e-9) is True


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([1], (1,)),
        ([], ()),
        ([[1]], [(1,)]),
        ({"a": [1]}, {"a": (1,)}),
        ({1}, [1]),
        ([], None),
        ("", None),
        (0, None),
        (False, None),
        (False, []),
        ("1", 1),
        ("a", b"a"),
        (1.5, "1.5"),
        (1.5, None),
        (1.5, [1.5]),
        (NAN, 0.0),
        (NAN, None),
        (NAN, "nan"),
        (NAN, INF),
        (NAN, 1),
        (INF, -INF),
        (INF, 1e308),
        (2**53 + 1, 2.0**53),
        ([1, 2], [1]),
        ([1, 2], [1, 3]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({}, []),
        ({}, set()),
        (1j, 1.0),
        pytest.param(HUGE, HUGE + 1, id="huge"),
    ],
)
def test_not_the_same(value: Any, wanted: Any) -> None:
    assert same(value, wanted) is False
    assert same(wanted, value) is False


@pytest.mark.parametrize("number", [1.5, 0.0, 1e308, NAN, INF])
@pytest.mark.parametrize("huge", [HUGE, -HUGE], ids=["10**400", "-10**400"])
def test_an_integer_that_no_float_holds(number: float, huge: int) -> None:
    for tolerance in (0.0, 1e-9):
        assert same(number, huge, tolerance) is False
        assert same(huge, number, tolerance) is False
        assert same([{"a": number}], [{"a": huge}], tolerance) is False
    assert judge_calls(answered(huge), [number]).verdict is Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    ("value", "wanted", "tolerance", "expected"),
    [
        (0.1 + 0.2, 0.3, 0.0, False),
        (0.1 + 0.2, 0.3, 1e-9, True),
        (1.0, 1.1, 0.05, False),
        (1.0, 1.1, 0.2, True),
        (1e-12, 0.0, 1e-9, True),
        (1e-12, 0.0, 0.0, False),
        (1e20, 1e20 + 1e10, 1e-9, True),
        (1e20, 1e20 + 1e15, 1e-9, False),
        (3, 3.0000000001, 1e-9, True),
        (3.0000000001, 3, 1e-9, False),
        (3.0, 3, 1e-9, True),
        (5.0000000005e19, 50000000005000000001, 1e-6, False),
        (3, 4, 1.0, False),
        (True, 1.0000000001, 1e-9, True),
        ([[0.1 + 0.2]], [[0.3]], 1e-9, True),
        ((0.1 + 0.2, 1), (0.3, 1), 1e-9, True),
        ({"a": [0.1 + 0.2]}, {"a": [0.3]}, 1e-9, True),
        ({"a": [0.1 + 0.2]}, {"a": [0.3]}, 0.0, False),
        ([0.1 + 0.2], (0.3,), 1e-9, False),
        ({0.1 + 0.2}, {0.3}, 1e-9, False),
        ({0.1 + 0.2: 1}, {0.3: 1}, 1e-9, False),
        (NAN, 0.0, 1e9, False),
        (INF, 1e308, 0.5, False),
        ("0.3", 0.3, 1e-9, False),
    ],
)
def test_tolerance(value: Any, wanted: Any, tolerance: float, expected: bool) -> None:
    assert same(value, wanted, tolerance) is expected


atoms = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
data = st.recursive(
    atoms, lambda parts: st.lists(parts) | st.lists(parts).map(tuple) | st.dictionaries(atoms, parts), max_leaves=10
)


@given(data, data)
def test_without_tolerance_it_is_pythons_equality(value: Any, wanted: Any) -> None:
    assert same(value, wanted) is (value == wanted)
    assert same(value, value) is True


@pytest.mark.parametrize(
    ("stdout", "expected"),
    [
        (b"1\n", b"1\n"),
        (b"1", b"1\n"),
        (b"1\n\n\n", b"1"),
        (b"1 2 \t\n3\n", b"1 2\n3"),
        (b"1\r\n2\r\n", b"1\n2\n"),
        (b"", b"\n"),
        (b" \n", b""),
        (b"\xff\x00\n", b"\xff\x00"),
    ],
)
def test_white_space_at_the_end_of_lines_does_not_matter(stdout: bytes, expected: bytes) -> None:
    passed = Judgement(Verdict.PASSED, "standard output is as expected")
    assert judge_script(Outcome(End.COMPLETE, exit_code=0, stdout=stdout), expected) == passed
    assert judge_script(Outcome(End.COMPLETE, exit_code=0, stdout=expected), stdout) == passed


@pytest.mark.parametrize(
    ("stdout", "expected"),
    [
        (b"1\n", b"2\n"),
        (b"", b"1"),
        (b"1", b""),
        (b" 1", b"1"),
        (b"\n1", b"1"),
        (b"1\n\n2", b"1\n2"),
        (b"1  2", b"1 2"),
        (b"1 2", b"1\n2"),
        (b"a", b"A"),
        (b"1.0", b"1"),
    ],
)
def test_any_other_difference_of_standard_output_does(stdout: bytes, expected: bytes) -> None:
    wrong = Judgement(Verdict.WRONG_ANSWER, "standard output differs")
    assert judge_script(Outcome(End.COMPLETE, exit_code=0, stdout=stdout), expected) == wrong


@pytest.mark.parametrize("code", [1, 2, 255, 139, None])
def test_a_script_that_fails_after_the_right_output(code: int | None) -> None:
    outcome = Outcome(End.COMPLETE, exit_code=code, stdout=b"1\n")
    assert judge_script(outcome, b"1\n") == Judgement(Verdict.EXITED_EARLY, f"exit code {code}")


def test_a_script_that_raises_after_the_right_output() -> None:
    outcome = Outcome(End.COMPLETE, exit_code=1, stdout=b"1\n", raised=Raised("KeyError", ("Exception",), "'a'"))
    assert judge_script(outcome, b"1\n") == Judgement(Verdict.EXCEPTION, "KeyError: 'a'")


@pytest.mark.parametrize(
    ("report", "verdict", "detail"),
    [
        (TestReport("passed", calls=3, assertions=7), Verdict.PASSED, "7 assertions, 3 calls"),
        (TestReport("passed", calls=1, assertions=1), Verdict.PASSED, "1 assertions, 1 calls"),
        (
            TestReport("passed", calls=3, assertions=0),
            Verdict.WRONG_ANSWER,
            "the tests never asked the program anything",
        ),
        (
            TestReport("passed", calls=0, assertions=7),
            Verdict.WRONG_ANSWER,
            "the tests never asked the program anything",
        ),
        (
            TestReport("failed", "AssertionError", "1 == 2", 3, 7),
            Verdict.WRONG_ANSWER,
            "AssertionError: 1 == 2",
        ),
        (TestReport("failed", "AssertionError", "", 3, 7), Verdict.WRONG_ANSWER, "AssertionError"),
        (TestReport("failed", "", "no test ran", 3, 7), Verdict.WRONG_ANSWER, "no test ran"),
        (TestReport("raised", "KeyError", "'a'", 3, 7), Verdict.WRONG_ANSWER, "KeyError: 'a'"),
        (TestReport("PASSED", calls=3, assertions=7), Verdict.WRONG_ANSWER, ""),
        (TestReport("", calls=3, assertions=7), Verdict.WRONG_ANSWER, ""),
        (TestReport("candidate raised", "KeyError", "'a'", 3, 7), Verdict.EXCEPTION, "KeyError: 'a'"),
        (TestReport("candidate raised", "MemoryError", "", 3, 7), Verdict.MEMORY, "MemoryError"),
        (TestReport("candidate raised", "SystemExit", "0", 3, 7), Verdict.EXITED_EARLY, "SystemExit: 0"),
        (TestReport("candidate raised", "ModuleNotFoundError", "x"), Verdict.UNAVAILABLE, "ModuleNotFoundError: x"),
        (TestReport("unavailable", "", "Stack is a class", 3, 7), Verdict.UNAVAILABLE, "Stack is a class"),
    ],
)
def test_tests(report: TestReport, verdict: Verdict, detail: str) -> None:
    assert judge_tests(Outcome(End.COMPLETE, report=report)) == Judgement(verdict, detail)


def test_tests_without_a_report() -> None:
    assert judge_tests(Outcome(End.COMPLETE)) == Judgement(Verdict.INFRASTRUCTURE_ERROR, "no report")
