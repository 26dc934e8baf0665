"""The commands of `codegpt-evals`: run."""

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
from codegpt_evals.generate import LINE_OPTIONS, fill_holes, setup_digest
from codegpt_evals.metrics import rate
from codegpt_evals.records import Hole, HoleResult, append, read_results
from codegpt_evals.tasks import TASKS


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codegpt-lsp")
def evals() -> None:
    """Measure completions on exactly the path the editor uses."""


@evals.command()
@click.argument("task", type=click.Choice(sorted(TASKS)))
@click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="Catalogue name, hub id, directory or GGUF file."
)
@click.option("--fim", default="", metavar="FORMAT/LAYOUT", help="Another format than the model's own; or `left-only`.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many problems.")
@click.option("--batch", default=16, show_default=True, type=click.IntRange(1), help="Problems decoded together.")
@click.option("--out", type=click.Path(path_type=Path), help="Results file (JSON lines); an interrupted run goes on.")
def run(task: str, model: str, fim: str, limit: int | None, batch: int, out: Path | None) -> None:
    """Fill TASK's holes greedily; the last line printed is JSON."""
    holes = TASKS[task]()[:limit]
    loaded = load_model(model, "" if fim == "left-only" else fim)
    if fim == "left-only":
        loaded = LoadedModel(loaded.engine, None)
    name = f"{task}-{loaded.engine.info.name.replace('/', '-')}-{str(loaded.fim or 'left-only').replace('/', '-')}"
    out = out or cache_root() / "evals" / f"{name}.jsonl"
    started = time.monotonic()
    results = _fill(holes, loaded, batch, out)
    exact, raw = rate([r.exact for r in results]), rate([r.exact_raw for r in results])
    summary = {
        "task": task,
        "model": loaded.engine.info.name,
        "digest": loaded.engine.info.digest,
        "fim": str(loaded.fim) if loaded.fim else None,
        "dtype": loaded.engine.info.dtype,
        "problems": len(results),
        "exact_match": round(exact.value, 4),
        "ci95": [round(exact.low, 4), round(exact.high, 4)],
        "exact_match_raw": round(raw.value, 4),
        "seconds": round(time.monotonic() - started, 1),
        "out": str(out),
    }
    click.echo(json.dumps(summary))


def _fill(holes: list[Hole], loaded: LoadedModel, batch: int, out: Path) -> list[HoleResult]:
    """Fill the holes that `out` has no result for; what is done is on disk after each batch."""
    setup = setup_digest(loaded.engine, loaded.fim, LINE_OPTIONS)
    earlier = read_results(out)
    if any(result.setup != setup for result in earlier):
        raise InputError(f"{out} holds results of another model, format or setting; name another --out or remove it")
    done = {result.task_id: result for result in earlier}
    todo = [hole for hole in holes if hole.task_id not in done]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("filling holes", total=len(holes), completed=len(holes) - len(todo))
        for results in fill_holes(todo, loaded.engine, loaded.fim, batch):
            append(out, results)
            done.update({result.task_id: result for result in results})
            progress.advance(bar, len(results))
    return [done[hole.task_id] for hole in holes]
