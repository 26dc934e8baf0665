"""HumanEval infilling (Bavarian et al., arXiv 2207.14255): holes in the canonical solutions of HumanEval."""

import gzip
import hashlib
import json
import os
from pathlib import Path

from codegpt.checkpoints.homes import cache_root
from codegpt.errors import CheckpointError, InputError
from codegpt_evals.records import Hole

_SINGLE = "HumanEval-SingleLineInfilling.jsonl.gz"
_SINGLE_SHA256 = "1277073e7ddce163ef68598c2bca777f688a53df99422f097e37362090f88e1f"
_PUBLISHER = "github.com/openai/human-eval-infilling"


def infilling_single() -> list[Hole]:
    """The 1,033 single-line holes."""
    content = gzip.decompress(_read(_SINGLE, _SINGLE_SHA256))
    problems = [json.loads(line) for line in content.decode("utf-8").split("\n") if line]
    return [
        Hole(p["task_id"], "python", prefix=p["prompt"], middle=p["canonical_solution"], suffix=p["suffix"])
        for p in problems
    ]


def _read(name: str, sha256: str) -> bytes:
    folders = [Path(os.environ["CODEGPT_DATA"])] if os.environ.get("CODEGPT_DATA") else []
    folders.append(cache_root() / "data")
    for folder in folders:
        path = folder / "humaneval-infilling" / name
        if path.is_file():
            content = path.read_bytes()
            found = hashlib.sha256(content).hexdigest()
            if found != sha256:
                raise CheckpointError(f"{path} is not the published file: sha256 {found[:12]}, expected {sha256[:12]}")
            return content
    raise InputError(
        f"{name} is not on this machine; get it from {_PUBLISHER} into {folders[0] / 'humaneval-infilling'}, "
        "or set CODEGPT_DATA to the folder that holds humaneval-infilling/"
    )
