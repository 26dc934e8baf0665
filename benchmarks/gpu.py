"""How fast the engine is on a GPU, and what share of the memory's speed that is; against transformers' `generate`.

DIRECTORY holds a checkpoint's `config.json` and `tokenizer.json`. Where it holds no weights, they are drawn at random
in the shape that the configuration states: for speed that makes no difference. All times are on the wall, to the token
on the host. A key asks with a prompt of which all tokens but one are known; a line has twelve tokens; a cold line is
that behind a prompt nobody has read. Nothing is guessed. Rows are samples of one prompt, all as long as they may be.

    python benchmarks/gpu.py DIRECTORY [--rounds N] [--out FILE]
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import torch
from peers.machine import facts
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from codegpt.console import run_and_exit
from codegpt.engine.decode import decode
from codegpt.engine.device import Placement, choose_placement
from codegpt.engine.kv_cache import KvCache, Rows, gather
from codegpt.engine.lean_model import LeanLayers, LeanModel, lean_shape
from codegpt.engine.lean_weights import dense, lean_weights
from codegpt.engine.loading import recorded
from codegpt.engine.model import never_interrupted
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import SamplingParams
from codegpt.engine.tokens import Tokens
from codegpt.errors import InputError

PROMPT_TOKENS = 1100
LINE_TOKENS = 12
WRITTEN_BEHIND = (512, 2048)
WRITTEN = 128
READ = (512, PROMPT_TOKENS, 4096)
ROWS = (64, 256)
ROW_PROMPT_TOKENS = 200
ROW_TOKENS = 192


class Endless(Tokens):
    """A tokenizer without tokens that end a row, so that all rows are as long as they may be."""

    @property
    def end_ids(self) -> frozenset[int]:
        """None."""
        return frozenset()


class StateDict:
    """A module's tensors, as `Tensors`."""

    def __init__(self, module: PreTrainedModel) -> None:
        self._tensors: dict[str, Tensor] = dict(module.state_dict())

    @property
    def names(self) -> set[str]:
        """All there are."""
        return set(self._tensors)

    def read(self, name: str) -> Tensor:
        """One of them."""
        return self._tensors[name]


@dataclass(frozen=True)
class Contestants:
    """The same weights: recorded, layer by layer, and as transformers' module."""

    model: LeanModel
    layers: LeanModel
    module: PreTrainedModel
    tokens: Tokens
    weights: str
    kv_bytes: int  # of one token in all layers

    @classmethod
    def of(cls, directory: Path, placement: Placement) -> "Contestants":
        """What a directory holds; random weights where it holds none."""
        lacking = [name for name in ("config.json", "tokenizer.json") if not (directory / name).is_file()]
        if lacking:
            raise InputError(f"{directory} holds no {' and no '.join(lacking)}")
        config = AutoConfig.from_pretrained(directory, local_files_only=True)
        shape = lean_shape(config.to_dict())
        if shape is None:
            raise InputError(f"{directory} holds no model of the Qwen2 or Llama family")
        there = any(directory.glob("*.safetensors"))
        if there:
            module = AutoModelForCausalLM.from_pretrained(directory, dtype=placement.dtype, local_files_only=True)
        else:
            torch.manual_seed(0)
            with torch.device(placement.device):
                module = AutoModelForCausalLM.from_config(config, dtype=placement.dtype)  # type: ignore[no-untyped-call]
        nn.Module.to(module.train(False), placement.device)
        make = dense(placement.dtype, placement.device)
        weights = lean_weights(StateDict(module), shape, make, placement.dtype, placement.device)
        layers = LeanLayers(shape, weights.layers, placement.dtype)
        begun = time.perf_counter()
        step = recorded(layers, weights.embedding.shape[1], placement) if placement.device.type == "cuda" else None
        click.echo(f"recorded in {time.perf_counter() - begun:.1f} s", err=True)
        name = str(placement.dtype).removeprefix("torch.")
        return cls(
            LeanModel(layers, weights, name, step),
            LeanModel(layers, weights, name),
            module,
            Endless((directory / "tokenizer.json").read_text(encoding="utf-8")),
            "of the checkpoint" if there else "random",
            2 * shape.layers * shape.kv_heads * shape.head_dim * placement.dtype.itemsize,
        )


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--generate-rounds", default=1, show_default=True, type=click.IntRange(1), help="With transformers.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the result here as well.")
def main(directory: Path, rounds: int, generate_rounds: int, out: Path | None) -> None:
    """Measure; medians of all rounds."""
    placement = choose_placement()
    torch.backends.cuda.enable_cudnn_sdp(False)  # as `loading` does
    them = Contestants.of(directory, placement)
    memory = _copied_bytes_per_s(placement.device, rounds)
    result = {
        "benchmark": "gpu",
        "machine": facts(),
        "gpu": placement.why,
        "weights": them.weights,
        "weight_bytes": them.model.weight_bytes,
        "memory_gb_per_s": round(memory / 1e9),
        "agreement": _agreement(them),
        "read_tokens_per_s": {tokens: round(_read(them.model, tokens, rounds)) for tokens in READ},
        "key": _key(them, rounds),
        "one_row": {behind: _one_row(them, behind, memory, rounds, generate_rounds) for behind in WRITTEN_BEHIND},
        "rows": {rows: _rows(them, rows, memory, rounds, generate_rounds) for rows in ROWS},
    }
    if out:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


