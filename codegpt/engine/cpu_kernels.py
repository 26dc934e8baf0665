"""The arithmetic of decoding a few tokens on the CPU: loops over plain arrays, compiled by numba and kept on disk.

Each weight is read once, for all tokens, and everything is added up in float32. torch's int8 kernels want bf16 on both
sides, which costs the digits that decide between two likely tokens, and take twice as long; its small operators take
longer than the arithmetic in them.

Shapes: R tokens in all, B rows of T tokens each (R = B * T), H features, N query heads and K key heads of D features.
"""

import numba
import numpy as np
import torch
from numba import get_num_threads, njit, prange, set_num_threads

Array = np.ndarray

_MOST_THREADS = get_num_threads()  # this starts them
THREADED = numba.threading_layer() != "workqueue"  # type: ignore[attr-defined]  # numba does not list it
"""Whether the kernels run in several threads: numba's own pool, which is what there is without OpenMP, takes longer to
start than a product takes, and ends the process where two callers meet in it."""

_ZERO, _ONE = np.float32(0), np.float32(1)


@njit(fastmath=True, cache=True, nogil=True)
def _one_by_four(x: Array, row: int, weight: Array, at: tuple[int, int, int, int], scale: Array, out: Array) -> None:
    """One token, four outputs."""
    i0, i1, i2, i3 = at
    total0, total1, total2, total3 = _ZERO, _ZERO, _ZERO, _ZERO
    for k in range(x.shape[1]):
        feature = x[row, k]
        total0 += np.float32(weight[i0, k]) * feature
        total1 += np.float32(weight[i1, k]) * feature
        total2 += np.float32(weight[i2, k]) * feature
        total3 += np.float32(weight[i3, k]) * feature
    out[row, i0], out[row, i1] = total0 * scale[i0], total1 * scale[i1]
    out[row, i2], out[row, i3] = total2 * scale[i2], total3 * scale[i3]


@njit(fastmath=True, cache=True, nogil=True)
def _two_by_two(x: Array, row: int, weight: Array, i: int, j: int, scale: Array, out: Array) -> None:
    """Two tokens, two outputs."""
    i0, i1, j0, j1 = _ZERO, _ZERO, _ZERO, _ZERO
    for k in range(x.shape[1]):
        first, second = np.float32(weight[i, k]), np.float32(weight[j, k])
        i0 += first * x[row, k]
        i1 += first * x[row + 1, k]
        j0 += second * x[row, k]
        j1 += second * x[row + 1, k]
    out[row, i], out[row + 1, i] = i0 * scale[i], i1 * scale[i]
    out[row, j], out[row + 1, j] = j0 * scale[j], j1 * scale[j]


@njit(fastmath=True, cache=True, nogil=True)
def _four_by_two(x: Array, row: int, weight: Array, i: int, j: int, scale: Array, out: Array) -> None:
    """Four tokens, two outputs; three tokens are done as four, the last one twice."""
    row1, row2, row3 = row + 1, row + 2, min(row + 3, len(x) - 1)
    i0, i1, i2, i3, j0, j1, j2, j3 = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    for k in range(x.shape[1]):
        first, second = np.float32(weight[i, k]), np.float32(weight[j, k])
        i0 += first * x[row, k]
        i1 += first * x[row1, k]
        i2 += first * x[row2, k]
        i3 += first * x[row3, k]
        j0 += second * x[row, k]
        j1 += second * x[row1, k]
        j2 += second * x[row2, k]
        j3 += second * x[row3, k]
    out[row, i], out[row1, i], out[row2, i], out[row3, i] = i0 * scale[i], i1 * scale[i], i2 * scale[i], i3 * scale[i]
    out[row, j], out[row1, j], out[row2, j], out[row3, j] = j0 * scale[j], j1 * scale[j], j2 * scale[j], j3 * scale[j]


