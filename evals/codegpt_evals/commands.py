"""The commands of `codegpt-evals`."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from codegpt.checkpoints import DEFAULT_MODEL, with_adapter
from codegpt.confidence import DEFAULT_CONFIDENCE
from codegpt.errors import InputError
from codegpt.load import load_model, warm_up
from codegpt.planning import CompletionOptions
from codegpt.postprocess import Extent
from codegpt.sandbox.backends import Backend
from codegpt.source_file import read_document
from codegpt_evals import stages
from codegpt_evals.bars import Bars
from codegpt_evals.command_options import FILE, FOLDER, NOT_OF_SAMPLING, RUN, generating, jailing
from codegpt_evals.comparing import compare, first_lines, select
from codegpt_evals.gate import CANONICAL, WRONG
from codegpt_evals.generation import Sampling
from codegpt_evals.publish import publish
from codegpt_evals.replay import by_confidence, default_files, replay, summarize, write_rows
from codegpt_evals.report import write_report
from codegpt_evals.run_folder import RunFolder
from codegpt_evals.shapes import SHAPES
from codegpt_evals.tasks import JSONL, TASK_NAMES, TASKS, load_task, part_of
from codegpt_evals.workspace import workspace_of


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codegpt-lsp")
def evals() -> None:
    """Measure completions and requests on exactly the path the editor uses; grade what anybody wrote."""


for command in (select, compare, first_lines):
    evals.add_command(command)


@evals.command("run")
@click.argument("task", type=click.Choice(TASK_NAMES))
@generating
@jailing
@click.option("--out", type=FOLDER, help="Folder for the files of the run.  [default: one in the cache]")
def run_all(task: str, out: Path | None, backend: str, workers: int, **given: Any) -> None:
    """Draw samples for TASK, grade them, write the report; the last line printed is JSON.

    What is done is on disk; an interrupted run goes on where it was.
    """
    data, model, adapter, fim, context, reuse, limit, subset = (given.pop(name) for name in NOT_OF_SAMPLING)
    result = stages.run(
        task,
        data=data,
        model=with_adapter(model, adapter),
        fim=fim,
        limit=limit,
        subset=subset,
        context=context,
        reuse=reuse,
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
    data, model, adapter, fim, context, reuse, limit, subset = (given.pop(name) for name in NOT_OF_SAMPLING)
    read_task = part_of(load_task(task, data), limit, subset)
    path = stages.generate_samples(
        read_task,
        out,
        model=with_adapter(model, adapter),
        fim=fim,
        context=context,
        reuse=reuse,
        sampling=Sampling(**given),
        bars=Bars(),
    )
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


@evals.command("replay")
@click.option(
    "--files", multiple=True, type=FILE, help="Type these again.  [default: some modules of Python and our own]"
)
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name, hub id, directory or GGUF file.")
@click.option("--fim", default="", metavar="FORMAT/LAYOUT", help="Fill-in-the-middle format.")
@click.option("--adapter", default="", help="Name or path of one for this model; see codegpt-train finetune.")
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
@click.option("--context/--no-context", default=False, help="Tell the model of other files of the project.")
@click.option(
    "--confidence", default=DEFAULT_CONFIDENCE, show_default=True, type=click.FloatRange(0, 1), help="As the setting."
)
@click.option("--every-key", is_flag=True, help="Ask the model at every key, and show all it says.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A JSON line for each event.")
def replay_keys(
    files: tuple[Path, ...],
    model: str,
    fim: str,
    adapter: str,
    events: int,
    places: int,
    seed: int,
    accept: bool,
    whole: bool,
    wait_s: float | None,
    pause_s: float,
    burst: int,
    context: bool,
    confidence: float,
    every_key: bool,
    out: Path | None,
) -> None:
    """Type files again and ask at every key: how long a suggestion takes, and how often it is right.

    Suggestions are taken when their whole first line is what the file has. The last line printed is JSON.
    """
    paths = files or tuple(default_files())
    documents = [(path.name, read_document(path)) for path in paths]
    workspaces = [workspace_of(path) for path in paths] if context else []
    bars = Bars()
    loaded = load_model(with_adapter(model, adapter), fim)
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
            workspaces=workspaces,
            confidence=confidence,
            every_key=every_key,
            card=loaded.card,
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
    sureness = {} if confidence else {"by_confidence": by_confidence(rows)}
    click.echo(json.dumps({**asdict(summary), **sureness, "model": info.name, "engine": info.dtype}))


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
