"""What a GPU would record gives the logits of the layers, whatever was copied before; here nothing is recorded."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from codegpt.engine.graph_step import GraphStep, Work
from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import LeanLayers, LeanModel, Weights, lean_shape
from codegpt.engine.lean_weights import dense, lean_weights
from codegpt.engine.linear import Linear
from codegpt.engine.model import Interrupted, never_interrupted
from codegpt.engine.protocol import StopReason

from .conftest import CPU, StateDict, lean
from .test_lean_model import CONFIGS


def pair(name: str) -> tuple[LeanModel, LeanModel]:
    torch.manual_seed(3)
    module = AutoModelForCausalLM.from_config(CONFIGS[name], dtype=torch.float32)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return lean(module, graph=True), lean(module)


def ids_of(count: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, 260, (1, count), generator=torch.Generator().manual_seed(seed))


def both(models: tuple[LeanModel, LeanModel], caches: list[KvCache], ids: torch.Tensor) -> None:
    """The next tokens through both; logits, and what is kept, have to be the same."""
    fast, slow = (
        model.forward(ids, cache, never_interrupted, count=ids.shape[1])
        for model, cache in zip(models, caches, strict=True)
    )
    torch.testing.assert_close(fast, slow, atol=2e-5, rtol=1e-4)
    for held in zip(caches[0].layers, caches[1].layers, strict=True):
        torch.testing.assert_close(*held, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_passes_of_all_sizes_and_across_buckets(name: str) -> None:
    models, caches = pair(name), [KvCache(), KvCache()]
    ids, begin = ids_of(300), 0
    for length in (40, 1, 2, 3, 8, 5, 1, 7, 150, 1, 8, 40, 4, 1):  # the last ones are behind the largest bucket
        both(models, caches, ids[:, begin : begin + length])
        begin += length
    assert begin > 256


def test_what_was_truncated_and_written_anew_is_copied_anew() -> None:
    models, caches = pair("qwen2"), [KvCache(), KvCache()]
    both(models, caches, ids_of(30))
    for seed, keep, length in ((2, 30, 2), (3, 31, 1), (4, 12, 20), (5, 30, 1), (6, 5, 1), (7, 6, 3), (8, 0, 2)):
        for cache in caches:
            cache.truncate(keep)
        both(models, caches, ids_of(length, seed))  # passes of 20 go layer by layer


def test_two_caches_in_turns() -> None:
    models = pair("qwen2")
    first, second = [KvCache(), KvCache()], [KvCache(), KvCache()]
    for seed, (caches, length) in enumerate([(first, 20), (second, 25), *[(first, 1), (second, 2)] * 3, (first, 4)]):
        both(models, caches, ids_of(length, seed))


def test_several_rows_go_layer_by_layer() -> None:
    models, caches = pair("qwen2"), [KvCache(), KvCache()]
    for length in (9, 1):
        both(models, caches, ids_of(2 * length).view(2, length))


def test_interrupted_it_leaves_nothing_behind() -> None:
    models, caches = pair("qwen2"), [KvCache(), KvCache()]
    both(models, caches, ids_of(10))
    with pytest.raises(Interrupted) as caught:
        models[0].forward(ids_of(1), caches[0], lambda: StopReason.CANCELLED)
    assert (caught.value.reason, caches[0].length) == (StopReason.CANCELLED, 10)
    both(models, caches, ids_of(3, 2))


def test_all_is_recorded_at_the_start_and_nothing_later() -> None:
    torch.manual_seed(3)
    module = AutoModelForCausalLM.from_config(CONFIGS["qwen2"], dtype=torch.float32)
    shape = lean_shape(module.config)
    assert shape is not None
    weights: Weights[Linear] = lean_weights(StateDict(module), shape, dense(torch.float32, CPU), torch.float32, CPU)
    layers = LeanLayers(shape, weights.layers, torch.float32)
    recorded: list[tuple[int, ...]] = []
    played: list[tuple[int, ...]] = []

    def record(work: Work) -> Work:
        shape = tuple(work().shape)
        recorded.append(shape)

        def replay() -> torch.Tensor:
            played.append(shape)
            return work()

        return replay

    model = LeanModel(layers, weights, "test", GraphStep(layers, 32, CPU, record, (16, 512, 4096)))
    assert recorded == [(1, size, 32) for size in (1, 2, 4, 8) for _ in (16, 512)]  # the model has room for 512
    cache = KvCache()
    for length in (3, 10, 1, 8):
        model.forward(ids_of(length), cache, never_interrupted)
    assert played == [(1, 4, 32), (1, 1, 32), (1, 8, 32)]
    assert len(recorded) == 8
