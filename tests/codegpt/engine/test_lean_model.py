"""The lean model's logits are those of transformers' modules, whatever is cached and padded."""

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedConfig, Qwen2Config

from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import LeanModel, Shape, lean_shape
from codegpt.engine.model import Interrupted, never_interrupted
from codegpt.engine.module_model import ModuleModel
from codegpt.engine.protocol import StopReason

from .conftest import lean

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 260,
    "max_position_embeddings": 512,
}
CONFIGS = {
    "qwen2": Qwen2Config(**SMALL),
    "tied": Qwen2Config(**SMALL, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
    "llama": LlamaConfig(**SMALL),
    "wide heads": LlamaConfig(**SMALL, head_dim=16),
    "biases everywhere": LlamaConfig(**SMALL, attention_bias=True, mlp_bias=True),
    "no grouping": LlamaConfig(**{**SMALL, "num_key_value_heads": 4}),
    "one key head": Qwen2Config(**{**SMALL, "num_key_value_heads": 1}),
}


def pair(config: PreTrainedConfig) -> tuple[LeanModel, ModuleModel]:
    torch.manual_seed(3)
    module = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # norms and biases too, which are ones and zeros otherwise
    return lean(module), ModuleModel(module)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_logits_are_those_of_transformers(name: str) -> None:
    models = pair(CONFIGS[name])
    caches = [KvCache() for _ in models]
    ids = torch.randint(0, 260, (2, 40), generator=torch.Generator().manual_seed(1))
    padding = torch.tensor([[3], [0]])
    begin = 0
    for length in (17, 5, 1, 1, 16):  # the first of one row's tokens are padding
        positions = (torch.arange(begin, begin + length)[None] - padding).clamp(min=0)
        mask = (torch.arange(begin + length)[None] >= padding).long()
        part = ids[:, begin : begin + length]
        ours, theirs = (
            model.forward(part, cache, never_interrupted, mask, positions, length)
            for model, cache in zip(models, caches, strict=True)
        )
        real = max(0, 3 - begin)  # what stands at padding is nobody's business
        torch.testing.assert_close(ours[0, real:], theirs[0, real:], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(ours[1], theirs[1], atol=2e-5, rtol=1e-4)
        begin += length


def test_without_a_mask_and_for_the_last_position_alone() -> None:
    ours, theirs = pair(CONFIGS["qwen2"])
    ids = torch.arange(30)[None] * 7
    whole = theirs.forward(ids, KvCache(), never_interrupted)
    assert whole.shape == (1, 1, 260)
    torch.testing.assert_close(ours.forward(ids, KvCache(), never_interrupted), whole, atol=2e-5, rtol=1e-4)
    cache = KvCache()
    ours.forward(ids[:, :12], cache, never_interrupted)
    torch.testing.assert_close(ours.forward(ids[:, 12:], cache, never_interrupted), whole, atol=2e-5, rtol=1e-4)


def test_it_is_asked_before_every_layer() -> None:
    ours, _ = pair(CONFIGS["qwen2"])
    asked: list[None] = []

    def at_the_third() -> StopReason | None:
        asked.append(None)
        return StopReason.CANCELLED if len(asked) == 3 else None

    cache = KvCache()
    with pytest.raises(Interrupted) as caught:
        ours.forward(torch.tensor([[1, 2]]), cache, at_the_third)
    assert caught.value.reason is StopReason.CANCELLED
    assert cache.length == 0
    ours.forward(torch.tensor([[3, 4, 5]]), cache, never_interrupted)
    fresh = KvCache()
    ours.forward(torch.tensor([[3, 4, 5]]), fresh, never_interrupted)
    assert all(torch.equal(a, b) for a, b in zip(cache.layers, fresh.layers, strict=True))


@pytest.mark.parametrize(
    "config",
    [
        Qwen2Config(**SMALL, use_sliding_window=True, sliding_window=8, max_window_layers=0),
        LlamaConfig(**SMALL, hidden_act="gelu"),
        LlamaConfig(**SMALL, rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}),
        PreTrainedConfig(),
    ],
)
def test_what_it_does_not_cover(config: PreTrainedConfig) -> None:
    assert lean_shape(config.to_dict()) is None


OLD_QWEN2 = {
    "model_type": "qwen2",
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_size": 32,
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 128,
    "hidden_act": "silu",
    "rope_theta": 1e6,
    "use_sliding_window": False,
    "sliding_window": 64,
    "rope_scaling": None,
}


def test_a_configuration_as_publishers_write_it_is_read_without_transformers() -> None:
    expected = Shape(layers=2, heads=4, kv_heads=2, head_dim=8, norm_epsilon=1e-6, rope_theta=1e6, context_tokens=128)
    assert lean_shape(OLD_QWEN2) == expected
    assert lean_shape(Qwen2Config(**OLD_QWEN2).to_dict()) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"rope_theta": None},
        {"rms_norm_eps": ...},
        {"rope_scaling": {"type": "linear", "factor": 2.0}},
        {"use_sliding_window": True},
        {"quantization_config": {"bits": 4}},
    ],
)
def test_a_configuration_that_leaves_something_open_is_for_transformers(other: dict[str, object]) -> None:
    described = {name: value for name, value in {**OLD_QWEN2, **other}.items() if value is not ...}
    assert lean_shape(described) is None
