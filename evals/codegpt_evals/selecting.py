"""What selection is worth: which way of choosing one of the same samples chooses a right one how often.

The samples go through the product's own `generate`, by an engine that answers from them; what they are worth is known
from their grades, which selection never sees.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
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
from codegpt.selection import dual_agreement, is_value, support_of
from codegpt.task import Asked, task_of
from codegpt.task import task_for as task_for_words
from codegpt.trial import FunctionTrial, ScriptTrial
from codegpt.workspace_tests import subject_of
from codegpt_evals.checks import StdioCheck
from codegpt_evals.metrics import Rate, mean_rate, pass_at_k
from codegpt_evals.problem import Problem
from codegpt_evals.records import Sample, digest, replace_text

WAYS = (
    "random pick",
    "likeliest",
    "largest cluster alone",
    "agreement alone",
    "CodeT agreement",
    "examples: a random one that passes",
    "examples, then the largest cluster",
    "ranking",
    "ranking, after one answer",
    "ten random picks",
    "examples: ten random ones that pass",
    "examples: ten random programs that pass",
    "ranking: the first ten",
    "oracle",
)
TEN = 10
"""AlphaCode submits so many of a problem's samples (Li et al., arXiv 2203.07814)."""


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


def selected(task: Task, samples: Sequence[Sample], run: Run) -> Candidates:
    """What the product makes of the samples: all of them, without an early end and without a repair."""
    engine: Engine = Recorded(samples, task.request.begins)
    options = GenerateOptions(len(samples), at_once=len(samples), margin=float("inf"), repairs=0)
    return generate(task, engine, _BLOCKS, run, options)


def after_answer(task: Task, result: Candidates, canonical: str, run: Run) -> Candidates:
    """The result after the canonical program has answered the question that it asks, if it asks one."""
    if result.question is None or task.trial is None:
        return result
    behaviour = task.trial.seen(list(run(task.trial.jobs(canonical)))).behaviour
    number = result.question.number
    return with_answer(result, behaviour[number]) if number < len(behaviour) else result


@dataclass(frozen=True)
class Selection:
    """What became of one problem's samples, without a text of any.

    Attributes:
        candidates: the distinct programs, best first, as (number, samples, mean log-probability).
        examples: of each candidate, which examples it passes.
        behaviour: of each candidate, a name for what it does on the inputs.
        answers: of each candidate, whether it comes to any value there.
        support: of each candidate, see `selection.support_of`, examples or not.
        chosen: by their numbers, the candidates that `selection.dual_agreement` chooses.
        asks: whether it asks which of two behaviours is right.
        after: the number of the first candidate after the right answer; -1 for none.
    """

    task_id: str
    drawn: int
    candidates: tuple[tuple[int, int, float], ...]
    examples: tuple[tuple[bool, ...], ...]
    behaviour: tuple[str, ...]
    answers: tuple[bool, ...]
    support: tuple[float, ...] = ()
    chosen: tuple[int, ...] = ()
    asks: bool = False
    after: int = -1

    @classmethod
    def of(cls, task_id: str, result: Candidates, after: Candidates) -> "Selection":
        """What is kept of a result, and of the one after the right answer."""
        ranked = [each.candidate for each in result.ranked]
        seen = [result.seen[each.number] for each in ranked]
        samples, behaviours = [each.samples for each in ranked], [each.behaviour for each in seen]
        return cls(
            task_id,
            result.drawn,
            tuple((each.number, each.samples, round(each.logprob, 4)) for each in ranked),
            tuple(each.examples for each in seen),
            tuple(digest("\n".join(each.behaviour)) if each.behaviour else "" for each in seen),
            tuple(any(map(is_value, each.behaviour)) for each in seen),
            tuple(round(each, 4) for each in support_of(list(zip(samples, behaviours, strict=True)))),
            tuple(each.number for each in dual_agreement(ranked, result.seen)),
            result.question is not None,
            after.ranked[0].candidate.number if after.ranked else -1,
        )

    def choices(self, right: Mapping[int, bool]) -> dict[str, float]:
        """How likely each of `WAYS` chooses a right one.

        Args:
            right: of each sample, by its number, whether it is.
        """
        every = range(len(self.candidates))
        passing = [at for at in every if self.examples[at] and all(self.examples[at])] or list(every)
        largest = self._largest([at for at in every if self.answers[at]] or list(every), self.behaviour)
        by_support = [(self.support[at], self.candidates[at][2], -self.candidates[at][0]) for at in every]
        agreed = [max(every, key=by_support.__getitem__)] if by_support else []
        both = [f"{self.examples[at]} {self.behaviour[at]}" for at in every]
        chosen = [at for at in every if self.candidates[at][0] in self.chosen]
        correct = sum(right[number] for number in range(self.drawn))
        random = correct / self.drawn
        highest = max((logprob for _, _, logprob in self.candidates), default=0.0)
        likeliest = [at for at in every if self.candidates[at][2] == highest]
        return {
            "random pick": random,
            "likeliest": self._mean(likeliest, right),
            "largest cluster alone": self._mean(largest, right),
            "agreement alone": self._mean(agreed, right),
            "CodeT agreement": self._mean(chosen, right) if chosen else random,
            "examples: a random one that passes": self._mean(passing, right),
            "examples, then the largest cluster": self._mean(self._largest(passing, both), right),
            "ranking": self._mean(list(every[:1]), right),
            "ranking, after one answer": float(right[self.after]) if self.after >= 0 else 0.0,
            "ten random picks": _ten([right[number] for number in range(self.drawn)]),
            "examples: ten random ones that pass": _ten(
                [right[self.candidates[at][0]] for at in passing for _ in range(self.candidates[at][1])]
            ),
            "examples: ten random programs that pass": _ten([right[self.candidates[at][0]] for at in passing]),
            "ranking: the first ten": float(any(right[self.candidates[at][0]] for at in every[:TEN])),
            "oracle": float(correct > 0),
        }

    @property
    def survivors(self) -> int:
        """How many behaviours pass all examples, or as many as there are where no candidate does."""
        every = range(len(self.candidates))
        passing = [at for at in every if self.examples[at] and all(self.examples[at])] or list(every)
        return len({(self.examples[at], self.behaviour[at]) for at in passing})

    def _largest(self, among: Sequence[int], names: Sequence[str]) -> list[int]:
        """The candidates of the behaviour that most samples have; of equal ones the likeliest."""
        groups: dict[str, list[int]] = {}
        for at in among:
            groups.setdefault(names[at], []).append(at)

        def size(group: list[int]) -> tuple[int, float]:
            return sum(self.candidates[at][1] for at in group), max(self.candidates[at][2] for at in group)

        return max(groups.values(), key=size, default=[])

    def _mean(self, among: Sequence[int], right: Mapping[int, bool]) -> float:
        """The chance that a random sample of these candidates is right."""
        total = sum(self.candidates[at][1] for at in among)
        return sum(self.candidates[at][1] * right[self.candidates[at][0]] for at in among) / total if total else 0.0


