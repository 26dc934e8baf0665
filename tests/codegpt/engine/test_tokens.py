import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from codegpt.engine.tokens import Tokens
from codegpt.errors import CheckpointError
from codegpt.prompt import Markup, Prompt


def byte_level(use_regex: bool = True) -> Tokenizer:
    """As Qwen, StarCoder and CodeGen: 256 bytes, two merges, special and plain control tokens, runs of spaces."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {symbol: number for number, symbol in enumerate([*alphabet, "de", "def"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[("d", "e"), ("de", "f")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    tokenizer.add_tokens([AddedToken("  ", normalized=False), AddedToken("<tool_call>", special=False)])
    tokenizer.add_special_tokens([AddedToken("<|fim_middle|>", special=True)])
    tokenizer.add_tokens([AddedToken("    ", normalized=False), AddedToken("\t\t", normalized=False)])
    return tokenizer


def llama() -> Tokenizer:
    """As Llama and Code Llama: SentencePiece BPE with bytes, a dummy space, and a begin-of-text token."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "x", "▁x", "d", "▁d", "▁<PRE>"]
    merges = [("▁", "x"), ("▁", "d")]
    model = models.BPE(
        vocab={piece: number for number, piece in enumerate(pieces)},
        merges=merges,
        unk_token="<unk>",
        byte_fallback=True,
        fuse_unk=True,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>")])
    tokenizer.add_tokens([AddedToken("▁<PRE>", normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def unigram() -> Tokenizer:
    """A vocabulary that holds the control token's spelling, likelier than its letters, and lacks most characters."""
    letters = "abcdefghijklmnopqrstuvwxyz<>|_▁"
    vocab = [("<unk>", 0.0), ("<fim>", -1.0), ("<tool>", -1.0), *((letter, -4.0) for letter in letters)]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokenizer.add_special_tokens([AddedToken("<unk>"), AddedToken("<fim>")])
    tokenizer.add_tokens([AddedToken("<tool>", special=False)])
    return tokenizer


def word_level() -> Tokenizer:
    """Whole words in the vocabulary, as with `ignore_merges`: the control token is one of them."""
    words = ["<unk>", "foo", "bar", "x", "<|fim|>", *"<|fim>"]
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(dict.fromkeys(words))}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken("<unk>"), AddedToken("<|fim|>")])
    return tokenizer


def pieces(tokenizer: Tokenizer, ids: list[int]) -> list[str | None]:
    return [tokenizer.id_to_token(token) for token in ids]


BYTE_LEVEL = Tokens(byte_level().to_str())
ALL = {
    "byte_level": BYTE_LEVEL,
    "byte_level_whole": Tokens(byte_level(use_regex=False).to_str()),
    "llama": Tokens(llama().to_str()),
    "unigram": Tokens(unigram().to_str()),
    "word_level": Tokens(word_level().to_str()),
}


def test_control_tokens_are_added_tokens_that_are_not_white_space() -> None:
    assert BYTE_LEVEL.markup == {"<|endoftext|>": 258, "<tool_call>": 260, "<|fim_middle|>": 261}
    assert BYTE_LEVEL.end_ids == {258, 260, 261}
    assert ALL["llama"].markup == {"<unk>": 0, "<s>": 1, "</s>": 2, "▁<PRE>": 264}


def test_an_added_token_of_one_character_is_text() -> None:
    tokenizer = byte_level()
    tokenizer.add_tokens([AddedToken("字", normalized=False)])
    tokens = Tokens(tokenizer.to_str())
    assert "字" not in tokens.markup
    assert tokens.encode_text("a字") == [*BYTE_LEVEL.encode_text("a"), 264]


def test_plain_text_is_encoded_as_the_whole_tokenizer_encodes_it() -> None:
    """Runs of spaces keep the ids the model was trained with, though a control token stands before them in the list."""
    text = "def f():\n    def  g\n\t\td 😀 é\r\n"
    assert BYTE_LEVEL.encode_text(text) == byte_level().encode(text).ids
    assert [token for token in BYTE_LEVEL.encode_text("  \t\t    d  ") if token > 257] == [259, 263, 262, 259]
    assert BYTE_LEVEL.encode_text("def") == [257]


@pytest.mark.parametrize("spelling", ["<|endoftext|>", "<tool_call>", "<|fim_middle|>"])
@pytest.mark.parametrize("text", ["{}", "def {} def", "{}{}", " {}\n", "    {}  "])
def test_text_that_spells_a_control_token_is_text(spelling: str, text: str) -> None:
    text = text.format(spelling, spelling)
    ids = BYTE_LEVEL.encode_text(text)
    assert BYTE_LEVEL.end_ids.isdisjoint(ids)
    assert BYTE_LEVEL.decode(ids) == text
    assert not BYTE_LEVEL.end_ids.isdisjoint(byte_level().encode(text).ids)  # the library alone would have matched it


def test_a_vocabulary_that_holds_the_spelling_is_broken_up_there_and_nowhere_else() -> None:
    tokenizer, tokens = unigram(), ALL["unigram"]
    assert Tokens(tokenizer.to_str())._plain.encode("a<fim>b").tokens == ["▁", "a", "<fim>", "b"]
    broken = pieces(tokenizer, tokens.encode_text("a<fim>b"))
    assert broken == ["▁", "a", "▁", "<", "▁", "f", "▁", "i", "▁", "m", "▁", ">", "b"]
    assert tokens.end_ids.isdisjoint(tokens.encode_text("<fim> <tool><fim>"))
    words = ALL["word_level"]
    assert pieces(word_level(), words.encode_text("foo <|fim|> bar")) == [
        "foo",
        "<",
        "|",
        "f",
        "i",
        "m",
        "|",
        ">",
        "bar",
    ]


def test_an_unknown_character_is_left_out_and_the_rest_stays() -> None:
    tokenizer, tokens = unigram(), ALL["unigram"]
    assert pieces(tokenizer, tokens.encode_text("aéb")) == ["▁", "a", "▁", "b"]
    assert ALL["word_level"].encode_text("foo é bar") == [1, 2]


SPELLINGS = ["<|endoftext|>", "<tool_call>", "<|fim_middle|>", "<s>", "▁<PRE>", "<unk>", "<fim>", "<tool>", "<|fim|>"]
OTHERS = ["<", "|>", "def", "x", "foo", "é", "😀", " ", "    ", "\n"]


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(SPELLINGS + OTHERS), max_size=8).map("".join),
    )
)
def test_no_text_becomes_a_control_token(name: str, text: str) -> None:
    tokens = ALL[name]
    ids = tokens.encode_text(text)
    assert tokens.end_ids.isdisjoint(ids)
    assert tokens.count(text) == len(ids)
    if name.startswith("byte_level"):
        assert tokens.decode(ids) == text.rstrip("\ufffd")


