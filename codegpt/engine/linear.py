"""A matrix product, however its weights are stored."""

from typing import Protocol

import torch
from torch import Tensor


class Linear(Protocol):
    """A matrix product, and a bias where the model has one."""

    @property
    def nbytes(self) -> int:
        """What a product reads of the weights."""
        ...

    def __call__(self, x: Tensor) -> Tensor:
        """(..., I) to (..., O)."""
        ...


class DenseLinear:
    """Weights (O, I) in the type that is computed in."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self._weight = weight
        self._bias = bias

    @property
    def nbytes(self) -> int:
        """What a product reads of the weights."""
        return self._weight.nbytes

    def __call__(self, x: Tensor) -> Tensor:
        """(..., I) to (..., O)."""
        return torch.nn.functional.linear(x, self._weight, self._bias)
