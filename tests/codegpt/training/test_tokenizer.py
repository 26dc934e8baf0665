import pytest
from tokenizers import Tokenizer

from codegpt.engine.tokens import Tokens
from codegpt.errors import InputError
from codegpt.prompt import FIM_FORMATS, Fim, Layout, render_fim
from codegpt.training.corpus import SourceText
from codegpt.training.tokenizer import CONTROL, Coder, learn_tokenizer, train


def pieces_of(tokenizer_json: str, text: str) -> list[str]:
    coder, whole = Coder(tokenizer_json), Tokenizer.from_str(tokenizer_json)
    return [whole.decode([token], skip_special_tokens=False) for token in coder.encode(text)]


def test_it_has_the_entries_that_were_asked_for_and_the_control_tokens_first(coder: Coder) -> None:
    assert coder.size == 600
    assert coder.control == {token: number for number, token in enumerate(CONTROL)}


def test_indentation_is_one_token_and_a_word_has_its_space(tokenizer_json: str) -> None:
    assert pieces_of(tokenizer_json, "def f(heap):\n        return heap\n") == [
        *("def", " f", "(", "heap", "):\n"),
        *("       ", " return", " heap", "\n"),
    ]


@pytest.mark.parametrize(
    "text", ["", "x = 'ä𝒳\U0001f40d'\r\n\tif\t x:\x0c\n", "\n\n    # 12 345\n", "<|fim_middle|> x"]
)
def test_any_text_comes_back(tokenizer_json: str, coder: Coder, text: str) -> None:
    ids = coder.encode(text)
    assert Tokenizer.from_str(tokenizer_json).decode(ids, skip_special_tokens=False) == text
    assert set(ids).isdisjoint(coder.control.values())
    assert [each.ids for each in coder.read_all([text, "x", text])] == [ids, coder.encode("x"), ids]


def test_the_product_reads_it_and_renders_holes_with_it(tokenizer_json: str, coder: Coder) -> None:
    tokens = Tokens(tokenizer_json)
    for layout in Layout:
        prompt = render_fim("def f(", "):", Fim(FIM_FORMATS["qwen2.5-coder"], layout))
        ids, control = tokens.encode(prompt), coder.control
        pre, suf = coder.encode("def f("), coder.encode("):")
        mark = {name: control[f"<|fim_{name}|>"] for name in ("prefix", "suffix", "middle")}
        expected = {
            Layout.PSM: [mark["prefix"], *pre, mark["suffix"], *suf, mark["middle"]],
            Layout.SPM: [mark["prefix"], mark["suffix"], *suf, mark["middle"], *pre],
        }
        assert ids == expected[layout]


def test_it_is_learnt_the_same_twice(texts: list[SourceText], tokenizer_json: str) -> None:
    assert train((each.text for each in texts), 600).to_str() == tokenizer_json


def test_what_is_no_tokenizer_for_training_is_said(tokenizer_json: str) -> None:
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        Coder("{")
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        Coder("{}")
    with pytest.raises(InputError, match=r"has no <\|fim_pad\|>"):
        Coder(tokenizer_json.replace("<|fim_pad|>", "<|other|>"))


def test_some_of_many_texts_are_enough() -> None:
    assert Coder(learn_tokenizer(["def f(x):\n    return x\n"] * 3, 270)).size <= 270
