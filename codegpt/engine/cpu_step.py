"""A few tokens through all layers of the lean model, in the compiled kernels; its slow twin is the lean model itself.

One row of up to eight tokens, or up to eight rows of one token: what decoding, and checking what was guessed, asks for.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from codegpt.engine import cpu_kernels
from codegpt.engine.cpu_kernels import Array
from codegpt.engine.int8 import FEW_ROWS, Int8Linear
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import Layer, Shape
from codegpt.engine.model import Interrupt, Interrupted


class CpuStep:
    """The layers of one model as plain arrays.

    Args:
        layers: float32, their matrices int8.
    """

    def __init__(self, shape: Shape, layers: Sequence[Layer[Int8Linear]]) -> None:
        self._shape = shape
        self._layers = layers
        self._norms = [(layer.attention_norm.numpy(), layer.mlp_norm.numpy()) for layer in layers]

    def takes(self, rows: int, tokens: int, length: int, padded: bool) -> bool:
        """See `Step`."""
        return rows * tokens <= FEW_ROWS and (tokens == 1 or not padded)

    def __call__(
        self, hidden: Tensor, cache: KvCache, angles: Tensor, starts: Sequence[int], interrupt: Interrupt
    ) -> Tensor:
        """See `Step`; all of it float32."""
        rows, tokens, features = hidden.shape
        count = rows * tokens
        shape = self._shape
        threads = cpu_kernels.threads()
        flow, normal = cpu_kernels.empty(count, features), cpu_kernels.empty(count, features)
        flow[:] = hidden.reshape(count, features).numpy()
        attended = cpu_kernels.empty(count, shape.heads * shape.head_dim)
        turns = angles.reshape(count, -1)
        cosines, sines = turns.cos().numpy(), turns.sin().numpy()
        first = np.array(starts, np.int64)
        for index, (layer, (attention_norm, mlp_norm)) in enumerate(zip(self._layers, self._norms, strict=True)):
            reason = interrupt()
            if reason is not None:
                raise Interrupted(reason)
            cpu_kernels.normalize(flow, attention_norm, shape.norm_epsilon, normal)
            heads = layer.qkv.product(normal, threads).reshape(count, -1, shape.head_dim)
            room = self._room(cache, index, rows, tokens)
            cpu_kernels.rotate(heads, cosines, sines, room, cache.length)
            cpu_kernels.attend(heads, room, cache.length, first, attended, threads)
            flow += layer.out.product(attended, threads)
            cpu_kernels.normalize(flow, mlp_norm, shape.norm_epsilon, normal)
            both = layer.gate_up.product(normal, threads)
            gated = cpu_kernels.empty(count, both.shape[1] // 2)
            cpu_kernels.gate(both, gated, threads)
            flow += layer.down.product(gated, threads)
        return torch.from_numpy(flow).view(rows, tokens, features)

    def _room(self, cache: KvCache, index: int, rows: int, tokens: int) -> Array:
        shape = self._shape
        like = torch.empty(0, dtype=torch.float32)
        room: Array = cache.room_for(index, tokens, (rows, shape.kv_heads, shape.head_dim), like).numpy()
        return room
