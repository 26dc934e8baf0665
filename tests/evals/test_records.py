"""JSON lines: versions, partial lines after a kill, files that others made, and one clear error for anything else."""

import gzip
import json
from pathlib import Path

import pytest
from codegpt_evals.records import (
    GateRow,
    Grade,
    Sample,
    VerdictRow,
    append,
    read,
    read_samples,
    replace_lines,
    to_line,
)

from codegpt.errors import InputError

SAMPLE = Sample(
    "t/1", 0, solution="x = '😀'\n", tokens=5, stop_reason="stop", mean_logprob=-0.25, setup="s", prompt="p"
)
LINE = (
    '{"format":2,"task_id":"t/1","index":0,"solution":"x = \'\\ud83d\\ude00\'\\n","tokens":5,"stop_reason":"stop",'
    '"mean_logprob":-0.25,"prompt":"p","setup":"s"}\n'
)


def test_a_line() -> None:
    assert to_line(SAMPLE) == LINE


def test_append_and_read(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    assert read_samples(path) == []
    append(path, [SAMPLE])
    append(path, [Sample("t/1", 1, completion=""), Sample("t/2", 0, completion="a", raw="a\r\nb")])
    assert read_samples(path) == [
        SAMPLE,
        Sample("t/1", 1, completion=""),
        Sample("t/2", 0, completion="a", raw="a\r\nb"),
    ]


@pytest.mark.parametrize("cut", [1, 30, len(LINE) - 1])
def test_a_line_cut_off_by_a_kill_is_not_read_and_not_kept(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "samples.jsonl"
    other = to_line(Sample("t/2", 0, completion="a"))
    path.write_text(other + LINE[:cut])
    assert [sample.task_id for sample in read_samples(path, ours=True)] == ["t/2"]
    append(path, [SAMPLE])
    assert path.read_text() == other + LINE


def test_samples_that_others_made(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl.gz"
    lines = [
        {"task_id": 3, "completion": "a", "solution": None, "author": "é"},
        {"task_id": "x", "solution": "b"},
        {"task_id": 3, "completion": "c", "verdict": "passed", "passed": True},
    ]
    path.write_bytes(gzip.compress("\n\n".join(map(json.dumps, lines)).encode()))
    assert read_samples(path) == [
        Sample("3", 0, completion="a", extra={"author": "é"}),
        Sample("x", 0, solution="b"),
        Sample("3", 1, completion="c", extra={"verdict": "passed", "passed": True}),
    ]


def test_an_unknown_member_never_hides_one_of_ours() -> None:
    unknown = {"verdict": "passed", "format": 9, "seconds": 0, "exact": True, "without": {}, "author": "é"}
    row = json.loads(to_line(Grade("3", 0, "wrong answer", extra=unknown)))
    assert (row["verdict"], row["format"], row["seconds"], row["author"]) == ("wrong answer", 2, 0.0, "é")
    assert row.keys().isdisjoint({"exact", "without"})
    theirs = ("sample_verdict", "sample_format", "sample_seconds", "sample_exact", "sample_without")
    assert [row[name] for name in theirs] == ["passed", 9, 0, True, {}]


def test_others_may_mean_something_else_by_our_names(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"task_id":"t","completion":"a","prompt":[{"role":"user"}],"raw":3,"tokens":[1]}')
    extra = {"prompt": [{"role": "user"}], "raw": 3, "tokens": [1]}
    assert read_samples(path) == [Sample("t", 0, completion="a", extra=extra)]
    path.write_text('{"task_id":"t","completion":"a","format":"chatml"}')
    assert read_samples(path) == [Sample("t", 0, completion="a", extra={"format": "chatml"})]


@pytest.mark.parametrize("line", ['{"task_id":"t","completion":null}', '{"task_id":"t","solution":null,"error":1}'])
def test_nothing_written_is_an_empty_completion(tmp_path: Path, line: str) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(line)
    [sample] = read_samples(path)
    assert (sample.completion, sample.solution) == ("", None)


def test_a_file_of_others_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"task_id":"t","completion":"a"}\n{"task_id":"t","comp')
    with pytest.raises(InputError, match=r"samples\.jsonl:2: not JSON"):
        read_samples(path)
    packed = tmp_path / "samples.jsonl.gz"
    whole = gzip.compress(b'{"task_id":"t","completion":"a"}\n' * 50)
    for broken in (whole[:-9], whole[:30] + b"\x00" * 9 + whole[39:]):
        packed.write_bytes(broken)
        with pytest.raises(InputError, match="is not a file of JSON lines"):
            read_samples(packed)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"format":1,"task_id":"t","text":"a"}', "samples.jsonl:2: format 1; this version reads 2"),
        ("nonsense", "samples.jsonl:2: not JSON"),
        ("[]", "samples.jsonl:2: not a JSON object"),
        ('{"completion":"a"}', "samples.jsonl:2: task_id is missing"),
        ('{"task_id":true,"completion":"a"}', "samples.jsonl:2: task_id is missing, or is neither text nor a number"),
        ('{"task_id":"t"}', "samples.jsonl:2: a sample has either a completion or a solution"),
        ('{"task_id":"t","completion":"a","solution":"b"}', "samples.jsonl:2: a sample has either"),
        ('{"task_id":"t","completion":3}', "samples.jsonl:2: completion is not of the right type"),
        ('{"task_id":"t","completion":"a","index":true}', "samples.jsonl:2: index is not of the right type"),
        ('{"task_id":"a","completion":"a","index":0}', "samples.jsonl:2: sample 0 of a was given before"),
    ],
)
def test_other_lines_are_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('{"task_id":"a","completion":"a"}\n' + line + "\n")
    with pytest.raises(InputError) as refused:
        read_samples(path)
    assert message in str(refused.value)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not a file of JSON lines"):
        read_samples(path)


def test_grades_keep_what_they_do_not_know(tmp_path: Path) -> None:
    path = tmp_path / "grades.jsonl"
    grade = Grade("t", 0, "passed", exact=True, without={"rule": ["passed", False]}, extra={"author": "é"})  # type: ignore[dict-item]
    replace_lines(path, [grade])
    replace_lines(path, [grade, grade])
    assert read(path, Grade) == [grade, grade]
    assert [each.name for each in tmp_path.iterdir()] == ["grades.jsonl"]


def test_lines_of_ours_of_another_kind_or_format(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"format":1,"key":"a"}\n')
    with pytest.raises(InputError, match=r"x\.jsonl:1: another format than 2"):
        read(path, VerdictRow)
    path.write_text('{"format":2,"task_id":"a"}\n')
    with pytest.raises(InputError, match=r"x\.jsonl:1 is not a GateRow line"):
        read(path, GateRow)


@pytest.mark.parametrize(
    ("control", "verdict", "holds"),
    [
        ("canonical", "passed", True),
        ("canonical", "wrong answer", False),
        ("canonical", "unavailable", False),
        ("wrong", "passed", False),
        ("wrong", "wrong answer", True),
        ("wrong", "exception", True),
        ("wrong", "unavailable", False),
        ("wrong", "infrastructure error", False),
    ],
)
def test_a_control_holds_only_with_positive_evidence(control: str, verdict: str, holds: bool) -> None:
    assert GateRow("t", control, verdict).holds is holds
