"""The `codegpt-train` command: corpus, pretrain, curve, export, finetune. Results go to stdout, progress to stderr."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import click

from codegpt.console import run_and_exit
from codegpt.errors import InputError
from codegpt.shown_progress import showing_progress
from codegpt.training import corpus as corpora
from codegpt.training.extra import with_the_extra
from codegpt.training.finetune_cli import finetune
from codegpt.training.log import LOG
from codegpt.training.overlap import Benchmarks, texts_of
from codegpt.training.packages import Package, of_the_standard_library, of_this_environment, of_wheels

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
    with with_the_extra(), showing_progress(of_bytes=False) as progress:
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

    found = read_curve(run / LOG)
    if out:
        with with_the_extra():
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


cli.add_command(finetune)


def main() -> None:
    """The console script."""
    run_and_exit(cli, "codegpt-train")


if __name__ == "__main__":  # under torchrun
    main()
