"""The matrix product of few rows with int8 weights, compiled by numba when it is first called (then kept on disk).

torch's kernels for int8 want bf16 on both sides, which costs the digits that decide between two likely tokens, and
take twice as long. Here each weight is read once, for all rows, and everything is added up in float32.
"""

import numpy as np
import torch
from numba import get_num_threads, njit, prange, set_num_threads

_MOST_THREADS = get_num_threads()
_ZERO = np.float32(0)


def _multiply_few(x: np.ndarray, weight: np.ndarray, scale: np.ndarray, out: np.ndarray) -> None:
    rows, inputs = x.shape
    for i in prange(len(weight)):
        factors = weight[i]
        row = 0
        while row + 4 <= rows:
            x0, x1, x2, x3 = x[row], x[row + 1], x[row + 2], x[row + 3]
            sum0, sum1, sum2, sum3 = _ZERO, _ZERO, _ZERO, _ZERO
            for k in range(inputs):
                factor = np.float32(factors[k])
                sum0 += factor * x0[k]
                sum1 += factor * x1[k]
                sum2 += factor * x2[k]
                sum3 += factor * x3[k]
            out[row, i] = sum0 * scale[i]
            out[row + 1, i] = sum1 * scale[i]
            out[row + 2, i] = sum2 * scale[i]
            out[row + 3, i] = sum3 * scale[i]
            row += 4
        while row < rows:
            x0 = x[row]
            sum0 = _ZERO
            for k in range(inputs):
                sum0 += np.float32(factors[k]) * x0[k]
            out[row, i] = sum0 * scale[i]
            row += 1


_alone = njit(fastmath=True, cache=True)(_multiply_few)
_together = njit(fastmath=True, cache=True, parallel=True)(_multiply_few)


def multiply_few(x: np.ndarray, weight: np.ndarray, scale: np.ndarray, out: np.ndarray) -> None:
    """(R, I) float32 times (O, I) int8, times a scale (O,) for each output, into (R, O); in as many threads as torch.

    With one thread no other is asked: where all cores are busy, waiting for one takes longer than the product.
    """
    threads = min(torch.get_num_threads(), _MOST_THREADS)
    if threads == 1:
        _alone(x, weight, scale, out)
    else:
        set_num_threads(threads)
        _together(x, weight, scale, out)
