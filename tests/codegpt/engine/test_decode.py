"""The fast decoder and its slow twin write the same tokens; rows end for the right reason."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
import torch

from codegpt.engine.decode import PREFILL_CHUNK_TOKENS, Row, chunk_of, decode, decode_plain
from codegpt.engine.model import Model
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import Generation, SamplingParams, StopReason, Watch
from codegpt.engine.tokens import Tokens


def go_on() -> StopReason | None:
    return None


def stop_after(calls: int) -> Callable[[], StopReason | None]:
    left = iter(range(calls))
    return lambda: None if next(left, None) is not None else StopReason.CANCELLED


def ids_of(results: list[list[Generation]]) -> list[list[tuple[int, ...]]]:
    return [[row.token_ids for row in rows] for rows in results]


PROMPTS = ["def f(x):\n    return ", "a", "é😀 = {" + "1, " * 40]


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_greedy_equals_plain(model: Model, tokens: Tokens, count: int, n: int) -> None:
    prompts = [tokens.encode_text(text) for text in PROMPTS[:count]]
    params = SamplingParams(max_new_tokens=24)
    fast = decode(model, tokens, prompts, params, n, go_on)
    slow = decode_plain(model, tokens, prompts, params, n, go_on)
    assert ids_of(fast) == ids_of(slow)
    assert [[row.text for row in rows] for rows in fast] == [[row.text for row in rows] for rows in slow]
    for fast_rows, slow_rows in zip(fast, slow, strict=True):
        for a, b in zip(fast_rows, slow_rows, strict=True):
            assert a.mean_logprob == pytest.approx(b.mean_logprob, abs=1e-4)
            assert a.stop_reason == b.stop_reason


def test_sampling_equals_plain_and_does_not_depend_on_the_batch(model: Model, tokens: Tokens) -> None:
    prompts = [tokens.encode_text(text) for text in PROMPTS]
    params = SamplingParams(max_new_tokens=16, temperature=0.8, top_p=0.95, seed=3)
    together = decode(model, tokens, prompts, params, 4, go_on)
    assert ids_of(together) == ids_of(decode_plain(model, tokens, prompts, params, 4, go_on))
    alone = decode(model, tokens, prompts[1:2], params, 2, go_on)
    assert ids_of(alone)[0] == ids_of(together)[1][:2]
    assert len({row.token_ids for row in together[0]}) > 1


def test_a_prompt_longer_than_a_chunk(model: Model, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = 1\n" * (PREFILL_CHUNK_TOKENS // 4))
    assert len(prompt) > PREFILL_CHUNK_TOKENS
    params = SamplingParams(max_new_tokens=8)
    fast = decode(model, tokens, [prompt], params, 1, go_on)
    assert ids_of(fast) == ids_of(decode_plain(model, tokens, [prompt], params, 1, go_on))


@pytest.mark.parametrize(
    "texts",
    [
        ["abc", "abcd", "abcde"],  # typing
        ["abcdefgh", "abc"],  # deleting
        ["abc", "xyz", "abc"],  # another file and back
        ["abc", "abc"],  # the same again
        ["abcXdef", "abcYdef"],  # an edit above
    ],
)
def test_a_kept_prompt_changes_nothing(model: Model, tokens: Tokens, texts: list[str]) -> None:
    kept = PromptCaches()
    params = SamplingParams(max_new_tokens=6)
    for text in texts:
        prompt = tokens.encode_text(text)
        reused = decode(model, tokens, [prompt], params, 1, go_on, kept=kept)
        assert ids_of(reused) == ids_of(decode_plain(model, tokens, [prompt], params, 1, go_on))


def test_a_kept_prompt_is_not_computed_again(model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    forward = model.forward

    def counting(ids, *args, **kwargs):  # type: ignore[no-untyped-def]
        computed.append(ids.numel())
        return forward(ids, *args, **kwargs)

    monkeypatch.setattr(model, "forward", counting)
    kept = PromptCaches()
    params = SamplingParams(max_new_tokens=1)
    decode(model, tokens, [tokens.encode_text("x" * 100)], params, 1, go_on, kept=kept)
    decode(model, tokens, [tokens.encode_text("x" * 100 + "yz")], params, 1, go_on, kept=kept)
    decode(model, tokens, [tokens.encode_text("x" * 100 + "yz")], params, 3, go_on, kept=kept)
    assert computed == [100, 2, 1]


def test_interrupted_anywhere_the_cache_stays_right(model: Model, tokens: Tokens) -> None:
    prompt = tokens.encode_text("x = 1\n" * (PREFILL_CHUNK_TOKENS // 4))
    params = SamplingParams(max_new_tokens=4)
    expected = ids_of(decode_plain(model, tokens, [prompt], params, 1, go_on))
    kept = PromptCaches()
    for calls in (0, 1, 2, 3, 4, 5, 7, 8, 11):  # 3 layers: in the first chunk, the second, and while decoding
        [[row]] = decode(model, tokens, [prompt], params, 1, stop_after(calls), kept=kept)
        assert row.stop_reason is StopReason.CANCELLED or row.token_ids == expected[0][0]
        assert [own.cache.length for own in kept.sequences] == [len(own.ids) for own in kept.sequences]
    assert ids_of(decode(model, tokens, [prompt], params, 1, go_on, kept=kept)) == expected


def test_cancelled_before_the_first_token(model: Model, tokens: Tokens) -> None:
    results = decode(model, tokens, [[1, 2], [3]], SamplingParams(max_new_tokens=4), 2, stop_after(0))
    assert results == [[Generation("", (), 0.0, StopReason.CANCELLED)] * 2] * 2


def test_rows_end_for_the_right_reason(model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tokens, "end_ids", frozenset())
    prompt = tokens.encode_text("ab")
    [[free]] = decode(model, tokens, [prompt], SamplingParams(max_new_tokens=12), 1, go_on)
    assert (free.stop_reason, len(free.token_ids)) == (StopReason.LENGTH, 12)
    stop = free.text[3:5]
    first = free.text.find(stop)
    [[stopped]] = decode(model, tokens, [prompt], SamplingParams(max_new_tokens=12, stop=(stop,)), 1, go_on)
    assert (stopped.text, stopped.stop_reason) == (free.text[:first], StopReason.STOP)
    seen: list[tuple[int, str]] = []

    def watch(row: int, text: str) -> bool:
        seen.append((row, text))
        return len(seen) == 4

    [[watched]] = decode(model, tokens, [prompt], SamplingParams(max_new_tokens=12), 1, go_on, watch)
    assert watched.stop_reason is StopReason.STOP
    assert watched.token_ids == free.token_ids[:4]
    assert seen[-1] == (0, watched.text)


def test_a_control_token_ends_the_row_and_is_not_text(
    model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = tokens.encode_text("ab")
    [[free]] = decode(model, tokens, [prompt], SamplingParams(max_new_tokens=12), 1, go_on)
    third = free.token_ids[2]
    at = free.token_ids.index(third)
    monkeypatch.setattr(Tokens, "end_ids", frozenset({third}))
    [[ended]] = decode(model, tokens, [prompt], SamplingParams(max_new_tokens=12), 1, go_on)
    assert ended.stop_reason is StopReason.END_OF_TEXT
    assert ended.token_ids == free.token_ids[: at + 1]
    assert ended.text == tokens.decode(free.token_ids[:at])


def end_after(lengths: list[int]) -> Watch:
    """Ends row i after `lengths[i]` tokens."""
    left = list(lengths)

    def watch(row: int, _text: str) -> bool:
        left[row] -= 1
        return left[row] == 0

    return watch


def batch_sizes(model: Model, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each pass through the model has, written down from now on."""
    sizes: list[int] = []
    forward = model.forward

    def counting(ids, *args, **kwargs):  # type: ignore[no-untyped-def]
        sizes.append(ids.shape[0])
        return forward(ids, *args, **kwargs)

    monkeypatch.setattr(model, "forward", counting)
    return sizes


