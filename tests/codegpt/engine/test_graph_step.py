"""What a GPU would record gives the logits of the layers, whatever the rooms held before; here Python records it."""

import gc
import weakref

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from transformers import AutoModelForCausalLM, PreTrainedModel

from codegpt.engine.graph_step import RECORDED_CACHES, GraphStep, Work
from codegpt.engine.kv_cache import KvCache, Rows, gather
from codegpt.engine.lean_model import LeanLayers, LeanModel, Weights, lean_shape
from codegpt.engine.lean_weights import dense, lean_weights
from codegpt.engine.linear import Linear
from codegpt.engine.model import Interrupted, never_interrupted
from codegpt.engine.protocol import StopReason

from .conftest import CPU, StateDict, lean
from .test_lean_model import CONFIGS


def module_of(name: str) -> PreTrainedModel:
    torch.manual_seed(3)
    module: PreTrainedModel = AutoModelForCausalLM.from_config(CONFIGS[name], dtype=torch.float32)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module


def pair(name: str) -> tuple[LeanModel, LeanModel]:
    module = module_of(name)
    return lean(module, graph=True), lean(module)


def weights_of(module: PreTrainedModel) -> Weights[Linear]:
    shape = lean_shape(module.config.to_dict())
    assert shape is not None
    return lean_weights(StateDict(module), shape, dense(torch.float32, CPU), torch.float32, CPU)


def layers_of(module: PreTrainedModel) -> LeanLayers:
    shape = lean_shape(module.config.to_dict())
    assert shape is not None
    return LeanLayers(shape, weights_of(module).layers, torch.float32)


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
def test_passes_of_all_sizes_and_across_rooms(name: str) -> None:
    models, caches = pair(name), [KvCache(), KvCache()]
    ids, begin = ids_of(500), 0
    for length in (40, 1, 2, 3, 8, 5, 1, 7, 250, 1, 8, 40, 4, 1, 1, 2, 4):
        both(models, caches, ids[:, begin : begin + length])
        begin += length
    assert begin > 40 + 256


def test_what_was_truncated_and_written_anew_is_seen() -> None:
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


def test_several_rows() -> None:
    models, caches = pair("qwen2"), [KvCache(), KvCache()]
    for length in (9, 1, 1, 1, 4):
        both(models, caches, ids_of(2 * length).view(2, length))


