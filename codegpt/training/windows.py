"""What a model that can fill in the middle already is taught of somebody's files: a stretch of a file with a hole.

A window is what the product asks that model at the hole, of the stretch alone and in some with what other files define,
and its answer. The stretches do not overlap, and all of their text is learnt, not the answers alone: it has the names
that the code uses. What is said of other files is only read.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from codegpt.context.cursor import Around, Cursor
from codegpt.context.project import Snapshot
from codegpt.document import Document
from codegpt.engine.tokens import Tokens
from codegpt.planning import CompletionOptions, plan, repository_of
from codegpt.postprocess import Extent
from codegpt.prompt import Fim, Repository, Slot, render_fim
from codegpt.training.corpus import SourceText
from codegpt.training.gpt import IGNORED
from codegpt.training.spans import Hole, Kinds, choose, nodes_of_syntax, stretches, where_code_begins

KINDS = Kinds(characters=0.05, line=0.25, rest_of_line=0.25, brackets=0.15, lines=0.1, node=0.2)

END_TOKENS = ("<|endoftext|>", "<EOT>", "</s>", "<｜end▁of▁sentence｜>", "<eos>")
"""What models write when they are done; the first one that a tokenizer has."""

CHARACTERS_PER_TOKEN = 4
WITH_OTHER_FILES = 0.5
"""The share of windows that are told of them, where the model's family knows files."""


@dataclass(frozen=True)
class Sizes:
    """Tokens of a stretch, at most, about; of what is told of other files, and of an answer, at most."""

    stretch: int = 512
    context: int = 256
    middle: int = 64


@dataclass(frozen=True)
class Window:
    """The ids of a prompt and its answer, and the same with `IGNORED` for those that are only read."""

    ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class Windows:
    """The windows of some files of a project for one model."""

    name: str
    texts: Sequence[SourceText]
    tokens: Tokens
    fim: Fim | None
    sizes: Sizes = Sizes()

    @property
    def stretches(self) -> int:
        """About how many windows go once through all files."""
        each = 0.75 * CHARACTERS_PER_TOKEN * self.sizes.stretch
        return max(1, round(sum(len(source.text) for source in self.texts) / each))

    @cached_property
    def _project(self) -> Snapshot:
        return Snapshot({source.path: source.text for source in self.texts})

    def endless(self, seed: int) -> Iterator[Window]:
        """All files again and again, a hole in each stretch of them, in an order that the seed settles."""
        epoch, longest = 0, CHARACTERS_PER_TOKEN * self.sizes.stretch
        while True:
            rng = random.Random(f"{seed} {epoch}")
            places = [
                (source, begins + start, begins + stop)
                for source in self.texts
                for begins in [where_code_begins(source.text)]
                for start, stop in stretches(source.text[begins:], longest, longest / 2, rng)
            ]
            rng.shuffle(places)
            for source, start, stop in places:
                piece = source.text[start:stop]
                hole = choose(piece, nodes_of_syntax(piece, source.path), KINDS, rng)
                told = rng.random() < WITH_OTHER_FILES
                yield self._window(source, start, stop, Hole(start + hole.start, start + hole.end), told)
            epoch += 1

    def _window(self, source: SourceText, start: int, stop: int, hole: Hole, told: bool) -> Window:
        text, tokens = source.text, self.tokens
        cursor, repository = None, None
        if told and self.fim is not None and self.fim.format.repository is not None:
            whole_file = Document(text[: hole.start] + text[hole.end :], source.path)
            cursor = Cursor(whole_file, hole.start, Around(self._project, self.name, source.path))
        stretch = Document(text[start : hole.start] + text[hole.end : stop], source.path)
        everything = CompletionOptions(Extent.LINE, prefix_tokens=len(text), suffix_tokens=len(text),
                                       context_tokens=self.sizes.context)  # fmt: skip
        asked = plan(stretch, hole.start - start, tokens.count, self.fim, everything, cursor)
        before, prompt = "".join(map(str, asked.before.parts)), tokens.encode(asked.prompt)
        if cursor is not None:
            repository = repository_of(cursor, asked.context)
        head = len(prompt) - len(tokens.encode(render_fim(before, asked.after, self.fim)))
        middle = asked.place.typed_space + text[hole.start : hole.end]
        known, answer = self._answered(prompt, before, middle, asked.after, repository)
        answer = [*answer, self._end] if len(answer) < self.sizes.middle else answer[: self.sizes.middle]
        control = {*tokens.markup.values()}
        labels = [IGNORED] * head + [IGNORED if each in control else each for each in known[head:]]
        return Window([*known, *answer], [*labels, *answer])

    def _answered(
        self, prompt: list[int], before: str, middle: str, after: str, repository: Repository | None
    ) -> tuple[list[int], list[int]]:
        """The prompt and the answer; where that comes right behind the text before it, as the one text they are."""
        if self.fim is not None and self.fim.format.layouts[self.fim.layout][-1] is not Slot.PREFIX:
            return prompt, self.tokens.encode_text(middle)
        whole = self.tokens.encode(render_fim(before + middle, after, self.fim, repository))
        pairs = enumerate(zip(prompt, whole, strict=False))
        known = next((at for at, (one, other) in pairs if one != other), len(prompt))
        return whole[:known], whole[known:]

    @property
    def _end(self) -> int:
        known = (self.tokens.markup[each] for each in END_TOKENS if each in self.tokens.markup)
        return next(known, min(self.tokens.end_ids, default=0))


def batch_of(windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
    """(B, T) ids, padded behind, and (B, T) what is to follow each of them; `IGNORED` where nothing is learnt."""
    length = max(len(each.ids) for each in windows)
    ids = torch.zeros(len(windows), length, dtype=torch.int64)
    labels = torch.full((len(windows), length), IGNORED)
    for row, each in enumerate(windows):
        ids[row, : len(each.ids)] = torch.tensor(each.ids)
        labels[row, : len(each.ids) - 1] = torch.tensor(each.labels[1:])
    return ids, labels
