import os
import socket
from pathlib import Path

import pytest

from codegpt import source_file
from codegpt.document import Document
from codegpt.errors import InputError
from codegpt.source_file import offset_of, read_document


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_document(path)
    return str(raised.value)


def test_a_file_becomes_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a b.py"
    path.write_bytes("é\r\n\n😀\r\f".encode())
    assert read_document(path) == Document("é\r\n\n😀\r\f", f"file://{tmp_path}/a%20b.py", "python")


@pytest.mark.parametrize(
    ("name", "language"),
    [("a.go", "go"), ("a.tsx", "typescriptreact"), ("a.RB", "ruby"), ("a", ""), ("a.txt", ""), (".py", "")],
)
def test_the_language_is_told_by_the_name(tmp_path: Path, name: str, language: str) -> None:
    (tmp_path / name).write_text("x")
    assert read_document(tmp_path / name).language == language


def test_an_empty_file_and_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").touch()
    monkeypatch.chdir(tmp_path)
    assert read_document(Path("a.py")) == Document("", f"file://{tmp_path}/a.py", "python")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """Editors do not count it either, so that columns on the first line agree."""
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx\xef\xbb\xbf\n")
    document = read_document(tmp_path / "a.py")
    assert document.text == "x\ufeff\n"
    assert offset_of(document, "1:2") == 1


def test_what_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nope.py") == f"{tmp_path}/nope.py does not exist"
    assert refusal(tmp_path) == f"{tmp_path} is a directory; name a file"
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == f"{tmp_path}/pipe is not a regular file"
    assert refusal(Path("/dev/null")) == "/dev/null is not a regular file"
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file" / "x") == f"{tmp_path}/file/x cannot be read: Not a directory"
    (tmp_path / "loop").symlink_to("loop")
    assert refusal(tmp_path / "loop") == f"{tmp_path}/loop cannot be read: Too many levels of symbolic links"
    (tmp_path / "dangling").symlink_to("gone")
    assert refusal(tmp_path / "dangling") == f"{tmp_path}/dangling does not exist"
    assert refusal(tmp_path / ("x" * 300)).endswith("cannot be read: File name too long")
    assert "cannot be read: " in refusal(Path("a\0b"))


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")  # relative, since such a name has at most 108 bytes
        assert refusal(Path("s")) == "s is not a regular file"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a\0b", "is a binary file"),
        (b"\x7fELF\0", "is a binary file"),
        (b"caf\xe9", "is not UTF-8 text"),
        (b"\xff\xfea\0", "is not UTF-8 text"),
        (b"\xed\xa0\x80", "is not UTF-8 text"),
        (b"\xc0\x80", "is not UTF-8 text"),
    ],
)
def test_what_is_no_text(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.py").write_bytes(content)
    assert refusal(tmp_path / "a.py") == f"{tmp_path}/a.py {reason}"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    with path.open("wb") as file:
        file.truncate(20_000_001)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("read"))
    assert refusal(path) == f"{path} has 20,000,001 bytes; files of up to 20,000,000 are completed"


def test_a_file_of_just_the_greatest_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "MAX_BYTES", 3)
    (tmp_path / "a.py").write_text("abc")
    assert read_document(tmp_path / "a.py").text == "abc"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to(tmp_path / "b.py")
    (tmp_path / "b.py").symlink_to(tmp_path / "a.py")
    assert refusal(tmp_path / "a.py") == f"{tmp_path}/a.py cannot be read: Too many levels of symbolic links"


DOCUMENT = Document("é😀x\r\n\nlast")


@pytest.mark.parametrize(
    ("place", "offset"), [("1:1", 0), ("1:3", 2), ("1:4", 3), ("2:1", 5), ("3:1", 6), ("3:5", 10), ("01:02", 1)]
)
def test_places(place: str, offset: int) -> None:
    assert offset_of(DOCUMENT, place) == offset


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("0:0", "0:0: lines and columns count from 1"),
        ("1:0", "1:0: lines and columns count from 1"),
        ("0:1", "0:1: lines and columns count from 1"),
        ("4:1", "line 4 is past the end: the file has 3 lines"),
        ("999999999:1", "line 999999999 is past the end: the file has 3 lines"),
        ("1:5", "column 5 is past the end of line 1, which has 3 characters"),
        ("2:2", "column 2 is past the end of line 2, which has 0 characters"),
        ("3:999999999", "column 999999999 is past the end of line 3, which has 4 characters"),
    ],
)
def test_places_that_are_not_there(place: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        offset_of(DOCUMENT, place)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "place",
    ["", ":", "1", "1:", ":1", "1:1:1", "-1:1", "1:-1", "+1:1", "1.0:1", " 1:1", "1:1 ", "1:1\n", "1,1", "a:b", "1_0:1",
     "0x1:1", "１:１", "١:١", "²:1", "1：1", "9" * 10 + ":1", "1:" + "9" * 5000],
)  # fmt: skip
def test_places_that_are_malformed(place: str) -> None:
    with pytest.raises(InputError) as raised:
        offset_of(DOCUMENT, place)
    assert str(raised.value) == f"{place!r} is not a position; write LINE:COL, for instance 12:5"


def test_one_line_is_not_lines() -> None:
    with pytest.raises(InputError, match=r"^line 2 is past the end: the file has 1 line$"):
        offset_of(Document("a"), "2:1")
    assert offset_of(Document(""), "1:1") == 0
