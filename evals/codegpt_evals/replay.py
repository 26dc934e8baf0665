"""Keystroke replay: how long a person waits for a suggestion, and what the suggestions are worth.

Files are typed again by a simulated person (`typist`), and every key asks as in the server (`codegpt.inline`): some ask
for nothing, some go on with what is shown, the others ask the model. What is measured of each event is on disk as one
JSON line, without a word of the file.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from codegpt.checkpoints.card import Card
from codegpt.complete import Completions
from codegpt.confidence import DEFAULT_CONFIDENCE, UNSURE
from codegpt.context.edits import Edits
from codegpt.document import Document
from codegpt.engine.protocol import Engine, Generation, PromptWork
from codegpt.indexing.index import NEW_TEXTS_AHEAD
from codegpt.inline import Asked, Inline, following, visible
from codegpt.planning import CompletionOptions
from codegpt.postprocess import first_line
from codegpt.prompt import Fim
from codegpt.reuse import TYPED
from codegpt.source_file import read_document
from codegpt_evals.typist import Event, Kind, Typing, type_again
from codegpt_evals.workspace import Workspace

DEFAULT_MODULES = ("textwrap", "json.decoder", "heapq", "shlex", "codegpt.document", "codegpt_evals.typist")
"""Typed again where no files are named: of the standard library, and of our own, which no model has seen."""

MODEL, AHEAD, REUSE = "model", "ahead", "reuse"

STEPS = tuple(number / 20 for number in range(20))
"""Of confidence: 0, 0.05, ... 0.95."""


@dataclass(frozen=True)
class Row:
    """One event.

    Attributes:
        ms: from the key to the suggestion.
        prompt_tokens, computed_tokens: of the prompt, and those of them that were not known from earlier.
        shown: whether anything was.
        exact: whether its first line was what the file has; None where the file has nothing more on the line.
        keys, by_hand: keys of typing, and what they would have been without suggestions.
        made_by: `model`; `ahead` where it was made earlier, in a pause or hidden until now; `reuse` where it goes on
            with what was shown, or is still hidden; or "".
        confidence: of what was shown, or would have been; 0.0 where there was nothing.
        written_tokens: that the model wrote for it.
        planning_ms: of `ms`, what it took to look around and to choose what the model is asked.
    """

    file: str
    kind: Kind
    ms: float
    prompt_tokens: int
    computed_tokens: int
    shown: bool
    exact: bool | None
    keys: int
    by_hand: int
    made_by: str = MODEL
    confidence: float = 0.0
    written_tokens: int = 0
    planning_ms: float = 0.0


@dataclass(frozen=True)
class Summary:
    """Of all events.

    Attributes:
        computed_tokens_per_key: the mean; half of the events computed no more than the other one.
        asked_the_model: the share of the events that did.
        exact_match: of the events where the file goes on on the line.
        coverage: of the answers of the model there, the share where something was shown; typed along with, it is one.
        precision: of these, the share where it was right.
        wrong_shown: of all events, where something was shown and its first line was not what the file has.
        kinds: of each kind the median, 95th and 99th percentile in milliseconds, and the count.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float
    computed_tokens_per_key_p50: float
    computed_tokens_per_key: float
    asked_the_model: float
    exact_match: float
    coverage: float
    precision: float
    keystrokes_saved: float
    wrong_shown: float
    events: int
    kinds: dict[str, tuple[float, float, float, int]]


