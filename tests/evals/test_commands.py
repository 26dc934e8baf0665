"""`codegpt-evals`: a whole run with a scripted engine, its resumption, and what it says when something is wrong."""

import gzip
import hashlib
import json
from pathlib import Path

import click
import pytest
from codegpt_evals import __main__ as entry
from codegpt_evals import commands
from codegpt_evals.tasks import infilling

from codegpt.console import run
from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel

PROBLEMS = [
    {"task_id": f"t/{n}", "prompt": f"a = {n}\n", "canonical_solution": "b = 1\n" if n else "b = 2\n", "suffix": "c\n"}
    for n in range(3)
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "data" / "humaneval-infilling" / infilling._SINGLE
    path.parent.mkdir(parents=True)
    content = gzip.compress("".join(json.dumps(problem) + "\n" for problem in PROBLEMS).encode())
    path.write_bytes(content)
    monkeypatch.setattr(infilling, "_SINGLE_SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setenv("CODEGPT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(commands, "load_model", lambda _model, _fim: LoadedModel(ScriptedEngine("b = 1\n"), None))
    return path


def test_run_is_resumed_and_not_mixed(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["run", "infilling-single", "--batch", "2", "--out", str(tmp_path / "out")]
    assert run(commands.evals, "codegpt-evals", [*arguments, "--limit", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["exact_match"] == 0
    assert run(commands.evals, "codegpt-evals", arguments) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["problems"], summary["exact_match"], summary["exact_match_raw"]) == (3, 0.6667, 0.6667)
    assert len((tmp_path / "out" / "samples.jsonl").read_text().splitlines()) == 3
    monkeypatch.setattr(commands, "setup_digest", lambda *_: "other")
    assert run(commands.evals, "codegpt-evals", arguments) == 2
    assert "holds samples of another model" in capsys.readouterr().err


def test_data_that_is_not_there_or_not_the_published_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_bytes(b"something else")
    assert run(commands.evals, "codegpt-evals", ["run", "infilling-single"]) == 2
    assert "is not the published file" in capsys.readouterr().err
    data.unlink()
    assert run(commands.evals, "codegpt-evals", ["run", "infilling-single"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "is not on this machine; get it from github.com/openai/human-eval-infilling" in line


def test_compare(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(commands.evals, "codegpt-evals", ["run", "infilling-single", "--out", str(tmp_path / "out")])
    capsys.readouterr()
    grades = str(tmp_path / "out" / "grades.jsonl")
    assert run(commands.evals, "codegpt-evals", ["compare", grades, grades]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "problems": 3,
        "exact_match": [0.6667, 0.6667],
        "only_first": 0,
        "only_second": 0,
        "p_value": 1.0,
    }
    assert run(commands.evals, "codegpt-evals", ["compare", grades, str(tmp_path / "nope")]) == 2
    assert capsys.readouterr().err.endswith("nope holds no grades\n")


def test_a_missing_extra_is_one_line_and_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(entry.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr("sys.argv", ["codegpt-evals", "run", "infilling-single", "--limit", "3"])
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "codegpt-evals: the evals are an extra; install them with: pip install 'codegpt-lsp[evals]'\n"
    )
    assert isinstance(commands.evals, click.Group)
