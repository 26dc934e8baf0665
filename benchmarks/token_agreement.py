"""How often rounded weights leave the likeliest token as it was: int8 and int4 against the checkpoint's bf16.

At every place of some source files the tokens before it are the file's own. The last line of standard output is JSON.

    python benchmarks/token_agreement.py [--out FILE.json]
"""

import json
from pathlib import Path
from unittest.mock import patch

import click
import torch
from int4_quality import ways
from peers.machine import facts
from prompt_ceiling import sources
from torch import Tensor

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.engine import int8
from codegpt.engine.device import choose_placement
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.loading import load
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.protocol import Precision
from codegpt.engine.tokens import Tokens


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(out: Path | None) -> None:
    """Compare all of them with the floats of the checkpoint."""
    directory, placement = find(DEFAULT_MODEL).directory, choose_placement()
    vocabulary = json.loads((directory / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    texts = sources(Tokens((directory / "tokenizer.json").read_text(encoding="utf-8")))
    whole = _likeliest(load(directory, placement, Precision.FULL, None, ""), texts)
    same = {}
    for way, quantize in ways(vocabulary).items():
        with patch.object(int8, "quantize", quantize):  # nothing is kept of it: there is no store
            rounded = _likeliest(load(directory, placement, Precision.INT8, None, ""), texts)
        same[way] = round((rounded == whole).float().mean().item(), 4)
    result = {"benchmark": "token_agreement", "machine": facts(), "places": len(whole), "same_as_the_floats": same}
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


def _likeliest(model: Model, texts: list[list[int]]) -> Tensor:
    """Of every place the token that comes next."""
    passes = (model.forward(torch.tensor([ids]), KvCache(), never_interrupted, count=len(ids)) for ids in texts)
    return torch.cat([logits[0].argmax(-1) for logits in passes])


if __name__ == "__main__":
    run_and_exit(main, "token_agreement")