GREEDY = SamplingParams(max_new_tokens=12)
SAMPLED = SamplingParams(max_new_tokens=12, temperature=0.8, top_p=0.95, seed=3)


@pytest.mark.parametrize("params", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
@pytest.mark.parametrize(
    ("count", "n", "at_once", "lengths", "sizes"),
    [
        (1, 4, 0, [1, 2, 3, 4], [1, 3, 2, 1]),
        (1, 4, 0, [4, 4, 4, 4], [1, 4, 4, 4]),
        (1, 5, 0, [3, 1, 3, 3, 3], [1, 4, 4]),
        (1, 5, 0, [3, 2, 3, 3, 3], [1, 5, 5]),
        (2, 4, 0, [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 7, 7, 5, 5, 3, 2, 1]),
        (2, 2, 0, [1, 1, 3, 12], [1, 1, 2, 2] + [1] * 9),
        (3, 1, 0, [2, 5, 1], [1, 1, 1, 2, 1, 1, 1]),
        (3, 1, 0, [1, 1, 1], [1, 1, 1]),
        (3, 1, 2, [2, 5, 3], [1, 1, 2, 1, 2, 2, 1]),
        (3, 1, 1, [2, 3, 2], [1, 1, 1, 1, 1, 1, 1]),
        (3, 3, 2, [2, 3, 1, 2, 2, 2, 4, 1, 3], [1, 2, 1, 1, 3, 1, 2, 2, 1]),
        (3, 3, 6, [2, 9, 1, 7, 2, 12, 4, 1, 3], [1, 1, 5, 1, 5, 5, 5, 3, 3, 2, 2, 1, 1, 1]),
    ],
)
def test_rows_that_end_leave_the_batch_and_change_nothing(
    model: Model,
    tokens: Tokens,
    monkeypatch: pytest.MonkeyPatch,
    params: SamplingParams,
    count: int,
    n: int,
    at_once: int,
    lengths: list[int],
    sizes: list[int],
) -> None:
    monkeypatch.setattr(Tokens, "end_ids", frozenset())
    prompts = [tokens.encode_text(text) for text in PROMPTS[:count]]
    slow = decode_plain(model, tokens, prompts, params, n, go_on, end_after(lengths))
    seen = batch_sizes(model, monkeypatch)
    fast = decode(model, tokens, prompts, params, n, go_on, end_after(lengths), rows_at_once=at_once)
    assert seen == sizes
    assert ids_of(fast) == ids_of(slow)
    assert [len(row.token_ids) for rows in fast for row in rows] == lengths
    for fast_rows, slow_rows in zip(fast, slow, strict=True):
        for a, b in zip(fast_rows, slow_rows, strict=True):
            assert (a.text, a.stop_reason) == (b.text, b.stop_reason)
            assert a.mean_logprob == pytest.approx(b.mean_logprob, abs=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 0.8, 1.5])
