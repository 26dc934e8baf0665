"""Fine-tuning on somebody's own files: a low-rank adapter (Hu et al., arXiv 2106.09685), through peft.

How many steps are made is settled by how long the first ones take, and kept; what was learnt is kept every so often,
and gone on from after a kill. The finished adapter comes into its folder whole, with the digest of its model.
"""

import hashlib
import json
import os
import shutil
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW, Optimizer
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from codegpt.checkpoints.adapters import FORMAT, RECORD
from codegpt.checkpoints.manifest import write_json
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.checkpoints.store import Checkpoint
from codegpt.engine.lean_model import lean_shape
from codegpt.engine.loading import quiet_transformers
from codegpt.engine.shards import Shards
from codegpt.errors import InputError
from codegpt.training import state
from codegpt.training.gpt import IGNORED
from codegpt.training.optimizer import Schedule, clip, step
from codegpt.training.state import State
from codegpt.training.windows import Window, Windows, batch_of

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
MEASURED = 3
"""Steps by which it is settled how many are made; the first one, which is slower, is not counted."""

ASKED, LOG = "asked.json", "log.jsonl"


@dataclass(frozen=True)
class Finetuning:
    """What is asked for.

    Attributes:
        rank: of the adapter.
        rate: the highest learning rate.
        windows: of a step.
        minutes: as many steps are made as this lasts, by what the first ones took.
        epochs: no more than go so often through all files.
    """

    rank: int = 16
    rate: float = 3e-4
    windows: int = 8
    minutes: float = 20.0
    epochs: float = 4.0
    seed: int = 0
    save_every: int = 10


def finetune(
    checkpoint: Checkpoint, windows: Windows, asked: Finetuning, folder: Path, progress: Progress = SILENT
) -> Path:
    """Make an adapter of a model in `folder`, in place of one that is there; or go on where that was stopped.

    Raises:
        InputError: the model is none that adapters can be added to.
    """
    check(checkpoint)
    work = folder.with_name(f"{folder.name}.unfinished")
    described = json.loads(json.dumps({**asdict(asked), "base": checkpoint.digest, "windows_of": _digest(windows)}))
    if not (work / ASKED).exists() or json.loads((work / ASKED).read_text("utf-8"))["asked"] != described:
        state.discard(work)
        write_json(work / ASKED, {"asked": described, "steps": 0})
    learner = Learner(checkpoint, asked)
    _learn(learner, windows, asked, work, progress)
    finished = work / "finished"
    state.discard(finished)
    learner.write(finished)
    write_json(finished / RECORD, {"format": FORMAT, "base": checkpoint.name, "base_digest": checkpoint.digest})
    shutil.copy(work / LOG, finished / LOG)
    state.discard(folder)
    finished.replace(folder)
    state.discard(work)
    return folder


def _digest(windows: Windows) -> str:
    digest = hashlib.sha256(f"{windows.fim} {windows.sizes}".encode())
    for source in windows.texts:
        digest.update(f"{source.path}\0{source.text}\0".encode())
    return digest.hexdigest()


