"""`codegpt-evals`: whole runs with a scripted engine, what they write, and what is said when something is wrong."""

import gzip
import json
from pathlib import Path

import click
import codegpt_evals
import pytest
from codegpt_evals import __main__ as entry
from codegpt_evals import commands, generation, stages

from codegpt.console import run
from codegpt.engine.scripted import ScriptedEngine
from codegpt.load import LoadedModel
from codegpt.sandbox.client import Sandbox

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loaded: LoadedModel) -> None:
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(stages, "load_model", lambda _model, _fim: loaded)


def evals(*arguments: object) -> int:
    return run(commands.evals, "codegpt-evals", [str(argument) for argument in arguments])


def last_line(output: Output) -> dict[str, object]:
    found: dict[str, object] = json.loads(output.readouterr().out.splitlines()[-1])
    return found


def test_a_run(data: Path, tmp_path: Path, capsys: Output) -> None:
    out = tmp_path / "out"
    assert evals("run", "jsonl", "--data", data, "--out", out, "--batch", 2) == 0
    line = last_line(capsys)
    seconds = line.pop("seconds")
    assert isinstance(seconds, float)
    low, high = line.pop("ci95")  # type: ignore[misc]
    assert 0 <= low < 0.8 < high <= 1
    assert line == {
        "task": "jsonl",
        "model": "scripted",
        "problems": 5,
        "samples": 5,
        "pass@1": 0.8,
        "gate": "10 of 10",
        "sandbox": "bwrap",
        "out": str(out),
    }
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == [
        "gate.jsonl",
        "grades.jsonl",
        "report.html",
        "report.json",
        "report.md",
        "run.json",
        "samples.jsonl",
        "verdicts.jsonl",
    ]
    facts = json.loads((out / "run.json").read_text())
    assert facts["configuration"] == "default-7, model scripted"
    assert facts["setup"]["sampling"]["batch"] == 2
    assert facts["grading"]["workers"] >= 1
    for stage in ("generation", "grading"):
        assert {"seconds", "codegpt", "commit", "date"} <= facts[stage].keys()
    assert facts["of"] == 5


def test_a_second_run_does_nothing_again(data: Path, tmp_path: Path, capsys: Output) -> None:
    arguments = ("run", "jsonl", "--data", data, "--out", tmp_path / "out")
    assert evals(*arguments) == 0
    files = {path: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.suffix == ".jsonl"}
    assert len(files) == 4
    capsys.readouterr()
    assert evals(*arguments) == 0
    assert {path: path.read_bytes() for path in files} == files
    assert evals(*arguments, "--limit", 2) == 0
    assert last_line(capsys)["problems"] == 2


def test_the_folder_of_the_cache_is_named_by_all_that_matters(data: Path, capsys: Output) -> None:
    outs = []
    for more in ((), ("--temperature", 0.8), ("--temperature", 0.8, "--seed", 3)):
        assert evals("generate", "jsonl", "--data", data, *more) == 0
        outs.append(last_line(capsys)["out"])
    assert len(set(outs)) == 3


def test_stages_one_by_one(data: Path, tmp_path: Path, capsys: Output) -> None:
    out, graded = tmp_path / "out", tmp_path / "graded"
    assert evals("generate", "jsonl", "--data", data, "--out", out) == 0
    assert last_line(capsys)["tokens"] > 0  # type: ignore[operator]
    assert evals("grade", out / "samples.jsonl", "--task", "jsonl", "--data", data, "--out", graded) == 0
    first = last_line(capsys)
    assert (first["pass@1"], first["model"]) == (0.8, "scripted")
    (graded / "report.html").unlink()
    assert evals("report", graded, "--samples", out / "samples.jsonl") == 0
    assert last_line(capsys)["pass@1"] == 0.8
    assert "def add(a, b):\n    return a - b" in (graded / "report.html").read_text()


