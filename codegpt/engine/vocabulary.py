"""Which tokens may come where the text has to begin in a certain way."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping


class Vocabulary:
    """The texts of all tokens that are text."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        pairs = sorted((text, token) for token, text in texts.items() if text)
        self._texts = [text for text, _ in pairs]
        self._tokens = [token for _, token in pairs]

    def beginning(self, text: str) -> list[int]:
        """The tokens that begin with `text`, and those that `text` begins with."""
        found = self._tokens[self._first(text) : self._behind_last(text)]
        for length in range(1, len(text)):
            begin = bisect_left(self._texts, text[:length])
            found += self._tokens[begin : bisect_right(self._texts, text[:length])]
        return found

    def _first(self, text: str) -> int:
        return bisect_left(self._texts, text, key=lambda each: each[: len(text)])

    def _behind_last(self, text: str) -> int:
        return bisect_right(self._texts, text, key=lambda each: each[: len(text)])
