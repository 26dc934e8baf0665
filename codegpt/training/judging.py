"""How a model does at holes of files that it has not learnt from, on the path that an editor uses."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from codegpt.complete import suggest
from codegpt.context.cursor import Around, Cursor
from codegpt.context.project import Snapshot
from codegpt.document import Document
from codegpt.load import LoadedModel
from codegpt.planning import CompletionOptions, plan
from codegpt.postprocess import Extent
from codegpt.training.repository import Repository
from codegpt.training.spans import node, nodes_of_syntax, rest_of_line

SHORTEST, LONGEST_LINE = 4, 160
"""Characters of a hole's first line."""

MOST_OF_A_FILE = 40
RESAMPLES = 2000


@dataclass(frozen=True)
class Blank:
    """A hole in a file, from its cursor on.

    Attributes:
        wanted: the first line of what stood there.
    """

    before: str
    after: str
    around: Around = field(repr=False)
    wanted: str


class Change(NamedTuple):
    """The shares of holes that were exactly right before and after, and how much more, with its 95% interval."""

    holes: int
    before: float
    after: float
    more: float
    low: float
    high: float


def blanks_of(repository: Repository, wanted: int, seed: int = 0) -> list[Blank]:
    """So many holes of what is held out, the same ones at every call: half of them rests of lines, half syntax."""
    project, rng = Snapshot(repository.texts), random.Random(seed)
    found: list[Blank] = []
    for source in repository.held_out:
        around = Around(project, repository.root.name, source.path)
        nodes = nodes_of_syntax(source.text, source.path)
        taken: set[int] = set()
        for number in range(4 * MOST_OF_A_FILE):
            hole = node(nodes, rng) if number % 2 else rest_of_line(source.text, rng)
            if hole is None or hole.start in taken or len(taken) == MOST_OF_A_FILE:
                continue
            first = source.text[hole.start : hole.end].split("\n", 1)[0].rstrip()
            if SHORTEST <= len(first) <= LONGEST_LINE and not first[0].isspace():
                taken.add(hole.start)
                found.append(Blank(source.text[: hole.start], source.text[hole.end :], around, first))
    rng.shuffle(found)
    return found[:wanted]


def right(blanks: Sequence[Blank], loaded: LoadedModel, done: Callable[[int], None] = lambda _: None) -> list[bool]:
    """Of each hole, whether the first line that would be shown is what stood there."""
    found = []
    for number, blank in enumerate(blanks):
        document = Document(blank.before + blank.after, blank.around.path)
        options = CompletionOptions(extent=Extent.LINE).within(loaded.engine.info.context_tokens)
        cursor = Cursor(document, len(blank.before), blank.around)
        asked = plan(document, len(blank.before), loaded.engine.count_tokens, loaded.fim, options, cursor)
        items = suggest(asked, loaded.engine).items
        found.append(bool(items) and items[0].text.split("\n", 1)[0].rstrip() == blank.wanted)
        done(number + 1)
    return found


def change(before: Sequence[bool], after: Sequence[bool]) -> Change:
    """Paired, with a bootstrap over holes; the same every time."""
    one, two = np.array(before, dtype=float), np.array(after, dtype=float)
    drawn = np.random.default_rng(0).integers(len(one), size=(RESAMPLES, len(one)))
    low, high = np.percentile((two - one)[drawn].mean(axis=1), [2.5, 97.5])
    return Change(len(one), float(one.mean()), float(two.mean()), float((two - one).mean()), float(low), float(high))
