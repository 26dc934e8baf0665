"""The compiled kernels where there is no OpenMP; their arithmetic is tested where it is used (`int8`, `cpu_step`)."""

import os
import subprocess
import sys

PROGRAM = """
import threading
import torch
from codegpt.engine import cpu_kernels
from codegpt.engine.int8 import Int8Linear, dequantize, quantize

torch.set_num_threads(2)
matrix = quantize(torch.randn(301, 64, generator=torch.Generator().manual_seed(2)))
x = torch.randn(5, 64, generator=torch.Generator().manual_seed(3))
linear, wanted = Int8Linear(matrix), x @ dequantize(matrix).T

def work():
    for _ in range(200):
        torch.testing.assert_close(linear(x), wanted, atol=1e-4, rtol=1e-4)

callers = [threading.Thread(target=work) for _ in range(2)]
[caller.start() for caller in callers]
[caller.join() for caller in callers]
print(cpu_kernels.THREADED, cpu_kernels.threads())
"""


def test_without_openmp_two_callers_at_once_do_not_end_the_process() -> None:
    environment = {**os.environ, "NUMBA_THREADING_LAYER": "workqueue"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("False 1\n", 0), done.stderr
