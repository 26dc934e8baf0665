r"""From what a model wrote to what is worth inserting: one named, pure rule per function.

Models seldom stop where the hole ends: they write on into the suffix, a main function, tests. Where to stop is decided
here. A rule takes a text and the `Place` it goes to, and returns the text, cut or not; `finish` runs `RULES` in order
until none finds more to cut, and records each `Cut` with its reason. Rules never add text; at the end, line ends become
the document's.

The same rules tell the decoder when to stop early: `ended` is true once no further text could survive them. It asks
`STOPPING_RULES`, which cut a text at the same place however it goes on.

Not covered: whether the result parses; the caller asks `syntax` for that.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from codegpt.brackets import BRACKET, OPENERS, close, open_between, unmatched
from codegpt.languages import Language

MAX_BLOCK_LINES = 24
"""A block is not longer unless somebody sets it so; people read a suggestion before they take it."""

LOOK_BELOW = 20_000
"""Characters after the cursor in which its next lines are looked for."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Control characters but tab and line ends; bidirectional controls, invisible marks and tags (CVE-2021-42574); the line
# ends that only some programs know.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")
_LOOP = re.compile(r"(?=\S*\w)(\S[^\r\n]{2,40}?)\1{7,}")
_WORD_OR_OPENER = re.compile(r"[\w(\[{\"'`]")


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
        language: tells comments, strings and the word that ends a block; None where it is unknown.
        most_lines: of a block.
    """

    prefix: str
    suffix: str
    extent: Extent
    language: Language | None = None
    most_lines: int = MAX_BLOCK_LINES

    @cached_property
    def line_before(self) -> str:
        """The cursor's line up to the cursor."""
        return self.prefix[max(self.prefix.rfind("\n"), self.prefix.rfind("\r")) + 1 :]

    @cached_property
    def line_after(self) -> str:
        """The cursor's line from the cursor on."""
        return _LINE_END.split(self.suffix, maxsplit=1)[0]

    @cached_property
    def lines_below(self) -> tuple[str, ...]:
        """The next lines below the cursor's that are not blank, without white space at their ends."""
        near = self.suffix[:LOOK_BELOW]
        lines = _LINE_END.split(near)[1:]
        whole = lines if len(near) == len(self.suffix) else lines[:-1]
        return tuple(line.rstrip() for line in whole if line.strip())

    @cached_property
    def open_brackets(self) -> tuple[str, ...]:
        """The brackets that are open at the cursor and that nothing after it closes, outermost first."""
        above = self.prefix[: len(self.prefix) - len(self.line_before)]
        end = _LINE_END.match(self.suffix, len(self.line_after))
        rest = self.suffix[: end.end() if end else len(self.suffix)]
        return open_between(above, self.line_before, rest, self.suffix[len(rest) :], self.language)

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

    On an otherwise blank line, blank lines before the text go too, and a completion that is indented less than the
    cursor belongs to an outer block: nothing is left of it.
    """
    typed = place.typed_space
    if not typed:
        return text, ""
    blank = not place.line_before.strip()
    if blank and (match := _BLANK_LINES.match(text)):
        text = text[match.end() :]
    if text.startswith(typed):
        return text[len(typed) :], "white space that is already typed"
    if blank and typed.startswith(text[: len(text) - len(text.lstrip(" \t"))]):
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
    a blank line. After a header, such as ``def f():``, the block is what is deeper than the header, and what closes it.
    """
    lines = _split_keeping_ends(text)
    if place.extent is not Extent.BLOCK or not lines:
        return text, ""
    after_header = bool(place.line_before.strip())
    first = 0 if after_header else next((number for number, line in enumerate(lines) if line.strip()), 0)
    base = _indent_width(lines[first] if first else place.line_before + lines[0])
    for number in range(first + 1, min(len(lines), place.most_lines)):
        line = lines[number]
        width = _indent_width(line)
        next_thing = after_header or (base == 0 and not lines[number - 1].strip())
        if line.strip() and (width < base or (width == base and next_thing and not _closes(line, base, place))):
            return "".join(lines[:number]).rstrip(), "the block ends here"
    return "".join(lines[: place.most_lines]), f"a block has at most {place.most_lines} lines"


def drop_unopened_closers(text: str, place: Place) -> tuple[str, str]:
    """A bracket closes only what is open: in the completion, or before the cursor and not closed after it.

    Read with the rest of the cursor's line, for the quotes and comment marks there: the cursor may be inside them.
    """
    still_open = list(place.open_brackets)
    before = BRACKET.sub(" ", place.line_before)
    for closer in unmatched(before + text + place.line_after, place.language).closers:
        at = closer.offset - len(before)
        if at < len(text) and not close(still_open, closer.mark):
            return text[:at].rstrip(), "a bracket closes that is not open here"
    return text, ""