def _learn(learner: "Learner", windows: Windows, asked: Finetuning, work: Path, progress: Progress) -> None:
    known, at = json.loads((work / ASKED).read_text("utf-8")), State()
    if (place := state.newest(work)) is not None:
        at, tensors = state.load(place, learner.optimizers)
        learner.put_back(tensors)
    steps: int = known["steps"]
    feed = islice(windows.endless(asked.seed), at.step * asked.windows, None)
    most = max(1, round(asked.epochs * windows.stretches / asked.windows))
    took: list[float] = []
    while not steps or at.step < steps:
        schedule = Schedule(steps or most, min(10, most // 4), (steps or most) // 2, asked.rate)
        started = time.monotonic()
        loss = learner.learn(list(islice(feed, asked.windows)), schedule.rate(at.step))
        took.append(time.monotonic() - started)
        at = State(at.step + 1, tokens=at.tokens)
        _log(work / LOG, at.step, loss, took[-1])
        if not steps and (len(took) > MEASURED or at.step >= most):
            each = sorted(took[1:] or took)[len(took[1:]) // 2]
            steps = max(at.step, min(most, round(60 * asked.minutes / each)))
            write_json(work / ASKED, {**known, "steps": steps})
            progress.say(f"{steps} steps of {asked.windows} windows, {each:.1f} s each")
        if steps and (at.step % asked.save_every == 0 or at.step == steps):
            state.save(work, at, learner.tensors, learner.optimizers)
        progress.step("steps", at.step, steps or most)


def _log(path: Path, done: int, loss: float, seconds: float) -> None:
    """One line a step; those of steps that are done again go."""
    lines = path.read_text("utf-8").splitlines(keepends=True)[: done - 1] if path.exists() else []
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    line = json.dumps({"step": done, "loss": round(loss, 5), "seconds": round(seconds, 2)})
    temporary.write_text("".join([*lines, f"{line}\n"]), encoding="utf-8")
    temporary.replace(path)


def check(checkpoint: Checkpoint) -> None:
    """Refuse what no adapter can be made for, before any work is done.

    Raises:
        InputError: it has an adapter already, or the product could not add one to it.
    """
    if checkpoint.adapter is not None:
        raise InputError(f"{checkpoint.name} has an adapter; one can be made for the model without it")
    config = AutoConfig.from_pretrained(checkpoint.directory, local_files_only=True, trust_remote_code=False)
    if lean_shape(config.to_dict()) is None:
        raise InputError(f"{checkpoint.name} is a {config.model_type}; adapters are for plain llama and qwen2 models")


def _causal(checkpoint: Checkpoint) -> PreTrainedModel:
    """Its weights in bf16; those of a model of our own stand for int8 ones, which transformers does not know."""
    if checkpoint.card is None:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            checkpoint.directory,
            dtype=torch.bfloat16,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        return model
    config, tensors = (
        AutoConfig.from_pretrained(checkpoint.directory, local_files_only=True),
        Shards(checkpoint.directory),
    )
    own: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)  # type: ignore[no-untyped-call]
    own.load_state_dict({name: tensors.read(name) for name in tensors.names}, strict=False)
    return own


class Learner:
    """A model, of which only an adapter learns."""

    def __init__(self, checkpoint: Checkpoint, asked: Finetuning) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        quiet_transformers()
        causal = _causal(checkpoint)
        causal.requires_grad_(False)
        torch.manual_seed(asked.seed)
        config = LoraConfig(
            r=asked.rank, lora_alpha=2 * asked.rank, target_modules=list(TARGETS), task_type="CAUSAL_LM"
        )
        with _quiet_peft():
            self._model: PeftModel = get_peft_model(causal, config)
        nn.Module.to(self._model, self._device)
        learning = [each for each in self._model.parameters() if each.requires_grad]
        for each in learning:
            each.data = each.data.float()
        self.optimizers: dict[str, Optimizer] = {"adamw": AdamW(learning, lr=0.0, betas=(0.9, 0.99), weight_decay=0.0)}

    def learn(self, windows: Sequence[Window], rate: float) -> float:
        """One step; gives the mean loss (nats) before it."""
        ids, labels = (each.to(self._device) for each in batch_of(windows))
        with torch.autocast(self._device.type, torch.bfloat16):
            loss = self._loss(ids, labels)
        loss.backward()  # type: ignore[no-untyped-call]  # of torch
        clip(self._model, 1.0)
        step(self.optimizers, rate)
        return float(loss.detach())

    def _loss(self, ids: Tensor, labels: Tensor) -> Tensor:
        """Logits are made for what is learnt alone: they are a quarter of a small model's work."""
        causal: Any = self._model.get_base_model()
        hidden = causal.model(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, H)
        learnt = labels != IGNORED
        return functional.cross_entropy(causal.lm_head(hidden[learnt]).float(), labels[learnt])

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The adapter."""
        return {name: tensor.contiguous() for name, tensor in get_peft_model_state_dict(self._model).items()}

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """The adapter as it was kept."""
        set_peft_model_state_dict(self._model, tensors)

    def write(self, folder: Path) -> None:
        """The adapter as peft writes it."""
        with _quiet_peft():
            self._model.save_pretrained(str(folder))


def _quiet_peft() -> "warnings.catch_warnings[None]":
    """Without what peft says of how it asks transformers."""
    return warnings.catch_warnings(action="ignore", category=FutureWarning)
