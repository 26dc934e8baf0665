"""How a model does at holes of files that it has not learnt from, on the path that an editor uses."""

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
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
from codegpt.training.spans import node, nodes_of_syntax, rest_of_line, where_code_begins

SHORTEST, LONGEST_LINE = 4, 160
"""Characters of a hole's first line."""

LINES_OF_A_HOLE = 4
"""One hole for so many lines of code, that long files count for more than short ones, and none for too much."""

MOST_OF_A_FILE = 80
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

    @property
    def digest(self) -> str:
        """Tells holes apart."""
        parts = "\0".join((self.around.path, self.before, self.after, self.wanted))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Change(NamedTuple):
    """The shares of holes that were exactly right before and after, and how much more, with its 95% interval."""

    holes: int
    files: int
    before: float
    after: float
    gained: int
    lost: int
    more: float
    low: float
    high: float


def blanks_of(repository: Repository, wanted: int, seed: int = 0) -> list[Blank]:
    """So many holes of what is held out, file by file: half of them rests of lines, half nodes of the syntax.

    Each file has as many as it has code; comments are none. More are the same ones and others.
    """
    project, rng = Snapshot(repository.texts), random.Random(seed)
    found: list[Blank] = []
    for source in repository.held_out:
        around = Around(project, repository.root.name, source.path)
        nodes, begins = nodes_of_syntax(source.text, source.path), where_code_begins(source.text)
        lines = sum(bool(line.strip()) for line in source.text[begins:].splitlines())
        most, taken = min(MOST_OF_A_FILE, max(1, lines // LINES_OF_A_HOLE)), set[int]()
        for number in range(8 * most):
            hole = node(nodes, rng) if number % 2 else rest_of_line(source.text, rng)
            if hole is None or hole.start in taken or hole.start < begins or len(taken) == most:
                continue
            first = source.text[hole.start : hole.end].split("\n", 1)[0].rstrip()
            line = source.text[source.text.rfind("\n", 0, hole.start) + 1 :].lstrip()
            if SHORTEST <= len(first) <= LONGEST_LINE and not first[0].isspace() and not line.startswith(("#", "//")):
                taken.add(hole.start)
                found.append(Blank(source.text[: hole.start], source.text[hole.end :], around, first))
    rng.shuffle(found)
    return sorted(found[:wanted], key=lambda each: (each.around.path, len(each.before)))


class Answers:
    """Which holes a model had right, kept line by line: a killed run goes on, and a longer one asks only what is new.

    A line that is half written, or of something else, is no answer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str], bool] = {}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        self._before = "\n" if text and not text.endswith("\n") else ""  # behind half a line
        for line in text.splitlines():
            with suppress(ValueError, KeyError, TypeError):
                said = json.loads(line)
                self._known[said["model"], said["hole"]] = bool(said["right"])

    def of(
        self, blanks: Sequence[Blank], model: str, load: Callable[[], LoadedModel], done: Callable[[int], None]
    ) -> list[bool]:
        """Of each hole, whether the first line that would be shown is what stood there.

        Args:
            model: its digest.
            load: is called where one of them has not been asked yet.
        """
        loaded: LoadedModel | None = None
        for number, blank in enumerate(blanks):
            if (model, blank.digest) not in self._known:
                loaded = loaded or load()
                self._keep(model, blank, is_right(blank, loaded))
            done(number + 1)
        return [self._known[model, blank.digest] for blank in blanks]

    def _keep(self, model: str, blank: Blank, right: bool) -> None:
        self._known[model, blank.digest] = right
        self._path.parent.mkdir(parents=True, exist_ok=True)
        said = {
            "model": model,
            "hole": blank.digest,
            "path": blank.around.path,
            "at": len(blank.before),
            "right": right,
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{self._before}{json.dumps(said)}\n")
        self._before = ""


def is_right(blank: Blank, loaded: LoadedModel) -> bool:
    """Whether the first line that would be shown is what stood there."""
    document = Document(blank.before + blank.after, blank.around.path)
    options = CompletionOptions(extent=Extent.LINE).within(loaded.engine.info.context_tokens)
    cursor = Cursor(document, len(blank.before), blank.around)
    asked = plan(document, len(blank.before), loaded.engine.count_tokens, loaded.fim, options, cursor)
    items = suggest(asked, loaded.engine).items
    return bool(items) and items[0].text.split("\n", 1)[0].rstrip() == blank.wanted


def change(blanks: Sequence[Blank], before: Sequence[bool], after: Sequence[bool]) -> Change:
    """Paired, with a bootstrap over files, whose holes are alike; the same every time."""
    one, two = np.array(before, dtype=float), np.array(after, dtype=float)
    paths = sorted({blank.around.path for blank in blanks})
    number_of = {path: number for number, path in enumerate(paths)}
    file_of = np.array([number_of[blank.around.path] for blank in blanks])
    holes, more = np.bincount(file_of, minlength=len(paths)), np.bincount(file_of, two - one, minlength=len(paths))
    drawn = np.random.default_rng(0).integers(len(paths), size=(RESAMPLES, len(paths)))
    low, high = np.percentile(more[drawn].sum(axis=1) / holes[drawn].sum(axis=1), [2.5, 97.5])
    gained, lost = int((two > one).sum()), int((one > two).sum())
    means = float(one.mean()), float(two.mean())
    return Change(len(one), len(paths), *means, gained, lost, means[1] - means[0], float(low), float(high))
