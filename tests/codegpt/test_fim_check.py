import re

import pytest

from codegpt.engine.scripted import ScriptedEngine, prompt_text
from codegpt.fim_check import CHECK_HOLES, FimCheck, run_fim_check
from codegpt.prompt import Layout, Prompt, candidate_fims, parse_fim, render_fim

PSM, SPM = parse_fim("qwen2.5-coder/psm"), parse_fim("qwen2.5-coder/spm")
SHORT = 5
"""Answers of at most eight characters: a scripted token is one character, and eight are asked for."""


def answer(prompt: Prompt, *fims: object) -> str:
    """Fill the hole if the prompt is written in one of `fims`."""
    for hole in CHECK_HOLES:
        for fim in fims:
            if prompt == render_fim(hole.prefix, hole.suffix, fim):  # type: ignore[arg-type]
                return hole.answer
    return "something else"


def test_every_answer_stands_in_the_suffix_and_nowhere_in_the_prefix() -> None:
    for hole in CHECK_HOLES:
        assert re.search(rf"\b{hole.answer}\b", hole.suffix)
        assert hole.answer not in hole.prefix
    assert len({hole.answer for hole in CHECK_HOLES}) == len(CHECK_HOLES) == 6
    assert sum(len(hole.answer) <= 8 for hole in CHECK_HOLES) == SHORT


def test_a_format_that_the_model_knows_passes() -> None:
    engine = ScriptedEngine(lambda prompt, _row: answer(prompt, SPM))
    check = run_fim_check(engine, (PSM, SPM))
    assert check == FimCheck("qwen2.5-coder/spm", SHORT, 0, 6)
    assert check.passed
    assert check.passed


def test_of_equal_formats_the_first_wins() -> None:
    engine = ScriptedEngine(lambda prompt, _row: answer(prompt, PSM, SPM))
    assert run_fim_check(engine, (SPM, PSM)).fim == "qwen2.5-coder/spm"
    assert run_fim_check(engine, (PSM, SPM)).fim == "qwen2.5-coder/psm"


def test_a_model_that_ignores_the_suffix_fails() -> None:
    check = run_fim_check(ScriptedEngine("sys\n"), (PSM, SPM))
    assert check == FimCheck("qwen2.5-coder/psm", 0, 0, 6)
    assert not check.passed
    assert not check.passed


def test_a_model_that_knows_the_answers_from_the_left_alone_proves_nothing() -> None:
    engine = ScriptedEngine(lambda prompt, _row: answer(prompt, None, PSM))
    check = run_fim_check(engine, (PSM,))
    assert check == FimCheck("qwen2.5-coder/psm", SHORT, SHORT, 6)
    assert not check.passed


def test_a_model_without_candidates_fails() -> None:
    assert run_fim_check(ScriptedEngine(""), ()) == FimCheck("", 0, 0, 6)
    assert not FimCheck("", 0, 0, 6).passed


@pytest.mark.parametrize(
    ("text", "hits"), [("zorblax", 1), ("  zorblax\n", 1), ("\nzorblax", 1), ("zorbla", 0), ("x zorbl", 0)]
)
def test_a_hit_begins_with_the_answer(text: str, hits: int) -> None:
    assert run_fim_check(ScriptedEngine(text[:8]), (PSM,)).hits == hits * (len(text) <= 8)


def test_holes_are_asked_greedily_in_each_format_and_once_with_the_left_side() -> None:
    asked: list[str] = []

    def script(prompt: Prompt, row: int) -> str:
        assert row == 0
        asked.append(prompt_text(prompt))
        return ""

    run_fim_check(ScriptedEngine(script), (PSM, SPM))
    expected = [
        prompt_text(render_fim(hole.prefix, hole.suffix, fim)) for fim in (None, PSM, SPM) for hole in CHECK_HOLES
    ]
    assert asked == expected


def test_as_json() -> None:
    assert FimCheck("a/psm", 5, 1, 6).to_json() == {"fim": "a/psm", "hits": 5, "left_only_hits": 1, "holes": 6}


def test_candidates_of_the_check_are_known_layouts() -> None:
    found = candidate_fims(frozenset({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"}))
    assert [fim.layout for fim in found] == [Layout.PSM, Layout.SPM]
