"""Problems to samples: holes through the editor's own plan, words through the request prompt; in batches.

The batches of a run are settled before it starts, by its problems and parameters alone. Each is written when it is
done, in one write. So a run that was killed goes on with the first batch that is not in the file, and ends with the
file that an undisturbed run writes, byte for byte.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from codegpt.complete import CompletionOptions, Plan, conclude
from codegpt.engine.protocol import Generation, SamplingParams
from codegpt.errors import InputError
from codegpt.load import LoadedModel
from codegpt.postprocess import ended
from codegpt.prompt import Markup, Prompt
from codegpt.request import answered, program_of, render_request
from codegpt_evals.holes import plan_for
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import Sample, append, digest, read_samples, replace_lines


@dataclass(frozen=True)
class Sampling:
    """How samples are drawn.

    Attributes:
        samples: how many of each problem.
        temperature: 0 is greedy, and then one sample is all there is.
        batch: rows that are decoded together at most.
    """

    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    batch: int = 64
    max_new_tokens: int = 512  # of a request; holes have the editor's own limits

    def __post_init__(self) -> None:
        """Refuse what would draw the same sample several times.

        Raises:
            InputError: more than one sample without a temperature.
        """
        if self.samples > 1 and self.temperature == 0:
            raise InputError("several samples at temperature 0 are the same one; give --temperature, such as 0.8")


@dataclass(frozen=True)
class Asked:
    """A problem as the model is asked it; `plan` is the editor's, for a hole."""

    problem: Problem
    prompt: Prompt
    params: SamplingParams
    plan: Plan | None = None


@dataclass(frozen=True)
class Batch:
    """Problems that are decoded together, `rows` samples of each, the first of which is number `first_row`."""

    asked: tuple[Asked, ...]
    first_row: int
    rows: int

    @property
    def keys(self) -> list[tuple[str, int]]:
        """What it will write, in order."""
        rows = range(self.first_row, self.first_row + self.rows)
        return [(asked.problem.task_id, row) for asked in self.asked for row in rows]


@dataclass(frozen=True)
class Speed:
    """What a batch took."""

    samples: int
    seconds: float
    prompt_tokens: int
    tokens: int


def setup_of(loaded: LoadedModel, sampling: Sampling, options: CompletionOptions) -> dict[str, Any]:
    """What samples depend on besides problem and prompt."""
    info = loaded.engine.info
    return {
        "model": info.name,
        "digest": info.digest,
        "device": info.device,
        "dtype": info.dtype,
        "fim": str(loaded.fim) if loaded.fim else None,
        "chat": None if loaded.chat is None else digest(loaded.chat.source),
        "sampling": asdict(sampling),
        "completion": asdict(options),
    }


def setup_digest(setup: Mapping[str, Any]) -> str:
    """Names a setup."""
    return digest(json.dumps(setup, sort_keys=True))


