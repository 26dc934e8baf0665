"""Mutated messages to a real server, and random edits against an oracle.

    python -m tests.server.fuzzing [--messages N] [--edits N] [--seed N] [--out FILE.json]

The last line of standard output is JSON. Few of both are among the ordinary tests.
"""

import asyncio
import json
import random
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from codegpt_server.handlers import create_server
from codegpt_server.server import CodeGPTServer
from codegpt_server.settings import Settings

from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel
from tests.server.raw import URI, Raw

TEXT = 'import os\n\n\ndef f(x):\n    """Do. f(1) == 1"""\n    return x\n'
PLACE = {"textDocument": {"uri": URI}, "position": {"line": 3, "character": 4}}
RANGE = {"start": {"line": 3, "character": 0}, "end": {"line": 3, "character": 4}}
ITEM = {"uri": URI, "languageId": "python", "version": 1, "text": TEXT}
CELL = "vscode-notebook-cell:/project/a.ipynb#W0"
SEEDS: list[dict[str, Any]] = [
    {"method": "textDocument/didOpen", "params": {"textDocument": ITEM}},
    {"method": "textDocument/didChange", "params": {**PLACE, "contentChanges": [{"range": RANGE, "text": "x"}]}},
    {"method": "textDocument/didChange", "params": {**PLACE, "contentChanges": [{"text": TEXT}]}},
    {"method": "textDocument/didSave", "params": {"textDocument": {"uri": URI}}},
    {"method": "textDocument/didClose", "params": {"textDocument": {"uri": "file:///project/b.py"}}},
    {"id": 1, "method": "textDocument/inlineCompletion", "params": {**PLACE, "context": {"triggerKind": 2}}},
    {
        "id": 1,
        "method": "textDocument/inlineCompletion",
        "params": {**PLACE, "context": {"triggerKind": 1, "selectedCompletionInfo": {"range": RANGE, "text": "a"}}},
    },
    {"id": 1, "method": "textDocument/completion", "params": PLACE},
    {"id": 1, "method": "textDocument/codeAction", "params": {**PLACE, "range": RANGE, "context": {"diagnostics": []}}},
    {"id": 1, "method": "workspace/executeCommand", "params": {"command": "codegpt.explain", "arguments": []}},
    {"id": 1, "method": "workspace/executeCommand", "params": {"command": "codegpt.accepted", "arguments": [1, 0]}},
    {"id": 1, "method": "workspace/executeCommand", "params": {"command": "codegpt.snooze", "arguments": [0]}},
    {
        "id": 1,
        "method": "workspace/executeCommand",
        "params": {"command": "codegpt.translate", "arguments": [{"uri": URI, "function": "g", "to": "go"}]},
    },
    {"method": "workspace/didChangeConfiguration", "params": {"settings": {"codegpt": {"confidence": 0.5}}}},
    {"method": "workspace/didChangeWorkspaceFolders", "params": {"event": {"added": [], "removed": []}}},
    {"method": "$/cancelRequest", "params": {"id": 1}},
    {"method": "$/setTrace", "params": {"value": "off"}},
    {"method": "codegpt/cursor", "params": PLACE},
    {"method": "textDocument/didShowCompletion", "params": {"item": {"command": {"arguments": [1, 0]}}}},
    {
        "method": "textDocument/didPartiallyAcceptCompletion",
        "params": {"item": {"command": {"arguments": [1, 0]}}, "acceptedLength": 3},
    },
    {
        "method": "notebookDocument/didOpen",
        "params": {
            "notebookDocument": {
                "uri": "file:///project/a.ipynb",
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [{"kind": 2, "document": CELL}],
            },
            "cellTextDocuments": [{**ITEM, "uri": CELL}],
        },
    },
    {
        "method": "notebookDocument/didChange",
        "params": {
            "notebookDocument": {"uri": "file:///project/a.ipynb", "version": 2},
            "change": {
                "cells": {"textContent": [{"document": {"uri": CELL, "version": 2}, "changes": [{"text": "x"}]}]}
            },
        },
    },
    {"id": 5, "result": {"x": 1}},
    {"id": 5, "error": {"code": 1, "message": "x"}},
]
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    -(2**70),
    1e308,
    "",
    "x" * 3000,
    "\ud800",
    "😀",
    [],
    {},
    [[]],
    URI,
)


def mutated(chance: random.Random) -> bytes:
    """One message with a few things wrong, or none."""
    message = json.loads(json.dumps({"jsonrpc": "2.0", **chance.choice(SEEDS)}))
    if "id" in message and chance.random() < 0.9:
        message["id"] = chance.randrange(2, 10**9)
    for _ in range(chance.choice((0, 0, 1, 1, 1, 2, 4))):
        _change_value(message, chance)
    body = json.dumps(message).encode()
    if chance.random() < 0.2:
        body = _change_bytes(body, chance)
    return body


def _change_value(value: Any, chance: random.Random) -> None:
    """Somewhere in it: another value, none, or one more."""
    while isinstance(value, dict | list) and value:
        key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
        if not isinstance(value[key], dict | list) or not value[key] or chance.random() < 0.3:
            kind = chance.random()
            if kind < 0.6:
                value[key] = chance.choice(ODD)
            elif kind < 0.8:
                del value[key]
            elif isinstance(value, list):
                value.append(value[key])
            else:
                value[chance.choice(("", "x", "uri", "method"))] = value[key]
            return
        value = value[key]


def _change_bytes(body: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(body))
    end = min(len(body), start + chance.randrange(12))
    return body[:start] + chance.randbytes(chance.randrange(6)) + body[end:]


