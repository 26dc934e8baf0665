"""Tokens a second over many samples: rows that end make room for others, against batches that wait for their last.

Both decode the same requests with the real model in one process, in turns. The last line of standard
output is JSON.

    python benchmarks/batch_decode.py [--prompts N] [--rows N] [--rounds N]
"""

import json
import statistics
import time

import click

from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.console import run_and_exit
from codegpt.doctor import examine
from codegpt.engine.protocol import Engine, SamplingParams
from codegpt.load import load_model
from codegpt.prompt import Prompt
from codegpt.request import Request, answered, render_request

THINGS = ("prime numbers", "vowels", "spaces", "repeated words", "negative numbers", "palindromes", "digits", "zeros")


NOTHING = Request("")


@click.command()
@click.option("--prompts", default=24, show_default=True)
@click.option("--rows", default=32, show_default=True, help="Decoded together.")
@click.option("--rounds", default=2, show_default=True)
def main(prompts: int, rows: int, rounds: int) -> None:
    """Compare the two, in turns."""
    loaded = load_model(DEFAULT_MODEL)
    asked = []
    for number in range(prompts):
        thing = THINGS[number % len(THINGS)]
        begins = f'def f{number}(values):\n    """Count the {thing} in values, {number} at most."""\n'
        asked.append(render_request(Request("", begins), loaded.chat, loaded.engine.info.markup))
    speeds: dict[str, list[float]] = {"refilled": [], "waiting": []}
    for seed in range(rounds):
        params = SamplingParams(256, temperature=0.8, seed=seed)
        speeds["refilled"].append(_speed(loaded.engine, [asked], params, rows))
        each = max(1, rows // 4)
        batches = [asked[begin : begin + each] for begin in range(0, prompts, each)]
        speeds["waiting"].append(_speed(loaded.engine, batches, params, rows))
    medians = {name: round(statistics.median(found), 1) for name, found in speeds.items()}
    ratio = round(medians["refilled"] / medians["waiting"], 2)
    machine = examine()
    facts = {"rows": rows, "prompts": prompts, "cores": machine.cores, "torch": machine.torch, "dtype": machine.dtype}
    click.echo(json.dumps({"tokens_per_s": medians, "ratio": ratio, **facts}))


def _speed(engine: Engine, batches: list[list[Prompt]], params: SamplingParams, rows: int) -> float:
    started, count = time.monotonic(), 0
    for batch in batches:
        found = engine.generate(
            batch, params, n=4, watch=lambda _row, text: answered(text, NOTHING, True), rows_at_once=rows
        )
        count += sum(len(row.token_ids) for own in found for row in own)
    return count / (time.monotonic() - started)


if __name__ == "__main__":
    run_and_exit(main, "batch_decode")
