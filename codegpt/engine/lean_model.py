"""The Qwen2 and Llama family in few operators: fused matrices, one complex rotation, no module code.

A single row spends more time in a module's small operators than its weights take to be read. The logits are those of
transformers' modules, which are this one's slow twin. Queries that share a key are taken as further positions of one
head, so that keys are never repeated.

Covered: rotary positions of the default kind, full attention, SiLU. Everything else: `ModuleModel`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from codegpt.engine.attention import Attention, Whole
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


_NEEDED = frozenset(
    ("num_hidden_layers", "num_attention_heads", "hidden_size", "rms_norm_eps", "max_position_embeddings")
)
"""What a configuration says itself; transformers fills in what it leaves to a family's defaults."""


def lean_shape(wanted: Mapping[str, Any]) -> Shape | None:
    """The shape of a model that is covered, else None.

    Args:
        wanted: a `config.json`, or transformers' configuration as a dict.
    """
    rope = wanted.get("rope_parameters") or {
        "rope_theta": wanted.get("rope_theta"),
        **(wanted.get("rope_scaling") or {}),
    }
    plain = "sliding_attention" if wanted.get("use_sliding_window") else "full_attention"
    layer_types = set(wanted.get("layer_types") or [plain])
    covered = (
        wanted.get("model_type") in _FAMILIES
        and wanted.keys() >= _NEEDED
        and rope.get("rope_theta")
        and rope.get("rope_type", rope.get("type", "default")) == "default"
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


class Keep(Protocol):
    """Where the layers put keys and values."""

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Keep (B, K, T, D) more of a layer; gives all of it."""
        ...


class Step(Protocol):
    """Another way through all layers, for a few tokens."""

    def takes(self, rows: int, tokens: int, length: int, padded: bool) -> bool:
        """Whether it is made for so many tokens of so many rows behind `length` others."""
        ...

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


class LeanLayers:
    """All decoder layers, in torch's operators.

    Args:
        dtype: of what flows between them, and of keys and values.
        attention: None for all keys at once.
    """

    def __init__(
        self, shape: Shape, layers: Sequence[Layer[Linear]], dtype: torch.dtype, attention: Attention | None = None
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self._layers = layers
        self._attention = attention or Whole()

    def attending(self, attention: Attention) -> "LeanLayers":
        """The same layers, which attend in another way."""
        return LeanLayers(self.shape, self._layers, self.dtype, attention)

    def __call__(self, hidden: Tensor, keep: Keep, angles: Tensor, mask: Tensor | None, interrupt: Interrupt) -> Tensor:
        """(B, T, H) through all of them; `mask` as `mask_of` makes it.

        Raises:
            Interrupted: `interrupt` gave a reason.
        """
        rotation = torch.polar(torch.ones_like(angles), angles)[:, :, None]  # (B, T, 1, D/2)
        for index, layer in enumerate(self._layers):
            reason = interrupt()
            if reason is not None:
                raise Interrupted(reason)
            attended = self._attend(layer, index, self._normed(hidden, layer.attention_norm), rotation, mask, keep)
            hidden = hidden + attended
            gate, up = layer.gate_up(self._normed(hidden, layer.mlp_norm)).chunk(2, dim=-1)
            hidden = hidden + layer.down(torch.nn.functional.silu(gate) * up)
        return hidden

    def mask_of(self, seen: Tensor) -> Tensor:
        """From (B or 1, T, all keys), whether a token sees a key, to what their attention wants."""
        return self._attention.mask_of(seen.repeat(1, self.shape.group, 1), self.dtype)

    def _normed(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return torch.rms_norm(hidden, weight.shape, weight, self.shape.norm_epsilon)

    def _attend(
        self, layer: Layer[Linear], index: int, hidden: Tensor, rotation: Tensor, mask: Tensor | None, keep: Keep
    ) -> Tensor:
        """Attention of (B, T, H) over what is kept and itself."""
        shape = self.shape
        rows, tokens = hidden.shape[:2]
        heads = layer.qkv(hidden).view(rows, tokens, -1, shape.head_dim)
        rotating = heads[:, :, : shape.heads + shape.kv_heads].float()
        pairs = torch.view_as_complex(rotating.view(*rotating.shape[:-1], -1, 2))
        rotated = torch.view_as_real(pairs * rotation).flatten(-2).to(self.dtype)
        queries, keys = rotated[:, :, : shape.heads], rotated[:, :, shape.heads :]
        values = heads[:, :, shape.heads + shape.kv_heads :].to(self.dtype)
        all_keys, all_values = keep.append(index, keys.transpose(1, 2), values.transpose(1, 2))
        # (B, T, K*G, D) -> (B, K, G*T, D): K heads that share keys among G queries each
        grouped = queries.view(rows, tokens, shape.kv_heads, shape.group, shape.head_dim).permute(0, 2, 3, 1, 4)
        attended = self._attention(grouped.flatten(2, 3), all_keys, all_values, mask)
        apart = attended.view(rows, shape.kv_heads, shape.group, tokens, shape.head_dim).permute(0, 3, 1, 2, 4)
        return layer.out(apart.flatten(2))


class LeanModel:
    """A `Model` over plain tensors.

    Args:
        layers: the slow twin of `step`; they do what it does not take.
        step: used where it takes what is asked.
    """

    def __init__(self, layers: LeanLayers, weights: Weights[Linear], arithmetic: str, step: Step | None = None) -> None:
        shape = layers.shape
        self._layers = layers
        self._step = step
        self._weights = weights
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
        hidden = self._weights.embedding[ids].to(self._layers.dtype)
        if self._step and self._step.takes(rows, tokens, cache.length, attention_mask is not None):
            starts = [0] * rows if attention_mask is None else attention_mask.argmax(dim=1).tolist()
            hidden = self._step(hidden, cache, angles, starts, interrupt)
        else:
            mask = self._mask(tokens, cache.length, attention_mask)
            hidden = self._layers(hidden, cache, angles, mask, interrupt)
        cache.advance(tokens)
        norm = self._weights.norm
        normed = torch.rms_norm(hidden[:, -count:], norm.shape, norm, self._layers.shape.norm_epsilon)
        return self._weights.head(normed)

    def _mask(self, tokens: int, cached: int, attention_mask: Tensor | None) -> Tensor | None:
        """See `LeanLayers.mask_of`; None where all see all."""
        seen: Tensor | None = None
        if tokens > 1:
            everything = torch.ones(tokens, cached + tokens, dtype=torch.bool, device=self.device)
            seen = everything.tril(diagonal=cached)[None]
        if attention_mask is not None:
            held = attention_mask.to(self.device)[:, None, :].bool()
            seen = held if seen is None else seen & held
        return None if seen is None else self._layers.mask_of(seen)


def interleave(rows: Tensor, heads: int) -> Tensor:
    """Reorder the outputs (heads * D, ...) of a query or key matrix so that the two halves of each pair are neighbours.

    Checkpoints keep the halves apart. Queries and keys in the same order have the same products.
    """
    halves = rows.reshape(heads, 2, -1, *rows.shape[1:])
    return halves.transpose(1, 2).reshape(rows.shape)
