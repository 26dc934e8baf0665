"""A tiny random model and a byte-level tokenizer: enough to compare every fast path with its slow twin."""

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel, Qwen2Config

from codegpt.engine.cpu_step import CpuStep
from codegpt.engine.graph_step import GraphStep
from codegpt.engine.int8 import int8
from codegpt.engine.lean_model import LeanLayers, LeanModel, lean_shape
from codegpt.engine.lean_weights import dense, lean_weights
from codegpt.engine.model import Model
from codegpt.engine.module_model import ModuleModel
from codegpt.engine.tokens import Tokens

torch.set_num_threads(1)  # so small a model only loses by more, above all on a busy machine

FIM_TOKENS = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|endoftext|>"]


@pytest.fixture(scope="session")
def tokenizer_json() -> str:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={symbol: i for i, symbol in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in FIM_TOKENS])
    text: str = tokenizer.to_str()
    return text


@pytest.fixture(scope="session")
def tokens(tokenizer_json: str) -> Tokens:
    return Tokens(tokenizer_json)


@pytest.fixture(scope="session", params=["qwen2", "llama"])
def tiny_model(request: pytest.FixtureRequest) -> PreTrainedModel:
    shape = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 260,
        "max_position_embeddings": 2048,
        "initializer_range": 0.3,  # wide, so that the argmax does not hang on rounding
    }
    config = Qwen2Config(**shape) if request.param == "qwen2" else LlamaConfig(**shape)
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    assert isinstance(model, PreTrainedModel)
    return model


class StateDict:
    """The tensors of a module, as `Tensors`."""

    def __init__(self, module: PreTrainedModel) -> None:
        self._tensors: dict[str, Tensor] = dict(module.state_dict())

    @property
    def names(self) -> set[str]:
        return set(self._tensors)

    def read(self, name: str) -> Tensor:
        return self._tensors[name]


CPU = torch.device("cpu")


def lean(module: PreTrainedModel, *, graph: bool = False) -> LeanModel:
    """The module's weights in the lean model, as they are; with the step that would be recorded, or without."""
    shape = lean_shape(module.config.to_dict())
    assert shape is not None
    weights = lean_weights(StateDict(module), shape, dense(torch.float32, CPU), torch.float32, CPU)
    layers = LeanLayers(shape, weights.layers, torch.float32)
    step = GraphStep(layers, lambda work: work) if graph else None
    return LeanModel(layers, weights, "test", step)


def lean_int8(module: PreTrainedModel, *, step: bool = True) -> LeanModel:
    """The same, rounded to int8; with the compiled step for few tokens or without."""
    shape = lean_shape(module.config.to_dict())
    assert shape is not None
    weights = lean_weights(StateDict(module), shape, int8({}, torch.float32), torch.float32, CPU)
    layers = LeanLayers(shape, weights.layers, torch.float32)
    return LeanModel(layers, weights, "test", CpuStep(shape, weights.layers) if step else None)


def _way(name: str, tiny_model: PreTrainedModel) -> Model:
    if name == "module":
        return ModuleModel(tiny_model)
    return lean_int8(tiny_model) if name == "int8" else lean(tiny_model, graph=name == "graph")


@pytest.fixture(scope="session", params=["module", "lean", "graph", "int8"])
def model(request: pytest.FixtureRequest, tiny_model: PreTrainedModel) -> Model:
    """Each of the ways to compute; each fast path has to agree with its slow twin in all of them."""
    return _way(request.param, tiny_model)


@pytest.fixture(scope="session", params=["module", "lean", "int8"])
def model_by_layers(request: pytest.FixtureRequest, tiny_model: PreTrainedModel) -> Model:
    """Those that ask before each of their three layers whether to go on."""
    return _way(request.param, tiny_model)
