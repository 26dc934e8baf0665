"""Which device and number type a model runs in: what is there, and bf16 only where it is fast."""

from typing import NamedTuple

import torch


class Placement(NamedTuple):
    """Where the weights lie and how they are stored."""

    device: torch.device
    dtype: torch.dtype
    why: str


def choose_placement() -> Placement:
    """CUDA, then Apple's MPS, then the CPU; bf16 where the hardware multiplies it, float32 elsewhere."""
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Placement(torch.device("cuda"), torch.bfloat16, f"{name}, which computes in bf16")
        return Placement(torch.device("cuda"), torch.float32, f"{name}, which has no bf16")
    if torch.backends.mps.is_available():
        return Placement(torch.device("mps"), torch.bfloat16, "Apple GPU")
    fast = sorted(name for name in ("avx512_bf16", "amx_bf16", "bf16") if _cpu_capabilities().get(name))
    threads = f"{torch.get_num_threads()} threads"
    if fast:
        return Placement(
            torch.device("cpu"), torch.bfloat16, f"{threads}, the CPU computes in bf16 ({', '.join(fast)})"
        )
    return Placement(torch.device("cpu"), torch.float32, f"{threads}, the CPU has no fast bf16")


def _cpu_capabilities() -> dict[str, object]:
    return dict(torch.cpu.get_capabilities()) if hasattr(torch.cpu, "get_capabilities") else {}
