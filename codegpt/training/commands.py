"""The `codegpt-train` command: corpus, pretrain, curve, export, finetune. Results go to stdout, progress to stderr."""

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from codegpt.checkpoints import DEFAULT_MODEL, find, with_adapter
from codegpt.checkpoints.adapters import folder_of
from codegpt.checkpoints.formats import TOKENIZER
from codegpt.console import run_and_exit
from codegpt.engine.tokens import Tokens
from codegpt.errors import InputError
from codegpt.load import LoadedModel, load_model
from codegpt.shown_progress import showing_progress
from codegpt.training import corpus as corpora
from codegpt.training.judging import blanks_of, change, right
from codegpt.training.overlap import Benchmarks, texts_of
from codegpt.training.packages import Package, of_the_standard_library, of_this_environment, of_wheels
from codegpt.training.repository import read_repository

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codegpt-lsp")
def cli() -> None:
    """Train a fill-in-the-middle GPT on permissively licensed code."""


@cli.command()
@click.argument("out", type=FOLDER)
@click.option("--wheels", type=FOLDER, help="Packages whose wheels lie in this folder.")
@click.option("--installed", is_flag=True, help="Packages that are installed beside codegpt.")
@click.option("--standard-library", is_flag=True, help="Python's own modules.")
@click.option("--benchmark", multiple=True, type=FILE, help="JSON lines whose texts no document may share. Repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest instead of a summary.")
def corpus(
    out: Path, wheels: Path | None, installed: bool, standard_library: bool, benchmark: tuple[Path, ...], as_json: bool
) -> None:
    """Gather source whose licence is permissive into OUT, without what is not worth learning."""
    if not (wheels or installed or standard_library):
        raise InputError("name a source: --wheels FOLDER, --installed or --standard-library")
    packages: Iterator[Package] = chain(
        (of_the_standard_library(),) if standard_library else (),
        of_this_environment() if installed else (),
        of_wheels(wheels) if wheels else (),
    )
    benchmarks = Benchmarks(text for path in benchmark for text in texts_of(path))
    with _with_the_extra(), showing_progress(of_bytes=False) as progress:
        built = corpora.build(packages, benchmarks, progress=progress)
        if not built.texts:
            raise InputError("nothing of it is worth learning from, or no licence is permissive")
        progress.say("writing")
        corpora.write(built, out)
    manifest = json.loads((out / corpora.MANIFEST).read_text(encoding="utf-8"))
    if as_json:
        click.echo(json.dumps(manifest))
        return
    click.echo(f"{manifest['files']:,} files, {manifest['bytes'] / 1e6:,.1f} MB, {len(manifest['packages'])} packages")
    for why, count in sorted(manifest["left_out"].items(), key=lambda pair: -pair[1]):
        click.echo(f"{count:9,} left out: {why}")


@cli.command()
@click.argument("run", type=FOLDER)
@click.option("--corpus", "source", required=True, type=FOLDER, help="What `codegpt-train corpus` made.")
@click.option("--tokenizer", type=FILE, help="A tokenizer.json to take over; else one is learnt first.")
@click.option("--options", type=FILE, help="JSON of what is to be other than by default; see docs/training.md.")
@click.option("--steps", type=click.IntRange(1), help="How many in all.")
@click.option(
    "--stop-after-s", type=click.FloatRange(0), default=math.inf, help="Keep a state then; may be gone on with."
)
def pretrain(
    run: Path, source: Path, tokenizer: Path | None, options: Path | None, steps: int | None, stop_after_s: float
) -> None:
    """Teach a new model, in the folder RUN; the same command goes on where it was stopped."""
    from codegpt.training.options import read_options
    from codegpt.training.pretrain import Pretraining
    from codegpt.training.pretrain import pretrain as train

    asked = read_options(options) if options else Pretraining()
    asked = replace(asked, steps=steps) if steps else asked
    with showing_progress(of_bytes=False) as progress:
        known = corpora.read(source)
        described = tokenizer.read_text(encoding="utf-8") if tokenizer else ""
        last = train(asked, known, run, described, progress, stop_after_s)
    click.echo(json.dumps({"done": last is not None, "state": str(last) if last else None}))


