"""Beam search finds what its slow twin finds, and what trying everything finds."""

from collections.abc import Callable

import pytest
import torch
from transformers import DynamicCache, PreTrainedModel

from codegpt.engine.beam import beam_search, beam_search_plain
from codegpt.engine.causal_model import CausalModel
from codegpt.engine.decode import PromptCache, decode
from codegpt.engine.protocol import SamplingParams, StopReason
from codegpt.engine.tokens import Tokens

PROMPTS = ["def f(x):\n    return ", "a", "é😀 = {" + "1, " * 40]


def go_on() -> StopReason | None:
    return None


def stop_after(calls: int) -> Callable[[], StopReason | None]:
    left = iter(range(calls))
    return lambda: None if next(left, None) is not None else StopReason.CANCELLED


@pytest.fixture
def model(tiny_model: PreTrainedModel) -> CausalModel:
    return CausalModel(tiny_model)


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("text", PROMPTS)
def test_the_fast_search_equals_the_plain_one(model: CausalModel, tokens: Tokens, text: str, width: int) -> None:
    prompt = tokens.encode_text(text)
    params = SamplingParams(max_new_tokens=16)
    fast = beam_search(model, tokens, prompt, params, width, go_on)
    slow = beam_search_plain(model, tokens, prompt, params, width, go_on)
    assert [row.token_ids for row in fast] == [row.token_ids for row in slow]
    assert [(row.text, row.stop_reason) for row in fast] == [(row.text, row.stop_reason) for row in slow]
    assert [row.logprob for row in fast] == pytest.approx([row.logprob for row in slow], abs=1e-3)
    assert [row.logprob for row in fast] == sorted((row.logprob for row in fast), reverse=True)
    assert len({row.token_ids for row in fast}) == width


@pytest.mark.parametrize("text", PROMPTS)
def test_one_beam_is_greedy(model: CausalModel, tokens: Tokens, text: str) -> None:
    prompt = tokens.encode_text(text)
    params = SamplingParams(max_new_tokens=12)
    [[greedy]] = decode(model, tokens, [prompt], params, 1, go_on)
    [found] = beam_search(model, tokens, prompt, params, 1, go_on)
    assert (found.token_ids, found.stop_reason) == (greedy.token_ids, greedy.stop_reason)
    assert found.logprob == pytest.approx(greedy.logprob, abs=1e-3)


def test_a_wide_search_finds_the_likeliest_of_all(
    model: CausalModel, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tokens, "end_ids", frozenset())
    prompt = tokens.encode_text("ab")
    vocabulary = 260
    first = model.forward(torch.tensor([prompt]), DynamicCache(), go_on).log_softmax(-1)[0]
    pairs = torch.tensor([[*prompt, token] for token in range(vocabulary)])
    both = first[:, None] + model.forward(pairs, DynamicCache(), go_on).log_softmax(-1)
    best = both.flatten().topk(20)
    expected = [divmod(at, vocabulary) for at in best.indices.tolist()]
    found = beam_search(model, tokens, prompt, SamplingParams(max_new_tokens=2), vocabulary, go_on)
    assert [row.token_ids for row in found[:20]] == expected
    assert [row.logprob for row in found[:20]] == pytest.approx(best.values.tolist(), abs=1e-3)


def test_beams_end_where_the_caller_says(model: CausalModel, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = ")
    params = SamplingParams(max_new_tokens=20)
    found = beam_search(model, tokens, prompt, params, 3, go_on, watch=lambda _row, text: len(text) >= 2)
    assert {row.stop_reason for row in found} == {StopReason.STOP}
    assert all(len(row.token_ids) <= 5 for row in found)
    assert len({row.token_ids for row in found}) == 3


def test_a_kept_prompt_is_not_computed_again(
    model: CausalModel, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[int] = []
    forward = model.forward

    def counting(ids, *args, **kwargs):  # type: ignore[no-untyped-def]
        computed.append(ids.numel())
        return forward(ids, *args, **kwargs)

    monkeypatch.setattr(model, "forward", counting)
    kept = PromptCache()
    for text in ("x" * 50, "x" * 50 + "yz"):
        prompt = tokens.encode_text(text)
        found = beam_search(model, tokens, prompt, SamplingParams(max_new_tokens=2), 2, go_on, kept=kept)
        assert [row.token_ids for row in found] == [
            row.token_ids
            for row in beam_search_plain(model, tokens, prompt, SamplingParams(max_new_tokens=2), 2, go_on)
        ]
        assert kept.ids == prompt
        del computed[-3:]  # the plain search
    assert [count for count in computed if count > 2] == [50]


def test_interrupted_anywhere_it_returns_what_it_has(model: CausalModel, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = 1\n" * 20)
    params = SamplingParams(max_new_tokens=4)
    kept = PromptCache()
    expected = beam_search(model, tokens, prompt, params, 3, go_on)
    for calls in (0, 1, 2, 3, 4, 7, 10):  # of 3 layers
        found = beam_search(model, tokens, prompt, params, 3, stop_after(calls), kept=kept)
        assert (
            StopReason.CANCELLED
            in {row.stop_reason for row in found}
            <= {
                StopReason.CANCELLED,
                StopReason.END_OF_TEXT,
            }
        )
        assert {layer.keys.shape[-2] for layer in kept.cache.layers if layer.keys is not None} <= {len(kept.ids)}
    again = beam_search(model, tokens, prompt, params, 3, go_on, kept=kept)
    assert [row.token_ids for row in again] == [row.token_ids for row in expected]
