"""What an editor puts in when somebody presses Enter: the line end, and the indentation of the new line; pure.

As most editors do it: as deep as the line above, deeper behind what opens a block, and in Python less deep behind what
leaves one.
"""

import re

from codegpt.document import Document
from codegpt.probe import indent_of

_OPENS_DEEPER = re.compile(r"(?:[({\[]|=>|\b(?:then|do))\s*$")
_LEAVES_BLOCK = re.compile(r"\s*(?:return|pass|break|continue|raise)\b")


def new_line(document: Document, offset: int) -> str:
    """What is put in at the end of a line."""
    line = document.line_at(offset)
    before = document.text[document.line_starts[line] : offset]
    indent, unit = indent_of(before), _unit(document)
    python = document.language == "python"
    if _OPENS_DEEPER.search(before) or (python and before.rstrip().endswith(":")):
        indent += unit
    elif python and _LEAVES_BLOCK.match(before):
        indent = indent.removesuffix(unit)
    return line_end_of(document, line) + indent


def line_end_of(document: Document, line: int = 0) -> str:
    """How a document ends its lines: that of the line above, else its own, else a line feed."""
    ends = (document.text[document.line_span(at).end : after] for at, after in _ends_near(document, line))
    return next((end for end in ends if end), "\n")


def _ends_near(document: Document, line: int) -> list[tuple[int, int]]:
    starts = document.line_starts
    return [(at, starts[at + 1]) for at in (line - 1, line) if 0 <= at < len(starts) - 1]


def _unit(document: Document) -> str:
    """One step of indentation: that of the first line that has any, else what is usual."""
    first = _INDENTED.search(document.text)
    if first and ("\t" in first[1] or len(first[1]) in (2, 3, 4, 8)):
        return "\t" if "\t" in first[1] else first[1]
    return _USUAL.get(document.language, "    ")


_INDENTED = re.compile(r"(?:^|[\r\n])([ \t]+)[^\s*]")
"""The lines of a block comment begin with a space and an asterisk."""

_USUAL = {"go": "\t"} | dict.fromkeys(("javascript", "javascriptreact", "typescript", "typescriptreact", "ruby"), "  ")