@cli.command()
@click.argument("run", type=FOLDER)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A picture, .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def curve(run: Path, out: Path | None, as_json: bool) -> None:
    """How the loss of RUN fell, and how fast it learnt."""
    from codegpt.training.curve import draw, read_curve

    found = read_curve(run / "log.jsonl")
    if out:
        draw(found, out)
    held_out = found.held_out[-1][1] if found.held_out else None
    facts = {
        "steps": len(found.losses),
        "tokens": found.losses[-1][0],
        "loss": found.losses[-1][1],
        "held_out": held_out,
        "tokens_per_s": round(found.tokens_per_s, 1),
        "share_of_peak": found.share_of_peak and round(found.share_of_peak, 3),
    }
    click.echo(json.dumps(facts) if as_json else "\n".join(f"{name}: {value}" for name, value in facts.items()))


@cli.command()
@click.argument("run", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--last", is_flag=True, help="The last state, even where another one did better on what is held out.")
@click.option(
    "--confidence", default=0.0, show_default=True, type=click.FloatRange(0, 1), help="Show nothing less sure."
)
def export(run: Path, out: Path, last: bool, confidence: float) -> None:
    """Write the model of RUN into the folder OUT, in int8, as --model takes it."""
    from codegpt.training.export import export as write

    written = write(run, out, confidence, last=last)
    click.echo(f"{written / 'model.safetensors'}: {(written / 'model.safetensors').stat().st_size / 1e6:.1f} MB")


@cli.command()
@click.argument("path", type=FOLDER)
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
    or hold what looks like a secret, are left out. The same command goes on where it was stopped.
    """
    with _with_the_extra():
        from codegpt.training.finetune import Finetuning, check
        from codegpt.training.finetune import finetune as teach
        from codegpt.training.windows import Windows

    repository = read_repository(path)
    adapter = name or _NO_NAME.sub("-", repository.root.name).strip("-.") or "adapter"
    folder, base = folder_of(adapter), find(model)
    check(base)
    with showing_progress(of_bytes=False) as progress:
        for why, count in repository.left_out.items():
            progress.say(f"{count} files left out: {why}")
        progress.say(f"{len(repository.learnt)} files to learn from, {len(repository.held_out)} held out")
        blanks = blanks_of(repository, holes)
        loaded = load_model(model, fim)

        def judged(what: str, loaded: LoadedModel) -> list[bool]:
            return right(blanks, loaded, lambda done: progress.step(what, done, len(blanks)))

        before = judged("holes before", loaded)
        tokens = Tokens((base.directory / TOKENIZER).read_text(encoding="utf-8"))
        windows = Windows(repository.learnt, tokens, loaded.fim)
        del loaded
        teach(base, windows, Finetuning(minutes=minutes), folder, progress)
        after = judged("holes after", load_model(with_adapter(model, adapter), fim)) if blanks else []
    found = change(before, after) if blanks else None
    if as_json:
        click.echo(json.dumps({"adapter": adapter, "folder": str(folder), "exact": found and found._asdict()}))
        return
    if found:
        table = Table("held-out holes", "exact before", "exact after", "more (95% interval)", box=None)
        more = f"{found.more:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
        table.add_row(str(found.holes), f"{found.before:.3f}", f"{found.after:.3f}", more)
        Console().print(table)
    click.echo(f"codegpt complete FILE --at L:C --model {model} --adapter {adapter}")


@contextmanager
def _with_the_extra() -> Iterator[None]:
    """What is imported within comes with the extra `train`.

    Raises:
        InputError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise InputError(f"{error.name} is not installed; pip install 'codegpt-lsp[train]'") from error


_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def main() -> None:
    """The console script."""
    run_and_exit(cli, "codegpt-train")


if __name__ == "__main__":  # under torchrun
    main()
