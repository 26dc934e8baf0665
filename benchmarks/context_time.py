"""What context costs: an index of ten thousand files, and the time that a request takes to gather from it.

The files are copies of what this Python has: its standard library and packages. They are indexed by a process of its
own; then keys are typed at random places, and each asks for context. That is the worst case: in the product a key that
goes on with what is shown asks for nothing, and one at a place that the model was told of is told the same again. So
some files are then typed again as in the product (`codegpt-evals replay`), with the model, with context and without.
The last line of standard output is JSON.

    python benchmarks/context_time.py [--files N] [--requests N] [--events N] [--out FILE.json]
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
from codegpt_evals.replay import MODEL, replay
from codegpt_evals.workspace import Workspace
from codegpt_server.settings import Settings
from peers.machine import facts

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.context.cursor import Around, Cursor
from codegpt.context.fit import fit_window
from codegpt.context.gather import gather
from codegpt.document import Document
from codegpt.indexing.files import walk
from codegpt.indexing.index import NEW_TEXTS, Index, index_path
from codegpt.load import load_model, token_counter, warm_up
from codegpt.planning import CompletionOptions
from codegpt.postprocess import Extent

FILES, PAUSE_S = 8, 0.12
"""That are typed again as in the product; between an answer and the next key, so that it reads ahead."""

KEYS = 80
"""Typed at each place, one after the other: two or three lines."""


def sources() -> Iterator[tuple[Path, str]]:
    """The files of this Python, and what each is to be called."""
    for name in ("stdlib", "purelib"):
        root = Path(sysconfig.get_path(name))
        for path, _ in walk(root):
            if name == "purelib" or "site-packages" not in path:
                yield root / path, f"{name}/{path}"


def indexed(root: Path) -> dict[str, Any]:
    """Let a process of its own make the index; how long it took, and how much memory."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "codegpt.indexing.update", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    said: dict[str, Any] = {}
    while "files" not in said:
        said = json.loads(process.stdout.readline())
    seconds = time.monotonic() - begun
    begun = time.monotonic()
    process.stdin.write("changed\n")
    process.stdin.flush()
    while "files" not in (again := json.loads(process.stdout.readline())) or again["parsed"]:
        pass
    again_s = time.monotonic() - begun
    process.stdin.close()
    process.stdout.close()
    _, _, usage = os.wait4(process.pid, 0)
    size = index_path(root).stat().st_size
    return {
        **said,
        "seconds": round(seconds, 1),
        "looked_at_again_s": round(again_s, 1),
        "peak_mib": usage.ru_maxrss >> 10,
        "index_mib": round(size / 2**20, 1),
    }


def typed(index: Index, root: Path, requests: int) -> dict[str, list[float]]:
    """Seconds of the first request at a place, of those at the keys after it, and of all."""
    count, options, dice = token_counter(DEFAULT_MODEL), CompletionOptions(), random.Random(1)
    paths = [path for path, version in walk(root) if path.endswith(".py") and 2_000 < version.size < 200_000]
    taken: dict[str, list[float]] = {"first": [], "next": [], "all": []}
    while len(taken["all"]) < requests:
        path = dice.choice(paths)
        text = index.text(path)
        starts = [match.start() for match in re.finditer(r"^[ \t]*\S", text, re.MULTILINE)]
        if not starts:
            continue
        begin = dice.choice(starts)
        end = min(len(text), begin + KEYS)
        for offset in range(begin, end):
            document = Document(text[:offset] + text[end:], path, "python")
            window = fit_window(document, offset, options.prefix_tokens, options.suffix_tokens, count)
            windowed = time.perf_counter()
            with index.reading(NEW_TEXTS):
                cursor = Cursor(document, offset, Around(index, root.name, path))
                gather(cursor, options.context_tokens, count, window)
            taken["all"].append(time.perf_counter() - windowed)
            taken["first" if offset == begin else "next"].append(taken["all"][-1])
    return taken


def as_in_the_product(index: Index, root: Path, events: int) -> dict[str, Any]:
    """What it takes to look around and to choose what the model is asked, at every key and at those that ask it."""
    dice, options = random.Random(2), CompletionOptions(extent=Extent.LINE, wait_s=Settings().wait_s)
    paths = [path for path, version in walk(root) if path.endswith(".py") and 5_000 < version.size < 100_000]
    chosen = dice.sample(paths, FILES)
    documents = [(path, Document(index.text(path), (root / path).as_uri(), "python")) for path in chosen]
    loaded = load_model(DEFAULT_MODEL)
    warm_up(loaded.engine)
    found: dict[str, Any] = {}
    for name in ("without", "with"):
        around = [Workspace(index, path) for path in chosen] if name == "with" else []
        rows = replay(
            documents,
            loaded.engine,
            loaded.fim,
            events=events,
            places=4,
            options=options,
            pause_s=PAUSE_S,
            workspaces=around,
        )
        asking = [row.planning_ms for row in rows if row.made_by == MODEL]
        found[name] = {"keys": percentiles([row.planning_ms for row in rows]), "asking_the_model": percentiles(asking)}
    return found


def percentiles(ms: list[float]) -> dict[str, float]:
    """Of some milliseconds."""
    values = sorted(ms)
    return {"requests": len(values), **{f"p{at}": round(values[len(values) * at // 100], 2) for at in (50, 95, 99)}}


@click.command()
@click.option("--files", default=10_000, show_default=True, type=click.IntRange(1))
@click.option("--requests", default=4000, show_default=True, type=click.IntRange(1))
@click.option("--events", default=480, show_default=True, type=click.IntRange(0), help="With the model; 0 for none.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(files: int, requests: int, events: int, out: Path | None) -> None:
    """Index, then type."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "workspace")
        for source, path in islice(sources(), files):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, root / path)
        made = indexed(root)
        index = Index(index_path(root), root)
        taken = typed(index, root, requests)
        product = as_in_the_product(index, root, events) if events else {}
        index.close()
        for ending in ("", "-wal", "-shm", ".lock"):
            Path(f"{index_path(root)}{ending}").unlink(missing_ok=True)
    result = {
        "benchmark": "context_time",
        "machine": facts(),
        "index": made,
        "milliseconds": {name: percentiles([1000 * each for each in values]) for name, values in taken.items()},
        "as_in_the_product": product,
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps({name: value for name, value in result.items() if name != "machine"}))


if __name__ == "__main__":
    run_and_exit(main, "context_time")
