"""Somebody's own files, to be learnt from: what the index would read, less what holds secrets, with some held out.

A file is held out by a digest of its path, so that the same ones are at every run. What looks like a secret is never
learnt: a model says again what it has learnt.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from codegpt.context.redaction import redacted
from codegpt.errors import InputError
from codegpt.indexing.files import Skipped, read_source, walk
from codegpt.training.cleaning import why_left_out
from codegpt.training.corpus import SourceText

HELD_OUT_OF = 5
"""One file in so many is held out."""

FEWEST_FILES = 4


@dataclass(frozen=True)
class Repository:
    """The files of a folder.

    Attributes:
        left_out: which files each rule left out.
    """

    root: Path
    learnt: tuple[SourceText, ...]
    held_out: tuple[SourceText, ...]
    left_out: dict[str, list[str]]

    @property
    def texts(self) -> dict[str, str]:
        """All of them by path, as the project that a file lies in."""
        return {each.path: each.text for each in (*self.learnt, *self.held_out)}


def read_repository(root: Path) -> Repository:
    """What there is to learn from in a folder.

    Raises:
        InputError: it is no folder, or there is too little.
    """
    if not root.is_dir():
        raise InputError(f"{root} is no folder")
    root, left_out = root.resolve(), defaultdict[str, list[str]](list)
    found: list[SourceText] = []
    for path, _ in walk(root):
        try:
            text, _ = read_source(root, path)
        except (Skipped, OSError) as error:
            left_out[error.reason if isinstance(error, Skipped) else "cannot be read"].append(path)
            continue
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if why := _why_left_out(path, text):
            left_out[why].append(path)
        else:
            found.append(SourceText(root.name, path, text))
    if len(found) < FEWEST_FILES:
        raise InputError(f"{root} holds {len(found)} files that can be learnt from; at least {FEWEST_FILES} are needed")
    by_digest = sorted(found, key=lambda each: hashlib.sha256(each.path.encode()).digest())
    held_out = set(by_digest[: max(1, len(found) // HELD_OUT_OF)])
    learnt = tuple(each for each in found if each not in held_out)
    return Repository(root, learnt, tuple(each for each in found if each in held_out), dict(sorted(left_out.items())))


def _why_left_out(path: str, text: str) -> str:
    if redacted(text) != text:
        return "a secret"
    return why_left_out(path, text, only=("vendored", "generated", "minified", "a table")) if text.strip() else "empty"