@pytest.mark.parametrize("name", ["byte_level", "llama"])
@settings(max_examples=100, deadline=None)
@given(text=st.text("dx é😀\n<>", max_size=12))
def test_text_never_shrinks_or_changes_while_tokens_come_in(name: str, text: str) -> None:
    tokens = ALL[name]
    ids = tokens.encode_text(text)
    shown = ""
    for end in range(len(ids) + 1):
        now = tokens.decode(ids[:end])
        assert now.startswith(shown)
        shown = now
    assert shown.removeprefix(" " if name == "llama" and text else "") == text


def test_an_astral_character_is_shown_once_all_its_bytes_are_there() -> None:
    ids = BYTE_LEVEL.encode_text("a😀")
    assert [BYTE_LEVEL.decode(ids[:end]) for end in range(6)] == ["", "a", "a", "a", "a", "a😀"]
    ids = ALL["llama"].encode_text("x😀")
    assert [ALL["llama"].decode(ids[:end]) for end in range(1, 6)] == [" x", " x", " x", " x", " x😀"]


def test_half_a_character_does_not_take_the_bytes_before_it_away() -> None:
    """The library's byte fallback gives up on a whole run of bytes where one character in it is not complete."""
    ids = ALL["llama"].encode_text("<\n😀")[1:]
    assert llama().decode(ids[:3]) == "\ufffd" * 3
    assert [ALL["llama"].decode(ids[:end]) for end in range(1, 7)] == ["<", "<\n", "<\n", "<\n", "<\n", "<\n😀"]