def _ten(right: Sequence[bool]) -> float:
    """The chance that one of ten of these, at random, is right."""
    return pass_at_k(len(right), sum(right), min(TEN, len(right))) if right else 0.0


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
    known = {found.task_id: (made_of, found) for made_of, found in _read(journal)}
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


def _read(journal: Path) -> Iterator[tuple[str, Selection]]:
    """The whole lines of a journal; what a kill cut off is removed."""
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


def distinct(selections: Sequence[Selection]) -> dict[str, float]:
    """How many samples, distinct programs and distinct behaviours a problem has, on average."""
    counts = [
        (each.drawn, len(each.candidates), len(set(zip(each.examples, each.behaviour, strict=True))))
        for each in selections
    ]
    names = ("samples", "programs", "behaviours")
    return {name: sum(column) / len(counts) for name, column in zip(names, zip(*counts, strict=True), strict=False)}


def worth(
    selections: Sequence[Selection],
    right: Mapping[str, Mapping[int, bool]],
    greedy: Mapping[str, bool] | None = None,
) -> dict[str, Rate]:
    """The mean of each way over problems, and what the ranking is better by, with bootstrap intervals over problems.

    Args:
        right: of each problem, of each sample, whether it is right.
        greedy: of each problem whether the greedy answer is.

    Raises:
        InputError: something is not graded.
    """
    graded = [each for each in selections if each.task_id in right]
    for each in graded:
        if any(number not in right[each.task_id] for number in range(each.drawn)):
            raise InputError(f"{each.task_id}: not all of its samples are graded")
        if greedy is not None and each.task_id not in greedy:
            raise InputError(f"{each.task_id}: its greedy answer is not graded")
    rows = [each.choices(right[each.task_id]) for each in graded]
    columns: dict[str, list[float]] = {way: [row[way] for row in rows] for way in WAYS}
    if greedy is not None:
        columns["greedy"] = [float(greedy[each.task_id]) for each in graded]
        columns["ranking - greedy"] = [row["ranking"] - greedy[e.task_id] for e, row in zip(graded, rows, strict=True)]
    columns["ranking - random pick"] = [row["ranking"] - row["random pick"] for row in rows]
    columns["largest cluster alone - random pick"] = [row["largest cluster alone"] - row["random pick"] for row in rows]
    columns["agreement alone - random pick"] = [row["agreement alone"] - row["random pick"] for row in rows]
    columns["ranking: the first ten - ten random programs that pass"] = [
        row["ranking: the first ten"] - row["examples: ten random programs that pass"] for row in rows
    ]
    columns["ranking, after one answer - ranking, where it asks"] = [
        row["ranking, after one answer"] - row["ranking"] for each, row in zip(graded, rows, strict=True) if each.asks
    ]
    several = [row for each, row in zip(graded, rows, strict=True) if each.survivors > 1]
    where = "ranking - a random one that passes, where behaviours differ"
    columns[where] = [row["ranking"] - row["examples: a random one that passes"] for row in several]
    return {name: mean_rate(values) for name, values in columns.items() if values}
