"""A client that sends any bytes at all, and reads what comes back."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

SERVER = str(Path(sys.executable).with_name("codegpt-server"))
URI = "file:///project/a.py"


class Raw:
    """A server process with the scripted engine; `with Raw() as client`."""

    def __init__(self, *command: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command or (SERVER, "--scripted", "+ 1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
        )
        self.notifications: list[dict[str, Any]] = []

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _t: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError):  # what is still to be flushed has nowhere to go
                    stream.close()

    def send(self, message: Any) -> None:
        self.write(message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode())

    def write(self, body: bytes) -> None:
        self.bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if not length:
            raise EOFError
        found: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return found

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(message := self.read()):
            self.notifications.append(message)
        return message

    def answer(self, identity: Any) -> dict[str, Any]:
        return self.until(lambda message: "method" not in message and message.get("id") == identity)

    def ask(self, identity: Any, method: str, params: Any = None) -> dict[str, Any]:
        self.send({"id": identity, "method": method, "params": params})
        return self.answer(identity)

    def begin(self, **more: Any) -> dict[str, Any]:
        answer = self.ask(0, "initialize", {"processId": None, "rootUri": None, "capabilities": {}, **more})
        self.send({"method": "initialized", "params": {}})
        self.until(lambda message: message.get("params", {}).get("state") == "ready")
        return answer

    def open(self, text: str, uri: str = URI, language: str = "python") -> None:
        item = {"uri": uri, "languageId": language, "version": 0, "text": text}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": item}})

    def inline(self, identity: Any, line: int, character: int, uri: str = URI) -> dict[str, Any]:
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.ask(identity, "textDocument/inlineCompletion", {**place, "context": {"triggerKind": 2}})

    def end(self) -> tuple[int, str]:
        """The exit code, and what was written to standard error."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(timeout=20)
        assert self.process.stderr is not None
        return code, self.process.stderr.read().decode()
