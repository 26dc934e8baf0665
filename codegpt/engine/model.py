"""What decoding asks of a model: token ids and a cache in, logits out, and a way to be stopped between two layers.

Interrupting between layers keeps prompt chunks large, hence fast, while a caller who gives up waits for one layer of
one chunk at the most.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from codegpt.engine.kv_cache import KvCache
from codegpt.engine.protocol import StopReason

Interrupt = Callable[[], StopReason | None]
"""Asked before every layer; a reason stops the forward pass."""


class Interrupted(Exception):
    """A forward pass was stopped; the cache is as it was before."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Model(Protocol):
    """A causal language model on one device."""

    @property
    def device(self) -> torch.device:
        """Where ids, masks and caches lie."""
        ...

    @property
    def context_tokens(self) -> int:
        """The longest sequence it was made for."""
        ...

    @property
    def arithmetic(self) -> str:
        """What its weights are stored in and what it computes in, for a person: "int8, bfloat16"."""
        ...

    @property
    def weight_bytes(self) -> int:
        """What a pass reads of the weights, whatever the number of tokens."""
        ...

    def forward(
        self,
        ids: Tensor,
        cache: KvCache,
        interrupt: Interrupt,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        count: int = 1,
    ) -> Tensor:
        """Append `ids` (B, T) to `cache` and return the logits (B, `count`, V) that follow the last of them.

        Args:
            attention_mask: (B, cached + T), 0 where a row is padded; None where no row is.
            position_ids: (B, T); None where every row starts at position 0.

        Raises:
            Interrupted: `interrupt` gave a reason.
        """
        ...


def never_interrupted() -> StopReason | None:
    """An `Interrupt` that never stops the work."""
    return None
