r"""From what a model wrote to what is worth inserting: one named, pure rule per function.

Models seldom stop where the hole ends: they write on into the suffix, a main function, tests. Where to stop is decided
here. A rule takes a text and the `Place` it goes to, and returns the text, cut or not; `finish` runs `RULES` in order
and records each `Cut` with its reason. Rules never add text; at the end, line ends become the document's.

The same rules tell the decoder when to stop early: `ended` is true once no further text could survive them.

Not covered: whether the result parses; the caller asks `syntax` for that.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MAX_BLOCK_LINES = 24
"""A block completion is never longer; people read a suggestion before they take it."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Control characters but tab and line ends; bidirectional controls and invisible marks (CVE-2021-42574).
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_LOOP = re.compile(r"(?=\S*\w)(\S.{2,40}?)\1{7,}")
_STRING_OR_BRACKET = re.compile(r""""(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*'|[()\[\]{}]""")
_CLOSERS = {")": "(", "]": "[", "}": "{"}


class Extent(StrEnum):
    """How far a completion may reach."""

    LINE = "line"
    BLOCK = "block"


@dataclass(frozen=True)
class Place:
    """Where the text goes.

    Attributes:
        prefix: the document up to the cursor.
        suffix: the document after the cursor.
        extent: to the end of the line, or of the block.
    """

    prefix: str
    suffix: str
    extent: Extent

    @property
    def line_before(self) -> str:
        """The cursor's line up to the cursor."""
        return _LINE_END.split(self.prefix)[-1]

    @property
    def line_after(self) -> str:
        """The cursor's line from the cursor on."""
        return _LINE_END.split(self.suffix, maxsplit=1)[0]

    @property
    def line_end(self) -> str:
        """How the document ends its lines, judged by the one nearest before the cursor, else after it."""
        before = _LINE_END.findall(self.prefix[-10_000:])
        after = _LINE_END.search(self.suffix)
        return before[-1] if before else after.group() if after else "\n"

    @property
    def typed_space(self) -> str:
        """The white space that stands right before the cursor on its line."""
        line = self.line_before
        return line[len(line.rstrip(" \t")) :]


class Cut(NamedTuple):
    """What a rule took away, and why."""

    rule: str
    reason: str
    characters: int


class Finished(NamedTuple):
    """A text after all rules; empty where nothing worth inserting was left."""

    text: str
    cuts: tuple[Cut, ...]


Rule = Callable[[str, Place], tuple[str, str]]
"""`rule(text, place)` -> the text that stays, and why something was cut."""


def drop_control_characters(text: str, _place: Place) -> tuple[str, str]:
    """Terminal escapes, control characters and bidirectional controls never reach an editor."""
    return _CONTROL.sub("", _ANSI.sub("", text)), "control, terminal or bidirectional characters"


def drop_typed_space(text: str, place: Place) -> tuple[str, str]:
    """The prompt ends before the white space at the cursor, so the model writes it again; drop what is there already.

    On an otherwise blank line a completion that is indented less than the cursor belongs to an outer block: nothing is
    left of it.
    """
    typed = place.typed_space
    if not typed or not text:
        return text, ""
    if text.startswith(typed):
        return text[len(typed) :], "white space that is already typed"
    if not place.line_before.strip():
        lead = text[: len(text) - len(text.lstrip(" \t"))]
        if typed.startswith(lead):
            return "", "the model would leave this block"
    return text.lstrip(" \t"), "white space that is already typed"


def stop_at_line_end(text: str, place: Place) -> tuple[str, str]:
    """A line completion ends with its line."""
    if place.extent is not Extent.LINE:
        return text, ""
    return _LINE_END.split(text, maxsplit=1)[0], "the completion is for this line only"


def stop_at_scope_end(text: str, place: Place) -> tuple[str, str]:
    """A block ends at the first line that is indented less than it.

    On a blank line the block is as deep as its own first line, and at the top level it ends before the next thing after
    a blank line. After a header, such as ``def f():``, the block is what is deeper than the header.
    """
    if place.extent is not Extent.BLOCK:
        return text, ""
    lines = _split_keeping_ends(text)
    after_header = bool(place.line_before.strip())
    base = _indent_width(place.line_before) + (0 if after_header or not lines else _indent_width(lines[0]))
    kept = 0
    for number, line in enumerate(lines[:MAX_BLOCK_LINES]):
        if number and line.strip():
            width = _indent_width(line)
            closes = line.strip()[0] in _CLOSERS
            next_at_top = base == 0 and not lines[number - 1].strip()
            if width < base or (width == base and not closes and (after_header or next_at_top)):
                return text[:kept].rstrip(), "the block ends here"
        kept += len(line)
    return text[:kept], f"a block has at most {MAX_BLOCK_LINES} lines"


