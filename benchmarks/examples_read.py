"""How many examples are read out of the benchmarks' requests, and whether the canonical solutions do what they say.

An example that a right program fails was misread, or the request is wrong about itself. The last line of standard
output is JSON.

    python benchmarks/examples_read.py [TASK ...]
"""

import json
from collections.abc import Sequence

import click
from codegpt_evals.problem import Problem
from codegpt_evals.selecting import task_for
from codegpt_evals.tasks import TASK_NAMES, load_task
from rich.progress import track

from codegpt.console import run_and_exit
from codegpt.generate import Run
from codegpt.sandbox.opening import open_sandbox


def look(problems: Sequence[Problem], run: Run) -> dict[str, object]:
    """The counts of some problems."""
    with_some = read = 0
    fails: list[str] = []
    for problem in track(problems, description="reading"):
        trial = task_for(problem).trial
        if trial is None:
            continue
        seen = trial.seen(list(run(trial.jobs(problem.program(problem.canonical)))))
        with_some += bool(seen.examples)
        read += len(seen.examples)
        fails += [f"{problem.task_id}: {number}" for number, held in enumerate(seen.examples) if not held]
    return {"problems": len(problems), "with_examples": with_some, "examples": read, "canonical_fails": fails}


@click.command()
@click.argument("tasks", nargs=-1, type=click.Choice(TASK_NAMES))
def main(tasks: tuple[str, ...]) -> None:
    """Read them."""
    found = {}
    with open_sandbox() as jail:
        for task in tasks or ("humaneval", "mbpp-sanitized-one", "contest"):
            found[task] = look(load_task(task).problems, jail.run_all)
    click.echo(json.dumps({"benchmark": "examples_read", **found}))


if __name__ == "__main__":
    run_and_exit(main, "examples_read")
