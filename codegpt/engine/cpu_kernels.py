"""The arithmetic of decoding a few tokens on the CPU: loops over plain arrays, compiled by numba and kept on disk.

Each weight is read once, for all tokens, and everything is added up in float32. torch's int8 kernels want bf16 on both
sides, which costs the digits that decide between two likely tokens, and take twice as long; its small operators take
longer than the arithmetic in them.

Shapes: R tokens in all, B rows of T tokens each (R = B * T), H features, N query heads and K key heads of D features.
"""

import numpy as np
import torch
from numba import get_num_threads, njit, prange, set_num_threads

Array = np.ndarray

_MOST_THREADS = get_num_threads()
_ZERO, _ONE = np.float32(0), np.float32(1)


@njit(fastmath=True, cache=True)
def _dot(factors: Array, x: Array) -> np.float32:
    total = _ZERO
    for k in range(len(factors)):
        total += np.float32(factors[k]) * x[k]
    return total


@njit(fastmath=True, cache=True)
def _two_dots(factors: Array, x0: Array, x1: Array) -> tuple[np.float32, np.float32]:
    total0, total1 = _ZERO, _ZERO
    for k in range(len(factors)):
        factor = np.float32(factors[k])
        total0 += factor * x0[k]
        total1 += factor * x1[k]
    return total0, total1


@njit(fastmath=True, cache=True)
def _four_dots(factors: Array, x0: Array, x1: Array, x2: Array, x3: Array) -> tuple[np.float32, ...]:
    total0, total1, total2, total3 = _ZERO, _ZERO, _ZERO, _ZERO
    for k in range(len(factors)):
        factor = np.float32(factors[k])
        total0 += factor * x0[k]
        total1 += factor * x1[k]
        total2 += factor * x2[k]
        total3 += factor * x3[k]
    return total0, total1, total2, total3


@njit(fastmath=True, cache=True)
def _multiply(x: Array, weight: Array, scale: Array, out: Array, begin: int, end: int) -> None:
    """The outputs from `begin` to `end`."""
    rows = len(x)
    for i in range(begin, end):
        factors, factor = weight[i], scale[i]
        row = 0
        while rows - row > 2:  # four at once; three are done as four, the last one twice
            row1, row2, row3 = row + 1, row + 2, min(row + 3, rows - 1)
            total0, total1, total2, total3 = _four_dots(factors, x[row], x[row1], x[row2], x[row3])
            out[row, i], out[row1, i] = total0 * factor, total1 * factor
            out[row2, i], out[row3, i] = total2 * factor, total3 * factor
            row += 4
        if rows - row == 2:
            total0, total1 = _two_dots(factors, x[row], x[row + 1])
            out[row, i], out[row + 1, i] = total0 * factor, total1 * factor
        if rows - row == 1:
            out[row, i] = _dot(factors, x[row]) * factor


