"""Whether memory stays flat: thousands of requests in many documents, and what the process holds after each hundred.

A seeded person types in documents made of random words, jumps, changes the text above the cursor and comes back. The
documents are short and little is written, so that the many requests take minutes. The last line of standard output is
JSON.

    python benchmarks/memory.py [--requests N] [--out FILE.json] [--picture FILE.svg]
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import click
from codegpt_evals.plots import memory
from peers.machine import facts
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.complete import complete
from codegpt.console import run_and_exit
from codegpt.document import Document
from codegpt.load import load_model, warm_up
from codegpt.planning import CompletionOptions

EVERY = 100
LONGEST = 200
"""Characters that a document begins with when somebody comes back to it."""
WORDS = ("value", "count", "items", "total", "index", "name", "result", "first", "last", "text")


@click.command()
@click.option("--requests", default=10_000, show_default=True, type=click.IntRange(EVERY))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
@click.option("--picture", type=click.Path(path_type=Path), help="Draw it here, as SVG.")
def main(requests: int, out: Path | None, picture: Path | None) -> None:
    """Ask so often, and look at the memory."""
    loaded = load_model(DEFAULT_MODEL)
    warm_up(loaded.engine)
    options = CompletionOptions(prefix_tokens=192, suffix_tokens=64, max_line_tokens=1, max_block_tokens=1)
    held = [_resident_mb()]
    for number, (document, offset) in enumerate(track(islice(_person(), requests), total=requests), start=1):
        complete(document, offset, loaded.engine, loaded.fim, options)
        if number % EVERY == 0:
            held.append(_resident_mb())
    later = held[len(held) // 10 :]
    result = {
        "benchmark": "memory",
        "requests": requests,
        "engine": loaded.engine.info.dtype,
        "machine": facts(),
        "first_mb": held[0],
        "after_a_tenth_mb": later[0],
        "last_mb": held[-1],
        "most_mb": max(held),
        "resident_mb": held,
    }
    if out:
        out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    if picture:
        picture.write_text(memory(held, EVERY), encoding="utf-8")
    click.echo(json.dumps({name: value for name, value in result.items() if name != "resident_mb"}))


def _person() -> Iterator[tuple[Document, int]]:
    """Documents and cursors, for ever."""
    random = Random(0)
    documents = [Document(_text(random, 3), f"file:///{number}.py", "python") for number in range(200)]
    while True:
        at = random.randrange(len(documents))
        document, offset = documents[at], random.randrange(len(documents[at].text))
        for _ in range(random.randint(5, 20)):
            yield document, offset
            typed = random.choice([random.choice(WORDS)[:2], " = ", "\n", "("])
            above = _text(random, 1) if random.random() < 0.05 else ""
            text = above + document.text[:offset] + typed + document.text[offset:]
            document, offset = replace(document, text=text), offset + len(above) + len(typed)
        if random.random() < 0.3:  # else all of it is undone
            documents[at] = replace(document, text=document.text[:LONGEST])


def _text(random: Random, lines: int) -> str:
    return "".join(f"{random.choice(WORDS)} = {random.choice(WORDS)}({random.random():.3f})\n" for _ in range(lines))


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


if __name__ == "__main__":
    run_and_exit(main, "memory")
