"""What selection is worth: which way of choosing one of the same samples chooses a right one how often.

The samples go through the product's own `generate`, by an engine that answers from them; what they are worth is known
from their grades, which selection never sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codegpt.chat import ChatTemplate
from codegpt.engine.protocol import (
    Cancelled,
    Engine,
    Generation,
    ModelInfo,
    PromptWork,
    Same,
    SamplingParams,
    StopReason,
    Watch,
    never,
)
from codegpt.errors import InputError
from codegpt.generate import Candidates, GenerateOptions, Run, Task, generate
from codegpt.interface import interface_of
from codegpt.prompt import Prompt
from codegpt.request import Request
from codegpt.selection import is_value
from codegpt.task import task_of
from codegpt_evals.problem import Problem
from codegpt_evals.records import Sample, digest

WAYS = (
    "random pick",
    "likeliest",
    "agreement alone",
    "examples: a random one that passes",
    "examples, then the largest cluster",
    "ranking",
    "oracle",
)


@dataclass
class Recorded:
    """An engine that has answered already."""

    samples: Sequence[Sample]
    info: ModelInfo = field(default_factory=lambda: ModelInfo("recorded", "", 1 << 20, frozenset(), "none", "none"))
    last_prompt: PromptWork = field(default_factory=PromptWork)

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
        return [[_generation(sample) for sample in wanted] for _ in prompts]

    def search(
        self,
        prompt: Prompt,
        params: SamplingParams,
        width: int,
        *,
        watch: Watch | None = None,
        same: Same = str,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """Not asked."""
        raise NotImplementedError

    def logprobs_after(
        self,
        prompt: Prompt,
        texts: Sequence[str],
        following: str,
        *,
        most_tokens: int,
        timeout_s: float | None = None,
        cancelled: Cancelled = never,
    ) -> list[float] | None:
        """Not known."""
        return None

    def seconds_to_read(self, prompt: Prompt) -> float:
        """None."""
        return 0.0

    def read(self, prompt: Prompt, cancelled: Cancelled = never) -> None:
        """Nothing to do."""

    def forget(self) -> None:
        """It keeps nothing."""


def _generation(sample: Sample) -> Generation:
    reason = StopReason(sample.stop_reason) if sample.stop_reason in list(StopReason) else StopReason.STOP
    return Generation(sample.raw or sample.completion or "", (), sample.mean_logprob, reason)


def task_for(problem: Problem) -> Task:
    """What the product would make of a problem.

    Raises:
        InputError: it does not ask for a function whose signature is there.
    """
    request = problem.asks
    interface = interface_of(request.begins) if isinstance(request, Request) else None
    if interface is None or not isinstance(request, Request):
        raise InputError(f"{problem.task_id} gives no signature of a function; selection is measured on those that do")
    return task_of(request, interface)


def selected(task: Task, samples: Sequence[Sample], run: Run, chat: ChatTemplate | None) -> Candidates:
    """What the product makes of the samples: all of them, without an early end and without a repair."""
    engine: Engine = Recorded(samples)
    options = GenerateOptions(len(samples), at_once=len(samples), margin=float("inf"), repairs=0)
    return generate(task, engine, chat, run, options)


@dataclass(frozen=True)
class Selection:
    """What became of one problem's samples, without a text of any.

    Attributes:
        candidates: the distinct programs, best first, as (number, samples, mean log-probability).
        examples: of each candidate, which examples it passes.
        behaviour: of each candidate, a name for what it does on the inputs.
        answers: of each candidate, whether it comes to any value there.
    """

    task_id: str
    drawn: int
    candidates: tuple[tuple[int, int, float], ...]
    examples: tuple[tuple[bool, ...], ...]
    behaviour: tuple[str, ...]
    answers: tuple[bool, ...]

    @classmethod
    def of(cls, task_id: str, result: Candidates) -> "Selection":
        """What is kept of a result."""
        ranked = [each.candidate for each in result.ranked]
        seen = [result.seen[each.number] for each in ranked]
        return cls(
            task_id,
            result.drawn,
            tuple((each.number, each.samples, round(each.logprob, 4)) for each in ranked),
            tuple(each.examples for each in seen),
            tuple(digest("\n".join(each.behaviour)) if each.behaviour else "" for each in seen),
            tuple(any(map(is_value, each.behaviour)) for each in seen),
        )

    def choices(self, right: Mapping[int, bool]) -> dict[str, float]:
        """How likely each of `WAYS` chooses a right one.

        Args:
            right: of each sample, by its number, whether it is.
        """
        every = range(len(self.candidates))
        passing = [at for at in every if self.examples[at] and all(self.examples[at])] or list(every)
        agreed = self._largest([at for at in every if self.answers[at]] or list(every), self.behaviour)
        both = [f"{self.examples[at]} {self.behaviour[at]}" for at in every]
        likeliest = max(every, key=lambda at: self.candidates[at][2], default=None)
        return {
            "random pick": sum(right[number] for number in range(self.drawn)) / self.drawn,
            "likeliest": self._mean([] if likeliest is None else [likeliest], right),
            "agreement alone": self._mean(agreed, right),
            "examples: a random one that passes": self._mean(passing, right),
            "examples, then the largest cluster": self._mean(self._largest(passing, both), right),
            "ranking": self._mean(list(every[:1]), right),
            "oracle": float(any(right[number] for number in range(self.drawn))),
        }

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
