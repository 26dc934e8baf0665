"""What happens when memory runs out: less is kept, less is looked at, and the engine lives."""

import logging
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from codegpt.complete import complete
from codegpt.document import Document
from codegpt.engine.memory import give_back, is_out_of_memory
from codegpt.engine.module_model import ModuleModel
from codegpt.engine.prompt_cache import MOST_BYTES
from codegpt.engine.protocol import SamplingParams
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine
from codegpt.errors import OutOfMemory
from codegpt.planning import CompletionOptions
from codegpt.prompt import Prompt

SAID = "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"


class Tight(ModuleModel):
    """A model in a memory that holds only so many tokens, or that runs out when it is told to."""

    most_tokens = 10**9
    fails = 0

    def forward(self, ids: torch.Tensor, cache: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        if self.fails:
            self.fails -= 1
            raise RuntimeError(SAID)
        logits = super().forward(ids, cache, *args, **kwargs)
        if cache.length > self.most_tokens:
            raise RuntimeError(SAID)  # with the cache longer than what it is known to hold
        return logits


@pytest.fixture
def model(tiny_model: PreTrainedModel) -> Tight:
    return Tight(tiny_model)


def test_how_torch_says_it() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError(SAID))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))
    with pytest.raises(RuntimeError) as found:
        torch.empty(2**55)
    assert is_out_of_memory(found.value)


def test_kept_prompts_are_given_up_and_the_answer_is_the_same(
    model: Tight, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    engine, params = TorchEngine(model, tokens), SamplingParams(max_new_tokens=5)
    prompt = Prompt(("def one():\n",))
    plain = engine.generate([prompt], params)
    model.fails = 1
    with caplog.at_level(logging.WARNING):
        assert engine.generate([prompt], params)[0][0].token_ids == plain[0][0].token_ids
    assert caplog.messages == [f"out of memory: keeping at most {MOST_BYTES // 2 >> 20} MB of prompts from now on"]
    assert engine.last_prompt.computed == engine.last_prompt.tokens
    assert engine.generate([prompt], params)[0][0].token_ids == plain[0][0].token_ids
    assert engine.last_prompt.computed == 1


def test_another_error_is_what_it_is(model: Tight, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> torch.Tensor:
        raise RuntimeError("shapes")

    monkeypatch.setattr(model, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        TorchEngine(model, tokens).generate([Prompt(("a",))], SamplingParams(max_new_tokens=1))


def test_a_completion_looks_at_less(model: Tight, tokens: Tokens) -> None:
    engine, text = TorchEngine(model, tokens), "value = 1\n" * 40
    model.most_tokens = 150
    options = CompletionOptions(prefix_tokens=256, suffix_tokens=64, max_line_tokens=4, max_block_tokens=4)
    completions = complete(Document(text, "file:///a.py", "python"), len(text), engine, None, options)
    assert completions.written[0].token_ids
    assert engine.last_prompt.tokens <= 128


def test_no_memory_for_anything(model: Tight, tokens: Tokens) -> None:
    engine = TorchEngine(model, tokens)
    model.most_tokens = 0
    with pytest.raises(OutOfMemory, match="choose a smaller model"):
        complete(Document("a = ", "file:///a.py", "python"), 4, engine, None)
    model.most_tokens = 10**9
    assert complete(Document("a = ", "file:///a.py", "python"), 4, engine, None).written


def test_freed_memory_may_be_given_back_at_any_time() -> None:
    kept = torch.arange(5)
    give_back()
    assert kept.tolist() == [0, 1, 2, 3, 4]
