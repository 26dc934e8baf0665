"""Whether the fast paths write what the slow one writes: greedy tokens with the real model, in every combination.

Prompts are places in source files. Each is decoded alone and from nothing; with what earlier prompts left; with
guesses; with both; and in batches whose rows leave and join. The slow path computes the whole sequence anew, without a
cache, for every token; since no token sees a later one, one such pass over a prompt and all that was written says for
each token whether the slow path would have written it (`--anew N` has the first N decoded token by token as well).
Where two tokens are as likely up to the rounding of a sum, paths may differ; how far apart they were is reported.

    python benchmarks/same_tokens.py [--prompts N] [--out FILE.json]
"""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import click
import torch
from codegpt_evals.replay import default_documents
from peers.machine import facts
from rich.progress import track

from codegpt.checkpoints import DEFAULT_MODEL, find
from codegpt.console import run_and_exit
from codegpt.engine.decode import decode, decode_plain
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.pace import Pace
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import SamplingParams
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine
from codegpt.load import load_model, warm_up

PROMPT_TOKENS = (16, 112)
WRITTEN = 16
BATCH = 8
PARAMS = SamplingParams(max_new_tokens=WRITTEN)


class Ever(Pace):
    """Guesses wherever there is anything to guess from."""

    def guess_tokens(self, matched: int) -> int:
        """Three tokens, if any."""
        return 3 if matched else 0


@click.command()
@click.option("--prompts", default=200, show_default=True, type=click.IntRange(1))
@click.option("--anew", default=10, show_default=True, type=click.IntRange(0))
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(prompts: int, anew: int, out: Path | None) -> None:
    """Decode in all ways and compare."""
    loaded = load_model(DEFAULT_MODEL)
    assert isinstance(loaded.engine, TorchEngine)
    warm_up(loaded.engine)
    model = loaded.engine.model
    tokens = Tokens((find(DEFAULT_MODEL).directory / "tokenizer.json").read_text(encoding="utf-8"))
    asked = _prompts(tokens, prompts)
    kept, guessing = PromptCaches(1 << 30), PromptCaches(1 << 30)
    ways: dict[str, list[tuple[int, ...]]] = {"alone": [], "reuse": [], "guesses": [], "reuse, guesses": []}
    for ids in track(asked, description="one by one"):
        ways["alone"].append(_one(model, tokens, ids, PromptCaches(), None))
        ways["reuse"].append(_one(model, tokens, ids, kept, None))
        ways["guesses"].append(_one(model, tokens, ids, PromptCaches(), Ever()))
        ways["reuse, guesses"].append(_one(model, tokens, ids, guessing, Ever()))
    batched = decode(model, tokens, asked, PARAMS, 1, never_interrupted, rows_at_once=BATCH)
    ways["batches"] = [row.token_ids for [row] in batched]
    slow: dict[str, list[float]] = {way: [] for way in ways}
    for at, ids in enumerate(track(asked, description="the slow path")):
        gaps = {row: _gap(model, ids, row) for row in {rows[at] for rows in ways.values()}}
        for way, rows in ways.items():
            slow[way].append(gaps[rows[at]])
    plain = decode_plain(model, tokens, asked[:anew], PARAMS, 1, never_interrupted)
    result = {
        "benchmark": "same_tokens",
        "engine": loaded.engine.info.dtype,
        "machine": facts(),
        "prompts": len(asked),
        "tokens_written": sum(map(len, ways["alone"])),
        "as_the_slow_path": {way: sum(gap == 0 for gap in gaps) for way, gaps in slow.items()},
        "widest_gap_in_logits": {way: max(gaps) for way, gaps in slow.items()},
        "token_by_token": f"{sum(a.token_ids == b for [a], b in zip(plain, ways['alone'], strict=False))} of {anew}",
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


def _prompts(tokens: Tokens, count: int) -> list[list[int]]:
    """Pieces of files; every third goes on where the one before it ended, as somebody who types does."""
    random = Random(0)
    files = [tokens.encode_text(document.text) for _, document in default_documents()]
    found: list[list[int]] = []
    while len(found) < count:
        ids = random.choice(files)
        length = random.randint(*PROMPT_TOKENS)
        begin = random.randrange(len(ids) - length - 8)
        found.append(ids[begin : begin + length])
        if len(found) % 3 == 1 and len(found) < count:
            found.append(ids[begin : begin + length + random.randint(1, 8)])
    return found


def _one(model: Model, tokens: Tokens, ids: list[int], kept: PromptCaches, pace: Pace | None) -> tuple[int, ...]:
    [[row]] = decode(model, tokens, [ids], PARAMS, 1, never_interrupted, None, kept, 0, pace)
    return row.token_ids


def _gap(model: Model, ids: Sequence[int], written: Sequence[int]) -> float:
    """How far the first token that the slow path would not have written lies below the one it would; 0 for none."""
    sequence = torch.tensor([[*ids, *written]])
    logits = model.forward(sequence, KvCache(), never_interrupted, count=len(written) + 1)[0, :-1].float()
    best = logits.argmax(dim=-1).tolist()
    for at, (token, wanted) in enumerate(zip(written, best, strict=True)):
        if token != wanted:
            return round(float(logits[at, wanted] - logits[at, token]), 6) or 1e-6
    return 0.0


if __name__ == "__main__":
    run_and_exit(main, "same_tokens")
