"""The compiled step and the lean model it stands in for give the same logits."""

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig

from codegpt.engine.kv_cache import KvCache
from codegpt.engine.lean_model import LeanModel
from codegpt.engine.model import Interrupted, never_interrupted
from codegpt.engine.protocol import StopReason

from .conftest import lean_int8
from .test_lean_model import CONFIGS


def pair(config: PreTrainedConfig) -> list[LeanModel]:
    torch.manual_seed(3)
    module = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return [lean_int8(module, step=step) for step in (True, False)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", list(CONFIGS))
def test_one_row_of_several_tokens(name: str, threads: int) -> None:
    models, caches = pair(CONFIGS[name]), [KvCache(), KvCache()]
    ids = torch.randint(0, 260, (1, 40), generator=torch.Generator().manual_seed(1))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        begin = 0
        for length in (5, 1, 12, 8, 1, 3):
            part = ids[:, begin : begin + length]
            fast, slow = (
                model.forward(part, cache, never_interrupted, count=length)
                for model, cache in zip(models, caches, strict=True)
            )
            torch.testing.assert_close(fast, slow, atol=3e-4, rtol=1e-4)
            begin += length
        for held in zip(caches[0].layers, caches[1].layers, strict=True):
            torch.testing.assert_close(*held, atol=1e-4, rtol=1e-4)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("padded", [False, True])
def test_several_rows_of_one_token(padded: bool) -> None:
    models, caches = pair(CONFIGS["qwen2"]), [KvCache(), KvCache()]
    ids = torch.randint(0, 260, (4, 12), generator=torch.Generator().manual_seed(1))
    padding = torch.tensor([[3], [0], [7], [1]] if padded else [[0]] * 4)
    for begin, length in ((0, 9), (9, 1), (10, 1), (11, 1)):
        positions = (torch.arange(begin, begin + length)[None] - padding).clamp(min=0)
        mask = (torch.arange(begin + length)[None] >= padding).long() if padded else None
        part = ids[:, begin : begin + length]
        fast, slow = (
            model.forward(part, cache, never_interrupted, mask, positions)
            for model, cache in zip(models, caches, strict=True)
        )
        torch.testing.assert_close(fast, slow, atol=3e-4, rtol=1e-4)


def test_interrupted_it_leaves_nothing_behind() -> None:
    model, _ = pair(CONFIGS["qwen2"])
    asked: list[None] = []

    def at_the_third() -> StopReason | None:
        asked.append(None)
        return StopReason.DEADLINE if len(asked) == 3 else None

    cache, fresh = KvCache(), KvCache()
    with pytest.raises(Interrupted) as caught:
        model.forward(torch.tensor([[1, 2]]), cache, at_the_third)
    assert (caught.value.reason, cache.length) == (StopReason.DEADLINE, 0)
    for each in (cache, fresh):
        model.forward(torch.tensor([[3, 4, 5]]), each, never_interrupted)
    assert all(torch.equal(a, b) for a, b in zip(cache.layers, fresh.layers, strict=True))
