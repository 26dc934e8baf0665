"""Logits to the next token: temperature, top-k and top-p, drawn from numbers the caller supplies."""

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
    target = uniforms.to(cumulative)[:, None] * cumulative[:, -1:]  # (B, 1)
    picked = torch.searchsorted(cumulative, target, right=True)
    # Rounding can put the target on the total: step back to the last token that has any mass.
    last = (cumulative < cumulative[:, -1:]).sum(dim=-1, keepdim=True)
    picked = torch.minimum(picked, last)
    return (picked if ids is None else ids.gather(-1, picked)).squeeze(-1)


def logprob_of(logits: Tensor, ids: Tensor) -> Tensor:
    """The natural log-probability of `ids` (B,) under `logits` (B, V) at temperature 1; (B,) float32."""
    wide = logits.float()
    return wide.gather(-1, ids[:, None]).squeeze(-1) - wide.logsumexp(dim=-1)


def row_uniforms(params: SamplingParams, n: int) -> Tensor:
    """(n, max_new_tokens) float64 in [0, 1): row `i` depends on the seed and `i` alone."""
    rows = []
    for row in range(n):
        generator = torch.Generator().manual_seed((params.seed * 1_000_003 + row) & (2**63 - 1))
        rows.append(torch.rand(params.max_new_tokens, generator=generator, dtype=torch.float64))
    return torch.stack(rows)
