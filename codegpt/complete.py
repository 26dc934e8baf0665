"""PRODUCT 1: from a document and a cursor to what may be inserted there.

`complete` is pure steps around calls of the engine: `plan` decides how far the completion may reach and renders the
prompt, the engine writes, `conclude` cuts what it wrote, and of several suggestions `rank` puts first the one that goes
best with the text after the cursor. The evals use the same steps.
"""

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from codegpt.context import Window, fit_window
from codegpt.context.cursor import Cursor
from codegpt.context.fit import CountTokens
from codegpt.context.gather import gather
from codegpt.context.redaction import redacted
from codegpt.context.sources import SOURCES
from codegpt.document import Document
from codegpt.engine.protocol import Cancelled, Engine, Generation, SamplingParams, StopReason, never
from codegpt.errors import OutOfMemory
from codegpt.languages import LANGUAGES
from codegpt.postprocess import (
    Cut,
    Extent,
    Place,
    drop_control_characters,
    drop_typed_space,
    drop_unfinished_line,
    ended,
    finish,
)
from codegpt.prompt import Fim, Prompt, Repository, commented_lines, render_fim
from codegpt.syntax import HoleKind, Syntax, parse

_OPENS_BLOCK = re.compile(r"(?:[:{]|=>|\b(?:then|do))\s*$")
_TEXT = (HoleKind.STRING, HoleKind.COMMENT, HoleKind.DOCSTRING, HoleKind.IMPORT)
_VALUE = (HoleKind.EXPRESSION, HoleKind.ARGUMENTS)


CONFIGURATION = "default-3"
"""Names the defaults that are released: the default model, its format, `CompletionOptions()` and `request`'s prompt.

Raise the number with any change of them that changes what is written. Quality is measured on it.
"""

RANKING_TOKENS = 32
"""So much of the text after the cursor ranks suggestions: 16 and 64 ranked the holes that were tried alike."""

_CONTROL_TOKENS = 16
"""Room for the markup of a prompt, and for the token or two that two texts may take more side by side."""


