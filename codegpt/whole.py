"""Whether code is as whole with a completion in it as it was without; pure.

What counts is the number of places that do not parse: with the completion, with an identifier in its place, and with
nothing there. Brackets that are still open are closed for that. One that itself leaves something open goes on
in the next line, and is not judged. Where indentation counts, a line below that is deeper and that nothing opens is an
error too, which the grammar does not report.
"""

from codegpt.brackets import OPENERS, unmatched
from codegpt.postprocess import Extent, Place
from codegpt.probe import PLACEHOLDER, error_nodes, with_text
from codegpt.syntax import HoleKind, Syntax

BREAKS = "the code around it would not parse"

_GOES_ON_ANYWHERE = ('"""', "'''", "\\\n")
"""Behind these a line may be as deep as it likes."""

_CLOSERS = {opener: closer for closer, opener in OPENERS.items()}


def drop_what_breaks(text: str, place: Place, syntax: Syntax) -> str:
    """The completion, or as many of its lines as leave the code whole; "" where none do.

    Args:
        syntax: of the document without it.
    """
    if not breaks(syntax, text, place):
        return text
    if place.extent is Extent.LINE:
        return ""
    lines = text.splitlines(keepends=True)
    for count in range(len(lines) - 1, 0, -1):
        shorter = "".join(lines[:count]).rstrip()
        if not _goes_on(shorter, syntax) and not breaks(syntax, shorter, place):
            return shorter
    return ""


def breaks(syntax: Syntax, text: str, place: Place) -> bool:
    """Whether a completion makes more of the document unreadable than there was without it."""
    if syntax.language.block_end or not text.strip() or _goes_on(text, syntax):
        return False
    if _hangs(text, place, syntax):
        return True
    errors = _errors(syntax, text, place)
    return errors > 0 and errors > min(_errors(syntax, without, place) for without in (PLACEHOLDER, ""))


def _goes_on(text: str, syntax: Syntax) -> bool:
    """Whether it leaves a bracket or a block open."""
    header = syntax.language.indented and text.rstrip().endswith(":")
    return header or bool(unmatched(text, syntax.language).opened)


def _hangs(text: str, place: Place, syntax: Syntax) -> bool:
    """Whether the line below a statement is deeper than the statement, which opens no block."""
    if not syntax.language.indented or place.line_after.strip() or not any(map(_is_code, _lines(text))):
        return False
    written = list(filter(_is_code, _lines(place.line_before + text)))
    below = next(filter(_is_code, place.lines_below), "")
    if not written or not below or any(mark in text for mark in _GOES_ON_ANYWHERE):
        return False
    if _depth(below) <= _depth(written[-1]):
        return False
    return syntax.hole_at(len(place.prefix)) in (HoleKind.STATEMENT, HoleKind.BODY)  # last: it takes a millisecond


def _lines(text: str) -> list[str]:
    return text.replace("\r", "\n").split("\n")


def _is_code(line: str) -> bool:
    return line.strip() != "" and not line.lstrip().startswith("#")


def _depth(line: str) -> int:
    space = line[: len(line) - len(line.lstrip(" \t\f"))]
    return len(space.rpartition("\f")[2].expandtabs())  # a form feed begins anew


def _errors(syntax: Syntax, text: str, place: Place) -> int:
    """How many places do not parse with a text there, and what is still open behind it closed."""
    behind = Place(place.prefix + text, place.suffix, place.extent, place.language)
    closing = "".join(_CLOSERS[mark] for mark in reversed(behind.open_brackets))
    root = with_text(syntax.document, syntax.language, syntax.tree, len(place.prefix), text + closing).root_node
    return sum(1 for _ in error_nodes(root, 0, root.end_byte + 1)) if root.has_error else 0
