"""Are our fill-in-the-middle prompts right: token for token the published ones, and does the model use the suffix?

Run: `python benchmarks/fim_prompts.py`, with `$CODEGPT_DATA` naming the folder of the benchmarks. The last line of
standard output is JSON.
"""

import json
from pathlib import Path

import click
from codegpt_evals.problem import Hole
from codegpt_evals.tasks import load_task
from transformers import AutoTokenizer

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.engine.tokens import Tokens
from codegpt.fim_check import run_fim_check
from codegpt.load import load_model
from codegpt.prompt import candidate_fims, parse_fim, render_fim


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def check(out: Path | None) -> None:
    """Compare the PSM prompts of all single-line holes with the publisher's, and self-check every format."""
    checkpoint = find(DEFAULT_MODEL)
    publishers = AutoTokenizer.from_pretrained(checkpoint.directory)
    ours = Tokens((checkpoint.directory / "tokenizer.json").read_text(encoding="utf-8"))
    psm = parse_fim("qwen2.5-coder/psm")
    holes = [p.asks for p in load_task("infilling-single").problems if isinstance(p.asks, Hole)]
    differing = 0
    for hole in holes:
        published = f"<|fim_prefix|>{hole.prefix}<|fim_suffix|>{hole.suffix}<|fim_middle|>"
        differing += ours.encode(render_fim(hole.prefix, hole.suffix, psm)) != publishers.encode(published)
    engine = load_model(DEFAULT_MODEL).engine
    result = {
        "benchmark": "fim_prompts",
        "model": checkpoint.name,
        "digest": checkpoint.digest,
        "prompts": len(holes),
        "differing_from_the_published": differing,
        "self_checks": [run_fim_check(engine, (fim,)).to_json() for fim in candidate_fims(engine.info.markup)],
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


if __name__ == "__main__":
    run_and_exit(check, "fim_prompts")
