"""What a measurement was made on."""

import platform
from pathlib import Path

from codegpt.doctor import examine


def facts() -> dict[str, object]:
    """The processor and the versions."""
    found = examine()
    return {
        "processor": _processor(),
        "cores": found.cores,
        "device": found.device,
        "dtype": found.dtype,
        "torch": found.torch,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
