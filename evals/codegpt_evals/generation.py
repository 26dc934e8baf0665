"""Problems to samples: holes through the editor's own plan, words through the request prompt; in batches.

The groups of a run are settled before it starts, by its problems and parameters alone. Each is written when it is done,
in one write. So a run that was killed goes on with the first group that is not in the file, and ends with the file that
an undisturbed run writes, byte for byte.
"""

import hashlib
import inspect
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from codegpt import complete, planning, postprocess, request
from codegpt.complete import conclude, suggest
from codegpt.engine.protocol import Generation, SamplingParams
from codegpt.errors import InputError
from codegpt.load import LoadedModel
from codegpt.planning import CONFIGURATION, CompletionOptions, Plan
from codegpt.postprocess import ended
from codegpt.prompt import Markup, Prompt
from codegpt.request import Request, answered, program_of, render_request
from codegpt_evals.holes import plan_for
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import Sample, append, digest, read_samples, replace_lines, to_line

BATCHES_IN_GROUP = 2
"""A group takes as long as about so many batches, at whose end the last rows have the machine for themselves."""


@dataclass(frozen=True)
class Sampling:
    """How samples are drawn.

    Attributes:
        samples: how many of each problem.
        candidates: of a hole, how many texts are ranked for the one that is the sample.
        temperature: 0 is greedy, and then one sample is all there is.
        batch: samples that are decoded together; as some end, others of the same group take their places.
    """

    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    batch: int = 64
    max_new_tokens: int = 512  # of a request; holes have the editor's own limits
    candidates: int = 1

    def __post_init__(self) -> None:
        """Refuse what would draw nothing, or the same sample several times.

        Raises:
            InputError: no sample, or more than one without a temperature or out of candidates.
        """
        if min(self.samples, self.batch, self.candidates) < 1:
            raise InputError("there is at least one sample, and at least one in a batch")
        if self.candidates > 1 and (self.samples > 1 or self.temperature > 0):
            raise InputError(
                "--candidates are the likeliest texts, one of which is the sample: no --samples, no --temperature"
            )
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
class Group:
    """Problems whose samples are drawn, and written, together: `rows` of each, the first of which is `first_row`."""

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
    """What a group took."""

    seconds: float
    prompt_tokens: int
    tokens: int


def options_of(sampling: Sampling, options: CompletionOptions) -> CompletionOptions:
    """The editor's options, drawn as `sampling` says."""
    return replace(options, temperature=sampling.temperature, seed=sampling.seed, n=sampling.candidates)


def setup_of(loaded: LoadedModel, sampling: Sampling, options: CompletionOptions) -> dict[str, Any]:
    """What samples depend on besides problem and prompt; `code` names the text of what decides where an answer ends."""
    info = loaded.engine.info
    return {
        "configuration": CONFIGURATION,
        "code": digest("".join(map(inspect.getsource, (complete, planning, postprocess, request)))),
        "model": info.name,
        "digest": info.digest,
        "device": info.device,
        "dtype": info.dtype,
        "fim": str(loaded.fim) if loaded.fim else None,
        "chat": None if loaded.chat is None else digest(loaded.chat.source),
        "sampling": asdict(sampling),
        "completion": asdict(options_of(sampling, options)),
    }


def setup_digest(setup: Mapping[str, Any]) -> str:
    """Names a setup."""
    return digest(json.dumps(setup, sort_keys=True))


