"""Secrets that are planted all over a workspace: none reaches the engine of a real server, or its logs."""

import json
import os
import sys
from pathlib import Path

from tests.codegpt.context.test_redaction import SECRETS
from tests.server.raw import Raw

SERVER = str(Path(__file__).parent / "slow_server.py")
LINES = "".join(f"value_{number} = fetch(address_{number})\n" for number in range(6))


def planted(form: str, secret: str) -> str:
    return form.format(secret).replace("\r", "")


def workspace(root: Path) -> dict[str, str]:
    """For each secret a file that has it, one that imports that and has it as well, and what never is to be read."""
    texts: dict[str, str] = {}
    for number, (secret, form) in enumerate(SECRETS.values()):
        code = planted(form, secret)
        texts[f"core_{number}.py"] = f"{code}\n\n\ndef fetch(address):\n    return address\n\n\n{LINES}{code}\n"
        texts[f"here_{number}.py"] = f"from core_{number} import fetch\n{code}\n{LINES}value = fetch(\n\n{code}\n"
    texts[".env"] = "".join(f"KEY_{number}={secret}\n" for number, (secret, _) in enumerate(SECRETS.values()))
    for path, text in texts.items():
        (root / path).write_text(text, encoding="utf-8")
    return texts


def test_twenty_kinds_of_secrets_reach_no_prompt_and_no_log(tmp_path: Path) -> None:
    root, log, data = tmp_path / "work", tmp_path / "log", tmp_path / "data"
    root.mkdir()
    texts = workspace(root)
    assert len(SECRETS) >= 20
    homes = {"CODEGPT_CACHE": str(tmp_path / "cache"), "XDG_DATA_HOME": str(data)}
    folder = {"rootUri": root.as_uri(), "initializationOptions": {"ahead": True, "trusted": False}}
    with Raw(sys.executable, SERVER, str(log), "address_1)|address_2)", "0", env={**os.environ, **homes}) as client:
        client.begin(**folder)
        client.until(lambda message: message.get("params", {}).get("index") == "indexed")
        for number in range(len(SECRETS)):
            path = f"here_{number}.py"
            text, uri = texts[path], (root / path).as_uri()
            client.open(text, uri)
            line = text[: text.index("fetch(\n")].count("\n")
            client.inline(f"{number} key", line, len("value = fetch("), uri)
            place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": len("value = fetch(")}}
            client.ask(f"{number} invoked", "textDocument/inlineCompletion", {**place, "context": {"triggerKind": 1}})
            client.ask(f"{number} menu", "textDocument/completion", place)
            given = {"uri": uri, "position": place["position"], "words": "Fetch all values.", "samples": 1}
            for command, arguments in (("codegpt.explain", []), ("codegpt.generate", [given])):
                asked = {"command": command, "arguments": arguments}
                client.ask(f"{number} {command}", "workspace/executeCommand", asked)
        every = "\n".join(texts.values())
        client.write(f'{{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {json.dumps(every)}'.encode())
        client.send({"id": "unknown", "method": every, "params": {"words": every}})
        client.answer("unknown")
        client.open(texts[".env"], (root / ".env").as_uri(), "plaintext")
        client.inline("env", 0, 3, (root / ".env").as_uri())
        said = json.dumps(client.notifications)
        _, errors = client.end()
    asked_of_it = log.with_suffix(".prompts").read_text(encoding="utf-8")
    read_ahead = log.with_suffix(".ahead").read_text(encoding="utf-8")
    counted = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert asked_of_it.count("def fetch(address") >= len(SECRETS) and "Fetch all values." in asked_of_it
    assert "def fetch(address" in read_ahead and counted
    for kind, (secret, _) in SECRETS.items():
        for where in (asked_of_it, read_ahead, errors, said):
            assert json.dumps(secret)[1:-1] not in where and secret not in where, kind
        assert secret.encode() not in counted, kind
    assert "value_3" not in errors
