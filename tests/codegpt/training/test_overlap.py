import gzip
import json
from pathlib import Path

import pytest

from codegpt.errors import InputError
from codegpt.training.overlap import RUN, Benchmarks, runs, texts_of


def words(first: int, count: int) -> str:
    return " ".join(f"w{number}" for number in range(first, first + count))


def test_a_run_of_thirty_tokens_is_shared_and_one_of_twenty_nine_is_not() -> None:
    benchmarks = Benchmarks([words(0, 40)])
    assert len(benchmarks) == 40 - RUN + 1
    assert benchmarks.share("before it " + words(5, 30) + " behind it")
    assert not benchmarks.share("before it " + words(5, 29) + " behind it")


def test_white_space_and_line_ends_make_no_difference() -> None:
    solution = "def f(a, b):\n    c = a + b\n    if c > 10:\n        return c * 2\n    return [c, a, b, 0]\n"
    assert Benchmarks([solution]).share(solution.replace("    ", "\t").replace("\n", "\r\n"))


def test_short_texts_have_no_run() -> None:
    assert list(runs(words(0, RUN - 1))) == []
    assert not Benchmarks([words(0, 29)]).share(words(0, 29))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json"])
def test_every_string_of_a_record_counts(tmp_path: Path, name: str) -> None:
    records = [{"prompt": "one", "more": {"tests": ["two", 3, "four"]}}, {"prompt": "five"}]
    text = json.dumps(records) if name.endswith("json") else "".join(json.dumps(each) + "\n" for each in records)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    assert list(texts_of(path)) == ["one\ntwo\nfour", "five"]


@pytest.mark.parametrize("content", [b"{", b"\xff", b"{}\nx"])
def test_what_is_no_benchmark_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a benchmark in JSON lines"):
        list(texts_of(path))
    path.rename(tmp_path / "a.gz")
    with pytest.raises(InputError, match="is not a benchmark in JSON lines"):
        list(texts_of(tmp_path / "a.gz"))
