"""From the files of a checkpoint to a `Model`: the lean one where it covers the architecture."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from codegpt.engine.adapted import Adapted
from codegpt.engine.device import Placement
from codegpt.engine.graph_step import GraphStep, cuda_graphs
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import LeanLayers, LeanModel, Shape, lean_shape
from codegpt.engine.lean_weights import Tensors, dense, lean_weights
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.protocol import Precision
from codegpt.engine.shards import Shards
from codegpt.errors import CheckpointError

logger = logging.getLogger(__name__)


def load(
    directory: Path,
    placement: Placement,
    precision: Precision,
    store: Path | None,
    digest: str,
    adapter: Path | None = None,
) -> Model:
    """The model in a directory of safetensors and `config.json`.

    Args:
        store: where int8 weights are kept between two starts; None for nowhere.
        digest: of the checkpoint with its adapter; what is kept of another one is not used.
        adapter: the folder of one that is added to the weights.

    Raises:
        CheckpointError: a tensor is lacking, a file is not whole, or the adapter does not fit.
    """
    shape = lean_shape(json.loads((directory / "config.json").read_text(encoding="utf-8")))
    if shape is None:
        from transformers import AutoConfig  # seconds to import, and most models do not need it

        quiet_transformers()
        config = AutoConfig.from_pretrained(directory, local_files_only=True, trust_remote_code=False)
        shape = lean_shape(config.to_dict())
    if shape is None:
        if adapter is not None:
            raise CheckpointError("adapters are for models of the Qwen2 and Llama kind; this one is of another")
        return _load_module(directory, placement)
    tensors: Tensors = Shards(directory)
    tensors = Adapted(tensors, adapter) if adapter else tensors
    if placement.device.type == "cpu" and precision is not Precision.FULL:
        return _load_int8(tensors, shape, placement.dtype, store, digest)
    if placement.device.type == "cuda":
        torch.backends.cuda.enable_cudnn_sdp(False)  # it plans anew for every length, which takes tens of milliseconds
    weights = lean_weights(tensors, shape, dense(placement.dtype, placement.device), placement.dtype, placement.device)
    layers = LeanLayers(shape, weights.layers, placement.dtype)
    step = recorded(layers, weights.embedding.shape[1], placement) if placement.device.type == "cuda" else None
    return LeanModel(layers, weights, _name(placement.dtype), step)


def _load_module(directory: Path, placement: Placement) -> Model:
    from transformers import AutoModelForCausalLM

    from codegpt.engine.module_model import ModuleModel

    module = AutoModelForCausalLM.from_pretrained(
        directory, dtype=placement.dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
    )
    nn.Module.to(module, placement.device)
    return ModuleModel(module)


def quiet_transformers() -> None:
    """A server's standard error is not a place for its hints and bars."""
    from transformers.utils import logging as transformers_logging

    silence: list[Callable[[], None]] = [
        transformers_logging.set_verbosity_error,
        transformers_logging.disable_progress_bar,
    ]
    for call in silence:
        call()


def recorded(layers: LeanLayers, features: int, placement: Placement) -> GraphStep | None:
    """The step of a GPU, tried; None where it records nothing, and all goes layer by layer, slower."""
    hidden = torch.zeros(1, 1, features, dtype=placement.dtype, device=placement.device)
    angles = torch.zeros(1, 1, layers.shape.head_dim // 2, device=placement.device)
    try:
        step, cache = GraphStep(layers, cuda_graphs()), KvCache()
        with torch.inference_mode():
            for _ in range(3):
                step(hidden, cache, angles, [0], never_interrupted)
        torch.cuda.synchronize()
    except RuntimeError as error:  # of the driver or its libraries, or too little memory
        logger.warning("decoding goes layer by layer, since this GPU records no graph: %s", error)
        return None
    return step if step.records else None


def _load_int8(tensors: Tensors, shape: Shape, wide: torch.dtype, store: Path | None, digest: str) -> LeanModel:
    """Matrices as they are kept; what is not yet is made, kept, and then mapped from there, as at any later start."""
    from codegpt.engine.cpu_step import CpuStep  # numba takes half a second to import
    from codegpt.engine.int8 import int8
    from codegpt.engine.int8_store import Int8Store

    kept = Int8Store(store, digest)
    matrices, cpu = kept.read(), torch.device("cpu")
    known = len(matrices)
    weights = lean_weights(tensors, shape, int8(matrices, wide), torch.float32, cpu)
    if len(matrices) > known:
        kept.write(matrices)
        weights = lean_weights(tensors, shape, int8({**matrices, **kept.read()}, wide), torch.float32, cpu)
    layers = LeanLayers(shape, weights.layers, torch.float32)
    return LeanModel(layers, weights, f"int8, {_name(wide)}", CpuStep(shape, weights.layers))


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
