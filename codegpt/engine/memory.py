"""When memory runs out, how torch says so; and what is freed goes back to the system."""

import ctypes
import sys

import torch

_SPELLINGS = ("can't allocate memory", "not enough memory", "out of memory", "Cannot allocate memory")
"""Of torch's CPU allocators on Linux and Windows, of MPS, and of the C library."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory; torch has a class of its own for GPUs alone."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(spelling in str(error) for spelling in _SPELLINGS)


def give_back() -> None:
    """Let the C library return what it keeps of freed memory: after a model was read 40 MiB lie between its weights."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):  # glibc's
        libc.malloc_trim(0)
