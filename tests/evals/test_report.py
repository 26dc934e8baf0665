"""What people read of a run: figures in three forms, plots, and model text that stays text."""

import json
from pathlib import Path

from codegpt_evals import plots
from codegpt_evals.gate import Gate
from codegpt_evals.metrics import Rate
from codegpt_evals.records import GateRow, Grade, Sample
from codegpt_evals.report import as_html, as_json, as_markdown, percent, table
from codegpt_evals.stages import Result
from codegpt_evals.summary import summarize

EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}\u2028"
GATE = Gate((GateRow("a", "canonical", "passed"), GateRow("a", "wrong", "exception")))
FACTS = {
    "task": "t",
    "configuration": "default-1",
    "data": {"f.jsonl": "0123456789abcdef"},
    "sandbox": "bwrap",
    "grading": {"seconds": 1.5},
    "generation": {"seconds": 2.0, "prompt_tokens": 1234, "tokens": 19, "tokens_per_s": 9.5},
    "setup": {
        "model": "m",
        "digest": "d",
        "dtype": "float32",
        "device": "cpu",
        "fim": None,
        "sampling": {"samples": 2},
    },
    "left_out": {"z": "why"},
    "of": 3,
}


def result(*grades: Grade) -> Result:
    return Result("t", Path("/somewhere/out"), FACTS, GATE, grades, summarize(grades))


GRADES = (Grade("a", 0, "passed", seconds=0.1), Grade("a", 1, "wrong answer", EVIL), Grade("b", 0, "passed"))


def test_text_of_a_model_is_never_markup() -> None:
    samples = {("a", 1): Sample("a", 1, solution=EVIL), ("b", 0): Sample("b", 0, completion=EVIL)}
    page = as_html(result(*GRADES), samples)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "{{ 7*7 }}" in page
    assert "default-src 'none'" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("<svg") == 2


def test_what_the_page_says() -> None:
    page = as_html(result(*GRADES), {})
    assert "2 of 3 problems, 3 samples" in page
    assert "pass@1 75.0 (" in page
    assert page.count("<details") == 2 + 3


def test_markdown() -> None:
    lines = as_markdown(result(*GRADES)).splitlines()
    assert lines[:3] == ["# t", "", "m, 2 of 3 problems, 3 samples."]
    assert "| passed | 2 |" in lines
    assert "| data | f.jsonl (sha256 0123456789ab) |" in lines
    assert "| left out | z: why |" in lines
    assert "| controls | 2 of 2 judged rightly |" in lines
    assert "| generation | 1,234 tokens read and 19 written in 2 s: 9.5 tokens/s |" in lines


def test_a_curve_is_drawn_where_there_is_one() -> None:
    several = result(*(Grade("a", at, "passed" if at else "timeout") for at in range(2)))
    assert as_html(several, {}).count("<svg") == 3


def test_holes_are_shown_and_written() -> None:
    grade = Grade("x/HumanEval/1/L0", 0, "passed", program="p", exact=True, raw_verdict="exception", raw_exact=False)
    found = result(Grade(**{**vars(grade), "without": {"cut": ("exception", False)}}))
    assert "| as the editor shows it | 100.0 (100.0 to 100.0) | 100.0 (100.0 to 100.0) |" in as_markdown(found)
    assert "| cut | 1 | 1 | 0 | 1 | 0 |" in as_markdown(found)
    assert "<td>cut</td>" in as_html(found, {})
    assert json.loads(as_json(found))["summary"]["infilling"]["rules"]["cut"]["helped"] == 1


def test_json_has_the_line_and_all_figures() -> None:
    found = json.loads(as_json(result(*GRADES)))
    assert (found["pass@1"], found["gate"], found["out"], found["seconds"]) == (0.75, "2 of 2", "out", 3.5)
    assert found["summary"]["verdicts"] == {"passed": 2, "wrong answer": 1}
    assert found["run"]["of"] == 3


def test_tables_and_rates() -> None:
    assert table(["a", "b"], [["1|2", "3"]]) == ["| a | b |", "|---|---|", "| 1/2 | 3 |", ""]
    assert percent(Rate(0.5, 0.25, 0.75)) == "50.0 (25.0 to 75.0)"
    assert percent(None) == "-"


def test_plots_are_the_same_each_time() -> None:
    pass_at = {1: Rate(0.2, 0.1, 0.3), 10: Rate(0.5, 0.4, 0.6)}
    first = plots.pass_at_k(pass_at, "a title")
    assert first == plots.pass_at_k(pass_at, "a title")
    assert first.startswith("<svg")
    assert ">a title<" in first
    assert ">20.0<" in first
    assert plots.pass_at_k({1: Rate(0.2, 0.1, 0.3)}).startswith("<svg")
    assert ">timeout<" in plots.verdicts({"passed": 3, "timeout": 1})
    assert plots.times([]).startswith("<svg")
    assert ">one engine<" in plots.waits({"one engine": [90.0, 110.0], "another": [3000.0]})
