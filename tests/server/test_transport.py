import io

import pytest
from codegpt_server.transport import MOST_BYTES, TooLarge, read_message


def framed(body: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> bytes:
    return header % len(body) + body


@pytest.mark.parametrize(
    ("stream", "bodies"),
    [
        (b"", []),
        (framed(b"{}"), [b"{}"]),
        (framed(b"{}") + framed(b'"\xc3\xa4"'), [b"{}", b'"\xc3\xa4"']),
        (b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}", [b"{}"]),
        (b"content-length:2\n\n{}", [b"{}"]),  # written by hand
        (b"garbage\r\n\r\n\x00\xff\r\n" + framed(b"{}"), [b"{}"]),
        (b"Content-Length: x\r\n\r\n" + framed(b"{}"), [b"{}"]),
        (b"Content-Length: -3\r\n\r\n" + framed(b"{}"), [b"{}"]),
        (b"Content-Length: 0\r\n\r\n" + framed(b"{}"), [b"", b"{}"]),
        (framed(b"{}") + b"Content-Length: 10\r\n\r\n{", [b"{}"]),  # cut off
        (b"Content-Length: 99999999999999999999999\r\n\r\n" + framed(b"{}"), [b"{}"]),
        (b"x" * 10_000 + b"\n" + framed(b"{}"), [b"{}"]),
    ],
)
def test_messages_of_a_stream(stream: bytes, bodies: list[bytes]) -> None:
    read, file = [], io.BytesIO(stream)
    while (body := read_message(file)) is not None:
        read.append(body)
    assert read == bodies


def test_what_is_too_large_is_skipped() -> None:
    class Long(io.RawIOBase):
        left = MOST_BYTES + 1

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:
            count = min(len(buffer), self.left)
            self.left -= count
            return count

    class Stream(io.BytesIO):
        tail = Long()

        def read(self, size: int | None = -1) -> bytes:
            return self.tail.read(min(size or 0, self.tail.left)) if self.tail.left else super().read(size)

    stream = Stream(b"Content-Length: %d\r\n\r\n" % (MOST_BYTES + 1) + framed(b"{}"))
    with pytest.raises(TooLarge):
        read_message(stream)
    assert read_message(stream) == b"{}"
