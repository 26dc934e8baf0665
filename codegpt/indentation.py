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
    end = document.text[document.line_span(line - 1).end : document.line_starts[line]] if line else ""
    return (end or _line_end_after(document, line)) + indent


def _line_end_after(document: Document, line: int) -> str:
    if line + 1 == len(document.line_starts):
        return "\n"
    return document.text[document.line_span(line).end : document.line_starts[line + 1]]


def _unit(document: Document) -> str:
    """One step of indentation: that of the first line that has any, else what is usual."""
    first = _INDENTED.search(document.text)
    if first and ("\t" in first[1] or len(first[1]) in (2, 3, 4, 8)):
        return "\t" if "\t" in first[1] else first[1]
    return _USUAL.get(document.language, "    ")


_INDENTED = re.compile(r"(?:^|[\r\n])([ \t]+)[^\s*]")
"""The lines of a block comment begin with a space and an asterisk."""

_USUAL = {"go": "\t"} | dict.fromkeys(("javascript", "javascriptreact", "typescript", "typescriptreact", "ruby"), "  ")