def test_grades_of_samples_that_cover_some_problems(data: Path, tmp_path: Path, capsys: Output) -> None:
    samples = tmp_path / "samples.jsonl"
    lines = [
        {"task_id": "double", "completion": "    return n + n\n", "author": "é"},
        {"task_id": "double", "completion": "    return n\n"},
        {"task_id": 7, "solution": "def add(a, b): return a + b"},
    ]
    samples.write_text("\n".join(map(json.dumps, lines)))
    assert evals("grade", samples, "--task", "jsonl", "--data", data, "--out", tmp_path / "o") == 0
    line = last_line(capsys)
    assert (line["problems"], line["samples"], line["pass@1"], line["gate"]) == (2, 3, 0.75, "4 of 4")
    rows = [json.loads(row) for row in (tmp_path / "o" / "grades.jsonl").read_text().splitlines()]
    assert [(row["task_id"], row["index"], row["verdict"]) for row in rows] == [
        ("double", 0, "passed"),
        ("double", 1, "wrong answer"),
        ("7", 0, "passed"),
    ]
    assert rows[0]["author"] == "é"
    assert "2 of 5 problems" in (tmp_path / "o" / "report.md").read_text()
    assert evals("report", tmp_path / "o", "--samples", samples, "-k", 1) == 0
    assert evals("report", tmp_path / "o", "--samples", samples, "-k", 2) == 2
    assert "pass@2 needs as many samples of every problem; 7 has 1" in capsys.readouterr().err


def test_a_gate_that_does_not_hold_prints_no_score(data: Path, tmp_path: Path, capsys: Output) -> None:
    row = json.loads(data.read_text().splitlines()[0])
    data.write_text(json.dumps({**row, "canonical_solution": "    return n\n"}) + "\n")
    assert evals("run", "jsonl", "--data", data, "--out", tmp_path / "o") == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.strip().splitlines()[-1] == (
        "codegpt-evals: no score: 1 of 2 controls were judged wrongly: double (canonical: wrong answer)"
    )
    assert not (tmp_path / "o" / "grades.jsonl").exists()
    assert evals("gate", "jsonl", "--data", data, "--out", tmp_path / "g") == 2
    assert last_line(capsys)["canonical_passed"] == 0


def test_a_run_keeps_its_folder_to_itself(data: Path, tmp_path: Path, capsys: Output) -> None:
    out, other = tmp_path / "out", tmp_path / "other.jsonl"
    assert evals("run", "jsonl", "--data", data, "--out", out) == 0
    other.write_bytes((out / "samples.jsonl").read_bytes())
    assert evals("grade", other, "--task", "jsonl", "--data", data, "--out", out) == 2
    assert "holds samples of its own; name another --out" in capsys.readouterr().err
    assert evals("gate", "jsonl", "--data", data, "--limit", 1, "--out", out) == 0
    assert evals("report", out) == 2
    assert "no score: the gate does not cover negate; grade again" in capsys.readouterr().err


def test_a_subset_is_the_same_each_time(data: Path, tmp_path: Path, capsys: Output) -> None:
    for out in ("a", "b"):
        assert evals("generate", "jsonl", "--data", data, "--subset", 2, "--out", tmp_path / out) == 0
    first, second = ((tmp_path / out / "samples.jsonl").read_bytes() for out in ("a", "b"))
    assert first == second
    assert first.count(b"\n") == 2
    assert evals("run", "jsonl", "--data", data, "--subset", 2, "--out", tmp_path / "a") == 0
    assert "2 of 5 problems" in (tmp_path / "a" / "report.md").read_text()


def test_the_gate_alone(data: Path, tmp_path: Path, capsys: Output) -> None:
    assert evals("gate", "jsonl", "--data", data, "--limit", 3, "--out", tmp_path / "g") == 0
    line = last_line(capsys)
    assert (line["problems"], line["canonical_passed"], line["wrong_failed"]) == (3, 3, 3)


