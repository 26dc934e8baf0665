"""The gate, grades, and the figures made of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from codegpt_evals.gate import Gate, GateError, run_gate
from codegpt_evals.grading import Answer, answers, grade_answers, to_run
from codegpt_evals.problem import Problem
from codegpt_evals.records import GateRow, Grade, Sample
from codegpt_evals.summary import NoScore, RuleEffect, half_of, mean_rate, rule_effects, summarize
from codegpt_evals.trials import Journal, Runner

from codegpt.errors import InputError
from codegpt.sandbox.client import Sandbox

PASSED, WRONG = "passed", "wrong answer"


@pytest.fixture
def runner(tmp_path: Path, sandbox: Sandbox) -> Runner:
    return Runner(sandbox, Journal(tmp_path / "verdicts.jsonl", "bwrap"))


def test_the_gate_holds(problems: dict[str, Problem], runner: Runner) -> None:
    gate = run_gate(list(problems.values()), runner)
    assert [(row.task_id, row.control, row.verdict) for row in gate.rows[:4]] == [
        ("double", "canonical", PASSED),
        ("double", "wrong", WRONG),
        ("negate", "canonical", PASSED),
        ("negate", "wrong", WRONG),
    ]
    assert (len(gate.rows), gate.held) == (10, 10)
    assert all(row.seconds > 0 and row.check for row in gate.rows)
    gate.require()


def test_the_gate_names_what_was_judged_wrongly(problems: dict[str, Problem], runner: Runner) -> None:
    bad = replace(problems["double"], canonical="    return 0\n")
    lenient = replace(problems["7"], control="def add(a, b):\n    return a + b\n")
    gate = run_gate([bad, lenient, problems["sum"]], runner)
    with pytest.raises(GateError) as refused:
        gate.require()
    assert str(refused.value) == (
        "no score: 2 of 6 controls were judged wrongly: double (canonical: wrong answer), 7 (wrong: passed)"
    )


def graded(problems: dict[str, Problem], samples: list[Sample], runner: Runner) -> list[Grade]:
    listed = list(problems.values())
    return graded_by(runner, answers(listed, samples), run_gate(listed, runner))


def graded_by(runner: Runner, answered: list[Answer], gate: Gate) -> list[Grade]:
    runner.run(to_run(answered, gate, runner.journal))
    return grade_answers(answered, gate, runner.journal)


def test_samples_that_others_made(problems: dict[str, Problem], runner: Runner) -> None:
    samples = [
        Sample("7", 1, completion="def add(a, b):\n    return b + a\n", extra={"author": "é"}),
        Sample("double", 0, completion="    return n * 2\n"),
        Sample("double", 1, solution="def double(n):\n    return n * 2\n\ndef half(n):\n    return n // 2\n"),
        Sample("span/1/L1", 0, completion="    high = max(values)\n"),
        Sample("span/1/L1", 1, completion="    high = 0\n"),
        Sample("span/1/L1", 2, solution="def span(values):\n    return 4\n"),
        Sample("7", 0, solution="nonsense("),
    ]
    grades = graded(problems, samples, runner)
    assert [(g.task_id, g.index, g.verdict, g.exact) for g in grades] == [
        ("double", 0, PASSED, None),
        ("double", 1, PASSED, None),
        ("7", 0, "syntax error", None),
        ("7", 1, PASSED, None),
        ("span/1/L1", 0, PASSED, True),
        ("span/1/L1", 1, WRONG, False),
        ("span/1/L1", 2, PASSED, None),
    ]
    assert grades[3].extra == {"author": "é"}
    assert all(grade.raw_verdict is None and grade.without is None for grade in grades)


def test_what_is_shown_and_what_was_written(problems: dict[str, Problem], runner: Runner) -> None:
    raw = "    high = max(values)\n    return high - low\n"
    sample = Sample("span/1/L1", 0, completion="    high = max(values)\n", raw=raw, stop_reason="stop", tokens=9)
    [grade] = graded(problems, [sample], runner)
    assert (grade.verdict, grade.exact, grade.raw_verdict, grade.raw_exact) == (PASSED, True, PASSED, False)
    assert grade.without == {"drop_copy_of_next_line": (PASSED, False)}
    assert (grade.tokens, grade.stop_reason, len(grade.program)) == (9, "stop", 16)


def test_a_problem_without_tests_is_judged_by_exact_match(problems: dict[str, Problem], runner: Runner) -> None:
    hole = replace(problems["span/1/L1"], check=None)
    samples = [Sample("span/1/L1", n, completion=text) for n, text in enumerate(["    high = max(values)\n", "x\n"])]
    gate = run_gate([hole], runner)
    assert gate.rows == ()
    grades = graded_by(runner, answers([hole], samples), gate)
    assert [(grade.verdict, grade.exact) for grade in grades] == [(PASSED, True), (WRONG, False)]


def test_samples_of_no_problem(problems: dict[str, Problem]) -> None:
    with pytest.raises(InputError, match=r"no such problem in the task: nope \(1 samples\)"):
        answers(list(problems.values()), [Sample("nope", 0, completion="")])
    with pytest.raises(InputError, match="there are no samples"):
        answers(list(problems.values()), [])


def test_what_has_a_verdict_is_not_run_again(problems: dict[str, Problem], runner: Runner) -> None:
    samples = [Sample("double", n, completion="    return n * 2\n") for n in range(3)]
    answered = answers(list(problems.values()), samples)
    gate = run_gate([problems["double"]], runner)
    assert len(to_run(answered, gate, runner.journal)) == 1
    runner.run(to_run(answered, gate, runner.journal))
    assert to_run(answered, gate, runner.journal) == []


def test_figures() -> None:
    grades = [Grade("a", 0, PASSED), Grade("a", 1, WRONG), Grade("b", 0, "timeout"), Grade("b", 1, WRONG)]
    summary = summarize(grades)
    assert (summary.problems, summary.samples, list(summary.pass_at)) == (2, 4, [1, 2])
    assert (summary.pass_at[1].value, summary.pass_at[2].value) == (0.25, 0.5)
    assert summary.verdicts == {WRONG: 2, PASSED: 1, "timeout": 1}
    assert summary.infilling is None


def test_pass_at_k_is_refused_without_samples_enough() -> None:
    grades = [Grade("a", 0, PASSED), Grade("a", 1, WRONG), Grade("b", 0, PASSED)]
    assert list(summarize(grades).pass_at) == [1]
    with pytest.raises(InputError, match="pass@2 needs as many samples of every problem; b has 1"):
        summarize(grades, [1, 2])


def test_no_score_where_the_machine_failed() -> None:
    with pytest.raises(NoScore, match="1 samples could not be run, one of b among them; run again"):
        summarize([Grade("a", 0, PASSED), Grade("b", 0, "infrastructure error")])
    with pytest.raises(NoScore, match="there are no grades"):
        summarize([])


def hole(task_id: str, verdict: str, exact: bool, raw: tuple[str, bool], **without: tuple[str, bool]) -> Grade:
    return Grade(task_id, 0, verdict, program="p", exact=exact, raw_verdict=raw[0], raw_exact=raw[1], without=without)


@pytest.mark.parametrize(
    "grade",
    [
        Grade("b", 0, PASSED, exact=True, raw_verdict="infrastructure error", raw_exact=True),
        Grade("b", 0, PASSED, exact=True, without={"cut": ("infrastructure error", True)}),
    ],
)
def test_no_score_where_the_machine_failed_on_what_it_is_compared_with(grade: Grade) -> None:
    with pytest.raises(NoScore, match="1 samples could not be run"):
        summarize([grade])


def test_figures_of_holes_without_tests() -> None:
    grade = Grade("a", 0, PASSED, exact=True, raw_exact=False, without={"cut": ("", False)})
    found = summarize([grade]).infilling
    assert found is not None
    assert (found.passed, found.raw_passed) == (None, None)
    assert found.rules == {"cut": RuleEffect(cut=1, helped=0, hurt=0, exact_helped=1, exact_hurt=0)}


def test_figures_of_holes() -> None:
    grades = [
        hole("X/HumanEval/0/L1", PASSED, True, (WRONG, False), cut=(WRONG, False)),
        hole("X/HumanEval/1/L1", WRONG, False, (PASSED, True), cut=(PASSED, True), other=(WRONG, False)),
        hole("X/HumanEval/2/L1", PASSED, False, (PASSED, False)),
        hole("X/HumanEval/3/L1", PASSED, True, (PASSED, True), cut=(PASSED, False)),
    ]
    found = summarize(grades).infilling
    assert found is not None
    assert (found.exact.value, found.passed and found.passed.value) == (0.5, 0.75)
    assert (found.raw_exact and found.raw_exact.value, found.raw_passed and found.raw_passed.value) == (0.5, 0.75)
    assert {name: half.value for name, half in found.halves.items()} == {"development": 0.5, "reported": 0.5}
    assert found.rules == {
        "cut": RuleEffect(cut=3, helped=1, hurt=1, exact_helped=2, exact_hurt=1),
        "other": RuleEffect(cut=1, helped=0, hurt=0, exact_helped=0, exact_hurt=0),
    }
    assert rule_effects([]) == {}


def test_halves_keep_the_holes_of_one_program_together() -> None:
    assert half_of("SingleLineInfilling/HumanEval/12/L3") == half_of("RandomSpanInfilling/HumanEval/12/1")
    assert (half_of("a/HumanEval/12/L3"), half_of("a/HumanEval/13/L3")) == ("development", "reported")
    assert {half_of(name) for name in "abcdefgh"} == {"development", "reported"}


def test_a_mean_is_over_problems() -> None:
    assert mean_rate([("a", True), ("a", True), ("a", True), ("b", False)]).value == 0.5


def test_a_gate_that_was_read_back() -> None:
    Gate((GateRow("a", "canonical", PASSED), GateRow("a", "wrong", WRONG))).require()
    with pytest.raises(GateError):
        Gate((GateRow("a", "canonical", "timeout"),)).require()
