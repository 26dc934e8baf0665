import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from codegpt.checkpoints.adapters import adapted, find, folder_of, with_adapter, without_adapter
from codegpt.checkpoints.homes import cache_root
from codegpt.checkpoints.store import Checkpoint
from codegpt.errors import CheckpointError, ModelNotFound


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def base(tmp_path: Path) -> Checkpoint:
    return Checkpoint("m", tmp_path / "m", tmp_path / "home", "d1", None)


def make(folder: Path, base_digest: str | None = "d1", weights: bytes = b"1") -> None:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(weights)
    if base_digest:
        record = {"format": 1, "base": "m", "base_digest": base_digest}
        (folder / "codegpt.json").write_text(json.dumps(record))


def make_model(folder: Path) -> Path:
    folder.mkdir()
    save_file({"a": np.zeros(1)}, folder / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    return folder


def test_by_name_and_by_path(base: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(folder_of("mine"))
    make(tmp_path / "other", None, b"2")
    monkeypatch.chdir(tmp_path)
    mine, other = adapted(base, "mine"), adapted(base, "./other")
    assert (mine.name, mine.directory, mine.adapter) == ("m+mine", base.directory, cache_root() / "adapters" / "mine")
    assert (other.name, other.adapter) == ("m+other", tmp_path / "other")
    assert len({base.digest, mine.digest, other.digest}) == 3
    assert len({base.home, mine.home, other.home}) == 3
    assert adapted(base, str(tmp_path / "other")) == other


def test_a_model_and_its_adapter_have_one_name(tmp_path: Path) -> None:
    assert (with_adapter("m", ""), with_adapter("m", "mine")) == ("m", "m+mine")
    model = make_model(tmp_path / "small+1")
    make(folder_of("mine"), None)
    assert find(str(model)).adapter is None
    (tmp_path / "small").symlink_to(model)
    found = find(f"{tmp_path / 'small'}+mine")
    assert (found.name, found.adapter) == (f"{tmp_path / 'small'}+mine", folder_of("mine"))
    with pytest.raises(ModelNotFound, match="no adapter 'other'"):
        find(f"{tmp_path / 'small'}+other")
    with pytest.raises(ModelNotFound, match="unknown model 'nothing'"):
        find("nothing+mine")


def test_the_working_directory_is_never_asked_for_a_name(
    base: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelNotFound, match=r"no adapter 'mine'.*codegpt-train finetune makes one"):
        adapted(base, "mine")
    make(folder_of("yours"))
    with pytest.raises(ModelNotFound, match="known: yours"):
        adapted(base, "mine")


@pytest.mark.parametrize(
    ("model", "base", "adapter"),
    [
        ("m", "m", ""),
        ("m+a", "m", "a"),
        ("org/m+a", "org/m", "a"),
        ("m+./a", "m", "./a"),
        ("m+~nobody/a", "m", "~nobody/a"),
        ("./c++/m", "./c++/m", ""),
        ("./c++/m+a", "./c++/m", "a"),
        ("./c++/m+./c++/a", "./c++/m", "./c++/a"),
        ("m+v2.gguf", "m+v2.gguf", ""),
        ("~nobody/m", "~nobody/m", ""),
        ("./none+a", "./none+a", ""),
    ],
)
def test_where_a_name_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, base: str, adapter: str
) -> None:
    (tmp_path / "c++" / "m").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert without_adapter(model) == (base, adapter)


def test_a_user_that_there_is_not_is_said(base: Checkpoint) -> None:
    with pytest.raises(ModelNotFound, match="no adapter '~nobody-here/a'"):
        adapted(base, "~nobody-here/a")


@pytest.mark.parametrize("name", ["a b", "é", "-x", ""])
def test_what_is_no_name(base: Checkpoint, name: str) -> None:
    with pytest.raises(ModelNotFound, match="is no name for an adapter"):
        adapted(base, name)


def test_for_another_model(base: Checkpoint) -> None:
    make(folder_of("mine"), "d2")
    with pytest.raises(CheckpointError, match="was made for m; it adapts no other"):
        adapted(base, "mine")


@pytest.mark.parametrize("record", ["{", '{"format": 1}', "[]"])
def test_a_record_that_cannot_be_read(base: Checkpoint, record: str) -> None:
    make(folder_of("mine"))
    (folder_of("mine") / "codegpt.json").write_text(record)
    with pytest.raises(CheckpointError, match="cannot be read"):
        adapted(base, "mine")


def test_a_record_of_another_format(base: Checkpoint) -> None:
    make(folder_of("mine"))
    (folder_of("mine") / "codegpt.json").write_text('{"format": 2}')
    with pytest.raises(CheckpointError, match="another version"):
        adapted(base, "mine")
