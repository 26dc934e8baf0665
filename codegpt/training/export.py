"""A run's model as a checkpoint: int8 weights, configuration, tokenizer, and the card that says how it is asked.

Matrices are rounded as the engine rounds them (`engine.int8`), so that what reads the file computes with exactly these
numbers; norms stay as they are.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from codegpt.checkpoints.card import CARD, FORMAT
from codegpt.checkpoints.formats import CONFIG, TOKENIZER
from codegpt.checkpoints.manifest import write_json
from codegpt.engine.int8 import quantize
from codegpt.engine.shards import SCALE
from codegpt.errors import InputError
from codegpt.training import state
from codegpt.training.gpt import GptShape, config_of
from codegpt.training.log import LOG
from codegpt.training.pretrain import RUN

FIM = "qwen2.5-coder/spm"
"""The text before the cursor comes last, so that typing only ever extends the prompt."""


def export(run: Path, out: Path, confidence: float, *, last: bool = False) -> Path:
    """Write the state of a run that did best on what is held out.

    Args:
        confidence: what it is less sure of is not to be shown.
        last: the last state instead.

    Raises:
        InputError: there is no run, or no state of it.
    """
    place = state.newest(run)
    if place is None or not (run / RUN).is_file():
        raise InputError(f"{run} holds no run with a state; codegpt-train pretrain makes one")
    described = json.loads((place / "state.json").read_text(encoding="utf-8"))
    if described["best"] and not last:
        place = run / f"step-{described['best'][1]}"
        described = json.loads((place / "state.json").read_text(encoding="utf-8"))
    tensors = load_file(place / "model.safetensors")
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / "model.safetensors.tmp"
    state.write(_rounded(tensors), temporary)
    asked = json.loads((run / RUN).read_text(encoding="utf-8"))
    vocabulary = len(tensors["model.embed_tokens.weight"])
    write_json(out / CONFIG, config_of(GptShape(**{**asked["shape"], "vocabulary": vocabulary})).to_dict())
    shutil.copy(run / TOKENIZER, out / TOKENIZER)
    write_json(out / CARD, _card(run, described, tensors, confidence))
    temporary.replace(out / "model.safetensors")
    return out


def _rounded(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim == 2:
            found[name], found[f"{name}{SCALE}"] = quantize(tensor)
        else:
            found[name] = tensor
    return found


def _card(run: Path, described: dict[str, Any], tensors: dict[str, Tensor], confidence: float) -> dict[str, Any]:
    log = [json.loads(line) for line in (run / LOG).read_text(encoding="utf-8").splitlines()]
    held_out = [line["held_out_loss"] for line in log if "held_out_loss" in line and line["step"] == described["step"]]
    return {
        "format": FORMAT,
        "fim": FIM,
        "one_line": True,
        "confidence": confidence,
        "parameters": sum(tensor.numel() for tensor in tensors.values()),
        "steps": described["step"],
        "tokens": described["tokens"],
        "held_out_loss": held_out[-1] if held_out else None,
    }
