import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from codegpt.engine.adapted import Adapted
from codegpt.engine.shards import Shards
from codegpt.errors import CheckpointError

SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
TARGETS = ["q_proj", "v_proj", "down_proj"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**SMALL)).save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def adapt(base: Path, folder: Path, **options: Any) -> torch.Tensor:
    """An adapter that changes something, and the logits of the model with it."""
    model = LlamaForCausalLM.from_pretrained(base)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=12, target_modules=TARGETS, **options))
    torch.manual_seed(1)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    adapted.save_pretrained(folder)
    adapted.train(False)
    with torch.no_grad():
        logits: torch.Tensor = adapted(input_ids=torch.arange(9)[None]).logits
    return logits


@pytest.mark.parametrize("options", [{}, {"use_rslora": True}])
def test_the_sum_is_what_peft_computes(base: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    expected = adapt(base, tmp_path / "adapter", **options)
    tensors = Adapted(Shards(base), tmp_path / "adapter")
    plain = LlamaForCausalLM.from_pretrained(base)
    with torch.no_grad():
        before = plain(input_ids=torch.arange(9)[None]).logits
        plain.load_state_dict({name: tensors.read(name) for name in tensors.names}, strict=False)
        after = plain(input_ids=torch.arange(9)[None]).logits
    assert torch.allclose(after, expected, atol=1e-5)
    assert not torch.allclose(before, expected, atol=0.1)


def test_another_models_adapter_is_refused(base: Path, tmp_path: Path) -> None:
    adapt(base, tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter_model.safetensors"
    tensors = load_file(path)
    save_file({name.replace("layers.1", "layers.7"): tensor for name, tensor in tensors.items()}, path)
    with pytest.raises(CheckpointError, match="of another model"):
        Adapted(Shards(base), tmp_path / "adapter")
    wide = {name: torch.cat([each, each], dim=1) if "lora_A" in name else each for name, each in tensors.items()}
    save_file(wide, path)
    with pytest.raises(CheckpointError, match="of another size"):
        Adapted(Shards(base), tmp_path / "adapter").read("model.layers.0.self_attn.q_proj.weight")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"peft_type": "IA3"}, "not a plain LoRA"),
        ({"bias": "all"}, "not a plain LoRA"),
        ({"use_dora": True}, "not covered: use_dora"),
        ({"modules_to_save": ["lm_head"]}, "not covered: modules_to_save"),
        ({"init_lora_weights": "pissa"}, "began as pissa: not covered"),
        ({"r": None}, "holds no adapter"),
    ],
)
def test_what_is_not_covered_is_refused(base: Path, tmp_path: Path, asked: dict[str, Any], said: str) -> None:
    adapt(base, tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **asked}))
    with pytest.raises(CheckpointError, match=said):
        Adapted(Shards(base), tmp_path / "adapter")


def test_a_folder_without_one_is_said(base: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no adapter"):
        Adapted(Shards(base), tmp_path)