def test_rows_that_end_by_themselves_at_different_times(
    model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch, temperature: float
) -> None:
    monkeypatch.setattr(Tokens, "end_ids", frozenset(range(0, 260, 9)))
    prompts = [tokens.encode_text(text) for text in PROMPTS]
    params = SamplingParams(max_new_tokens=24, temperature=temperature, seed=1)
    fast = decode(model, tokens, prompts, params, 4, go_on)
    slow = decode_plain(model, tokens, prompts, params, 4, go_on)
    assert ids_of(fast) == ids_of(slow)
    assert [[(row.text, row.stop_reason) for row in rows] for rows in fast] == [
        [(row.text, row.stop_reason) for row in rows] for rows in slow
    ]
    assert len({len(row.token_ids) for rows in fast for row in rows}) > 1


def test_rows_that_have_ended_are_not_touched_by_an_interruption(
    model_by_layers: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tokens, "end_ids", frozenset())
    prompts = [tokens.encode_text(text) for text in PROMPTS[:2]]
    whole = decode(model_by_layers, tokens, prompts, SAMPLED, 2, go_on, end_after([1, 2, 5, 12]))
    calls = 3 * (2 + 3) + 1  # 3 layers: two prompts, three steps, and into the fourth
    cut = decode(model_by_layers, tokens, prompts, SAMPLED, 2, stop_after(calls), end_after([1, 2, 5, 12]))
    assert cut[0] == whole[0]
    assert [row.stop_reason for row in cut[1]] == [StopReason.CANCELLED] * 2
    assert [row.token_ids for row in cut[1]] == [row.token_ids[:4] for row in whole[1]]


def test_a_kept_prompt_survives_rows_that_leave_the_batch(
    model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tokens, "end_ids", frozenset())
    kept = PromptCaches()
    prompt = tokens.encode_text("def f(x):\n    return ")
    for n, lengths in ((1, [12]), (4, [1, 2, 3, 9]), (1, [5]), (3, [4, 1, 1])):
        fast = decode(model, tokens, [prompt], SAMPLED, n, go_on, end_after(lengths), kept)
        slow = decode_plain(model, tokens, [prompt], SAMPLED, n, go_on, end_after(lengths))
        assert ids_of(fast) == ids_of(slow)


@pytest.mark.parametrize("count", [1, 3])
def test_rows_drawn_by_several_calls_are_those_of_one_call(model: Model, tokens: Tokens, count: int) -> None:
    prompts = [tokens.encode_text(text) for text in PROMPTS[:count]]
    together = ids_of(decode(model, tokens, prompts, SAMPLED, 4, go_on))
    first = ids_of(decode(model, tokens, prompts, SAMPLED, 2, go_on))
    second = ids_of(decode(model, tokens, prompts, replace(SAMPLED, first_row=2), 2, go_on))
    assert [a + b for a, b in zip(first, second, strict=True)] == together
    assert ids_of(decode_plain(model, tokens, prompts, replace(SAMPLED, first_row=2), 2, go_on)) == second
    alone = [ids_of(decode(model, tokens, prompts, replace(SAMPLED, first_row=row), 1, go_on)) for row in range(4)]
    assert [[call[p][0] for call in alone] for p in range(count)] == together
    assert all(len(set(rows)) == 4 for rows in together)


def test_a_row_decoded_bit_by_bit_says_what_its_tokens_say(tokens: Tokens) -> None:
    text = "äöü – 😀😀😀 def f():\n    return '🇩🇪' # ñ" * 4
    ids = [*tokens.encode_text(text), 0xF0 - 94, *tokens.encode_text("end")]
    row = Row(0, torch.empty(0))
    for count, token in enumerate(ids, 1):
        row.append(token, 0.0, tokens, SamplingParams(max_new_tokens=1000), None)
        assert row.written == row.text == tokens.decode(ids[:count])
    assert row.settled > len(ids) - 16
    assert row.text.startswith(text)


def test_a_gpu_takes_a_prompt_in_larger_pieces(model: Model) -> None:
    assert (chunk_of(model), chunk_of(model, 64)) == (256, 64)
    gpu = cast(Model, SimpleNamespace(device=torch.device("cuda")))
    assert (chunk_of(gpu), chunk_of(gpu, 64)) == (1024, 256)