@njit(fastmath=True, cache=True, parallel=True)
def _multiply_together(x: Array, weight: Array, scale: Array, out: Array, threads: int) -> None:
    outputs = len(weight)
    for thread in prange(threads):
        _multiply(x, weight, scale, out, thread * outputs // threads, (thread + 1) * outputs // threads)


@njit(fastmath=True, cache=True, inline="always")
def _exp(x: np.float32) -> np.float32:
    """E to a power that is not positive, to five digits; unlike the library's function it becomes vector code.

    A Taylor series for a 128th of it, squared seven times.
    """
    part: np.float32 = max(x, np.float32(-87)) * np.float32(1 / 128)
    series = np.float32(1 / 120)
    series = series * part + np.float32(1 / 24)
    series = series * part + np.float32(1 / 6)
    series = series * part + np.float32(1 / 2)
    series = series * part + _ONE
    series = series * part + _ONE
    for _ in range(7):
        series *= series
    return series


@njit(fastmath=True, cache=True)
def _attend(heads: Array, room: Array, held: int, starts: Array, out: Array, first_job: int, last_job: int) -> None:
    """Of all pairs of a token and a head, those from `first_job` to `last_job`."""
    tokens_in_all, in_all, features = heads.shape
    _, rows, key_heads, _, _ = room.shape
    queries = in_all - 2 * key_heads
    tokens, group = tokens_in_all // rows, queries // key_heads
    weights, mixed = np.empty(held + tokens, np.float32), np.empty(features, np.float32)
    scale = np.float32(1 / np.sqrt(features))
    for job in range(first_job, last_job):
        token, head = job // queries, job % queries
        row = token // tokens
        begin, end = starts[row], held + token % tokens + 1
        keys, values = room[0, row, head // group], room[1, row, head // group]
        query = heads[token, head]
        largest = np.float32(-np.inf)
        for at in range(begin, end):
            product = _ZERO
            for k in range(features):
                product += query[k] * keys[at, k]
            weights[at - begin] = product * scale
            largest = max(largest, product * scale)
        total = _ZERO
        for at in range(end - begin):
            weights[at] = _exp(weights[at] - largest)
            total += weights[at]
        mixed[:] = 0
        for at in range(begin, end):
            weight = weights[at - begin]
            for k in range(features):
                mixed[k] += weight * values[at, k]
        for k in range(features):
            out[token, head * features + k] = mixed[k] / total


@njit(fastmath=True, cache=True, parallel=True)
def _attend_together(heads: Array, room: Array, held: int, starts: Array, out: Array, threads: int) -> None:
    jobs = heads.shape[0] * (heads.shape[1] - 2 * room.shape[2])
    for thread in prange(threads):
        _attend(heads, room, held, starts, out, thread * jobs // threads, (thread + 1) * jobs // threads)


def empty(*shape: int) -> Array:
    """A float32 array that begins with a cache line, as torch's do and numpy's do not.

    Else every second vector that is read lies in two lines, and a product of four rows takes half as long again.
    """
    array: Array = torch.empty(shape, dtype=torch.float32).numpy()
    return array


def threads() -> int:
    """In how many threads the kernels run from now on: as many as torch, if there are.

    With one thread no other is asked: where all cores are busy, waiting for one takes longer than the product.
    """
    count = min(torch.get_num_threads(), _MOST_THREADS)
    set_num_threads(count)
    return count


def multiply(x: Array, weight: Array, scale: Array, out: Array, count: int) -> None:
    """(R, I) times (O, I) int8, times a scale (O,) for each output, into (R, O).

    Args:
        count: what `threads` said.
    """
    if count == 1:
        _multiply(x, weight, scale, out, 0, len(weight))
    else:
        _multiply_together(x, weight, scale, out, count)


def attend(heads: Array, room: Array, held: int, starts: Array, out: Array, count: int) -> None:
    """Each query over the keys of its row that are not after it; into (R, N * D).

    Args:
        heads: (R, N + 2 K, D): queries, and the keys and values that are in `room` already.
        room: keys and values (2, B, K, at least held + T, D).
        held: tokens before these.
        starts: (B,) the first key of each row that is not padding.
        count: what `threads` said.
    """
    if count == 1:
        _attend(heads, room, held, starts, out, 0, heads.shape[0] * (heads.shape[1] - 2 * room.shape[2]))
    else:
        _attend_together(heads, room, held, starts, out, count)


@njit(fastmath=True, cache=True)
def normalize(x: Array, weight: Array, epsilon: float, out: Array) -> None:
    """Divide (R, H) by the root of its mean square, and multiply by a weight (H,)."""
    rows, features = x.shape
    for row in range(rows):
        squares = _ZERO
        for k in range(features):
            squares += x[row, k] * x[row, k]
        factor = np.float32(1 / np.sqrt(squares / features + epsilon))
        for k in range(features):
            out[row, k] = x[row, k] * factor * weight[k]


@njit(fastmath=True, cache=True)
def rotate(heads: Array, cosines: Array, sines: Array, room: Array, held: int) -> None:
    """Turn queries and keys to their positions, in place, and put keys and values behind those that are held.

    Args:
        heads: (R, N + 2 K, D): queries, keys, values.
        cosines, sines: (R, D / 2) of the angle of each pair of neighbours.
        room: see `attend`.
    """
    tokens_in_all, count, features = heads.shape
    _, rows, key_heads, _, _ = room.shape
    tokens = tokens_in_all // rows
    queries = count - 2 * key_heads
    for token in range(tokens_in_all):
        row, at = token // tokens, held + token % tokens
        for head in range(queries + key_heads):
            for pair in range(features // 2):
                real, imaginary = heads[token, head, 2 * pair], heads[token, head, 2 * pair + 1]
                cosine, sine = cosines[token, pair], sines[token, pair]
                heads[token, head, 2 * pair] = real * cosine - imaginary * sine
                heads[token, head, 2 * pair + 1] = real * sine + imaginary * cosine
        for head in range(key_heads):
            for k in range(features):
                room[0, row, head, at, k] = heads[token, queries + head, k]
                room[1, row, head, at, k] = heads[token, queries + key_heads + head, k]


@njit(fastmath=True, cache=True)
def gate(both: Array, out: Array) -> None:
    """silu(first half) * second half of (R, 2 I), into (R, I)."""
    rows, features = out.shape
    for row in range(rows):
        for k in range(features):
            x = both[row, k]
            decayed = _exp(-abs(x))
            share = (_ONE if x >= 0 else decayed) / (_ONE + decayed)
            out[row, k] = x * share * both[row, features + k]
