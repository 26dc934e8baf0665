"""Weights as int8 with one scale for each output, on the CPU.

A product of few rows takes as long as its weights take to be read, so a quarter of the bytes is a quarter of the time.
Where the processor computes in bf16, tiles of the matrix are turned into it for many rows, and stay in the cache while
they are used. Both ways add up in float32, so that how many rows are computed together changes only the order of a sum.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from codegpt.engine import cpu_kernels
from codegpt.engine.cpu_kernels import Array
from codegpt.engine.lean_weights import MakeLinear

FEW_ROWS = 8
"""Up to so many rows each weight is read once and used for all of them, whatever the processor."""

BLOCK_ROWS = 32
"""So many rows at once use a weight that was read: their inputs stay in the second-level cache. Measured: a product of
256 rows takes a fifth less than by tiles of float32, one of 16 half."""

TILE_ELEMENTS = 2**22
"""Of a tile that is turned into bf16: 8 MiB, which the third-level cache holds. Measured (AVX-512-bf16): prompts are
read a tenth faster than with tiles that a core's own cache holds, as there are fewer small products."""

_ROWS_AT_ONCE = 2048
"""So many rows of a matrix are rounded at once: the work takes several times their memory."""


class Int8(NamedTuple):
    """A matrix of `weight` (O, I) int8 times `scale` (O,) float32, a row each."""

    weight: Tensor
    scale: Tensor


def quantize(weight: Tensor) -> Int8:
    """Round (O, I) to int8, symmetrically, each row by its largest element."""
    integers = torch.empty(weight.shape, dtype=torch.int8)
    scales = torch.empty(len(weight), dtype=torch.float32)
    for begin in range(0, len(weight), _ROWS_AT_ONCE):
        part = slice(begin, begin + _ROWS_AT_ONCE)
        rows = weight[part].float()
        scales[part] = rows.abs().amax(dim=1) / 127
        divisors = scales[part].clamp(min=torch.finfo(torch.float32).tiny)  # a row of zeros stays one
        integers[part] = (rows / divisors[:, None]).round().char()
    return Int8(integers, scales)


def dequantize(matrix: Int8) -> Tensor:
    """(O, I) float32."""
    return matrix.weight.float() * matrix.scale[:, None]


class Int8Linear:
    """An `Int8` matrix and its bias.

    Args:
        wide: the type in which many rows are multiplied.
    """

    def __init__(self, matrix: Int8, bias: Tensor | None = None, wide: torch.dtype = torch.float32) -> None:
        self._matrix = matrix
        self._arrays = matrix.weight.numpy(), matrix.scale.numpy()
        self._bias = bias
        self._added = None if bias is None else bias.numpy()
        self._wide = wide

    @property
    def nbytes(self) -> int:
        """What a product reads of the weights."""
        return self._matrix.weight.nbytes + self._matrix.scale.nbytes

    @property
    def outputs(self) -> int:
        """O."""
        return len(self._matrix.scale)

    def __call__(self, x: Tensor) -> Tensor:
        """(..., I) float32 to (..., O) float32."""
        rows = x.reshape(-1, x.shape[-1]).contiguous()
        if self._wide is torch.float32 or len(rows) <= FEW_ROWS:
            product = torch.from_numpy(self.product(rows.numpy(), cpu_kernels.threads()))
        else:
            product = self._tiles(rows)
        return product.view(*x.shape[:-1], -1)

    def product(self, x: Array, threads: int, out: Array | None = None) -> Array:
        """(R, I) to (R, O), plain arrays of float32 in rows, into `out` where there is one.

        Args:
            threads: what `cpu_kernels.threads` said.
        """
        if out is None:
            out = cpu_kernels.empty(len(x), self.outputs)
        for begin in range(0, len(x), BLOCK_ROWS):
            part = slice(begin, begin + BLOCK_ROWS)
            cpu_kernels.multiply(x[part], *self._arrays, out[part], threads)
        if self._added is not None:
            out += self._added
        return out

    def _tiles(self, rows: Tensor) -> Tensor:
        """Each tile of the matrix is made, used and forgotten."""
        rows = rows.to(self._wide)
        weight, scale = self._matrix
        outputs, inputs = weight.shape
        height = max(64, TILE_ELEMENTS // inputs)
        tile = torch.empty(height, inputs, dtype=self._wide)
        product = torch.empty(len(rows), outputs, dtype=self._wide)
        for begin in range(0, outputs, height):
            part = slice(begin, min(begin + height, outputs))
            factors = tile[: part.stop - begin]
            factors.copy_(weight[part])
            product[:, part] = torch.mm(rows, factors.T)
        scaled = product.float() * scale
        return scaled if self._bias is None else scaled.add_(self._bias)


def int8(matrices: dict[str, Int8], wide: torch.dtype) -> MakeLinear[Int8Linear]:
    """Matrices that are not among `matrices` yet are rounded now, and put there.

    Args:
        wide: see `Int8Linear`.
    """

    def make(name: str, weight: Callable[[], Tensor], bias: Tensor | None) -> Int8Linear:
        if name not in matrices:
            matrices[name] = quantize(weight())
        return Int8Linear(matrices[name], None if bias is None else bias.float(), wide)

    return make
