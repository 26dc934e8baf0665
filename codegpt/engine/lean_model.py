"""The Qwen2 and Llama family in few operators: fused matrices, one complex rotation, no module code.

A single row spends more time in a module's small operators than its weights take to be read. The logits are those of
transformers' modules, which are this one's slow twin. Queries that share a key are taken as further positions of one
head, so that keys are never repeated.

Covered: rotary positions of the default kind, full attention, SiLU. Everything else: `ModuleModel`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor
from transformers import PreTrainedConfig

from codegpt.engine.kv_cache import KvCache
from codegpt.engine.linear import Linear
from codegpt.engine.model import Interrupt, Interrupted

_FAMILIES = ("llama", "qwen2")


@dataclass(frozen=True)
class Shape:
    """What the weights do not say of themselves."""

    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    norm_epsilon: float
    rope_theta: float
    context_tokens: int

    @property
    def group(self) -> int:
        """Queries that share a key."""
        return self.heads // self.kv_heads


def lean_shape(config: PreTrainedConfig) -> Shape | None:
    """The shape of a model that is covered, else None."""
    wanted = config.to_dict()
    rope = wanted.get("rope_parameters") or {}
    layer_types = set(wanted.get("layer_types") or ["full_attention"])
    covered = (
        wanted.get("model_type") in _FAMILIES
        and rope.get("rope_type", "default") == "default"
        and layer_types == {"full_attention"}
        and wanted.get("hidden_act") == "silu"
        and not wanted.get("quantization_config")
    )
    if not covered:
        return None
    heads = wanted["num_attention_heads"]
    return Shape(
        layers=wanted["num_hidden_layers"],
        heads=heads,
        kv_heads=wanted.get("num_key_value_heads") or heads,
        head_dim=wanted.get("head_dim") or wanted["hidden_size"] // heads,
        norm_epsilon=wanted["rms_norm_eps"],
        rope_theta=rope["rope_theta"],
        context_tokens=wanted["max_position_embeddings"],
    )


L = TypeVar("L", bound=Linear, covariant=True)


@dataclass(frozen=True)
class Layer(Generic[L]):
    """One decoder layer: the matrices that read the same input are one."""

    attention_norm: Tensor
    qkv: L
    out: L
    mlp_norm: Tensor
    gate_up: L
    down: L


@dataclass(frozen=True)
class Weights(Generic[L]):
    """A whole model."""

    embedding: Tensor  # (V, H)
    layers: Sequence[Layer[L]]
    norm: Tensor
    head: L


class Step(Protocol):
    """Another way through all layers, for a few tokens."""

    most_tokens: int

    def __call__(
        self, hidden: Tensor, cache: KvCache, angles: Tensor, starts: Sequence[int], interrupt: Interrupt
    ) -> Tensor:
        """(B, T, H) in and out; keys and values are appended to `cache`, which is not advanced.

        Args:
            angles: (B, T, D / 2), how far each pair of a query or key is turned.
            starts: (B,) the first token of each row that is not padding.

        Raises:
            Interrupted: `interrupt` gave a reason.
        """
        ...


class LeanModel:
    """A `Model` over plain tensors.

    Args:
        dtype: of what flows between the layers, and of keys and values.
        step: used where there are few tokens.
    """

    def __init__(
        self, shape: Shape, weights: Weights[Linear], dtype: torch.dtype, arithmetic: str, step: Step | None = None
    ) -> None:
        self._step = step
        self._shape = shape
        self._weights = weights
        self._dtype = dtype
        self.device: torch.device = weights.norm.device
        self.context_tokens: int = shape.context_tokens
        self.arithmetic = arithmetic
        matrices = [each for layer in weights.layers for each in (layer.qkv, layer.out, layer.gate_up, layer.down)]
        self.weight_bytes: int = sum(matrix.nbytes for matrix in [*matrices, weights.head])
        powers = torch.arange(0, shape.head_dim, 2, device=self.device) / shape.head_dim
        self._frequencies = shape.rope_theta**-powers  # (D/2,)

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
        ids = ids.to(self.device)
        rows, tokens = ids.shape
        if position_ids is None:
            position_ids = torch.arange(cache.length, cache.length + tokens).expand(rows, -1)
        angles = position_ids.to(self.device)[..., None] * self._frequencies  # (B, T, D/2)
        hidden = self._weights.embedding[ids].to(self._dtype)
        if self._step and rows * tokens <= self._step.most_tokens and (tokens == 1 or attention_mask is None):
            starts = [0] * rows if attention_mask is None else attention_mask.argmax(dim=1).tolist()
            hidden = self._step(hidden, cache, angles, starts, interrupt)
        else:
            hidden = self._layers(hidden, cache, angles, attention_mask, interrupt)
        cache.advance(tokens)
        return self._weights.head(self._normed(hidden[:, -count:], self._weights.norm))

    def _layers(
        self, hidden: Tensor, cache: KvCache, angles: Tensor, attention_mask: Tensor | None, interrupt: Interrupt
    ) -> Tensor:
        """(B, T, H) through all layers."""
        rotation = torch.polar(torch.ones_like(angles), angles)[:, :, None]  # (B, T, 1, D/2)
        mask = self._mask(hidden.shape[1], cache.length, attention_mask)
        for index, layer in enumerate(self._weights.layers):
            reason = interrupt()
            if reason is not None:
                raise Interrupted(reason)
            attended = self._attend(layer, index, self._normed(hidden, layer.attention_norm), rotation, mask, cache)
            hidden = hidden + attended
            gate, up = layer.gate_up(self._normed(hidden, layer.mlp_norm)).chunk(2, dim=-1)
            hidden = hidden + layer.down(torch.nn.functional.silu(gate) * up)
        return hidden

    def _normed(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return torch.rms_norm(hidden, weight.shape, weight, self._shape.norm_epsilon)

    def _attend(
        self, layer: Layer[Linear], index: int, hidden: Tensor, rotation: Tensor, mask: Tensor | None, cache: KvCache
    ) -> Tensor:
        """Attention of (B, T, H) over what is cached and itself."""
        shape = self._shape
        rows, tokens = hidden.shape[:2]
        heads = layer.qkv(hidden).view(rows, tokens, -1, shape.head_dim)
        rotating = heads[:, :, : shape.heads + shape.kv_heads].float()
        pairs = torch.view_as_complex(rotating.view(*rotating.shape[:-1], -1, 2))
        rotated = torch.view_as_real(pairs * rotation).flatten(-2).to(self._dtype)
        queries, keys = rotated[:, :, : shape.heads], rotated[:, :, shape.heads :]
        values = heads[:, :, shape.heads + shape.kv_heads :].to(self._dtype)
        all_keys, all_values = cache.append(index, keys.transpose(1, 2), values.transpose(1, 2))
        # (B, T, K*G, D) -> (B, K, G*T, D): K heads that share keys among G queries each
        grouped = queries.view(rows, tokens, shape.kv_heads, shape.group, shape.head_dim).permute(0, 2, 3, 1, 4)
        attended = torch.nn.functional.scaled_dot_product_attention(
            grouped.flatten(2, 3), all_keys, all_values, attn_mask=mask
        )
        apart = attended.view(rows, shape.kv_heads, shape.group, tokens, shape.head_dim).permute(0, 3, 1, 2, 4)
        return layer.out(apart.flatten(2))

    def _mask(self, tokens: int, cached: int, attention_mask: Tensor | None) -> Tensor | None:
        """(1 or B, 1, G*T, cached + T), 0 where a query sees a key, else minus infinity; None where all see all."""
        seen: Tensor | None = None
        if tokens > 1:
            everything = torch.ones(tokens, cached + tokens, dtype=torch.bool, device=self.device)
            seen = everything.tril(diagonal=cached)[None]
        if attention_mask is not None:
            held = attention_mask.to(self.device)[:, None, :].bool()
            seen = held if seen is None else seen & held
        if seen is None:
            return None
        if tokens > 1:
            seen = seen.repeat(1, self._shape.group, 1)
        mask = torch.zeros(seen.shape, dtype=self._dtype, device=self.device)
        return mask.masked_fill_(~seen, -torch.inf)[:, None]


def interleave(rows: Tensor, heads: int) -> Tensor:
    """Reorder the outputs (heads * D, ...) of a query or key matrix so that the two halves of each pair are neighbours.

    Checkpoints keep the halves apart. Queries and keys in the same order have the same products.
    """
    halves = rows.reshape(heads, 2, -1, *rows.shape[1:])
    return halves.transpose(1, 2).reshape(rows.shape)
