"""`codegpt context` as a person uses it."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegpt import load
from codegpt.cli import cli
from codegpt.console import run
from codegpt.indexing.files import project_of

TEXTS = {
    "pyproject.toml": "",
    "app/core.py": 'def fetch(url: str) -> bytes:\n    """Gets it."""\n    return b""\n',
    "app/here.py": "from app.core import fetch\n\n\ndef main():\n    data = fetch(\n",
    "big.py": "x = 1\n" * 200_000,
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(load, "token_counter", lambda _model: len)
    for path, text in TEXTS.items():
        (tmp_path / "work" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / path).write_text(text, encoding="utf-8")
    return tmp_path / "work"


def said(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(cli, ["context", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_what_would_be_sent_and_why(root: Path) -> None:
    out, error = said(str(root / "app/here.py"), "--at", "5:18")
    assert out == (
        "=== app/core.py (59 tokens)\n    4.00 imported: fetch\ndef fetch(url: str) -> bytes: ...  # Gets it.\n\n"
    )
    assert error == "codegpt: 59 tokens of 1 files; 1 files are skipped\n"


def test_as_json_and_the_same_every_time(root: Path) -> None:
    command = (str(root / "app/here.py"), "--at", "5:18", "--json")
    out, _ = said(*command)
    assert json.loads(out) == {
        "tokens": 59,
        "chunks": [
            {
                "path": "app/core.py",
                "tokens": 59,
                "text": "def fetch(url: str) -> bytes: ...  # Gets it.\n",
                "pieces": [{"name": "fetch", "kind": "function", "source": "imported", "score": 4.0}],
            }
        ],
        "skipped": {"big.py": "larger than 1 MiB"},
    }
    assert said(*command)[0] == out


def test_sources_and_tokens(root: Path) -> None:
    command = (str(root / "app/here.py"), "--at", "5:18")
    assert said(*command, "--tokens", "10")[0] == ""
    assert said(*command, "--source", "recent")[0] == ""


def test_a_file_that_has_changed_is_read_again(root: Path) -> None:
    said(str(root / "app/here.py"), "--at", "5:18")
    (root / "app/core.py").write_text("def fetch(url: str, retries: int) -> bytes: pass\n")
    assert "retries: int" in said(str(root / "app/here.py"), "--at", "5:18")[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.py", "--at", "1:1"), "none.py does not exist"),
        (("app/here.py", "--at", "99:1"), "line 99 is past the end"),
        (("app/here.py", "--at", "1:1", "--workspace", "app/none"), "does not exist"),
        (("../outside.py", "--at", "1:1", "--workspace", "."), "name the folder that holds both"),
    ],
)
def test_bad_input_is_one_clear_line(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (root.parent / "outside.py").write_text("x = 1\n")
    monkeypatch.chdir(root)
    assert run(cli, "codegpt", ["context", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error.replace("\n", " ") and "Traceback" not in error


def test_a_cache_that_cannot_be_written(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root.parent / "file").write_text("")
    monkeypatch.setenv("CODEGPT_CACHE", str(root.parent / "file"))
    assert run(cli, "codegpt", ["context", str(root / "app/here.py"), "--at", "1:1"]) == 2
    assert "cannot be kept in" in capsys.readouterr().err


def test_where_a_project_begins(tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/pkg/sub").mkdir(parents=True)
    assert project_of(tmp_path / "repo/pkg/sub/a.py") == tmp_path / "repo"
    (tmp_path / "repo/pkg/package.json").write_text("{}")
    assert project_of(tmp_path / "repo/pkg/sub/a.py") == tmp_path / "repo/pkg"
    alone = Path(os.path.realpath(tmp_path)) / "alone"
    alone.mkdir()
    assert project_of(alone / "a.py") in (alone, *alone.parents)
