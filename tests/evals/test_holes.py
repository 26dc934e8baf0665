"""Holes: the same path as the editor's, and what each rule does."""

from pathlib import Path
from typing import Any

import pytest
from codegpt_evals.generation import Sampling, draw, prepare
from codegpt_evals.holes import Fillings, fillings, is_exact, plan_for
from codegpt_evals.problem import Hole, Problem
from codegpt_evals.records import Sample, read_samples
from codegpt_evals.run_folder import RunFolder

from codegpt.complete import complete
from codegpt.engine.protocol import Generation
from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.load import LoadedModel
from codegpt.planning import CompletionOptions
from codegpt.postprocess import Extent
from codegpt.prompt import Prompt, parse_fim

SPM = parse_fim("qwen2.5-coder/spm")
HOLES = {
    "whole line": Hole("def f(x):\n", "\n\ndef g():\n    pass\n", "    return x + 1\n", one_line=True),
    "block": Hole("def f(x):\n    if x:\n", "    return x\n", "        x += 1\n        x += 2\n"),
    "within a line": Hole("total = add(", ", 2)\n", "1"),
    "after a space": Hole("total = ", "\nprint(total)\n", "1 + 2"),
    "at the end": Hole("a = 1\nb = ", "", "a"),
}
WRITTEN = {
    "whole line": "    return x + 1\n\nprint(f(1))",
    "block": "        x += 1\n        x += 2\n    return x\n",
    "within a line": "1, 2)\n",
    "after a space": " 1 + 2\nprint(total)\n",
    "at the end": " a\n",
}


def problem(name: str) -> Problem:
    return Problem(name, "python", HOLES[name], HOLES[name].middle, "", None, HOLES[name].prefix, HOLES[name].suffix)


@pytest.mark.parametrize("name", HOLES)
def test_a_sample_is_what_complete_shows(tmp_path: object, name: str) -> None:
    hole = HOLES[name]
    engine = ScriptedEngine(WRITTEN[name])
    folder = RunFolder(tmp_path)  # type: ignore[arg-type]
    drawing = prepare([problem(name)], LoadedModel(engine, SPM), Sampling(), CompletionOptions(), folder.samples)
    list(draw(drawing))
    [sample] = read_samples(folder.samples)
    options = CompletionOptions(extent=Extent.LINE) if hole.one_line else CompletionOptions()
    shown = complete(hole.document("python"), len(hole.prefix), engine, SPM, options).items
    assert sample.completion == hole.inserted(shown[0].text)
    assert fillings(problem(name), sample).shown == sample.completion
    assert is_exact(hole, sample.completion)


@pytest.mark.parametrize("name", ["whole line", "within a line"])
def test_of_several_candidates_the_sample_is_what_complete_shows_first(tmp_path: Path, name: str) -> None:
    hole = HOLES[name]
    written = ["wrong\n", WRITTEN[name], "", "worse\n"]

    def fit(_prompt: Prompt, text: str, _following: str) -> float:
        return -99.0 if "wrong" in text or "worse" in text else 0.0

    engine = ScriptedEngine(lambda _prompt, row: written[row], fit=fit)
    path = tmp_path / "samples.jsonl"
    drawing = prepare([problem(name)], LoadedModel(engine, SPM), Sampling(candidates=4), CompletionOptions(), path)
    advanced: list[int] = []
    list(draw(drawing, advanced.append))
    assert advanced == [1]
    [sample] = read_samples(path)
    options = CompletionOptions(n=4, extent=Extent.LINE if hole.one_line else None)
    shown = complete(hole.document("python"), len(hole.prefix), engine, SPM, options).items
    assert sample.completion == hole.inserted(shown[0].text) == fillings(problem(name), sample).shown
    assert shown[0].generation.text == sample.raw
    assert is_exact(hole, sample.completion)


