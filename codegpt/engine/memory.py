"""When memory runs out: how torch says so."""

import torch

_SPELLINGS = ("can't allocate memory", "not enough memory", "out of memory", "Cannot allocate memory")
"""Of torch's CPU allocators on Linux and Windows, of MPS, and of the C library."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory; torch has a class of its own for GPUs alone."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(spelling in str(error) for spelling in _SPELLINGS)
