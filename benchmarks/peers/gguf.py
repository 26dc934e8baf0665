"""Fetch and verify the default model's GGUF file for llama.cpp; prints its path.

python benchmarks/peers/gguf.py FOLDER
"""

import sys
from pathlib import Path

from codegpt.checkpoints import CHECKPOINTS, DEFAULT_MODEL
from codegpt.checkpoints.pulling import fetch_gguf

if __name__ == "__main__":
    print(fetch_gguf(CHECKPOINTS[DEFAULT_MODEL], Path(sys.argv[1])))  # noqa: T201
