"""`codegpt models`: list, pull, locate and verify checkpoints. Results go to stdout, progress to stderr."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from codegpt.checkpoints import CHECKPOINTS, DEFAULT_MODEL, CatalogueEntry, Progress, find
from codegpt.checkpoints import pull as pull_checkpoint
from codegpt.checkpoints import verify as verify_checkpoint
from codegpt.checkpoints.disk import megabytes
from codegpt.errors import CheckpointError, ModelNotFound

PLAIN_INTERVAL_S = 10.0
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


@click.group("models")
def models() -> None:
    """List, pull and check the models codegpt runs."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")
def list_models(as_json: bool) -> None:
    """The models codegpt knows by name, and which are on this machine."""
    rows = [{**_facts(entry), "pulled": _state(entry.name)} for entry in CHECKPOINTS.values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=None)
    table.add_column("name", no_wrap=True)
    for heading in ("params", "size", "licence", "run here", "pulled"):
        table.add_column(heading)
    for entry, row in zip(CHECKPOINTS.values(), rows, strict=True):
        size, ran = megabytes(entry.bytes), "yes" if entry.run else "no"
        table.add_row(entry.name, f"{entry.parameters / 1e9:.2f}B", size, entry.licence, ran, str(row["pulled"]))
    Console().print(table)
    click.echo(f"The default is {DEFAULT_MODEL}. 'run here' says whether this project has run the model.")


@models.command()
@click.argument("name", default=DEFAULT_MODEL)
def pull(name: str) -> None:
    """Download NAME (a name from the list, or a hub id), verify and convert it."""
    with _progress() as progress:
        try:
            checkpoint = pull_checkpoint(name, progress=progress)
        except KeyboardInterrupt:
            progress.say("stopped; run the same command again to go on from here")
            raise SystemExit(INTERRUPTED) from None
        progress.say(f"{checkpoint.name}: ready in {checkpoint.directory}")


@models.command()
@click.argument("name", default=DEFAULT_MODEL)
def path(name: str) -> None:
    """Print the directory that holds NAME's safetensors, configuration and tokenizer."""
    with _progress() as progress:
        directory = find(name, progress=progress).directory
    click.echo(str(directory))


@models.command()
@click.argument("name", default=DEFAULT_MODEL)
def verify(name: str) -> None:
    """Read every file of NAME again and compare its sha256."""
    with _progress() as progress:
        checkpoint = verify_checkpoint(name, progress=progress)
    click.echo(f"{checkpoint.name}: intact, sha256 {checkpoint.digest}")


def _facts(entry: CatalogueEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "default": entry.name == DEFAULT_MODEL,
        "parameters": entry.parameters,
        "download_bytes": entry.bytes,
        "licence": entry.licence,
        "hub": f"{entry.hub.repo}@{entry.hub.revision}",
        "sha256": entry.sha256,
        "fim": f"{entry.fim}/{entry.layout}",
        "run": entry.run,
    }


def _state(name: str) -> str:
    try:
        find(name)
    except ModelNotFound:
        return "no"
    except CheckpointError:
        return "corrupt"
    return "yes"


class _Drawn:
    """A `Progress` for a terminal: one bar for each step, news above them."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        self._bars.console.print(line, highlight=False, markup=False)

    def step(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what)
        self._bars.update(self._tasks[what], completed=done, total=total or None)


class _Plain:
    """A `Progress` for a log: a line now and then."""

    def __init__(self) -> None:
        self._what = ""
        self._said_at = 0.0

    def say(self, line: str) -> None:
        click.echo(line, err=True)

    def step(self, what: str, done: int, total: int) -> None:
        if what == self._what and time.monotonic() - self._said_at < PLAIN_INTERVAL_S:
            return
        new, self._what, self._said_at = what != self._what, what, time.monotonic()
        click.echo(what if new or not total else f"{what}: {100 * done // total} %", err=True)


@contextmanager
def _progress() -> Iterator[Progress]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Plain()
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Drawn(bars)
