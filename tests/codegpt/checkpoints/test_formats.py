"""Pickles are refused by name and by content; what is accepted is exactly listed."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import pytest

from codegpt.checkpoints import find
from codegpt.checkpoints.formats import check_directory, check_gguf, check_safetensors
from codegpt.errors import CheckpointError, ModelNotFound


def safetensors(header: bytes = b'{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}') -> bytes:
    return len(header).to_bytes(8, "little") + header + b"\0"


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    return out.getvalue()


PICKLES = {"pickle 2": pickle.dumps({"w": 1}, 2), "pickle 4": pickle.dumps({"w": 1}, 4), "zip": zipped()}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "user" / "model"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(safetensors())
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_the_files_that_matter_and_no_others(directory: Path) -> None:
    for name in ("pytorch_model.bin", "modeling_evil.py", "README.md", "adapter_model.safetensors"):
        (directory / name).write_bytes(b"whatever")
    (directory / "generation_config.json").write_text("{}")
    assert check_directory(directory) == (
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
    )


def test_the_shards_of_an_index(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "model-00001-of-00001.safetensors")
    index = directory / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"x": "model-00001-of-00001.safetensors"}}))
    assert check_directory(directory) == (
        "config.json",
        "model-00001-of-00001.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
    )


@pytest.mark.parametrize(
    ("shard", "line"),
    [
        ("pytorch_model.bin", "names pytorch_model.bin, a pickle"),
        ("../model.safetensors", "names ../model.safetensors, which is not a safetensors file beside it"),
        ("absent.safetensors", "names absent.safetensors, which is not a safetensors file beside it"),
        (3, "names 3, which is not a safetensors file beside it"),
    ],
)
def test_an_index_names_nothing_else(directory: Path, shard: object, line: str) -> None:
    (directory / "pytorch_model.bin").write_bytes(PICKLES["zip"])
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": shard}}))
    with pytest.raises(CheckpointError, match=line):
        check_directory(directory)


@pytest.mark.parametrize("text", ["", "[]", '{"weight_map": 1}', "{}"])
def test_a_broken_index(directory: Path, text: str) -> None:
    (directory / "model.safetensors.index.json").write_text(text)
    with pytest.raises(CheckpointError, match="is not a valid index of shards"):
        check_directory(directory)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_an_incomplete_directory(directory: Path, name: str) -> None:
    (directory / name).unlink()
    with pytest.raises(ModelNotFound, match=f"is no checkpoint: it has no {name}"):
        check_directory(directory)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth", "last.ckpt", "model.pkl"])
def test_a_directory_with_nothing_but_pickles(directory: Path, cache: Path, name: str) -> None:
    (directory / "model.safetensors").rename(directory / name)
    with pytest.raises(
        CheckpointError, match=rf"{name} is a pickle checkpoint: loading one can run the code inside it"
    ):
        find(str(directory))


@pytest.mark.parametrize("content", PICKLES)
@pytest.mark.parametrize("name", ["m.gguf", "model.safetensors", "m.bin", "m.PT", "m.ckpt"])
def test_a_pickle_under_any_name(tmp_path: Path, cache: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(PICKLES[content])
    with pytest.raises(CheckpointError, match="is a pickle checkpoint"):
        find(str(tmp_path / name))
    assert not cache.exists()


@pytest.mark.parametrize("content", PICKLES)
def test_a_pickle_inside_a_directory(directory: Path, cache: Path, content: str) -> None:
    (directory / "model.safetensors").write_bytes(PICKLES[content])
    with pytest.raises(CheckpointError, match=r"is a pickle checkpoint named \.safetensors"):
        find(str(directory))


@pytest.mark.parametrize("content", [b"", b"GGU", b"ggml", safetensors()])
def test_not_a_gguf(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a GGUF file, or is truncated"):
        check_gguf(tmp_path / "m.gguf")


@pytest.mark.parametrize("content", [b"", safetensors()[:8], b"GGUF" * 9, b"\xff" * 8 + b"{", safetensors()[:30]])
def test_not_safetensors(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a safetensors file, or is truncated"):
        check_safetensors(tmp_path / "m.safetensors")


def test_a_header_whose_length_looks_like_a_pickle(tmp_path: Path) -> None:
    content = safetensors(b'{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.ljust(0x0280))
    assert content[:2] == b"\x80\x02"
    (tmp_path / "m.safetensors").write_bytes(content)
    check_safetensors(tmp_path / "m.safetensors")


def test_a_configuration_that_names_other_weights(directory: Path) -> None:
    (directory / "config.json").write_text('{"transformers_weights": "adapter_model.bin"}')
    with pytest.raises(CheckpointError, match=r"names other weights \('adapter_model.bin'\) than model.safetensors"):
        check_directory(directory)


@pytest.mark.parametrize("text", ["[]", "nonsense", ""])
def test_a_broken_configuration(directory: Path, text: str) -> None:
    (directory / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json is not a valid configuration"):
        check_directory(directory)


def test_an_index_beside_whole_weights(directory: Path) -> None:
    (directory / "model-00001-of-00001.safetensors").write_bytes(safetensors())
    index = json.dumps({"weight_map": {"x": "model-00001-of-00001.safetensors"}})
    (directory / "model.safetensors.index.json").write_text(index)
    assert {"model.safetensors", "model-00001-of-00001.safetensors"} <= set(check_directory(directory))
