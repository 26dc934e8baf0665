"""int8 weights: how far rounding goes, and that the two ways to multiply agree."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from codegpt.engine import cpu_kernels
from codegpt.engine.int8 import BLOCK_ROWS, FEW_ROWS, Int8, Int8Linear, dequantize, quantize


def test_rounding_is_half_a_step_at_most() -> None:
    torch.manual_seed(1)
    weight = torch.randn(3000, 40) * torch.logspace(-6, 3, 3000)[:, None]
    matrix = quantize(weight.bfloat16())
    assert (matrix.weight.dtype, matrix.scale.dtype) == (torch.int8, torch.float32)
    error = (dequantize(matrix) - weight.bfloat16().float()).abs()
    assert bool((error <= matrix.scale[:, None] * 0.5001).all())
    assert matrix.weight.abs().amax(dim=1).tolist() == [127] * 3000


def test_exact_values() -> None:
    matrix = quantize(torch.tensor([[127.0, -63.5, 1.0], [0.0, 0.0, 0.0], [-2.0, 1.0, 0.0]]))
    assert matrix.weight.tolist() == [[127, -64, 1], [0, 0, 0], [-127, 64, 0]]
    assert matrix.scale.tolist() == pytest.approx([1.0, 0.0, 2 / 127])


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 9), inputs=st.integers(1, 70), outputs=st.integers(1, 20), seed=st.integers(0, 9))
def test_few_rows_equal_the_plain_product(rows: int, inputs: int, outputs: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, inputs, generator=generator)
    matrix = quantize(torch.randn(outputs, inputs, generator=generator))
    out = torch.full((rows, outputs), torch.nan)
    cpu_kernels.multiply(x.numpy(), matrix.weight.numpy(), matrix.scale.numpy(), out.numpy(), cpu_kernels.threads())
    torch.testing.assert_close(out, x @ dequantize(matrix).T, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_with_other_threads(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        matrix = quantize(torch.randn(300, 64, generator=torch.Generator().manual_seed(2)))
        x = torch.randn(5, 64, generator=torch.Generator().manual_seed(3))
        torch.testing.assert_close(Int8Linear(matrix)(x), x @ dequantize(matrix).T, atol=1e-4, rtol=1e-4)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("rows", [FEW_ROWS + 1, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * BLOCK_ROWS])
@pytest.mark.parametrize("wide", [torch.float32, torch.bfloat16])
def test_many_rows_equal_few(wide: torch.dtype, rows: int) -> None:
    torch.manual_seed(4)
    matrix = quantize(torch.randn(700, 1024))  # more than one tile
    linear = Int8Linear(matrix, torch.randn(700), wide)
    x = torch.randn(rows, 1024)
    many = linear(x[None])
    few = torch.cat([linear(x[at : at + FEW_ROWS]) for at in range(0, rows, FEW_ROWS)])
    assert many.shape == (1, rows, 700)
    assert many.is_contiguous()
    assert many.dtype is torch.float32
    tolerance = 1e-3 if wide is torch.float32 else 1.5  # of sums of 1024 terms of about one
    torch.testing.assert_close(many[0], few, atol=tolerance, rtol=1e-4)


def test_an_input_that_is_no_plain_array() -> None:
    matrix = Int8(torch.tensor([[1, 2], [3, 4]], dtype=torch.int8), torch.ones(2))
    across = torch.tensor([[1.0, 10.0], [2.0, 20.0]]).T
    assert Int8Linear(matrix)(across).tolist() == [[5.0, 11.0], [50.0, 110.0]]
