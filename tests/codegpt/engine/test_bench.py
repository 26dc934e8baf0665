"""Figures of a model that is measured: the ones that can be known exactly, and that the others are there."""

import pytest
from transformers import AutoModelForCausalLM, PreTrainedModel, Qwen2Config

from codegpt.engine.bench import PASS_TOKENS, _limit, bench
from codegpt.engine.model import Model
from codegpt.engine.module_model import ModuleModel

from .conftest import lean, lean_int8

MATRICES = 3 * (64 * 32 + 32 * 32 + 128 * 32 + 32 * 64) + 260 * 32
SCALES = 3 * (64 + 32 + 128 + 32) + 260


def test_what_a_pass_reads(tiny_model: PreTrainedModel) -> None:
    assert lean(tiny_model).weight_bytes == 4 * MATRICES
    assert lean_int8(tiny_model).weight_bytes == MATRICES + 4 * SCALES
    small = ModuleModel(tiny_model).weight_bytes - 4 * MATRICES
    assert 4 * 7 * 32 <= small <= 4 * (7 * 32 + 3 * 64)  # norms, and the biases of one of the two


def test_a_tied_head_is_read_too() -> None:
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    configs = [
        Qwen2Config(**shape, num_key_value_heads=2, vocab_size=260, tie_word_embeddings=tied) for tied in (True, False)
    ]
    sizes = [ModuleModel(AutoModelForCausalLM.from_config(config)).weight_bytes for config in configs]
    assert sizes[0] == sizes[1]


def test_measured(model: Model) -> None:
    found = bench(model)
    assert tuple(found.pass_ms) == PASS_TOKENS
    assert min(found.read_tokens_per_s, found.written_tokens_per_s, *found.pass_ms.values()) > 0
    assert found.written_tokens_per_s == pytest.approx(1000 / found.pass_ms[1], rel=0.3)  # which is rounded
    assert found.memory_gb_per_s > 0
    assert 0.1 < found.resident_gb < 20
    assert found.limit.startswith("arithmetic")  # so small a model


def test_what_is_the_limit() -> None:
    assert _limit(15.0, 20.0) == "memory: weights are read at 75 % of what the memory gives"
    assert _limit(5.0, 20.0) == "arithmetic and small operators: weights are read at 25 % of what the memory gives"