def test_a_sentencepiece_text_keeps_its_leading_space() -> None:
    assert llama().decode([261]) == "x"  # the library drops it
    assert ALL["llama"].decode([261]) == " x"
    assert ALL["llama"].decode([259, 261]) == "  x"
    assert ALL["llama"].decode([260]) == "x"
    assert ALL["unigram"].decode(ALL["unigram"].encode_text("a")) == " a"


def test_a_prompt_begins_with_what_the_tokenizer_begins_with() -> None:
    assert BYTE_LEVEL.start_ids == ()
    assert ALL["llama"].start_ids == (1,)
    assert ALL["llama"].encode(Prompt((Markup("▁<PRE>"), "x"))) == [1, 264, 261]
    assert ALL["llama"].encode(Prompt(())) == [1]


def test_what_the_tokenizer_puts_behind_a_text_or_pads_it_with_is_no_beginning() -> None:
    tokenizer = llama()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    assert Tokens(tokenizer.to_str()).start_ids == (1,)
    tokenizer.enable_padding(length=8, pad_id=2, pad_token="</s>", direction="left")
    tokenizer.enable_truncation(4)
    tokens = Tokens(tokenizer.to_str())
    assert tokens.start_ids == (1,)
    assert tokens.count("x x x x x x x x") == 8


def test_markup_is_exactly_one_id() -> None:
    for token, number in BYTE_LEVEL.markup.items():
        assert BYTE_LEVEL.encode(Prompt((Markup(token),))) == [number]
    prompt = Prompt(("def", Markup("<|fim_middle|>"), "<|fim_middle|>", Markup("<tool_call>")))
    ids = BYTE_LEVEL.encode(prompt)
    assert (ids[:2], ids[-1]) == ([257, 261], 260)
    assert BYTE_LEVEL.decode(ids[2:-1]) == "<|fim_middle|>"


@pytest.mark.parametrize("token", ["<|fim_prefix|>", "  ", "def", ""])
def test_markup_that_the_tokenizer_lacks_is_an_error(token: str) -> None:
    with pytest.raises(CheckpointError) as raised:
        BYTE_LEVEL.encode(Prompt((Markup(token),)))
    assert str(raised.value) == f"the model's tokenizer has no control token {token!r}"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"model": {"type": "Nope"}}', '{"added_tokens": [{}]}'])
def test_a_file_that_is_no_tokenizer_is_an_error(text: str) -> None:
    with pytest.raises(CheckpointError, match=r"^the checkpoint's tokenizer\.json cannot be read: "):
        Tokens(text)


def test_a_tokenizer_without_added_tokens() -> None:
    description = json.loads(byte_level().to_str())
    description["added_tokens"] = []
    tokens = Tokens(json.dumps(description))
    assert (tokens.markup, tokens.end_ids) == ({}, frozenset())
    assert tokens.decode(tokens.encode_text("def <tool_call>")) == "def <tool_call>"


def test_a_lone_surrogate_is_text() -> None:
    tokens = Tokens(byte_level().to_str())
    assert tokens.decode(tokens.encode_text("a\ud83db")) == "a?b"


def test_what_is_kept_encoded_is_nobody_elses_list() -> None:
    tokens = Tokens(byte_level().to_str())
    first = tokens.encode_text("def x")
    wanted = list(first)
    first.clear()
    assert tokens.encode_text("def x") == wanted
    assert tokens.count("def x") == len(wanted)
    long = "def x" * 10_000  # longer than what is kept
    assert tokens.count(long) == len(tokens.encode_text(long))
