"""First lines at places never seen before: what shorter prompts cost, and whether healing the last word pays.

Each place is the beginning of a line, of which some characters are there; the rest of it and some lines below are
missing, as if they were still to be typed (`codegpt_evals.typist`). The last line of standard output is JSON.

    python benchmarks/first_lines.py [--places N] [--out FILE.json] [FILES]
"""

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from codegpt_evals.metrics import mean_difference
from codegpt_evals.replay import default_documents
from codegpt_evals.typist import Event, Kind, type_again
from peers.machine import facts
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.complete import complete
from codegpt.console import run_and_exit
from codegpt.document import Document
from codegpt.errors import InputError
from codegpt.load import load_model, warm_up
from codegpt.planning import CompletionOptions
from codegpt.postprocess import Extent
from codegpt.source_file import read_document

KEYS = 4
"""So many characters of the line are there."""

WHOLE = CompletionOptions(extent=Extent.LINE)
WAYS = {
    "whole": WHOLE,
    "whole, not healed": replace(WHOLE, heal=False),
    **{f"{share:g} of it": WHOLE.looking_at(share) for share in (0.5, 0.25, 0.125, 0.0625)},
    "0.25 of it, not healed": replace(WHOLE.looking_at(0.25), heal=False),
}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--places", default=15, show_default=True, type=click.IntRange(1), help="In each file.")
@click.option(
    "--way", "chosen", multiple=True, type=click.Choice(list(WAYS)), help="Only these; all else is against the first."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(files: tuple[Path, ...], places: int, chosen: tuple[str, ...], out: Path | None) -> None:
    """Ask at each place in each way."""
    ways = {way: WAYS[way] for way in chosen or WAYS}
    loaded = load_model(DEFAULT_MODEL)
    warm_up(loaded.engine)
    documents = [(path.name, read_document(path)) for path in files] or default_documents()
    asked = [(name, event) for name, document in documents for event in _events(document, places)]
    if not asked:
        raise InputError("the files hold no line that could be typed again")
    rows: dict[str, list[tuple[bool, float]]] = {way: [] for way in ways}
    for _, event in track(asked, description="places"):
        loaded.engine.forget()
        for way, options in ways.items():
            started = time.perf_counter()
            completions = complete(event.document, event.offset, loaded.engine, loaded.fim, options)
            ms = 1000 * (time.perf_counter() - started)
            first = completions.items[0].text.splitlines()[0] if completions.items else ""
            rows[way].append((first.rstrip() == event.wanted.rstrip(), round(ms, 1)))
    result = {
        "benchmark": "first_lines",
        "places": len(asked),
        "files": sorted({name for name, _ in asked}),
        "engine": loaded.engine.info.dtype,
        "machine": facts(),
        "ways": {way: _figures(found, rows[next(iter(ways))]) for way, found in rows.items()},
        "rows": rows,
    }
    if out:
        out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    click.echo(json.dumps({name: value for name, value in result.items() if name != "rows"}))


def _events(document: Document, places: int) -> Iterator[Event]:
    """At each place the event at which so many characters are there, if something of the line is still missing."""
    keys = 0
    for event in type_again(document, places, 0):
        keys = keys + 1 if event.kind is Kind.KEY else 0 if event.kind in (Kind.OPEN, Kind.JUMP) else KEYS + 1
        if keys == KEYS and event.wanted.strip():
            yield event


def _figures(found: list[tuple[bool, float]], whole: list[tuple[bool, float]]) -> dict[str, Any]:
    times = [ms for _, ms in found]
    places = [str(number) for number in range(len(found))]
    more = mean_difference([exact for exact, _ in whole], [exact for exact, _ in found], places)
    return {
        "exact": round(statistics.mean(exact for exact, _ in found), 4),
        "more_than_the_first": [round(value, 4) for value in (more.value, more.low, more.high)],
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(float(np.percentile(times, 95)), 1),
    }


if __name__ == "__main__":
    run_and_exit(main, "first_lines")