def _ids(count: int) -> list[int]:
    return [1000 + 7 * at % 5000 for at in range(count)]


def _median_s(work: Callable[[], object], rounds: int) -> float:
    work()
    seconds = []
    for _ in range(rounds):
        _wait()
        begun = time.perf_counter()
        work()
        _wait()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _copied_bytes_per_s(device: torch.device, rounds: int) -> float:
    """Bytes read and written a second by a large copy."""
    source = torch.empty(2**30, dtype=torch.uint8, device=device).random_()
    target = torch.empty_like(source)
    return 2 * source.nbytes / _median_s(lambda: target.copy_(source), 4 * rounds)


def _agreement(them: Contestants) -> dict[str, float]:
    """Recorded passes of all sizes against layer by layer: the widest distance of logits over their spread, and tokens.

    Each size goes three times, of which the third is a recording that is played again; that one counts. So do two rows
    of which one is padded.
    """
    models = them.model, them.layers
    caches = KvCache(), KvCache()
    widest, same, count = 0.0, 0, 0

    def compare(logits: list[Tensor]) -> None:
        nonlocal widest, same, count
        fast, slow = (each.float() for each in logits)
        widest = max(widest, float((fast - slow).abs().max() / slow.std()))
        same += int((fast.argmax(-1) == slow.argmax(-1)).sum())
        count += fast.shape[0] * fast.shape[1]

    held = 300
    for model, cache in zip(models, caches, strict=True):
        model.forward(torch.tensor([_ids(held)]), cache, never_interrupted)
    for size in (1, 2, 4, 8):
        for again in range(3):
            ids = torch.tensor([_ids(held + size)[held:]])
            both = zip(models, caches, strict=True)
            logits = [model.forward(ids, cache, never_interrupted, count=size) for model, cache in both]
            held += size
            if again == 2:
                compare(logits)
    for model in models:
        for length, cache in zip((40, held), caches, strict=True):
            cache.truncate(0)
            model.forward(torch.tensor([_ids(length)]), cache, never_interrupted)
    batches = [gather([Rows(cache, [0]) for cache in caches], [40, held]) for _ in models]
    for again in range(3):
        ids = torch.tensor([[1234 + again], [4321 + again]])
        logits = [
            model.forward(ids, batch.cache, never_interrupted, batch.attention_mask(), batch.position_ids())
            for model, batch in zip(models, batches, strict=True)
        ]
        batches = [batch.longer() for batch in batches]
        if again == 2:
            compare(logits)
    return {"widest_distance": round(widest, 4), "same_tokens": same, "tokens": count}


