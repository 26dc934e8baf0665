"""Progress on standard error: a bar a step on a terminal, a line now and then in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from codegpt.checkpoints.progress import Progress

PLAIN_INTERVAL_S = 10.0


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
def showing_progress(of_bytes: bool = True) -> Iterator[Progress]:
    """A `Progress` that a person sees.

    Args:
        of_bytes: what the steps count; else things.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Plain()
        return
    counted = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), counted, TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Drawn(bars)
