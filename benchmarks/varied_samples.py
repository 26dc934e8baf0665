"""Samples of HumanEval drawn in several ways: which of them has more different behaviours, and more right ones?

A way is a list of (temperature, words that are added to the request), each of which draws as many of a problem's
samples. Writes `WAY.jsonl` in FOLDER for each; goes on where it was stopped. The last line of standard output is JSON;
of the ways that are selected from already, it says how many behaviours a problem has, and how many more than the first.

    python benchmarks/varied_samples.py FOLDER
    codegpt-evals grade FOLDER/WAY.jsonl --task humaneval --out FOLDER/WAY-graded
    codegpt-evals select FOLDER/WAY.jsonl --task humaneval --graded FOLDER/WAY-graded --out FOLDER/WAY-selected
    python benchmarks/varied_samples.py FOLDER
"""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from codegpt_evals.metrics import mean_difference
from codegpt_evals.problem import Problem
from codegpt_evals.records import Sample, append, read_samples
from codegpt_evals.selecting import read_selections
from codegpt_evals.tasks import load_task, part_of
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.engine.protocol import SamplingParams
from codegpt.load import LoadedModel, load_model
from codegpt.request import Request, answered, program_of, render_request

APPROACHES = (
    "",
    "Write it with plain loops.",
    "Write it in as few lines as you can.",
    "Think of unusual input first: empty, negative, repeated.",
)
WAYS: dict[str, tuple[tuple[float, str], ...]] = {
    "temperature-0.6": ((0.6, ""),),
    "temperature-0.8": ((0.8, ""),),
    "temperature-1.0": ((1.0, ""),),
    "temperature-1.2": ((1.2, ""),),
    "temperatures": ((0.6, ""), (0.8, ""), (1.0, ""), (1.2, "")),
    "approaches": tuple((0.8, words) for words in APPROACHES),
}


def draw(problems: Sequence[Problem], way: str, samples: int, loaded: LoadedModel) -> list[Sample]:
    """So many samples of each problem."""
    parts = WAYS[way]
    each = samples // len(parts)
    found: list[Sample] = []
    for number, (temperature, words) in enumerate(parts):
        asked = [replace(problem.asks, words=words) for problem in problems if isinstance(problem.asks, Request)]
        prompts = [render_request(request, loaded.chat, loaded.engine.info.markup) for request in asked]

        def over(row: int, text: str, asked: Sequence[Request] = asked) -> bool:
            return answered(text, asked[row // each], fenced=True)

        params = SamplingParams(512, temperature, seed=1, first_row=number * each)
        drawn = loaded.engine.generate(prompts, params, n=each, watch=over, rows_at_once=160)
        for problem, request, generations in zip(problems, asked, drawn, strict=True):
            for row, generation in enumerate(generations):
                program = program_of(generation.text, request, fenced=True)
                logprob = round(generation.mean_logprob, 4)
                tokens = len(generation.token_ids)
                index = number * each + row
                sample = Sample(problem.task_id, index, solution=program, tokens=tokens, mean_logprob=logprob)
                found.append(sample)
    return found


def behaviours(folder: Path, ways: Sequence[str]) -> dict[str, list[float]]:
    """Of each way the behaviours of a problem, and how many more they are than of the first, with an interval."""
    counts: dict[str, dict[str, float]] = {}
    for way in ways:
        journal = folder / f"{way}-selected" / "selections.jsonl"
        found = {each.task_id: float(each.behaviours) for _, each in read_selections(journal)}
        counts |= {way: found} if found else {}
    result: dict[str, list[float]] = {}
    for way, found in counts.items():
        first = next(iter(counts.values()))
        more = mean_difference([first[each] for each in found], list(found.values()), list(found))
        result[way] = [round(value, 2) for value in (sum(found.values()) / len(found), *more)]
    return result


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--way", "ways", multiple=True, type=click.Choice(list(WAYS)), help="May be repeated.  [default: all]")
@click.option("--problems", default=50, show_default=True, type=click.IntRange(1), help="The same random ones always.")
@click.option("--samples", default=16, show_default=True, type=click.IntRange(4), help="Of each, a multiple of four.")
@click.option("--together", default=10, show_default=True, type=click.IntRange(1), help="Problems drawn at once.")
def main(folder: Path, ways: tuple[str, ...], problems: int, samples: int, together: int) -> None:
    """Draw them."""
    chosen = part_of(load_task("humaneval"), None, problems).problems
    folder.mkdir(parents=True, exist_ok=True)
    loaded: LoadedModel | None = None
    seconds: dict[str, float] = {}
    for way in ways or tuple(WAYS):
        path, begun = folder / f"{way}.jsonl", time.monotonic()
        known = {sample.task_id for sample in read_samples(path, ours=True)} if path.exists() else set()
        left = [problem for problem in chosen if problem.task_id not in known]
        for at in track(range(0, len(left), together), description=way):
            loaded = loaded or load_model(DEFAULT_MODEL)
            append(path, draw(left[at : at + together], way, samples, loaded), to_disk=True)
        seconds[way] = round(time.monotonic() - begun, 1)
    told = {"problems": len(chosen), "seconds": seconds, "behaviours": behaviours(folder, ways or tuple(WAYS))}
    click.echo(json.dumps({"benchmark": "varied_samples", **told}))


if __name__ == "__main__":
    run_and_exit(main, "varied_samples")
