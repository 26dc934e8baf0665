"""Any causal language model that transformers knows, computed by transformers' own module."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from codegpt.engine.kv_cache import KvCache
from codegpt.engine.model import Interrupt, Interrupted, never_interrupted


class ModuleModel:
    """A `Model` over a transformers module; hooks before its layers ask whether to go on."""

    def __init__(self, module: PreTrainedModel) -> None:
        self.module = module.train(False)
        self.device: torch.device = module.device
        self.context_tokens: int = getattr(module.config, "max_position_embeddings", None) or 2048
        self.arithmetic: str = str(module.dtype).removeprefix("torch.")
        embedding = module.get_input_embeddings().weight  # a few rows of it are read
        read = {id(each): each.nbytes for each in module.parameters() if each is not embedding}
        head = module.get_output_embeddings()  # type: ignore[no-untyped-call]
        self.weight_bytes: int = sum(read.values()) + (embedding.nbytes if head and head.weight is embedding else 0)
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
        cache: KvCache,
        interrupt: Interrupt,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        count: int = 1,
    ) -> Tensor:
        """Append `ids` (B, T) to `cache` and return logits (B, `count`, V); see `Model.forward`."""
        self._interrupt = interrupt
        depth = self.module.config.num_hidden_layers
        seen = DynamicCache()
        seen.layers = [_Layer(cache, layer) for layer in range(depth)]
        try:
            output = self.module(
                input_ids=ids.to(self.device),
                past_key_values=seen,
                attention_mask=None if attention_mask is None else attention_mask.to(self.device),
                position_ids=None if position_ids is None else position_ids.to(self.device),
                use_cache=True,
                logits_to_keep=count,
            )
        finally:
            self._interrupt = never_interrupted
        cache.advance(ids.shape[1])
        logits: Tensor = output.logits[:, -count:]
        return logits


class _Layer(DynamicLayer):
    """One layer of a `KvCache`, as transformers' modules see it."""

    def __init__(self, cache: KvCache, layer: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.is_initialized = True
        self._cache = cache
        self._layer = layer

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append (B, H, T, D) and return all there is."""
        return self._cache.append(self._layer, key_states, value_states)

    def get_seq_length(self) -> int:
        """The tokens that are held."""
        return self._cache.length


def _layers(module: PreTrainedModel) -> nn.ModuleList:
    """The decoder's layers: the list of modules as long as the configuration says."""
    depth = module.config.num_hidden_layers
    for child in module.modules():
        if isinstance(child, nn.ModuleList) and len(child) == depth:
            return child
    raise TypeError(f"{type(module).__name__} has no list of {depth} layers")