def test_no_score_where_the_machine_failed(
    data: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("run", "jsonl", "--data", data, "--out", tmp_path / "o", "--limit", 1)
    assert evals("gate", "jsonl", "--data", data, "--limit", 1, "--out", tmp_path / "o") == 0
    answer = Sandbox.run

    def fail(sandbox: Sandbox, job: object) -> object:
        return answer(sandbox, job).__class__("infrastructure")  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(Sandbox, "run", fail)
        capsys.readouterr()
        assert evals(*arguments) == 2
    assert "no score: 1 samples could not be run" in capsys.readouterr().err
    assert evals(*arguments) == 0
    assert last_line(capsys)["pass@1"] == 1.0


def test_samples_of_another_model_are_not_reused(
    data: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("generate", "jsonl", "--data", data, "--out", tmp_path / "o")
    assert evals(*arguments) == 0
    other = ScriptedEngine("pass\n", markup=("<m>",))
    monkeypatch.setattr(
        type(other),
        "info",
        property(lambda engine: engine._info.__class__(**{**vars(engine._info), "digest": "another"})),
    )
    monkeypatch.setattr(stages, "load_model", lambda _model, _fim: LoadedModel(other, None))
    assert evals(*arguments) == 2
    assert "holds samples of another model, prompt or setting; name another --out" in capsys.readouterr().err


def test_samples_of_the_same_prompts_are_taken_from_a_run_with_another_context(
    data: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("generate", "jsonl", "--data", data)
    assert evals(*arguments, "--out", tmp_path / "one") == 0
    monkeypatch.setattr(generation, "_draw", None)
    other = (*arguments, "--context", "none", "--reuse", tmp_path / "one")
    assert evals(*other, "--out", tmp_path / "two") == 0
    one, two = (
        [*map(json.loads, (tmp_path / name / "samples.jsonl").read_text().splitlines())] for name in ("one", "two")
    )
    assert {each["setup"] for each in one}.isdisjoint(each["setup"] for each in two)
    by_id = {each["task_id"]: each for each in two}
    assert by_id == {each["task_id"]: each | {"setup": by_id[each["task_id"]]["setup"]} for each in one}
    assert evals(*other, "--temperature", 1, "--out", tmp_path / "three") == 2
    assert "one was drawn with another model, format or sampling; leave --reuse out" in capsys.readouterr().err


def test_a_folder_of_another_task(data: Path, tmp_path: Path, capsys: Output) -> None:
    assert evals("generate", "jsonl", "--data", data, "--out", tmp_path / "o") == 0
    data.write_text(data.read_text().replace("Twice n", "Twice n, exactly"))
    assert evals("generate", "jsonl", "--data", data, "--out", tmp_path / "o") == 2
    assert "is a run of jsonl on other data; name another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nope"), "'nope' is not one of 'humaneval'"),
        (("run", "jsonl"), "the task jsonl needs --data FILE"),
        (("run", "jsonl", "--data", "{data}", "--samples", 3), "several samples at temperature 0 are the same one"),
        (
            ("run", "jsonl", "--data", "{data}", "--samples", 2, "--temperature", 1, "--candidates", 2),
            "one of which is the sample: no --samples, no --temperature",
        ),
        (("run", "jsonl", "--data", "{data}", "--candidates", 2), "double is no hole; --candidates are for holes"),
        (("run", "jsonl", "--data", "{data}", "--samples", 0), "0 is not in the range x>=1"),
        (("grade", "{data}", "--task", "jsonl", "--data", "{data}", "--out", "{tmp}/o"), "a sample has either"),
        (("grade", "{tmp}/none", "--task", "jsonl", "--out", "{tmp}/o"), "does not exist"),
        (("report", "{tmp}"), "holds no grades"),
        (("compare", "{data}", "{data}"), "is not a Grade line"),
    ],
)
def test_wrong_input_is_one_line_and_2(
    data: Path, tmp_path: Path, capsys: Output, arguments: tuple[object, ...], message: str
) -> None:
    assert evals(*(str(a).format(data=data, tmp=tmp_path) for a in arguments)) == 2
    found = capsys.readouterr()
    assert message in found.err.strip().splitlines()[-1]
    assert found.out == ""