@dataclass(frozen=True)
class Endured:
    """What a server was sent, and what it had then: memory after a tenth of it, and at the end."""

    messages: int
    answers: int
    rss_mib_early: float
    rss_mib_late: float
    errors: int


def fuzz_messages(count: int, seed: int) -> Endured:
    """Send them to a real server, which still answers after every thousand.

    Raises:
        AssertionError: it has ended, does not answer, or has written a traceback or text of a message.
    """
    chance = random.Random(seed)
    answers: list[int] = []
    lines: list[str] = []
    with Raw() as client:
        client.begin(initializationOptions={"ahead": False})
        client.open(TEXT)
        reached = threading.Condition()
        last = 0

        def read() -> None:
            nonlocal last
            try:
                while True:
                    message = client.read()
                    identity = message.get("id")
                    if "method" in message and identity is not None:  # a question of the server
                        client.send({"id": identity, "result": None})
                    with reached:
                        answers.append(1)
                        if isinstance(identity, str) and identity.startswith("still-"):
                            last = int(identity.removeprefix("still-"))
                            reached.notify()
            except (EOFError, ValueError, OSError):
                return

        def read_errors() -> None:
            assert client.process.stderr is not None
            lines.extend(line.decode() for line in client.process.stderr)

        threading.Thread(target=read, daemon=True).start()
        threading.Thread(target=read_errors, daemon=True).start()
        memory = [0.0, 0.0]
        for number in range(1, count + 1):
            client.write(mutated(chance))
            if number % 1000 == 0 or number == count:
                command = {"command": "codegpt.snooze", "arguments": [0]}
                client.send({"id": f"still-{number}", "method": "workspace/executeCommand", "params": command})
                with reached:
                    assert reached.wait_for(lambda number=number: last == number, 60), f"no answer after {number}"
                assert client.process.poll() is None
                memory[number > count // 10] = _rss_mib(client.process.pid)
        assert not any("Traceback" in line or "def f(x)" in line for line in lines), lines[:5]
    return Endured(count, len(answers), *memory, len(lines))


def _rss_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status")
    return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1024 if status.exists() else 0.0


ALPHABET = ["a", "b", " ", "\n", "\r\n", "\r", "\t", "é", "😀", "\u2028", "\x0c", "\ud800", "(", '"', "def ", ""]


def oracle_offset(text: str, line: int, character: int) -> int:
    """Of a position in UTF-16 units, as slowly and plainly as can be."""
    start = 0
    for _ in range(line):
        ends = [at for at in range(start, len(text)) if text[at] in "\r\n"]
        if not ends:
            return len(text)
        start = ends[0] + (2 if text[ends[0] : ends[0] + 2] == "\r\n" else 1)
    units = 0
    at = start
    while at < len(text) and text[at] not in "\r\n":
        units += 2 if ord(text[at]) > 0xFFFF else 1
        if units > character:
            return at
        at += 1
    return at


def fuzz_edits(count: int, seed: int) -> int:
    """Random edits of one document in a server of this process; its length at the end.

    Raises:
        AssertionError: the server's text is another one.
    """
    chance = random.Random(seed)
    server = create_server(Settings(), lambda _: LoadedModel(ScriptedEngine("x"), None), counted=False)
    text = "a\nb\n"

    async def scenario() -> str:
        nonlocal text
        _begin(server, text)
        for version in range(1, count + 1):
            changes = []
            for _ in range(chance.choice((1, 1, 1, 2, 3))):
                if chance.random() < 0.005:
                    new = "".join(chance.choices(ALPHABET, k=chance.randrange(200)))
                    changes.append({"text": new})
                    text = new
                    continue
                lines = text.count("\n") + text.count("\r") + 2
                places = sorted((chance.randrange(lines), chance.randrange(12)) for _ in range(2))
                start, end = (oracle_offset(text, *place) for place in places)
                new = "".join(chance.choices(ALPHABET, k=chance.choice((0, 1, 1, 2, 5))))
                ends = [{"line": line, "character": character} for line, character in places]
                changes.append({"range": {"start": ends[0], "end": ends[1]}, "text": new})
                text = text[:start] + new + text[max(start, end) :]
            document = {"uri": URI, "version": version}
            _tell(server, "textDocument/didChange", {"textDocument": document, "contentChanges": changes})
            found = server.snapshot(URI)
            assert found is not None and found.text == text and found.version == version, (version, changes)
        return text

    try:
        return len(asyncio.run(scenario()))
    finally:
        server.stop_work()


def _begin(server: CodeGPTServer, text: str) -> None:
    class Nowhere:
        def write(self, data: bytes) -> None:
            pass

        def close(self) -> None:
            pass

    server.protocol.set_writer(Nowhere())
    parameters = {"processId": None, "rootUri": None, "capabilities": {}}
    server.protocol.receive(
        json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": parameters}).encode()
    )
    _tell(server, "textDocument/didOpen", {"textDocument": {**ITEM, "version": 0, "text": text}})


def _tell(server: CodeGPTServer, method: str, params: Any) -> None:
    server.protocol.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())


@click.command()
@click.option("--messages", default=100_000, show_default=True)
@click.option("--edits", default=20_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path))
def main(messages: int, edits: int, seed: int, out: Path | None) -> None:
    """Do it, and say what came of it."""
    endured = fuzz_messages(messages, seed)
    result = {**endured.__dict__, "edits": edits, "length_at_the_end": fuzz_edits(edits, seed), "seed": seed}
    if out:
        out.write_text(json.dumps(result) + "\n", encoding="utf-8")
    click.echo(json.dumps(result))


if __name__ == "__main__":
    main()
