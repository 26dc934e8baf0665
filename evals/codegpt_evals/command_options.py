"""The options that several commands of `codegpt-evals` share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.sandbox.backends import Backend
from codegpt_evals import stages
from codegpt_evals.tasks import JSONL

Function = TypeVar("Function", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
RUN = click.Path(path_type=Path, file_okay=False, exists=True)


def generating(command: Function) -> Function:
    """The options of what draws samples."""
    options = [
        click.option("--data", type=FILE, help=f"The problems of the task {JSONL}, one a line."),
        click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name, hub id, directory or GGUF file."),
        click.option("--fim", default="", metavar="FORMAT/LAYOUT", help="Another format for holes; or left-only."),
        click.option("--adapter", default="", help="Name or path of one for this model; see codegpt-train finetune."),
        click.option(
            "--context",
            default=stages.ALL,
            show_default=True,
            metavar="SOURCES",
            help="Of holes in projects: all, none, names with commas, or -name for all but one.",
        ),
        click.option(
            "--reuse",
            multiple=True,
            type=RUN,
            help="A run with another --context: where its prompts are the same, so are the samples. May be repeated.",
        ),
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


NOT_OF_SAMPLING = ("data", "model", "adapter", "fim", "context", "reuse", "limit", "subset")


def jailing(command: Function) -> Function:
    """The options of what runs programs."""
    kinds = click.Choice([Backend.BWRAP.value, Backend.LANDLOCK.value])
    workers = click.IntRange(0)
    kind = click.option(
        "--backend", default=Backend.BWRAP.value, show_default=True, type=kinds, help="The kind of jail."
    )
    command = kind(command)
    return click.option("--workers", default=0, type=workers, help="Programs at once; 0 for one a core.")(command)
