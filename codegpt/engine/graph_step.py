"""A few tokens through all layers as one recorded graph, so that a GPU waits for no launch.

The slow twin is `LeanLayers`, which it records, with the keys in pieces. What is recorded reads and writes the same
memory each time: keys and values lie in the rooms of the cache, where they are anyway; positions are numbers in memory
of the pass; all of a room is looked at, and what is not there yet is masked. So a recording serves as long as the rooms
do, some hundred tokens, over all requests that go on in that cache. The first pass of a size over the rooms is done as
it is, the second is recorded, which took hardly longer on an H100 (9 and 11 ms; 2 from then on): what is asked once is
not worth more.

Source of the way: "Accelerating PyTorch with CUDA Graphs", pytorch.org, 2021.
"""

import logging
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary, ref

import torch
from torch import Tensor

from codegpt.engine.attention import InPieces
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import LeanLayers
from codegpt.engine.memory import is_out_of_memory
from codegpt.engine.model import Interrupt, Interrupted, never_interrupted

SIZES = (1, 2, 4, 8)
"""Tokens of a pass: what guesses come in. Others are done as the next larger one."""

RECORDED_CACHES = 8
"""So many caches have recordings, those used last: a recording takes memory that nobody counts."""

logger = logging.getLogger(__name__)

Work = Callable[[], Tensor]

Record = Callable[[Work], Work]
"""From work on memory that stays, the same work, recorded. Whoever keeps the recording keeps that memory."""


def cuda_graphs() -> Record:
    """Recordings on the GPU that is used now; what lies between their first and last tensors is in the same memory."""
    anchor = torch.cuda.CUDAGraph()  # shared memory is given up with the last recording in it: this one stays
    with torch.cuda.graph(anchor):
        torch.zeros(1, device="cuda")

    def record(work: Work) -> Work:
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            with torch.cuda.graph(graph, pool=anchor.pool(), capture_error_mode="thread_local"):
                out = work()
        except RuntimeError:
            torch.cuda.set_stream(stream)  # a recording that cannot be ended leaves its own
            raise

        def replay() -> Tensor:
            graph.replay()
            return out

        return replay

    return record


class _Pass:
    """One size of pass over the rooms of one cache, which keeps them: a cache that is spent gives its memory back.

    Args:
        rooms: of each layer (2, B, K, all tokens, D).
    """

    def __init__(self, layers: LeanLayers, rooms: Sequence[Tensor], size: int, features: int) -> None:
        self._rooms = [ref(room) for room in rooms]
        rows, device = rooms[0].shape[1], rooms[0].device
        self.hidden = torch.zeros(rows, size, features, dtype=layers.dtype, device=device)
        self.angles = torch.zeros(rows, size, layers.shape.head_dim // 2, device=device)
        self.starts = torch.zeros(rows, 1, 1, dtype=torch.long, device=device)
        self.length = torch.zeros(1, dtype=torch.long, device=device)
        self.replay: Work | None = None
        self.count = 0
        self._begun: Sequence[int] = [0] * rows  # what `starts` holds
        self._layers = layers
        self._own = torch.arange(size, device=device)
        self._keys = torch.arange(rooms[0].shape[-2], device=device)

    def is_over(self, rooms: Sequence[Tensor]) -> bool:
        """Whether these are its rooms."""
        return all(own() is room for own, room in zip(self._rooms, rooms, strict=True))

    def take(self, hidden: Tensor, angles: Tensor, starts: Sequence[int], length: int) -> None:
        """What the next run is to work on; see `Step`."""
        tokens = hidden.shape[1]
        self.hidden[:, :tokens] = hidden
        self.angles[:, :tokens] = angles
        self.length.fill_(length)
        if starts != self._begun:
            self.starts.copy_(torch.tensor(starts)[:, None, None])
            self._begun = starts

    def work(self) -> Tensor:
        """(B, T, H) of what lies in the memory of this pass."""
        self._positions = self.length + self._own  # (T,)
        mask = self._layers.mask_of((self._keys <= self._positions[:, None]) & (self._keys >= self.starts))
        return self._layers(self.hidden, self, self.angles, mask, never_interrupted)

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write (B, K, T, D) at the positions of this pass; gives the whole room."""
        room = self._rooms[layer]()
        assert room is not None  # a pass is asked for with its rooms at hand
        all_keys, all_values = room
        all_keys.index_copy_(2, self._positions, keys)
        all_values.index_copy_(2, self._positions, values)
        return all_keys, all_values


class GraphStep:
    """The layers of one model, recorded; for one caller at a time.

    Args:
        record: how; `cuda_graphs()`, or nothing but the work itself where there is no GPU.
    """

    def __init__(self, layers: LeanLayers, record: Record) -> None:
        self._layers = layers.attending(InPieces(layers.shape.kv_heads))
        self._record: Record | None = record
        self._passes: WeakKeyDictionary[KvCache, dict[int, _Pass]] = WeakKeyDictionary()

    @property
    def records(self) -> bool:
        """False once a recording has failed."""
        return self._record is not None

    def takes(self, rows: int, tokens: int, length: int, padded: bool) -> bool:
        """See `Step`."""
        return tokens <= SIZES[-1] and (tokens == 1 or not padded)

    def __call__(
        self, hidden: Tensor, cache: KvCache, angles: Tensor, starts: Sequence[int], interrupt: Interrupt
    ) -> Tensor:
        """See `Step`; it can be interrupted before all layers alone, and the next call overwrites what it gives."""
        reason = interrupt()
        if reason is not None:
            raise Interrupted(reason)
        tokens = hidden.shape[1]
        step = self._pass(hidden, cache, next(size for size in SIZES if size >= tokens))
        step.take(hidden, angles, starts, cache.length)
        step.count += 1
        if step.count == 2 and self._record:
            step.replay = self._recorded(self._record, step.work)
        return (step.replay or step.work)()[:, :tokens]

    def _recorded(self, record: Record, work: Work) -> Work | None:
        try:
            return record(work)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            logger.warning("decoding is slower, since this GPU recorded no graph: %s", error)
            self._record = None
            return None

    def _pass(self, hidden: Tensor, cache: KvCache, size: int) -> _Pass:
        """The pass of that size over the rooms that the cache has now."""
        shape, (rows, _, features) = self._layers.shape, hidden.shape
        new, like = (rows, shape.kv_heads, shape.head_dim), hidden.new_empty(0, dtype=self._layers.dtype)
        rooms = [cache.room_for(layer, size, new, like) for layer in range(shape.layers)]
        known = self._passes.pop(cache, {})
        if not all(each.is_over(rooms) for each in known.values()):
            known.clear()
        self._passes[cache] = known  # as the one that was used last
        while len(self._passes) > RECORDED_CACHES:
            del self._passes[next(iter(self._passes))]
        if not known:
            for room in rooms:
                room[..., cache.length :, :] = 0  # masked, but nothing times "not a number" is none
        if size not in known:
            known[size] = _Pass(self._layers, rooms, size, features)
        return known[size]
