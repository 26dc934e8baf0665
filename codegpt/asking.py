"""What the commands that draw candidates share: options, the jail, the bar, Ctrl-C, how a result is printed."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import begun
from codegpt.engine.protocol import Cancelled
from codegpt.errors import InputError, SandboxUnavailable
from codegpt.generate import Candidates, GenerateOptions, Progress, Run, Task, generate
from codegpt.sandbox.backends import Backend
from codegpt.sandbox.client import Sandbox
from codegpt.sandbox.opening import open_sandbox
from codegpt.sandbox_cli import BACKEND
from codegpt.shown import as_data, as_text, remarks

if TYPE_CHECKING:
    from codegpt.load import LoadedModel

_OPTIONS = (
    click.option(
        "--samples", default=32, show_default=True, type=click.IntRange(1, 1000), help="At most, before repairs."
    ),
    click.option(
        "--budget-s",
        default=60.0,
        show_default=True,
        type=click.FloatRange(1.0),
        help="Seconds at most, loading included.",
    ),
    click.option("--temperature", default=0.8, show_default=True, type=click.FloatRange(0.0, 2.0, min_open=True)),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0)),
    click.option("--show", default=3, show_default=True, type=click.IntRange(1), help="Candidates at most."),
    click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name, hub id, directory or GGUF file."),
    click.option(
        "--workspace",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A directory that you trust: candidates may import its packages, and its tests of a function are run.",
    ),
    BACKEND,
    click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead."),
)
ENDING_S, ENDING = 1.5, 0.05
"""Seconds at most, and share of the budget, that printing and the end of the process may take."""

TaskOf: TypeAlias = Callable[["LoadedModel", Run | None], Task]


def drawing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that draws candidates, which `ask` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ask(
    task_of: TaskOf,
    *,
    samples: int,
    budget_s: float,
    temperature: float,
    seed: int,
    show: int,
    model: str,
    workspace: Path | None,
    backend: str,
    as_json: bool,
) -> Candidates:
    """Draw candidates, run them, and print them.

    Args:
        task_of: makes the task, given the model and the jail.
        budget_s: from the start of the process to its end, so with the time in which the model is loaded.

    Raises:
        InputError: the budget is over before anything could be drawn.
    """
    from codegpt.load import load_model

    started = begun()
    loaded = load_model(model)
    if loaded.warning:
        click.echo(f"codegpt: {loaded.warning}", err=True)
    if loaded.why_no_words:
        raise InputError(loaded.why_no_words)
    with _jail(backend, workspace) as (jail, why), _until_interrupted() as cancelled, _bar(samples) as bar:
        run = None if jail is None else jail.run_all
        task = task_of(loaded, run)
        if jail is None and task.trial is not None:
            task = replace(task, trial=None, why_not_run=why)

        def told(progress: Progress) -> None:
            found = f"{progress.programs} programs, {progress.passing} pass, {progress.behaviours} behaviours"
            bar.update(bar.task_ids[0], completed=progress.drawn, total=progress.of, found=found)

        spent = time.monotonic() - started + min(ENDING_S, ENDING * budget_s)
        if spent >= budget_s:
            raise InputError(f"{spent:.0f} s went by before anything could be drawn; give a larger --budget-s")
        options = GenerateOptions(samples, temperature=temperature, seed=seed, budget_s=budget_s - spent)
        result = generate(task, loaded.engine, loaded.chat, run, options, told, cancelled)
    facts = {"model": loaded.engine.info.name, "seconds": round(time.monotonic() - started, 3)}
    show_result(task.request.language, result, show, facts if as_json else None)
    return result


def show_result(language: str, result: Candidates, most: int, facts: Mapping[str, object] | None) -> None:
    """Print a result.

    Args:
        facts: what stands besides in the JSON object; None to print text.
    """
    if facts is not None:
        click.echo(json.dumps({**as_data(language, result, most), **facts}))
        return
    click.echo(as_text(language, result, most).encode("utf-8", "replace"), nl=False)  # bytes: no terminal's encoding
    for line in remarks(result):
        click.echo(line.encode("utf-8", "replace"), err=True)
    if result.question is not None:
        click.echo("Which is right? --answer first|second|VALUE", err=True)


@contextmanager
def _jail(backend: str, workspace: Path | None) -> Iterator[tuple[Sandbox | None, str]]:
    """An open jail, or None and why there is none."""
    try:
        jail = open_sandbox(Backend(backend), trusted=workspace, low_priority=True)
    except SandboxUnavailable as error:
        yield None, str(error)
        return
    with jail:
        yield jail, ""


@contextmanager
def _until_interrupted() -> Iterator[Cancelled]:
    """Ctrl-C ends the drawing, and what is there is shown; a second one ends the program."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar(samples: int) -> Iterator[Bar]:
    """How far it is, on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[found]}"))
    with Bar(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal) as bar:
        bar.add_task("samples", total=samples, found="")
        yield bar
