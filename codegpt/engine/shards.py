"""The tensors of a checkpoint in safetensors files, mapped from the disk and read when they are asked for.

A matrix may be kept as int8 with one scale for each of its rows, beside it as `NAME.scale`; it is read as what it
stands for.
"""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from codegpt.errors import CheckpointError

SCALE = ".scale"


class Shards:
    """`Tensors` over all the safetensors files of a directory.

    Raises:
        CheckpointError: there is none, or one that is not whole.
    """

    def __init__(self, directory: Path) -> None:
        files = sorted(directory.glob("*.safetensors"))
        if not files:
            raise CheckpointError(f"{directory} holds no safetensors files")
        try:
            opened: list[Any] = [safe_open(file, framework="pt") for file in files]
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{directory} holds a file that is not whole: {error}") from error
        self._files = {name: file for file in opened for name in file.keys()}  # noqa: SIM118 - it is no mapping

    @property
    def names(self) -> frozenset[str]:
        """All the tensors there are."""
        return frozenset(name for name in self._files if not name.endswith(SCALE))

    def read(self, name: str) -> Tensor:
        """One of them.

        Raises:
            CheckpointError: there is no such tensor.
        """
        if name not in self._files:
            raise CheckpointError(f"the checkpoint lacks the tensor {name}")
        tensor: Tensor = self._files[name].get_tensor(name)
        if (scale := f"{name}{SCALE}") in self._files:
            scales: Tensor = self._files[scale].get_tensor(scale)
            return tensor.float() * scales[:, None]
        return tensor
