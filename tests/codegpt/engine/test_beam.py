"""Beam search finds what its slow twin finds, and what trying everything finds."""

from collections.abc import Callable

import pytest
import torch

from codegpt.engine.beam import beam_search, beam_search_plain
from codegpt.engine.decode import decode
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.model import Model
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import Generation, SamplingParams, StopReason
from codegpt.engine.tokens import Tokens

PROMPTS = ["def f(x):\n    return ", "a", "é😀 = {" + "1, " * 40]


def logprob(row: Generation) -> float:
    return sum(row.logprobs)


def go_on() -> StopReason | None:
    return None


def stop_after(calls: int) -> Callable[[], StopReason | None]:
    left = iter(range(calls))
    return lambda: None if next(left, None) is not None else StopReason.CANCELLED


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("text", PROMPTS)
def test_the_fast_search_equals_the_plain_one(model: Model, tokens: Tokens, text: str, width: int) -> None:
    prompt = tokens.encode_text(text)
    params = SamplingParams(max_new_tokens=16)
    fast = beam_search(model, tokens, prompt, params, width, go_on)
    slow = beam_search_plain(model, tokens, prompt, params, width, go_on)
    assert [row.token_ids for row in fast] == [row.token_ids for row in slow]
    assert [(row.text, row.stop_reason) for row in fast] == [(row.text, row.stop_reason) for row in slow]
    assert [logprob(row) for row in fast] == pytest.approx([logprob(row) for row in slow], abs=1e-3)
    assert [logprob(row) for row in fast] == sorted((logprob(row) for row in fast), reverse=True)
    assert len({row.text for row in fast}) == width


@pytest.mark.parametrize("text", PROMPTS)
def test_one_beam_is_greedy(model: Model, tokens: Tokens, text: str) -> None:
    prompt = tokens.encode_text(text)
    params = SamplingParams(max_new_tokens=12)
    [[greedy]] = decode(model, tokens, [prompt], params, 1, go_on)
    [found] = beam_search(model, tokens, prompt, params, 1, go_on)
    assert (found.token_ids, found.stop_reason) == (greedy.token_ids, greedy.stop_reason)
    assert logprob(found) == pytest.approx(logprob(greedy), abs=1e-3)


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_a_wide_search_finds_the_likeliest_of_all(
    model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    """Every text of up to three tokens, whether it ends by itself, because the caller says so, or at its length."""
    ends = frozenset(tokens.markup.values())
    going, watched = [tokens.encode_text(letter)[0] for letter in "abc"], tokens.encode_text("!")[0]
    allowed = torch.full((260,), float("-inf"))
    allowed[[*ends, *going, watched]] = 0.0
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda *args, **kwargs: forward(*args, **kwargs) + allowed)
    prompt = tokens.encode_text("ab")

    likely: dict[tuple[int, ...], float] = {}
    growing: dict[tuple[int, ...], float] = {(): 0.0}
    for length in range(1, longest + 1):
        grown = {}
        for ids, so_far in growing.items():
            after = model.forward(torch.tensor([[*prompt, *ids]]), KvCache(), go_on).log_softmax(-1)[0, -1]
            for token in (*ends, *going, watched):
                whole = token in ends or token == watched or length == longest
                (likely if whole else grown)[(*ids, token)] = so_far + float(after[token])
        growing = grown

    expected: dict[str, float] = {}
    for ids, score in likely.items():
        text = tokens.decode([token for token in ids if token not in ends])
        expected[text] = max(score, expected.get(text, float("-inf")))
    params = SamplingParams(max_new_tokens=longest)
    found = beam_search(model, tokens, prompt, params, 99, go_on, watch=lambda _row, text: text.endswith("!"))
    best = sorted(expected, key=lambda text: -expected[text])
    assert [row.text for row in found[: len(best)]] == best
    assert [logprob(row) for row in found[: len(best)]] == pytest.approx([expected[text] for text in best], abs=1e-3)
    few = beam_search(model, tokens, prompt, params, len(best) - 1, go_on, watch=lambda _row, text: text.endswith("!"))
    assert [row.text for row in few] == best[:-1]


