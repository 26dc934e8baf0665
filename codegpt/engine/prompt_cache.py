"""The keys and values of the last prompts, so that a prompt computes no token that an earlier one began with.

A person types in one place, jumps, looks into another file and comes back: each of these is a sequence that is worth
keeping. A prompt goes on in the sequence that it shares most with. Where that would throw much of it away, the shared
part is copied and the sequence stays for whoever comes back. The least recently used ones go when the bytes run out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from codegpt.engine.kv_cache import KvCache, Rows, common_prefix, gather

MOST_BYTES = 512 * 2**20
"""Of all sequences together: some twenty prompts of 1,000 tokens of a 0.5B model in float32."""

LOSE_TOKENS = 64
"""A sequence is cut by so many tokens at most, a suggestion that was not taken, say; else it is left and copied."""


@dataclass
class PromptCache:
    """One sequence of tokens with its keys and values.

    Attributes:
        computed: of the tokens of the last prompt, those that were not there yet.
    """

    ids: list[int] = field(default_factory=list)
    cache: KvCache = field(default_factory=KvCache)
    computed: int = 0

    def truncate(self, length: int) -> None:
        """Hold the first `length` tokens."""
        del self.ids[length:]
        self.cache.truncate(length)

    def copy(self, length: int) -> "PromptCache":
        """The first `length` tokens, in memory of their own."""
        if not length:
            return PromptCache()
        return PromptCache(self.ids[:length], gather([Rows(self.cache.head(length), [0])], [length]).cache)


class PromptCaches:
    """Several sequences, the most recently used one last."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self.sequences: list[PromptCache] = []

    @property
    def nbytes(self) -> int:
        """What they take together."""
        return sum(kept.cache.nbytes for kept in self.sequences)

    def lacking(self, ids: Sequence[int]) -> int:
        """How many of a prompt's tokens no sequence begins with."""
        return len(ids) - max((common_prefix(kept.ids, ids) for kept in self.sequences), default=0)

    def take(self, ids: Sequence[int]) -> PromptCache:
        """The sequence to go on in with a prompt of `ids`; it may hold more than the two share."""
        best = max(self.sequences, key=lambda kept: common_prefix(kept.ids, ids), default=None)
        if best is None:
            best = PromptCache()
        shared = common_prefix(best.ids, ids)
        if len(best.ids) - shared > LOSE_TOKENS:
            best = best.copy(shared)
        self.sequences = [*(kept for kept in self.sequences if kept is not best), best]
        while len(self.sequences) > 1 and self.nbytes > self._most_bytes:
            del self.sequences[0]
        return best
