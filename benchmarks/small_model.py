"""What a small model takes: seconds to load once torch is there, memory, and milliseconds to a first line.

Each start is a process of its own. The last line of standard output is JSON.

    python benchmarks/small_model.py [--model embedded] [--events 400] [--starts 5] [--out FILE.json]
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from peers.machine import facts

from codegpt.checkpoints import EMBEDDED
from codegpt.console import run_and_exit

PROGRAM = """
import json, os, sys, time
from pathlib import Path

def resident_mb():
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)

model, events = sys.argv[1], int(sys.argv[2])
started = time.perf_counter()
import torch
torch_s, torch_mb = time.perf_counter() - started, resident_mb()
started = time.perf_counter()
from codegpt.load import load_model, warm_up
loaded = load_model(model)
load_s = time.perf_counter() - started
started = time.perf_counter()
warm_up(loaded.engine)
warm_up_s = time.perf_counter() - started
heavy = sorted(name for name in ("transformers", "pygls", "peft") if name in sys.modules)
result = {"torch_s": torch_s, "torch_mb": torch_mb, "load_s": load_s, "warm_up_s": warm_up_s, "imported": heavy}
result["loaded_mb"] = resident_mb()
if events:
    from dataclasses import asdict
    from codegpt_evals.replay import default_files, replay, summarize
    from codegpt.planning import CompletionOptions
    from codegpt.postprocess import Extent
    from codegpt.source_file import read_document
    import numpy as np
    documents = [(path.name, read_document(path)) for path in default_files()]
    options = CompletionOptions(extent=Extent.LINE)
    rows = replay(documents, loaded.engine, loaded.fim, events=events, places=3, options=options, card=loaded.card)
    asked = [row.ms for row in rows if row.made_by == "model"]
    result["asked"] = len(asked)
    result["first_line_ms"] = [round(float(np.percentile(asked, share)), 1) for share in (50, 95)]
    result["replay"] = asdict(summarize(rows))
    result["after_mb"] = resident_mb()
print(json.dumps(result))
"""


def start(model: str, events: int) -> dict[str, Any]:
    """One process."""
    command = [sys.executable, "-c", PROGRAM, model, str(events)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@click.command()
@click.option("--model", default=EMBEDDED, show_default=True, help="Name, directory or GGUF file.")
@click.option(
    "--events", default=400, show_default=True, type=click.IntRange(1), help="Of the replay, in the last one."
)
@click.option("--starts", default=5, show_default=True, type=click.IntRange(1))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(model: str, events: int, starts: int, out: Path | None) -> None:
    """Start so often, and type files again in one more."""
    found = [start(model, 0) for _ in range(starts)]
    last = start(model, events)
    medians = {
        name: round(statistics.median(each[name] for each in found), 3)
        for name in ("torch_s", "load_s", "warm_up_s", "torch_mb", "loaded_mb")
    }
    result = {
        "benchmark": "small_model",
        "model": model,
        "machine": facts(),
        "starts": starts,
        **medians,
        **{name: last[name] for name in ("imported", "asked", "first_line_ms", "after_mb", "replay")},
    }
    if out:
        out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


if __name__ == "__main__":
    run_and_exit(main, "small_model")
