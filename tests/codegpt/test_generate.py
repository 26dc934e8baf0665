"""From answers to candidates with evidence; the programs of these tests are ours and run here."""

import itertools
from collections.abc import Iterator, Sequence

import pytest

from codegpt.chat import ChatTemplate
from codegpt.engine.protocol import Cancelled, never
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.errors import PromptTooLong, SandboxUnavailable
from codegpt.examples import examples_in
from codegpt.generate import Candidates, GenerateOptions, Progress, Task, generate
from codegpt.prompt import Prompt
from codegpt.request import Request
from codegpt.sandbox.outcome import End, Outcome, Raised, Reply, Returned
from codegpt.sandbox.program import Call, Calls, Job, Program
from codegpt.selection import Level
from codegpt.trial import FunctionTrial

MARKUP = ("<|im_start|>", "<|im_end|>")
CHAT = ChatTemplate(
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{{ '' }}{% endif %}"
)
HEADER = 'def f(x):\n    """f(1) == 2 and so on."""\n'
REQUEST = Request("", HEADER)
RIGHT, ALSO_RIGHT, WRONG, BROKEN = "    return 2 * x\n", "    return x + x\n", "    return x\n", "    return (\n"
EXAMPLES = examples_in("f(1) == 2\nf(3) == 6", "f")
INPUTS = (Call("f", (1,)), Call("f", (0,)), Call("f", ("a",)))


def run_here(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
    for job in jobs:
        assert isinstance(job.task, Calls)
        names: dict[str, object] = {}
        exec(job.program.source, names)
        replies = []
        for call in job.task.calls:
            try:
                result: Returned | Raised = Returned(names[call.function](*call.args))  # type: ignore[operator]
            except Exception as error:
                result = Raised(type(error).__name__)
            replies.append(Reply(result, 0.0))
        yield Outcome(End.COMPLETE, replies=tuple(replies))


def answers(*bodies: str, repaired: str = "") -> ScriptedEngine:
    def script(prompt: Prompt, row: int) -> str:
        again = "This is wrong." in prompt_text(prompt)
        return (repaired if again else bodies[row % len(bodies)]) + "```\nand so on"

    return ScriptedEngine(script, MARKUP)


def found(engine: ScriptedEngine, examples: tuple[object, ...] = EXAMPLES, **options: object) -> Candidates:
    trial = FunctionTrial(examples=examples, inputs=INPUTS)  # type: ignore[arg-type]
    task = Task(REQUEST, trial, failure=lambda number: f"f fails example {number}")
    return generate(task, engine, CHAT, run_here, GenerateOptions(**options))  # type: ignore[arg-type]


def programs(candidates: Candidates) -> list[str]:
    return [each.candidate.program.removeprefix(HEADER) for each in candidates.ranked]


def test_what_passes_the_examples_comes_first_with_its_evidence() -> None:
    result = found(answers(WRONG, WRONG, WRONG, RIGHT), samples=8)
    assert programs(result) == [RIGHT, WRONG]
    first = result.ranked[0].evidence
    assert (first.level, first.passed, first.of, first.agree, first.drawn) == (Level.EXAMPLES, 2, 2, 2, 8)
    assert result.drawn == 8 and not result.repaired and result.question is None


def test_programs_that_do_the_same_are_one_behaviour_and_the_same_program_is_one() -> None:
    result = found(answers(RIGHT, ALSO_RIGHT, "    # twice\n    return 2*x\n", ALSO_RIGHT), samples=4, margin=99.0)
    assert sorted(programs(result)) == sorted([RIGHT, ALSO_RIGHT])
    assert [each.evidence.agree for each in result.ranked] == [4, 4]


def test_without_examples_agreement_is_said_and_a_question_asked() -> None:
    result = found(answers(WRONG, RIGHT, RIGHT), (), samples=6)
    assert programs(result) == [RIGHT, WRONG]
    assert result.ranked[0].evidence.reason == "no examples given"
    assert result.question is not None
    assert (result.question.input, result.question.first, result.question.second) == ("f(1)", "= 2", "= 1")


def test_what_does_not_parse_is_no_candidate() -> None:
    result = found(answers(BROKEN, RIGHT), samples=4)
    assert programs(result) == [RIGHT] and result.broken == 2 and result.drawn == 4


def test_a_machine_without_a_jail_still_gives_candidates() -> None:
    task = Task(REQUEST, None, "no runner for ruby here")
    result = generate(task, answers(RIGHT, WRONG), CHAT, None, GenerateOptions(samples=4))
    assert {each.evidence.reason for each in result.ranked} == {"no runner for ruby here"}
    assert {each.evidence.level for each in result.ranked} == {Level.PARSES}


def test_it_ends_when_one_behaviour_has_won() -> None:
    assert found(answers(RIGHT), samples=64, at_once=8).drawn == 9  # 9 >= 3 * 9**0.5
    assert found(answers(RIGHT, WRONG), samples=64, at_once=8, margin=99.0).drawn == 64


def test_it_ends_when_somebody_says_so_or_time_is_over() -> None:
    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES, inputs=INPUTS))
    asked = itertools.count()
    options = GenerateOptions(samples=99, at_once=1)
    some = generate(task, answers(RIGHT), CHAT, run_here, options, cancelled=lambda: next(asked) > 60)
    assert 0 < some.drawn < 99 and programs(some) == [RIGHT]
    none = generate(task, answers(RIGHT), CHAT, run_here, GenerateOptions(budget_s=0.0))
    assert none.ranked == () and none.drawn == 0


