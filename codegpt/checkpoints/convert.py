"""GGUF in, bf16 safetensors out, one tensor at a time: memory is bounded by the largest tensor and one shard.

transformers' own loader keeps a GGUF packed (slow on a CPU), or needs `accelerate` and the whole model in memory; so
its tables of names and its readers of configuration and tokenizer are used here, its loader is not.

Covered: every architecture that transformers maps tensor for tensor. Not covered: a file with tensors that it has no
place for (refused: leaving one out would make another model), merged experts, vision parts, adapters.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedConfig, PreTrainedModel
from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

from codegpt.checkpoints.formats import CONFIG, INDEX
from codegpt.checkpoints.manifest import write_json
from codegpt.checkpoints.progress import SILENT, Progress
from codegpt.errors import CheckpointError

SHARD_BYTES = 512 * 10**6
ROWS_AT_ONCE = 8192

# What the readers raise on a broken or foreign file.
_READ_ERRORS = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError)


def convert_gguf(source: Path, directory: Path, progress: Progress = SILENT) -> None:
    """Write the model in `source` to the empty `directory`: shards, index, config.json and tokenizer.

    Raises:
        CheckpointError: the file is truncated, or holds a model that cannot be expressed.
        OSError: the result cannot be written.
    """
    progress.step(f"converting {source.name}", 0, source.stat().st_size)
    try:
        with _quiet_transformers():
            reader = gguf.GGUFReader(source)
            model = _empty_model(source, directory)
            _add_tokens(reader, directory / "tokenizer.json")
            _save_shards(_tensors(reader, model, progress, f"converting {source.name}"), directory)
    except SafetensorError as error:
        # The one way in which writing safetensors fails: the system's message, without its errno.
        raise OSError(f"cannot write to {directory}: {error}") from error
    except _READ_ERRORS as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{source} cannot be converted: {reason}") from error


def _add_tokens(reader: gguf.GGUFReader, tokenizer_json: Path) -> None:
    """Make an added token of each that the file says is one; transformers before 5.23 knows but a few of them."""
    names, kinds = (reader.fields.get(f"tokenizer.ggml.{field}") for field in ("tokens", "token_type"))
    if names is None or kinds is None or not tokenizer_json.exists():
        return
    tokenizer = Tokenizer.from_file(str(tokenizer_json))
    known = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    added = {
        name: kind == gguf.TokenType.CONTROL
        for name, kind in zip(names.contents(), kinds.contents(), strict=False)
        if kind in (gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED) and name not in known
    }
    if added:
        tokenizer.add_tokens([AddedToken(n, special=special, normalized=False) for n, special in added.items()])
        tokenizer.save(str(tokenizer_json))


def _empty_model(source: Path, directory: Path) -> PreTrainedModel:
    """Save the configuration and the tokenizer; return the model on the meta device, which takes no memory."""
    place = {"gguf_file": source.name, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(source.parent, **place)
    tokenizer.save_pretrained(directory)
    config: PreTrainedConfig = AutoConfig.from_pretrained(source.parent, **place)
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, dtype=torch.bfloat16
        )
    config.architectures = [type(model).__name__]
    config.dtype = torch.bfloat16
    vars(config).pop("_model_name_or_path", None)  # the file's own title, which is no path
    config.save_pretrained(directory)
    return model


def _tensors(
    reader: gguf.GGUFReader, model: PreTrainedModel, progress: Progress, what: str
) -> Iterator[tuple[str, torch.Tensor]]:
    """Each tensor under its name in the model, in bf16; a ValueError where file and model do not match."""
    architecture = reader.fields["general.architecture"].contents()
    processor = TENSOR_PROCESSORS.get(architecture, TensorProcessor)(  # type: ignore[no-untyped-call]
        config=model.config.to_dict()
    )
    names: dict[str, str] = get_gguf_hf_weights_map(model, processor)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    lacking = {name for name, _ in model.named_parameters()}  # of tied tensors it yields the first alone
    done, total = 0, sum(int(tensor.n_bytes) for tensor in reader.tensors)
    for packed in reader.tensors:
        weights, gguf_name, _ = processor.process(  # type: ignore[no-untyped-call]
            weights=_dequantize(packed), name=packed.name
        )
        name = names.get(gguf_name, "")
        if weights is None or name not in shapes:
            raise ValueError(f"the model has no place for its tensor {packed.name}")
        if weights.shape != shapes[name]:
            raise ValueError(f"{packed.name} is {list(weights.shape)}, the model wants {list(shapes[name])}")
        yield name, torch.from_numpy(np.ascontiguousarray(weights)).to(torch.bfloat16)
        lacking.discard(name)
        done += int(packed.n_bytes)
        progress.step(what, done, total)
    if lacking:
        raise ValueError(f"it lacks {len(lacking)} of the model's tensors, among them {min(lacking)}")


def _dequantize(packed: gguf.ReaderTensor) -> np.ndarray:
    """The tensor in fp32, some rows at a time: unpacking takes several times the memory of its result."""
    shape = tuple(int(size) for size in reversed(packed.shape))
    weights = np.empty(shape, dtype=np.float32)
    for start in range(0, shape[0], ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        weights[rows] = gguf.dequantize(packed.data[rows], packed.tensor_type)
    return weights


def _save_shards(tensors: Iterator[tuple[str, torch.Tensor]], directory: Path) -> None:
    """Write the tensors in the order they come, a file as soon as the next tensor would not fit."""
    shards: list[list[str]] = []
    held: dict[str, torch.Tensor] = {}
    total = 0

    def flush() -> None:
        shards.append(list(held))
        save_file(held, directory / _part(len(shards)), metadata={"format": "pt"})
        shutil.copymode(directory / CONFIG, directory / _part(len(shards)))  # it is written for its owner alone
        held.clear()

    for name, tensor in tensors:
        if held and sum(t.nbytes for t in held.values()) + tensor.nbytes > SHARD_BYTES:
            flush()
        held[name] = tensor
        total += tensor.nbytes
    flush()

    if len(shards) == 1:
        (directory / _part(1)).replace(directory / "model.safetensors")
        return
    weight_map = {}
    for number, shard in enumerate(shards, start=1):
        final = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        (directory / _part(number)).replace(directory / final)
        weight_map.update(dict.fromkeys(shard, final))
    write_json(directory / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})


def _part(number: int) -> str:
    return f"part-{number:05d}.safetensors"


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """`progress` is the one voice here; what transformers says of GGUF concerns its own loader."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
