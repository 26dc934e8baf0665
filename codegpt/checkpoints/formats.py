"""Which files may be opened at all: safetensors and GGUF, by content; pickles never, whatever they are called.

Loading a pickle runs the code in it, so one is refused by name and by its first bytes before anything else reads it.
Not covered: files that are well-formed at their start and broken further on; their readers find that out.
"""

import json
from pathlib import Path

from codegpt.errors import CheckpointError, ModelNotFound

PICKLE_SUFFIXES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
WEIGHT_SUFFIXES = PICKLE_SUFFIXES | {".gguf", ".safetensors"}
CONFIG, TOKENIZER, INDEX = "config.json", "tokenizer.json", "model.safetensors.index.json"
OPTIONAL_FILES = ("generation_config.json", "tokenizer_config.json", "special_tokens_map.json")

_ADVICE = "loading one can run the code inside it; use safetensors or GGUF"


def check_gguf(path: Path) -> None:
    """Accept a GGUF file.

    Raises:
        CheckpointError: it is a pickle, or something else.
    """
    if (magic := _first_bytes(path)) != b"GGUF":
        raise _refusal(path, magic, "GGUF")


def check_safetensors(path: Path) -> None:
    """Accept a safetensors file: the length of the header, then the header, a JSON object.

    Raises:
        CheckpointError: it is a pickle, or something else.
    """
    start = _first_bytes(path, 9)
    if len(start) < 9 or start[8:] != b"{" or int.from_bytes(start[:8], "little") > path.stat().st_size - 8:
        raise _refusal(path, start, "safetensors")


def check_directory(directory: Path) -> tuple[str, ...]:
    """The names of the files of a safetensors checkpoint that matter, sorted.

    Raises:
        CheckpointError: its weights are pickles, or broken.
        ModelNotFound: it is no checkpoint at all.
    """
    present = {path.name for path in directory.iterdir() if path.is_file()}
    # Both where both are there: it is for transformers to choose, and what it takes must have been checked.
    weights = _indexed_files(directory / INDEX, present) if INDEX in present else []
    weights += ["model.safetensors"] if "model.safetensors" in present else []
    if not weights:
        raise _no_weights(directory, present)
    for name in (CONFIG, TOKENIZER):
        if name not in present:
            raise ModelNotFound(f"{directory} is no checkpoint: it has no {name}")
    for name in weights:
        check_safetensors(directory / name)
    _check_config(directory / CONFIG)
    return tuple(sorted({*weights, CONFIG, TOKENIZER, *({INDEX, *OPTIONAL_FILES} & present)}))


def _no_weights(directory: Path, present: set[str]) -> CheckpointError | ModelNotFound:
    if pickles := sorted(name for name in present if Path(name).suffix.lower() in PICKLE_SUFFIXES):
        return CheckpointError(f"{directory / pickles[0]} is a pickle checkpoint: {_ADVICE}")
    if ggufs := sorted(name for name in present if name.endswith(".gguf")):
        return ModelNotFound(f"{directory} holds no model.safetensors; give the GGUF file: {directory / ggufs[0]}")
    return ModelNotFound(f"{directory} is no checkpoint: it has no model.safetensors")


def refuse_pickle_name(path: Path) -> None:
    """Refuse a file whose name says that it is a pickle.

    Raises:
        CheckpointError: it does.
    """
    if path.suffix.lower() in PICKLE_SUFFIXES:
        raise CheckpointError(f"{path} is a pickle checkpoint: {_ADVICE}")


def _check_config(path: Path) -> None:
    """Refuse a configuration that sends transformers to other weights than those checked here, maybe a pickle."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        other = config.get("transformers_weights")
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a valid configuration") from error
    if other is not None:
        raise CheckpointError(f"{path} names other weights ({other!r}) than model.safetensors; refused")


def _indexed_files(index: Path, present: set[str]) -> list[str]:
    """The shards that an index names; each must be a safetensors file beside it."""
    try:
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{index} is not a valid index of shards") from error
    for shard in shards:
        if Path(str(shard)).suffix.lower() in PICKLE_SUFFIXES:
            raise CheckpointError(f"{index} names {shard}, a pickle: {_ADVICE}")
        if shard not in present or not str(shard).endswith(".safetensors"):
            raise CheckpointError(f"{index} names {shard}, which is not a safetensors file beside it")
    return shards


def _first_bytes(path: Path, count: int = 4) -> bytes:
    with path.open("rb") as file:
        return file.read(count)


def _refusal(path: Path, start: bytes, wanted: str) -> CheckpointError:
    # A zip is what torch.save writes today; a pickle opens with PROTO (0x80) and its version.
    if start.startswith(b"PK") or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05"):
        return CheckpointError(f"{path} is a pickle checkpoint named {path.suffix}: {_ADVICE}")
    return CheckpointError(f"{path} is not a {wanted} file, or is truncated")
