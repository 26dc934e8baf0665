"""What each way of choosing is worth, in exact cases."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from codegpt_evals.checks import StdioCheck
from codegpt_evals.choices import WAYS, Selection, distinct, worth
from codegpt_evals.problem import Problem
from codegpt_evals.records import Sample
from codegpt_evals.selecting import after_answer, select, selected, task_for

from codegpt.cases import Case
from codegpt.engine.protocol import Cancelled, never
from codegpt.errors import InputError
from codegpt.request import Request
from codegpt.sandbox.outcome import End, Outcome, Reply, Returned
from codegpt.sandbox.program import Calls, Job
from codegpt.trial import FunctionTrial, ScriptTrial

HEADER = 'def f(x):\n    """f(1) == 2"""\n'
RIGHT, WRONG = "    return 2 * x\n", "    return x\n"


def run_here(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
    """The programs of this test are ours."""
    for job in jobs:
        assert isinstance(job.task, Calls)
        twice = "2 * x" in job.program.source
        values = [(1 + twice) * call.args[0] for call in job.task.calls]  # type: ignore[operator]
        yield Outcome(End.COMPLETE, replies=tuple(Reply(Returned(value), 0.0) for value in values))


def selection(*rows: tuple[int, float, tuple[bool, ...], str]) -> Selection:
    """Of (samples, logprob, examples, behaviour), best first; candidate i is sample i, the others repeat the last."""
    return Selection(
        "P/1",
        sum(samples for samples, *_ in rows),
        tuple((number, samples, logprob) for number, (samples, logprob, _, _) in enumerate(rows)),
        tuple(examples for _, _, examples, _ in rows),
        tuple(behaviour for *_, behaviour in rows),
        tuple(behaviour != "" for *_, behaviour in rows),
        tuple(float(samples) for samples, *_ in rows),
        after=1 if len(rows) > 1 else 0,
    )


def test_what_each_way_chooses() -> None:
    some = selection((1, -0.5, (True,), "a"), (2, -0.9, (True,), "b"), (1, -0.1, (False,), "c"))
    right = {0: False, 1: True, 2: False, 3: True}  # sample 3 is candidate 1 again
    assert some.choices(right) == {
        "random pick": 0.5,
        "likeliest": 0.0,
        "largest cluster alone": 1.0,
        "agreement alone": 1.0,
        "CodeT agreement": 0.5,
        "examples: a random one that passes": pytest.approx(2 / 3),
        "examples, then the largest cluster": 1.0,
        "examples, the likeliest of the largest cluster": 1.0,
        "ranking": 0.0,
        "ranking, after one answer": 1.0,
        "ten random picks": 1.0,
        "examples: ten random ones that pass": 1.0,
        "examples: ten random programs that pass": 1.0,
        "ranking: the first ten": 1.0,
        "oracle": 1.0,
    }
    assert tuple(some.choices(right)) == WAYS
    assert replace(some, chosen=(1, 2)).choices(right)["CodeT agreement"] == pytest.approx(2 / 3)


def test_the_first_ten_show_every_behaviour() -> None:
    alike = [(1, -0.1, (True,), f"b{number % 10}") for number in range(10)]
    some = selection((11, -0.1, (True,), "a"), *alike)
    right = {number: number == 9 for number in range(21)}  # one of the ten that follow, and in the first ten
    found = some.choices(right)
    assert found["ranking: the first ten"] == 1.0
    assert found["ten random picks"] == found["examples: ten random ones that pass"] == pytest.approx(10 / 21)
    assert found["examples: ten random programs that pass"] == pytest.approx(10 / 11)


def test_how_many_behaviours_there_are() -> None:
    some = selection((2, -0.5, (True,), "a"), (1, -0.9, (True,), "a"), (1, -0.1, (False,), "a"))
    other = selection((1, -0.5, (), "a"))
    assert distinct([some, other]) == {"samples": 2.5, "programs": 2.0, "behaviours": 1.5}
    assert distinct([]) == {}


def test_where_nothing_passes_or_there_is_nothing() -> None:
    some = selection((1, -0.5, (False,), "a"), (1, -0.9, (False,), "b"))
    assert some.choices({0: True, 1: False})["examples: a random one that passes"] == 0.5
    nothing = Selection("P/1", 2, (), (), (), (), ())
    assert set(nothing.choices({0: False, 1: False}).values()) == {0.0}


def test_through_the_product() -> None:
    problem = Problem("P/1", "python", Request("", HEADER), "", "", None)
    answers = [WRONG, RIGHT, RIGHT, "    return (\n"]
    samples = [Sample("P/1", at, solution=HEADER + answer, mean_logprob=-0.5) for at, answer in enumerate(answers)]
    result = selected(task_for(problem), samples, run_here)
    found = Selection.of("P/1", result, result)
    assert (found.drawn, found.candidates) == (4, ((1, 2, -0.5), (0, 1, -0.5)))
    assert found.examples == ((True,), (False,)) and found.answers == (True, True)


def test_asserts_that_a_model_proposed_vote() -> None:
    problem = Problem("P/1", "python", Request("", "def f(x):\n"), "", "", None)
    task = task_for(problem, ["f(2) == 4\nassert f(3) == 6\nassert f(1) == 1", "f(2) == 4"])
    samples = [Sample("P/1", at, completion=text) for at, text in enumerate((WRONG, WRONG, RIGHT))]
    result = selected(task, samples, run_here)
    assert Selection.of("P/1", result, result).chosen == (2,)  # 1 * 3 against 1.4 * 1


def test_the_canonical_solution_answers_once() -> None:
    problem = Problem(
        "P/1", "python", Request("", "def f(x: int) -> int:\n"), RIGHT, "", None, "def f(x: int) -> int:\n"
    )
    samples = {"P/1": [Sample("P/1", at, completion=text) for at, text in enumerate((WRONG, WRONG, RIGHT))]}
    result = selected(task_for(problem), samples["P/1"], run_here)
    after = after_answer(task_for(problem), result, problem.program(RIGHT), run_here)
    found = Selection.of("P/1", result, after)
    assert found.asks and found.candidates[0][0] == 0 and found.after == 2
    assert after_answer(task_for(problem), after, problem.program(RIGHT), run_here) == after  # it asks nothing more


def test_what_a_problem_asks_for() -> None:
    words = task_for(Problem("P/2", "python", Request("Twice.\n\nassert f(1) == 2\n"), "", "", None))
    assert isinstance(words.trial, FunctionTrial) and [each.text for each in words.trial.examples] == ["f(1) == 2"]
    wrapped = task_for(Problem("P/2", "python", Request("Twice.\n\nassert (f (1)) == 2"), "", "", None))
    assert isinstance(wrapped.trial, FunctionTrial) and [each.text for each in wrapped.trial.examples] == ["f(1) == 2"]
    text = "Twice.\n\nExample input:\n1\nExample output:\n2"
    program = task_for(Problem("P/3", "python", Request(text), "", "", StdioCheck("python", ())))
    assert isinstance(program.trial, ScriptTrial) and program.trial.cases == (Case("1\n", "2\n"),)
    with pytest.raises(InputError, match="P/4 names no function and is no program"):
        task_for(Problem("P/4", "python", Request("Add two numbers."), "", "", None))


PROBLEM = Problem("P/1", "python", Request("", HEADER), "", "", None)
SAMPLES = {"P/1": [Sample("P/1", at, completion=text) for at, text in enumerate((WRONG, RIGHT, RIGHT))]}


def test_it_goes_on_from_its_journal(tmp_path: Path) -> None:
    journal = tmp_path / "selections.jsonl"
    first = select([PROBLEM], SAMPLES, run_here, journal)

    def nothing(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
        raise AssertionError("run again")

    assert select([PROBLEM], SAMPLES, nothing, journal) == first
    journal.write_text(journal.read_text() + '{"format": 2, "sam')
    assert select([PROBLEM], SAMPLES, nothing, journal) == first
    assert journal.read_text().count("\n") == 1 and "return" not in journal.read_text()


def test_a_journal_of_something_else(tmp_path: Path) -> None:
    journal = tmp_path / "selections.jsonl"
    select([PROBLEM], SAMPLES, run_here, journal)
    with pytest.raises(InputError, match="is of other samples or inputs of P/1"):
        select([PROBLEM], {"P/1": SAMPLES["P/1"][:2]}, run_here, journal)
    journal.write_text('{"format": 1}\n')
    with pytest.raises(InputError, match="another format than 2"):
        select([PROBLEM], SAMPLES, run_here, journal)
    journal.write_text("x\n")
    with pytest.raises(InputError, match="is not a line of a selection"):
        select([PROBLEM], SAMPLES, run_here, journal)


def test_what_the_ways_are_worth() -> None:
    one = selection((1, -0.5, (True,), "a"), (1, -0.9, (True,), "b"))
    two = replace(selection((2, -0.5, (True,), "a")), task_id="P/2")
    right = {"P/1": {0: True, 1: False}, "P/2": {0: False, 1: False}}
    found = worth([one, two, replace(two, task_id="P/3")], right, {"P/1": False, "P/2": False, "P/3": True})
    assert {name: rate.value for name, rate in found.items()} == {
        "random pick": 0.25,
        "likeliest": 0.5,
        "largest cluster alone": 0.5,
        "agreement alone": 0.5,
        "CodeT agreement": 0.25,
        "examples: a random one that passes": 0.25,
        "examples, then the largest cluster": 0.5,
        "examples, the likeliest of the largest cluster": 0.5,
        "ranking": 0.5,
        "ranking, after one answer": 0.0,
        "ten random picks": 0.5,
        "examples: ten random ones that pass": 0.5,
        "examples: ten random programs that pass": 0.5,
        "ranking: the first ten": 0.5,
        "oracle": 0.5,
        "greedy": 0.0,
        "ranking - greedy": 0.5,
        "ranking - random pick": 0.25,
        "largest cluster alone - random pick": 0.25,
        "agreement alone - random pick": 0.25,
        "ranking: the first ten - ten random programs that pass": 0.0,
        "examples, the likeliest of the largest cluster, even numbers": 0.0,
        "examples, the likeliest of the largest cluster, odd numbers": 1.0,
        "ranking, even numbers": 0.0,
        "ranking, odd numbers": 1.0,
        "ranking - a random one that passes, where behaviours differ": 0.5,
    }
