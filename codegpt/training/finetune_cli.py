"""`codegpt-train finetune`: teach a model somebody's files; and how it does at others of them, before and after."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from codegpt.checkpoints import DEFAULT_MODEL, find, with_adapter
from codegpt.checkpoints.adapters import folder_of
from codegpt.checkpoints.formats import TOKENIZER
from codegpt.checkpoints.progress import Progress
from codegpt.engine.tokens import Tokens
from codegpt.load import LoadedModel, load_model
from codegpt.planning import CONFIGURATION
from codegpt.shown_progress import showing_progress
from codegpt.training.extra import with_the_extra
from codegpt.training.judging import Answers, Blank, Change, blanks_of, change
from codegpt.training.repository import Repository, read_repository

MOST_NAMED = 5
"""Files that are left out for one reason, by path; of more, only the number."""


@click.command()
@click.argument("path", type=click.Path(path_type=Path, file_okay=False))
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name, hub id or directory.")
@click.option(
    "--fim", default="", metavar="FORMAT/LAYOUT", help="Fill-in-the-middle format, where codegpt cannot tell."
)
@click.option("--name", help="What the adapter is to be called.  [default: as the folder]")
@click.option(
    "--minutes", default=20.0, show_default=True, type=click.FloatRange(0, min_open=True), help="Of learning."
)
@click.option("--holes", default=100, show_default=True, type=click.IntRange(0), help="To judge by, before and after.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def finetune(path: Path, model: str, fim: str, name: str | None, minutes: float, holes: int, as_json: bool) -> None:
    """Teach MODEL the files below PATH; what it learns is an adapter, which --adapter NAME uses.

    A fifth of the files is held out, and the model asked for holes in them before and after. Files that are ignored,
    or hold what looks like a secret, are left out. The same command goes on where it was stopped, and with more holes
    asks only those.
    """
    with with_the_extra():
        from codegpt.training.finetune import Finetuning, check_free
        from codegpt.training.finetune import finetune as teach
        from codegpt.training.learner import check
        from codegpt.training.windows import Windows

    repository = read_repository(path)
    adapter = name or _named_as(repository.root)
    folder, base = folder_of(adapter), find(model)
    check(base)
    origin = "" if name else hashlib.sha256(f"{repository.root}\0{base.name}".encode()).hexdigest()
    check_free(folder, origin)
    with showing_progress(of_bytes=False) as progress, _going_on_later():
        _say_what_is_read(repository, progress)
        progress.say(f"learning will take {minutes:g} minutes; before and after it, {holes} holes are asked for")
        judge = _Judge(blanks_of(repository, holes), fim, folder.with_name(f"{adapter}.answers.jsonl"), progress)
        before = judge.answers("holes before", model)
        tokens = Tokens((base.directory / TOKENIZER).read_text(encoding="utf-8"))
        windows = Windows(repository.root.name, repository.learnt, tokens, load_model(model, fim).fim)
        teach(base, windows, Finetuning(minutes=minutes), folder, origin, progress)
        after = judge.answers("holes after", with_adapter(model, adapter))
    found = change(judge.blanks, before, after) if judge.blanks else None
    if as_json:
        files = {"learnt": len(repository.learnt), "held_out": len(repository.held_out)}
        said = {"adapter": adapter, "model": base.name, "folder": str(folder), "files": files}
        click.echo(json.dumps({**said, "left_out": repository.left_out, "exact": found and found._asdict()}))
        return
    if found:
        _show(found)
    click.echo(f"codegpt complete FILE --at L:C --model {model} --adapter {adapter}")


@dataclass(frozen=True)
class _Judge:
    blanks: Sequence[Blank]
    fim: str
    kept: Path
    progress: Progress

    def answers(self, what: str, model: str) -> list[bool]:
        known_as = f"{find(model).digest} {self.fim} {CONFIGURATION}"

        def load() -> LoadedModel:
            return load_model(model, self.fim)

        def done(count: int) -> None:
            self.progress.step(what, count, len(self.blanks))

        return Answers(self.kept).of(self.blanks, known_as, load, done)


def _named_as(folder: Path) -> str:
    return _NO_NAME.sub("-", folder.name).strip("-._") or "adapter"


_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def _say_what_is_read(repository: Repository, progress: Progress) -> None:
    for why, paths in repository.left_out.items():
        named = f" ({', '.join(paths)})" if len(paths) <= MOST_NAMED else ""
        progress.say(f"{_files(len(paths))} left out: {why}{named}")
    progress.say(f"{_files(len(repository.learnt))} to learn from, {len(repository.held_out)} held out")


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


@contextmanager
def _going_on_later() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo("what was learnt is kept; the same command goes on from there", err=True)
        raise


def _show(found: Change) -> None:
    table = Table("held-out holes", "files", "exact before", "after", "gained", "lost", "more (95% interval)", box=None)
    more = f"{found.more:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    shares = (f"{found.before:.3f}", f"{found.after:.3f}")
    table.add_row(str(found.holes), str(found.files), *shares, str(found.gained), str(found.lost), more)
    Console().print(table)
    if found.low <= 0 <= found.high:
        click.echo("so many holes cannot tell whether it got better; --holes with a larger number asks more of them")
