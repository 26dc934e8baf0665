"""Samples through the product's own `generate`, by an engine that answers from them: what selection makes of them.

What they are worth is known from their grades, which selection never sees.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from codegpt.chat import ChatTemplate
from codegpt.engine.protocol import (
    Cancelled,
    Engine,
    GenerateOnly,
    Generation,
    ModelInfo,
    SamplingParams,
    StopReason,
    Watch,
    never,
)
from codegpt.errors import InputError
from codegpt.generate import Candidates, GenerateOptions, Run, Task, generate, with_answer
from codegpt.interface import interface_of, named_only
from codegpt.prompt import Prompt
from codegpt.proposals import proposals_in
from codegpt.request import Request
from codegpt.task import Asked, task_of
from codegpt.task import task_for as task_for_words
from codegpt.trial import FunctionTrial, ScriptTrial
from codegpt.workspace_tests import subject_of
from codegpt_evals.checks import StdioCheck
from codegpt_evals.choices import Selection
from codegpt_evals.problem import Problem
from codegpt_evals.records import Sample, digest, replace_text


class Recorded(GenerateOnly):
    """An engine that has answered already.

    Args:
        begins: of the programs, what is no part of an answer.
    """

    def __init__(self, samples: Sequence[Sample], begins: str = "", info: ModelInfo | None = None) -> None:
        super().__init__(info or ModelInfo("recorded", "", 1 << 20, frozenset(), "none", "none"))
        self.samples = samples
        self.begins = begins

    def count_tokens(self, text: str) -> int:
        """Not known: characters."""
        return len(text)

    def generate(
        self,
        prompts: Sequence[Prompt],
        params: SamplingParams,
        *,
        n: int = 1,
        watch: Watch | None = None,
        cancelled: Cancelled = never,
        rows_at_once: int = 0,
    ) -> list[list[Generation]]:
        """The samples of those numbers, whatever is asked."""
        wanted = self.samples[params.first_row : params.first_row + n]
        return [[_generation(sample, self.begins) for sample in wanted] for _ in prompts]


def _generation(sample: Sample, begins: str) -> Generation:
    """As a block of code, whoever wrote it."""
    text = sample.completion if sample.solution is None else sample.solution.removeprefix(begins)
    return Generation(f"{text}\n```", (), sample.mean_logprob, StopReason.STOP)


_BLOCKS = ChatTemplate("{% for message in messages %}{{ message.content }}{% endfor %}")
"""Asks for a block of code, in no model's words."""


def task_for(problem: Problem, answers: Sequence[str] = ()) -> Task:
    """What the product would make of a problem.

    Args:
        answers: what a model wrote behind "assert ", when it was asked for asserts.

    Raises:
        InputError: it asks neither for a function that it names nor for a program over standard input.
    """
    request = problem.asks
    if isinstance(request, Request):
        name = _asserted(request.words)
        interface = interface_of(request.begins) or (named_only(name) if name else None)
        if interface is not None:
            return task_of(request, interface, proposals=proposals_in(answers, interface, "assert "))
        if isinstance(problem.check, StdioCheck):
            trial = task_for_words(Asked(request.words, request.language), Recorded(())).trial
            return Task(request, trial)
    raise InputError(f"{problem.task_id} names no function and is no program over standard input")


def _asserted(words: str) -> str:
    """The function that asserts in words are about; "" where there are none. Its name may be one of Python's."""
    lines = [line for line in words.split("\n") if line.startswith("assert ")]
    try:
        found = subject_of("\n".join(lines))
    except ValueError:
        found = ""
    called = re.search(r"\w+(?=\s*\()", "\n".join(lines))
    return found or (called[0] if called else "")


def selected(task: Task, samples: Sequence[Sample], run: Run, options: GenerateOptions | None = None) -> Candidates:
    """What the product makes of the samples.

    Args:
        options: None for all of them, without an early end and without a repair.
    """
    engine: Engine = Recorded(samples, task.request.begins)
    everything = GenerateOptions(len(samples), at_once=len(samples), margin=float("inf"), repairs=0)
    return generate(task, engine, _BLOCKS, run, options or everything)


def after_answer(task: Task, result: Candidates, canonical: str, run: Run) -> Candidates:
    """The result after the canonical program has answered the question that it asks, if it asks one."""
    if result.question is None or task.trial is None:
        return result
    behaviour = task.trial.seen(list(run(task.trial.jobs(canonical)))).behaviour
    number = result.question.number
    return with_answer(result, behaviour[number]) if number < len(behaviour) else result


FORMAT = 2


def select(
    problems: Sequence[Problem],
    samples: Mapping[str, Sequence[Sample]],
    run: Run,
    journal: Path,
    advance: Callable[[int], None] = lambda _: None,
    asserts: Mapping[str, Sequence[str]] | None = None,
) -> list[Selection]:
    """Of each problem that has samples what the product makes of them, in their order; goes on from `journal`.

    Args:
        asserts: of each problem, what a model wrote behind "assert ".

    Raises:
        InputError: the journal is of other samples, or not ours.
    """
    known = {found.task_id: (made_of, found) for made_of, found in read_selections(journal)}
    asserts = asserts or {}
    selections = []
    for problem in problems:
        drawn = sorted(samples.get(problem.task_id, ()), key=lambda sample: sample.index)
        if not drawn:
            continue
        if [sample.index for sample in drawn] != list(range(len(drawn))):
            raise InputError(
                f"{problem.task_id}: samples are missing; selection needs 0 to {drawn[-1].index}, all of them"
            )
        task = task_for(problem, asserts.get(problem.task_id, ()))
        texts = [[each.index, each.solution, each.completion, each.mean_logprob] for each in drawn]
        made_of = digest(json.dumps([texts, asserts.get(problem.task_id, ()), *_asked(task)]))
        made, found = known.get(problem.task_id, (made_of, None))
        if made != made_of:
            raise InputError(f"{journal} is of other samples or inputs of {problem.task_id}; name another --out")
        if found is None:
            result = selected(task, drawn, run)
            after = after_answer(task, result, problem.program(problem.canonical), run)
            found = Selection.of(problem.task_id, result, after)
            line = json.dumps({"format": FORMAT, "samples": made_of, **asdict(found)}, separators=(",", ":"))
            with journal.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        selections.append(found)
        advance(1)
    return selections


def _asked(task: Task) -> list[list[str]]:
    """What programs are asked, as text."""
    trial = task.trial
    examples = [each.text for each in trial.examples] if isinstance(trial, FunctionTrial) else []
    cases = [each.stdin + each.stdout for each in trial.cases] if isinstance(trial, ScriptTrial) else []
    return [examples, cases, [] if trial is None else list(trial.described)]


def read_selections(journal: Path) -> Iterator[tuple[str, Selection]]:
    """The whole lines of a journal, each with what it was made of; what a kill cut off is removed."""
    if not journal.exists():
        return
    text = journal.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        replace_text(journal, text)
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            row = json.loads(line)
            if row.pop("format") != FORMAT:
                raise InputError(f"{journal}:{number}: another format than {FORMAT}, which this version reads")
            made_of = row.pop("samples")
            row["candidates"] = tuple(tuple(each) for each in row["candidates"])
            row["examples"] = tuple(tuple(each) for each in row["examples"])
            row |= {name: tuple(row[name]) for name in ("behaviour", "answers", "support", "chosen")}
            yield made_of, Selection(**row)
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{journal}:{number} is not a line of a selection") from None
