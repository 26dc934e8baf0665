"""What the model is asked at a cursor: how far the answer may reach, how much text around it is read, and what else.

It looks at the project, where there is one, and asks the engine what reading a prompt would take; nothing is written.
"""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from codegpt.context import Window, fit_window
from codegpt.context.cursor import Cursor
from codegpt.context.fit import CountTokens
from codegpt.context.gather import NOTHING, Context, gather
from codegpt.context.redaction import redacted
from codegpt.context.sources import SOURCES
from codegpt.document import Document
from codegpt.engine.protocol import Engine, SamplingParams, ToRead
from codegpt.languages import LANGUAGES
from codegpt.postprocess import MAX_BLOCK_LINES, Extent, Place
from codegpt.prompt import Fim, Prompt, Repository, commented_lines, for_model, render_fim
from codegpt.syntax import HoleKind, Syntax, parse

_OPENS_BLOCK = re.compile(r"(?:[:{]|=>|\b(?:then|do))\s*$")
_TEXT = (HoleKind.STRING, HoleKind.COMMENT, HoleKind.DOCSTRING, HoleKind.IMPORT)
_VALUE = (HoleKind.EXPRESSION, HoleKind.ARGUMENTS)


CONFIGURATION = "default-7"
"""Names the defaults that are released: the default model, its format, `CompletionOptions()` and `request`'s prompt.

Raise the number with any change of them that changes what is written. Quality is measured on it.
"""

_CONTROL_TOKENS = 16
"""Room for the markup of a prompt, and for the token or two that two texts may take more side by side."""


@dataclass(frozen=True)
class CompletionOptions:
    """How much is looked at and written; the defaults are `CONFIGURATION`.

    Attributes:
        extent: None lets the syntax at the cursor decide.
        invoked: somebody asks in so many words: for a block, wherever nothing more stands on the line.
        max_lines: of a block.
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
    invoked: bool = False
    max_lines: int = MAX_BLOCK_LINES
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
        context: what the prompt says of other files.
        syntax: of the document; None where it is not parsed.
    """

    place: Place
    prompt: Prompt
    params: SamplingParams
    n: int
    before: Prompt
    after: str
    context: Context = NOTHING
    syntax: Syntax | None = field(default=None, compare=False)


def plan(
    document: Document,
    offset: int,
    count_tokens: CountTokens,
    fim: Fim | None,
    options: CompletionOptions,
    cursor: Cursor | None = None,
    context: Context | None = None,
) -> Plan:
    """Choose the extent and render the prompt for a hole at `offset`.

    The prompt ends before the white space at the cursor: code models write a space together with the word after it,
    and go astray behind a lone one. `postprocess.drop_typed_space` takes it off again. What looks like a secret is not
    in it, but where the cursor stands in it or behind it.

    Args:
        cursor: the same place in its project; None where nothing is known of that.
        context: what is said of other files; None for what `gather` finds best.
    """
    window = fit_window(document, offset, options.prefix_tokens, options.suffix_tokens, count_tokens)
    language = LANGUAGES.get(document.language)
    place = Place(document.text[:offset], document.text[offset:], Extent.LINE, language, options.max_lines)
    syntax = parse(document)
    extent = options.extent or choose_extent(syntax, place, offset, options.invoked)
    place = replace(place, extent=extent)
    prefix = window.prefix[: max(0, len(window.prefix) - len(place.typed_space))]
    before, after = _without_secrets(for_model(prefix)), redacted(for_model(window.suffix))
    params = SamplingParams(
        max_new_tokens=options.max_line_tokens if extent is Extent.LINE else options.max_block_tokens,
        temperature=options.temperature,
        seed=options.seed,
        timeout_s=options.timeout_s,
        heal=options.heal and bool(place.line_before) and not place.typed_space,
    )
    repository = None
    if cursor is not None:
        context = _context(cursor, window, fim, count_tokens, options) if context is None else context
        repository = repository_of(cursor, context)
    prompt = render_fim(before, after, fim, repository)
    return Plan(place, prompt, params, options.n, render_fim(before, "", None), after, context or NOTHING, syntax)


def repository_of(cursor: Cursor, context: Context) -> Repository:
    """What a prompt says of other files, as it is rendered."""
    files = tuple((chunk.path, for_model(chunk.text)) for chunk in context.chunks)
    return Repository(cursor.around.name, files, cursor.path, _comment_mark(cursor))


def _context(
    cursor: Cursor, window: Window, fim: Fim | None, count_tokens: CountTokens, options: CompletionOptions
) -> Context:
    """What the prompt says of other files, in `options.context_tokens` with all that stands around it."""
    as_files, mark = fim is not None and fim.format.repository is not None, _comment_mark(cursor)

    def count(text: str) -> int:
        return count_tokens(text if as_files else commented_lines(text, mark))

    with suppress(RecursionError, ValueError):  # nested too deeply, or a path that is none: the text around is left
        return gather(cursor, _room(cursor, count, options), count, window, options.sources)
    return NOTHING


def _room(cursor: Cursor, count_tokens: CountTokens, options: CompletionOptions) -> int:
    """Tokens for other files without what stands around them."""
    return options.context_tokens - count_tokens(cursor.around.name) - count_tokens(cursor.path) - _CONTROL_TOKENS


