"""A session makes no connection: in a namespace without network everything works, and nobody even tries."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.server.raw import SERVER, Raw

HOOK = """
import json, os, sys

def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open({log!r}, "a") as file:
            file.write(json.dumps([event, str(arguments[1:])]) + "\\n")

sys.addaudithook(note)
"""


def _without_network() -> list[str]:
    """What to put before a command; [] where there is no such thing here."""
    unshare = shutil.which("unshare")
    if sys.platform != "linux" or unshare is None:
        return []
    command = [unshare, "--net", "--map-root-user"]
    return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else []


@pytest.mark.parametrize("model", [(), pytest.param(("model",), marks=pytest.mark.model)])
def test_a_session_makes_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: tuple[str, ...]) -> None:
    before = _without_network()
    if not before:
        pytest.skip("no namespaces here")
    log, hook, root = tmp_path / "connections", tmp_path / "hook", tmp_path / "project"
    hook.mkdir()
    root.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK.format(log=str(log)))
    (root / "core.py").write_text("def fetch(url: str) -> bytes: ...\n")
    monkeypatch.setenv("PYTHONPATH", str(hook))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    command = [*before, SERVER, *([] if model else ["--scripted", "    return 2 * x"])]
    uri = (root / "app.py").as_uri()

    def command_of(name: str, argument: dict[str, Any]) -> dict[str, Any]:
        return {"command": name, "arguments": [argument]}

    with Raw(*command) as client:
        client.begin(rootUri=root.as_uri(), initializationOptions={"trusted": True})
        client.open('from core import fetch\n\n\ndef double(x: int) -> int:\n    """Twice. double(2) == 4"""\n', uri)
        assert "result" in client.inline(1, 5, 0, uri)
        wanted = command_of("codegpt.generate", {"uri": uri, "position": {"line": 5, "character": 0}, "samples": 2})
        found = client.ask(2, "workspace/executeCommand", wanted)["result"]
        assert found["samples"] >= 1
        assert client.ask(3, "shutdown")["result"] is None
        client.send({"method": "exit"})
        assert client.process.wait(timeout=60) == 0
    tried = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    assert tried == []


def test_the_hook_would_have_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "connections"
    (tmp_path / "sitecustomize.py").write_text(HOOK.format(log=str(log)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "import socket\ntry: socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert "socket.connect" in log.read_text()
