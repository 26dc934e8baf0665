"""A language server process, and a client that takes the time of each answer."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any


class Client:
    """A server process; answers are taken as they come, by a thread.

    Args:
        options: of the server's command line.
    """

    def __init__(self, *options: str) -> None:
        self._counted = tempfile.TemporaryDirectory()  # what becomes of these suggestions is no person's
        self.process = subprocess.Popen(
            [sys.executable, "-m", "codegpt_server", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "XDG_DATA_HOME": self._counted.name},
        )
        self.sent: dict[int, float] = {}
        self.took: dict[int, float] = {}
        self.results: dict[int, Any] = {}
        self.progress: dict[str, str] = {}  # what was said last, by token
        self._states: set[str] = set()
        self._heard = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, method: str, params: Any, identity: int | None = None) -> None:
        """Send a request, or a notification where there is no id."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        body = json.dumps(message if identity is None else {**message, "id": identity}).encode()
        assert self.process.stdin is not None
        if identity is not None:
            self.sent[identity] = time.perf_counter()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def wait(self, identity: int, timeout_s: float = 60) -> float:
        """Milliseconds until the answer came."""
        with self._heard:
            if not self._heard.wait_for(lambda: identity in self.took, timeout_s):
                raise TimeoutError(f"no answer to {identity}")
        return 1000 * self.took[identity]

    def wait_until(self, *states: str, timeout_s: float = 600) -> None:
        """Until the server has said all of these in `codegpt/status`."""
        with self._heard:
            if not self._heard.wait_for(lambda: self._states.issuperset(states), timeout_s):
                raise TimeoutError(f"the server said {sorted(self._states)} alone")

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(length))
            now = time.perf_counter()
            with self._heard:
                if message.get("method") == "$/progress":
                    said = message["params"]
                    self.progress[said["token"]] = said["value"].get("message") or self.progress.get(said["token"], "")
                elif "method" in message:
                    self._states |= {message["params"].get(name, "") for name in ("state", "index")}
                else:
                    self.results[message["id"]] = message.get("result")
                    self.took[message["id"]] = now - self.sent[message["id"]]
                self._heard.notify_all()

    def rss_mib(self) -> float:
        """The memory of the server process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
