"""Messages on standard input and output: framed as the LSP base protocol has it, of bounded size, garbage skipped.

A thread of its own reads, so that it works with any kind of file on any platform; a few messages wait at most, and a
client that is faster than that has to wait. Nothing but the protocol reaches standard output: what else would be
printed there goes to standard error.
"""

import asyncio
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

MOST_BYTES = 64 * 2**20
"""Of a message; what is larger is skipped."""

MOST_WAITING = 256
"""Messages that are read before they are handled."""

_LONGEST_HEADER = 4096
_CONTENT_LENGTH = re.compile(rb"Content-Length:\s*(\d{1,18})\s*\Z", re.IGNORECASE)


class TooLarge(Exception):
    """A message of more than `MOST_BYTES`."""


def read_message(stream: BinaryIO) -> bytes | None:
    """The next message; None at the end of the stream, also in the middle of a message.

    What stands before a header is skipped, line by line.

    Raises:
        TooLarge: it was skipped.
    """
    length = None
    while True:
        line = stream.readline(_LONGEST_HEADER)
        if not line:
            return None
        if found := _CONTENT_LENGTH.match(line.strip()):
            length = int(found[1])
        elif not line.strip() and length is not None:
            break
    if length > MOST_BYTES:
        while length and (skipped := stream.read(min(length, 2**20))):
            length -= len(skipped)
        raise TooLarge
    body = stream.read(length)
    return body if len(body) == length else None


def own_output() -> BinaryIO:
    """Standard output, for the protocol alone: whatever else is written there goes to standard error from now on."""
    sys.stdout.flush()
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


class Output:
    """What pygls writes to; it ends the server where nobody reads any more."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        """Write a whole message."""
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):
            raise SystemExit from None

    def close(self) -> None:
        """It ends with the process."""


async def until_gone(process_id: Callable[[], int | None], every_s: float = 5.0) -> None:
    """End the server once the process of its editor is gone, though its end of the pipe may live on in another one.

    Args:
        process_id: of the editor; None as long as it has not said.
    """
    while True:
        await asyncio.sleep(every_s)
        known = process_id()
        if known is not None and sys.platform != "win32":
            try:
                os.kill(known, 0)
            except ProcessLookupError:
                raise SystemExit from None
            except (OSError, OverflowError):  # another user's, or no number of a process
                continue


async def serve(stream: BinaryIO, handle: Callable[[bytes], None], too_large: Callable[[], None]) -> None:
    """Handle the messages of a stream, in the event loop, until it ends."""
    loop, room = asyncio.get_running_loop(), threading.Semaphore(MOST_WAITING)
    ended = asyncio.Event()

    def post(call: Callable[[], None]) -> None:
        room.acquire()
        loop.call_soon_threadsafe(_do, call, room)

    def read() -> None:
        with suppress(RuntimeError):  # the loop is closed: the server ends
            try:
                while True:
                    try:
                        body = read_message(stream)
                    except TooLarge:
                        post(too_large)
                        continue
                    if body is None:
                        break
                    post(lambda body=body: handle(body))  # type: ignore[misc]
            except (OSError, ValueError):  # closed under us
                pass
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, name="codegpt-reader", daemon=True).start()
    await ended.wait()


def _do(call: Callable[[], None], room: threading.Semaphore) -> None:
    try:
        call()
    finally:
        room.release()
