"""Progress on standard error: a bar a stage, with rate and time left; nothing where nobody is looking."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

Advance = Callable[[int], None]


class Bars:
    """The bars of one command."""

    def __init__(self, quiet: bool = False) -> None:
        console = Console(stderr=True, quiet=quiet)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            speed_estimate_period=120,
        )

    @contextmanager
    def stage(self, what: str, total: int, done: int = 0) -> Iterator[Advance]:
        """A bar for `total` things, so many of which are done already."""
        with self._progress:
            bar = self._progress.add_task(what, total=total, completed=done, rate="")

            def advance(count: int) -> None:
                self._progress.update(bar, advance=count, rate=self._rate(bar))

            yield advance
            self._progress.remove_task(bar)

    def say(self, text: str) -> None:
        """One line for the person."""
        self._progress.console.print(text, style="yellow", markup=False)

    def _rate(self, bar: TaskID) -> str:
        speed = self._progress.tasks[self._progress.task_ids.index(bar)].speed
        return "" if speed is None else f"{60 * speed:.0f}/min" if speed < 20 else f"{speed:.0f}/s"
