"""A checkpoint's tensors as the lean model's weights: matrices that read the same input are one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from codegpt.engine.lean_model import Layer, Shape, Weights, interleave
from codegpt.engine.linear import DenseLinear, Linear


class Tensors(Protocol):
    """Named tensors, each read when it is asked for."""

    @property
    def names(self) -> Collection[str]:
        """All there are."""
        ...

    def read(self, name: str) -> Tensor:
        """One of them."""
        ...


L = TypeVar("L", bound=Linear)

MakeLinear = Callable[[str, Callable[[], Tensor], Tensor | None], L]
"""From a matrix's name, the matrix (O, I) itself when it is wanted, and its bias (O,)."""


def dense(dtype: torch.dtype, device: torch.device) -> MakeLinear[DenseLinear]:
    """Matrices in the type that is computed in."""

    def make(_name: str, weight: Callable[[], Tensor], bias: Tensor | None) -> DenseLinear:
        return DenseLinear(weight().to(device, dtype), None if bias is None else bias.to(device, dtype))

    return make


def lean_weights(
    tensors: Tensors, shape: Shape, make: MakeLinear[L], dtype: torch.dtype, device: torch.device
) -> Weights[L]:
    """The weights of a Qwen2 or Llama checkpoint, named as transformers names them.

    Args:
        dtype: of the norms; the embedding stays as it is stored.
    """

    def fused(name: str, parts: Sequence[str], heads: Mapping[str, int]) -> L:
        def read(part: str, kind: str) -> Tensor:
            tensor = tensors.read(f"{part}.{kind}")
            return interleave(tensor, heads[part]) if part in heads else tensor

        biased = all(f"{part}.bias" in tensors.names for part in parts)
        bias = torch.cat([read(part, "bias") for part in parts]) if biased else None
        return make(name, lambda: torch.cat([read(part, "weight") for part in parts]), bias)

    def norm(name: str) -> Tensor:
        return tensors.read(name).to(device, dtype)

    layers = []
    for index in range(shape.layers):
        at = f"model.layers.{index}"
        attention, mlp = f"{at}.self_attn", f"{at}.mlp"
        queries, keys, values = (f"{attention}.{kind}_proj" for kind in "qkv")
        layers.append(
            Layer(
                attention_norm=norm(f"{at}.input_layernorm.weight"),
                qkv=fused(f"{at}.qkv", [queries, keys, values], {queries: shape.heads, keys: shape.kv_heads}),
                out=fused(f"{at}.out", [f"{attention}.o_proj"], {}),
                mlp_norm=norm(f"{at}.post_attention_layernorm.weight"),
                gate_up=fused(f"{at}.gate_up", [f"{mlp}.gate_proj", f"{mlp}.up_proj"], {}),
                down=fused(f"{at}.down", [f"{mlp}.down_proj"], {}),
            )
        )
    embedding = tensors.read("model.embed_tokens.weight")
    head = "lm_head" if "lm_head.weight" in tensors.names else "model.embed_tokens"
    return Weights(embedding.to(device), layers, norm("model.norm.weight"), fused("head", [head], {}))
