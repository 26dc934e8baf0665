"""`codegpt models`: list, pull, locate and verify checkpoints. Results go to stdout, progress to stderr."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from codegpt.checkpoints import CHECKPOINTS, DEFAULT_MODEL, EMBEDDED, CatalogueEntry, embedded, find
from codegpt.checkpoints import pull as pull_checkpoint
from codegpt.checkpoints import verify as verify_checkpoint
from codegpt.checkpoints.adapters import without_adapter
from codegpt.checkpoints.card import Card
from codegpt.checkpoints.disk import megabytes
from codegpt.errors import CheckpointError, InputError, ModelNotFound
from codegpt.shown_progress import showing_progress

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


@click.group("models")
def models() -> None:
    """List, pull and check the models codegpt runs."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON to stdout.")
def list_models(as_json: bool) -> None:
    """The models codegpt knows by name, and which are on this machine."""
    rows = [{**_facts(entry), "pulled": _state(entry.name)} for entry in CHECKPOINTS.values()]
    rows += [_shipped()] if embedded.is_shipped() else []
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=None)
    table.add_column("name", no_wrap=True)
    for heading in ("params", "size", "licence", "run here", "pulled"):
        table.add_column(heading)
    for row in rows:
        size = megabytes(int(row["download_bytes"])) if row["download_bytes"] else "ships"
        parameters, ran = f"{row['parameters'] / 1e9:.2f}B", "yes" if row["run"] else "no"
        table.add_row(row["name"], parameters, size, row["licence"], ran, row["pulled"])
    Console().print(table)
    click.echo(f"The default is {DEFAULT_MODEL}. 'run here' says whether this project has run the model.")


@models.command()
@click.argument("name", default=DEFAULT_MODEL)
def pull(name: str) -> None:
    """Download NAME (a name from the list, or a hub id), verify and convert it."""
    with showing_progress() as progress:
        try:
            checkpoint = pull_checkpoint(name, progress=progress)
        except KeyboardInterrupt:
            progress.say("stopped; run the same command again to go on from here")
            raise SystemExit(INTERRUPTED) from None
        progress.say(f"{checkpoint.name}: ready in {checkpoint.directory}")


@models.command()
@click.argument("name", default=DEFAULT_MODEL)
def path(name: str) -> None:
    """Print the directory that holds NAME's safetensors, configuration and tokenizer."""
    with showing_progress() as progress:
        directory = find(name, progress=progress).directory
    click.echo(str(directory))


@models.command()
@click.argument("name", default=DEFAULT_MODEL)
def verify(name: str) -> None:
    """Read every file of NAME again and compare its sha256."""
    if without_adapter(name)[0] == EMBEDDED:
        raise InputError(f"{EMBEDDED} is part of the package: whoever installed that verified it")
    with showing_progress() as progress:
        checkpoint = verify_checkpoint(without_adapter(name)[0], progress=progress)
    click.echo(f"{checkpoint.name}: intact, sha256 {checkpoint.digest}")


def _facts(entry: CatalogueEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "default": entry.name == DEFAULT_MODEL,
        "parameters": entry.parameters,
        "download_bytes": entry.bytes,
        "licence": entry.licence,
        "hub": f"{entry.hub.repo}@{entry.hub.revision}",
        "sha256": entry.sha256,
        "fim": f"{entry.fim}/{entry.layout}",
        "run": entry.run,
    }


def _shipped() -> dict[str, Any]:
    """The model that is in the package, with the fields of the others."""
    checkpoint = find(EMBEDDED)
    card = checkpoint.card or Card(fim="")
    return {
        "name": EMBEDDED,
        "default": False,
        "parameters": card.parameters,
        "download_bytes": 0,
        "licence": "Apache-2.0",
        "hub": "",
        "sha256": checkpoint.digest,
        "fim": card.fim,
        "run": True,
        "pulled": "yes",
    }


def _state(name: str) -> str:
    try:
        find(name)
    except ModelNotFound:
        return "no"
    except CheckpointError:
        return "corrupt"
    return "yes"