def test_samples_of_a_run_take_along_what_they_were_drawn_with(data: Path, tmp_path: Path, capsys: Output) -> None:
    drawn, again = tmp_path / "drawn", tmp_path / "again"
    assert evals("generate", "jsonl", "--data", data, "--out", drawn, "--temperature", 0.5) == 0
    for _ in range(2):
        assert evals("grade", drawn / "samples.jsonl", "--task", "jsonl", "--data", data, "--out", again) == 0
        assert last_line(capsys)["model"] == "scripted"
    facts, source = (json.loads((folder / "run.json").read_text()) for folder in (again, drawn))
    assert facts["configuration"] == source["configuration"] == "default-7, model scripted, temperature 0.5"
    assert facts["setup"] == source["setup"]


@pytest.mark.parametrize("beside", ["{}", "nonsense", None])
def test_samples_of_others_do_not_take_along_what_lies_beside_them(
    data: Path, tmp_path: Path, capsys: Output, beside: str | None
) -> None:
    drawn = tmp_path / "drawn"
    assert evals("generate", "jsonl", "--data", data, "--out", drawn) == 0
    if beside is not None:
        (drawn / "run.json").write_text(beside)
    samples = drawn / "theirs.jsonl"
    samples.write_text(json.dumps({"task_id": "double", "completion": "    return 2 * n"}) + "\n")
    assert evals("grade", samples, "--task", "jsonl", "--data", data, "--out", tmp_path / "out") == 0
    assert last_line(capsys)["model"] is None


def test_what_could_not_be_judged_is_counted(data: Path, tmp_path: Path, capsys: Output) -> None:
    samples = tmp_path / "samples.jsonl"
    samples.write_text(json.dumps({"task_id": "double", "completion": "    import numpy_of_nobody\n"}) + "\n")
    assert evals("grade", samples, "--task", "jsonl", "--data", data, "--out", tmp_path / "out") == 0
    assert last_line(capsys)["unjudged"] == 1
    assert "counted as failures, though not judged | 1" in (tmp_path / "out" / "report.md").read_text()


def test_samples_that_are_drawn_again_are_announced(data: Path, tmp_path: Path, capsys: Output) -> None:
    given = ("generate", "jsonl", "--data", data, "--out", tmp_path / "out")
    assert evals(*given, "--limit", 2) == 0
    assert "drawn again" not in capsys.readouterr().err
    assert evals(*given) == 0
    assert "2 samples of groups that were not done are drawn again" in capsys.readouterr().err


