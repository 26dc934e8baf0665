"""A person at an editor, simulated: a file is typed again, place by place, and every key leaves a document behind.

The editor indents new lines and closes brackets. The person types some lines, comes back after a change further up,
jumps to another place, and takes a suggestion when its whole first line is what the file has. Pure: a file, a seed and
the answers determine every key.

Not simulated: slips of the finger, and the time between two keys; every key asks.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from codegpt.document import Document

PLACE_LINES = (3, 12)
"""So many lines are typed at one place, from and to."""

NEAR_LINES = 60
"""So far above the cursor at most is the line that is put in while a place is typed."""

_PAIRS = {"(": ")", "[": "]", "{": "}"}


class Kind(StrEnum):
    """What was done before a suggestion was wanted."""

    OPEN = "open"
    JUMP = "jump"
    KEY = "key"
    NEWLINE = "newline"
    EDIT_ABOVE = "edit above"
    ACCEPT = "accept"


@dataclass(frozen=True)
class Event:
    """One thing done, and what the editor holds then.

    Attributes:
        keys: how many keys of typing it took.
        by_hand: how many it would have taken without suggestions: the editor's own help is nobody's merit.
        wanted: what the file has from the cursor to the end of the line.
    """

    kind: Kind
    document: Document
    offset: int
    keys: int
    by_hand: int
    wanted: str


Typing = Generator[Event, str, None]
"""Yields what was done; is sent the first line that is shown then, "" for none."""


def places(text: str, count: int, random: Random) -> list[tuple[int, int]]:
    """Lines (from, to) to be typed again: runs that begin and end with a line of some content, none twice."""
    lines = text.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if line.strip()]
    random.shuffle(starts)
    found: list[tuple[int, int]] = []
    for start in starts:
        end = min(len(lines), start + random.randint(*PLACE_LINES))
        while not lines[end - 1].strip():
            end -= 1
        if all(end <= other_start or other_end <= start for other_start, other_end in found):
            found.append((start, end))
        if len(found) == count:
            break
    return found


def type_again(document: Document, count: int, seed: int, *, accepts: bool = True) -> Typing:
    """Type `count` places of a document again, one after the other; each is whole before the next begins.

    Args:
        accepts: whether a right suggestion is taken, or typed by hand all the same.
    """
    random = Random(f"{seed}:{document.text[:1000]}:{len(document.text)}")
    for number, (start, end) in enumerate(places(document.text, count, random)):
        first = Kind.JUMP if number else Kind.OPEN
        yield from _type_place(document, start, end, first, random, accepts)


def _type_place(document: Document, start: int, end: int, first: Kind, random: Random, accepts: bool) -> Typing:
    """Type the lines from `start` to `end`, which are missing; halfway through a line further up is put in."""
    lines = document.text.splitlines(keepends=True)
    above = _line_above(lines, start, random)
    held_back = lines[above] if above is not None else ""
    before = "".join(line for at, line in enumerate(lines[:start]) if at != above)
    whole = "".join(lines)
    target = "".join(lines[start:end]).rstrip("\r\n")
    after = whole[len("".join(lines[:start])) + len(target) :]
    at = len(target) - len(target.lstrip(" \t"))  # the editor has indented the line
    closing, kind, keys, by_hand = "", first, 0, 0
    halfway = len(target) // 2
    while True:
        wanted = target[at:].splitlines()[0] if target[at:] else ""
        if "\n" in target[at : at + 1] or "\r" in target[at : at + 1]:
            wanted = ""
        text = before + target[:at] + closing + after
        buffer = Document(text, document.uri, document.language)
        shown = yield Event(kind, buffer, len(before) + at, keys, by_hand, wanted.removesuffix(closing))
        if held_back and at >= halfway:
            before, held_back = "".join(lines[:start]), ""
            kind, keys, by_hand = Kind.EDIT_ABOVE, 0, 0
            continue
        if at == len(target):
            return
        rest = wanted.removesuffix(closing)
        if accepts and rest.strip() and shown == rest:
            at, kind, keys, by_hand = at + len(rest), Kind.ACCEPT, 1, len(rest)
            continue
        at, closing, kind = _press(target, at, closing)
        keys, by_hand = 1, 1


def _press(target: str, at: int, closing: str) -> tuple[int, str, Kind]:
    """One key: how far the text is then, the brackets that the editor put behind the cursor, and what it was."""
    character = target[at]
    if character in "\r\n":
        end = at + 2 if target.startswith("\r\n", at) else at + 1
        while end < len(target) and target[end] in " \t":
            end += 1  # the editor indents the new line
        return end, closing, Kind.NEWLINE
    if closing.startswith(character):
        return at + 1, closing[1:], Kind.KEY  # over the bracket that is there already
    line_end = min([found for found in (target.find(end, at) for end in "\r\n") if found >= 0], default=len(target))
    if character in _PAIRS and target[at + 1 : line_end].endswith(_PAIRS[character] + closing):
        closing = _PAIRS[character] + closing  # it is the last thing on the line, so that nothing stands in the way
    return at + 1, closing, Kind.KEY


def _line_above(lines: list[str], start: int, random: Random) -> int | None:
    """A line of some content above `start` that is put in later."""
    candidates = [at for at in range(max(0, start - NEAR_LINES), start - 1) if lines[at].strip()]
    return random.choice(candidates) if candidates else None
