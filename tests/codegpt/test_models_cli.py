"""`codegpt models`: results on stdout, progress on stderr, our errors passed on for the main command to print."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import save_file

from codegpt import models_cli, shown_progress
from codegpt.checkpoints import CHECKPOINTS, Checkpoint, Progress, embedded
from codegpt.checkpoints.homes import home_of
from codegpt.checkpoints.manifest import Manifest, stamp_files, write_manifest
from codegpt.errors import CheckpointError, DownloadError, InputError, ModelNotFound

NAME = "qwen2.5-coder-0.5b-instruct"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embedded, "FOLDER", tmp_path / "none")
    return tmp_path / "cache"


@pytest.fixture
def installed(cache: Path) -> Path:
    """The default model as it looks when it was pulled, with one small file."""
    directory = home_of(NAME) / "model"
    directory.mkdir(parents=True)
    (directory / "config.json").write_text("{}")
    files = stamp_files(directory, ["config.json"], {})
    write_manifest(home_of(NAME), Manifest(NAME, "test", "d" * 64, "model", files))
    return directory


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models_cli.models, arguments)


def test_list_as_json(installed: Path) -> None:
    result = run("list", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    rows = json.loads(result.stdout)
    assert [row["name"] for row in rows] == list(CHECKPOINTS)
    assert rows[0] == {
        "name": NAME,
        "default": True,
        "parameters": 494032768,
        "download_bytes": 491400064,
        "licence": "Apache-2.0",
        "hub": "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF@ebb2015119c907b064c512bf053e945850b5875f",
        "sha256": "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        "fim": "qwen2.5-coder/spm",
        "run": True,
        "pulled": "yes",
    }
    assert [row["pulled"] for row in rows] == ["yes", "no", "no", "no"]
    (installed / "config.json").write_text("[]")
    assert json.loads(run("list", "--json").stdout)[0]["pulled"] == "corrupt"


def test_list_fits_eighty_columns(installed: Path) -> None:
    lines = run("list").stdout.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["name", "params", "size", "licence", "run", "here", "pulled"],
        [NAME, "0.49B", "491", "MB", "Apache-2.0", "yes", "yes"],
        ["qwen2.5-coder-1.5b-instruct", "1.54B", "1,117", "MB", "Apache-2.0", "yes", "no"],
    ]
    assert max(len(line) for line in lines[:5]) <= 80
    assert lines[5].startswith(f"The default is {NAME}.")


def test_the_model_that_ships_is_listed(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shipped"
    folder.mkdir()
    save_file({"w": np.zeros(1, dtype=np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    card = {"format": 1, "fim": "qwen2.5-coder/spm", "one_line": True, "confidence": 0.5, "parameters": 8_000_000}
    (folder / "codegpt-card.json").write_text(json.dumps(card))
    monkeypatch.setattr(embedded, "FOLDER", folder)
    row = json.loads(run("list", "--json").stdout)[-1]
    assert (row["name"], row["parameters"], row["download_bytes"]) == ("embedded", 8_000_000, 0)
    assert (row["fim"], row["pulled"], len(row["sha256"])) == ("qwen2.5-coder/spm", "yes", 64)
    assert run("list").stdout.splitlines()[5].split() == ["embedded", "0.01B", "ships", "Apache-2.0", "yes", "yes"]


def test_path_prints_the_directory_and_nothing_else(installed: Path) -> None:
    result = run("path")
    assert (result.stdout, result.stderr, result.exit_code) == (f"{installed}\n", "", 0)
    assert run("path", NAME.upper()).stdout == f"{installed}\n"


def test_verify(installed: Path) -> None:
    result = run("verify", NAME)
    assert result.stdout == f"{NAME}: intact, sha256 {'d' * 64}\n"
    assert result.stderr == "checking the model's files\n"


@pytest.mark.parametrize(
    ("arguments", "error", "line"),
    [
        (["path", "gpt"], ModelNotFound, "unknown model 'gpt'; known: "),
        (["path"], ModelNotFound, f"{NAME} is not on this machine yet; run: codegpt models pull {NAME}"),
        (["verify", "/absent"], ModelNotFound, "there is no /absent"),
        (["verify", "embedded"], InputError, "embedded is part of the package"),
        (["pull", "./here"], InputError, "is a path: there is nothing to pull"),
        (["pull", "gpt"], ModelNotFound, "unknown model 'gpt'; known: "),
    ],
)
def test_errors_are_ours_and_nothing_is_written(
    cache: Path, arguments: list[str], error: type[Exception], line: str
) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert line in str(result.exception)
    assert "\n" not in str(result.exception)
    assert (result.stdout, result.stderr) == ("", "")
    assert not cache.exists()


def test_a_corrupt_file_is_passed_on(installed: Path) -> None:
    (installed / "config.json").write_text("[]")
    result = run("path")
    assert isinstance(result.exception, CheckpointError)
    assert str(result.exception).endswith(f"set aside as config.json.corrupt; run: codegpt models pull {NAME}")


def stub_pull(monkeypatch: pytest.MonkeyPatch, error: BaseException | None = None) -> None:
    def pull(name: str, progress: Progress) -> Checkpoint:
        progress.say(f"{name}: [news]")
        for done in range(0, 101, 10):
            progress.step("downloading x", done, 100)
        progress.step("of unknown size", 5, 0)
        if error:
            raise error
        return Checkpoint(name, Path("/cache/model"), Path("/cache"), "d", None)

    monkeypatch.setattr(models_cli, "pull_checkpoint", pull)


def test_pull_into_a_log(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_pull(monkeypatch)
    result = run("pull")
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{NAME}: [news]",
        "downloading x",
        "of unknown size",
        f"{NAME}: ready in /cache/model",
    ]
    monkeypatch.setattr(shown_progress, "PLAIN_INTERVAL_S", 0.0)
    assert run("pull").stderr.splitlines()[1:4] == ["downloading x", "downloading x: 10 %", "downloading x: 20 %"]


def test_pull_on_a_terminal(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_pull(monkeypatch)
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("pull")
    assert result.stdout == ""
    assert f"{NAME}: [news]" in result.stderr
    assert "100/100 bytes" in result.stderr


def test_an_interrupted_pull_says_how_to_go_on(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_pull(monkeypatch, KeyboardInterrupt())
    result = run("pull", "acme/model")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "stopped; run the same command again to go on from here"


def test_a_failed_pull_is_passed_on(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_pull(monkeypatch, DownloadError("no network"))
    assert isinstance(run("pull").exception, DownloadError)
