import re
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.document import Document, Edit, Encoding, Position, Span, encode_utf8

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
encodings = st.sampled_from(ENCODINGS)

# What editors and line splitters disagree about, astral characters, combining marks, and lone surrogates.
ALPHABET = [*"ab \t", "\n", "\r", "\r\n", "\f", "\v", "\x85", "\u2028", "\u2029", "\x1c", "\ufeff", "é", "ß", "‸", "字",
            "😀", "𝒳", "e\u0301", "👩\u200d💻", "\ud800", "\udfff", "\x00"]  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(ALPHABET), max_size=20).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=20),
)


def width(character: str, encoding: Encoding) -> int:
    """The units of one character, by the codecs of the standard library."""
    if encoding == "utf-8":
        return len(character.encode("utf-8", "replace"))
    if encoding == "utf-16":
        return len(character.encode("utf-16-le", "surrogatepass")) // 2
    return 1


def split(text: str) -> list[tuple[str, str]]:
    """Each line and its end, by a scanner that looks at one character after the other."""
    lines, line, index = [], "", 0
    while index < len(text):
        if text[index] in "\r\n":
            end = "\r\n" if text[index : index + 2] == "\r\n" else text[index]
            lines.append((line, end))
            line = ""
            index += len(end)
        else:
            line += text[index]
            index += 1
    return [*lines, (line, "")]


def oracle_offset(text: str, line: int, character: int, encoding: Encoding) -> int:
    lines = split(text)
    if line < 0:
        return 0
    if line >= len(lines):
        return len(text)
    offset = sum(len(content) + len(end) for content, end in lines[:line])
    used = 0
    for each in lines[line][0]:
        used += width(each, encoding)
        if used > character:
            break
        offset += 1
    return offset


@given(texts)
def test_lines_are_those_of_a_plain_scanner(text: str) -> None:
    document = Document(text)
    assert [document.line_text(line) for line in range(len(document.line_starts))] == [line for line, _ in split(text)]
    starts = [0]
    for line, end in split(text)[:-1]:
        starts.append(starts[-1] + len(line) + len(end))
    assert document.line_starts == tuple(starts)


@given(texts, st.integers(-2, 12), st.integers(-3, 30), encodings)
def test_offset_of_any_position(text: str, line: int, character: int, encoding: Encoding) -> None:
    expected = oracle_offset(text, line, character, encoding)
    assert Document(text).offset_at(Position(line, character), encoding) == expected


@given(texts, encodings)
def test_position_of_every_offset(text: str, encoding: Encoding) -> None:
    document = Document(text)
    offset = 0
    for number, (line, end) in enumerate(split(text)):
        units = 0
        for character in line:
            assert document.position_at(offset, encoding) == Position(number, units)
            assert document.offset_at(Position(number, units), encoding) == offset
            units += width(character, encoding)
            offset += 1
        for inside in range(len(end) or 1):  # the end of the line, and the middle of \r\n
            assert document.position_at(offset + inside, encoding) == Position(number, units)
        assert document.offset_at(Position(number, units), encoding) == offset
        assert document.offset_at(Position(number, units + 1), encoding) == offset
        offset += len(end)


@given(texts)
def test_bytes_and_back(text: str) -> None:
    document = Document(text)
    assert document.utf8 == b"".join(character.encode("utf-8", "replace") for character in text)
    byte = 0
    for offset, character in enumerate(text):
        assert document.byte_at(offset) == byte
        for inside in range(width(character, "utf-8")):
            assert document.offset_of_byte(byte + inside) == offset
        byte += width(character, "utf-8")
    assert document.byte_at(len(text)) == byte == len(document.utf8)
    assert document.offset_of_byte(byte) == document.offset_of_byte(byte + 5) == len(text)


def client_edit(content: bytes, edit: tuple[int, int, int, int, str], encoding: Encoding) -> bytes:
    """One LSP edit as a client makes it that holds its text as bytes of the encoding, and only knows those."""
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    unit = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    line, character, end_line, end_character, new = edit
    starts = [0]
    at = 0
    while at < len(content):
        first, second = content[at : at + unit], content[at + unit : at + 2 * unit]
        if first == "\r".encode(codec) and second == "\n".encode(codec):
            at += unit
        if first in ("\r".encode(codec), "\n".encode(codec)):
            starts.append(at + unit)
        at += unit
    begin = starts[line] + character * unit
    end = starts[end_line] + end_character * unit
    return content[:begin] + new.encode(codec) + content[end:]


sound_texts = st.lists(st.sampled_from([c for c in ALPHABET if c not in ("\ud800", "\udfff")]), max_size=20).map(
    "".join
)


