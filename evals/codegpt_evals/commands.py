"""The commands of `codegpt-evals`."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.complete import CompletionOptions
from codegpt.errors import InputError
from codegpt.load import load_model, warm_up
from codegpt.postprocess import Extent
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.opening import open_sandbox
from codegpt.source_file import read_document
from codegpt_evals import choices, selecting, stages
from codegpt_evals.bars import Bars
from codegpt_evals.gate import CANONICAL, WRONG
from codegpt_evals.generation import Sampling
from codegpt_evals.metrics import mean_difference, paired, rate
from codegpt_evals.publish import publish
from codegpt_evals.records import Grade, Sample, read, read_samples, replace_text
from codegpt_evals.replay import default_documents, replay, summarize, write_rows
from codegpt_evals.report import write_report
from codegpt_evals.run_folder import RunFolder
from codegpt_evals.shapes import SHAPES
from codegpt_evals.summary import family_of
from codegpt_evals.tasks import JSONL, TASK_NAMES, TASKS, load_task, part_of

Function = TypeVar("Function", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
RUN = click.Path(path_type=Path, file_okay=False, exists=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codegpt-lsp")
def evals() -> None:
    """Measure completions and requests on exactly the path the editor uses; grade what anybody wrote."""


def generating(command: Function) -> Function:
    """The options of what draws samples."""
    options = [
        click.option("--data", type=FILE, help=f"The problems of the task {JSONL}, one a line."),
        click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name, hub id, directory or GGUF file."),
        click.option("--fim", default="", metavar="FORMAT/LAYOUT", help="Another format for holes; or left-only."),
        click.option("--limit", type=click.IntRange(1), help="Only the first so many problems."),
        click.option("--subset", type=click.IntRange(1), help="Only so many problems, the same random ones each time."),
        click.option("--samples", default=1, show_default=True, type=click.IntRange(1), help="Of each problem."),
        click.option("--temperature", default=0.0, show_default=True, type=click.FloatRange(0), help="0 is greedy."),
        click.option(
            "--top-p",
            default=1.0,
            show_default=True,
            type=click.FloatRange(0, 1, min_open=True),
            help="Draw from the likeliest tokens of this much mass.",
        ),
        click.option("--seed", default=0, show_default=True, type=int, help="Of the draws; the same gives the same."),
        click.option(
            "--candidates",
            default=1,
            show_default=True,
            type=click.IntRange(1, 32),
            help="Of a hole, rank so many texts for the one that is the sample.",
        ),
        click.option(
            "--batch", default=64, show_default=True, type=click.IntRange(1), help="Samples decoded together."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def jailing(command: Function) -> Function:
    """The options of what runs programs."""
    kinds = click.Choice([Backend.BWRAP.value, Backend.LANDLOCK.value])
    workers = click.IntRange(0)
    kind = click.option(
        "--backend", default=Backend.BWRAP.value, show_default=True, type=kinds, help="The kind of jail."
    )
    command = kind(command)
    return click.option("--workers", default=0, type=workers, help="Programs at once; 0 for one a core.")(command)


@evals.command("run")
@click.argument("task", type=click.Choice(TASK_NAMES))
@generating
@jailing
@click.option("--out", type=FOLDER, help="Folder for the files of the run.  [default: one in the cache]")
def run_all(task: str, out: Path | None, backend: str, workers: int, **given: Any) -> None:
    """Draw samples for TASK, grade them, write the report; the last line printed is JSON.

    What is done is on disk; an interrupted run goes on where it was.
    """
    data, model, fim, limit, subset = (given.pop(name) for name in ("data", "model", "fim", "limit", "subset"))
    result = stages.run(
        task,
        data=data,
        model=model,
        fim=fim,
        limit=limit,
        subset=subset,
        sampling=Sampling(**given),
        out=out,
        backend=Backend(backend),
        workers=workers,
        bars=Bars(),
    )
    _finish(result)


@evals.command("generate")
@click.argument("task", type=click.Choice(TASK_NAMES))
@generating
@click.option("--out", type=FOLDER, help="Folder for samples.jsonl.  [default: one in the cache]")
def generate(task: str, out: Path | None, **given: Any) -> None:
    """Draw samples for TASK into samples.jsonl; the last line printed is JSON."""
    data, model, fim, limit, subset = (given.pop(name) for name in ("data", "model", "fim", "limit", "subset"))
    read_task = part_of(load_task(task, data), limit, subset)
    path = stages.generate_samples(read_task, out, model=model, fim=fim, sampling=Sampling(**given), bars=Bars())
    facts = RunFolder(path).facts
    made = {"task": task, "model": facts["setup"]["model"], **facts.get("generation", {}), "out": str(path)}
    click.echo(json.dumps(made))


@evals.command("grade")
@click.argument("samples", type=FILE)
@click.option("--task", required=True, type=click.Choice(TASK_NAMES))
@click.option("--data", type=FILE, help=f"The problems of the task {JSONL}, one a line.")
@jailing
@click.option("--out", required=True, type=FOLDER, help="Folder for grades.jsonl and the report.")
def grade(samples: Path, task: str, data: Path | None, backend: str, workers: int, out: Path) -> None:
    """Grade SAMPLES, a file that anybody may have made; the last line printed is JSON.

    A line has a task_id and either a completion or a whole solution.
    """
    result = stages.grade(
        samples, task=task, out=out, data=data, backend=Backend(backend), workers=workers, bars=Bars()
    )
    _finish(result, samples)


@evals.command("gate")
@click.argument("task", type=click.Choice(TASK_NAMES))
@click.option("--data", type=FILE, help=f"The problems of the task {JSONL}, one a line.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many problems.")
@jailing
@click.option("--out", required=True, type=FOLDER, help="Folder for gate.jsonl.")
def gate(task: str, data: Path | None, limit: int | None, backend: str, workers: int, out: Path) -> None:
    """Run the controls of TASK: canonical solutions must pass, programs that return nothing must not.

    The last line printed is JSON.
    """
    started = time.monotonic()
    read_task = part_of(load_task(task, data), limit)
    found = stages.check_gate(read_task, out, backend=Backend(backend), workers=workers, bars=Bars())
    click.echo(
        json.dumps(
            {
                "task": task,
                "problems": len(read_task.problems),
                "canonical_passed": sum(row.holds for row in found.rows if row.control == CANONICAL),
                "wrong_failed": sum(row.holds for row in found.rows if row.control == WRONG),
                "left_out": read_task.left_out,
                "sandbox": backend,
                "seconds": round(time.monotonic() - started, 1),
                "out": str(out),
            }
        )
    )
    found.require()


@evals.command("report")
@click.argument("out", type=RUN)
@click.option("--samples", type=FILE, help="The samples, where they are not in OUT.")
@click.option("-k", "ks", multiple=True, type=click.IntRange(1), help="Which pass@k.  [default: all there can be]")
def report(out: Path, samples: Path | None, ks: tuple[int, ...]) -> None:
    """Write report.json, report.md and report.html of the graded run in OUT; the last line printed is JSON."""
    _finish(stages.graded(out, sorted(ks) or None), samples)


def _finish(result: stages.Result, samples: Path | None = None) -> None:
    paths = write_report(result, samples)
    click.echo(f"{paths[-1]}", err=True)
    click.echo(json.dumps(result.line))


@evals.command("publish")
@click.argument("out", type=RUN)
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="Of the two files: NAME.json and NAME.jsonl.")
def publish_run(out: Path, folder: Path, name: str) -> None:
    """Copy of the graded run in OUT what holds no text: ids, digests, verdicts, times and tokens."""
    for path in publish(stages.graded(out), folder, name):
        click.echo(path)


@evals.command("select")
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


@evals.command("compare")
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


@evals.command("replay")
@click.option(
    "--files", multiple=True, type=FILE, help="Type these again.  [default: some modules of Python and our own]"
)
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name, hub id, directory or GGUF file.")
@click.option("--fim", default="", metavar="FORMAT/LAYOUT", help="Fill-in-the-middle format.")
@click.option("--events", default=400, show_default=True, type=click.IntRange(1), help="Keys, jumps and edits in all.")
@click.option("--places", default=3, show_default=True, type=click.IntRange(1), help="Typed again in each file.")
@click.option("--seed", default=0, show_default=True, type=int, help="Of the places and edits.")
@click.option("--accept/--no-accept", default=True, help="Take what is right, or type it all the same.")
@click.option(
    "--whole", is_flag=True, help="Wait for whole blocks where the syntax asks for them, not for a first line."
)
@click.option("--wait-s", type=click.FloatRange(0), help="As the server's setting: cut what cannot be read in time.")
@click.option("--pause-s", default=0.0, show_default=True, type=click.FloatRange(0), help="Between two keys.")
@click.option("--burst", default=1, show_default=True, type=click.IntRange(1), help="Ask at every so many-th key.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A JSON line for each event.")
def replay_keys(
    files: tuple[Path, ...],
    model: str,
    fim: str,
    events: int,
    places: int,
    seed: int,
    accept: bool,
    whole: bool,
    wait_s: float | None,
    pause_s: float,
    burst: int,
    out: Path | None,
) -> None:
    """Type files again and ask at every key: how long a suggestion takes, and how often it is right.

    Suggestions are taken when their whole first line is what the file has. The last line printed is JSON.
    """
    documents = [(path.name, read_document(path)) for path in files] or default_documents()
    bars = Bars()
    loaded = load_model(model, fim)
    warm_up(loaded.engine)  # as the server does
    with bars.stage("typing", events) as advance:
        rows = replay(
            documents,
            loaded.engine,
            loaded.fim,
            events=events,
            places=places,
            seed=seed,
            accepts=accept,
            options=CompletionOptions(extent=None if whole else Extent.LINE, wait_s=wait_s),
            pause_s=pause_s,
            burst=burst,
            seen=lambda _row: advance(1),
        )
    if not rows:
        raise InputError("the files hold no line that could be typed again")
    if out:
        write_rows(out, rows)
    summary = summarize(rows)
    shown = Table("event", "p50 ms", "p95 ms", "p99 ms", "times", box=None)
    for kind, (p50, p95, p99, count) in summary.kinds.items():
        shown.add_row(kind, f"{p50:.0f}", f"{p95:.0f}", f"{p99:.0f}", str(count))
    Console(stderr=True).print(shown)
    info = loaded.engine.info
    click.echo(json.dumps({**asdict(summary), "model": info.name, "engine": info.dtype}))


@evals.command("tasks")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tasks(as_json: bool) -> None:
    """List the benchmarks: their files, licences and sources, and whether they are on this machine."""
    rows = [
        {
            "task": name,
            "files": [dataset.file for dataset in published.datasets],
            "licence": published.datasets[0].licence,
            "here": all(dataset.path() for dataset in published.datasets),
            "source": published.source,
            "known_bad": dict(published.known_bad),
        }
        for name, published in TASKS.items()
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    shown = Table("task", "licence", "here", "source", box=None)
    for row in rows:
        shown.add_row(str(row["task"]), str(row["licence"]), "yes" if row["here"] else "no", str(row["source"]))
    shown.add_row(JSONL, "", "", "your own file, with --data")
    Console().print(shown)


@evals.command("schema")
@click.argument("shape", required=False, type=click.Choice(list(SHAPES)))
def schema(shape: str | None) -> None:
    """Print the JSON Schema of the problems that the task jsonl takes."""
    chosen = [shape] if shape else list(SHAPES)
    click.echo(json.dumps({name: SHAPES[name].model_json_schema() for name in chosen}, indent=2))
