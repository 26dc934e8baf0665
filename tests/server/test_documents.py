"""The open texts: what an editor's edits make of them, against an oracle that works on UTF-16 units."""

from codegpt_server.documents import SnapshotDocument, SnapshotWorkspace
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

TEXT = st.text(st.sampled_from("ab \t\r\n\x0b\x0c\x1c\x85\u2028\u2029é€😀"), max_size=30)


def utf16_lines(text: str) -> list[bytes]:
    """Lines without their ends, as UTF-16; written without the code under test."""
    lines, line, at = [], "", 0
    while at < len(text):
        if text[at] in "\r\n":
            at += 2 if text[at : at + 2] == "\r\n" else 1
            lines.append(line)
            line = ""
        else:
            line += text[at]
            at += 1
    return [part.encode("utf-16-le") for part in [*lines, line]]


def offset_in(text: str, line: int, character: int) -> int:
    """The code-point offset of an in-range UTF-16 position."""
    at = 0
    for _ in range(line):
        while text[at] not in "\r\n":
            at += 1
        at += 2 if text[at : at + 2] == "\r\n" else 1
    return at + len(utf16_lines(text)[line][: 2 * character].decode("utf-16-le", "ignore"))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_random_edits_equal_the_oracle(data: st.DataObject) -> None:
    text = data.draw(TEXT)
    document = SnapshotDocument("file:///a.py", text, 0, "python", "utf-16")
    for version in range(1, 5):
        lines = utf16_lines(text)
        ends = []
        for _ in range(2):
            line = data.draw(st.integers(0, len(lines) - 1))
            ends.append((line, data.draw(st.integers(0, len(lines[line]) // 2))))
        start, end = sorted(ends)
        new = data.draw(TEXT)
        place = types.Range(types.Position(*start), types.Position(*end))
        document.apply_change(types.TextDocumentContentChangePartial(place, new))
        document.version = version
        text = text[: offset_in(text, *start)] + new + text[offset_in(text, *end) :]
        assert document.source == text
        assert document.snapshot.text == text
        assert document.snapshot.version == version
        assert "".join(document.lines) == text


def test_the_workspace_makes_our_documents() -> None:
    workspace = SnapshotWorkspace(None, position_encoding=types.PositionEncodingKind.Utf32)
    item = types.TextDocumentItem("file:///a.py", "python", 3, "é😀x")
    workspace.put_text_document(item)
    document = workspace.get_text_document("file:///a.py")
    assert isinstance(document, SnapshotDocument)
    assert document.offset_at_position(types.Position(0, 2)) == 2
    assert (document.snapshot.language, document.snapshot.version, document.snapshot.text) == ("python", 3, "é😀x")


def test_a_whole_document_change() -> None:
    document = SnapshotDocument("file:///a.py", "old", 0, "python", "utf-16")
    document.apply_change(types.TextDocumentContentChangeWholeDocument("new\r\n"))
    assert document.source == "new\r\n"


def test_a_range_that_ends_before_it_starts_is_an_insertion() -> None:
    document = SnapshotDocument("file:///a.py", "abc", 0, "python", "utf-16")
    place = types.Range(types.Position(0, 2), types.Position(0, 1))
    document.apply_change(types.TextDocumentContentChangePartial(place, "X"))
    assert document.source == "abXc"