@settings(max_examples=200, deadline=None)
@given(sound_texts, encodings, st.data())
def test_edits_agree_with_a_client_that_only_has_bytes(text: str, encoding: Encoding, data: st.DataObject) -> None:
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    document, content = Document(text), text.encode(codec)
    for version in range(1, data.draw(st.integers(1, 6)) + 1):
        places = []
        for number, (line, _) in enumerate(split(document.text)):
            units = [0]
            for character in line:
                units.append(units[-1] + width(character, encoding))
            places += [(number, unit) for unit in units]
        begin, end = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
        new = data.draw(sound_texts)
        content = client_edit(content, (*begin, *end, new), encoding)
        span = Span(document.offset_at(Position(*begin), encoding), document.offset_at(Position(*end), encoding))
        document = document.apply(Edit(span, new), version)
        assert document.text.encode(codec) == content
        assert document.version == version


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", (0,)),
        ("a", (0,)),
        ("a\n", (0, 2)),
        ("a\r\nb\rc\nd", (0, 3, 5, 7)),
        ("\n\r", (0, 1, 2)),
        ("\r\r\n\n", (0, 1, 3, 4)),
        ("a\fb\vc\x85d\u2028e\u2029f\x1cg", (0,)),
        ("\ufeffa\nb", (0, 3)),
    ],
)
def test_line_starts(text: str, starts: tuple[int, ...]) -> None:
    assert Document(text).line_starts == starts


@pytest.mark.parametrize(
    ("line", "character", "encoding", "offset"),
    [
        # Line 1 is "é😀x": 2 + 4 + 1 bytes, 1 + 2 + 1 UTF-16 units, three code points.
        (1, 0, "utf-16", 3),
        (1, 1, "utf-16", 4),
        (1, 2, "utf-16", 4),  # inside the surrogate pair
        (1, 3, "utf-16", 5),
        (1, 4, "utf-16", 6),
        (1, 99, "utf-16", 6),
        (1, 1, "utf-8", 3),  # inside é
        (1, 2, "utf-8", 4),
        (1, 3, "utf-8", 4),  # inside the emoji
        (1, 5, "utf-8", 4),
        (1, 6, "utf-8", 5),
        (1, 7, "utf-8", 6),
        (1, 8, "utf-8", 6),
        (1, 2, "utf-32", 5),
        (1, 99, "utf-32", 6),
        (0, 1, "utf-16", 1),
        (0, 2, "utf-16", 1),  # before \r\n, never inside it
        (-1, 5, "utf-16", 0),
        (1, -1, "utf-16", 3),
        (2, 0, "utf-16", 8),
        (2, 1, "utf-16", 8),
        (3, 0, "utf-16", 8),
        (10**12, 10**12, "utf-8", 8),
    ],
)
def test_positions_clamp(line: int, character: int, encoding: Encoding, offset: int) -> None:
    assert Document("a\r\né😀x\r\n").offset_at(Position(line, character), encoding) == offset


def test_positions_of_offsets() -> None:
    document = Document("a\r\né😀x")
    assert [document.position_at(offset, "utf-16") for offset in range(7)] == [
        Position(0, 0), Position(0, 1), Position(0, 1), Position(1, 0), Position(1, 1), Position(1, 3), Position(1, 4),
    ]  # fmt: skip
    assert document.position_at(5, "utf-8") == Position(1, 6)
    assert document.position_at(-4, "utf-16") == Position(0, 0)
    assert document.position_at(99, "utf-16") == Position(1, 4)


def test_the_line_of_an_offset() -> None:
    document = Document("a\r\nb\n")
    assert [document.line_at(offset) for offset in range(6)] == [0, 0, 0, 1, 1, 2]
    assert document.line_span(0) == Span(0, 1)
    assert document.line_span(2) == Span(5, 5)


def test_an_edit_makes_a_new_document() -> None:
    document = Document("abc", "file:///a.py", "python", 3)
    assert document.line_starts == (0,)
    edited = document.apply(Edit(Span(1, 2), "\n"), 4)
    assert edited == Document("a\nc", "file:///a.py", "python", 4)
    assert edited.line_starts == (0, 2)
    assert document.text == "abc"
    assert document.apply(Edit(Span(3, 3), "d")).version == 3
    with pytest.raises(FrozenInstanceError):
        document.text = ""  # type: ignore[misc]


def test_edits_that_split_and_join_crlf() -> None:
    document = Document("a\r\nb")
    assert document.apply(Edit(Span(2, 2), "x")).line_starts == (0, 2, 4)
    assert Document("a\rb").apply(Edit(Span(2, 3), "\n")).line_starts == (0, 3)


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_any_text_has_bytes(text: str) -> None:
    assert encode_utf8(text).decode("utf-8") == re.sub("[\ud800-\udfff]", "?", text)


@given(st.text("ab\n\r\0\x0c\u2028😀", max_size=20))
def test_line_starts_are_where_lines_end(text: str) -> None:
    found = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    assert list(Document(text).line_starts) == found
