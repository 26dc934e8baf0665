"""What follows is as likely in one batch as computed alone."""

from collections.abc import Callable

import pytest
import torch

from codegpt.engine.kv_cache import KvCache
from codegpt.engine.model import Interrupted, Model
from codegpt.engine.prompt_cache import PromptCaches
from codegpt.engine.protocol import StopReason
from codegpt.engine.scoring import logprobs_after, logprobs_after_plain
from codegpt.engine.tokens import Tokens


def go_on() -> StopReason | None:
    return None


def stop_after(calls: int) -> Callable[[], StopReason | None]:
    left = iter(range(calls))
    return lambda: None if next(left, None) is not None else StopReason.CANCELLED


@pytest.mark.parametrize("following", ["\n", "\n    return x\n"])
@pytest.mark.parametrize("texts", [["a"], ["x = 1", "y", "é😀 + 12345"], ["same", "same"]])
def test_the_batch_equals_one_by_one(model: Model, tokens: Tokens, texts: list[str], following: str) -> None:
    prompt = tokens.encode_text("def f(x):\n    ")
    encoded = [tokens.encode_text(text) for text in texts]
    wanted = tokens.encode_text(following)
    fast = logprobs_after(model, prompt, encoded, wanted, go_on)
    assert fast == pytest.approx(logprobs_after_plain(model, prompt, encoded, wanted, go_on), abs=1e-3)


def test_many_long_texts_are_computed_in_pieces(model: Model, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[tuple[int, ...]] = []
    forward = model.forward

    def watching(ids, *args, **kwargs):  # type: ignore[no-untyped-def]
        computed.append(tuple(ids.shape))
        return forward(ids, *args, **kwargs)

    monkeypatch.setattr(model, "forward", watching)
    prompt, wanted = tokens.encode_text("ab"), tokens.encode_text("end")
    texts = [tokens.encode_text("x" * length) for length in (97, 1, 50, 20, 97)]
    found = logprobs_after(model, prompt, texts, wanted, go_on)
    assert computed[1:] == [(2, 99), (2, 52), (1, 99)]  # 256 // (97 + 3) rows at once
    assert found == pytest.approx(logprobs_after_plain(model, prompt, texts, wanted, go_on), abs=1e-3)


def test_it_is_the_sum_over_the_tokens(model: Model, tokens: Tokens) -> None:
    prompt, text, following = (tokens.encode_text(each) for each in ("ab", "cd", "ef"))
    expected = 0.0
    for at, token in enumerate(following):
        sequence = torch.tensor([[*prompt, *text, *following[:at]]])
        expected += float(model.forward(sequence, KvCache(), go_on).log_softmax(-1)[0, -1, token])
    assert logprobs_after(model, prompt, [text], following, go_on) == pytest.approx([expected], abs=1e-3)


def test_a_kept_prompt_changes_nothing(model: Model, tokens: Tokens) -> None:
    kept = PromptCaches()
    text, following = tokens.encode_text("12"), tokens.encode_text("\nz")
    for before in ("abc", "abcd", "xyz", "abc"):
        prompt = tokens.encode_text(before)
        reused = logprobs_after(model, prompt, [text, text[:1]], following, go_on, kept)
        alone = logprobs_after_plain(model, prompt, [text, text[:1]], following, go_on)
        assert reused == pytest.approx(alone, abs=1e-3)
        assert kept.sequences[-1].ids == prompt


def test_interrupted_the_kept_prompt_stays_right(model_by_layers: Model, tokens: Tokens) -> None:
    kept = PromptCaches()
    prompt, text, following = (tokens.encode_text(each) for each in ("x = 1\n" * 9, "cd", "ef"))
    expected = logprobs_after(model_by_layers, prompt, [text], following, go_on)
    for calls in (0, 1, 3, 4):  # of 3 layers: in the prompt, and behind it
        with pytest.raises(Interrupted):
            logprobs_after(model_by_layers, prompt, [text], following, stop_after(calls), kept)
        assert [own.cache.length for own in kept.sequences] == [len(own.ids) for own in kept.sequences]
    assert logprobs_after(model_by_layers, prompt, [text], following, go_on, kept) == pytest.approx(expected, abs=1e-3)
