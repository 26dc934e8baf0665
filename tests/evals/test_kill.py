"""kill -9 at any moment, then the same command again: the files are those of an undisturbed run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("evals_with_script.py")
PROBLEMS, SAMPLES = 24, 2
KILLS = 10


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl"
    rows = [
        {
            "task_id": f"t/{n}",
            "text": f"Return number {n} .",
            "code": f"import time\n\n\ndef f():\n    time.sleep(0.1)\n    return {n}\n",
            "test_list": [f"assert f() == {n}"],
        }
        for n in range(PROBLEMS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def start(seconds_a_batch: float, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(SCRIPT), str(seconds_a_batch), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finish(*arguments: object, seconds_a_batch: float = 0.0) -> dict[str, object]:
    process = start(seconds_a_batch, *arguments)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    line: dict[str, object] = json.loads(out.splitlines()[-1])
    return line


def kill_after(path: Path, lines: int, seconds: float, seconds_a_batch: float, *arguments: object) -> None:
    """Start, wait until `path` has so many lines more, and a moment longer; then kill -9 what is still at work."""
    begun = count(path)
    process = start(seconds_a_batch, *arguments)
    deadline = time.monotonic() + 60
    while count(path) < begun + lines and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL  # it had not ended by itself


def count(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def without_times(path: Path) -> list[dict[str, object]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_generate(problems: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    given = ("generate", "jsonl", "--data", problems, "--samples", SAMPLES, "--temperature", 1, "--batch", 1)
    finish(*given, "--out", whole)
    moments = random.Random(4)
    for kill in range(KILLS):
        groups = 0 if kill == 3 else 1  # once while it starts
        kill_after(cut / "samples.jsonl", 2 * groups, moments.uniform(0, 0.15), 0.1, *given, "--out", cut)
        assert count(cut / "samples.jsonl") >= 2 * kill - 2
    assert 0 < count(cut / "samples.jsonl") < PROBLEMS * SAMPLES
    finish(*given, "--out", cut)
    assert (cut / "samples.jsonl").read_bytes() == (whole / "samples.jsonl").read_bytes()
    assert count(whole / "samples.jsonl") == PROBLEMS * SAMPLES


def test_grade(problems: Path, tmp_path: Path) -> None:
    drawn, whole, cut = tmp_path / "drawn", tmp_path / "whole", tmp_path / "cut"
    drawing = ("generate", "jsonl", "--data", problems, "--samples", SAMPLES, "--temperature", 1, "--out", drawn)
    finish(*drawing)
    grading = ("grade", drawn / "samples.jsonl", "--task", "jsonl", "--data", problems)
    undisturbed = finish(*grading, "--out", whole)
    moments = random.Random(5)
    for kill in range(KILLS):
        lines = 0 if kill == 3 else 3
        kill_after(cut / "verdicts.jsonl", lines, moments.uniform(0, 0.1), 0, *grading, "--out", cut)
        assert not (cut / "grades.jsonl").exists()
    resumed = finish(*grading, "--out", cut)
    assert without_times(cut / "grades.jsonl") == without_times(whole / "grades.jsonl")
    assert without_times(cut / "gate.jsonl") == without_times(whole / "gate.jsonl")
    verdicts = [row["verdict"] for row in without_times(cut / "grades.jsonl")]
    assert verdicts == ["passed", "wrong answer"] * PROBLEMS
    keys = [row["key"] for row in without_times(cut / "verdicts.jsonl")]
    assert len(keys) == len(set(keys)) == 3 * PROBLEMS  # canonical and right sample, wrong sample, control
    assert {**resumed, "out": "", "seconds": 0} == {**undisturbed, "out": "", "seconds": 0}
