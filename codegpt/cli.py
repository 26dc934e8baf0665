"""The `codegpt` command: complete, context, generate, models, sandbox, stats, doctor."""

import json
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click

from codegpt.checkpoints import DEFAULT_MODEL, with_adapter
from codegpt.console import run_and_exit
from codegpt.context_cli import context, place_in
from codegpt.models_cli import models
from codegpt.sandbox_cli import sandbox
from codegpt.stats_cli import stats
from codegpt.translate_cli import translate
from codegpt.words_cli import generate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codegpt-lsp")
def cli() -> None:
    """Code completion by a model on this machine."""


cli.add_command(context)
cli.add_command(generate)
cli.add_command(translate)
cli.add_command(models)
cli.add_command(sandbox)
cli.add_command(stats)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--at", "at", required=True, metavar="LINE:COL", help="The cursor, from 1:1; columns count characters.")
@click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="Catalogue name, hub id, directory or GGUF file."
)
@click.option(
    "--fim", default="", metavar="FORMAT/LAYOUT", help="Fill-in-the-middle format, where codegpt cannot tell."
)
@click.option("--adapter", default="", help="Name or path of one for this model; see codegpt-train finetune.")
@click.option(
    "--candidates",
    default=1,
    show_default=True,
    type=click.IntRange(1, 32),
    help="Look at so many texts, and take the one that goes best with what follows.",
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Tell the model what other files of this folder define, as in an editor; they are indexed first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of the bare text.")
def complete(
    file: Path,
    at: str,
    model: str,
    fim: str,
    adapter: str,
    candidates: int,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Print the text to insert into FILE at the cursor, exactly, and nothing else."""
    from codegpt.complete import complete as complete_at
    from codegpt.inline import trusted, trusted_with
    from codegpt.load import load_to_complete
    from codegpt.planning import CompletionOptions
    from codegpt.source_file import offset_of, read_document

    document = read_document(file)
    offset = offset_of(document, at)
    place = nullcontext if workspace is None else place_in(workspace, file, document, offset)
    started = time.monotonic()
    loaded = load_to_complete(with_adapter(model, adapter), fim)
    load_s = time.monotonic() - started
    if loaded.warning:
        click.echo(f"codegpt: {loaded.warning}", err=True)
    options = trusted_with(CompletionOptions(n=candidates), loaded.card)
    completions = complete_at(document, offset, loaded.engine, loaded.fim, options, place=place)
    completions = trusted(completions, loaded.card)
    best = completions.items[0] if completions.items else None
    if as_json:
        result = {
            "text": best.text if best else "",
            "others": [item.text for item in completions.items[1:]],
            "why_none": completions.why_none,
            "model": loaded.engine.info.name,
            "fim": str(loaded.fim) if loaded.fim else None,
            "extent": completions.extent,
            "mean_logprob": best.generation.mean_logprob if best else None,
            "stop_reason": best.generation.stop_reason if best else None,
            "context": [{"path": chunk.path, "tokens": chunk.tokens} for chunk in completions.context.chunks],
            "cuts": [cut._asdict() for cut in (best.cuts if best else completions.cuts)],
            "load_s": round(load_s, 3),
            "complete_s": round(time.monotonic() - started - load_s, 3),
        }
        click.echo(json.dumps(result))
    elif best:
        click.echo(best.text.encode(), nl=False)  # bytes: no terminal's encoding or line ends
    else:
        click.echo(f"codegpt: no suggestion: {completions.why_none}", err=True)


@cli.command()
@click.option("--bench", "measured", is_flag=True, help="Load the model and measure how fast it is here.")
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="For --bench: name, hub id, directory or GGUF.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a table.")
def doctor(measured: bool, model: str, as_json: bool) -> None:
    """Say what this machine has and what codegpt will use."""
    from codegpt.doctor import examine, measure

    facts = asdict(examine())
    if measured:
        facts |= measure(model)
    if as_json:
        click.echo(json.dumps(facts))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), Text(str(value)))
    Console().print(table)


def main() -> None:
    """The console script."""
    run_and_exit(cli, "codegpt")
