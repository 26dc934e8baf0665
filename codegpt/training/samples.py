"""From a file's text to what a model is taught: pieces of it, most with a hole, as token ids.

A hole is written as the product asks for one (`codegpt.prompt`): suffix, prefix, middle, or seldom prefix, suffix,
middle, and behind the middle the end. So is what other files of the package define, before some of the pieces. Where
the middle comes right behind the prefix, both are encoded as the one text that they are: the product asks behind whole
words, and has the last one written anew.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from tokenizers import Encoding

from codegpt.training.corpus import SourceText
from codegpt.training.spans import Kinds, Nodes, choose, nodes_of_syntax, stretches
from codegpt.training.tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX, Coder

if TYPE_CHECKING:  # loading these loads the grammars
    from codegpt.context.outline import Entry
    from codegpt.context.project import Snapshot

CHARACTERS_PER_TOKEN = 3.2
"""A piece of so many characters for each token of a row mostly fits."""

SHORTEST = 300
"""Characters of a piece; with a longest one of less, half of that."""

MOST_OF_OTHER_FILES = 1200
"""Characters."""


@dataclass(frozen=True)
class Recipe:
    """How text becomes samples.

    Attributes:
        length: tokens of a row; no sample is longer.
        fim: the share of pieces with a hole.
        spm: of those, the share in which the suffix comes first.
        other_files: the share of pieces that begin with what other files define; needs the grammars.
        syntax: whether nodes of the syntax are cut out; needs the grammars.
    """

    length: int = 512
    fim: float = 0.85
    spm: float = 0.9
    other_files: float = 0.1
    syntax: bool = True
    kinds: Kinds = field(default_factory=Kinds)


class Piece(NamedTuple):
    """A text that is to be encoded: `middle` is None where there is no hole."""

    head: tuple[tuple[str, str], ...]
    prefix: str
    middle: str | None
    suffix: str
    spm: bool


def pieces(source: SourceText, package: "Package", recipe: Recipe, rng: random.Random) -> Iterator[Piece]:
    """A file cut up at its lines, each piece with a hole or without."""
    longest = recipe.length * CHARACTERS_PER_TOKEN
    for start, stop in stretches(source.text, longest, min(SHORTEST, longest / 2), rng):
        piece = source.text[start:stop]
        head = package.told(source, piece) if rng.random() < recipe.other_files else ()
        if rng.random() >= recipe.fim:
            yield Piece(head, piece, None, "", False)
            continue
        nodes: Nodes = nodes_of_syntax(piece, source.path) if recipe.syntax and recipe.kinds.node else ()
        hole = choose(piece, nodes, recipe.kinds, rng)
        spm = rng.random() < recipe.spm
        yield Piece(head, piece[: hole.start], piece[hole.start : hole.end], piece[hole.end :], spm)


@dataclass(frozen=True)
class Package:
    """The files of one package, which tell what a file of it gets from others."""

    name: str
    texts: Mapping[str, str]

    @cached_property
    def _project(self) -> "Snapshot":
        from codegpt.context.project import Snapshot

        return Snapshot(self.texts)

    def told(self, source: SourceText, piece: str) -> tuple[tuple[str, str], ...]:
        """The definitions of other files whose names a piece has, each text behind its control token; often none."""
        from codegpt.context.gather import skeleton
        from codegpt.context.meaning import meant

        facts = self._project.facts(source.path)
        if facts is None:
            return ()
        by_path: dict[str, list[Entry]] = {}
        for each in facts.imports:
            if each.bound and each.bound in piece:
                for found in meant(self._project, source.path, facts.language, each):
                    if found.path != source.path and found.entry.name in piece:
                        by_path.setdefault(found.path, []).append(found.entry)
        head, room = [(REPOSITORY, f"{self.name}\n")], MOST_OF_OTHER_FILES
        for path, entries in sorted(by_path.items()):
            text = f"{path}\n{skeleton(sorted(entries, key=lambda entry: entry.start))}"
            if len(text) <= room:
                head.append((FILE, text))
                room -= len(text)
        return (*head, (FILE, f"{source.path}\n")) if len(head) > 1 else ()


class Sample(NamedTuple):
    """Token ids; the last `middle` of them are what fills the hole, and the end behind it."""

    ids: list[int]
    middle: int = 0


def encoded(found: Sequence[Piece], coder: Coder, length: int) -> list[Sample]:
    """The ids of pieces, each at most `length`: what does not fit is cut off far from the hole."""
    texts = [text for piece in found for text in (*(text for _, text in piece.head), *_around(piece))]
    read = coder.read_all(texts)
    return [_assembled(piece, read, coder, length) for piece in found]


def _around(piece: Piece) -> tuple[str, str, str]:
    middle = piece.middle or ""
    return (piece.prefix + middle, "", piece.suffix) if piece.spm else (piece.prefix, middle, piece.suffix)


def _assembled(piece: Piece, read: Iterator[Encoding], coder: Coder, length: int) -> Sample:
    control = coder.control
    head = [token for mark, _ in piece.head for token in (control[mark], *next(read).ids)]
    before, within, after = next(read), next(read), next(read)
    prefix, middle, suffix = before.ids, within.ids, after.ids
    if piece.spm:  # a token that has both of the prefix and of the middle is of the middle
        cut = bisect_right(before.offsets, len(piece.prefix), key=itemgetter(1))
        prefix, middle = prefix[:cut], prefix[cut:]
    if piece.middle is None or len(middle) > length // 2:
        return Sample([*(head + prefix + middle + suffix)[: length - 1], control[END]])
    head = head if len(head) <= length // 3 else []
    room = length - len(head) - len(middle) - 4
    suffix = suffix[: max(room - len(prefix), room // 3)]
    prefix = prefix[max(0, len(prefix) + len(suffix) - room) :]
    if piece.spm:
        around = [control[PREFIX], control[SUFFIX], *suffix, control[MIDDLE], *prefix]
    else:
        around = [control[PREFIX], *prefix, control[SUFFIX], *suffix, control[MIDDLE]]
    return Sample([*head, *around, *middle, control[END]], len(middle) + 1)
