"""The commands of `codegpt-evals`: run, compare."""

import json
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.checkpoints.homes import cache_root
from codegpt.errors import InputError
from codegpt.load import LoadedModel, load_model
from codegpt_evals.generate import LINE_OPTIONS, generate, setup_digest
from codegpt_evals.grade import grade
from codegpt_evals.metrics import paired, rate
from codegpt_evals.records import Grade, Hole, Sample, append, read, replace
from codegpt_evals.tasks import TASKS

LEFT_ONLY = "left-only"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codegpt-lsp")
def evals() -> None:
    """Measure completions on exactly the path the editor uses."""


@evals.command()
@click.argument("task", type=click.Choice(sorted(TASKS)))
@click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="Catalogue name, hub id, directory or GGUF file."
)
@click.option("--fim", default="", metavar="FORMAT/LAYOUT", help="Another format than the model's own; or left-only.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many problems.")
@click.option("--batch", default=16, show_default=True, type=click.IntRange(1), help="Problems decoded together.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for samples.jsonl and grades.jsonl.")
def run(task: str, model: str, fim: str, limit: int | None, batch: int, out: Path | None) -> None:
    """Fill TASK's holes greedily and grade them; the last line printed is JSON.

    Each batch is on disk when it is done, and an interrupted run goes on where it was.
    """
    holes = TASKS[task]()[:limit]
    loaded = load_model(model, "" if fim == LEFT_ONLY else fim)
    if fim == LEFT_ONLY:
        loaded = LoadedModel(loaded.engine, None)
    info = loaded.engine.info
    name = f"{task}-{info.name}-{loaded.fim or LEFT_ONLY}".replace("/", "-")
    out = out or cache_root() / "evals" / name
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    samples = _samples(holes, loaded, batch, out / "samples.jsonl")
    grades = [grade(hole, samples[hole.task_id]) for hole in holes]
    replace(out / "grades.jsonl", grades)
    exact, raw = rate([g.exact for g in grades]), rate([g.exact_raw for g in grades])
    summary = {
        "task": task,
        "model": info.name,
        "digest": info.digest,
        "fim": str(loaded.fim) if loaded.fim else None,
        "dtype": info.dtype,
        "problems": len(grades),
        "exact_match": round(exact.value, 4),
        "ci95": [round(exact.low, 4), round(exact.high, 4)],
        "exact_match_raw": round(raw.value, 4),
        "seconds": round(time.monotonic() - started, 1),
        "out": str(out),
    }
    click.echo(json.dumps(summary))


def _samples(holes: list[Hole], loaded: LoadedModel, batch: int, path: Path) -> dict[str, Sample]:
    """Fill the holes that the file has no sample for."""
    setup = setup_digest(loaded.engine, loaded.fim, LINE_OPTIONS)
    done = {sample.task_id: sample for sample in read(path, Sample)}
    if any(sample.setup != setup for sample in done.values()):
        raise InputError(f"{path} holds samples of another model, format or setting; name another --out or remove it")
    todo = [hole for hole in holes if hole.task_id not in done]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("filling holes", total=len(holes), completed=len(holes) - len(todo))
        for samples in generate(todo, loaded.engine, loaded.fim, batch):
            append(path, samples)
            done.update({sample.task_id: sample for sample in samples})
            progress.advance(bar, len(samples))
    return done


@evals.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
def compare(first: Path, second: Path) -> None:
    """Compare the exact matches of two grades.jsonl on the same problems; the last line printed is JSON."""
    grades = [{g.task_id: g.exact for g in read(path, Grade)} for path in (first, second)]
    for path, found in zip((first, second), grades, strict=True):
        if not found:
            raise InputError(f"{path} holds no grades")
    if grades[0].keys() != grades[1].keys():
        raise InputError(f"{first} and {second} are about different problems")
    outcomes = [[found[task_id] for task_id in grades[0]] for found in grades]
    result = paired(*outcomes)
    rates = [round(rate(outcome).value, 4) for outcome in outcomes]
    click.echo(json.dumps({"problems": len(grades[0]), "exact_match": rates, **result._asdict()}))
