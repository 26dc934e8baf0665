"""Which texts share a run of lexical tokens with a benchmark; pure.

A run of `RUN` tokens: thirteen, as in GPT-3's report (arXiv 2005.14165), would leave out a sixth of all Python for
sharing ``for i in range(len(...)):`` and the like.
"""

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from codegpt.errors import InputError

RUN = 30
"""Lexical tokens."""

_TOKEN = re.compile(r"\w+|[^\w\s]")


def lexical_tokens(text: str) -> list[str]:
    """Words, and every other character that is no white space."""
    return _TOKEN.findall(text)


def runs(text: str, length: int = RUN) -> Iterator[int]:
    """A number for every run of so many lexical tokens; equal runs have equal numbers within one process."""
    tokens = lexical_tokens(text)
    for start in range(len(tokens) - length + 1):
        yield hash(tuple(tokens[start : start + length]))


class Benchmarks:
    """The texts that no document may share a run with."""

    def __init__(self, texts: Iterable[str], length: int = RUN) -> None:
        self._length = length
        self._runs = frozenset(run for text in texts for run in runs(text, length))

    def __len__(self) -> int:
        return len(self._runs)

    def share(self, text: str) -> bool:
        """Whether a text has one of their runs."""
        return any(run in self._runs for run in runs(text, self._length))


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a benchmark: of every record of a JSON lines or JSON file, gzipped or not, all strings in order.

    Raises:
        InputError: it is neither.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        text = content.decode("utf-8")
        records = json.loads(text) if text.lstrip().startswith("[") else map(json.loads, text.splitlines())
        for record in records:
            yield "\n".join(_strings(record))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is not a benchmark in JSON lines ({error})") from error


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
