"""Any causal language model that transformers knows, computed by transformers' own module."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from codegpt.engine.model import Interrupt, Interrupted, never_interrupted


class ModuleModel:
    """A `Model` over a transformers module; hooks before its layers ask whether to go on."""

    def __init__(self, module: PreTrainedModel) -> None:
        self.module = module.train(False)
        self.device: torch.device = module.device
        self.context_tokens: int = getattr(module.config, "max_position_embeddings", None) or 2048
        self.arithmetic: str = str(module.dtype).removeprefix("torch.")
        self._interrupt: Interrupt = never_interrupted
        for layer in _layers(module):
            layer.register_forward_pre_hook(self._before_layer)

    def _before_layer(self, _layer: nn.Module, _args: Any) -> None:
        reason = self._interrupt()
        if reason is not None:
            raise Interrupted(reason)

    @torch.inference_mode()
    def forward(
        self,
        ids: Tensor,
        cache: DynamicCache,
        interrupt: Interrupt,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        count: int = 1,
    ) -> Tensor:
        """Append `ids` (B, T) to `cache` and return logits (B, `count`, V); see `Model.forward`."""
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
            self._interrupt = never_interrupted
        logits: Tensor = output.logits[:, -count:]
        return logits


def _layers(module: PreTrainedModel) -> nn.ModuleList:
    """The decoder's layers: the list of modules as long as the configuration says."""
    depth = module.config.num_hidden_layers
    for child in module.modules():
        if isinstance(child, nn.ModuleList) and len(child) == depth:
            return child
    raise TypeError(f"{type(module).__name__} has no list of {depth} layers")
