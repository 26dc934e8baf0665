"""How long requests in words take, all of it: the command `codegpt generate`, from its start to its end.

The requests are HumanEval's, as files with the cursor behind the docstring; a budget is given. The last line of
standard output is JSON.

    python benchmarks/request_times.py [--problems N] [--budget-s S] [--out FILE.json]
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import click
from codegpt_evals.tasks import load_task, part_of
from peers.machine import facts
from rich.progress import track

from codegpt.console import run_and_exit
from codegpt.request import Request


def ask(begins: str, folder: Path, budget_s: float) -> dict[str, Any]:
    """One request; the figures of its answer, without any text of it.

    Raises:
        click.ClickException: it was refused.
    """
    file = folder / "asked.py"
    file.write_text(begins, encoding="utf-8")
    at = f"{file}:{len(begins.splitlines())}:{len(begins.splitlines()[-1]) + 1}"
    command = [str(Path(sys.executable).with_name("codegpt")), "generate", "--at", at, "--json"]
    begun = time.monotonic()
    done = subprocess.run([*command, "--budget-s", str(budget_s)], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(done.stderr.strip())
    answer = json.loads(done.stdout)
    return {
        "seconds": round(time.monotonic() - begun, 2),
        "sampling_s": answer["sampling_s"],
        "jail_s": answer["jail_s"],
        "drawn": answer["samples"],
        "level": answer["candidates"][0]["evidence"]["level"] if answer["candidates"] else "nothing",
        "repaired": answer["repaired"],
    }


@click.command()
@click.option("--problems", default=20, show_default=True, type=click.IntRange(1), help="The same random ones always.")
@click.option("--budget-s", default=30.0, show_default=True, type=click.FloatRange(1), help="Of each.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(problems: int, budget_s: float, out: Path | None) -> None:
    """Ask them one after the other."""
    rows, refused = [], []
    with tempfile.TemporaryDirectory() as folder:
        for problem in track(part_of(load_task("humaneval"), None, problems).problems, description="requests"):
            assert isinstance(problem.asks, Request)
            try:
                rows.append({"task_id": problem.task_id, **ask(problem.asks.begins, Path(folder), budget_s)})
            except click.ClickException as error:
                refused.append({"task_id": problem.task_id, "why": error.message})
    times = sorted(row["seconds"] for row in rows)
    result = {
        "benchmark": "request_times",
        "machine": facts(),
        "requests": len(rows),
        "refused": refused,
        "budget_s": budget_s,
        "p50_s": median(times),
        "p95_s": times[round(0.95 * (len(times) - 1))],
        "most_s": times[-1],
        "most_within_budget_s": max(round(row["sampling_s"] + row["jail_s"], 2) for row in rows),
        "share_of_sampling": round(sum(row["sampling_s"] for row in rows) / sum(times), 3),
        "share_of_the_jail": round(sum(row["jail_s"] for row in rows) / sum(times), 3),
        "drawn": median(row["drawn"] for row in rows),
        "rows": rows,
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps({name: value for name, value in result.items() if name not in ("rows", "machine")}))


if __name__ == "__main__":
    run_and_exit(main, "request_times")