def test_published_files_hold_no_text(data: Path, tmp_path: Path, capsys: Output) -> None:
    out, folder = tmp_path / "out", tmp_path / "results"
    assert evals("run", "jsonl", "--data", data, "--out", out) == 0
    assert evals("publish", out, folder, "--name", "small") == 0
    assert sorted(path.name for path in folder.iterdir()) == ["small.json", "small.jsonl"]
    text = (folder / "small.json").read_text() + (folder / "small.jsonl").read_text()
    assert str(tmp_path) not in text
    for leak in ("return", "detail", "Twice", "add("):
        assert leak not in text
    rows = [json.loads(row) for row in (folder / "small.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in rows] == ["passed", "passed", "wrong answer", "passed", "passed"]
    assert set(rows[0]) == {
        "format",
        "task_id",
        "index",
        "verdict",
        "seconds",
        "program",
        "tokens",
        "stop_reason",
        "mean_logprob",
    }


def test_several_samples_are_published_with_their_curve(tmp_path: Path, data: Path, capsys: Output) -> None:
    samples, out = tmp_path / "samples.jsonl", tmp_path / "out"
    wrong_and_right = [{"task_id": "double", "completion": f"    return {text}"} for text in ("n", "2 * n")]
    samples.write_text("".join(json.dumps(line) + "\n" for line in wrong_and_right))
    assert evals("grade", samples, "--task", "jsonl", "--data", data, "--out", out) == 0
    assert evals("publish", out, tmp_path / "results", "--name", "two") == 0
    curve = (tmp_path / "results" / "two.svg").read_text()
    assert "jsonl, samples made elsewhere, 2 samples" in curve
    assert ">50.0<" in curve
    assert "return" not in curve
    samples.write_text(samples.read_text().splitlines()[0] + "\n")
    assert evals("grade", samples, "--task", "jsonl", "--data", data, "--out", out) == 0
    assert evals("publish", out, tmp_path / "results", "--name", "two") == 0
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["two.json", "two.jsonl"]


def test_many_lines_are_published_compressed_and_too_many_not_at_all(
    data: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, folder = tmp_path / "out", tmp_path / "results"
    assert evals("run", "jsonl", "--data", data, "--out", out) == 0
    monkeypatch.setattr("codegpt_evals.publish.MOST_BYTES", 2500)
    assert evals("publish", out, folder, "--name", "small") == 0
    lines = gzip.decompress((folder / "small.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(line)["task_id"] for line in lines] == ["double", "negate", "7", "span/1/L1", "sum"]
    monkeypatch.setattr("codegpt_evals.publish.MOST_BYTES", 1000)
    assert evals("publish", out, folder, "--name", "large") == 2
    assert "compressed; of one run at most 1000 are published" in capsys.readouterr().err
    assert not (folder / "large.json").exists()


def test_compare(data: Path, tmp_path: Path, capsys: Output) -> None:
    assert evals("run", "jsonl", "--data", data, "--out", tmp_path / "out") == 0
    capsys.readouterr()
    grades = tmp_path / "out" / "grades.jsonl"
    assert evals("compare", grades, grades) == 0
    nothing = {"difference": 0.0, "ci95": [0.0, 0.0], "only_first": 0, "only_second": 0, "p_value": 1.0}
    same = {"rates": [0.8, 0.8], **nothing}
    assert json.loads(capsys.readouterr().out) == {"problems": 5, "in_one_only": 0, "passed": same}
    other = tmp_path / "other.jsonl"
    other.write_text("".join(f"{line}\n" for line in grades.read_text().splitlines()[2:4]))
    assert evals("compare", grades, other) == 0
    same = {"rates": [0.5, 0.5], **nothing}
    assert json.loads(capsys.readouterr().out) == {"problems": 2, "in_one_only": 3, "passed": same}
    other.write_text(grades.read_text().replace('"task_id":"', '"task_id":"another '))
    assert evals("compare", grades, other) == 2
    assert "have no problem in common" in capsys.readouterr().err


def test_the_list_of_tasks(capsys: Output) -> None:
    assert evals("tasks", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["task"] for row in rows][:3] == ["humaneval", "humaneval-plus", "mbpp"]
    assert evals("tasks") == 0
    assert "your own file, with --data" in capsys.readouterr().out


def test_the_schema(capsys: Output) -> None:
    assert evals("schema") == 0
    assert list(json.loads(capsys.readouterr().out)) == ["humaneval", "mbpp", "infilling", "contest"]
    assert evals("schema", "contest") == 0
    assert "hidden_tests" in json.loads(capsys.readouterr().out)["contest"]["required"]


def test_as_a_library(data: Path, tmp_path: Path, loaded: LoadedModel) -> None:
    result = codegpt_evals.run("jsonl", data=data, out=tmp_path / "o", loaded=loaded)
    assert result.summary.pass_at[1].value == 0.8
    again = codegpt_evals.grade(tmp_path / "o" / "samples.jsonl", task="jsonl", data=data, out=tmp_path / "p")
    assert [grade.verdict for grade in again.grades] == [grade.verdict for grade in result.grades]
    with pytest.raises(AttributeError, match="no attribute nope"):
        codegpt_evals.nope  # noqa: B018


def test_a_missing_extra_is_one_line_and_2(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setattr(entry.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr("sys.argv", ["codegpt-evals", "run", "infilling-single", "--limit", "3"])
    with pytest.raises(SystemExit) as left:
        entry.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "codegpt-evals: the evals are an extra; install them with: pip install 'codegpt-lsp[evals]'\n"
    )
    assert isinstance(commands.evals, click.Group)
