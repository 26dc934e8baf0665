"""What it costs to stop early: the first candidates of a run's samples, by the margin at which drawing stops.

The samples go through the product's own `generate`, in its own rounds. The last line of standard output is JSON.

    python benchmarks/early_stop.py samples.jsonl --task humaneval --graded graded [--margin Z ...] [--out FILE.json]
"""

import json
import math
from pathlib import Path
from statistics import mean

import click
from codegpt_evals.metrics import mean_rate
from codegpt_evals.records import Grade, Sample, read, read_samples
from codegpt_evals.run_folder import RunFolder
from codegpt_evals.selecting import selected, task_for
from codegpt_evals.tasks import TASK_NAMES, load_task
from rich.progress import track

from codegpt.console import run_and_exit
from codegpt.generate import GenerateOptions
from codegpt.sandbox.opening import open_sandbox


@click.command()
@click.argument("samples", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--task", required=True, type=click.Choice(TASK_NAMES))
@click.option("--graded", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--margin", "margins", multiple=True, type=float, default=(math.inf, 4.0, 3.0, 2.0))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(samples: Path, task: str, graded: Path, margins: tuple[float, ...], out: Path | None) -> None:
    """Choose with each margin."""
    drawn: dict[str, list[Sample]] = {}
    for sample in read_samples(samples):
        drawn.setdefault(sample.task_id, []).append(sample)
    right = {(each.task_id, each.index): each.passed for each in read(RunFolder(graded).grades, Grade)}
    problems = [problem for problem in load_task(task).problems if problem.task_id in drawn]
    rows: list[dict[str, object]] = []
    first: list[float] = []
    with open_sandbox() as jail:
        for margin in margins:
            took, worth = [], []
            for problem in track(problems, description=f"margin {margin}"):
                known = sorted(drawn[problem.task_id], key=lambda sample: sample.index)
                options = GenerateOptions(len(known), margin=margin, repairs=0)
                result = selected(task_for(problem), known, jail.run_all, options)
                best = result.ranked[0].candidate.number if result.ranked else -1
                took.append(result.drawn)
                worth.append(float(right.get((problem.task_id, best), False)))
            first = first if rows else worth
            fewer = [now - before for now, before in zip(worth, first, strict=True)]
            rows.append(
                {
                    "margin": str(margin),
                    "samples": round(mean(took), 2),
                    "stopped": sum(
                        count < len(drawn[problem.task_id]) for count, problem in zip(took, problems, strict=True)
                    ),
                    "right": [round(value, 4) for value in mean_rate(worth)],
                    "than the first": [round(value, 4) for value in mean_rate(fewer)],
                }
            )
    result_line = {"benchmark": "early_stop", "task": task, "problems": len(problems), "rows": rows}
    if out:
        out.write_text(json.dumps(result_line, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result_line))


if __name__ == "__main__":
    run_and_exit(main, "early_stop")