@njit(fastmath=True, cache=True, nogil=True)
def _multiply(x: Array, weight: Array, scale: Array, out: Array, begin: int, end: int) -> None:
    """The outputs from `begin` to `end`, read at four places at once: memory then gives a third more a second.

    Where they are not a multiple of four, the last one is computed more than once.
    """
    rows, last = len(x), end - 1
    apart = (end - begin + 3) // 4
    for i0 in range(begin, begin + apart):
        i1, i2, i3 = min(i0 + apart, last), min(i0 + 2 * apart, last), min(i0 + 3 * apart, last)
        row = 0
        while rows - row > 2:
            _four_by_two(x, row, weight, i0, i1, scale, out)
            _four_by_two(x, row, weight, i2, i3, scale, out)
            row += 4
        if rows - row == 2:
            _two_by_two(x, row, weight, i0, i1, scale, out)
            _two_by_two(x, row, weight, i2, i3, scale, out)
        if rows - row == 1:
            _one_by_four(x, row, weight, (i0, i1, i2, i3), scale, out)


@njit(fastmath=True, cache=True, nogil=True, parallel=True)
def _multiply_together(x: Array, weight: Array, scale: Array, out: Array, threads: int) -> None:
    outputs = len(weight)
    for thread in prange(threads):
        _multiply(x, weight, scale, out, thread * outputs // threads, (thread + 1) * outputs // threads)


@njit(fastmath=True, cache=True, nogil=True, inline="always")
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


@njit(fastmath=True, cache=True, nogil=True)
def _scores(queries: Array, keys: Array, first: int, second: int, scores: Array, at: int) -> None:
    """Products of four queries (4, D) with two keys, from `at` on; the second one may be the first again."""
    i0, i1, i2, i3, j0, j1, j2, j3 = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    for k in range(queries.shape[1]):
        i, j = keys[first, k], keys[second, k]
        i0 += i * queries[0, k]
        i1 += i * queries[1, k]
        i2 += i * queries[2, k]
        i3 += i * queries[3, k]
        j0 += j * queries[0, k]
        j1 += j * queries[1, k]
        j2 += j * queries[2, k]
        j3 += j * queries[3, k]
    scores[0, at], scores[1, at], scores[2, at], scores[3, at] = i0, i1, i2, i3
    scores[0, at + 1], scores[1, at + 1], scores[2, at + 1], scores[3, at + 1] = j0, j1, j2, j3


@njit(fastmath=True, cache=True, nogil=True)
def _softmax(scores: Array, query: int, seen: int, count: int, scale: np.float32) -> None:
    """Of the first `seen` scores; nothing of the others up to `count`."""
    largest, total = np.float32(-np.inf), _ZERO
    for at in range(seen):
        largest = max(largest, scores[query, at])
    for at in range(seen):
        scores[query, at] = _exp((scores[query, at] - largest) * scale)
        total += scores[query, at]
    for at in range(seen):
        scores[query, at] /= total
    for at in range(seen, count):
        scores[query, at] = _ZERO


@njit(fastmath=True, cache=True, nogil=True)
def _mix(shares: Array, query: int, values: Array, begin: int, count: int, mixed: Array) -> None:
    """Add up `count` values (T, D) from `begin` on, for this query and the next, four at a time."""
    next_one = query + 1
    for at in range(0, count - 3, 4):
        a0, a1, a2, a3 = shares[query, at], shares[query, at + 1], shares[query, at + 2], shares[query, at + 3]
        b0, b1 = shares[next_one, at], shares[next_one, at + 1]
        b2, b3 = shares[next_one, at + 2], shares[next_one, at + 3]
        here = begin + at
        for k in range(mixed.shape[1]):
            v0, v1, v2, v3 = values[here, k], values[here + 1, k], values[here + 2, k], values[here + 3, k]
            mixed[query, k] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3
            mixed[next_one, k] += b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3
    for at in range(count // 4 * 4, count):
        a0, b0 = shares[query, at], shares[next_one, at]
        for k in range(mixed.shape[1]):
            mixed[query, k] += a0 * values[begin + at, k]
            mixed[next_one, k] += b0 * values[begin + at, k]


@njit(fastmath=True, cache=True, nogil=True)
def _attend(heads: Array, room: Array, held: int, starts: Array, out: Array, first_job: int, last_job: int) -> None:
    """Those jobs from `first_job` to `last_job`: each is four queries of a row that share a key head.

    They share its keys and values as well, which are then read once for four. Where a head's queries are not a multiple
    of four, the last one is done more than once.
    """
    tokens_in_all, in_all, features = heads.shape
    _, rows, key_heads, _, _ = room.shape
    tokens, group = tokens_in_all // rows, in_all // key_heads - 2
    last = tokens * group - 1  # the queries of a key head: token by token, in each its group
    jobs_of_head = last // 4 + 1
    scores = np.empty((4, held + tokens + 1), np.float32)
    queries, mixed = np.empty((4, features), np.float32), np.empty((4, features), np.float32)
    scale = np.float32(1 / np.sqrt(features))
    for job in range(first_job, last_job):
        part, key_head, row = job % jobs_of_head, job // jobs_of_head % key_heads, job // jobs_of_head // key_heads
        keys, values, begin = room[0, row, key_head], room[1, row, key_head], starts[row]
        for i in range(4):
            query = min(4 * part + i, last)
            queries[i] = heads[row * tokens + query // group, key_head * group + query % group]
        count = held - begin + min(4 * part + 3, last) // group + 1
        for at in range(0, count, 2):
            _scores(queries, keys, begin + at, begin + min(at + 1, count - 1), scores, at)
        for i in range(4):
            _softmax(scores, i, held - begin + min(4 * part + i, last) // group + 1, count, scale)
        mixed[:] = _ZERO
        _mix(scores, 0, values, begin, count, mixed)
        _mix(scores, 2, values, begin, count, mixed)
        for i in range(4):
            query = min(4 * part + i, last)
            at = (key_head * group + query % group) * features
            out[row * tokens + query // group, at : at + features] = mixed[i]


@njit(fastmath=True, cache=True, nogil=True, parallel=True)
def _attend_together(heads: Array, room: Array, held: int, starts: Array, out: Array, jobs: int, threads: int) -> None:
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
    count = min(torch.get_num_threads(), _MOST_THREADS) if THREADED else 1
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
    _, rows, key_heads, _, _ = room.shape
    queries = len(heads) // rows * (heads.shape[1] // key_heads - 2)  # of each row that share a key head
    jobs = rows * key_heads * ((queries + 3) // 4)
    if count == 1:
        _attend(heads, room, held, starts, out, 0, jobs)
    else:
        _attend_together(heads, room, held, starts, out, jobs, count)


@njit(fastmath=True, cache=True, nogil=True)
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


@njit(fastmath=True, cache=True, nogil=True)
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


@njit(fastmath=True, cache=True, nogil=True)
def _gate(both: Array, out: Array, begin: int, end: int) -> None:
    """The outputs from `begin` to `end`."""
    rows, features = out.shape
    for row in range(rows):
        for k in range(begin, end):
            x = both[row, k]
            decayed = _exp(-abs(x))
            share = (_ONE if x >= 0 else decayed) / (_ONE + decayed)
            out[row, k] = x * share * both[row, features + k]


@njit(fastmath=True, cache=True, nogil=True, parallel=True)
def _gate_together(both: Array, out: Array, threads: int) -> None:
    features = out.shape[1]
    for thread in prange(threads):
        _gate(both, out, thread * features // threads, (thread + 1) * features // threads)


def gate(both: Array, out: Array, count: int) -> None:
    """silu(first half) * second half of (R, 2 I), into (R, I).

    Args:
        count: what `threads` said.
    """
    if count == 1:
        _gate(both, out, 0, out.shape[1])
    else:
        _gate_together(both, out, count)
