"""int8 matrices on disk: what is read is what was written, or nothing."""

from pathlib import Path

import pytest
import torch

from codegpt.engine import int8_store
from codegpt.engine.int8 import Int8, quantize
from codegpt.engine.int8_store import Int8Store


@pytest.fixture
def matrices() -> dict[str, Int8]:
    torch.manual_seed(1)
    return {name: quantize(torch.randn(5, 8)) for name in ("head", "layers.0.qkv")}


def test_round_trip(tmp_path: Path, matrices: dict[str, Int8]) -> None:
    path = tmp_path / "home" / "int8.safetensors"
    assert Int8Store(path, "d1").read() == {}
    Int8Store(path, "d1").write(matrices)
    found = Int8Store(path, "d1").read()
    assert set(found) == set(matrices)
    for name, matrix in matrices.items():
        assert torch.equal(found[name].weight, matrix.weight)
        assert torch.equal(found[name].scale, matrix.scale)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_another_checkpoint_or_format(
    tmp_path: Path, matrices: dict[str, Int8], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "int8.safetensors"
    Int8Store(path, "d1").write(matrices)
    assert Int8Store(path, "d2").read() == {}
    monkeypatch.setattr(int8_store, "FORMAT", "next")
    assert Int8Store(path, "d1").read() == {}


@pytest.mark.parametrize("length", [0, 7, 100, -1])
def test_a_file_that_is_not_whole(tmp_path: Path, matrices: dict[str, Int8], length: int) -> None:
    path = tmp_path / "int8.safetensors"
    Int8Store(path, "d1").write(matrices)
    path.write_bytes(path.read_bytes()[:length])
    assert Int8Store(path, "d1").read() == {}
    Int8Store(path, "d1").write(matrices)
    assert set(Int8Store(path, "d1").read()) == set(matrices)


def test_what_a_killed_process_left_goes(tmp_path: Path, matrices: dict[str, Int8]) -> None:
    path = tmp_path / "int8.safetensors"
    (tmp_path / "int8.safetensors.4711.tmp").write_bytes(b"begun")
    Int8Store(path, "d1").write(matrices)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_nowhere_and_where_nothing_can_be_written(tmp_path: Path, matrices: dict[str, Int8]) -> None:
    Int8Store(None, "d1").write(matrices)
    assert Int8Store(None, "d1").read() == {}
    (tmp_path / "file").write_text("")
    blocked = Int8Store(tmp_path / "file" / "int8.safetensors", "d1")
    blocked.write(matrices)
    assert blocked.read() == {}
