"""What a person does to a text, and how many tokens of the next prompt have to be computed."""

import pytest

from codegpt.engine.decode import decode, decode_plain
from codegpt.engine.kv_cache import common_prefix
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.prompt_cache import LOSE_TOKENS, PromptCaches
from codegpt.engine.protocol import SamplingParams
from codegpt.engine.tokens import Tokens

ONE = SamplingParams(max_new_tokens=1)
PLACE = "def f(x):\n" + "    y = x\n" * 20
OTHER = "class A:\n" + "    z = 0\n" * 25


class Asking:
    """Prompts, one token to a character, and how many tokens each of them had computed."""

    def __init__(self, model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch, kept: PromptCaches) -> None:
        self._model, self._tokens, self._kept = model, tokens, kept
        self._computed = 0
        forward = model.forward

        def counting(ids, *args, **kwargs):  # type: ignore[no-untyped-def]
            self._computed += ids.numel()
            return forward(ids, *args, **kwargs)

        self._plain = forward
        monkeypatch.setattr(model, "forward", counting)

    def __call__(self, text: str, params: SamplingParams = ONE) -> int:
        prompt, self._computed = self._tokens.encode_text(text), 0
        reused = decode(self._model, self._tokens, [prompt], params, 1, never_interrupted, kept=self._kept)
        computed = self._computed
        plain = decode_plain(self._model, self._tokens, [prompt], params, 1, never_interrupted)
        assert reused[0][0].token_ids == plain[0][0].token_ids
        return computed


@pytest.fixture
def kept() -> PromptCaches:
    return PromptCaches()


@pytest.fixture
def ask(model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch, kept: PromptCaches) -> Asking:
    return Asking(model, tokens, monkeypatch, kept)


def test_typing_computes_what_was_typed(ask: Asking) -> None:
    assert ask(PLACE) == len(PLACE)
    assert ask(PLACE + "r") == 1
    assert ask(PLACE + "ret") == 2
    assert ask(PLACE + "ret") == 1  # its logits are wanted


def test_a_suggestion_that_is_not_taken_costs_nothing(ask: Asking, kept: PromptCaches) -> None:
    ask(PLACE, SamplingParams(max_new_tokens=12))
    assert ask(PLACE + "~") == 1
    assert len(kept.sequences) == 1


def test_undo_costs_nothing(ask: Asking) -> None:
    ask(PLACE)
    for typed in ("a", "ab", "abc"):
        assert ask(PLACE + typed) == 1
    for typed in ("ab", "a", ""):
        assert ask(PLACE + typed) == 1


def test_an_edit_above_the_cursor_computes_what_follows_it_and_undoing_it_nothing(ask: Asking) -> None:
    assert ask(PLACE) == len(PLACE)
    edited = PLACE.replace("f(x)", "f(x, k)")
    assert ask(edited) == len(edited) - common_prefix(PLACE.encode(), edited.encode())
    assert ask(PLACE) == 1
    assert ask(edited + "a") == 1


def test_another_file_and_back(ask: Asking, kept: PromptCaches) -> None:
    assert ask(PLACE) == len(PLACE)
    assert ask(OTHER) == len(OTHER)
    assert ask(PLACE + "r") == 1
    assert ask(OTHER + "r") == 1
    assert len(kept.sequences) == 2


def test_a_jump_within_the_file_and_back(ask: Asking) -> None:
    """A prompt that has the text after the cursor first: it is another one after the jump."""
    here, there = "after here" * 10 + PLACE, "after there" * 10 + PLACE[:40]
    assert ask(here) == len(here)
    assert ask(there) == len(there) - len("after ")
    assert ask(here + "a") == 1
    assert ask(there + "a") == 1


def test_a_short_tail_is_cut_and_a_long_one_is_kept(ask: Asking, kept: PromptCaches) -> None:
    start = "x = 1\n" * 10
    ask(start + "a" * LOSE_TOKENS)
    ask(start + "b" * (LOSE_TOKENS + 1))
    assert len(kept.sequences) == 1
    ask(start + "c")
    assert [len(own.ids) for own in kept.sequences] == [60 + LOSE_TOKENS + 1, 61]


def test_the_least_recently_used_goes_when_the_bytes_run_out(model: Model, tokens: Tokens) -> None:
    one = PromptCaches()
    texts = ["abcdefgh"[at] * (LOSE_TOKENS + 9) for at in range(3)]

    def ask(kept: PromptCaches, text: str) -> None:
        decode(model, tokens, [tokens.encode_text(text)], ONE, 1, never_interrupted, kept=kept)

    ask(one, texts[0])
    two = PromptCaches(2 * one.nbytes)
    for text in (texts[0], texts[1], texts[0], texts[2]):
        ask(two, text)
    assert two.nbytes <= 3 * one.nbytes  # the last one grows after it was let in
    ask(two, texts[0])
    assert [bytes(own.ids) for own in two.sequences] == [bytes(tokens.encode_text(texts[at])) for at in (2, 0)]


def test_with_no_bytes_at_all_the_last_one_stays(ask: Asking, model: Model, tokens: Tokens) -> None:
    none = PromptCaches(0)
    for text in (PLACE, OTHER):
        decode(model, tokens, [tokens.encode_text(text)], ONE, 1, never_interrupted, kept=none)
    assert [own.ids for own in none.sequences] == [tokens.encode_text(OTHER)]
