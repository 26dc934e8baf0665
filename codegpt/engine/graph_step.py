"""A few tokens of one row through all layers as one recorded graph, so that a GPU waits for no launch.

The slow twin is `LeanLayers`, which it records. What is recorded reads and writes the same memory each time: keys and
values lie in a copy of the cache that never moves, positions are numbers in that memory, and a pass sees a whole bucket
of keys, of which those behind its last token are masked. Each size of pass and bucket is recorded once, when the model
is loaded; nothing is recorded or compiled between two requests. Other passes (prompts, batches, very long contexts) go
layer by layer.

Source of the way: "Accelerating PyTorch with CUDA Graphs", pytorch.org, 2021.
"""

import weakref
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import LeanLayers
from codegpt.engine.model import Interrupt, Interrupted, never_interrupted

SIZES = (1, 2, 4, 8)
"""Tokens of a pass: what guesses come in. Others are done as the next larger one."""

BUCKETS = (512, 1024, 2048, 4096)
"""Keys that a pass looks at."""

Work = Callable[[], Tensor]

Record = Callable[[Work], Work]
"""From work on memory that stays, the same work, recorded."""


def cuda_graph(work: Work) -> Work:
    """Record it on the GPU that is used now. It runs some times first, on a stream of its own, as libraries want it."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = work()

    def replay() -> Tensor:
        graph.replay()
        return out

    return replay


class _Bucket:
    """The first keys and values of the copy, as the layers see them."""

    def __init__(self, rooms: Tensor, positions: Tensor) -> None:
        self._rooms = rooms  # (layers, 2, 1, K, keys, D)
        self._positions = positions  # (T,)

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write (1, K, T, D) at the positions of this pass; gives the whole bucket."""
        room = self._rooms[layer]
        room[0].index_copy_(2, self._positions, keys)
        room[1].index_copy_(2, self._positions, values)
        return room[0], room[1]


class GraphStep:
    """The layers of one model, recorded.

    Args:
        record: how; `cuda_graph`, or nothing but the work itself where there is no GPU.
        buckets: ascending.
    """

    def __init__(
        self, layers: LeanLayers, features: int, device: torch.device, record: Record, buckets: Sequence[int] = BUCKETS
    ) -> None:
        shape = layers.shape
        self._layers = layers
        self._buckets = [bucket for bucket in buckets if bucket <= shape.context_tokens] or [shape.context_tokens]
        self._rooms = torch.zeros(
            (shape.layers, 2, 1, shape.kv_heads, self._buckets[-1], shape.head_dim), dtype=layers.dtype, device=device
        )
        self._copied: Callable[[], KvCache | None] = lambda: None
        self._length = torch.zeros(1, dtype=torch.long, device=device)
        self._hidden = {size: torch.zeros(1, size, features, dtype=layers.dtype, device=device) for size in SIZES}
        self._angles = {size: torch.zeros(1, size, shape.head_dim // 2, device=device) for size in SIZES}
        with torch.inference_mode():
            self._passes = {
                (size, bucket): record(self._work(size, bucket)) for size in SIZES for bucket in self._buckets
            }

    def _work(self, size: int, bucket: int) -> Work:
        """A pass over memory that stays."""
        device = self._length.device
        own, keys = torch.arange(size, device=device), torch.arange(bucket, device=device)

        def work() -> Tensor:
            positions = self._length + own
            mask = self._layers.mask_of((keys[None] <= positions[:, None])[None])
            keep = _Bucket(self._rooms[..., :bucket, :], positions)
            return self._layers(self._hidden[size], keep, self._angles[size], mask, never_interrupted)

        return work

    def takes(self, rows: int, tokens: int, length: int, padded: bool) -> bool:
        """See `Step`."""
        return rows == 1 and tokens <= SIZES[-1] and not padded and length + SIZES[-1] <= self._buckets[-1]

    def __call__(
        self, hidden: Tensor, cache: KvCache, angles: Tensor, starts: Sequence[int], interrupt: Interrupt
    ) -> Tensor:
        """See `Step`; it can be interrupted before all layers alone."""
        reason = interrupt()
        if reason is not None:
            raise Interrupted(reason)
        tokens, length = hidden.shape[1], cache.length
        size = next(size for size in SIZES if size >= tokens)
        bucket = next(bucket for bucket in self._buckets if bucket >= length + size)
        self._copy(cache)
        self._length.fill_(length)
        self._hidden[size][:, :tokens] = hidden
        self._angles[size][:, :tokens] = angles
        out = self._passes[size, bucket]()[:, :tokens].clone()
        like = self._rooms.new_empty(0)
        _, _, _, heads, _, features = self._rooms.shape
        for layer, new in enumerate(self._rooms[..., length : length + tokens, :]):
            cache.room_for(layer, tokens, (1, heads, features), like)[..., length : length + tokens, :] = new
        cache.untouched = length + tokens  # the copy has them too
        return out

    def _copy(self, cache: KvCache) -> None:
        """Have what the cache holds, of which much is here already if the last pass was of the same one."""
        begin = min(cache.untouched, cache.length) if self._copied() is cache else 0
        for room, held in zip(self._rooms, cache.layers, strict=False):
            room[..., begin : cache.length, :] = held[..., begin:, :]
        self._copied = weakref.ref(cache)
