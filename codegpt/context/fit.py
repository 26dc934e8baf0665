"""A token budget and what fits into it.

The window's upper edge lies on a multiple of `EDGE_LINES` lines wherever it can, and its lower edge depends on the text
after the cursor alone, so that both stand still while a person types and the engine's cached prompt stays valid.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from codegpt.document import Document

EDGE_LINES = (64, 8, 1)
"""The steps that the upper edge moves in: the first that leaves anything of the file."""

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
    first = offset - len(before)
    cursor_line = document.line_at(offset)
    taken = 0
    for step in EDGE_LINES:
        edges = (document.line_starts[line] for line in range(cursor_line // step * step, -1, -step))
        lengths = (offset - edge for edge in edges if edge >= first)
        taken = _longest(lengths, lambda length: count_tokens(before[len(before) - length :]) <= prefix_tokens)
        if taken:
            break
    if not taken:
        taken = _bisect(len(before), lambda length: count_tokens(before[len(before) - length :]) <= prefix_tokens)
    line_ends = (start - offset for start in document.line_starts[cursor_line + 1 :] if start - offset <= len(after))
    kept = _longest(line_ends, lambda length: count_tokens(after[:length]) <= suffix_tokens)
    if kept == 0 or count_tokens(after) <= suffix_tokens:
        kept = _bisect(len(after), lambda length: count_tokens(after[:length]) <= suffix_tokens)
    return Window(before[len(before) - taken :], after[:kept])


def _longest(lengths: Iterable[int], fits: Callable[[int], bool]) -> int:
    """The last of ascending `lengths` that fits, 0 where none does."""
    longest = 0
    for length in lengths:
        if not fits(length):
            break
        longest = length
    return longest


def _bisect(most: int, fits: Callable[[int], bool]) -> int:
    """The greatest length up to `most` that fits; 0 always does."""
    low, high = 0, most
    if fits(high):
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low
