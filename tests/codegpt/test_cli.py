import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegpt import load
from codegpt.checkpoints import DEFAULT_MODEL
from codegpt.cli import cli
from codegpt.console import run
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.errors import ModelNotFound
from codegpt.load import LoadedModel
from codegpt.prompt import Prompt, parse_fim

CODEGPT = Path(sys.executable).with_name("codegpt")
TEXT = "def f(a, b):\n    return \n"
Load = Callable[[LoadedModel], list[tuple[str, str]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one file of each kind."""
    (tmp_path / "a.py").write_text(TEXT)
    (tmp_path / "empty.py").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.py").write_bytes(b"a\0b")
    (tmp_path / "latin.py").write_bytes(b"caf\xe9\n")
    os.mkfifo(tmp_path / "pipe.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Makes `load_model` answer with what the test says; the list collects what it was asked for."""

    def use(loaded: LoadedModel) -> list[tuple[str, str]]:
        asked: list[tuple[str, str]] = []

        def load_model(model: str, fim: str = "") -> LoadedModel:
            asked.append((model, fim))
            return loaded

        monkeypatch.setattr(load, "load_model", load_model)
        monkeypatch.setattr(load, "at_hand", lambda model: model)
        return asked

    return use


LARGER = "qwen2.5-coder-1.5b-instruct"
NOT_A_POSITION = "is not a position; write LINE:COL, for instance 12:5"
WRONG: list[tuple[list[str], str]] = [
    (["nope.py", "--at", "1:1"], "nope.py does not exist"),
    (["folder", "--at", "1:1"], "folder is a directory; name a file"),
    (["binary.py", "--at", "1:1"], "binary.py is a binary file"),
    (["latin.py", "--at", "1:1"], "latin.py is not UTF-8 text"),
    (["pipe.py", "--at", "1:1"], "pipe.py is not a regular file"),
    (["a.py", "--at", "0:0"], "0:0: lines and columns count from 1"),
    (["a.py", "--at", "1:0"], "1:0: lines and columns count from 1"),
    (["a.py", "--at", "4:1"], "line 4 is past the end: the file has 3 lines"),
    (["a.py", "--at", "2:13"], "column 13 is past the end of line 2, which has 11 characters"),
    (["a.py", "--at", "12"], f"'12' {NOT_A_POSITION}"),
    (["a.py", "--at", ""], f"'' {NOT_A_POSITION}"),
    (["a.py", "--at", "-1:1"], f"'-1:1' {NOT_A_POSITION}"),
    (["a.py", "--at", "１:１"], f"'１:１' {NOT_A_POSITION}"),
    (["a.py", "--at", "9" * 30 + ":1"], f"'{'9' * 30}:1' {NOT_A_POSITION}"),
    (["a.py", "--at", "1:1\nx"], f"'1:1\\nx' {NOT_A_POSITION}"),
    (["a.py", "--at", "1:1", "--fim", "nope"], "unknown fill-in-the-middle format 'nope'; known: "),
    (["a.py", "--at", "1:1", "--model", "no-such-model"], "unknown model 'no-such-model'; known: "),
    (["a.py", "--at", "1:1", "--model", "./no/such/model"], "there is no "),
    (["a.py", "--at", "1:1", "--model", ""], "unknown model ''; known: "),
    (["a.py", "--at", "1:1", "--model", LARGER], f"{LARGER} is not on this machine yet; run: codegpt models pull"),
    (["a.py"], "Missing option '--at'."),
    (["--at", "1:1"], "Missing argument 'FILE'."),
    (["a.py", "b.py", "--at", "1:1"], "Got unexpected extra argument (b.py)"),
    (["a.py", "--at", "1:1", "--nope"], "No such option"),
    (["", "--at", "1:1"], ". is a directory; name a file"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_bad_input_is_one_line_and_code_2(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cli, "codegpt", ["complete", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"codegpt: {message}")
    assert captured.err.endswith("\n")
    assert len(captured.err.splitlines()) == 1


def test_bad_input_in_a_process_of_its_own_is_the_same_and_never_imports_torch(folder: Path) -> None:
    """All cases in one process, since starting twenty takes longer than all else."""
    script = (
        "import json, sys\n"
        "from codegpt.cli import cli\n"
        "from codegpt.console import run\n"
        "codes = [run(cli, 'codegpt', ['complete', *arguments]) for arguments in json.loads(sys.argv[1])]\n"
        "heavy = {'torch', 'transformers', 'pygls', 'gguf'} & set(sys.modules)\n"
        "assert codes == [2] * len(codes) and not heavy, (codes, heavy)\n"
    )
    cases = json.dumps([arguments for arguments, _ in WRONG])
    done = subprocess.run(
        [sys.executable, "-c", script, cases], capture_output=True, text=True, timeout=60, check=False
    )
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (0, "", len(WRONG)), done.stderr
    for line, (_, message) in zip(lines, WRONG, strict=True):
        assert line.startswith(f"codegpt: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["complete", "nope.py", "--at", "1:1"], "codegpt: nope.py does not exist\n"),
        (["complete", "pipe.py", "--at", "1:1"], "codegpt: pipe.py is not a regular file\n"),
        (["complete", "a.py", "--at", "9:9"], "codegpt: line 9 is past the end: the file has 3 lines\n"),
        (["complete", "a.py"], "codegpt: Missing option '--at'.\n"),
        (["nope"], "codegpt: No such command 'nope'.\n"),
    ],
)
def test_the_console_script(folder: Path, arguments: list[str], message: str) -> None:
    done = subprocess.run([CODEGPT, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_the_text_and_nothing_else(folder: Path, loads: Load, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    asked = loads(LoadedModel(ScriptedEngine(" a + b  # é😀\nx = 1\n"), parse_fim("qwen2.5-coder/psm")))
    arguments = ["complete", "a.py", "--at", "2:12", "--model", "m", "--fim", "qwen2.5-coder/psm"]
    assert run(cli, "codegpt", arguments) == 0
    assert capfdbinary.readouterr() == ("a + b  # é😀".encode(), b"")
    assert asked == [("m", "qwen2.5-coder/psm")]


def test_a_crlf_text_is_printed_byte_for_byte(
    folder: Path, loads: Load, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (folder / "crlf.py").write_bytes(b"def f():\r\n")
    loads(LoadedModel(ScriptedEngine("\n    a\n    b\n"), None))
    assert run(cli, "codegpt", ["complete", "crlf.py", "--at", "1:9"]) == 0
    assert capfdbinary.readouterr() == (b"\r\n    a\r\n    b", b"")


@pytest.mark.parametrize(("place", "text"), [("1:1", "async "), ("1:13", "  # zz"), ("2:12", "zz"), ("3:1", "zz")])
def test_one_past_the_end_of_a_line_is_a_place(
    folder: Path, loads: Load, place: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    loads(LoadedModel(ScriptedEngine(text), None))
    assert run(cli, "codegpt", ["complete", "a.py", "--at", place]) == 0
    assert capfd.readouterr() == (text, "")


def test_the_only_place_of_an_empty_file(folder: Path, loads: Load, capfd: pytest.CaptureFixture[str]) -> None:
    asked = loads(LoadedModel(ScriptedEngine("import os\n"), None))
    assert run(cli, "codegpt", ["complete", "empty.py", "--at", "1:1"]) == 0
    assert capfd.readouterr() == ("import os", "")
    assert asked == [(DEFAULT_MODEL, "")]


def test_a_byte_order_mark_takes_no_column(folder: Path, loads: Load, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "bom.py").write_bytes(b"\xef\xbb\xbfx =\n")
    loads(LoadedModel(ScriptedEngine(lambda prompt, _row: repr(prompt.parts)), None))
    assert run(cli, "codegpt", ["complete", "bom.py", "--at", "1:4"]) == 0
    assert capfd.readouterr() == ("('x =',)", "")


def test_no_suggestion_says_why(folder: Path, loads: Load, capsys: pytest.CaptureFixture[str]) -> None:
    loads(LoadedModel(ScriptedEngine(""), None))
    assert run(cli, "codegpt", ["complete", "a.py", "--at", "1:1"]) == 0
    assert capsys.readouterr() == ("", "codegpt: no suggestion: the model wrote nothing\n")


def test_a_warning_goes_to_standard_error(folder: Path, loads: Load, capfd: pytest.CaptureFixture[str]) -> None:
    loads(LoadedModel(ScriptedEngine("1"), None, "mind the gap"))
    assert run(cli, "codegpt", ["complete", "a.py", "--at", "3:1"]) == 0
    assert capfd.readouterr() == ("1", "codegpt: mind the gap\n")


def test_as_json(folder: Path, loads: Load, capsys: pytest.CaptureFixture[str]) -> None:
    loads(LoadedModel(ScriptedEngine(" é)\n"), parse_fim("qwen2.5-coder/spm")))
    assert run(cli, "codegpt", ["complete", "a.py", "--at", "2:12", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    result = json.loads(captured.out)
    assert {name: value for name, value in result.items() if name not in ("load_s", "complete_s")} == {
        "text": "é",
        "others": [],
        "why_none": "",
        "model": "scripted",
        "fim": "qwen2.5-coder/spm",
        "extent": "line",
        "mean_logprob": -0.1,
        "stop_reason": "stop",
        "context": [],
        "cuts": [
            {"rule": "drop_typed_space", "reason": "white space that is already typed", "characters": 1},
            {"rule": "stop_at_line_end", "reason": "the completion is for this line only", "characters": 1},
            {"rule": "drop_unopened_closers", "reason": "a bracket closes that is not open here", "characters": 1},
        ],
    }
    assert 0 <= result["load_s"] < 5
    assert 0 <= result["complete_s"] < 5


def test_other_files_of_a_workspace_are_told(
    tmp_path: Path, loads: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    (work / "core.py").write_text("def fetch(url: str) -> bytes:\n    return b''\n")
    (work / "app.py").write_text("from core import fetch\n\nfetch(\n")
    asked: list[str] = []

    def script(prompt: Prompt, _row: int) -> str:
        asked.append(prompt_text(prompt))
        return "URL)\n"

    loads(LoadedModel(ScriptedEngine(script), parse_fim("qwen2.5-coder/spm")))
    place = ["complete", str(work / "app.py"), "--at", "3:7", "--json"]
    assert run(cli, "codegpt", [*place, "--workspace", str(work)]) == 0
    told = json.loads(capsys.readouterr().out)["context"]
    assert [chunk["path"] for chunk in told] == ["core.py"] and told[0]["tokens"] > 0
    assert "core.py\ndef fetch(url: str) -> bytes: ...\n" in asked[0]
    assert run(cli, "codegpt", place) == 0
    assert json.loads(capsys.readouterr().out)["context"] == []
    assert run(cli, "codegpt", [*place, "--workspace", str(tmp_path / "cache")]) == 2
    error = capsys.readouterr().err
    assert "app.py is not in" in error and "name the folder that holds both with --workspace" in error


def test_several_candidates(folder: Path, loads: Load, capsys: pytest.CaptureFixture[str]) -> None:
    engine = ScriptedEngine(lambda _prompt, row: f"{row}\n", fit=lambda _prompt, text, _following: float(text))
    loads(LoadedModel(engine, None))
    (folder / "two.py").write_text("x = \ny = x\n")
    arguments = ["complete", "two.py", "--at", "1:5", "--candidates", "3"]
    assert run(cli, "codegpt", arguments) == 0
    assert capsys.readouterr().out == "2"
    assert run(cli, "codegpt", [*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["text"], result["others"]) == ("2", ["1", "0"])


def test_as_json_with_no_suggestion(folder: Path, loads: Load, capsys: pytest.CaptureFixture[str]) -> None:
    loads(LoadedModel(ScriptedEngine(")"), None))
    assert run(cli, "codegpt", ["complete", "a.py", "--at", "2:12", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["text"], result["fim"], result["mean_logprob"], result["stop_reason"]) == ("", None, None, None)
    assert result["why_none"] == "a bracket closes that is not open here"
    assert [cut["rule"] for cut in result["cuts"]] == ["drop_unopened_closers"]


def test_an_error_while_loading_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load_model(model: str, fim: str = "") -> LoadedModel:
        raise ModelNotFound(f"{model} is\nnot here")

    monkeypatch.setattr(load, "load_model", load_model)
    assert run(cli, "codegpt", ["complete", "a.py", "--at", "1:1", "--model", "m"]) == 2
    assert capsys.readouterr() == ("", "codegpt: m is not here\n")


def test_the_command_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, "codegpt", []) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: codegpt [OPTIONS] COMMAND [ARGS]...\n\n  Code completion by a model")


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, "codegpt", ["--version"]) == 0
    assert run(cli, "codegpt", ["complete", "-h"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("codegpt, version 0.")
    assert "--at LINE:COL" in captured.out
    assert captured.err == ""


def test_doctor_measures_where_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    from codegpt import doctor

    asked: list[str] = []

    def measure(model: str) -> dict[str, object]:
        asked.append(model)
        return {"written_tokens_per_s": 42.0}

    monkeypatch.setattr(doctor, "measure", measure)
    plain = CliRunner().invoke(cli, ["doctor", "--json"])
    measured = CliRunner().invoke(cli, ["doctor", "--bench", "--model", "m", "--json"])
    assert "written_tokens_per_s" not in json.loads(plain.stdout)
    assert json.loads(measured.stdout)["written_tokens_per_s"] == 42.0
    assert asked == ["m"]
