"""Guesses come from the text, are worth their time, and change nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.engine.decode import decode, decode_plain
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.pace import Pace
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import SamplingParams
from codegpt.engine.speculate import LONGEST_MATCH, Guess, Guesser, Said
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine
from codegpt.prompt import Prompt


def guesser(ids: list[int]) -> Guesser:
    made = Guesser()
    made.extend(ids)
    return made


def test_what_followed_the_longest_match_the_last_time() -> None:
    assert guesser([1, 2, 3, 4, 9, 2, 3]).guess(3) == Guess([4, 9, 2], 2)
    assert guesser([1, 2, 3, 7, 2, 3, 8, 2, 3]).guess(1) == Guess([8], 2)
    assert guesser([5, 6, 1, 6, 2, 5, 6]).guess(2) == Guess([1, 6], 2)  # not the later match of one token
    assert guesser([4, 4, 4]).guess(3) == Guess([4], 2)


def test_nothing_to_go_by() -> None:
    assert guesser([]).guess(3) == Guess((), 0)
    assert guesser([1, 2, 3]).guess(3) == Guess((), 0)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 4))
def test_it_finds_what_a_search_finds(ids: list[int], most: int) -> None:
    expected = Guess((), 0)
    for length in range(min(LONGEST_MATCH, len(ids)), 0, -1):
        tail = ids[len(ids) - length :]
        found = [at for at in range(length, len(ids)) if ids[at - length : at] == tail]
        if found:
            expected = Guess(ids[found[-1] : found[-1] + most], length)
            break
    found_so = guesser(ids).guess(most)
    assert (list(found_so.ids), found_so.matched) == (list(expected.ids), expected.matched)


class Eager(Pace):
    """Guesses whenever there is anything to guess, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.right: list[bool] = []

    def guess_tokens(self, matched: int) -> int:
        return 3 if matched else 0

    def saw(self, matched: int, right: bool) -> None:
        self.right.append(right)


def test_what_is_still_to_come_of_a_suggestion() -> None:
    said = Said("def f(value):\n    ret", "urn value\n")
    assert said.after("def f(value):\n    ret") == "urn value\n"
    assert said.after("def f(value):\n    return va") == "lue\n"
    assert said.after("def f(value):\n    return value\n") == ""
    assert said.after("def f(value):\n    rex") == ""  # another way
    assert said.after("def f(value):\n    re") == ""  # further back
    assert said.after("") == ""
    long = Said("x" * 99, "yy" * 99)
    assert long.after("more above\n" + "x" * 99 + "yy") == "yy" * 98
    assert Said("", "").after("a") == Said("", "").after("") == ""


@settings(max_examples=100, deadline=None)
@given(st.text("ab\n", max_size=60), st.text("ab\n", min_size=1, max_size=20), st.integers(0, 20))
def test_who_types_what_was_suggested_is_followed(before: str, suggested: str, typed: int) -> None:
    rest = Said(before, suggested).after(before + suggested[:typed])
    assert suggested.endswith(rest)
    assert before + suggested[:typed] == "" or len(rest) <= max(0, len(suggested) - typed)


def test_what_was_suggested_before_is_written_in_few_passes(model: Model, tokens: Tokens) -> None:
    params = SamplingParams(max_new_tokens=12)
    for text in ("def f(x):\n    return ", "é😀 = "):
        prompt = tokens.encode_text(text)
        [[slow]] = decode_plain(model, tokens, [prompt], params, 1, never_interrupted)
        for expected in (slow.text, slow.text[:5] + "?" * 20, "?", slow.text + "?"):
            for cold in (True, False):
                kept, pace = PromptCaches(), Eager()
                if not cold:
                    decode(
                        model, tokens, [prompt[:-2]], SamplingParams(max_new_tokens=1), 1, never_interrupted, kept=kept
                    )
                [[fast]] = decode(
                    model, tokens, [prompt], params, 1, never_interrupted, kept=kept, pace=pace, expected=expected
                )
                assert (fast.token_ids, fast.text, fast.stop_reason) == (slow.token_ids, slow.text, slow.stop_reason)
                assert all(own.cache.length == len(own.ids) for own in kept.sequences)
                assert kept.sequences[-1].computed == (len(prompt) if cold else 2)
                assert cold or expected != "?" or not pace.right[0]


def test_an_engine_remembers_what_it_suggested(model: Model, tokens: Tokens) -> None:
    engine, params = TorchEngine(model, tokens), SamplingParams(max_new_tokens=10)
    plain = TorchEngine(model, tokens)
    text = "value = "
    [[first]] = engine.generate([Prompt((text,))], params)
    for typed in (1, 2, 4):
        prompt = Prompt((text + first.text[:typed],))
        plain.forget()
        [[anew]] = plain.generate([prompt], params)
        [[again]] = engine.generate([prompt], params)
        assert again.token_ids == anew.token_ids


def test_guessing_changes_no_token(model: Model, tokens: Tokens) -> None:
    kept, pace = PromptCaches(), Eager()
    for temperature in (0.0, 0.7):
        for length in (1, 2, 3, 17, 40):
            params = SamplingParams(max_new_tokens=length, temperature=temperature, seed=5)
            for text in ("ab ab ab ab", "def f(x):\n    return x\n\ndef g(x):\n    ret", "é😀" * 9):
                prompt = tokens.encode_text(text)
                [[fast]] = decode(model, tokens, [prompt], params, 1, never_interrupted, kept=kept, pace=pace)
                [[slow]] = decode_plain(model, tokens, [prompt], params, 1, never_interrupted)
                assert (fast.token_ids, fast.text, fast.stop_reason) == (slow.token_ids, slow.text, slow.stop_reason)
                assert all(own.cache.length == len(own.ids) for own in kept.sequences)
    assert any(pace.right)
    assert not all(pace.right)


def test_a_row_that_is_ended_within_a_guess(model: Model, tokens: Tokens) -> None:
    prompt = tokens.encode_text("ab ab ab ab ab")
    params = SamplingParams(max_new_tokens=30)
    for end in range(1, 12):

        def watch(_row: int, text: str, end: int = end) -> bool:
            return len(text) >= end

        kept = PromptCaches()
        for _ in range(2):  # the second time all that comes is known
            [[fast]] = decode(model, tokens, [prompt], params, 1, never_interrupted, watch, kept, pace=Eager())
            [[slow]] = decode_plain(model, tokens, [prompt], params, 1, never_interrupted, watch)
            assert (fast.token_ids, fast.stop_reason) == (slow.token_ids, slow.stop_reason)


def test_what_was_written_the_last_time_is_guessed(model: Model, tokens: Tokens) -> None:
    kept, params = PromptCaches(), SamplingParams(max_new_tokens=24)
    prompt = tokens.encode_text("def f(x):\n    return ")
    [[first]] = decode(model, tokens, [prompt], params, 1, never_interrupted, kept=kept)
    pace = Eager()
    [[again]] = decode(model, tokens, [prompt], params, 1, never_interrupted, kept=kept, pace=pace)
    assert again.token_ids == first.token_ids
    assert sum(pace.right) >= len(first.token_ids) // 2
