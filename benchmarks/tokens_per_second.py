"""Tokens a second: a prompt of 512, one row behind it, and 64 rows of one prompt; against llama.cpp and transformers.

In turns, in one run, with the same prompts. One row is greedy and without guesses. The 64 rows are drawn at
temperature 0.8 and end by the same rule and at the same length for all; what counts is what each wrote until its own
end. The ceiling is what the processor's measured arithmetic would allow for them.

    make peers
    python benchmarks/tokens_per_second.py [--rounds N] [--row-rounds N] [--out FILE]
"""

import inspect
import json
import statistics
import textwrap
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click
import torch
from peers.engines import Generate, GoOnRow, LlamaCpp
from peers.machine import facts

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.engine.decode import Row, decode
from codegpt.engine.device import choose_placement
from codegpt.engine.model import never_interrupted
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import SamplingParams
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine
from codegpt.load import load_model, warm_up
from codegpt.prompt import Prompt
from codegpt.request import Request, answered, render_request

PROMPT_TOKENS = 512
WRITTEN = 64
ROWS = 64
ROW_TOKENS = 192
TEMPERATURE = 0.8
TASK = '''from typing import List


def longest_run(values: List[int], most: int) -> int:
    """The length of the longest run of neighbours in values whose sum is at most `most`.

    >>> longest_run([1, 2, 3], 3)
    2
    >>> longest_run([5], 3)
    0
    """
'''

