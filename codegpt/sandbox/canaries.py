"""Live canaries: things outside that no program in a jail may reach, and a program that tries to reach every one.

Evidence of an escape is what is seen outside (a connection, a file), the canaries' secret in anything that a program
said, or a program's own word that begins with `ESCAPED`.
"""

import contextlib
import os
import secrets
import select
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from codegpt.errors import SandboxUnavailable
from codegpt.sandbox.outcome import End, Outcome, Raised, Returned
from codegpt.sandbox.program import Call, Calls, Job, Program

Run: TypeAlias = Callable[[list[Job]], Iterable[Outcome]]

ESCAPED = "ESCAPED"
SECRET_VARIABLE = "CODEGPT_SANDBOX_CANARY"


@dataclass(frozen=True)
class Canaries:
    """Where the canaries are, by the names that programs of the corpus use, and whether they have been touched."""

    secret: str
    places: dict[str, str]
    listeners: dict[str, socket.socket]  # what a connection to it means

    def evidence(self, outcome: Outcome) -> str:
        """What of an outcome, or of the canaries themselves, shows an escape; empty if nothing does."""
        return self.said(outcome) or self.touched()

    def said(self, outcome: Outcome) -> str:
        """What a program said that it cannot have known, or its own word that it got out."""
        said = [outcome.stdout.decode(errors="replace"), outcome.stderr.decode(errors="replace")]
        said += [repr(outcome.raised), repr(outcome.report), *(_text(reply.result) for reply in outcome.replies)]
        for text in said:
            if self.secret in text:
                return "the secret of the canaries was read"
            if ESCAPED in text:
                return text[text.index(ESCAPED) :][:200]
        return ""

    def touched(self) -> str:
        """What has happened outside, whoever did it."""
        if Path(self.places["OUT"]).exists():
            return "a file was written outside"
        return next((what for what, listener in self.listeners.items() if _was_reached(listener)), "")


def _was_reached(listener: socket.socket) -> bool:
    """Whether a connection or a packet is waiting; it stays, so that every later question has the same answer."""
    return bool(select.select([listener], [], [], 0)[0])


def _text(result: object) -> str:
    if isinstance(result, Raised):
        return f"{result.name} {result.message}"
    if isinstance(result, Returned) and isinstance(result.value, int):
        return ""
    try:
        return repr(result)
    except ValueError:  # an integer of too many digits, somewhere inside
        return ""


@contextlib.contextmanager
def canaries() -> Iterator[Canaries]:
    """Put the canaries out, and take them in again."""
    folder = Path(tempfile.mkdtemp(prefix="codegpt-canaries-"))
    secret = secrets.token_hex(16)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # open to everybody: it is the jail that is on trial, not the file modes
        folder.chmod(0o777)
        (folder / "secret").write_text(secret)
        abstract = f"codegpt-canary-{secret[:8]}"
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        tcp = _bound(stack, socket.AF_INET, stream, ("127.0.0.1", 0))
        udp = _bound(stack, socket.AF_INET, datagram, ("127.0.0.1", 0))
        listeners = {
            "a TCP connection arrived": tcp,
            "a UDP packet arrived": udp,
            "a unix connection arrived": _bound(stack, socket.AF_UNIX, stream, str(folder / "socket")),
            "an abstract unix connection arrived": _bound(stack, socket.AF_UNIX, stream, f"\0{abstract}"),
        }
        (folder / "socket").chmod(0o777)
        places = {
            "FILE": str(folder / "secret"),
            "ENV": SECRET_VARIABLE,
            "PORT": str(tcp.getsockname()[1]),
            "UDP_PORT": str(udp.getsockname()[1]),
            "UNIX": str(folder / "socket"),
            "ABSTRACT": abstract,
            "OUT": str(folder / "written"),
            "PID": str(os.getpid()),
        }
        yield Canaries(secret, places, listeners)


def _bound(stack: contextlib.ExitStack, family: int, kind: int, address: object) -> socket.socket:
    made = stack.enter_context(socket.socket(family, kind))
    made.bind(address)  # type: ignore[arg-type]
    if kind == socket.SOCK_STREAM:
        made.listen()  # the kernel completes connections; nobody has to accept them
    return made


ATTEMPTS = {
    "outside file": """
        return open('@FILE@').read()
    """,
    "environment secret": """
        import os
        return os.environ['@ENV@']
    """,
    "loopback listener": """
        import _socket
        s = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        s.connect(('127.0.0.1', @PORT@))
        return 'connected'
    """,
    "unix listener": """
        import _socket
        s = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        s.connect('@UNIX@')
        return 'connected'
    """,
    "outside write": """
        open('@OUT@', 'w').close()
        return 'written'
    """,
    "fork": """
        import os
        children = 0
        for _ in range(64):
            if os.fork() == 0:
                os._exit(0)
            children += 1
        return children
    """,
    "memory": """
        return len(bytearray(@MEMORY@))
    """,
    "ptrace": """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno())
        return 'traced'
    """,
}


def attempt(name: str, places: dict[str, str], memory_bytes: int) -> Job:
    """A program that makes one attempt and tells what it got; refused, it raises or dies."""
    lines = [line for line in ATTEMPTS[name].rstrip().splitlines() if line.strip()]
    source = "def f():\n" + "\n".join(line[4:] for line in lines)
    for place, value in {**places, "MEMORY": str(memory_bytes)}.items():
        source = source.replace(f"@{place}@", value)
    return Job(Program(source), Calls((Call("f"),)))


def attempts_that_worked(put_out: Canaries, run: Run, memory_bytes: int) -> dict[str, str]:
    """Make every attempt in a jail of its own; for each, what came of it if it worked, and nothing if it was refused.

    Raises:
        SandboxUnavailable: if there is no jail that attempts could be made in.
    """
    outcomes = run([attempt(name, put_out.places, 2 * memory_bytes) for name in ATTEMPTS])
    result = {}
    for name, outcome in zip(ATTEMPTS, outcomes, strict=True):
        if outcome.end is End.INFRASTRUCTURE:
            raise SandboxUnavailable(outcome.detail)
        worked = [reply.result for reply in outcome.replies if isinstance(reply.result, Returned)]
        result[name] = f"got {worked[0].value!r:.40}" if worked else put_out.said(outcome)
    if not any(result.values()):
        result["anything else"] = put_out.touched()
    return result
