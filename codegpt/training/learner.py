"""A model of which only a low-rank adapter learns (Hu et al., arXiv 2106.09685), through peft."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.helpers import disable_input_dtype_casting
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW, Optimizer
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from codegpt.checkpoints.formats import CONFIG
from codegpt.checkpoints.manifest import write_json
from codegpt.checkpoints.store import Checkpoint
from codegpt.engine.device import choose_placement
from codegpt.engine.lean_model import lean_shape
from codegpt.engine.loading import quiet_transformers
from codegpt.engine.shards import Shards
from codegpt.errors import CheckpointError, InputError
from codegpt.training.gpt import IGNORED, TIED
from codegpt.training.optimizer import clip, step
from codegpt.training.windows import Window, batch_of

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

AT_ONCE = 1
"""Windows that are computed together: more take more memory, and on a CPU no less time."""

ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class Lora:
    """How much an adapter may learn: its rank, and by how much more than that it is scaled."""

    rank: int = 16
    scale: float = 2.0


def check(checkpoint: Checkpoint) -> None:
    """Refuse what no adapter can be made for, before any work is done.

    Raises:
        InputError: it has an adapter already, or the product could not add one to it.
    """
    if checkpoint.adapter is not None:
        raise InputError(f"{checkpoint.name} has an adapter; one can be made for the model without it")
    said = json.loads((checkpoint.directory / CONFIG).read_text(encoding="utf-8"))
    if lean_shape(said) is None and lean_shape(_config(checkpoint).to_dict()) is None:
        raise InputError(
            f"{checkpoint.name} is a {said.get('model_type')}; adapters are for plain llama and qwen2 models"
        )


def _config(checkpoint: Checkpoint) -> PretrainedConfig:
    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(
            checkpoint.directory, local_files_only=True, trust_remote_code=False
        )
    except ValueError as error:  # a kind that transformers does not know
        raise InputError(f"{checkpoint.name} cannot be taught: {error}") from error
    return config


def _causal(checkpoint: Checkpoint, dtype: torch.dtype) -> PreTrainedModel:
    """Its weights as the engine reads them: nothing else in its folder counts."""
    quiet_transformers()
    tensors = Shards(checkpoint.directory)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(_config(checkpoint), dtype=dtype)  # type: ignore[no-untyped-call]
    found = model.load_state_dict({name: tensors.read(name) for name in tensors.names}, strict=False)
    if lacking := [name for name in found.missing_keys if name != TIED or not model.config.tie_word_embeddings]:
        raise CheckpointError(f"{checkpoint.name} lacks the tensor {lacking[0]}")
    return model


class Learner:
    """A model, of which only an adapter learns."""

    def __init__(self, checkpoint: Checkpoint, lora: Lora, seed: int) -> None:
        placement = choose_placement()
        self._device, self._dtype = placement.device, placement.dtype
        self._name = checkpoint.name
        causal = _causal(checkpoint, self._dtype)
        causal.requires_grad_(False)
        torch.manual_seed(seed)
        config = LoraConfig(
            r=lora.rank,
            lora_alpha=round(lora.scale * lora.rank),
            target_modules=list(TARGETS),
            task_type="CAUSAL_LM",
        )
        with _quiet_peft():
            self._model: PeftModel = get_peft_model(causal, config)
        nn.Module.to(self._model, self._device)
        learning = [each for each in self._model.parameters() if each.requires_grad]
        for each in learning:
            each.data = each.data.float()
        self.optimizers: dict[str, Optimizer] = {"adamw": AdamW(learning, lr=0.0, betas=(0.9, 0.99), weight_decay=0.0)}

    def learn(self, windows: Sequence[Window], rate: float) -> float:
        """One step, a few windows at a time, those of like length together; gives the mean loss (nats) before it."""
        ordered = sorted(windows, key=lambda each: len(each.ids))
        parts = [batch_of(ordered[first : first + AT_ONCE]) for first in range(0, len(ordered), AT_ONCE)]
        learnt, loss = sum(int((labels != IGNORED).sum()) for _, labels in parts), 0.0
        for ids, labels in parts:
            part = self._loss(ids, labels) / learnt
            torch.autograd.backward(part)
            loss += float(part.detach())
        clip(self._model, 1.0)
        step(self.optimizers, rate)
        return loss

    def _loss(self, ids: Tensor, labels: Tensor) -> Tensor:
        """The sum (nats). Logits are made for what is learnt alone: they are a quarter of a small model's work."""
        ids, labels = ids.to(self._device), labels.to(self._device)
        causal: Any = self._model.get_base_model()
        low = self._dtype == torch.bfloat16
        with torch.autocast(self._device.type, torch.bfloat16, enabled=low), disable_input_dtype_casting(self._model):
            hidden = causal.model(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, H)
            learnt = labels != IGNORED
            logits = causal.lm_head(hidden[learnt])
        return functional.cross_entropy(logits.float(), labels[learnt], reduction="sum")

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The adapter."""
        return {name: tensor.contiguous() for name, tensor in get_peft_model_state_dict(self._model).items()}

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """The adapter as it was kept."""
        set_peft_model_state_dict(self._model, tensors)

    def write(self, folder: Path) -> None:
        """The adapter as peft writes it, but that it names its model and not where that lies on this machine."""
        with _quiet_peft():
            self._model.save_pretrained(str(folder))
        said = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
        write_json(folder / ADAPTER_CONFIG, {**said, "base_model_name_or_path": self._name})


def _quiet_peft() -> "warnings.catch_warnings[None]":
    """Without what peft says of how it asks transformers."""
    return warnings.catch_warnings(action="ignore", category=FutureWarning)
