"""What would make prompts faster: the ceiling of products in bf16 and in integers of 8 bits, and what those change.

Speed: the matrices of all layers times 512 rows, in torch and nothing else. Quality: the likeliest next token at every
place of some source files, where products of many rows have their inputs rounded, against float32. The last line of
standard output is JSON.

    python benchmarks/prompt_ceiling.py [--out FILE.json]
"""

import argparse as read_by_the_model
import inspect
import json
import statistics
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import click
import torch
from peers.machine import facts
from torch import Tensor

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.engine.int8 import FEW_ROWS, Int8Linear
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine
from codegpt.load import load_model

ROWS = 512
TIMES = 15
CHUNK = 256

Product = Callable[[Int8Linear, Tensor], Tensor]


def _speeds(shapes: list[tuple[int, int]]) -> dict[str, float]:
    """Tokens a second if all that is done were these products, medians."""
    seconds = {"bf16": 0.0, "integers of 8 bits": 0.0}
    for outputs, inputs in shapes:
        rows, weights = torch.randn(ROWS, inputs).bfloat16(), torch.randn(outputs, inputs).bfloat16()
        small = torch.randint(-127, 128, (ROWS, inputs), dtype=torch.int8)
        columns = torch.randint(-127, 128, (inputs, outputs), dtype=torch.int8)
        seconds["bf16"] += _median(lambda rows=rows, weights=weights: torch.nn.functional.linear(rows, weights))  # type: ignore[misc]
        seconds["integers of 8 bits"] += _median(lambda small=small, columns=columns: torch._int_mm(small, columns))  # type: ignore[misc]
    return {name: round(ROWS / total) for name, total in seconds.items()}


def _median(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _in_floats(dtype: torch.dtype) -> Product:
    def product(linear: Int8Linear, rows: Tensor) -> Tensor:
        weight, scale = linear._matrix
        return _with_bias(linear, torch.mm(rows.to(dtype), weight.to(dtype).T).float() * scale)

    return product


def _in_integers(group: int) -> Product:
    """Inputs rounded to eight bits, with a scale for each row and each `group` of inputs; 0 for one a row."""

    def product(linear: Int8Linear, rows: Tensor) -> Tensor:
        weight, scale = linear._matrix
        total, count = torch.zeros(len(rows), len(scale)), group or rows.shape[1]
        for begin in range(0, rows.shape[1], count):
            part, columns = rows[:, begin : begin + count], weight[:, begin : begin + count]
            sizes = part.abs().amax(1, keepdim=True).clamp(min=1e-30) / 127
            total += torch._int_mm((part / sizes).round().to(torch.int8), columns.T.contiguous()).float() * sizes
        return _with_bias(linear, total * scale)

    return product


def _with_bias(linear: Int8Linear, product: Tensor) -> Tensor:
    return product if linear._bias is None else product + linear._bias


WAYS: dict[str, Product] = {
    "float32": _in_floats(torch.float32),
    "bf16": _in_floats(torch.bfloat16),
    "8 bits a row": _in_integers(0),
    "8 bits a row and 128 inputs": _in_integers(128),
}


def _likeliest(model: Model, texts: list[list[int]], product: Product) -> Iterator[Tensor]:
    """Of every place the token that comes next."""

    def call(linear: Int8Linear, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1]).contiguous()
        assert len(rows) > FEW_ROWS
        return product(linear, rows).view(*x.shape[:-1], -1)

    with patch.object(Int8Linear, "__call__", call):
        for ids in texts:
            cache = KvCache()
            for begin in range(0, len(ids), CHUNK):
                part = torch.tensor([ids[begin : begin + CHUNK]])
                yield model.forward(part, cache, never_interrupted, count=part.shape[1])[0].argmax(-1)


def sources(tokens: Tokens) -> list[list[int]]:
    """Pieces of files of the standard library, of `ROWS` tokens each."""
    files = (textwrap, read_by_the_model, statistics)
    return [tokens.encode_text(inspect.getsource(file))[at : at + ROWS] for file in files for at in (0, 2 * ROWS)]


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(out: Path | None) -> None:
    """Measure both."""
    engine = load_model(DEFAULT_MODEL).engine
    assert isinstance(engine, TorchEngine)
    directory = find(DEFAULT_MODEL).directory
    shape = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    hidden, middle = shape["hidden_size"], shape["intermediate_size"]
    heads = hidden + 2 * shape["num_key_value_heads"] * hidden // shape["num_attention_heads"]
    layer = [(heads, hidden), (hidden, hidden), (2 * middle, hidden), (hidden, middle)]
    tokens = Tokens((directory / "tokenizer.json").read_text(encoding="utf-8"))
    texts = sources(tokens)
    found = {name: torch.cat([*_likeliest(engine.model, texts, way)]) for name, way in WAYS.items()}
    result = {
        "benchmark": "prompt_ceiling",
        "machine": facts(),
        "tokens_per_s": _speeds(layer * shape["num_hidden_layers"]),
        "places": len(found["float32"]),
        "other_likeliest_token": {
            name: round((each != found["float32"]).float().mean().item(), 4) for name, each in found.items()
        },
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


if __name__ == "__main__":
    run_and_exit(main, "prompt_ceiling")
