"""What this machine has and what codegpt will use of it."""

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version

from codegpt.checkpoints import DEFAULT_MODEL, at_hand, find, stands_in
from codegpt.checkpoints.homes import cache_root
from codegpt.engine.protocol import Precision
from codegpt.errors import CodeGPTError


@dataclass(frozen=True)
class Examination:
    """The facts, in the order they are shown in."""

    codegpt: str
    python: str
    platform: str
    cores: int
    torch: str
    transformers: str
    device: str
    dtype: str
    weights: str
    why: str
    kernels: str
    cache: str
    default_model: str


def examine() -> Examination:
    """Look; this imports torch."""
    from codegpt.engine.device import choose_placement

    placement = choose_placement()
    try:
        model = f"{DEFAULT_MODEL}, in {find(DEFAULT_MODEL).directory}"
    except CodeGPTError as error:
        chosen = at_hand(DEFAULT_MODEL)
        model = stands_in(chosen) if chosen != DEFAULT_MODEL else str(error)
    return Examination(
        codegpt=version("codegpt-lsp"),
        python=platform.python_version(),
        platform=platform.platform(),
        cores=os.cpu_count() or 1,
        torch=version("torch"),
        transformers=version("transformers"),
        device=str(placement.device),
        dtype=str(placement.dtype).removeprefix("torch."),
        weights=_weights(placement.device.type),
        why=placement.why,
        kernels=_kernels(placement.device.type),
        cache=str(cache_root()),
        default_model=model,
    )


def _weights(device: str) -> str:
    if device != "cpu" or os.environ.get("CODEGPT_PRECISION") == Precision.FULL:
        return "the floats of the checkpoint"
    return "int8 for the Qwen2 and Llama family (CODEGPT_PRECISION=full for the checkpoint's floats)"


def _kernels(device: str) -> str:
    if device != "cpu":
        return f"torch's, for {device}"
    from codegpt.engine.cpu_kernels import THREADED

    slow = "compiled by numba, in one thread: install OpenMP (in Debian libgomp1) to use all cores"
    return "compiled by numba, with OpenMP" if THREADED else slow


def measure(model: str) -> dict[str, object]:
    """Load a model and say how fast it is.

    Raises:
        ModelNotFound, CheckpointError: see `codegpt.checkpoints.find`.
    """
    from codegpt.engine.bench import bench
    from codegpt.engine.torch_engine import TorchEngine
    from codegpt.load import load_model

    engine = load_model(model).engine
    assert isinstance(engine, TorchEngine)
    return {"model": engine.info.name, "arithmetic": engine.info.dtype, **asdict(bench(engine.model))}