def replay(
    documents: Sequence[tuple[str, Document]],
    engine: Engine,
    fim: Fim | None,
    *,
    events: int,
    places: int,
    seed: int = 0,
    accepts: bool = True,
    options: CompletionOptions | None = None,
    pause_s: float = 0.0,
    burst: int = 1,
    workspaces: Sequence[Workspace] = (),
    confidence: float = DEFAULT_CONFIDENCE,
    every_key: bool = False,
    card: Card | None = None,
    seen: Callable[[Row], None] = lambda _row: None,
) -> list[Row]:
    """Type places of each document again, file by file, until so many events were answered.

    Args:
        documents: each with a name.
        accepts: see `type_again`.
        options: of each completion.
        pause_s: between two events, in which the engine reads ahead as it does in the server.
        burst: a suggestion is asked for at every so many-th key; who types fast types on before there is one.
        workspaces: what each of the documents lies in; without any they are asked about without context. What is told
            again, and what anew, depends on how fast the engine reads, and so do the suggestions.
        confidence: what the model is less sure of is not shown.
        every_key: asks the model, and whatever it says is shown: to measure the engine.
        card: what a model of our own may be trusted with.
        seen: called with each row as it is there.
    """
    rows: list[Row] = []
    editor = _Editor(Inline(engine, fim, card), engine, options or CompletionOptions(), confidence, every_key)
    for number, (name, document) in enumerate(documents):
        typing = type_again(document, places, seed, accepts=accepts)
        event, edits, last = next(typing, None), Edits(), document
        workspace = workspaces[number] if workspaces else None
        for _ in range((events - len(rows)) // (len(documents) - number)):
            if event is None:
                break
            event = _type_on(typing, event, burst)
            if workspace and last is not document:
                edits = _edited(edits, last, event.document)
            last = event.document
            row, first = editor.ask(name, event, edits, workspace)
            rows.append(row)
            seen(row)
            editor.pause(pause_s, edits, workspace)
            try:
                event = typing.send(first)
            except StopIteration:
                event = None
    return rows


class _Editor:
    """Asks for suggestions as the server does, with what it remembers from key to key."""

    def __init__(
        self, inline: Inline, engine: Engine, options: CompletionOptions, confidence: float, every_key: bool
    ) -> None:
        self._engine, self._options, self._every_key = engine, options, every_key
        self._confidence = confidence
        self._inline = inline
        self._last: tuple[Asked, Completions] | None = None
        self._shown: Generation | None = None

    def ask(self, name: str, event: Event, edits: Edits, workspace: Workspace | None) -> tuple[Row, str]:
        """What an event comes to, and the first line that is shown."""
        document, offset, wanted = event.document, event.offset, event.wanted
        started = time.perf_counter()
        place = nullcontext if workspace is None else partial(workspace.place, document, offset, edits)
        asked = Asked(
            document, offset, self._options, place=place, invoked=self._every_key, confidence=self._confidence
        )
        known = self._inline.known(asked)
        written = self._inline.suggest(asked) if known is None else known
        found = visible(asked, written) if known is None else known
        ms = 1000 * (time.perf_counter() - started)
        if known is None:
            self._inline.remember(asked, written)
        self._last = (asked, found)
        made_by = self._made_by(known)
        self._shown = found.items[0].generation if found.items else self._shown
        first = first_line(found.items[0].text) if found.items else ""
        work = PromptWork() if known else self._engine.last_prompt
        row = Row(
            file=name,
            kind=event.kind,
            ms=round(ms, 2),
            prompt_tokens=work.tokens,
            computed_tokens=work.computed,
            shown=bool(first.strip()),
            exact=first.rstrip() == wanted.rstrip() if wanted.strip() else None,
            keys=event.keys,
            by_hand=event.by_hand,
            made_by=made_by,
            confidence=round(written.items[0].confidence, 4) if written.items else 0.0,
            written_tokens=0 if known else sum(len(each.token_ids) for each in written.written),
            planning_ms=0.0 if known else round(1000 * written.took.planning_s, 2),
        )
        return row, first

    def _made_by(self, known: Completions | None) -> str:
        if known is None:
            return MODEL
        if known.items:
            return REUSE if known.items[0].generation is self._shown else AHEAD
        return REUSE if known.why_none in (TYPED, UNSURE) else ""

    def pause(self, pause_s: float, edits: Edits, workspace: Workspace | None) -> None:
        """Nothing is typed for a while, in which what comes next is read, and made."""
        end = time.monotonic() + pause_s
        if not pause_s or not self._last:
            return
        asked, found = self._last
        asked = replace(asked, cancelled=lambda: time.monotonic() >= end)
        if workspace is not None:
            place = partial(workspace.place, asked.document, asked.offset, edits, NEW_TEXTS_AHEAD)
            asked = replace(asked, place=place)
        self._inline.read_ahead(asked)
        below = None if self._every_key or asked.cancelled() else following(asked, found)
        if below is not None and self._inline.known(below) is None:
            ahead = self._inline.suggest(below)
            if not asked.cancelled():
                self._inline.remember(below, ahead)
        time.sleep(max(0.0, end - time.monotonic()))


def _type_on(typing: Typing, event: Event, burst: int) -> Event:
    """The event at which a suggestion is asked for; what was typed on the way is counted with it."""
    for _ in range(burst - 1):
        if event.kind is not Kind.KEY:
            break
        try:
            after = typing.send("")
        except StopIteration:
            break
        event = replace(after, keys=event.keys + after.keys, by_hand=event.by_hand + after.by_hand)
    return event


def _edited(edits: Edits, before: Document, after: Document) -> Edits:
    """With what was changed between two texts, at one place."""
    pairs = zip(before.text.split("\n"), after.text.split("\n"), strict=False)
    line = next((number for number, (one, other) in enumerate(pairs) if one != other), 0)
    return edits.edited(after.uri, line, len(after.line_starts) - len(before.line_starts))


def by_confidence(rows: Sequence[Row], steps: Sequence[float] = STEPS) -> list[tuple[float, float, float]]:
    """What would be shown were only what is so sure: each threshold with its coverage and precision.

    Of the rows where the model was asked, and the file goes on on the line. They should be made with `confidence` 0.
    """
    judged = [row for row in rows if row.exact is not None and row.made_by in (MODEL, AHEAD)]
    found = []
    for least in steps:
        shown = [row.exact is True for row in judged if row.shown and row.confidence >= least]
        precision = sum(shown) / len(shown) if shown else 0.0
        found.append((least, round(len(shown) / max(1, len(judged)), 4), round(precision, 4)))
    return found


def summarize(rows: Sequence[Row]) -> Summary:
    """What the rows come to; there is one at least."""
    kinds = {kind: [row.ms for row in rows if row.kind is kind] for kind in Kind}
    judged = [row.exact for row in rows if row.exact is not None]
    answers = [row for row in rows if row.exact is not None and row.made_by in (MODEL, AHEAD)]
    shown = [row.exact is True for row in answers if row.shown]
    keys, by_hand = sum(row.keys for row in rows), sum(row.by_hand for row in rows)
    p50, p95, p99 = _percentiles([row.ms for row in rows])
    return Summary(
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        computed_tokens_per_key_p50=float(np.median([row.computed_tokens for row in rows])),
        computed_tokens_per_key=round(float(np.mean([row.computed_tokens for row in rows])), 2),
        asked_the_model=round(sum(row.made_by == MODEL for row in rows) / len(rows), 4),
        exact_match=round(sum(judged) / len(judged), 4) if judged else 0.0,
        coverage=round(len(shown) / len(answers), 4) if answers else 0.0,
        precision=round(sum(shown) / len(shown), 4) if shown else 0.0,
        keystrokes_saved=round(1 - keys / by_hand, 4) if by_hand else 0.0,
        wrong_shown=round(sum(row.shown and row.exact is False for row in rows) / len(rows), 4),
        events=len(rows),
        kinds={kind: (*_percentiles(ms), len(ms)) for kind, ms in kinds.items() if ms},
    )


def _percentiles(ms: Sequence[float]) -> tuple[float, float, float]:
    p50, p95, p99 = (round(float(np.percentile(ms, share)), 1) for share in (50, 95, 99))
    return p50, p95, p99


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """One JSON line an event."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), encoding="utf-8")


def default_files() -> list[Path]:
    """Modules of the standard library and of our own."""
    sources = [find_spec(name) for name in DEFAULT_MODULES]
    return [Path(spec.origin) for spec in sources if spec and spec.origin]


def default_documents() -> list[tuple[str, Document]]:
    """What they say, each with its name."""
    return [(path.name, read_document(path)) for path in default_files()]
