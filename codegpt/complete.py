"""PRODUCT 1: from a document and a cursor to what may be inserted there.

`complete` is pure steps around calls of the engine: `planning` decides how far the completion may reach and renders the
prompt, the engine writes, `conclude` cuts what it wrote, and of several suggestions `rank` puts first the one that goes
best with the text after the cursor. The evals use the same steps.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from codegpt.context.cursor import Cursor
from codegpt.context.gather import NOTHING, Context
from codegpt.document import Document
from codegpt.engine.protocol import Cancelled, Engine, Generation, PromptWork, StopReason, never
from codegpt.errors import OutOfMemory
from codegpt.planning import SHARES, CompletionOptions, Plan, plan_in_time
from codegpt.postprocess import (
    Cut,
    Extent,
    Finished,
    drop_control_characters,
    drop_typed_space,
    drop_unfinished_line,
    ended,
    finish,
    first_line,
)
from codegpt.prompt import Fim, for_model
from codegpt.whole import BREAKS, drop_what_breaks

RANKING_TOKENS = 32
"""So much of the text after the cursor ranks suggestions: 16 and 64 ranked the holes that were tried alike."""


@dataclass(frozen=True)
class Completion:
    """Text to insert at the cursor, and how it came about.

    Attributes:
        generation: what the model wrote, before the rules.
        logprob: how likely it found `text`, the token that ends it included.
        begins: so many characters that the model wrote stand before `text`: cut off, or typed meanwhile.
    """

    text: str
    generation: Generation
    cuts: tuple[Cut, ...]
    logprob: float
    begins: int = field(default=0, compare=False)

    @property
    def confidence(self) -> float:
        """From 0 to 1, the geometric mean of the probabilities of the tokens that wrote its first line and ended it."""
        end = self.begins + len(first_line(self.text))
        return math.exp(min(0.0, self.generation.mean_logprob_between(self.begins, end)))


class Took(NamedTuple):
    """What an answer took: for looking around and planning; for writing, cutting and ranking; and of the prompt."""

    planning_s: float = 0.0
    writing_s: float = 0.0
    prompt: PromptWork = PromptWork()


@dataclass(frozen=True)
class Completions:
    """The suggestions, best first; where there is none, `why_none` says why in a few words.

    Attributes:
        written: all that the model wrote, also what the rules left nothing of.
        context: what the model was told of other files.
    """

    items: tuple[Completion, ...]
    why_none: str = ""
    extent: Extent = Extent.LINE
    cuts: tuple[Cut, ...] = ()
    written: tuple[Generation, ...] = field(default=(), compare=False)
    context: Context = field(default=NOTHING, compare=False)
    took: Took = field(default=Took(), compare=False)


def conclude(asked: Plan, generations: Sequence[Generation], left_out: frozenset[str] = frozenset()) -> Completions:
    """Cut what the model wrote; equal texts are one suggestion, ordered by how sure the model was.

    Args:
        left_out: names of rules that are not to cut, to see what a rule is worth.
    """
    distinct: dict[str, Completion] = {}
    cuts: tuple[Cut, ...] = ()
    answered = [generation for generation in generations if generation.stop_reason is not StopReason.CANCELLED]
    for generation in sorted(answered, key=lambda g: -g.mean_logprob):
        unfinished = generation.stop_reason in (StopReason.LENGTH, StopReason.DEADLINE)
        text = drop_unfinished_line(generation.text) if unfinished else generation.text
        finished = finish(text, asked.place, left_out)
        if not unfinished or text != generation.text:  # half a line need not parse
            finished = _kept_whole(finished, asked, left_out)
        cuts = cuts or finished.cuts
        if finished.text:
            front = sum(cut.characters for cut in finished.cuts if cut.rule in _AT_THE_FRONT)
            cut_off = sum(cut.characters for cut in finished.cuts) - front
            logprob = generation.logprob_of(len(text) - cut_off)
            item = Completion(finished.text, generation, finished.cuts, logprob, front)
            distinct.setdefault(finished.text, item)
    why = "" if distinct else _why_none(generations, cuts)
    return Completions(tuple(distinct.values()), why, asked.place.extent, cuts, tuple(generations))


def _kept_whole(finished: Finished, asked: Plan, left_out: frozenset[str]) -> Finished:
    """Without what would leave the code around it unreadable."""
    rule = drop_what_breaks.__name__
    if asked.syntax is None or not finished.text or rule in left_out:
        return finished
    kept = drop_what_breaks(finished.text, asked.place, asked.syntax)
    if kept == finished.text:
        return finished
    return Finished(kept, (*finished.cuts, Cut(rule, BREAKS, len(finished.text) - len(kept))))


_AT_THE_FRONT = (drop_control_characters.__name__, drop_typed_space.__name__)
"""The rules that do not shorten a text at its end."""


def rank(completions: Completions, fits: Sequence[float]) -> Completions:
    """The likeliest suggestion first.

    Args:
        fits: the log-probability of the text after the cursor, behind each of them.
    """
    pairs = zip(completions.items, fits, strict=True)
    ranked = sorted(pairs, key=lambda pair: -(pair[0].logprob + pair[1]))
    return replace(completions, items=tuple(item for item, _ in ranked))


def suggest(asked: Plan, engine: Engine, cancelled: Cancelled = never) -> Completions:
    """Let the engine write what was planned, and cut and rank it."""
    started = time.monotonic()
    place, params = asked.place, asked.params

    def watch(_row: int, text: str) -> bool:
        return ended(text, place)

    def shown(text: str) -> str:
        return finish(text, place).text

    if asked.n == 1 or params.temperature > 0:
        [generations] = engine.generate([asked.prompt], params, n=asked.n, watch=watch, cancelled=cancelled)
    else:
        generations = engine.search(asked.prompt, params, asked.n, watch=watch, same=shown, cancelled=cancelled)
    completions = conclude(asked, generations)
    if len(completions.items) < 2:
        return completions
    fits = None
    if asked.after.strip():
        left_s = None if params.timeout_s is None else max(0.0, params.timeout_s - (time.monotonic() - started))
        texts = [for_model(place.typed_space + item.text) for item in completions.items]
        fits = engine.logprobs_after(
            asked.before, texts, asked.after, most_tokens=RANKING_TOKENS, timeout_s=left_s, cancelled=cancelled
        )
    return rank(completions, fits or [0.0] * len(completions.items))


PlaceIn = Callable[[], AbstractContextManager[Cursor | None, bool | None]]
"""Says, while it is entered, where in its project a cursor is; it may end the block when it cannot any more."""


def complete(
    document: Document,
    offset: int,
    engine: Engine,
    fim: Fim | None,
    options: CompletionOptions | None = None,
    cancelled: Cancelled = never,
    place: PlaceIn = nullcontext,
    told: Sequence[Context] = (),
) -> Completions:
    """Suggest text for the code-point `offset` of `document`; where memory runs out, with less of the text around.

    Args:
        place: says what is known of the project, while it is entered.
        told: what the model was told of other files before, for this document; see `plan_in_time`.

    Raises:
        OutOfMemory: there is too little even for that.
    """
    options = options or CompletionOptions()

    def attempt(share: float) -> Completions:
        asked, looking, begun = None, options.looking_at(share), time.monotonic()
        with place() as cursor:
            asked = plan_in_time(document, offset, engine, fim, looking, cursor, told)
        if asked is None:  # what is known of the project cannot be read
            asked = plan_in_time(document, offset, engine, fim, looking)
        planned = time.monotonic()
        found = suggest(asked, engine, cancelled)
        return replace(found, context=asked.context, took=_took(begun, planned, engine))

    for share in SHARES[:-1]:
        with suppress(OutOfMemory):
            return attempt(share)
    return attempt(SHARES[-1])


def _took(begun: float, planned: float, engine: Engine) -> Took:
    return Took(planned - begun, time.monotonic() - planned, engine.last_prompt)


def _why_none(generations: Sequence[Generation], cuts: Sequence[Cut]) -> str:
    if any(generation.stop_reason is StopReason.CANCELLED for generation in generations):
        return "cancelled"
    if not any(generation.text.strip() for generation in generations):
        late = any(generation.stop_reason is StopReason.DEADLINE for generation in generations)
        return "the deadline passed before the first token" if late else "the model wrote nothing"
    return cuts[-1].reason if cuts else "nothing was left"