@pytest.mark.parametrize(
    ("written", "raw", "without"),
    [
        (["", "def g():\n"], "", set()),
        (["def g():\n    pass\n"] * 2, "def g():\n", {"drop_copy_of_next_line", "stop_at_line_end"}),
    ],
)
def test_where_no_candidate_may_be_shown_the_sample_is_empty_and_has_what_was_written(
    tmp_path: Path, written: list[str], raw: str, without: set[str]
) -> None:
    path = tmp_path / "samples.jsonl"
    loaded = LoadedModel(ScriptedEngine(lambda _prompt, row: written[row]), SPM)
    list(draw(prepare([problem("whole line")], loaded, Sampling(candidates=2), CompletionOptions(), path)))
    [sample] = read_samples(path)
    assert (sample.completion, sample.raw) == ("\n", raw)
    assert fillings(problem("whole line"), sample).without.keys() == without


def test_ranked_samples_do_not_depend_on_what_came_before(tmp_path: Path) -> None:
    called: list[str] = []

    class Watched(ScriptedEngine):
        def forget(self) -> None:
            called.append("forget")

        def search(self, *args: Any, **kwargs: Any) -> list[Generation]:
            called.append("search")
            return super().search(*args, **kwargs)

    loaded = LoadedModel(Watched("a\n"), SPM)
    both = [problem("whole line"), problem("at the end")]
    list(draw(prepare(both, loaded, Sampling(candidates=2), CompletionOptions(), tmp_path / "samples.jsonl")))
    assert called == ["forget", "search"] * 2


def test_a_stop_reason_that_we_do_not_know() -> None:
    sample = Sample("block", 0, completion="", raw="        x += 1\n", stop_reason="eos")
    assert fillings(problem("block"), sample).shown == "        x += 1\n"


def test_the_prompt_is_the_editors() -> None:
    asked = plan_for(problem("whole line"), len, SPM, CompletionOptions())
    assert prompt_text(asked.prompt) == (
        "<|fim_prefix|><|fim_suffix|>\n\n\ndef g():\n    pass\n<|fim_middle|>def f(x):\n"
    )
    assert asked.place.extent is Extent.LINE
    assert plan_for(problem("block"), len, SPM, CompletionOptions()).place.extent is Extent.BLOCK


def test_what_is_shown_with_and_without_each_rule() -> None:
    sample = Sample("block", 0, completion="", raw="        x += 1\n    return x\n", stop_reason="stop")
    assert fillings(problem("block"), sample) == Fillings(
        shown="        x += 1\n",
        raw="        x += 1\n    return x\n",
        without={"stop_at_scope_end": "        x += 1\n"},
    )


def test_a_rule_that_alone_cuts_is_seen() -> None:
    sample = Sample("within a line", 0, completion="", raw="1, 2)\n", stop_reason="stop")
    found = fillings(problem("within a line"), sample)
    assert (found.shown, found.raw) == ("1", "1, 2)\n")
    assert found.without["drop_rest_of_line"] == "1, 2"


@pytest.mark.parametrize(
    ("name", "filling", "exact"),
    [
        ("whole line", "    return x + 1  \n", True),
        ("whole line", "    return x + 1\n    more\n", True),
        ("whole line", "return x + 1\n", False),
        ("block", "        x += 1 \n        x += 2\n\n", True),
        ("block", "        x += 1\n", False),
        ("within a line", "1", True),
        ("within a line", "", False),
    ],
)
def test_exact(name: str, filling: str, exact: bool) -> None:
    assert is_exact(HOLES[name], filling) is exact


@pytest.mark.parametrize(
    ("suffix", "filling", "exact"),
    [
        ("sorted(x)\n", "[] if x else ", True),
        ("sorted(x)\n", "[] if x else", False),  # `elsesorted`
        ("sorted(x)\n", "[] if x else  ", False),
        ("\nprint(x)\n", "[] if x else", True),
        ("\r\nprint(x)\r\n", "[] if x else  ", True),
        ("", "[] if x else", True),
    ],
)
def test_white_space_counts_but_before_the_end_of_a_line(suffix: str, filling: str, exact: bool) -> None:
    assert is_exact(Hole("y = ", suffix, "[] if x else "), filling) is exact
    assert is_exact(Hole("y = ", suffix, "  "), "") is (suffix[:1] in ("", "\r", "\n"))