def _read(model: LeanModel, tokens: int, rounds: int) -> float:
    ids = torch.tensor([_ids(tokens)])
    return tokens / _median_s(lambda: model.forward(ids, KvCache(), never_interrupted), rounds)


def _key(them: Contestants, rounds: int) -> dict[str, float]:
    """Milliseconds to the first token and to a line."""
    kept, prompt = PromptCaches(1 << 32), _ids(PROMPT_TOKENS)

    def ask(tokens: int, kept: PromptCaches) -> Callable[[], object]:
        params = SamplingParams(tokens)
        return lambda: decode(them.model, them.tokens, [prompt], params, 1, never_interrupted, None, kept)

    def cold() -> object:
        return ask(LINE_TOKENS, PromptCaches(1 << 32))()

    return {
        "prompt_tokens": PROMPT_TOKENS,
        "first_token_ms": round(1000 * _median_s(ask(1, kept), rounds), 2),
        "line_ms": round(1000 * _median_s(ask(LINE_TOKENS, kept), rounds), 2),
        "cold_line_ms": round(1000 * _median_s(cold, rounds), 2),
    }


def _one_row(them: Contestants, behind: int, memory: float, rounds: int, generate_rounds: int) -> dict[str, float]:
    """Tokens a second of one row, and of that what the memory's speed would allow."""
    prompt = _ids(behind)

    def speed(model: LeanModel) -> float:
        kept = PromptCaches(1 << 32)

        def write(tokens: int) -> float:
            params = SamplingParams(tokens)
            return _median_s(
                lambda: decode(model, them.tokens, [prompt], params, 1, never_interrupted, None, kept), rounds
            )

        return WRITTEN / (write(WRITTEN + 1) - write(1))

    recorded, layers = speed(them.model), speed(them.layers)
    generate = _generate(them, prompt, 1, WRITTEN, generate_rounds)
    limit = memory / (them.model.weight_bytes + behind * them.kv_bytes)
    return {
        "tokens_per_s": round(recorded, 1),
        "layer_by_layer": round(layers, 1),
        "transformers": round(generate, 1),
        "limit": round(limit, 1),
        "share_of_limit": round(recorded / limit, 3),
    }


def _rows(them: Contestants, rows: int, memory: float, rounds: int, generate_rounds: int) -> dict[str, float]:
    prompt = _ids(ROW_PROMPT_TOKENS)
    params = SamplingParams(ROW_TOKENS, temperature=0.8)
    seconds = _median_s(lambda: decode(them.model, them.tokens, [prompt], params, rows, never_interrupted), rounds)
    speed = rows * ROW_TOKENS / seconds
    mean_length = ROW_PROMPT_TOKENS + ROW_TOKENS / 2
    limit = rows * memory / (them.model.weight_bytes + rows * mean_length * them.kv_bytes)
    return {
        "tokens_per_s": round(speed),
        "transformers": round(_generate(them, prompt, rows, ROW_TOKENS, generate_rounds)),
        "limit": round(limit),
        "share_of_limit": round(speed / limit, 3),
    }


def _generate(them: Contestants, prompt: list[int], rows: int, tokens: int, rounds: int) -> float:
    """Tokens a second by transformers, without the time of its prompt."""
    ids = torch.tensor([prompt], device=them.module.device).expand(rows, -1)
    sampled = {"do_sample": True, "temperature": 0.8, "top_k": 0} if rows > 1 else {"do_sample": False}

    def write(count: int) -> float:
        how = {"min_new_tokens": count, "max_new_tokens": count, "pad_token_id": 0, **sampled}
        return _median_s(lambda: them.module.generate(ids, attention_mask=torch.ones_like(ids), **how), rounds)  # type: ignore[operator]

    return rows * (tokens - 1) / (write(tokens) - write(1))


if __name__ == "__main__":
    run_and_exit(main, "gpu")
