"""A file on disk to a document and a place in it, with one clear error for everything that can be wrong."""

import re
import stat
from pathlib import Path

from codegpt.document import Document
from codegpt.errors import InputError
from codegpt.languages import language_of

MAX_BYTES = 20_000_000
"""No source file is larger; refusing is kinder than minutes of silence."""


def read_document(path: Path) -> Document:
    """Read a text file as UTF-8, its line ends untouched; a byte order mark is no part of the text.

    Raises:
        InputError: it is missing, not a regular file, too large, or not text.
    """
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise InputError(f"{path} is a directory; name a file")
        if not stat.S_ISREG(info.st_mode):
            raise InputError(f"{path} is not a regular file")
        if info.st_size > MAX_BYTES:
            raise InputError(f"{path} has {info.st_size:,} bytes; files of up to {MAX_BYTES:,} are completed")
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{path} cannot be read: {reason}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    if "\0" in text:
        raise InputError(f"{path} is a binary file")
    language = language_of(str(path))
    return Document(text, path.absolute().as_uri(), language.id if language else "")


def offset_of(document: Document, place: str) -> int:
    """The code-point offset of ``LINE:COL``, both from 1, columns in code points as editors print them.

    One past the end of a line is its end.

    Raises:
        InputError: it is malformed, or not a place in the document.
    """
    match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", place, re.ASCII)
    if match is None:
        raise InputError(f"{place!r} is not a position; write LINE:COL, for instance 12:5")
    line, column = int(match[1]), int(match[2])
    if line < 1 or column < 1:
        raise InputError(f"{place}: lines and columns count from 1")
    lines = len(document.line_starts)
    if line > lines:
        raise InputError(f"line {line} is past the end: the file has {lines} line{'s' * (lines != 1)}")
    span = document.line_span(line - 1)
    width = span.end - span.start
    if column > width + 1:
        raise InputError(f"column {column} is past the end of line {line}, which has {width} characters")
    return span.start + column - 1
