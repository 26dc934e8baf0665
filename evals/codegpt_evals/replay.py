"""Keystroke replay: how long a person waits for a suggestion, and what the suggestions are worth.

Files are typed again by a simulated person (`typist`), and every key asks `complete()`, the path the editor uses. What
is measured of each event is on disk as one JSON line, without a word of the file.
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

from codegpt.complete import PlaceIn, complete
from codegpt.context.edits import Edits
from codegpt.context.told import Told
from codegpt.document import Document
from codegpt.engine.protocol import Engine
from codegpt.planning import CompletionOptions, plan_ahead
from codegpt.prompt import Fim
from codegpt.source_file import read_document
from codegpt_evals.typist import Event, Kind, Typing, type_again
from codegpt_evals.workspace import Workspace

DEFAULT_MODULES = ("textwrap", "json.decoder", "heapq", "shlex", "codegpt.document", "codegpt_evals.typist")
"""Typed again where no files are named: of the standard library, and of our own, which no model has seen."""


@dataclass(frozen=True)
class Row:
    """One event.

    Attributes:
        ms: from the key to the suggestion.
        prompt_tokens, computed_tokens: of the prompt, and those of them that were not known from earlier.
        shown: whether anything was.
        exact: whether its first line was what the file has; None where the file has nothing more on the line.
        keys, by_hand: keys of typing, and what they would have been without suggestions.
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


@dataclass(frozen=True)
class Summary:
    """Of all events.

    Attributes:
        computed_tokens_per_key: the mean; half of the events computed no more than the other one.
        exact_match: of the events where the file goes on on the line.
        wrong_shown: of all events, where something was shown and its first line was not what the file has.
        kinds: of each kind the median, 95th and 99th percentile in milliseconds, and the count.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float
    computed_tokens_per_key_p50: float
    computed_tokens_per_key: float
    exact_match: float
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
        seen: called with each row as it is there.
    """
    rows: list[Row] = []
    editor = _Editor(engine, fim, options or CompletionOptions())
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
            editor.pause(pause_s)
            try:
                event = typing.send(first)
            except StopIteration:
                event = None
    return rows


class _Editor:
    """Asks for suggestions as the server does, with what it remembers from key to key."""

    def __init__(self, engine: Engine, fim: Fim | None, options: CompletionOptions) -> None:
        self._engine, self._fim, self._options = engine, fim, options
        self._told = Told()
        self._last: tuple[Document, int, PlaceIn] | None = None

    def ask(self, name: str, event: Event, edits: Edits, workspace: Workspace | None) -> tuple[Row, str]:
        """What an event comes to, and the first line that is shown."""
        document, offset, wanted = event.document, event.offset, event.wanted
        started = time.perf_counter()
        place = nullcontext if workspace is None else partial(workspace.place, document, offset, edits)
        told = self._told.of(document.uri, document.line_at(offset))
        completions = complete(document, offset, self._engine, self._fim, self._options, place=place, told=told)
        ms = 1000 * (time.perf_counter() - started)
        self._told.add(document.uri, completions.context, document.line_at(offset))
        self._last = (document, offset, place)
        text = completions.items[0].text if completions.items else ""
        first = text.splitlines()[0] if text else ""
        work = self._engine.last_prompt
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
        )
        return row, first

    def pause(self, pause_s: float) -> None:
        """Nothing is typed for a while, in which the engine reads ahead."""
        end = time.monotonic() + pause_s
        if pause_s and self._last:
            document, offset, place = self._last
            line = document.line_at(offset)
            near = self._told.near(document.uri, line)
            with place() as cursor:
                ahead = plan_ahead(document, offset, self._engine, self._fim, self._options, cursor, near)
            self._told.add(document.uri, ahead.context, line)
            self._engine.read(ahead.prompt, lambda: time.monotonic() >= end)
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


def summarize(rows: Sequence[Row]) -> Summary:
    """What the rows come to; there is one at least."""
    kinds = {kind: [row.ms for row in rows if row.kind is kind] for kind in Kind}
    judged = [row.exact for row in rows if row.exact is not None]
    keys, by_hand = sum(row.keys for row in rows), sum(row.by_hand for row in rows)
    p50, p95, p99 = _percentiles([row.ms for row in rows])
    return Summary(
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        computed_tokens_per_key_p50=float(np.median([row.computed_tokens for row in rows])),
        computed_tokens_per_key=round(float(np.mean([row.computed_tokens for row in rows])), 2),
        exact_match=round(sum(judged) / len(judged), 4) if judged else 0.0,
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