def _comment_mark(cursor: Cursor) -> str:
    language = LANGUAGES.get(cursor.language)
    return language.line_comment if language else "#"


def _without_secrets(before: str) -> str:
    """The text before the cursor; its last line stays as it is where what is written last would change."""
    head, newline, line = before.rpartition("\n")
    other = redacted(line)
    return redacted(head) + newline + (other if other[-LAST:] == line[-LAST:] else line)


LAST = 8
"""Characters."""


def choose_extent(syntax: Syntax | None, place: Place, offset: int, invoked: bool = False) -> Extent:
    """A block where a body or a statement is missing, the rest of the line everywhere else.

    Args:
        invoked: a block is asked for; only where more stands on the line, it is not.
    """
    if place.line_after.strip():
        return Extent.LINE
    if invoked:
        return Extent.BLOCK
    before = place.line_before.rstrip()
    if not before:
        kind = HoleKind.STATEMENT if syntax is None else syntax.hole_at(offset)
        return Extent.BLOCK if kind in (HoleKind.STATEMENT, HoleKind.BODY, HoleKind.UNKNOWN) else Extent.LINE
    kind = HoleKind.UNKNOWN if syntax is None else syntax.hole_at(offset)
    if kind in _TEXT or (kind in _VALUE and before.endswith(":")):
        return Extent.LINE
    return Extent.BLOCK if kind is HoleKind.BODY or _OPENS_BLOCK.search(before) else Extent.LINE


def plan_in_time(
    document: Document,
    offset: int,
    engine: Engine,
    fim: Fim | None,
    options: CompletionOptions,
    cursor: Cursor | None = None,
    told: Sequence[Context] = (),
) -> Plan:
    """The plan with the most text around the cursor that the engine reads within `options.wait_s`.

    What is to be told of other files and is not known yet is left out before any of that text is.

    Args:
        told: what prompts at this place said of other files, the last one first. One is said again: behind another one
            all of the text around the cursor is to be read anew.
    """
    options = _within(engine, options, cursor)
    room = _room(cursor, engine.count_tokens, options) if cursor else 0
    again = [each for each in told if each.tokens <= room and _is_there(each, cursor)]

    def planned(looking: CompletionOptions, context: Context | None) -> Plan:
        return plan(document, offset, engine.count_tokens, fim, looking, cursor, context)

    wait_s = math.inf if options.wait_s is None else options.wait_s
    in_time = wait_s if options.context_tokens else math.inf
    asked, seconds = _with_context(partial(planned, options), again, engine.seconds_to_read, in_time)
    for share in SHARES:
        if seconds <= wait_s:
            break
        looking = replace(options.looking_at(share), context_tokens=0)
        asked, seconds = _with_context(partial(planned, looking), again, engine.seconds_to_read)
    return asked


def plan_ahead(
    document: Document,
    offset: int,
    engine: Engine,
    fim: Fim | None,
    options: CompletionOptions,
    cursor: Cursor | None = None,
    context: Context | None = None,
) -> Plan:
    """The plan of somebody who has time.

    Args:
        context: what is to be said of other files, where the project still has them; None for what is best now.
    """
    kept = context if context and _is_there(context, cursor) else None
    return plan(document, offset, engine.count_tokens, fim, _within(engine, options, cursor), cursor, kept)


def _within(engine: Engine, options: CompletionOptions, cursor: Cursor | None) -> CompletionOptions:
    return (options if cursor else replace(options, context_tokens=0)).within(engine.info.context_tokens)


def _is_there(context: Context, cursor: Cursor | None) -> bool:
    """Whether the project still has all the files, which may be ignored or closed meanwhile."""
    paths = {piece.path for chunk in context.chunks for piece in chunk.pieces}
    return cursor is not None and all(path == cursor.path or cursor.project.has(path) for path in paths)


def _with_context(
    planned: Callable[[Context | None], Plan],
    told: Sequence[Context],
    seconds_to_read: Callable[[Prompt], ToRead],
    wait_s: float = math.inf,
) -> tuple[Plan, float]:
    """The plan with what was told, or with what is best to be told now, and the seconds that it takes to read.

    Args:
        wait_s: what is best is not even looked for where even the text around the cursor is not read in this time:
            behind other context all of it is to be read anew.
    """
    plans: list[tuple[Plan, ToRead]] = []
    for context in told:
        asked = planned(context)
        plans.append((asked, seconds_to_read(asked.prompt)))
        if plans[-1][1].left <= SOON_S:
            break
    if plans:
        soon = max(SOON_S, HARDLY_LONGER * min(seconds.left for _, seconds in plans))
        known, seconds = next((asked, seconds) for asked, seconds in plans if seconds.left <= soon)
        if seconds.whole > SOON_S:
            return known, seconds.left
        fresh = planned(None)
        anew = seconds_to_read(fresh.prompt).left
        return (fresh, anew) if anew <= soon else (known, seconds.left)
    if wait_s < math.inf:
        bare = planned(NOTHING)
        seconds = seconds_to_read(bare.prompt)
        if seconds.whole > wait_s:
            return bare, seconds.left
    fresh = planned(None)
    return fresh, seconds_to_read(fresh.prompt).left


SOON_S, HARDLY_LONGER = 0.05, 1.2
"""What nobody waits for, and how much longer than the shortest."""
