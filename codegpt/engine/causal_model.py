"""A transformers causal language model behind one call that can be interrupted between its layers.

Interrupting between layers keeps prompt chunks large, hence fast, while a caller who gives up waits for one layer of
one chunk at the most.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from codegpt.engine.protocol import StopReason

Interrupt = Callable[[], StopReason | None]
"""Asked before every layer; a reason stops the forward pass."""


class Interrupted(Exception):
    """A forward pass was stopped; the cache holds its tokens in some layers only and must be truncated."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class CausalModel:
    """`forward(ids, cache)` -> logits of the last position; `forward_last` -> of several."""

    def __init__(self, module: PreTrainedModel) -> None:
        self.module = module.train(False)
        self.device: torch.device = module.device
        self.context_tokens: int = getattr(module.config, "max_position_embeddings", None) or 2048
        self._interrupt: Interrupt = _go_on
        for layer in _layers(module):
            layer.register_forward_pre_hook(self._before_layer)

    def _before_layer(self, _layer: nn.Module, _args: Any) -> None:
        reason = self._interrupt()
        if reason is not None:
            raise Interrupted(reason)

    def forward(
        self,
        ids: Tensor,
        cache: DynamicCache,
        interrupt: Interrupt,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> Tensor:
        """As `forward_last`, of the last position alone: (B, V)."""
        return self.forward_last(1, ids, cache, interrupt, attention_mask, position_ids)[:, -1]

    @torch.inference_mode()
    def forward_last(
        self,
        count: int,
        ids: Tensor,
        cache: DynamicCache,
        interrupt: Interrupt,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> Tensor:
        """Append `ids` (B, T) to `cache` and return the logits (B, `count`, V) that follow the last of them.

        Args:
            attention_mask: (B, cached + T), 0 where a row is padded; None where no row is.
            position_ids: (B, T); None where every row starts at position 0.

        Raises:
            Interrupted: `interrupt` gave a reason.
        """
        self._interrupt = interrupt
        try:
            output = self.module(
                input_ids=ids.to(self.device),
                past_key_values=cache,
                attention_mask=attention_mask,
                position_ids=position_ids,
                use_cache=True,
                logits_to_keep=count,
            )
        finally:
            self._interrupt = _go_on
        logits: Tensor = output.logits[:, -count:]
        return logits


def _go_on() -> StopReason | None:
    return None


def _layers(module: PreTrainedModel) -> nn.ModuleList:
    """The decoder's layers: the list of modules as long as the configuration says."""
    depth = module.config.num_hidden_layers
    for child in module.modules():
        if isinstance(child, nn.ModuleList) and len(child) == depth:
            return child
    raise TypeError(f"{type(module).__name__} has no list of {depth} layers")