def test_texts_that_are_the_same_are_found_once(model: Model, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = ")
    params = SamplingParams(max_new_tokens=3)
    free = beam_search(model, tokens, prompt, params, 4, go_on)
    found = beam_search(model, tokens, prompt, params, 4, go_on, same=lambda text: text[:1])
    assert len({row.text[:1] for row in free}) < len(free)
    assert len({row.text[:1] for row in found}) == len(found) > 1
    assert found[0] == free[0]
    slow = beam_search_plain(model, tokens, prompt, params, 4, go_on, same=lambda text: text[:1])
    assert [row.token_ids for row in found] == [row.token_ids for row in slow]


def test_beams_end_where_the_caller_says(model: Model, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = ")
    params = SamplingParams(max_new_tokens=20)
    found = beam_search(model, tokens, prompt, params, 3, go_on, watch=lambda _row, text: len(text) >= 2)
    assert {row.stop_reason for row in found} == {StopReason.STOP}
    assert all(len(row.token_ids) <= 5 for row in found)
    assert len({row.token_ids for row in found}) == 3


def test_a_kept_prompt_is_not_computed_again(model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    forward = model.forward

    def counting(ids, *args, **kwargs):  # type: ignore[no-untyped-def]
        computed.append(ids.numel())
        return forward(ids, *args, **kwargs)

    monkeypatch.setattr(model, "forward", counting)
    kept = PromptCaches()
    for text in ("x" * 50, "x" * 50 + "yz"):
        prompt = tokens.encode_text(text)
        found = beam_search(model, tokens, prompt, SamplingParams(max_new_tokens=2), 2, go_on, kept=kept)
        assert [row.token_ids for row in found] == [
            row.token_ids
            for row in beam_search_plain(model, tokens, prompt, SamplingParams(max_new_tokens=2), 2, go_on)
        ]
        assert kept.sequences[-1].ids == prompt
        del computed[-3:]  # the plain search
    assert [count for count in computed if count > 2] == [50]


def test_interrupted_anywhere_it_returns_what_it_has(model_by_layers: Model, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = 1\n" * 20)
    params = SamplingParams(max_new_tokens=4)
    kept = PromptCaches()
    expected = beam_search(model_by_layers, tokens, prompt, params, 3, go_on)
    for calls in (0, 1, 2, 3, 4, 7, 10):  # of 3 layers
        found = beam_search(model_by_layers, tokens, prompt, params, 3, stop_after(calls), kept=kept)
        reasons = [row.stop_reason for row in found]
        assert reasons == sorted(reasons, key=lambda reason: reason is StopReason.CANCELLED)  # ended ones come first
        assert set(reasons) <= {StopReason.CANCELLED, StopReason.END_OF_TEXT}
        assert reasons
        assert [own.cache.length for own in kept.sequences] == [len(own.ids) for own in kept.sequences]
    again = beam_search(model_by_layers, tokens, prompt, params, 3, go_on, kept=kept)
    assert [row.token_ids for row in again] == [row.token_ids for row in expected]


def test_what_has_ended_is_not_pushed_out_by_what_has_not(model_by_layers: Model, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = ")
    first: list[str] = []

    def watch(_row: int, text: str) -> bool:
        first.append(text)
        return len(first) == 3  # the third of the likeliest ends at once

    params = SamplingParams(max_new_tokens=9)
    found = beam_search(model_by_layers, tokens, prompt, params, 2, stop_after(3), watch=watch)
    assert [row.stop_reason for row in found] == [StopReason.CANCELLED, StopReason.CANCELLED]
    first.clear()
    found = beam_search(model_by_layers, tokens, prompt, params, 3, stop_after(3), watch=watch)
    assert [row.stop_reason for row in found] == [StopReason.STOP, StopReason.CANCELLED, StopReason.CANCELLED]
    assert found[0].text == first[2]
