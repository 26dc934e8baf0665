"""The commands that compare: ways of choosing among samples, two runs, first lines of holes."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from codegpt.errors import InputError
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.opening import open_sandbox
from codegpt_evals import choices, selecting, stages
from codegpt_evals.bars import Bars
from codegpt_evals.command_options import FILE, FOLDER, RUN, jailing
from codegpt_evals.first_lines import MEASURES, FirstLine, differences, figures, first_lines_of
from codegpt_evals.metrics import Rate, mean_difference, paired, rate
from codegpt_evals.records import Grade, Sample, read, read_samples, replace_text
from codegpt_evals.repo_holes import KINDS
from codegpt_evals.run_folder import RunFolder
from codegpt_evals.summary import DEVELOPMENT, REPORTED, family_of
from codegpt_evals.tasks import JSONL, TASK_NAMES, load_task
from codegpt_evals.tasks.repo_holes import half_of_hole


@click.command("select")
@click.argument("samples", type=FILE)
@click.option("--task", required=True, type=click.Choice(TASK_NAMES))
@click.option("--data", type=FILE, help=f"The problems of the task {JSONL}, one a line.")
@click.option(
    "--graded", multiple=True, required=True, type=RUN, help="Folder with the grades of these samples; may be repeated."
)
@click.option("--greedy", multiple=True, type=RUN, help="The same of greedy answers, one for each --graded.")
@click.option("--asserts", type=FILE, help="What a model wrote behind 'assert ', as task_id and completion; they vote.")
@jailing
@click.option("--out", required=True, type=FOLDER, help="Folder for selections.jsonl.")
def select(
    samples: Path,
    task: str,
    data: Path | None,
    graded: tuple[Path, ...],
    greedy: tuple[Path, ...],
    asserts: Path | None,
    backend: str,
    workers: int,
    out: Path,
) -> None:
    """Choose among SAMPLES of each problem as `codegpt generate` does, and say how often the choice is right.

    Selection sees the requests alone; what is right is known from the grades. The last line printed is JSON.
    """
    if greedy and len(greedy) != len(graded):
        raise InputError("give one --greedy for each --graded, in the same order, or none")
    read_task = load_task(task, data)
    drawn: dict[str, list[Sample]] = {}
    for sample in read_samples(samples):
        drawn.setdefault(sample.task_id, []).append(sample)
    problems = [problem for problem in read_task.problems if problem.task_id in drawn]
    proposed: dict[str, list[str]] = {}
    for sample in read_samples(asserts) if asserts else ():
        proposed.setdefault(sample.task_id, []).append(sample.completion or "")
    bars, folder = Bars(), RunFolder(out)
    jail = open_sandbox(Backend(backend), workers=workers)
    with folder.locked(), jail as sandbox, bars.stage("selecting", len(problems)) as advance:
        found = selecting.select(problems, drawn, sandbox.run_all, out / "selections.jsonl", advance, proposed)
    figures: dict[str, dict[str, object]] = {}
    for number, path in enumerate(graded):
        right: dict[str, dict[int, bool]] = {}
        for each in read(RunFolder(path).grades, Grade):
            right.setdefault(each.task_id, {})[each.index] = each.passed
        first = (
            {each.task_id: each.passed for each in read(RunFolder(greedy[number]).grades, Grade)} if greedy else None
        )
        worth = {way: [round(value, 4) for value in rate] for way, rate in choices.worth(found, right, first).items()}
        figures[stages.graded(path).task] = {"problems": sum(each.task_id in right for each in found), **worth}
    distinct = {name: round(value, 2) for name, value in choices.distinct(found).items()}
    result = {"task": task, "problems": len(found), "distinct": distinct, "worth": figures}
    replace_text(out / "selection.json", json.dumps(result, indent=1) + "\n")
    click.echo(json.dumps({**result, "out": str(out)}))


@click.command("compare")
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
def compare(first: Path, second: Path) -> None:
    """Compare two grades.jsonl on the problems that both have, first samples only; the last line printed is JSON."""
    grades = [{g.task_id: g for g in read(path, Grade) if g.index == 0} for path in (first, second)]
    for path, found in zip((first, second), grades, strict=True):
        if not found:
            raise InputError(f"{path} holds no grades")
    both = [task_id for task_id in grades[0] if task_id in grades[1]]
    if not both:
        raise InputError(f"{first} and {second} have no problem in common")
    figures: dict[str, object] = {"problems": len(both), "in_one_only": len(grades[0].keys() ^ grades[1].keys())}
    for what in ("passed", "exact"):
        outcomes = [[getattr(found[task_id], what) for task_id in both] for found in grades]
        if all(outcome is not None for each in outcomes for outcome in each):
            rates = [round(rate(outcome).value, 4) for outcome in outcomes]
            larger = [
                round(number, 4) for number in mean_difference(outcomes[0], outcomes[1], list(map(family_of, both)))
            ]
            figures[what] = {
                "rates": rates,
                "difference": larger[0],
                "ci95": larger[1:],
                **paired(*outcomes)._asdict(),
            }
    click.echo(json.dumps(figures))


@click.command("first-lines")
@click.argument("runs", nargs=-1, required=True, type=RUN)
@click.option("--task", default="repo-holes", show_default=True, type=click.Choice(TASK_NAMES))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A JSON line for each hole of each run.")
def first_lines(runs: tuple[Path, ...], task: str, out: Path | None) -> None:
    """Compare the first lines of holes in several RUNS with what stood there, and each run with the first.

    How often the line is the same, how near it is, how many of its identifiers are there. The last line printed is
    JSON.
    """
    problems = {problem.task_id: problem for problem in load_task(task).problems}
    found: dict[str, dict[str, FirstLine]] = {}
    for path in runs:
        samples = [sample for sample in read_samples(RunFolder(path).samples, ours=True) if sample.index == 0]
        if unknown := next((each.task_id for each in samples if each.task_id not in problems), None):
            raise InputError(f"{path} is no run of {task}: it has {unknown}")
        found[path.name] = first_lines_of(problems, samples)
    if len(found) < len(runs) or not all(found.values()):
        raise InputError("the runs have to have samples, and names of their own")
    base = next(iter(found.values()))
    shown = Table("run", "holes", *MEASURES, "exact, than the first", box=None)
    result: dict[str, Any] = {}
    for name, lines in found.items():
        result[name] = {"holes": len(lines), **_rounded(figures(list(lines.values())))}
        for of, part in _parts(lines).items():
            result[name][of] = {"holes": len(part), **_rounded(figures(list(part.values())))}
            result[name][of]["more"] = _rounded(differences(base, part)) if lines is not base else None
        result[name]["more"] = _rounded(differences(base, lines)) if lines is not base else None
        more = result[name]["more"]
        cells = ["{:.3f} ({:.3f} to {:.3f})".format(*result[name][measure]) for measure in MEASURES]
        larger = "{:+.3f} ({:+.3f} to {:+.3f})".format(*more["exact"]) if more else ""
        shown.add_row(name, str(len(lines)), *cells, larger)
    Console(stderr=True, width=160).print(shown)
    if out:
        rows = ({"run": name, **asdict(line)} for name, lines in found.items() for line in lines.values())
        replace_text(out, "".join(json.dumps(row) + "\n" for row in rows))
    click.echo(json.dumps({"task": task, "runs": result}))


def _parts(lines: dict[str, FirstLine]) -> dict[str, dict[str, FirstLine]]:
    """The halves of the packages, and the kinds of holes, as far as there are any."""
    found: dict[str, dict[str, FirstLine]] = {}
    for part in (DEVELOPMENT, REPORTED, *KINDS):
        for task_id, line in lines.items():
            if part in (half_of_hole(task_id), task_id.split("/")[1]):
                found.setdefault(part, {})[task_id] = line
    return found


def _rounded(rates: dict[str, Rate]) -> dict[str, list[float]]:
    return {name: [round(value, 4) for value in found] for name, found in rates.items()}