def ask(problem: Problem, loaded: LoadedModel, sampling: Sampling, options: CompletionOptions) -> Asked:
    """The prompt of a problem, and how its answer is drawn."""
    engine = loaded.engine
    if isinstance(problem.asks, Hole):
        plan = plan_for(problem, engine.count_tokens, loaded.fim, options)
        return Asked(problem, plan.prompt, replace(plan.params, top_p=sampling.top_p), plan)
    most = min(sampling.max_new_tokens, engine.info.context_tokens // 2)
    params = SamplingParams(most, sampling.temperature, top_p=sampling.top_p, seed=sampling.seed)
    return Asked(problem, render_request(problem.asks, loaded.chat, engine.info.markup), params)


def batches(asked: Sequence[Asked], sampling: Sampling) -> list[Batch]:
    """All batches of a run, in order: problems with the same parameters share them."""
    rows = min(sampling.samples, sampling.batch)
    together = max(1, sampling.batch // rows)
    result = []
    for _, alike in groupby(sorted(asked, key=_parameters), key=_parameters):
        group = list(alike)
        for begin in range(0, len(group), together):
            for first in range(0, sampling.samples, rows):
                count = min(rows, sampling.samples - first)
                result.append(Batch(tuple(group[begin : begin + together]), first, count))
    return result


def _parameters(asked: Asked) -> str:
    return repr(asked.params)


def generate(
    problems: Sequence[Problem], loaded: LoadedModel, sampling: Sampling, options: CompletionOptions, path: Path
) -> Iterator[Speed | int]:
    """Draw the samples that `path` has not yet; yields first how many it has, then what each batch took.

    Raises:
        InputError: `path` holds samples of another model, setup or prompt.
    """
    options = replace(options, temperature=sampling.temperature, seed=sampling.seed)
    options = options.within(loaded.engine.info.context_tokens)
    setup = setup_digest(setup_of(loaded, sampling, options))
    asked = [ask(problem, loaded, sampling, options) for problem in problems]
    prompts = {each.problem.task_id: prompt_digest(each.prompt) for each in asked}
    planned = batches(asked, sampling)
    done = _kept(path, planned, setup, prompts)
    yield len(done)
    for batch in planned:
        if batch.keys[0] in done:
            continue
        started = time.monotonic()
        samples = _draw(batch, loaded, setup, prompts)
        append(path, samples)
        read = sum(_tokens(each.prompt, loaded) for each in batch.asked)
        yield Speed(len(samples), time.monotonic() - started, read, sum(sample.tokens for sample in samples))


def _kept(path: Path, planned: list[Batch], setup: str, prompts: Mapping[str, str]) -> set[tuple[str, int]]:
    """The samples of complete batches; what a kill left of another one is taken out of the file."""
    found = read_samples(path)
    for sample in found:
        if sample.setup != setup or prompts.get(sample.task_id, sample.prompt) != sample.prompt:
            raise InputError(
                f"{path} holds samples of another model, prompt or setting; name another --out or remove it"
            )
    there = {(sample.task_id, sample.index) for sample in found}
    complete = {key for batch in planned if there.issuperset(batch.keys) for key in batch.keys}
    planned_keys = {key for batch in planned for key in batch.keys}
    kept = [s for s in found if (s.task_id, s.index) in complete or (s.task_id, s.index) not in planned_keys]
    if len(kept) != len(found):
        replace_lines(path, kept)
    return complete


def _draw(batch: Batch, loaded: LoadedModel, setup: str, prompts: Mapping[str, str]) -> list[Sample]:
    params = replace(batch.asked[0].params, first_row=batch.first_row)

    def watch(row: int, text: str) -> bool:
        plan = batch.asked[row // batch.rows].plan
        return answered(text) if plan is None else ended(text, plan.place)

    drawn = loaded.engine.generate([each.prompt for each in batch.asked], params, n=batch.rows, watch=watch)
    return [
        _sample(asked, batch.first_row + row, generation, loaded, setup, prompts[asked.problem.task_id])
        for asked, generations in zip(batch.asked, drawn, strict=True)
        for row, generation in enumerate(generations)
    ]


def _sample(asked: Asked, index: int, generation: Generation, loaded: LoadedModel, setup: str, prompt: str) -> Sample:
    sample = Sample(
        asked.problem.task_id,
        index,
        tokens=len(generation.token_ids),
        stop_reason=generation.stop_reason,
        mean_logprob=round(generation.mean_logprob, 4),
        prompt=prompt,
        setup=setup,
    )
    asks = asked.problem.asks
    if isinstance(asks, Hole):
        assert asked.plan is not None
        items = conclude(asked.plan, [generation]).items
        return replace(sample, completion=asks.inserted(items[0].text if items else ""), raw=generation.text)
    return replace(sample, solution=program_of(generation.text, asks, fenced=loaded.chat is not None))


def prompt_digest(prompt: Prompt) -> str:
    """Names what a model is asked; a control token and text that spells it have different names."""
    parts = [[part.token] if isinstance(part, Markup) else part for part in prompt.parts]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _tokens(prompt: Prompt, loaded: LoadedModel) -> int:
    return sum(1 if isinstance(part, Markup) else loaded.engine.count_tokens(part) for part in prompt.parts)
