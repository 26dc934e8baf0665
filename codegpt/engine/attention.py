"""Attention of one new token for many rows, where several query heads share one head of keys and values.

transformers repeats keys and values for every query head before it calls torch, which for a batch of long rows is most
of the memory that a step touches. For one new token the query heads of a group can stand where the positions of a
prompt would, and nothing is repeated. Everything else goes through transformers' own function.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "codegpt_grouped"


def grouped_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attend (B, H, T, D) to (B, K, L, D); head h uses keys h // (H / K).

    Args:
        attention_mask: (B, 1, T, L) or None; True, or 0, where a position may be seen.

    Returns:
        (B, T, H, D).
    """
    rows, heads, tokens, size = query.shape
    if tokens != 1 or heads == key.shape[1] or dropout:
        repeated: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
        return repeated
    grouped = query.view(rows, key.shape[1], heads // key.shape[1], size)
    attended = torch.nn.functional.scaled_dot_product_attention(
        grouped, key, value, attn_mask=attention_mask, scale=scaling
    )
    return attended.reshape(rows, 1, heads, size), None


def use_grouped_attention(module: PreTrainedModel) -> None:
    """Let a model whose attention is torch's own use this one."""
    if module.config._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, grouped_attention)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        module.set_attn_implementation(NAME)