@dataclass(frozen=True)
class CompletionOptions:
    """How much is looked at and written; the defaults are `CONFIGURATION`.

    Attributes:
        extent: None lets the syntax at the cursor decide.
        n: how many different texts the model writes; at temperature 0 they are the likeliest ones.
        context_tokens: of other places, where it is known what the document lies in.
        sources: of these, see `context.sources`.
        timeout_s: after this the completion ends with what there is; None for never.
        wait_s: the text around the cursor is cut down until the engine reads what it does not know of it in this time;
            None for never.
        heal: a word that the cursor stands behind, or in, is written anew, where the prompt ends in it (SPM, or no text
            after the cursor); see `Tokens.encode_healed`.
    """

    extent: Extent | None = None
    prefix_tokens: int = 1024
    suffix_tokens: int = 384
    context_tokens: int = 768
    sources: tuple[str, ...] = tuple(SOURCES)
    max_line_tokens: int = 64
    max_block_tokens: int = 192
    timeout_s: float | None = None
    n: int = 1
    temperature: float = 0.0
    seed: int = 0
    wait_s: float | None = None
    heal: bool = True

    def within(self, context_tokens: int) -> "CompletionOptions":
        """The same, cut down to a model's context: a quarter for the answer at most, the rest for the text around."""
        answer = max(1, context_tokens // 4)
        block = min(self.max_block_tokens, answer)
        room = max(0, context_tokens - block - _CONTROL_TOKENS)
        share = min(1.0, room / (self.prefix_tokens + self.suffix_tokens + self.context_tokens))
        return replace(
            self.looking_at(share),
            max_line_tokens=min(self.max_line_tokens, answer),
            max_block_tokens=block,
        )

    def looking_at(self, share: float) -> "CompletionOptions":
        """The same with so much less text around the cursor, and of other places."""
        return replace(
            self,
            prefix_tokens=int(self.prefix_tokens * share),
            suffix_tokens=int(self.suffix_tokens * share),
            context_tokens=int(self.context_tokens * share),
        )


SHARES = (1.0, 0.5, 0.25, 0.125, 0.0625)
"""Of the text around the cursor, what is looked at where reading all of it would take too long, or too much memory."""


@dataclass(frozen=True)
class Plan:
    """What will be asked and how the answer will be judged.

    Attributes:
        n: how many answers are wanted.
        before: the text before the cursor as a prompt of its own.
        after: the text after it. Behind `before` and an answer, its beginning says how well that answer fits.
    """

    place: Place
    prompt: Prompt
    params: SamplingParams
    n: int
    before: Prompt
    after: str


@dataclass(frozen=True)
class Completion:
    """Text to insert at the cursor, and how it came about.

    Attributes:
        generation: what the model wrote, before the rules.
        logprob: how likely it found `text`, the token that ends it included.
    """

    text: str
    generation: Generation
    cuts: tuple[Cut, ...]
    logprob: float


@dataclass(frozen=True)
class Completions:
    """The suggestions, best first; where there is none, `why_none` says why in a few words.

    Attributes:
        written: all that the model wrote, also what the rules left nothing of.
    """

    items: tuple[Completion, ...]
    why_none: str = ""
    extent: Extent = Extent.LINE
    cuts: tuple[Cut, ...] = ()
    written: tuple[Generation, ...] = field(default=(), compare=False)


def plan(
    document: Document,
    offset: int,
    count_tokens: CountTokens,
    fim: Fim | None,
    options: CompletionOptions,
    cursor: Cursor | None = None,
) -> Plan:
    """Choose the extent and render the prompt for a hole at `offset`.

    The prompt ends before the white space at the cursor: code models write a space together with the word after it,
    and go astray behind a lone one. `postprocess.drop_typed_space` takes it off again. What looks like a secret is not
    in it, but where the cursor stands in it or behind it.

    Args:
        cursor: the same place in its project; None where nothing is known of that.
    """
    window = fit_window(document, offset, options.prefix_tokens, options.suffix_tokens, count_tokens)
    place = Place(document.text[:offset], document.text[offset:], Extent.LINE, LANGUAGES.get(document.language))
    extent = options.extent or choose_extent(parse(document), place, offset)
    place = replace(place, extent=extent)
    prefix = window.prefix[: max(0, len(window.prefix) - len(place.typed_space))]
    before, after = _without_secrets(_for_model(prefix)), redacted(_for_model(window.suffix))
    params = SamplingParams(
        max_new_tokens=options.max_line_tokens if extent is Extent.LINE else options.max_block_tokens,
        temperature=options.temperature,
        seed=options.seed,
        timeout_s=options.timeout_s,
        heal=options.heal and bool(place.line_before) and not place.typed_space,
    )
    repository = None if cursor is None else _repository(cursor, window, fim, count_tokens, options)
    prompt = render_fim(before, after, fim, repository)
    return Plan(place, prompt, params, options.n, render_fim(before, "", None), after)


def _repository(
    cursor: Cursor, window: Window, fim: Fim | None, count_tokens: CountTokens, options: CompletionOptions
) -> Repository:
    """What the prompt says of other files, in `options.context_tokens` with all that stands around it."""
    language = LANGUAGES.get(cursor.language)
    mark = language.line_comment if language else "#"
    as_files = fim is not None and fim.format.repository is not None

    def count(text: str) -> int:
        return count_tokens(text if as_files else commented_lines(text, mark))

    heads = count(cursor.around.name) + count(cursor.path) + _CONTROL_TOKENS
    context = gather(cursor, options.context_tokens - heads, count, window, options.sources)
    files = tuple((chunk.path, _for_model(chunk.text)) for chunk in context.chunks)
    return Repository(cursor.around.name, files, cursor.path, mark)


def _for_model(text: str) -> str:
    """Line ends as models know them, and no byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _without_secrets(before: str) -> str:
    """The text before the cursor; its last line stays as it is where what is written last would change."""
    head, newline, line = before.rpartition("\n")
    other = redacted(line)
    return redacted(head) + newline + (other if other[-LAST:] == line[-LAST:] else line)


LAST = 8
"""Characters."""


def choose_extent(syntax: Syntax | None, place: Place, offset: int) -> Extent:
    """A block where a body or a statement is missing, the rest of the line everywhere else."""
    if place.line_after.strip():
        return Extent.LINE
    before = place.line_before.rstrip()
    if not before:
        kind = HoleKind.STATEMENT if syntax is None else syntax.hole_at(offset)
        return Extent.BLOCK if kind in (HoleKind.STATEMENT, HoleKind.BODY, HoleKind.UNKNOWN) else Extent.LINE
    kind = HoleKind.UNKNOWN if syntax is None else syntax.hole_at(offset)
    if kind in _TEXT or (kind in _VALUE and before.endswith(":")):
        return Extent.LINE
    return Extent.BLOCK if kind is HoleKind.BODY or _OPENS_BLOCK.search(before) else Extent.LINE


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
        cuts = cuts or finished.cuts
        if finished.text:
            cut_off = sum(cut.characters for cut in finished.cuts if cut.rule not in _AT_THE_FRONT)
            logprob = generation.logprob_of(len(text) - cut_off)
            distinct.setdefault(finished.text, Completion(finished.text, generation, finished.cuts, logprob))
    why = "" if distinct else _why_none(generations, cuts)
    return Completions(tuple(distinct.values()), why, asked.place.extent, cuts, tuple(generations))


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
        texts = [_for_model(place.typed_space + item.text) for item in completions.items]
        fits = engine.logprobs_after(
            asked.before, texts, asked.after, most_tokens=RANKING_TOKENS, timeout_s=left_s, cancelled=cancelled
        )
    return rank(completions, fits or [0.0] * len(completions.items))


def complete(
    document: Document,
    offset: int,
    engine: Engine,
    fim: Fim | None,
    options: CompletionOptions | None = None,
    cancelled: Cancelled = never,
    cursor: Cursor | None = None,
) -> Completions:
    """Suggest text for the code-point `offset` of `document`; where memory runs out, with less of the text around.

    Args:
        cursor: the same place in its project; None where nothing is known of that.

    Raises:
        OutOfMemory: there is too little even for that.
    """
    options = options or CompletionOptions()

    def attempt(share: float) -> Completions:
        asked = plan_in_time(document, offset, engine, fim, options.looking_at(share), cursor)
        return suggest(asked, engine, cancelled)

    for share in SHARES[:-1]:
        with suppress(OutOfMemory):
            return attempt(share)
    return attempt(SHARES[-1])


def plan_in_time(
    document: Document,
    offset: int,
    engine: Engine,
    fim: Fim | None,
    options: CompletionOptions,
    cursor: Cursor | None = None,
) -> Plan:
    """The plan with the most text around the cursor that the engine reads within `options.wait_s`."""
    options = (options if cursor else replace(options, context_tokens=0)).within(engine.info.context_tokens)
    asked = plan(document, offset, engine.count_tokens, fim, options, cursor)
    for share in SHARES[1:]:
        if options.wait_s is None or engine.seconds_to_read(asked.prompt) <= options.wait_s:
            break
        asked = plan(document, offset, engine.count_tokens, fim, options.looking_at(share), cursor)
    return asked


def _why_none(generations: Sequence[Generation], cuts: Sequence[Cut]) -> str:
    if any(generation.stop_reason is StopReason.CANCELLED for generation in generations):
        return "cancelled"
    if not any(generation.text.strip() for generation in generations):
        late = any(generation.stop_reason is StopReason.DEADLINE for generation in generations)
        return "the deadline passed before the first token" if late else "the model wrote nothing"
    return cuts[-1].reason if cuts else "nothing was left"
