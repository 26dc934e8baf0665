"""A demonstration: the server, asked by a real LSP client, fills a hole in a module of the standard library.

The module is copied to a temporary folder and a statement is taken out of it. The client does what an editor does:
starts `codegpt-server`, opens the file, asks for an inline completion at the cursor, types on, and asks again.
"""

import ast
import asyncio
import calendar
import inspect
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
from lsprotocol import types
from pygls.lsp.client import LanguageClient
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from codegpt.checkpoints import DEFAULT_MODEL, at_hand, find
from codegpt.console import run_and_exit
from codegpt.document import Document, Edit, Span
from codegpt.errors import CodeGPTError, InputError
from codegpt.picture import svg_of
from codegpt_server.status import STATUS

LINES_AROUND = 8
LOAD_TIMEOUT_S = 300  # a first start also runs the model's self-check


class Hole(NamedTuple):
    """A function of the module and the statement of its body that is taken out."""

    function: str
    statement: int


HOLES = (Hole("isleap", 1), Hole("monthrange", 4), Hole("timegm", 3), Hole("monthrange", 3), Hole("leapdays", 2))
"""The first one that something is suggested for is shown: a small model says nothing where it is not sure."""

TYPED = 11
"""Characters of the statement that the person types next, instead of taking the suggestion."""


def punch(source: str, hole: Hole) -> tuple[Document, int, str]:
    """The source without one statement, its indentation left, the offset where it was, and the statement.

    Raises:
        InputError: there is no such function.
    """
    document = Document(source, language="python")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == hole.function:
            statement = node.body[hole.statement]
            start = document.line_starts[statement.lineno - 1] + statement.col_offset
            end = document.line_span((statement.end_lineno or statement.lineno) - 1).end
            return document.apply(Edit(Span(start, end), "")), start, document.text[start:end]
    raise InputError(f"this Python's calendar has no function {hole.function}")


def show(document: Document, offset: int, completion: str, console: Console, title: str) -> None:
    """Print the lines around the cursor with the completion highlighted."""
    starts, line = document.line_starts, document.line_at(offset)
    begin = starts[max(0, line - LINES_AROUND)]
    end = [*starts, len(document.text)][min(len(starts), line + LINES_AROUND)]
    text = Text(document.text[begin:offset])
    text.append(completion, style="bold #0b1f0f on #7ee787")
    text.append(document.text[offset:end])
    console.print(Panel(text, title=title, title_align="left", border_style="dim"))


class Session:
    """One editor's conversation with one server about one file."""

    def __init__(self, uri: str) -> None:
        self._client = LanguageClient("codegpt-demo", "1")
        self._uri = uri
        self._version = 0
        self.why = ""
        """Why nothing was suggested last."""

    async def start(self, command: list[str], text: str) -> float:
        """Start the server, open the file and wait for the model; returns the seconds that took.

        Raises:
            CodeGPTError: the server cannot load the model.
        """
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        @self._client.feature(STATUS)  # type: ignore[untyped-decorator]  # pygls does not type it
        def on_status(status: Any) -> None:
            self.why = status.why
            if status.state != "loading" and not ready.done():
                ready.set_result("" if status.state == "ready" else status.detail)

        @self._client.feature(types.WINDOW_SHOW_MESSAGE)  # type: ignore[untyped-decorator]
        def on_message(params: types.ShowMessageParams) -> None:
            click.echo(params.message, err=True)

        started = time.monotonic()
        await self._client.start_io(command[0], *command[1:])
        capabilities = types.ClientCapabilities(
            text_document=types.TextDocumentClientCapabilities(
                inline_completion=types.InlineCompletionClientCapabilities()
            )
        )
        await self._client.initialize_async(types.InitializeParams(capabilities=capabilities))
        self._client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(self._uri, "python", self._version, text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        failure = await asyncio.wait_for(ready, LOAD_TIMEOUT_S)
        if failure:
            raise CodeGPTError(failure)
        return time.monotonic() - started

    async def stop(self) -> None:
        """End the conversation and the server."""
        await self._client.shutdown_async(None)
        self._client.exit(None)
        await self._client.stop()  # type: ignore[no-untyped-call]

    def replace(self, text: str) -> None:
        """Make the open file hold `text`."""
        self._version += 1
        self._client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self._version, self._uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    async def suggest(self, document: Document, offset: int) -> tuple[str, float]:
        """The suggestion at `offset` and the seconds it took."""
        at = document.position_at(offset, "utf-16")
        started = time.monotonic()
        answer = await self._client.text_document_inline_completion_async(
            types.InlineCompletionParams(
                types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic),
                types.TextDocumentIdentifier(self._uri),
                types.Position(at.line, at.character),
            )
        )
        items = answer.items if isinstance(answer, types.InlineCompletionList) else answer or []
        return (str(items[0].insert_text) if items else ""), time.monotonic() - started


async def demonstrate(model: str, console: Console) -> dict[str, object]:
    """Run the demonstration; returns what its last line prints."""
    model = find(at_hand(model)).name  # whatever is wrong with it is said before a server is started
    source = Path(inspect.getsourcefile(calendar) or "").read_text(encoding="utf-8")
    document, _, _ = punch(source, HOLES[0])
    with tempfile.TemporaryDirectory(prefix="codegpt-demo-") as folder:
        path = Path(folder) / "calendar.py"
        path.write_text(document.text, encoding="utf-8")
        session = Session(path.as_uri())
        console.print(f"[dim]starting codegpt-server with {model} ...[/]")
        load_s = await session.start([sys.executable, "-m", "codegpt_server", "--model", model], document.text)
        for hole in HOLES:
            document, offset, statement = punch(source, hole)
            session.replace(document.text)
            completion, first_s = await session.suggest(document, offset)
            if completion:
                break
            console.print(f"[dim]calendar.{hole.function}: {session.why or 'nothing to suggest'}[/]")
        show(document, offset, completion, console, f"calendar.{hole.function}, one statement taken out")
        typed = statement[:TYPED]
        document = document.apply(Edit(Span(offset, offset), typed))
        session.replace(document.text)
        again, second_s = await session.suggest(document, offset + len(typed))
        show(document, offset + len(typed), again, console, f"the same, after typing {typed!r}")
        await session.stop()
    console.print(f"model loaded in {load_s:.1f} s, first suggestion in {first_s:.1f} s, second in {second_s:.1f} s")
    if not completion:
        raise CodeGPTError("the server made no suggestion")
    seconds = {"load_s": round(load_s, 2), "first_s": round(first_s, 2), "second_s": round(second_s, 2)}
    return {"completion": completion, "model": model, **seconds}


@click.command()
@click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="Catalogue name, hub id, directory or GGUF file."
)
@click.option("--svg", type=click.Path(path_type=Path), help="Draw what was shown into this file as well.")
def demo(model: str, svg: Path | None) -> None:
    """Fill a hole in a standard library module through the language server, twice."""
    console = Console(stderr=True, highlight=False, record=svg is not None, width=100 if svg else None)
    result = asyncio.run(demonstrate(model, console))
    click.echo(json.dumps(result))
    if svg:
        svg.write_text(svg_of(console, "make demo"), encoding="utf-8")


if __name__ == "__main__":
    run_and_exit(demo, "codegpt-demo")
