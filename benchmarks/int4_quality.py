"""What weights in four bits would cost in quality: single lines of HumanEval, by weights rounded to them before.

Groups of 32 weights of a row have a scale and an offset of their own (5 bits a weight in all, with both in half
floats). What is rounded is computed with as int8, so that only its quality is measured; there is no product for it yet.
The last line of standard output is JSON.

    python benchmarks/int4_quality.py [--subset N] [--out FILE.json]
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import click
import torch
from codegpt_evals import run
from codegpt_evals.metrics import mean_difference
from peers.machine import facts
from torch import Tensor

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.engine import int8
from codegpt.engine.int8 import Int8
from codegpt.engine.torch_engine import load_torch_engine
from codegpt.load import load_model

GROUP = 32
LEVELS = 15
_ROWS_AT_ONCE = 4096

Quantize = Callable[[Tensor], Int8]


def in_four_bits(weight: Tensor) -> Tensor:
    """(O, I) rounded to sixteen values between the least and the largest of each group; I a multiple of the group."""
    rounded = torch.empty(weight.shape, dtype=torch.float32)
    for begin in range(0, len(weight), _ROWS_AT_ONCE):
        part = slice(begin, begin + _ROWS_AT_ONCE)
        groups = weight[part].float().reshape(-1, weight.shape[1] // GROUP, GROUP)
        least, most = groups.aminmax(dim=-1, keepdim=True)
        step = ((most - least) / LEVELS).clamp(min=torch.finfo(torch.float32).tiny)
        rounded[part] = (((groups - least) / step).round() * step + least).flatten(1)
    return rounded


def ways(vocabulary: int) -> dict[str, Quantize]:
    """How a matrix is rounded in each; that of the outputs is the one with as many rows as there are tokens."""
    whole = int8.quantize

    def four(weight: Tensor) -> Int8:
        return whole(in_four_bits(weight))

    def but_the_last(weight: Tensor) -> Int8:
        return whole(weight) if len(weight) == vocabulary else four(weight)

    return {"int8": whole, "int4": four, "int4, the output matrix in int8": but_the_last}


@click.command()
@click.option("--subset", default=200, show_default=True, type=click.IntRange(1))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(subset: int, out: Path | None) -> None:
    """Fill the same holes in each way."""
    loaded, checkpoint = load_model(DEFAULT_MODEL), find(DEFAULT_MODEL)
    vocabulary = json.loads((checkpoint.directory / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    exact: dict[str, dict[str, bool]] = {}
    for way, quantize in ways(vocabulary).items():
        click.echo(way, err=True)
        with patch.object(int8, "quantize", quantize):  # nothing is kept of it: there is no store
            engine = load_torch_engine(checkpoint.directory, f"{checkpoint.name} in {way}", checkpoint.digest)
        with TemporaryDirectory() as folder:
            result = run("infilling-single", subset=subset, out=Path(folder), loaded=replace(loaded, engine=engine))
        exact[way] = {grade.task_id: bool(grade.exact) for grade in result.grades}
    first = exact["int8"]
    programs = [hole.rpartition("/")[0] for hole in first]
    more = {
        way: mean_difference([*first.values()], [found[at] for at in first], programs) for way, found in exact.items()
    }
    figures = {
        "benchmark": "int4_quality",
        "machine": facts(),
        "holes": len(first),
        "exact": {way: round(sum(found.values()) / len(found), 4) for way, found in exact.items()},
        "more_than_int8": {way: [round(value, 4) for value in rate] for way, rate in more.items()},
    }
    if out:
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    run_and_exit(main, "int4_quality")
