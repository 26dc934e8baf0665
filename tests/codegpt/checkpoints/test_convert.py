"""GGUF to bf16 safetensors: the same numbers under the right names, or one clear error."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from codegpt.checkpoints import convert
from codegpt.checkpoints.convert import _add_tokens, convert_gguf
from codegpt.checkpoints.disk import is_full
from codegpt.errors import CheckpointError


def test_tensors_are_the_dequantised_ones_in_bf16(
    tiny_gguf: Path, tmp_path: Path, tensor_of: Callable[..., np.ndarray], recorder
) -> None:
    convert_gguf(tiny_gguf, tmp_path, recorder)

    tensors = load_file(tmp_path / "model.safetensors")
    assert len(tensors) == 3 + 2 * 12
    assert {t.dtype for t in tensors.values()} == {torch.bfloat16}
    kind = gguf.GGMLQuantizationType.Q8_0
    for theirs, ours in {
        "output.weight": "lm_head.weight",
        "token_embd.weight": "model.embed_tokens.weight",
        "blk.1.attn_k.weight": "model.layers.1.self_attn.k_proj.weight",
        "blk.0.ffn_down.weight": "model.layers.0.mlp.down_proj.weight",
    }.items():
        expected = gguf.dequantize(gguf.quantize(tensor_of(theirs, tuple(tensors[ours].shape)), kind), kind)
        assert torch.equal(tensors[ours], torch.from_numpy(expected).bfloat16())
    bias = torch.from_numpy(tensor_of("blk.1.attn_q.bias", (64,))).bfloat16()
    assert torch.equal(tensors["model.layers.1.self_attn.q_proj.bias"], bias)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    what, done, total = recorder.steps[-1]
    assert (what, done) == ("converting tiny-q8_0.gguf", total)


def test_transformers_loads_the_result(tiny_gguf: Path, tmp_path: Path) -> None:
    convert_gguf(tiny_gguf, tmp_path)

    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["Qwen2ForCausalLM"]
    assert config["dtype"] == "bfloat16"
    assert config["tie_word_embeddings"] is False
    assert "_model_name_or_path" not in config
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.bfloat16)
    ids = tokenizer("abcab c")["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["abc", "ab", "Ġ", "c"]
    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits
    assert logits.shape == (1, 4, config["vocab_size"])
    assert torch.isfinite(logits).all()


def test_control_tokens_are_those_of_the_file(tiny_gguf: Path, tmp_path: Path) -> None:
    convert_gguf(tiny_gguf, tmp_path)
    path = tmp_path / "tokenizer.json"
    whole = path.read_text()
    added = [(token["content"], token["id"], token["special"]) for token in json.loads(whole)["added_tokens"]]
    assert [special for *_, special in added] == [True, True]
    path.write_text(json.dumps({**json.loads(whole), "added_tokens": json.loads(whole)["added_tokens"][:1]}))
    _add_tokens(gguf.GGUFReader(tiny_gguf), path)  # as after a reader that knows but some of them
    again = json.loads(path.read_text())
    assert [(token["content"], token["id"], token["special"]) for token in again["added_tokens"]] == added
    assert again["model"] == json.loads(whole)["model"]


def test_shards_and_pieces_of_rows_change_nothing(
    tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    convert_gguf(tiny_gguf, whole)
    monkeypatch.setattr(convert, "SHARD_BYTES", 60_000)
    monkeypatch.setattr(convert, "ROWS_AT_ONCE", 7)
    convert_gguf(tiny_gguf, cut)

    expected = load_file(whole / "model.safetensors")
    index = json.loads((cut / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(t.nbytes for t in expected.values())
    shards = sorted(path.name for path in cut.glob("*.safetensors"))
    assert shards == [f"model-{n + 1:05d}-of-{len(shards):05d}.safetensors" for n in range(len(shards))]
    assert len(shards) > 2
    found = {}
    for shard in shards:
        tensors = load_file(cut / shard)
        assert sum(t.nbytes for t in tensors.values()) <= 60_000
        assert {index["weight_map"][name] for name in tensors} == {shard}
        found |= tensors
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_tied_output_matrix_stays_tied(make_gguf: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    convert_gguf(make_gguf(tmp_path / "tied.gguf", tied=True), out)
    assert json.loads((out / "config.json").read_text())["tie_word_embeddings"] is True
    assert "lm_head.weight" not in load_file(out / "model.safetensors")


def test_what_lies_beside_the_file_is_not_read(tiny_gguf: Path, tmp_path: Path) -> None:
    beside, alone, out = tmp_path / "beside", tmp_path / "alone", tmp_path / "out"
    for folder in (beside, alone, out):
        folder.mkdir()
    source = beside / "m.gguf"
    source.write_bytes(tiny_gguf.read_bytes())
    hostile = {"auto_map": {"AutoConfig": "evil.C", "AutoTokenizer": ["evil.T", None]}, "model_type": "evil"}
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        (beside / name).write_text(json.dumps(hostile))
    (beside / "evil.py").write_text("raise SystemExit('ran')")
    convert_gguf(tiny_gguf, alone)
    convert_gguf(source, out)
    for path in alone.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"without": "blk.1.ffn_up.weight"},
            "it lacks 1 of the model's tensors, among them model.layers.1.mlp.up_proj",
        ),
        ({"extra": "rope_freqs.weight"}, "the model has no place for its tensor rope_freqs.weight"),
        ({"arch": "clip"}, "GGUF model with architecture clip is not supported yet"),
    ],
)
def test_a_foreign_model_is_one_line(
    make_gguf: Callable[..., Path], tmp_path: Path, options: dict[str, str], reason: str
) -> None:
    source = make_gguf(tmp_path / "odd.gguf", **options)
    (tmp_path / "out").mkdir()
    with pytest.raises(CheckpointError) as caught:
        convert_gguf(source, tmp_path / "out")
    assert str(caught.value).startswith(f"{source} cannot be converted: {reason}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [0.02, 0.2, 0.5, 0.99])
def test_a_truncated_file_is_one_line(tiny_gguf: Path, tmp_path: Path, kept: float) -> None:
    source = tmp_path / "cut.gguf"
    data = tiny_gguf.read_bytes()
    source.write_bytes(data[: int(len(data) * kept)])
    (tmp_path / "out").mkdir()
    with pytest.raises(CheckpointError, match=r"cut.gguf cannot be converted: .+") as caught:
        convert_gguf(source, tmp_path / "out")
    assert "\n" not in str(caught.value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).returncode:
        pytest.skip("mounting needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_told_as_such(tiny_gguf: Path, small_disk: Path) -> None:
    with pytest.raises(OSError) as caught:
        convert_gguf(tiny_gguf, small_disk)
    assert is_full(caught.value)
