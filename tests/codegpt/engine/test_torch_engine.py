"""The torch engine: prompts with control tokens, limits, deadlines, and loading from a directory."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, Qwen2Config

from codegpt.complete import complete
from codegpt.document import Document
from codegpt.engine.decode import AHEAD_CHUNK_TOKENS
from codegpt.engine.module_model import ModuleModel
from codegpt.engine.protocol import SamplingParams, StopReason
from codegpt.engine.tokens import Tokens
from codegpt.engine.torch_engine import TorchEngine, load_torch_engine
from codegpt.errors import CheckpointError, PromptTooLong
from codegpt.prompt import Markup, Prompt, parse_fim, render_fim

from .conftest import lean_int8


@pytest.fixture
def engine(tiny_model: PreTrainedModel, tokens: Tokens) -> TorchEngine:
    return TorchEngine(ModuleModel(tiny_model), tokens, "tiny", "d1gest")


def test_info(engine: TorchEngine) -> None:
    assert (engine.info.name, engine.info.digest, engine.info.context_tokens) == ("tiny", "d1gest", 2048)
    assert (engine.info.device, engine.info.dtype) == ("cpu", "float32")
    assert "<|fim_middle|>" in engine.info.markup
    assert engine.count_tokens("é😀<|fim_middle|>") == 2 + 4 + 14


def test_spelling_a_control_token_is_not_using_it(engine: TorchEngine) -> None:
    fim = parse_fim("qwen2.5-coder/spm")
    params = SamplingParams(max_new_tokens=8)
    spelt = engine.generate([Prompt(("a<|fim_middle|>b",))], params)
    used = engine.generate([Prompt(("a", Markup("<|fim_middle|>"), "b"))], params)
    assert spelt[0][0].token_ids != used[0][0].token_ids
    assert engine.generate([render_fim("a", "b", fim)], params)[0][0].token_ids


def test_unknown_control_token(engine: TorchEngine) -> None:
    with pytest.raises(CheckpointError, match=r"no control token '<nope>'"):
        engine.generate([Prompt((Markup("<nope>"),))], SamplingParams())


def test_too_long(engine: TorchEngine) -> None:
    with pytest.raises(PromptTooLong, match="a prompt of 2047 tokens and 2 new ones do not fit the model's 2048"):
        engine.generate([Prompt(("x" * 2047,))], SamplingParams(max_new_tokens=2))


def test_empty_prompt_and_nothing_to_do(engine: TorchEngine) -> None:
    assert engine.generate([], SamplingParams()) == []
    assert len(engine.generate([Prompt(())], SamplingParams(max_new_tokens=3))[0][0].token_ids) > 0


def test_deadline_and_cancel(engine: TorchEngine) -> None:
    prompts = [Prompt(("ab",))]
    [[late]] = engine.generate(prompts, SamplingParams(timeout_s=0.0))
    assert (late.stop_reason, late.token_ids) == (StopReason.DEADLINE, ())
    asked: list[None] = []

    def cancelled() -> bool:
        asked.append(None)
        return len(asked) > 10

    [[stopped]] = engine.generate(prompts, SamplingParams(max_new_tokens=50), cancelled=cancelled)
    assert stopped.stop_reason is StopReason.CANCELLED
    assert len(asked) == 11  # three layers: one prompt pass, then steps; it stopped at the first yes
    assert len(stopped.token_ids) == 3


def test_several_likely_texts(engine: TorchEngine) -> None:
    prompt, params = Prompt(("ab",)), SamplingParams(max_new_tokens=5)
    found = engine.search(prompt, params, 3)
    assert len({row.text for row in found}) == 3
    likely = [sum(row.logprobs) for row in found]
    assert likely == sorted(likely, reverse=True)
    engine.forget()
    assert engine.search(prompt, params, 3) == found
    assert engine.search(prompt, SamplingParams(timeout_s=0.0), 3)[0].stop_reason is StopReason.DEADLINE
    with pytest.raises(PromptTooLong):
        engine.search(Prompt(("x" * 2047,)), SamplingParams(max_new_tokens=2), 3)


def test_how_likely_a_text_is_after_others(engine: TorchEngine) -> None:
    prompt = Prompt(("ab",))
    found = engine.logprobs_after(prompt, ["c", "déf"], "\nxyz", most_tokens=2)
    assert found is not None
    assert engine.logprobs_after(prompt, ["c", "déf"], "\nx", most_tokens=32) == pytest.approx(found, abs=1e-3)
    assert len(set(found)) == 2
    assert all(score < 0 for score in found)
    assert engine.logprobs_after(prompt, ["c", "d"], "", most_tokens=32) == [0.0, 0.0]
    assert engine.logprobs_after(prompt, [], "x", most_tokens=32) == []
    assert engine.logprobs_after(prompt, ["c"], "x", most_tokens=32, cancelled=lambda: True) is None
    assert engine.logprobs_after(prompt, ["c"], "x", most_tokens=32, timeout_s=0.0) is None
    assert engine.logprobs_after(Prompt(("x" * 2047,)), ["c"], "x", most_tokens=32) is None


def test_load(tiny_model: PreTrainedModel, tokenizer_json: str, tmp_path: Path) -> None:
    tiny_model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
    engine = load_torch_engine(tmp_path, "tiny")
    assert engine.info.dtype in ("int8, float32", "int8, bfloat16", "bfloat16")  # of a CPU, one with bf16, a GPU
    assert engine.generate([Prompt(("ab",))], SamplingParams(max_new_tokens=2))[0][0].token_ids


def test_a_long_file_fits_a_small_context(tokens: Tokens) -> None:
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = Qwen2Config(**shape, num_key_value_heads=2, vocab_size=260, max_position_embeddings=256)
    small = TorchEngine(ModuleModel(AutoModelForCausalLM.from_config(config, dtype=torch.float32)), tokens)
    document = Document("x = 1\n" * 500, language="python")
    for fim in (None, parse_fim("qwen2.5-coder/spm")):
        complete(document, 1500, small, fim)  # raises PromptTooLong where the budgets ignore the context


def test_load_something_else(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json cannot be read"):
        load_torch_engine(tmp_path)
    assert torch.get_default_dtype() is torch.float32


def test_what_was_read_ahead_before_somebody_asked_is_kept(engine: TorchEngine) -> None:
    prompt, asked = Prompt(("x" * 200,)), []

    def cancelled() -> bool:
        asked.append(None)
        return len(asked) > 7  # in the midst of the third chunk

    engine.read(prompt, cancelled)
    engine.generate([prompt], SamplingParams(max_new_tokens=1))
    assert (engine.last_prompt.tokens, engine.last_prompt.computed) == (200, 200 - 2 * AHEAD_CHUNK_TOKENS)
    engine.read(Prompt(("x" * 300,)))
    engine.generate([Prompt(("x" * 300,))], SamplingParams(max_new_tokens=1))
    assert engine.last_prompt.computed == 1


@pytest.mark.parametrize("rows", [1, 4])
def test_in_the_middle_of_many_rows_another_call_is_answered_and_neither_changes(
    tiny_model: PreTrainedModel, tokens: Tokens, rows: int
) -> None:
    engine = TorchEngine(lean_int8(tiny_model, step=True), tokens, "tiny")
    drawn, asked = SamplingParams(max_new_tokens=12, temperature=0.8), SamplingParams(max_new_tokens=6)
    before = Prompt(("def mean(values):\n    return",))
    alone = engine.generate([before], drawn, n=rows, rows_at_once=rows)
    typed = [Prompt((f"x = {'a' * number}",)) for number in range(1, 30)]
    engine.forget()
    answers = [engine.generate([prompt], asked)[0][0].text for prompt in typed]
    engine.forget()
    nested: list[str] = []

    def somebody_types() -> bool:
        if len(nested) < len(typed):
            nested.append("")
            nested[-1] = engine.generate([typed[len(nested) - 1]], asked)[0][0].text
        return False

    assert engine.generate([before], drawn, n=rows, rows_at_once=rows, cancelled=somebody_types) == alone
    assert nested == answers
