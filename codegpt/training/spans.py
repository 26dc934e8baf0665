r"""Holes in a text, to learn to fill them in: characters, lines, and nodes of the syntax; pure but for the generator.

Characters are cut anywhere (Bavarian et al., arXiv 2207.14255: a model that has only seen whole lines fails on all
else). The rest of a line, whole lines and nodes of the syntax are what an editor asks for. Offsets are code points.
"""

import random
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

MOST_LINES = 8
LONGEST_NODE = 400
"""Characters."""


@dataclass(frozen=True)
class Hole:
    """Where a text is cut: what stands from `start` to `end` is to be filled in."""

    start: int
    end: int


@dataclass(frozen=True)
class Kinds:
    """How many of all holes are of each kind; the numbers count against each other."""

    characters: float = 0.1
    line: float = 0.3
    rest_of_line: float = 0.25
    brackets: float = 0.15
    lines: float = 0.1
    node: float = 0.1


Nodes = Sequence[tuple[int, int]]
"""Spans of the nodes of a text's syntax."""


def choose(text: str, nodes: Nodes, kinds: Kinds, rng: random.Random) -> Hole:
    """A hole in a text that is not empty; of characters where there is none of the kind that was drawn."""
    drawn = rng.choices(
        (characters, line, rest_of_line, brackets, lines, lambda text, rng: node(nodes, rng)),
        (kinds.characters, kinds.line, kinds.rest_of_line, kinds.brackets, kinds.lines, kinds.node),
    )[0]
    return drawn(text, rng) or characters(text, rng)


def characters(text: str, rng: random.Random) -> Hole:
    """Two cuts anywhere."""
    start, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    return Hole(start, end)


def line(text: str, rng: random.Random) -> Hole | None:
    """All of a line but its line break, which an editor has behind the cursor; with its indentation or without."""
    found = _line(text, rng)
    if found is None:
        return None
    start, end = found
    if rng.random() < 0.3:
        return Hole(start + len(text[start:end]) - len(text[start:end].lstrip()), end)
    return Hole(start, end)


def rest_of_line(text: str, rng: random.Random) -> Hole | None:
    """From a word of a line, seldom from within one, to the end of the line."""
    found = _line(text, rng)
    if found is None:
        return None
    start, end = found
    words = [match.start() for match in _WORD.finditer(text, start, end)]
    if words and rng.random() < 0.85:
        return Hole(rng.choice(words), end)
    begin = start + len(text[start:end]) - len(text[start:end].lstrip())
    return Hole(rng.randrange(begin, end), end)


def brackets(text: str, rng: random.Random) -> Hole | None:
    """What stands in a pair of brackets, or the rest of it from a word on; brackets in strings are taken for such."""
    opened: list[int] = []
    pairs: list[tuple[int, int]] = []
    for match in _BRACKET.finditer(text):
        if match[0] in "([{":
            opened.append(match.start())
        elif opened and (begin := opened.pop() + 1) < match.start() <= begin + LONGEST_NODE:
            pairs.append((begin, match.start()))
    if not pairs:
        return None
    begin, end = rng.choice(pairs)
    words = [each.start() for each in _WORD.finditer(text, begin, end)]
    return Hole(rng.choice(words) if words and rng.random() < 0.3 else begin, end)


def lines(text: str, rng: random.Random) -> Hole | None:
    """Some whole lines but for the last break, with the first one's indentation or without."""
    found = _line(text, rng)
    if found is None:
        return None
    start = found[0]
    starts = _line_starts(text)
    first = bisect_right(starts, start) - 1
    last = min(len(starts) - 1, first + rng.randint(1, MOST_LINES) - 1)
    end = len(text[: starts[last + 1] - 1 if last + 1 < len(starts) else len(text)].rstrip("\n"))
    if rng.random() < 0.5:
        return Hole(start, max(start, end))
    begin = start + len(text[start:]) - len(text[start:].lstrip(" \t"))
    return Hole(begin, max(begin, end))


def node(nodes: Nodes, rng: random.Random) -> Hole | None:
    """A node of the syntax that is not too long."""
    short = [each for each in nodes if each[1] - each[0] <= LONGEST_NODE]
    return Hole(*rng.choice(short)) if short else None


_WORD = re.compile(r"\w+|[^\w\s]")
_BRACKET = re.compile(r"[()\[\]{}]")
_DEFINITION = re.compile(r"^[ \t]*(?:@\w|async def |def |class )", re.MULTILINE)


def _line_starts(text: str) -> list[int]:
    return list(accumulate((len(line) + 1 for line in text.split("\n")[:-1]), initial=0))


def _line(text: str, rng: random.Random) -> tuple[int, int] | None:
    """Where a line that is not blank begins and ends, all of them alike."""
    starts = _line_starts(text)
    for _ in range(8):
        start = rng.choice(starts)
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if text[start:end].strip():
            return start, end
    return None


def stretches(text: str, longest: float, shortest: float, rng: random.Random) -> Iterator[tuple[int, int]]:
    """A text cut up at its lines, each part drawn to have from `shortest` to `longest` characters; no blank ones.

    Of every length alike by its logarithm: most are short, so that there are many holes and rows are nearly full. Half
    of the cuts move on to the next definition, where it is not too far: signatures are to stand with their bodies.
    """
    start = 0
    while start < len(text):
        length = int(shortest * (longest / shortest) ** rng.random())
        stop = text.find("\n", min(len(text), start + length)) + 1 or len(text)
        if rng.random() < 0.5 and (found := _DEFINITION.search(text, stop, max(stop, start + int(longest)))):
            stop = found.start()
        if text[start:stop].strip():
            yield start, stop
        start = stop


def nodes_of_syntax(text: str, path: str) -> Nodes:
    """The spans of what may be missing in a text: expressions, arguments, statements, blocks; by tree-sitter.

    Empty where the language is not known. The grammars are loaded on the first call.
    """
    from codegpt.document import Document
    from codegpt.syntax import parse

    document = Document(text, path)
    syntax = parse(document)
    if syntax is None:
        return ()
    found, pending = [], [syntax.tree.root_node]
    while pending:
        each = pending.pop()
        pending.extend(each.named_children)
        if each.parent is not None and each.type.endswith(_MISSING) and each.end_byte > each.start_byte + 1:
            found.append((document.offset_of_byte(each.start_byte), document.offset_of_byte(each.end_byte)))
    return sorted(set(found))


_MISSING = (
    "_statement",
    "block",
    "arguments",
    "argument_list",
    "call",
    "_expression",
    "operator",
    "_literal",
    "_clause",
)
"""How the grammars' names of such nodes end."""


def where_code_begins(text: str) -> int:
    """The offset behind the comments at the top of a file, which mostly are a licence that all files have."""
    comments = _COMMENTS_AT_THE_TOP.match(text)
    return comments.end() if comments else 0


_COMMENTS_AT_THE_TOP = re.compile(r"(?:[ \t]*(?:(?:#|//|--)[^\n]*)?\n|\s*/\*.*?\*/[ \t]*\n)*", re.DOTALL)
