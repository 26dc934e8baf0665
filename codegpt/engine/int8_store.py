"""Matrices rounded to int8, kept in a file that is mapped from the disk: the rounding is done once for a checkpoint.

The file says which checkpoint it is of and how it was made; one that says otherwise, or is not whole, is made anew.
"""

import os
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from codegpt.engine.int8 import Int8

FORMAT = "1"
"""Raise it with any change of how matrices are fused, ordered or rounded."""


class Int8Store:
    """The file of one checkpoint, and what is to become of it.

    Args:
        path: None where nothing is kept.
        digest: of the checkpoint.
    """

    def __init__(self, path: Path | None, digest: str) -> None:
        self._path = path
        self._metadata = {"format": FORMAT, "digest": digest}

    def read(self) -> dict[str, Int8]:
        """All matrices by name; empty where there is no file that fits."""
        if self._path is None or not self._path.exists():
            return {}
        try:
            with safe_open(self._path, framework="pt") as file:
                if file.metadata() != self._metadata:
                    return {}
                names = [name.removesuffix(".scale") for name in file.keys() if name.endswith(".scale")]  # noqa: SIM118
                return {name: Int8(file.get_tensor(name), file.get_tensor(f"{name}.scale")) for name in names}
        except (SafetensorError, OSError):
            return {}

    def write(self, matrices: dict[str, Int8]) -> None:
        """Keep them, whole or not at all; a cache that cannot be written costs time at the next start, no more."""
        if self._path is None:
            return
        tensors: dict[str, Tensor] = {}
        for name, matrix in matrices.items():
            tensors[name], tensors[f"{name}.scale"] = matrix
        unfinished = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        with suppress(OSError, SafetensorError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            for left_over in self._path.parent.glob(f"{self._path.name}.*.tmp"):  # by a process that was killed
                left_over.unlink()
            try:
                save_file(tensors, unfinished, metadata=self._metadata)
                unfinished.replace(self._path)
            finally:
                unfinished.unlink(missing_ok=True)