def ask(problem: Problem, loaded: LoadedModel, sampling: Sampling, options: CompletionOptions) -> Asked:
    """The prompt of a problem, and how its answer is drawn.

    Raises:
        InputError: a request is too long for the model, or wants candidates.
    """
    engine = loaded.engine
    if isinstance(problem.asks, Hole):
        options = options if problem.asks.around else replace(options, context_tokens=0)
        options = options.within(engine.info.context_tokens)
        plan = plan_for(problem, engine.count_tokens, loaded.fim, options)
        return Asked(problem, plan.prompt, replace(plan.params, top_p=sampling.top_p), plan)
    most = min(sampling.max_new_tokens, engine.info.context_tokens // 2)
    if sampling.candidates > 1:
        raise InputError(f"{problem.task_id} is no hole; --candidates are for holes")
    params = SamplingParams(most, sampling.temperature, top_p=sampling.top_p, seed=sampling.seed)
    prompt = render_request(problem.asks, loaded.chat, engine.info.markup)
    if _tokens(prompt, loaded) + most > engine.info.context_tokens:
        raise InputError(f"{problem.task_id} does not fit the model's context of {engine.info.context_tokens} tokens")
    return Asked(problem, prompt, params)


def groups(asked: Sequence[Asked], sampling: Sampling) -> list[Group]:
    """All groups of a run, in order: problems with the same parameters share them."""
    rows = min(sampling.samples, sampling.batch)
    together = max(1, BATCHES_IN_GROUP * sampling.batch // (rows * sampling.candidates))
    result = []
    for _, alike in groupby(sorted(asked, key=_parameters), key=_parameters):
        listed = list(alike)
        for begin in range(0, len(listed), together):
            for first in range(0, sampling.samples, rows):
                count = min(rows, sampling.samples - first)
                result.append(Group(tuple(listed[begin : begin + together]), first, count))
    return result


def _parameters(asked: Asked) -> str:
    return repr(asked.params)


@dataclass(frozen=True)
class Drawing:
    """The samples of a run that are still to be drawn.

    Attributes:
        done: how many samples `path` has already.
        dropped: how many it had of groups that were not done; they are drawn again.
        groups: those that are left.
        prompts: digest of what the model is asked, by problem.
        at_once: how many samples are decoded together.
    """

    loaded: LoadedModel
    path: Path
    setup: str
    prompts: Mapping[str, str]
    at_once: int
    done: int
    dropped: int
    groups: tuple[Group, ...]


def prepare(
    problems: Sequence[Problem],
    loaded: LoadedModel,
    sampling: Sampling,
    options: CompletionOptions,
    path: Path,
    others: Sequence[Sample] = (),
) -> Drawing:
    """Settle the groups, and find those that `path` has already.

    Args:
        others: samples of the same setup but for the context; those of the same prompt are taken, not drawn.

    Raises:
        InputError: `path` holds samples of another model, setup or prompt.
    """
    setup = setup_digest(setup_of(loaded, sampling, options))
    options = options_of(sampling, options)
    asked = [ask(problem, loaded, sampling, options) for problem in problems]
    prompts = {each.problem.task_id: prompt_digest(each.prompt) for each in asked}
    taken = {(each.task_id, each.index): each for each in others if prompts.get(each.task_id) == each.prompt}
    drawn = [each for each in asked if any((each.problem.task_id, row) not in taken for row in range(sampling.samples))]
    planned = groups(drawn, sampling)
    done, dropped = _kept(path, planned, setup, prompts)
    known = {(each.task_id, each.index) for each in read_samples(path, ours=True)}
    not_planned = taken.keys() - {key for group in planned for key in group.keys}
    append(path, [replace(taken[key], setup=setup) for key in sorted(not_planned - known)], to_disk=True)
    left = tuple(group for group in planned if group.keys[0] not in done)
    return Drawing(loaded, path, setup, prompts, sampling.batch, len(done | not_planned), dropped, left)


def draw(drawing: Drawing, advance: Callable[[int], None] = lambda _count: None) -> Iterator[Speed]:
    """Draw what is left, group by group; each is on the disk when its speed is said.

    Args:
        advance: told of so many samples more that have ended.
    """
    for group in drawing.groups:
        started = time.monotonic()
        samples = _draw(group, drawing, advance)
        append(drawing.path, samples, to_disk=True)
        read = sum(_tokens(each.prompt, drawing.loaded) for each in group.asked)
        yield Speed(time.monotonic() - started, read, sum(sample.tokens for sample in samples))


def _kept(path: Path, planned: list[Group], setup: str, prompts: Mapping[str, str]) -> tuple[set[tuple[str, int]], int]:
    """The samples of complete groups; those of another one are taken out of the file, and counted."""
    found = read_samples(path, ours=True)
    for sample in found:
        if sample.setup != setup or prompts.get(sample.task_id, sample.prompt) != sample.prompt:
            raise InputError(
                f"{path} holds samples of another model, prompt or setting; name another --out or remove it"
            )
    there = {(sample.task_id, sample.index) for sample in found}
    whole = {key for group in planned if there.issuperset(group.keys) for key in group.keys}
    planned_keys = {key for group in planned for key in group.keys}
    kept = [s for s in found if (s.task_id, s.index) in whole or (s.task_id, s.index) not in planned_keys]
    if path.exists() and "".join(map(to_line, kept)).encode() != path.read_bytes():
        replace_lines(path, kept)
    return whole, len(found) - len(kept)


def _draw(group: Group, drawing: Drawing, advance: Callable[[int], None]) -> list[Sample]:
    best = [_best(each.plan, drawing, advance) for each in group.asked if each.plan is not None and each.plan.n > 1]
    drawn = [[each] for each in best] or _drawn(group, drawing, advance)
    return [
        _sample(asked, group.first_row + row, generation, drawing)
        for asked, generations in zip(group.asked, drawn, strict=True)
        for row, generation in enumerate(generations)
    ]


def _best(plan: Plan, drawing: Drawing, advance: Callable[[int], None]) -> Generation:
    """What the editor's first suggestion was made of; where it has none, the likeliest of what was written."""
    engine = drawing.loaded.engine
    engine.forget()  # what a long run draws does not depend on what came before
    found = suggest(plan, engine)
    advance(1)
    written = max(found.written, key=lambda generation: generation.logprob_of(len(generation.text)))
    return found.items[0].generation if found.items else written


def _drawn(group: Group, drawing: Drawing, advance: Callable[[int], None]) -> list[list[Generation]]:
    """The rows of all problems of a group in shared batches."""
    params = replace(group.asked[0].params, first_row=group.first_row)
    stopped = 0

    def watch(row: int, text: str) -> bool:
        nonlocal stopped
        asked = group.asked[row // group.rows]
        if asked.plan is not None:
            stops = ended(text, asked.plan.place)
        else:
            assert isinstance(asked.problem.asks, Request)
            stops = answered(text, asked.problem.asks, fenced=drawing.loaded.chat is not None)
        if stops:
            stopped += 1
            advance(1)
        return stops

    prompts = [each.prompt for each in group.asked]
    drawn = drawing.loaded.engine.generate(prompts, params, n=group.rows, watch=watch, rows_at_once=drawing.at_once)
    advance(len(group.keys) - stopped)  # those that ended in another way
    return drawn


def _sample(asked: Asked, index: int, generation: Generation, drawing: Drawing) -> Sample:
    sample = Sample(
        asked.problem.task_id,
        index,
        tokens=len(generation.token_ids),
        stop_reason=generation.stop_reason,
        mean_logprob=round(generation.mean_logprob, 4),
        prompt=drawing.prompts[asked.problem.task_id],
        setup=drawing.setup,
    )
    asks = asked.problem.asks
    if isinstance(asks, Hole):
        assert asked.plan is not None
        items = conclude(asked.plan, [generation]).items
        return replace(sample, completion=asks.inserted(items[0].text if items else ""), raw=generation.text)
    program = program_of(generation.text, asks, fenced=drawing.loaded.chat is not None)
    return replace(sample, solution=program, raw=generation.text)


def prompt_digest(prompt: Prompt) -> str:
    """Names what a model is asked; a control token and text that spells it have different names."""
    parts = [[part.token] if isinstance(part, Markup) else part for part in prompt.parts]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _tokens(prompt: Prompt, loaded: LoadedModel) -> int:
    return sum(1 if isinstance(part, Markup) else loaded.engine.count_tokens(part) for part in prompt.parts)
