"""JSON lines: versions, partial lines after a kill, and one clear error for anything else."""

from pathlib import Path

import pytest
from codegpt_evals.records import Grade, Sample, append, read, replace, to_lines

from codegpt.errors import InputError

SAMPLE = Sample("t/1", "setup", "x = '😀'\n", 5, "stop", -0.25)
LINE = (
    '{"format":1,"task_id":"t/1","setup":"setup","text":"x = \'\\ud83d\\ude00\'\\n",'
    '"tokens":5,"stop_reason":"stop","mean_logprob":-0.25}\n'
)


def test_a_line() -> None:
    assert to_lines([SAMPLE]) == LINE


def test_append_and_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "samples.jsonl"
    assert read(path, Sample) == []
    append(path, [SAMPLE])
    append(path, [SAMPLE, SAMPLE])
    assert read(path, Sample) == [SAMPLE] * 3


def test_a_line_cut_off_by_a_kill_is_not_read_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(LINE + LINE[:30])
    assert read(path, Sample) == [SAMPLE]
    append(path, [SAMPLE])
    assert path.read_text() == LINE * 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"format":2}\n', "samples.jsonl:1: format 2; this version reads 1"),
        ("nonsense\n", "samples.jsonl:1 is not a sample"),
        ('{"format":1,"task_id":"t"}\n', "samples.jsonl:1 is not a sample: KeyError('setup')"),
        ("[]\n", "samples.jsonl:1 is not a sample"),
    ],
)
def test_other_lines_are_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(line)
    with pytest.raises(InputError) as refused:
        read(path, Sample)
    assert message in str(refused.value)


def test_replace(tmp_path: Path) -> None:
    grade = Grade("t/1", "setup", True, False, "ab", 5, "stop", -0.25)
    replace(tmp_path / "grades.jsonl", [grade])
    replace(tmp_path / "grades.jsonl", [grade, grade])
    assert read(tmp_path / "grades.jsonl", Grade) == [grade, grade]
    assert [path.name for path in tmp_path.iterdir()] == ["grades.jsonl"]
