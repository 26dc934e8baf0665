from pathlib import Path

import pytest

from codegpt.errors import InputError
from codegpt.training.repository import read_repository


def fill(root: Path, count: int = 10) -> None:
    for number in range(count):
        (root / f"m{number}.py").write_text(f"def value_{number}(first):\r\n    return first.value_{number}\r\n")


def test_what_is_learnt_and_what_is_held_out(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "app.ts").write_text("export const area = (a: number) => a * a\n")
    found = read_repository(tmp_path)
    assert (len(found.learnt), len(found.held_out), found.left_out) == (9, 2, {})
    assert found.texts["m3.py"] == "def value_3(first):\n    return first.value_3\n"
    assert {each.path for each in found.learnt}.isdisjoint(each.path for each in found.held_out)
    assert read_repository(tmp_path) == found


def test_secrets_ignored_files_and_what_nobody_wrote_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    (tmp_path / "ignored.py").write_text("value = ignored\n")
    (tmp_path / "key.py").write_text('token = "ghp_' + "a1B2" * 9 + '"\n')
    (tmp_path / "model_pb2.py").write_text("value = made\n")
    (tmp_path / "empty.py").write_text("\n")
    (tmp_path / "binary.py").write_bytes(b"value = 1\0")
    found = read_repository(tmp_path)
    assert found.left_out == {
        "a secret": ["key.py"],
        "binary": ["binary.py"],
        "empty": ["empty.py"],
        "generated": ["model_pb2.py"],
    }
    assert len(found.texts) == 10
    assert not any("ghp_" in text for text in found.texts.values())


def test_too_little_is_said(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    with pytest.raises(InputError, match="holds 3 files that can be learnt from; at least 4"):
        read_repository(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        read_repository(tmp_path / "nowhere")
