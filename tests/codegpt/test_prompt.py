import pytest

from codegpt.prompt import FIM_FORMATS, Fim, Layout, Markup, Prompt, candidate_fims, parse_fim, render_fim

PRE, SUF = "before", "after"
M = Markup

GOLDEN: dict[str, tuple[str | Markup, ...]] = {
    "qwen2.5-coder/psm": (M("<|fim_prefix|>"), PRE, M("<|fim_suffix|>"), SUF, M("<|fim_middle|>")),
    "qwen2.5-coder/spm": (M("<|fim_prefix|>"), M("<|fim_suffix|>"), SUF, M("<|fim_middle|>"), PRE),
    "starcoder/psm": (M("<fim_prefix>"), PRE, M("<fim_suffix>"), SUF, M("<fim_middle>")),
    "starcoder/spm": (M("<fim_prefix>"), M("<fim_suffix>"), SUF, M("<fim_middle>"), PRE),
    "santacoder/psm": (M("<fim-prefix>"), PRE, M("<fim-suffix>"), SUF, M("<fim-middle>")),
    "santacoder/spm": (M("<fim-prefix>"), M("<fim-suffix>"), SUF, M("<fim-middle>"), PRE),
    "codellama/psm": (M("▁<PRE>"), PRE, M("▁<SUF>"), SUF, M("▁<MID>")),
    "codellama/spm": (M("▁<PRE>"), M("▁<SUF>"), SUF, M("▁<MID>"), PRE),
    "deepseek-coder/psm": (M("<｜fim▁begin｜>"), PRE, M("<｜fim▁hole｜>"), SUF, M("<｜fim▁end｜>")),
    "codegemma/psm": (M("<|fim_prefix|>"), PRE, M("<|fim_suffix|>"), SUF, M("<|fim_middle|>")),
    "codegemma/spm": (M("<|fim_prefix|>"), M("<|fim_suffix|>"), SUF, M("<|fim_middle|>"), PRE),
    "codestral/spm": (M("[SUFFIX]"), SUF, M("[PREFIX]"), PRE),
    "granite/psm": (M("<fim_prefix>"), PRE, M("<fim_suffix>"), SUF, M("<fim_middle>")),
    "granite/spm": (M("<fim_prefix>"), M("<fim_suffix>"), SUF, M("<fim_middle>"), PRE),
    "mellum/spm": (M("<fim_suffix>"), SUF, M("<fim_prefix>"), PRE, M("<fim_middle>")),
}


def test_every_format_and_layout_has_a_golden_prompt() -> None:
    known = {f"{fim.name}/{layout}" for fim in FIM_FORMATS.values() for layout in fim.layouts}
    assert known == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_prompt_of(name: str) -> None:
    assert render_fim(PRE, SUF, parse_fim(name)) == Prompt(GOLDEN[name])


def test_formats_are_keyed_by_their_names_and_only_measured_ones_count_as_run() -> None:
    assert [fim.name for fim in FIM_FORMATS.values()] == list(FIM_FORMATS)
    assert [fim.name for fim in FIM_FORMATS.values() if fim.run] == ["qwen2.5-coder"]
    assert all(fim.source for fim in FIM_FORMATS.values())


def test_empty_parts_are_left_out() -> None:
    psm = parse_fim("qwen2.5-coder/psm")
    pre, suf, mid = M("<|fim_prefix|>"), M("<|fim_suffix|>"), M("<|fim_middle|>")
    assert render_fim("", "b", psm).parts == (pre, suf, "b", mid)
    assert render_fim("a", "", psm).parts == (pre, "a", suf, mid)
    assert render_fim("", "", psm).parts == (pre, suf, mid)
    assert render_fim("", "", parse_fim("qwen2.5-coder/spm")).parts == (pre, suf, mid)


def test_with_no_format_the_prefix_alone_is_asked() -> None:
    assert render_fim("a", "b", None) == Prompt(("a",))
    assert render_fim("", "b", None) == Prompt(("",))


def test_text_that_spells_a_control_token_stays_text() -> None:
    prompt = render_fim("<|fim_middle|>", "<|fim_prefix|>", parse_fim("qwen2.5-coder/psm"))
    assert [type(part) for part in prompt.parts] == [Markup, str, Markup, str, Markup]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_fim_is_written_as_it_is_read(name: str) -> None:
    assert str(parse_fim(name)) == name


@pytest.mark.parametrize(
    "text",
    ["", "qwen2.5-coder", "qwen2.5-coder/", "qwen2.5-coder/PSM", "nope/psm", "deepseek-coder/spm", "a/b/c", "/psm"],
)
def test_an_unknown_fim_lists_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match="unknown fill-in-the-middle format") as raised:
        parse_fim(text)
    assert str(raised.value) == f"unknown fill-in-the-middle format {text!r}; known: {', '.join(GOLDEN)}"


def test_candidates_are_what_the_tokenizer_has_once_for_each_template() -> None:
    qwen = frozenset({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|endoftext|>"})
    assert [str(fim) for fim in candidate_fims(qwen)] == ["qwen2.5-coder/psm", "qwen2.5-coder/spm"]
    star = frozenset({"<fim_prefix>", "<fim_suffix>", "<fim_middle>"})
    assert [str(fim) for fim in candidate_fims(star)] == ["starcoder/psm", "starcoder/spm", "mellum/spm"]
    assert [str(fim) for fim in candidate_fims(frozenset({"[SUFFIX]", "[PREFIX]"}))] == ["codestral/spm"]
    assert candidate_fims(star - {"<fim_middle>"}) == ()
    assert candidate_fims(frozenset()) == ()


def test_all_templates_together_are_distinct() -> None:
    markup = frozenset(part.token for parts in GOLDEN.values() for part in parts if isinstance(part, Markup))
    templates = [fim.format.layouts[fim.layout] for fim in candidate_fims(markup)]
    assert len(templates) == len(set(templates)) == len(set(GOLDEN.values()))


def test_the_control_tokens_of_a_layout() -> None:
    assert FIM_FORMATS["codestral"].markup(Layout.SPM) == {"[SUFFIX]", "[PREFIX]"}
    assert Fim(FIM_FORMATS["codestral"], Layout.SPM) == parse_fim("codestral/spm")
