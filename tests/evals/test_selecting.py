"""What each way of choosing is worth, in exact cases."""

from collections.abc import Iterator, Sequence

import pytest
from codegpt_evals.problem import Problem
from codegpt_evals.records import Sample
from codegpt_evals.selecting import WAYS, Selection, selected, task_for

from codegpt.chat import ChatTemplate
from codegpt.errors import InputError
from codegpt.request import Request
from codegpt.sandbox.outcome import End, Outcome, Reply, Returned
from codegpt.sandbox.program import Calls, Job

CHAT = ChatTemplate("{% for message in messages %}{{ message.content }}{% endfor %}")
HEADER = 'def f(x):\n    """f(1) == 2"""\n'
RIGHT, WRONG = "    return 2 * x\n", "    return x\n"


def run_here(jobs: Sequence[Job]) -> Iterator[Outcome]:
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
    )


def test_what_each_way_chooses() -> None:
    some = selection((1, -0.5, (True,), "a"), (2, -0.9, (True,), "b"), (1, -0.1, (False,), "c"))
    right = {0: False, 1: True, 2: False, 3: True}  # sample 3 is candidate 1 again
    assert some.choices(right) == {
        "random pick": 0.5,
        "likeliest": 0.0,
        "agreement alone": 1.0,
        "examples: a random one that passes": pytest.approx(2 / 3),
        "examples, then the largest cluster": 1.0,
        "ranking": 0.0,
        "oracle": 1.0,
    }
    assert tuple(some.choices(right)) == WAYS


def test_where_nothing_passes_or_there_is_nothing() -> None:
    some = selection((1, -0.5, (False,), "a"), (1, -0.9, (False,), "b"))
    assert some.choices({0: True, 1: False})["examples: a random one that passes"] == 0.5
    nothing = Selection("P/1", 2, (), (), (), ())
    assert set(nothing.choices({0: False, 1: False}).values()) == {0.0}


def test_through_the_product() -> None:
    problem = Problem("P/1", "python", Request("", HEADER), "", "", None)
    raws = [WRONG + "```", RIGHT + "```", RIGHT + "```", "    return (\n```"]
    samples = [Sample("P/1", number, solution="", raw=raw, mean_logprob=-0.5) for number, raw in enumerate(raws)]
    found = Selection.of("P/1", selected(task_for(problem), samples, run_here, CHAT))
    assert (found.drawn, found.candidates) == (4, ((1, 2, -0.5), (0, 1, -0.5)))
    assert found.examples == ((True,), (False,)) and found.answers == (True, True)


def test_a_problem_without_a_signature() -> None:
    with pytest.raises(InputError, match="P/2 gives no signature of a function"):
        task_for(Problem("P/2", "python", Request("Add two numbers."), "", "", None))
