from pathlib import Path

import pytest

from codegpt.checkpoints import DEFAULT_MODEL, EMBEDDED, at_hand, find, stands_in
from codegpt.checkpoints import embedded as shipped
from codegpt.checkpoints.homes import home_of
from codegpt.checkpoints.manifest import MANIFEST_NAME, Manifest, write_manifest
from codegpt.errors import ModelNotFound


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)


def test_it_stands_in_for_the_default_model_alone() -> None:
    assert at_hand(DEFAULT_MODEL) == EMBEDDED
    assert at_hand("qwen2.5-coder-1.5b-instruct") == "qwen2.5-coder-1.5b-instruct"
    assert at_hand("org/name") == "org/name"
    assert at_hand(f"{DEFAULT_MODEL}+mine") == f"{DEFAULT_MODEL}+mine"
    assert at_hand(EMBEDDED) == EMBEDDED


def test_it_is_silent_once_a_larger_one_is_there() -> None:
    for pulled in ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b-instruct", DEFAULT_MODEL):
        write_manifest(home_of(pulled), Manifest(pulled, "", "d", "model", {}))
        assert at_hand(DEFAULT_MODEL) == pulled
    (home_of(DEFAULT_MODEL) / MANIFEST_NAME).unlink()
    assert at_hand(DEFAULT_MODEL) == "qwen2.5-coder-1.5b-instruct"
    assert stands_in("qwen2.5-coder-1.5b-instruct") == (
        "qwen2.5-coder-0.5b-instruct is not on this machine yet; until `codegpt models pull`, "
        "qwen2.5-coder-1.5b-instruct stands in"
    )


def test_a_package_without_one(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").unlink()
    assert at_hand(DEFAULT_MODEL) == DEFAULT_MODEL
    with pytest.raises(
        ModelNotFound, match=f"built without a model of its own; run: codegpt models pull {DEFAULT_MODEL}"
    ):
        find(EMBEDDED)
