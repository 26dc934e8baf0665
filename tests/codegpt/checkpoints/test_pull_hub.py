"""Pulling from a hub: a loopback server that speaks as much of the hub's protocol as its client asks for."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen

import pytest

from codegpt.checkpoints import CatalogueEntry, HubSource, find, hub
from codegpt.checkpoints.convert import convert_gguf
from codegpt.checkpoints.homes import home_of

COMMIT = "b" * 40


def digest(name: str, data: bytes) -> str:
    """What the hub calls a file: large ones by sha256, the others by what git calls them (any sha1 will do here)."""
    return (sha256 if name.endswith((".safetensors", ".gguf")) else sha1)(data).hexdigest()


class FakeHub(ThreadingHTTPServer):
    """Repositories as dicts of files; `sent` are the files that were fetched, `lies` what is sent in place of some."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.lies: dict[str, bytes] = {}
        self.sent: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        path = self.path.split("?")[0].strip("/").split("/")
        if path[:2] == ["api", "models"]:
            self.describe("/".join(path[2:4]), tree="tree" in path)
            return
        repo, name = "/".join(path[:2]), "/".join(path[4:])
        data = self.server.repositories.get(repo, {}).get(name)
        if data is None:
            self.reply(404, b"", {"X-Error-Code": "RepoNotFound"})
            return
        if body:
            self.server.sent.append(name)
        headers = {"ETag": f'"{digest(name, data)}"', "X-Repo-Commit": COMMIT}
        self.reply(200, self.server.lies.get(name, data), headers, body)

    def describe(self, repo: str, tree: bool) -> None:
        files = self.server.repositories.get(repo)
        if files is None:
            self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        if tree:
            listing: object = [
                {"type": "file", "path": name, "size": len(data), "oid": digest(name, data)}
                for name, data in files.items()
            ]
        else:
            siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
            listing = {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": siblings}
        self.reply(200, json.dumps(listing).encode(), {})

    def reply(self, status: int, data: bytes, headers: dict[str, str], body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def fake_hub() -> Iterator[FakeHub]:
    server = FakeHub()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def repository(entry: CatalogueEntry, tiny_gguf: Path, tmp_path: Path, fake_hub: FakeHub) -> CatalogueEntry:
    """A safetensors repository on the hub, with things beside the weights that nobody should fetch."""
    converted = tmp_path / "converted"
    converted.mkdir()
    convert_gguf(tiny_gguf, converted)
    files = {path.name: path.read_bytes() for path in converted.iterdir()}
    unwanted = dict.fromkeys(("pytorch_model.bin", "modeling_evil.py", "README.md", "onnx/model.safetensors"), b"x")
    fake_hub.repositories["acme/base"] = {**files, **unwanted}
    hub_source = HubSource("acme/base", "main", None)
    return replace(entry, name="base", hub=hub_source, mirror=None, sha256=None, converted_bytes=0)


def finish(process: "Popen[str]") -> tuple[str, list[str]]:
    stdout, stderr = process.communicate(timeout=60)
    return stdout.strip(), stderr.splitlines()


def test_a_gguf_from_the_hub(
    entry: CatalogueEntry, tiny_gguf: Path, fake_hub: FakeHub, pull_process: Callable[..., "Popen[str]"]
) -> None:
    fake_hub.repositories["acme/tiny-GGUF"] = {"tiny-q8_0.gguf": tiny_gguf.read_bytes(), "README.md": b"x"}
    stdout, lines = finish(pull_process(entry, HF_ENDPOINT=fake_hub.url))
    assert stdout == str(home_of("tiny") / "model"), lines
    assert lines == [f"tiny: 0 MB, MIT, from {fake_hub.url}/acme/tiny-GGUF (mirror: PyPI wheels)"]
    assert fake_hub.sent == ["tiny-q8_0.gguf"]
    assert find("tiny", catalogue={"tiny": entry}).digest == entry.sha256
    assert sorted(path.name for path in home_of("tiny").iterdir()) == ["codegpt.json", "model"]


def test_a_gguf_that_is_not_the_publishers(
    entry: CatalogueEntry, tiny_gguf: Path, fake_hub: FakeHub, pull_process: Callable[..., "Popen[str]"]
) -> None:
    data = tiny_gguf.read_bytes()
    other = data[:-1] + bytes([data[-1] ^ 1])
    fake_hub.repositories["acme/tiny-GGUF"] = {"tiny-q8_0.gguf": other}
    stdout, lines = finish(pull_process(entry, HF_ENDPOINT=fake_hub.url))
    assert stdout == ""
    aside = home_of("tiny") / "download" / "hub" / "tiny-q8_0.gguf.corrupt"
    assert lines[1:] == [
        f"CheckpointError: tiny: the file from the hub has sha256 {sha256(other).hexdigest()}, the publisher states "
        f"{entry.sha256}; it was set aside as {aside} and not used"
    ]
    assert aside.read_bytes() == other


def test_safetensors_from_the_hub_stay_in_its_cache(
    repository: CatalogueEntry, fake_hub: FakeHub, pull_process: Callable[..., "Popen[str]"], tmp_path: Path
) -> None:
    stdout, lines = finish(pull_process(repository, HF_ENDPOINT=fake_hub.url))
    snapshot = tmp_path / "hf" / "hub" / "models--acme--base" / "snapshots" / COMMIT
    assert stdout == str(snapshot), lines
    wanted = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert sorted(fake_hub.sent) == wanted
    found = find("base", catalogue={"base": repository})
    assert (found.directory, found.home) == (snapshot, home_of("base"))
    assert [path.name for path in found.home.iterdir()] == ["codegpt.json"]

    # Offline, with our own record of it gone: the hub's cache is enough.
    (found.home / "codegpt.json").unlink()
    stdout, lines = finish(pull_process(repository, HF_ENDPOINT=fake_hub.url, HF_HUB_OFFLINE="1"))
    assert stdout == str(snapshot), lines
    assert lines[1].endswith(f"using what its cache holds, revision {COMMIT}")
    assert sorted(fake_hub.sent) == wanted
    assert find("acme/BASE", catalogue={"base": repository}) == found

    # A flipped byte in the hub's cache is noticed, not renamed, and put right by a pull.
    weights = snapshot / "model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    stdout, lines = finish(pull_process(repository, HF_ENDPOINT=fake_hub.url))
    assert stdout == str(snapshot), lines
    assert lines[0].startswith(f"{weights} is corrupt: sha256 ")
    assert lines[0].endswith("; run: codegpt models pull base")
    assert weights.read_bytes() == good
    assert sorted(fake_hub.sent) == sorted([*wanted, "model.safetensors"])


def test_safetensors_other_than_the_hub_states(
    repository: CatalogueEntry, fake_hub: FakeHub, pull_process: Callable[..., "Popen[str]"]
) -> None:
    data = fake_hub.repositories["acme/base"]["model.safetensors"]
    fake_hub.lies["model.safetensors"] = data[:-1] + bytes([data[-1] ^ 1])
    stdout, lines = finish(pull_process(repository, HF_ENDPOINT=fake_hub.url))
    stated = sha256(data).hexdigest()
    assert stdout == ""
    assert lines[-1] == (
        f"CheckpointError: acme/base/model.safetensors: the hub states sha256 {stated}, but sent something else"
    )
    assert not (home_of("base") / "codegpt.json").exists()


def test_a_repository_of_pickles(
    repository: CatalogueEntry, fake_hub: FakeHub, pull_process: Callable[..., "Popen[str]"]
) -> None:
    del fake_hub.repositories["acme/base"]["model.safetensors"]
    _, lines = finish(pull_process(repository, HF_ENDPOINT=fake_hub.url))
    assert lines[-1] == ("CheckpointError: acme/base on the hub holds no safetensors; pickle checkpoints are refused")
    assert fake_hub.sent == []


def test_no_such_repository_and_no_mirror(
    repository: CatalogueEntry, fake_hub: FakeHub, pull_process: Callable[..., "Popen[str]"]
) -> None:
    fake_hub.repositories.clear()
    _, lines = finish(pull_process(repository, HF_ENDPOINT=fake_hub.url))
    assert len(lines) == 2
    assert lines[-1].startswith("DownloadError: cannot download base (the hub: ")


def test_a_hub_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging:
        def model_info(self, *args: object, **kwargs: object) -> None:
            time.sleep(30)

    monkeypatch.setattr("huggingface_hub.HfApi", Hanging)
    assert hub.REACH_S == 5.0
    monkeypatch.setattr(hub, "REACH_S", 0.1)
    began = time.monotonic()
    with pytest.raises(hub.HubUnreachable, match="no answer within 0 s"):
        hub.ask_hub(HubSource("a/b", "main", None))
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("x (os error 28)")])
def test_a_full_disk_is_not_taken_for_an_unreachable_hub(error: Exception) -> None:
    with pytest.raises(OSError, match="No space left on device"), hub._failing_as_unreachable():
        raise error
