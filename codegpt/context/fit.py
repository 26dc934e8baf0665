"""A token budget and what fits into it.

The window's upper edge lies on a multiple of `EDGE_LINES` lines wherever it can, and its lower edge depends on the text
after the cursor alone, so that both stand still while a person types and the engine's cached prompt stays valid.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from codegpt.document import Document

EDGE_LINES = (64, 8, 1)
"""The steps that the upper edge moves in: the first that fills half of the budget, or reaches the file's start."""

_MAX_CHARACTERS_PER_TOKEN = 16
"""No more text than this is looked at: counting the tokens of a line of a megabyte would take a second."""

CountTokens = Callable[[str], int]


@dataclass(frozen=True)
class Window:
    """The part of a document that goes into the prompt."""

    prefix: str
    suffix: str


def fit_window(
    document: Document, offset: int, prefix_tokens: int, suffix_tokens: int, count_tokens: CountTokens
) -> Window:
    """The text around `offset` that fits: at most `prefix_tokens` before it and `suffix_tokens` after it."""
    before = document.text[max(0, offset - prefix_tokens * _MAX_CHARACTERS_PER_TOKEN) : offset]
    after = document.text[offset : offset + suffix_tokens * _MAX_CHARACTERS_PER_TOKEN]
    cursor_line = document.line_at(offset)

    typed = min(len(before), offset - document.line_starts[cursor_line])

    def tokens_before(length: int) -> int:
        if length <= typed:
            return count_tokens(before[len(before) - length :])
        above = before[len(before) - length : len(before) - typed]  # the same at the next key: counted already
        return count_tokens(above) + count_tokens(before[len(before) - typed :])

    def fits_before(length: int) -> bool:
        return tokens_before(length) <= prefix_tokens

    def fits_after(length: int) -> bool:
        return count_tokens(after[:length]) <= suffix_tokens

    taken = 0
    for step in EDGE_LINES:
        edges = (document.line_starts[line] for line in range(cursor_line // step * step, -1, -step))
        taken = _longest(_up_to(len(before), (offset - edge for edge in edges)), fits_before)
        if taken == offset or 2 * tokens_before(taken) >= prefix_tokens:
            break
    taken = taken or _longest(range(len(before) + 1), fits_before)
    line_ends = _up_to(len(after), (start - offset for start in document.line_starts[cursor_line + 1 :]))
    kept = _longest([*line_ends, len(after)], fits_after) or _longest(range(len(after) + 1), fits_after)
    return Window(before[len(before) - taken :], after[:kept])


def _up_to(most: int, lengths: Iterable[int]) -> list[int]:
    """The first of ascending `lengths`, while they are not above `most`."""
    return list(takewhile(lambda length: length <= most, lengths))


def _longest(lengths: Sequence[int], fits: Callable[[int], bool]) -> int:
    """The last of ascending `lengths` that fits, 0 where none does; what is shorter than one that fits, fits too."""
    count = bisect_left(lengths, True, key=lambda length: not fits(length))
    return lengths[count - 1] if count else 0
