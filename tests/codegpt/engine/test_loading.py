"""Which model a directory becomes, and that its weights are those of the files."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, PreTrainedModel

from codegpt.engine import int8, loading
from codegpt.engine.device import Placement
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import LeanLayers, LeanModel, lean_shape
from codegpt.engine.lean_weights import dense, lean_weights
from codegpt.engine.loading import load
from codegpt.engine.model import Model, never_interrupted
from codegpt.engine.module_model import ModuleModel
from codegpt.engine.protocol import Precision
from codegpt.errors import CheckpointError

from .conftest import StateDict

CPU = Placement(torch.device("cpu"), torch.float32, "for the test")
IDS = torch.arange(20)[None] * 3


def logits(model: Model) -> torch.Tensor:
    return model.forward(IDS, KvCache(), never_interrupted, count=20)


@pytest.fixture
def saved(tiny_model: PreTrainedModel, tmp_path: Path) -> Path:
    tiny_model.save_pretrained(tmp_path / "model", max_shard_size="20KB")
    assert len(list((tmp_path / "model").glob("*.safetensors"))) > 1
    return tmp_path / "model"


def test_a_covered_architecture_is_computed_lean(saved: Path, tiny_model: PreTrainedModel) -> None:
    model = load(saved, CPU, Precision.FULL, None, "d1")
    assert isinstance(model, LeanModel)
    assert (model.arithmetic, model.context_tokens, model.device) == ("float32", 2048, torch.device("cpu"))
    torch.testing.assert_close(logits(model), logits(ModuleModel(tiny_model)), atol=2e-5, rtol=1e-4)


def test_another_architecture_goes_through_transformers(tmp_path: Path) -> None:
    module = AutoModelForCausalLM.from_config(GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=260))
    module.save_pretrained(tmp_path)
    for precision in Precision:
        model = load(tmp_path, CPU, precision, None, "d1")
        assert isinstance(model, ModuleModel)
        torch.testing.assert_close(logits(model), logits(ModuleModel(module)), atol=2e-5, rtol=1e-4)


def test_int8_is_what_a_cpu_computes_in_if_nobody_says_otherwise(saved: Path) -> None:
    model = load(saved, CPU, Precision.AUTO, None, "d1")
    assert model.arithmetic == "int8, float32"


def test_int8_is_rounded_once(saved: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rounded: list[tuple[int, ...]] = []
    quantize = int8.quantize

    def counting(weight: torch.Tensor) -> int8.Int8:
        rounded.append(tuple(weight.shape))
        return quantize(weight)

    monkeypatch.setattr(int8, "quantize", counting)
    store = tmp_path / "home" / "int8.safetensors"
    first = load(saved, CPU, Precision.INT8, store, "d1")
    assert first.arithmetic == "int8, float32"
    assert rounded == [(64, 32), (32, 32), (128, 32), (32, 64)] * 3 + [(260, 32)]
    second = load(saved, CPU, Precision.INT8, store, "d1")
    assert len(rounded) == 13
    assert torch.equal(logits(first), logits(second))
    load(saved, CPU, Precision.INT8, store, "d2")
    assert len(rounded) == 26


def test_int8_is_near_the_floats(saved: Path) -> None:
    full, rounded = (logits(load(saved, CPU, precision, None, "d1")) for precision in (Precision.FULL, Precision.INT8))
    error = (full - rounded).norm() / full.norm()
    assert 0 < error < 0.05


def test_a_checkpoint_that_lacks_something(saved: Path) -> None:
    index = sorted(saved.glob("*.safetensors"))[0]
    index.unlink()
    with pytest.raises(CheckpointError, match="the checkpoint lacks the tensor "):
        load(saved, CPU, Precision.FULL, None, "d1")
    for file in saved.glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(CheckpointError, match="holds a file that is not whole"):
        load(saved, CPU, Precision.FULL, None, "d1")
    for file in saved.glob("*.safetensors"):
        file.unlink()
    with pytest.raises(CheckpointError, match="holds no safetensors files"):
        load(saved, CPU, Precision.FULL, None, "d1")


def test_where_no_graph_is_recorded_all_goes_layer_by_layer(
    tiny_model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise RuntimeError("no stream")

    monkeypatch.setattr(loading, "cuda_graphs", fails)
    shape = lean_shape(tiny_model.config.to_dict())
    assert shape is not None
    weights = lean_weights(StateDict(tiny_model), shape, dense(CPU.dtype, CPU.device), CPU.dtype, CPU.device)
    assert loading.recorded(LeanLayers(shape, weights.layers, CPU.dtype), 32, CPU) is None
    assert caplog.messages == ["decoding goes layer by layer, since this GPU records no graph: no stream"]