def drop_copy_of_next_line(text: str, place: Place) -> tuple[str, str]:
    """Where a line of the completion is the next line of the file, everything from there on is a copy."""
    following = place.lines_below[0] if place.lines_below else ""
    if not any(character.isalnum() for character in following):
        return text, ""
    lines = _split_keeping_ends(text)
    for number, line in enumerate(lines):
        behind = "" if number else place.line_before
        if (behind + line).rstrip() == following and not behind.strip():
            return "".join(lines[:number]).rstrip(), "it repeats the text below the cursor"
    return text, ""


def cut_repeated_pieces(text: str, _place: Place) -> tuple[str, str]:
    """A model in a loop within a line: the second of eight equal pieces ends the text."""
    loop = _LOOP.search(text)
    return (text[: loop.end(1)], "the model repeats itself") if loop else (text, "")


def cut_repeated_lines(text: str, place: Place) -> tuple[str, str]:
    """A model in a loop: the second of three equal runs of lines ends the text."""
    lines = _split_keeping_ends(text)
    shown = [line.rstrip() for line in lines]
    if shown and not place.line_before.strip():
        shown[0] = place.line_before + shown[0]
    for end in range(3, len(lines) + 1):
        for size in range(1, end // 3 + 1):
            run = shown[end - size : end]
            if any(run) and run == shown[end - 2 * size : end - size] == shown[end - 3 * size : end - 2 * size]:
                return "".join(lines[: end - 2 * size]).rstrip(), "the model repeats itself"
    return text, ""


def drop_rest_of_line(text: str, place: Place) -> tuple[str, str]:
    """What already stands between the cursor and the end of its line is not inserted a second time.

    The same for its beginning, where the rest of it closes brackets: `drop_unopened_closers` has taken that part.
    """
    rest = place.line_after.strip()
    closers = unmatched(rest, place.language).closers
    for known in (rest, rest[: closers[0].offset].rstrip() if closers else ""):
        kept = text.rstrip().removesuffix(known)
        within_word = _is_word(known[:1]) and _is_word(kept[-1:])
        if known and kept != text.rstrip() and not within_word and not unmatched(kept, place.language).opened:
            return kept, "it repeats the rest of this line"
    return text, ""


def trim_end(text: str, place: Place) -> tuple[str, str]:
    """No white space at the end but what stands before the next word; a text of white space alone is nothing."""
    kept = text.rstrip()
    if kept and place.extent is Extent.LINE and _WORD_OR_OPENER.match(place.line_after):
        return text, ""
    return kept, "white space at the end"


STOPPING_RULES: tuple[Rule, ...] = (
    stop_at_scope_end,
    drop_unopened_closers,
    drop_copy_of_next_line,
    cut_repeated_pieces,
    cut_repeated_lines,
)

RULES: tuple[Rule, ...] = (stop_at_line_end, *STOPPING_RULES, drop_rest_of_line, trim_end)


def finish(text: str, place: Place, left_out: frozenset[str] = frozenset()) -> Finished:
    """Run the rules until none cuts any more; what a model writes again of the white space at the cursor goes first.

    Args:
        left_out: names of rules that do not cut.
    """
    cuts = []

    def cut(rule: Rule) -> None:
        nonlocal text
        if rule.__name__ in left_out:
            return
        before = text
        text, reason = rule(before, place)
        if text != before:
            cuts.append(Cut(rule.__name__, reason, len(before) - len(text)))

    cut(drop_control_characters)
    cut(drop_typed_space)
    seen = None
    while text != seen:
        seen = text
        for rule in RULES:
            cut(rule)
    return Finished(_LINE_END.sub(place.line_end, text), tuple(cuts))


def ended(text: str, place: Place) -> bool:
    """Whether nothing the model could still write would survive: decoding may stop.

    Only whole lines are judged, since a half-written line may still become something else.
    """
    written, _ = drop_control_characters(text[: _whole_lines(text)], place)
    whole, _ = drop_typed_space(written, place)
    if not whole:
        return bool(written.strip())
    if place.extent is Extent.LINE:
        return True
    whole = whole.rstrip() + "\n"
    return any(rule(whole, place)[0].rstrip() != whole.rstrip() for rule in STOPPING_RULES)


def drop_unfinished_line(text: str) -> str:
    """For a text that was cut off in the middle: its whole lines, or all of it where there is only one line."""
    whole = text[: _whole_lines(text)]
    return whole if whole.strip() else text


def first_line(text: str) -> str:
    """Without its end."""
    return _LINE_END.split(text, maxsplit=1)[0]


def _whole_lines(text: str) -> int:
    """Where the last line begins, which has no end yet."""
    return max(text.rfind("\n"), text.rfind("\r")) + 1


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


def _closes(line: str, base: int, place: Place) -> bool:
    """Whether a line closes the block that a header opens; a word that ends blocks must not be there already."""
    word = place.language.block_end if place.language else ""
    if not word or not re.match(rf"{word}\b", line.strip()):
        return line.strip()[0] in OPENERS
    outside = next((below for below in place.lines_below if _indent_width(below) <= base), "")
    return not (_indent_width(outside) == base and re.match(rf"{word}\b", outside.strip()))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