def test_half_a_program_is_no_candidate() -> None:
    slow = ScriptedEngine(RIGHT * 9, MARKUP, seconds_per_token=0.01)
    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES))
    result = generate(task, slow, CHAT, run_here, GenerateOptions(budget_s=0.05))
    assert result.ranked == () and result.drawn == 1


def test_what_failed_goes_back_to_the_model() -> None:
    engine = answers(WRONG, repaired=RIGHT)
    result = found(engine, samples=4)
    assert programs(result) == [RIGHT, WRONG] and result.repaired and result.drawn == 8
    assert not found(engine, samples=4, repairs=0).repaired
    assert not found(answers(WRONG), samples=4).repaired
    assert found(answers(RIGHT, repaired=WRONG), samples=4).drawn == 4


def test_the_model_is_told_what_failed() -> None:
    seen: list[str] = []

    def script(prompt: Prompt, row: int) -> str:
        seen.append(prompt_text(prompt))
        return WRONG + "```"

    found(ScriptedEngine(script, MARKUP), samples=2, at_once=1)
    assert "f fails example 0" in seen[-1] and HEADER + WRONG.rstrip() in seen[-1]
    assert seen[-1].endswith(f"```python\n{HEADER}")


def test_it_says_how_far_it_is() -> None:
    told: list[Progress] = []
    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES, inputs=INPUTS))
    generate(task, answers(RIGHT, WRONG), CHAT, run_here, GenerateOptions(samples=5, at_once=2), told.append)
    assert told == [Progress(1, 5, 1, 1, 1), Progress(3, 5, 2, 2, 2), Progress(5, 5, 2, 3, 2)]


def test_it_draws_less_at_once_while_somebody_types() -> None:
    asked: list[int] = []

    def room(rows: int) -> int:
        asked.append(rows)
        return 1 if len(asked) == 1 else rows

    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES, inputs=INPUTS))
    told: list[Progress] = []
    options = GenerateOptions(samples=8, at_once=4, margin=99.0)
    generate(task, answers(RIGHT, WRONG), CHAT, run_here, options, told.append, room=room)
    assert asked == [4, 4, 2] and [each.drawn for each in told] == [1, 2, 6, 8]


def test_a_model_without_a_chat_template() -> None:
    engine = ScriptedEngine(lambda _prompt, _row: RIGHT + "\nprint(f(1))\n")
    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES, inputs=INPUTS))
    result = generate(task, engine, None, run_here, GenerateOptions(samples=2))
    assert programs(result) == [RIGHT]


@pytest.mark.parametrize("text", ["", "```", "\n\n"])
def test_an_empty_answer_is_a_program_that_does_nothing(text: str) -> None:
    result = found(ScriptedEngine(text, MARKUP), samples=2)
    assert [each.evidence.passed for each in result.ranked] == [0]


def test_a_file_that_does_not_load_is_nobodys_fault() -> None:
    def run_none(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
        for _ in jobs:
            yield Outcome(End.NOT_LOADED, raised=Raised("ImportError", (), "attempted relative import"))

    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES), stub=Program("from . import x\n"))
    [first] = generate(task, answers(RIGHT), CHAT, run_none, GenerateOptions(samples=2)).ranked
    assert first.evidence.level is Level.PARSES
    assert first.evidence.reason == "the file itself does not load in the jail: ImportError: attempted relative import"


def test_a_language_whose_interpreter_is_missing() -> None:
    def refuse(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
        raise SandboxUnavailable("no runner for javascript on this machine")

    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES))
    [first] = generate(task, answers(RIGHT), CHAT, refuse, GenerateOptions(samples=2)).ranked
    assert first.evidence.reason == "no runner for javascript on this machine"


def test_it_ends_between_two_runs_as_well() -> None:
    seen = 0

    def count(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
        nonlocal seen
        for outcome in run_here(jobs):
            if cancelled():
                return
            seen += 1
            yield outcome

    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES, inputs=INPUTS))
    options = GenerateOptions(samples=9, at_once=8)
    result = generate(task, answers(RIGHT, WRONG, BROKEN), CHAT, count, options, cancelled=lambda: seen > 1)
    assert [each.evidence.level for each in result.ranked] == [Level.EXAMPLES, Level.AGREEMENT]
    result = generate(task, answers(RIGHT, WRONG), CHAT, count, options, cancelled=lambda: seen > 0)
    assert result.ranked == ()


def test_a_file_that_takes_too_long_to_load() -> None:
    def nothing(jobs: Sequence[Job], cancelled: Cancelled = never) -> Iterator[Outcome]:
        return iter(())

    task = Task(REQUEST, FunctionTrial(examples=EXAMPLES), stub=Program("import slow\n"))
    [first] = generate(task, answers(RIGHT), CHAT, nothing, GenerateOptions(samples=2)).ranked
    assert first.evidence.reason == "there was no time to load the file"


def test_a_repair_that_does_not_fit_leaves_what_is_there() -> None:
    def script(prompt: Prompt, row: int) -> str:
        if "This is wrong" in prompt_text(prompt):
            raise PromptTooLong("too long")
        return WRONG + "```"

    assert programs(found(ScriptedEngine(script, MARKUP), samples=2)) == [WRONG]


def test_a_repair_that_repeats_itself_is_no_agreement() -> None:
    result = found(answers(WRONG, repaired=WRONG), samples=4)
    assert [each.evidence.agree for each in result.ranked] == [4] and result.drawn > 4
