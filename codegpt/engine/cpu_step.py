"""A few tokens through all layers of the lean model, in the compiled kernels; its slow twin is the lean model itself.

One row of up to eight tokens, or up to eight rows of one token: what decoding, and checking what was guessed, asks for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from codegpt.engine import cpu_kernels
from codegpt.engine.cpu_kernels import Array
from codegpt.engine.int8 import FEW_ROWS, Int8Linear
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import Layer, Shape
from codegpt.engine.model import Interrupt, Interrupted


class _Workspace(NamedTuple):
    """What a pass writes between its products; kept, since making it anew takes a twentieth of the pass."""

    flow: Array  # (R, H)
    normal: Array  # (R, H)
    heads: Array  # (R, (N + 2 K) * D)
    attended: Array  # (R, N * D)
    both: Array  # (R, 2 I)
    gated: Array  # (R, I)
    added: Array  # (R, H)


class CpuStep:
    """The layers of one model as plain arrays; for one thread, in which `interrupt` may itself let a pass be done.

    Args:
        layers: float32, their matrices int8.
    """

    def __init__(self, shape: Shape, layers: Sequence[Layer[Int8Linear]]) -> None:
        self._shape = shape
        self._layers = layers
        self._norms = [(layer.attention_norm.numpy(), layer.mlp_norm.numpy()) for layer in layers]
        self._like = torch.empty(0, dtype=torch.float32)
        self._workspaces: dict[int, _Workspace] = {}  # by the tokens in all; not those that are in use

    def takes(self, rows: int, tokens: int, length: int, padded: bool) -> bool:
        """See `Step`."""
        return rows * tokens <= FEW_ROWS and (tokens == 1 or not padded)

    def __call__(
        self, hidden: Tensor, cache: KvCache, angles: Tensor, starts: Sequence[int], interrupt: Interrupt
    ) -> Tensor:
        """See `Step`; all of it float32."""
        rows, tokens, _ = hidden.shape
        shape = self._shape
        threads = cpu_kernels.threads()
        work = self._workspaces.pop(rows * tokens, None) or self._workspace(rows * tokens)
        work.flow[:] = hidden.reshape(work.flow.shape).numpy()
        heads = work.heads.reshape(rows * tokens, -1, shape.head_dim)
        turns = angles.reshape(rows * tokens, -1)
        cosines, sines = turns.cos().numpy(), turns.sin().numpy()
        first = np.array(starts, np.int64)
        for index, (layer, (attention_norm, mlp_norm)) in enumerate(zip(self._layers, self._norms, strict=True)):
            reason = interrupt()
            if reason is not None:
                raise Interrupted(reason)
            cpu_kernels.normalize(work.flow, attention_norm, shape.norm_epsilon, work.normal)
            layer.qkv.product(work.normal, threads, work.heads)
            room = cache.room_for(index, tokens, (rows, shape.kv_heads, shape.head_dim), self._like).numpy()
            cpu_kernels.rotate(heads, cosines, sines, room, cache.length)
            cpu_kernels.attend(heads, room, cache.length, first, work.attended, threads)
            np.add(work.flow, layer.out.product(work.attended, threads, work.added), out=work.flow)
            cpu_kernels.normalize(work.flow, mlp_norm, shape.norm_epsilon, work.normal)
            layer.gate_up.product(work.normal, threads, work.both)
            cpu_kernels.gate(work.both, work.gated, threads)
            np.add(work.flow, layer.down.product(work.gated, threads, work.added), out=work.flow)
        self._workspaces[rows * tokens] = work
        return torch.from_numpy(work.flow).view(rows, tokens, -1).clone()

    def _workspace(self, count: int) -> _Workspace:
        layer = self._layers[0]
        features = layer.out.outputs
        widths = [features, features, layer.qkv.outputs, self._shape.heads * self._shape.head_dim]
        widths += [layer.gate_up.outputs, layer.gate_up.outputs // 2, features]
        return _Workspace(*(cpu_kernels.empty(count, width) for width in widths))
