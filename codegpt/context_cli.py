"""`codegpt context`: what a suggestion at a place would be told of other files, and why."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.context.cursor import Around, Cursor
from codegpt.context.gather import Chunk, gather
from codegpt.context.sources import SOURCES
from codegpt.document import Document
from codegpt.errors import InputError
from codegpt.indexing.files import project_of
from codegpt.indexing.index import Index
from codegpt.indexing.update import current_index


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--at", "at", required=True, metavar="LINE:COL", help="The cursor, from 1:1; columns count characters.")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder whose files count.  [default: the repository or project around FILE]",
)
@click.option("--tokens", default=768, show_default=True, type=click.IntRange(0), help="At most so many.")
@click.option(
    "--source", "sources", multiple=True, type=click.Choice(list(SOURCES)), help="May be repeated.  [default: all]"
)
@click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="Whose tokens: catalogue name, hub id, directory or GGUF."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
def context(
    file: Path, at: str, workspace: Path | None, tokens: int, sources: tuple[str, ...], model: str, as_json: bool
) -> None:
    """Print what the model would be told of other files, for a suggestion in FILE at the cursor.

    Nothing is run; the files are read as text. The same every time, as long as no file changes.
    """
    from codegpt.context.fit import fit_window
    from codegpt.load import token_counter
    from codegpt.planning import CompletionOptions
    from codegpt.source_file import offset_of, read_document

    document = read_document(file)
    offset = offset_of(document, at)
    root = workspace or project_of(file)
    path = _path_in(root, file)
    count = token_counter(model)
    options = CompletionOptions()
    window = fit_window(document, offset, options.prefix_tokens, options.suffix_tokens, count)
    index = _indexed(root)
    cursor = Cursor(document, offset, Around(index, index.root.name, path))
    with index.reading():
        found = gather(cursor, tokens, count, window, sources or tuple(SOURCES))
    if as_json:
        chunks = [_as_data(chunk) for chunk in found.chunks]
        click.echo(json.dumps({"tokens": found.tokens, "chunks": chunks, "skipped": index.skipped()}))
        return
    for chunk in found.chunks:
        click.echo(f"=== {chunk.path} ({chunk.tokens} tokens)")
        for piece in chunk.pieces:
            click.echo(f"    {piece.score:.2f} {piece.source}: {piece.entry.name or piece.entry.kind}")
        click.echo(chunk.text.encode("utf-8", "replace"))
    skipped = len(index.skipped())
    click.echo(
        f"codegpt: {found.tokens} tokens of {len(found.chunks)} files"
        + (f"; {skipped} files are skipped" if skipped else ""),
        err=True,
    )


def _as_data(chunk: Chunk) -> dict[str, object]:
    pieces = [
        {"name": each.entry.name, "kind": each.entry.kind, "source": each.source, "score": round(each.score, 4)}
        for each in chunk.pieces
    ]
    return {"path": chunk.path, "tokens": chunk.tokens, "text": chunk.text, "pieces": pieces}


def _path_in(root: Path, file: Path) -> str:
    """Where a file is in a workspace.

    Raises:
        InputError: it is not in there.
    """
    try:
        return file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise InputError(f"{file} is not in {root}; name the folder that holds both with --workspace") from None


def _indexed(root: Path) -> Index:
    """The index of a workspace, with a bar on standard error while it is made."""
    console = Console(stderr=True)
    columns = (TextColumn("reading the workspace"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        return current_index(root.resolve(), lambda done, of: bar.update(task, completed=done, total=of))


def place_in(root: Path, file: Path, document: Document, offset: int) -> Callable[[], AbstractContextManager[Cursor]]:
    """Says where a cursor is in a workspace, which is indexed for it, in one state of the index.

    Raises:
        InputError: the file is not in there, or the index cannot be kept.
    """
    path = _path_in(root, file)
    index = _indexed(root)

    @contextmanager
    def place() -> Iterator[Cursor]:
        with index.reading():
            yield Cursor(document, offset, Around(index, index.root.name, path))

    return place
