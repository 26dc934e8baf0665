"""What a model that can fill in the middle already is taught of somebody's files: a hole, and the text around it.

A window is rendered as the product renders a prompt for that model. The answer is learnt, and where the text before the
hole stands right before the answer, that too: it has the names that the code uses.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from codegpt.engine.tokens import Tokens
from codegpt.prompt import Fim, Slot, render_fim
from codegpt.training.corpus import SourceText
from codegpt.training.gpt import IGNORED
from codegpt.training.spans import Hole, Kinds, choose, nodes_of_syntax, stretches

KINDS = Kinds(characters=0.05, line=0.25, rest_of_line=0.25, brackets=0.15, lines=0.1, node=0.2)

END_TOKENS = ("<|endoftext|>", "<EOT>", "</s>", "<｜end▁of▁sentence｜>", "<eos>")
"""What models write when they are done; the first one that a tokenizer has."""

CHARACTERS_PER_TOKEN = 3
REACH = 256
"""Characters beyond a stretch that its windows may show."""


@dataclass(frozen=True)
class Sizes:
    """Tokens of a window before its hole, after it, and in it."""

    prefix: int = 256
    suffix: int = 96
    middle: int = 64


@dataclass(frozen=True)
class Window:
    """The ids of a prompt and its answer; the first `read` of them are only read."""

    ids: list[int]
    read: int


@dataclass(frozen=True)
class Windows:
    """The windows of some files for one model."""

    texts: Sequence[SourceText]
    tokens: Tokens
    fim: Fim | None
    sizes: Sizes = Sizes()

    @property
    def stretches(self) -> int:
        """About how many windows go once through all files."""
        each = 0.75 * CHARACTERS_PER_TOKEN * (self.sizes.prefix + self.sizes.suffix)
        return max(1, round(sum(len(source.text) for source in self.texts) / each))

    def endless(self, seed: int) -> Iterator[Window]:
        """All files again and again, a hole in each stretch of them, in an order that the seed settles."""
        epoch = 0
        while True:
            rng = random.Random(f"{seed} {epoch}")
            longest = CHARACTERS_PER_TOKEN * (self.sizes.prefix + self.sizes.suffix)
            places = [(each, *at) for each in self.texts for at in stretches(each.text, longest, longest / 2, rng)]
            rng.shuffle(places)
            for source, start, stop in places:
                piece = source.text[start:stop]
                hole = choose(piece, nodes_of_syntax(piece, source.path), KINDS, rng)
                yield self._window(source.text, Hole(start + hole.start, start + hole.end))
            epoch += 1

    def _window(self, text: str, hole: Hole) -> Window:
        sizes, tokens, middle = self.sizes, self.tokens, text[hole.start : hole.end]
        near = CHARACTERS_PER_TOKEN * sizes.prefix + REACH
        prefix = _last(text[max(0, hole.start - near) : hole.start], sizes.prefix, tokens)
        suffix = _first(text[hole.end : hole.end + near], sizes.suffix, tokens) if self.fim else ""
        prompt = tokens.encode(render_fim(prefix, suffix, self.fim))
        read = len(prompt)
        if self.fim is None or self.fim.format.layouts[self.fim.layout][-1] is Slot.PREFIX:
            read -= tokens.count(prefix)
            whole = tokens.encode(render_fim(prefix + middle, suffix, self.fim))  # as the text is written elsewhere
            known = next(
                (at for at, (one, other) in enumerate(zip(prompt, whole, strict=False)) if one != other), len(prompt)
            )
            prompt, answer = whole[:known], whole[known:]
        else:
            answer = tokens.encode_text(middle)
        answer = [*answer, self._end] if len(answer) < sizes.middle else answer[: sizes.middle]
        return Window([*prompt, *answer], read)

    @property
    def _end(self) -> int:
        known = (self.tokens.markup[each] for each in END_TOKENS if each in self.tokens.markup)
        return next(known, min(self.tokens.end_ids, default=0))


def _last(text: str, most: int, tokens: Tokens) -> str:
    """The end of a text that takes at most so many tokens, from the beginning of a line where it can."""
    while tokens.count(text) > most:
        text = text[text.find("\n") + 1 or len(text) // 4 + 1 :]
    return text


def _first(text: str, most: int, tokens: Tokens) -> str:
    """The beginning of a text that takes at most so many tokens, up to the end of a line where it can."""
    while tokens.count(text) > most:
        text = text[: text.rstrip("\n").rfind("\n") + 1 or len(text) * 3 // 4]
    return text


def batch_of(windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
    """(B, T) ids, padded behind, and (B, T) what is to follow each of them; `IGNORED` where nothing is learnt."""
    length = max(len(each.ids) for each in windows)
    ids = torch.zeros(len(windows), length, dtype=torch.int64)
    labels = torch.full((len(windows), length), IGNORED)
    for row, each in enumerate(windows):
        first = max(1, each.read)
        ids[row, : len(each.ids)] = torch.tensor(each.ids)
        labels[row, first - 1 : len(each.ids) - 1] = torch.tensor(each.ids[first:])
    return ids, labels
