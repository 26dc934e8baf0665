"""`codegpt-server`: the language server on standard input and output."""

import logging
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from codegpt.checkpoints import DEFAULT_MODEL, with_adapter
from codegpt.console import run_and_exit
from codegpt.load import LoadedModel, load_to_complete, warm_up
from codegpt_server.settings import Settings

if TYPE_CHECKING:
    from codegpt_server.server import CodeGPTServer


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="Catalogue name, hub id, directory or GGUF file."
)
@click.option(
    "--fim", default="", metavar="FORMAT/LAYOUT", help="Fill-in-the-middle format, where codegpt cannot tell."
)
@click.option("--adapter", default="", help="Name or path of one for this model; see codegpt-train finetune.")
@click.option("--scripted", metavar="TEXT", help="Always suggest TEXT, without a model: to try an editor's setup.")
@click.option("--playground", is_flag=True, help="Serve a page with an editor on 127.0.0.1 instead, to try it.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Of the playground.  [default: any free one]")
@click.version_option(package_name="codegpt-lsp")
def serve(model: str, fim: str, adapter: str, scripted: str | None, playground: bool, port: int) -> None:
    """Complete code in your editor, over the Language Server Protocol.

    Your editor starts this; it talks on standard input and output. Nothing is downloaded: pull a model first with
    `codegpt models pull`.
    """
    model = with_adapter(model, adapter)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")

    def load(settings: Settings) -> LoadedModel:
        if scripted is not None:
            from codegpt.engine.scripted import ScriptedEngine

            return LoadedModel(ScriptedEngine(scripted), None)
        loaded = load_to_complete(settings.model, settings.fim)
        warm_up(loaded.engine)
        return loaded

    if playground:
        from codegpt_server.playground import run

        run(Settings(model=model, fim=fim, trusted=True, context=False), load, port)
        return
    from codegpt_server.handlers import create_server  # a third of a second that --help need not wait for

    run_until_the_editor_ends(create_server(Settings(model=model, fim=fim), load))


def run_until_the_editor_ends(server: "CodeGPTServer") -> NoReturn:
    """Serve on standard input and output, then leave the process: 0 after an orderly shutdown, 1 otherwise.

    The process does not wait for what its threads still do, such as loading a model: the editor is gone.
    """
    server.start_io()
    server.stop_work()
    os._exit(0 if server.was_shut_down else 1)


def main() -> None:
    """The console script."""
    run_and_exit(serve, "codegpt-server")


if __name__ == "__main__":
    main()
