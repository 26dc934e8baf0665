"""`codegpt translate`: a function in another language, compared with the original before it is shown."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codegpt.asking import ask, drawing
from codegpt.errors import InputError
from codegpt.languages import LANGUAGES
from codegpt.source_file import read_document

if TYPE_CHECKING:
    from codegpt.generate import Run, Task
    from codegpt.load import LoadedModel


@click.command()
@click.argument("place", metavar="FILE:FUNCTION")
@click.option("--to", "language", required=True, help="An editor's name of the language, such as javascript.")
@drawing
def translate(place: str, language: str, **options: Any) -> None:
    """Write FUNCTION of a Python FILE in another language: what does the same on generated inputs comes first."""
    from codegpt.translate import original_in, parts_of, proposed_calls, translation

    if language not in LANGUAGES or language == "python":
        others = ", ".join(sorted(LANGUAGES.keys() - {"python"}))
        raise InputError(f"{language!r} is no language to translate Python to; there are {others}")
    file, function = parts_of(place)
    document = read_document(Path(file))
    if document.language != "python":
        raise InputError(f"{file} is not Python; functions of Python are translated")
    original = original_in(document, function)

    def task_of(loaded: "LoadedModel", run: "Run | None") -> "Task":
        propose = partial(proposed_calls, original, loaded.engine, loaded.chat)
        made = translation(original, language, run, propose)
        if made.task.trial is not None:
            click.echo(f"Compared with the original on {made.inputs} inputs.", err=True)
        if made.left_out:
            click.echo(f"{made.left_out} others are not the same in both languages, and left out.", err=True)
        return made.task

    ask(task_of, **options)