def drop_unopened_closers(text: str, place: Place) -> tuple[str, str]:
    """A bracket closes only what is open: in the completion, or before the cursor and not closed after it.

    Brackets in strings do not count; brackets in comments do.
    """
    open_here = max(0, len(_unmatched(place.prefix).opened) - len(_unmatched(place.suffix).closed_at))
    closed_at = _unmatched(text).closed_at
    if len(closed_at) <= open_here:
        return text, ""
    return text[: closed_at[open_here]].rstrip(), "a bracket closes that is not open here"


def drop_suffix_overlap(text: str, place: Place) -> tuple[str, str]:
    """What already stands after the cursor is not inserted a second time.

    Two cases: the completion's end repeats the rest of the cursor's line; or one of its lines is the next line of the
    file, and everything from there on is a copy.
    """
    rest = place.line_after.strip()
    if len(rest) > 1 and text.rstrip().endswith(rest):
        return text.rstrip()[: -len(rest)], "it repeats the rest of this line"
    following = [line.strip() for line in _LINE_END.split(place.suffix)[1:] if line.strip()]
    if following and len(following[0]) > 2:
        kept = 0
        for number, line in enumerate(_split_keeping_ends(text)):
            if line.strip() == following[0] and (number or not place.line_before.strip()):
                return text[:kept].rstrip(" \t\r\n") if number else "", "it repeats the text below the cursor"
            kept += len(line)
    return text, ""


def cut_repetition(text: str, _place: Place) -> tuple[str, str]:
    """A model in a loop: the second of three equal runs of lines, or of eight equal pieces of a line, ends the text."""
    lines = _split_keeping_ends(text)
    for start in range(len(lines)):
        for size in range(1, (len(lines) - start) // 3 + 1):
            run = lines[start : start + size]
            if (
                any(line.strip() for line in run)
                and _same(lines[start + size : start + 2 * size], run)
                and _same(lines[start + 2 * size : start + 3 * size], run)
            ):
                return "".join(lines[: start + size]).rstrip(), "the model repeats itself"
    loop = _LOOP.search(text)
    return (text[: loop.end(1)], "the model repeats itself") if loop else (text, "")


def trim_end(text: str, _place: Place) -> tuple[str, str]:
    """No white space at the end; a text of white space alone is nothing."""
    return text.rstrip(), "white space at the end"


RULES: tuple[Rule, ...] = (
    drop_control_characters,
    drop_typed_space,
    stop_at_line_end,
    stop_at_scope_end,
    drop_unopened_closers,
    drop_suffix_overlap,
    cut_repetition,
    trim_end,
)


def finish(text: str, place: Place, rules: tuple[Rule, ...] = RULES) -> Finished:
    """Run the rules in order."""
    cuts = []
    for rule in rules:
        after, reason = rule(text, place)
        if after != text:
            cuts.append(Cut(rule.__name__, reason, len(text) - len(after)))
        text = after
    return Finished(_LINE_END.sub(place.line_end, text), tuple(cuts))


def ended(text: str, place: Place) -> bool:
    """Whether nothing the model could still write would survive: decoding may stop.

    Only whole lines are judged, since a half-written line may still become something else.
    """
    body, _ = drop_typed_space(text, place)
    if place.extent is Extent.LINE:
        return _LINE_END.search(body) is not None
    end = max((match.end() for match in _LINE_END.finditer(body)), default=0)
    whole = body[:end]
    for rule in (stop_at_scope_end, drop_unopened_closers, drop_suffix_overlap, cut_repetition):
        if rule(whole, place)[0].rstrip() != whole.rstrip():
            return True
    return False


def drop_unfinished_line(text: str) -> str:
    """For a text that was cut off in the middle: its whole lines, or all of it where there is only one line."""
    end = max((match.end() for match in _LINE_END.finditer(text)), default=0)
    return text[:end] if text[:end].strip() else text


def _split_keeping_ends(text: str) -> list[str]:
    """Lines with their ends; the last one may have none."""
    lines, start = [], 0
    for match in _LINE_END.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    return [*lines, text[start:]] if start < len(text) else lines


def _indent_width(line: str) -> int:
    """The width of a line's indentation; a tab reaches the next multiple of four."""
    width = 0
    for character in line:
        if character == "\t":
            width += 4 - width % 4
        elif character == " ":
            width += 1
        else:
            break
    return width


def _same(first: list[str], second: list[str]) -> bool:
    return [line.strip() for line in first] == [line.strip() for line in second]


class _Unmatched(NamedTuple):
    opened: list[str]
    closed_at: list[int]


def _unmatched(text: str) -> _Unmatched:
    """The brackets of a text that have no partner in it: those opened, and where the others close."""
    opened: list[str] = []
    closed_at: list[int] = []
    for match in _STRING_OR_BRACKET.finditer(text):
        mark = match.group()
        if mark in _CLOSERS.values():
            opened.append(mark)
        elif mark in _CLOSERS:
            if opened and opened[-1] == _CLOSERS[mark]:
                opened.pop()
            elif not opened:
                closed_at.append(match.start())
    return _Unmatched(opened, closed_at)
