"""How fast a model is on this machine, and what keeps it from being faster."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter

import torch

from codegpt.engine.decode import chunk_of
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.model import Model, never_interrupted

PROMPT_TOKENS = 512
PASS_TOKENS = (1, 2, 4, 8)
REPEATS = 7
SHARE_OF_MEMORY = 0.6
"""From so much of what the memory gives, the memory is the limit."""

_GB = 1e9


@dataclass(frozen=True)
class Bench:
    """What was measured; medians.

    Attributes:
        read_tokens_per_s: of a prompt of 512 tokens.
        written_tokens_per_s: of one row behind it, without guesses.
        pass_ms: by the tokens of a pass; what guesses cost.
        weights_gb: what a pass reads of the weights, and `weights_gb_per_s` how fast that was for one token.
        memory_gb_per_s: how fast this machine adds up what is in its memory, in as many threads; or the GPU in its own.
        resident_gb: the most memory that this process had; on a CUDA device what torch took of it, without recordings;
            0 where the system does not tell.
        limit: what keeps one row from being written faster.
    """

    read_tokens_per_s: float
    written_tokens_per_s: float
    pass_ms: dict[int, float]
    weights_gb: float
    weights_gb_per_s: float
    memory_gb_per_s: float
    resident_gb: float
    limit: str


def bench(model: Model) -> Bench:
    """Measure; takes some seconds."""
    ids = torch.arange(PROMPT_TOKENS)[None] % 100 + 100
    cache, chunk = KvCache(), chunk_of(model)

    def read() -> None:
        cache.truncate(0)
        for begin in range(0, PROMPT_TOKENS, chunk):
            logits = model.forward(ids[:, begin : begin + chunk], cache, never_interrupted)
        float(logits[0, 0, 0])  # a GPU is done only when something is asked of it

    def write(tokens: int) -> None:
        logits = model.forward(ids[:, :tokens], cache, never_interrupted, count=tokens)
        cache.truncate(PROMPT_TOKENS)
        float(logits[0, 0, 0])

    read_s = _median_s(read, 2)
    passes = {tokens: _median_s(partial(write, tokens), REPEATS) for tokens in PASS_TOKENS}
    memory = _memory_gb_per_s(model.device)
    weights = model.weight_bytes / _GB
    reached = weights / passes[1]
    return Bench(
        read_tokens_per_s=round(PROMPT_TOKENS / read_s, 1),
        written_tokens_per_s=round(1 / passes[1], 1),
        pass_ms={tokens: round(1000 * seconds, 1) for tokens, seconds in passes.items()},
        weights_gb=round(weights, 3),
        weights_gb_per_s=round(reached, 1),
        memory_gb_per_s=round(memory, 1),
        resident_gb=round(_most_resident_bytes(model.device) / _GB, 2),
        limit=_limit(reached, memory),
    )


def _limit(reached: float, memory: float) -> str:
    share = f"weights are read at {100 * reached / memory:.0f} % of what the memory gives"
    return f"memory: {share}" if reached >= SHARE_OF_MEMORY * memory else f"arithmetic and small operators: {share}"


def _median_s(work: Callable[[], object], times: int) -> float:
    work()  # compiles, and fills the caches
    work()  # records, on a GPU
    seconds = []
    for _ in range(times):
        begun = perf_counter()
        work()
        seconds.append(perf_counter() - begun)
    return median(seconds)


def _memory_gb_per_s(device: torch.device) -> float:
    numbers = torch.ones(2**25, dtype=torch.int64, device=device)  # 268 MB, more than any cache
    return numbers.nbytes / _GB / _median_s(lambda: float(numbers.sum()), 5)


def _most_resident_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
