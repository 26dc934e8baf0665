"""Keystroke replay: how long a person waits for a suggestion, and what the suggestions are worth.

Files are typed again by a simulated person (`typist`), and every key asks `complete()`, the path the editor uses. What
is measured of each event is on disk as one JSON line, without a word of the file.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from codegpt.complete import CompletionOptions, complete, plan_in_time
from codegpt.document import Document
from codegpt.engine.protocol import Engine
from codegpt.prompt import Fim
from codegpt.source_file import read_document
from codegpt_evals.typist import Event, Kind, Typing, type_again

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
        exact_match: of the events where the file goes on on the line.
        wrong_shown: of all events, where something was shown and its first line was not what the file has.
        kinds: of each kind the median, 95th and 99th percentile in milliseconds, and the count.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float
    computed_tokens_per_key_p50: float
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
    seen: Callable[[Row], None] = lambda _row: None,
) -> list[Row]:
    """Type places of each document again, file by file, until so many events were answered.

    Args:
        documents: each with a name.
        accepts: see `type_again`.
        options: of each completion.
        pause_s: between two events, in which the engine reads ahead as it does in the server.
        burst: a suggestion is asked for at every so many-th key; who types fast types on before there is one.
        seen: called with each row as it is there.
    """
    rows: list[Row] = []
    for number, (name, document) in enumerate(documents):
        typing = type_again(document, places, seed, accepts=accepts)
        event = next(typing, None)
        for _ in range((events - len(rows)) // (len(documents) - number)):
            if event is None:
                break
            event = _type_on(typing, event, burst)
            started = time.perf_counter()
            completions = complete(event.document, event.offset, engine, fim, options)
            ms = 1000 * (time.perf_counter() - started)
            text = completions.items[0].text if completions.items else ""
            first = text.splitlines()[0] if text else ""
            work = engine.last_prompt
            wanted = event.wanted
            exact = first.rstrip() == wanted.rstrip() if wanted.strip() else None
            row = Row(
                file=name,
                kind=event.kind,
                ms=round(ms, 2),
                prompt_tokens=work.tokens,
                computed_tokens=work.computed,
                shown=bool(first.strip()),
                exact=exact,
                keys=event.keys,
                by_hand=event.by_hand,
            )
            rows.append(row)
            seen(row)
            _pause(event, engine, fim, options, pause_s)
            try:
                event = typing.send(first)
            except StopIteration:
                event = None
    return rows


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


def _pause(event: Event, engine: Engine, fim: Fim | None, options: CompletionOptions | None, pause_s: float) -> None:
    """Nothing is typed for a while."""
    end = time.monotonic() + pause_s
    if pause_s:
        whole = replace(options or CompletionOptions(), wait_s=None)
        prompt = plan_in_time(event.document, event.offset, engine, fim, whole).prompt
        engine.read(prompt, lambda: time.monotonic() >= end)
        time.sleep(max(0.0, end - time.monotonic()))


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


def default_documents() -> list[tuple[str, Document]]:
    """Modules of the standard library and of our own."""
    sources = [find_spec(name) for name in DEFAULT_MODULES]
    paths = [Path(spec.origin) for spec in sources if spec and spec.origin]
    return [(path.name, read_document(path)) for path in paths]
