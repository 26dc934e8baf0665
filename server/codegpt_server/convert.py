"""LSP objects to ours and back; pure."""

import re
from collections.abc import Callable, Iterable

from lsprotocol import types

from codegpt.complete import Completion
from codegpt.document import Document, Encoding, Position

_ENCODINGS: dict[types.PositionEncodingKind, Encoding] = {
    types.PositionEncodingKind.Utf8: "utf-8",
    types.PositionEncodingKind.Utf16: "utf-16",
    types.PositionEncodingKind.Utf32: "utf-32",
}

_WORD_END = re.compile(r"\w*\Z")
_CARRIAGE_RETURN = re.compile(r"\r\n|\r")


def to_encoding(kind: types.PositionEncodingKind | str | None) -> Encoding:
    """The negotiated encoding; UTF-16 where nothing was negotiated."""
    return _ENCODINGS[types.PositionEncodingKind(kind or types.PositionEncodingKind.Utf16)]


def to_position(position: types.Position) -> Position:
    """The client's position in its own units."""
    return Position(position.line, position.character)


def to_lsp_range(document: Document, start: int, end: int, encoding: Encoding) -> types.Range:
    """A range of code-point offsets in the client's units."""
    first, last = document.position_at(start, encoding), document.position_at(end, encoding)
    return types.Range(types.Position(first.line, first.character), types.Position(last.line, last.character))


def to_inline_items(
    items: Iterable[Completion],
    document: Document,
    offset: int,
    encoding: Encoding,
    selected: types.SelectedCompletionInfo | None = None,
    accepted: Callable[[int], types.Command] | None = None,
) -> list[types.InlineCompletionItem]:
    """Ghost texts at the cursor; their range is empty, hence on one line as LSP 3.18 asks.

    Args:
        selected: the entry of a menu that the editor shows already; the texts go on behind it, and begin with it.
        accepted: the command that the editor executes once it has put in the text of that number.
    """
    place = selected.range if selected else to_lsp_range(document, offset, offset, encoding)
    begin = selected.text if selected else ""
    return [
        types.InlineCompletionItem(
            begin + _for_editor(item.text), range=place, command=accepted(number) if accepted else None
        )
        for number, item in enumerate(items)
    ]


def to_completion_items(
    items: Iterable[Completion],
    document: Document,
    offset: int,
    encoding: Encoding,
    accepted: Callable[[int], types.Command] | None = None,
) -> list[types.CompletionItem]:
    """Menu entries for clients without inline completion.

    Clients filter by the word at the cursor, so each entry replaces that word and begins with it.

    Args:
        accepted: see `to_inline_items`.
    """
    line_start = document.line_span(document.line_at(offset)).start
    match = _WORD_END.search(document.text, line_start, offset)
    start = match.start() if match else offset
    word = document.text[start:offset]
    replaced = to_lsp_range(document, start, offset, encoding)
    texts = [word + _for_editor(item.text) for item in items]
    return [
        types.CompletionItem(
            label=text.strip().partition("\n")[0].strip(),
            detail="codegpt",
            documentation=text if "\n" in text else None,
            filter_text=word,
            sort_text=f"\0{rank:04}",
            insert_text_format=types.InsertTextFormat.PlainText,
            insert_text_mode=types.InsertTextMode.AsIs,
            text_edit=types.TextEdit(replaced, text),
            command=accepted(rank) if accepted else None,
        )
        for rank, text in enumerate(texts)
    ]


def _for_editor(text: str) -> str:
    """Lines that end in a line feed, whatever the file has.

    Editors bring inserted text to the file's line ends, but Neovim 0.12 splits it at line feeds alone and would leave
    the carriage returns in the buffer.
    """
    return _CARRIAGE_RETURN.sub("\n", text)
