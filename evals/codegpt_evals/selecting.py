"""What selection is worth: which way of choosing one of the same samples chooses a right one how often.

The samples go through the product's own `generate`, by an engine that answers from them; what they are worth is known
from their grades, which selection never sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from codegpt.generate import Candidates, GenerateOptions, Run, Task, generate
from codegpt.interface import interface_of
from codegpt.prompt import Prompt
from codegpt.request import Request
from codegpt.selection import Candidate, Seen, clusters
from codegpt.task import task_of
from codegpt_evals.problem import Problem
from codegpt_evals.records import Sample

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


def selected(problem: Problem, samples: Sequence[Sample], run: Run, chat: object = None) -> Candidates:
    """What the product makes of the samples: all of them, without an early end and without a repair."""
    request = problem.asks
    assert isinstance(request, Request)
    interface = interface_of(request.begins)
    assert interface is not None
    task: Task = task_of(request, interface)
    engine: Engine = Recorded(samples)
    options = GenerateOptions(len(samples), at_once=len(samples), margin=float("inf"), repairs=0)
    return generate(task, engine, chat, run, options)  # type: ignore[arg-type]


def choices(result: Candidates, right: Mapping[int, bool]) -> dict[str, float]:
    """How likely each of `WAYS` chooses a right one.

    Args:
        right: of each sample, by its number, whether it is.
    """
    candidates = [each.candidate for each in result.ranked]
    drawn = [right[number] for number in range(result.drawn)]
    passing = [each for each in candidates if _passes(result.seen[each.number])] or candidates
    blind = {number: replace(seen, examples=()) for number, seen in result.seen.items()}
    largest = max(clusters(passing, result.seen), key=lambda cluster: cluster.samples, default=None)
    agreed = next(iter(clusters(candidates, blind)), None)
    likeliest = max(candidates, key=lambda each: each.logprob, default=None)
    return {
        "random pick": sum(drawn) / len(drawn),
        "likeliest": float(likeliest is not None and right[likeliest.number]),
        "agreement alone": 0.0 if agreed is None else float(right[agreed.members[0].number]),
        "examples: a random one that passes": _mean(passing, right),
        "examples, then the largest cluster": 0.0 if largest is None else _mean(largest.members, right),
        "ranking": float(bool(result.ranked) and right[result.ranked[0].candidate.number]),
        "oracle": float(any(drawn)),
    }


def _passes(seen: Seen) -> bool:
    return bool(seen.examples) and all(seen.examples)


def _mean(candidates: Sequence[Candidate], right: Mapping[int, bool]) -> float:
    """The chance that a random sample of these is right."""
    total = sum(each.samples for each in candidates)
    return sum(each.samples * right[each.number] for each in candidates) / total if total else 0.0