def test_rows_that_are_padded() -> None:
    models, ids = pair("qwen2"), ids_of(30)
    for count in (2, 300):
        batches = []
        for model in models:
            short, long = KvCache(), KvCache()
            model.forward(ids[:, :5], short, never_interrupted)
            model.forward(ids[:, 5:17], long, never_interrupted)
            rows = [Rows(short, [0, 0] * (count // 4)), Rows(long, [0] * (count - 2 * (count // 4)))]
            batches.append(gather(rows, [5] * (count // 4 * 2) + [12] * (count - count // 4 * 2)))
        for _ in range(3):
            given = torch.arange(count)[:, None] % 250
            logits = [
                model.forward(given, batch.cache, never_interrupted, batch.attention_mask(), batch.position_ids())
                for model, batch in zip(models, batches, strict=True)
            ]
            torch.testing.assert_close(*logits, atol=2e-5, rtol=1e-4)
            batches = [batch.longer() for batch in batches]


def test_what_a_room_held_before_is_not_seen() -> None:
    models, caches = pair("qwen2"), [KvCache(), KvCache()]
    both(models, caches, ids_of(20))
    with torch.inference_mode():
        for cache in caches:
            for layer in range(3):
                cache.room_for(layer, 0, (1, 2, 8), torch.empty(0))[..., 20:, :] = torch.nan
    for length in (1, 1, 3, 3):
        both(models, caches, ids_of(length))


def test_a_prompt_interrupted_between_layers_leaves_rooms_that_serve() -> None:
    models, caches = pair("qwen2"), [KvCache(), KvCache()]
    for model, cache in zip(models, caches, strict=True):
        asked = iter([None, StopReason.CANCELLED])
        with pytest.raises(Interrupted):
            model.forward(ids_of(300), cache, lambda asked=asked: next(asked))  # rooms of the first layer alone
    both(models, caches, ids_of(325))
    for length in (1, 1, 1, 2):
        both(models, caches, ids_of(length))


def test_the_caches_used_last_have_recordings() -> None:
    model, slow = pair("qwen2")
    caches = [[KvCache(), KvCache()] for _ in range(RECORDED_CACHES + 2)]
    for _ in range(3):
        for own in caches:
            both((model, slow), own, ids_of(10) if not own[0].length else ids_of(1))
    assert isinstance(model._step, GraphStep)
    assert list(model._step._passes) == [own[0] for own in caches[2:]]


def test_where_a_recording_fails_it_goes_on_without(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_work: Work) -> Work:
        raise RuntimeError("no stream")

    module = module_of("qwen2")
    step = GraphStep(layers_of(module), fails)
    models, caches = (
        (LeanModel(layers_of(module), weights_of(module), "test", step), lean(module)),
        [KvCache(), KvCache()],
    )
    for length in (20, 1, 1, 1, 3, 3):
        both(models, caches, ids_of(length))
    assert not step.records
    assert caplog.messages == ["decoding is slower, since this GPU recorded no graph: no stream"]


def test_a_lack_of_memory_is_not_swallowed() -> None:
    def fails(_work: Work) -> Work:
        raise torch.OutOfMemoryError("CUDA out of memory")

    module = module_of("qwen2")
    model = LeanModel(layers_of(module), weights_of(module), "test", GraphStep(layers_of(module), fails))
    cache = KvCache()
    for length in (20, 1):
        model.forward(ids_of(length), cache, never_interrupted)
    with pytest.raises(torch.OutOfMemoryError):
        model.forward(ids_of(1), cache, never_interrupted)


def test_what_is_recorded_holds_no_value_of_the_pass_that_was_recorded() -> None:
    module = module_of("qwen2")

    def record(work: Work) -> Work:
        recorded = make_fx(work)()  # as a graph does, it knows tensors alone; what Python does in between is gone
        return lambda: recorded()  # type: ignore[no-any-return]

    step = GraphStep(layers_of(module), record)
    models, caches = (
        (LeanModel(layers_of(module), weights_of(module), "test", step), lean(module)),
        [KvCache(), KvCache()],
    )
    for length in (20, 1, 1, 1, 3, 4, 3, 1, 90, 1, 8, 7, 6, 1):
        both(models, caches, ids_of(length))
    for cache in caches:
        cache.truncate(15)
    for length in (1, 2, 1):
        both(models, caches, ids_of(length, 5))


def test_spent_caches_give_their_memory_back_though_passes_know_them() -> None:
    model, _ = pair("qwen2")
    cache = KvCache()
    for length in (20, 1, 1, 1):
        model.forward(ids_of(length), cache, never_interrupted)
    assert cache.nbytes == 3 * 2 * 2 * 320 * 8 * 4
    gather([Rows(cache, [0, 0], spent=True)], [23, 23])
    assert cache.nbytes == 0
    assert isinstance(model._step, GraphStep)
    assert all(own() is None for each in model._step._passes[cache].values() for own in each._rooms)


def test_interrupted_it_leaves_nothing_behind() -> None:
    models, caches = pair("qwen2"), [KvCache(), KvCache()]
    both(models, caches, ids_of(10))
    with pytest.raises(Interrupted) as caught:
        models[0].forward(ids_of(1), caches[0], lambda: StopReason.CANCELLED)
    assert (caught.value.reason, caches[0].length) == (StopReason.CANCELLED, 10)
    both(models, caches, ids_of(3, 2))


def test_a_size_is_recorded_at_its_second_pass_and_anew_only_in_new_rooms() -> None:
    module = module_of("qwen2")
    layers = layers_of(module)
    recorded: list[tuple[int, ...]] = []
    played: list[tuple[int, ...]] = []

    def record(work: Work) -> Work:
        shape = tuple(work().shape)
        recorded.append(shape)

        def replay() -> torch.Tensor:
            played.append(shape)
            return work()

        return replay

    model = LeanModel(layers, weights_of(module), "test", GraphStep(layers, record))
    cache = KvCache()
    for length in (30, 1, 3, 1, 1, 4, 8):  # the first is a prompt
        model.forward(ids_of(length), cache, never_interrupted)
    assert recorded == [(1, 1, 32), (1, 4, 32)]
    assert played == [(1, 1, 32), (1, 1, 32), (1, 4, 32)]
    other = KvCache()
    for each in (other, cache, other, cache):  # what is recorded of one lasts while another is used
        model.forward(ids_of(1), each, never_interrupted)
    assert (len(recorded), len(played)) == (3, 6)
    model.forward(ids_of(400), cache, never_interrupted)  # larger rooms
    for _ in range(3):
        model.forward(ids_of(1), cache, never_interrupted)
    assert (len(recorded), len(played)) == (4, 8)


def test_what_is_recorded_goes_with_its_cache() -> None:
    module = module_of("qwen2")
    layers = layers_of(module)
    recorded: list[weakref.ref[object]] = []

    class Recording:
        def __init__(self, work: Work) -> None:
            self.out = work()
            recorded.append(weakref.ref(self))

        def __call__(self) -> torch.Tensor:
            return self.out

    step, cache = GraphStep(layers, Recording), KvCache()
    hidden, angles = torch.zeros(1, 1, 32), torch.zeros(1, 1, layers.shape.head_dim // 2)
    gc.disable()
    try:
        for _ in range(2):
            step(hidden, cache, angles, [0], never_interrupted)
        assert recorded[0]() is not None
        del cache
        assert recorded[0]() is None  # at once: there is no cycle that the memory would wait for
    finally:
        gc.enable()