Speeds = dict[str, list[float]]


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--row-rounds", default=1, show_default=True, type=click.IntRange(0), help="Of 64 rows; minutes each.")
@click.option("--continuous-rounds", default=0, show_default=True, type=click.IntRange(0), help="Of transformers' own.")
@click.option("--peers", default=Path(".cache/peers"), show_default=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(rounds: int, row_rounds: int, continuous_rounds: int, peers: Path, out: Path | None) -> None:
    """Measure all three, in turns."""
    loaded = load_model(DEFAULT_MODEL)
    engine = loaded.engine
    assert isinstance(engine, TorchEngine)
    warm_up(engine)
    directory = find(DEFAULT_MODEL).directory
    tokens = Tokens((directory / "tokenizer.json").read_text(encoding="utf-8"))
    ids = tokens.encode_text(inspect.getsource(textwrap))[:PROMPT_TOKENS]
    begun = render_request(Request("", TASK), loaded.chat, engine.info.markup)
    read: Speeds = {"codegpt": [], "llama.cpp": []}
    written: Speeds = {"codegpt": [], "llama.cpp": []}
    rows: Speeds = {"codegpt": [], "llama.cpp": [], "transformers": []}
    continuous: list[float] = []
    ceiling = 0.0
    with ExitStack() as stack:
        llama = stack.enter_context(LlamaCpp.found(peers, tokens, torch.get_num_threads(), 16384, ROWS))
        single: dict[str, Callable[[], tuple[float, float]]] = {
            "codegpt": lambda: _ours(engine, tokens, ids),
            "llama.cpp": lambda: _llama(llama, ids),
        }
        for number in range(rounds):
            for name in sorted(single, reverse=bool(number % 2)):
                reads, writes = single[name]()
                read[name].append(reads)
                written[name].append(writes)
                click.echo(f"{name}: reads {reads:.0f}, writes {writes:.1f} tokens/s", err=True)
        if row_rounds:
            plain = Generate.load(directory, tokens)
            task = tokens.encode(begun), ROW_TOKENS, ROWS, TEMPERATURE
            many: dict[str, Callable[[int], float]] = {
                "codegpt": lambda seed: _our_rows(engine, begun, seed),
                "llama.cpp": lambda seed: _peer_rows(partial(llama.write_rows, *task, seed), tokens),
                "transformers": lambda seed: _peer_rows(partial(plain.write_rows, *task, seed), tokens),
            }
            ceiling = _ceiling(plain.parameters)
            for number in range(row_rounds):
                for name in sorted(many, reverse=bool(number % 2)):
                    rows[name].append(many[name](number))
                    click.echo(f"{name}: {rows[name][-1]:.1f} tokens/s in {ROWS} rows", err=True)
            for number in range(continuous_rounds):
                continuous.append(_peer_rows(partial(plain.write_rows_continuously, *task, number), tokens))
                click.echo(f"continuous batching: {continuous[-1]:.1f} tokens/s in {ROWS} rows", err=True)
        result = {
            "benchmark": "tokens_per_second",
            "engine": engine.info.dtype,
            "llama.cpp": {"version": llama.version, "system": llama.system},
            "machine": facts(),
            "prompt_512": _medians(read),
            "one_row_at_512": _medians(written),
            "64_rows": {**_medians(rows), "ceiling": round(ceiling, 1)},
            "raw": {"prompt_512": read, "one_row_at_512": written, "64_rows": rows, "continuous batching": continuous},
        }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


def _medians(speeds: Speeds) -> dict[str, float]:
    medians = {name: statistics.median(found) for name, found in speeds.items() if found}
    ratios = {
        f"codegpt / {name}": round(statistics.median(a / b for a, b in zip(speeds["codegpt"], found, strict=True)), 2)
        for name, found in speeds.items()
        if name != "codegpt" and found
    }
    return {**{name: round(speed, 1) for name, speed in medians.items()}, **ratios}


class _Clock:
    """Told each token; when the first and the last came."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()
        self.at: list[float] = []

    def __call__(self, *_: object) -> bool:
        self.at.append(time.perf_counter())
        return True

    def speeds(self) -> tuple[float, float]:
        """Of the prompt, and of what was written behind it."""
        return PROMPT_TOKENS / (self.at[0] - self.begun), (len(self.at) - 1) / (self.at[-1] - self.at[0])


def _ours(engine: TorchEngine, tokens: Tokens, ids: list[int]) -> tuple[float, float]:
    clock = _Clock()
    params = SamplingParams(max_new_tokens=WRITTEN)

    def watch(_row: int, _text: str) -> bool:
        return not clock()

    decode(engine.model, tokens, [ids], params, 1, never_interrupted, watch, PromptCaches(1 << 30))
    return clock.speeds()


def _llama(llama: LlamaCpp, ids: list[int]) -> tuple[float, float]:
    llama.forget()
    clock = _Clock()
    llama.write(ids, WRITTEN, clock)
    return clock.speeds()


def _our_rows(engine: TorchEngine, prompt: Prompt, seed: int) -> float:
    params = SamplingParams(ROW_TOKENS, TEMPERATURE, seed=seed)
    begun = time.perf_counter()
    [found] = engine.generate([prompt], params, n=ROWS, watch=lambda _row, text: _ended(text))
    return sum(len(row.token_ids) for row in found) / (time.perf_counter() - begun)


def _ended(text: str) -> bool:
    return answered(text, Request("", TASK), True)


def _peer_rows(write: Callable[[GoOnRow], None], tokens: Tokens) -> float:
    """Of what a peer wrote, the tokens up to each row's own end."""
    rows = [Row(number, torch.empty(0)) for number in range(ROWS)]
    begun = time.perf_counter()
    write(lambda row, token: _append(rows[row], token, tokens))
    return sum(len(row.ids) for row in rows) / (time.perf_counter() - begun)


def _append(row: Row, token: int, tokens: Tokens) -> bool:
    if row.stop_reason is None:
        row.append(token, 0.0, tokens, SamplingParams(ROW_TOKENS), lambda _row, text: _ended(text))
    return row.stop_reason is None


def _ceiling(parameters: int) -> float:
    """Tokens a second if all that is done were one product of matrices of 64 rows at the speed of this processor."""
    left, right = (torch.randn(rows, 4096).to(choose_placement().dtype) for rows in (ROWS, 4096))
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        torch.mm(left, right)
        times.append(time.perf_counter() - begun)
    return ROWS / (statistics.median(times) * parameters / right.numel())


if __name__ == "__main__":
    run_and_exit(main, "tokens_per_second")
