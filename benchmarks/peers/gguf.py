"""Fetch and verify the default model's GGUF file for llama.cpp; prints its path.

python benchmarks/peers/gguf.py FOLDER
"""

import sys
from pathlib import Path

import click

from codegpt.checkpoints import CHECKPOINTS, DEFAULT_MODEL
from codegpt.checkpoints.pulling import fetch_gguf

if __name__ == "__main__":
    click.echo(fetch_gguf(CHECKPOINTS[DEFAULT_MODEL], Path(sys.argv[1])))
