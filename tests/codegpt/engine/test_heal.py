"""The last word of a prompt is written anew: where it begins, and that what is written begins with it."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedModel

from codegpt.engine.beam import beam_search, beam_search_plain
from codegpt.engine.decode import decode, decode_plain
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.module_model import ModuleModel
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import Generation, SamplingParams
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine
from codegpt.load import warm_up
from codegpt.prompt import Markup, Prompt

WORDS = ["pr", "in", "print", "lf", "se", "self", ".n", "Ġself", "Ġs", "Ġse"]


@pytest.fixture(scope="session")
def words() -> Tokens:
    """A byte-level tokenizer that knows some words, in fewer than the 260 tokens of the tiny models."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())[: 250 - len(WORDS)]
    alphabet += [letter for letter in "Ġ .#" if letter not in alphabet]
    merges = [("p", "r"), ("i", "n"), ("l", "f"), ("s", "e"), ("se", "lf"), (".", "n"), ("Ġ", "s"), ("Ġ", "se")]
    merges += [("Ġ", "self")]
    known = [*alphabet, "pr", "in", "lf", "se", "self", ".n", "Ġs", "Ġse", "Ġself"]
    tokenizer = Tokenizer(models.BPE(vocab={symbol: at for at, symbol in enumerate(known)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|end|>", special=True)])
    return Tokens(tokenizer.to_str())


def written(words: Tokens, row: Generation) -> str:
    return words.decode([token for token in row.token_ids if token not in words.end_ids])


@pytest.mark.parametrize(
    ("text", "before", "word"),
    [
        ("x = prin", "x =", " prin"),
        ("prin", "prin", ""),  # nothing would be left to go on from
        ("x se", "x", " se"),
        ("x.na", "x.", "na"),
        ("x = ", "x =", " "),
        ("x = é", "x = é", ""),
        ("", "", ""),
        ("x" * 9, "x" * 5, "x" * 4),
    ],
)
def test_where_the_last_word_begins(words: Tokens, text: str, before: str, word: str) -> None:
    if text == "x" * 9:
        description = json.loads(words._whole.to_str())
        description["pre_tokenizer"] = None  # does not tell words apart
        words = Tokens(json.dumps(description))
    assert words.encode_healed(Prompt((text,))) == (words.encode_text(before), word)


def test_a_control_token_is_left_alone(words: Tokens) -> None:
    prompt = Prompt(("x = prin", Markup("<|end|>")))
    assert words.encode_healed(prompt) == (words.encode(prompt), "")
    behind = Prompt((Markup("<|end|>"), "self"))
    assert words.encode_healed(behind) == (words.encode(Prompt((Markup("<|end|>"),))), "self")
    assert words.encode_healed(Prompt(())) == ([], "")


def test_the_spelling_of_a_control_token_is_left_alone() -> None:
    """Where the vocabulary holds it as a word, it is broken up, and there are more tokens than the word has."""
    known = ["<unk>", "foo", "bar", "<|fim|>", *"<|fim>"]
    vocab = {word: at for at, word in enumerate(dict.fromkeys(known))}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken("<unk>"), AddedToken("<|fim|>")])
    tokens = Tokens(tokenizer.to_str())
    spelt = Prompt(("foo <|fim|>",))
    assert tokens.encode_healed(spelt) == (tokens.encode(spelt), "")
    assert tokens.encode_healed(Prompt(("foo bar",))) == (tokens.encode(Prompt(("foo",))), "bar")


def test_the_vocabulary_holds_no_control_token(words: Tokens) -> None:
    texts = [words.decode([token]) for token in words.vocabulary.beginning("se")]
    assert sorted(texts) == ["s", "se", "self"]
    assert words.vocabulary.beginning("<|") == words.encode_text("<")


@settings(max_examples=30, deadline=None)
@given(begin=st.text(" selfprin.x", min_size=1, max_size=8), n=st.integers(1, 3), hot=st.booleans())
def test_rows_begin_with_it_on_both_ways(
    tiny_model: PreTrainedModel, words: Tokens, begin: str, n: int, hot: bool
) -> None:
    model: Model = ModuleModel(tiny_model)
    prompts, begins = [words.encode_text("x = "), words.encode_text("self self")], [begin, ""]
    params = SamplingParams(max_new_tokens=10, temperature=0.9 if hot else 0.0, seed=2)
    fast = decode(model, words, prompts, params, n, never_interrupted, begins=begins)
    slow = decode_plain(model, words, prompts, params, n, never_interrupted, begins=begins)
    assert [[row.token_ids for row in rows] for rows in fast] == [[row.token_ids for row in rows] for rows in slow]
    for rows, expected in zip(fast, begins, strict=True):
        for row in rows:
            assert written(words, row) == expected + row.text
            assert row.ends[-1] == len(row.text)


def test_stops_and_watches_see_what_follows(tiny_model: PreTrainedModel, words: Tokens) -> None:
    seen: list[str] = []

    def watch(_row: int, text: str) -> bool:
        seen.append(text)
        return len(seen) == 3

    params = SamplingParams(max_new_tokens=20, stop=("self",))
    [[row]] = decode(ModuleModel(tiny_model), words, [[5]], params, 1, never_interrupted, watch, begins=[" self.n"])
    assert len(seen) == 3 or row.text == ""
    assert all(not text.startswith(" self") for text in seen)
    assert written(words, row) == " self.n" + row.text


def test_beams_begin_with_it(tiny_model: PreTrainedModel, words: Tokens) -> None:
    model: Model = ModuleModel(tiny_model)
    prompt, params = words.encode_text("x = "), SamplingParams(max_new_tokens=6)
    fast = beam_search(model, words, prompt, params, 3, never_interrupted, kept=PromptCaches(), begin="sel")
    slow = beam_search_plain(model, words, prompt, params, 3, never_interrupted, begin="sel")
    assert [row.token_ids for row in fast] == [row.token_ids for row in slow]
    assert len(fast) == 3
    assert all(written(words, row) == "sel" + row.text for row in fast)


def test_nothing_is_held_back_where_no_token_fits(tiny_model: PreTrainedModel, tokens: Tokens) -> None:
    [[row]] = decode(
        ModuleModel(tiny_model), tokens, [[1, 2]], SamplingParams(max_new_tokens=3), 1, never_interrupted, begins=["日"]
    )
    assert torch.tensor(row.logprobs).isfinite().all()


def test_the_engine_heals_where_it_is_asked_to(tiny_model: PreTrainedModel, words: Tokens) -> None:
    engine = TorchEngine(ModuleModel(tiny_model), words)
    prompt = Prompt(("x = prin",))
    [[plain]] = engine.generate([prompt], SamplingParams(max_new_tokens=5))
    [[healed]] = engine.generate([prompt], SamplingParams(max_new_tokens=5, heal=True))
    assert words.decode(healed.token_ids).startswith(" prin"[: len(words.decode(healed.token_ids))])
    assert healed.token_ids != plain.token_ids
    found = engine.search(prompt, SamplingParams(max_new_tokens=8, heal=True), 2)
    assert all(written(words, row) == " prin" + row.text for row in found)


def test_warming_up_lists_what_words_may_begin_with(tiny_model: PreTrainedModel, words: Tokens) -> None:
    engine = TorchEngine(ModuleModel(tiny_model), words)
    vars(words).pop("vocabulary", None)
    warm_up(engine)
    assert "vocabulary" in vars(words)
