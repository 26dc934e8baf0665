"""Logits to the next token: temperature, top-k and top-p, drawn from numbers the caller supplies."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from codegpt.engine.protocol import SamplingParams


def next_token(logits: Tensor, params: SamplingParams, uniforms: Tensor) -> Tensor:
    """Draw one token per row.

    Args:
        logits: (B, V) float.
        params: temperature 0 is argmax, and then nothing is drawn.
        uniforms: (B,) float in [0, 1); where each row falls in its cumulative distribution.

    Returns:
        (B,) int64.
    """
    if params.temperature == 0:
        return logits.argmax(dim=-1)
    logits = logits.float()  # in bf16 small probabilities vanish from the sum
    ids: Tensor | None = None
    if params.top_k and params.top_k < logits.shape[-1]:
        logits, ids = logits.topk(params.top_k, dim=-1)  # (B, K), sorted
    elif params.top_p < 1:
        logits, ids = logits.sort(dim=-1, descending=True)  # (B, V)
    probabilities = (logits / params.temperature).softmax(dim=-1)
    cumulative = probabilities.cumsum(dim=-1)
    if params.top_p < 1:
        # A token stays while the mass before it is below top_p, so the likeliest one always does.
        kept = (cumulative - probabilities) < params.top_p
        cumulative = (probabilities * kept).cumsum(dim=-1)
    total = cumulative[:, -1:]
    # Rounding can put the target on the total, behind the last token that has any mass: stay below it.
    target = torch.minimum(uniforms.to(cumulative)[:, None] * total, total.nextafter(torch.zeros_like(total)))
    picked = torch.searchsorted(cumulative, target, right=True)
    return (picked if ids is None else ids.gather(-1, picked)).squeeze(-1)


def logprob_of(logits: Tensor, ids: Tensor) -> Tensor:
    """The natural log-probability of `ids` (B,) under `logits` (B, V) at temperature 1; (B,) float32."""
    wide = logits.float()
    return wide.gather(-1, ids[:, None]).squeeze(-1) - wide.logsumexp(dim=-1)


def row_uniforms(params: SamplingParams, prompt: Sequence[int], n: int) -> Tensor:
    """(n, max_new_tokens) float64 in [0, 1): a row depends on the seed, the prompt and the row's own number alone."""
    asked = hashlib.blake2b(f"{params.seed}:{','.join(map(str, prompt))}".encode(), digest_size=7)
    rows = []
    for row in range(params.first_row, params.first_row + n):
        own = asked.copy()
        own.update(f":{row}".encode())
        generator = torch.Generator().manual_seed(int.from_bytes(own.digest(), "big"))
        rows.append(torch.rand(params.max_new_tokens, generator=generator, dtype=torch.float64))
    return torch.stack(rows)
