import pytest
import torch

from codegpt.training.gpt import GptShape, new_model
from codegpt.training.optimizer import Schedule, clip, optimizers_of, step

SHAPE = GptShape(vocabulary=64, width=16, layers=2, heads=2, kv_heads=1, hidden=32, context=64)


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    schedule = Schedule(steps=10, warmup=2, decay=4, peak=1.0)
    assert [schedule.rate(number) for number in range(11)] == [0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0]
    assert [schedule.decays(number) for number in (5, 6)] == [False, True]


@pytest.mark.parametrize("muon", [True, False])
def test_every_parameter_is_learnt_by_exactly_one(muon: bool) -> None:
    model = new_model(SHAPE, 0)
    found = optimizers_of(model, 0.1, muon)
    assert sorted(found) == (["adamw", "muon"] if muon else ["adamw"])
    held = [each for optimizer in found.values() for group in optimizer.param_groups for each in group["params"]]
    assert sorted(map(id, held)) == sorted(map(id, model.parameters()))
    groups = [group for optimizer in found.values() for group in optimizer.param_groups]
    decays = {id(each): group["weight_decay"] for group in groups for each in group["params"]}
    for name, each in model.named_parameters():
        assert decays[id(each)] == (0.1 if name.endswith("proj.weight") else 0.0), name


def test_a_step_learns_and_forgets_the_gradients() -> None:
    model = new_model(SHAPE, 0)
    before = [each.detach().clone() for each in model.parameters()]
    for _ in range(2):  # at the first, what leads to the matrices that begin as nothing has no gradient
        model(input_ids=torch.arange(8)[None]).logits.logsumexp(-1).sum().backward()
        step(optimizers_of(model, 0.1, True), 1e-2)
    assert all((new != old).any() for new, old in zip(model.parameters(), before, strict=True))
    assert all(each.grad is None for each in model.parameters())


def test_gradients_are_cut_to_a_norm() -> None:
    layer = torch.nn.Linear(2, 1, bias=False)
    layer.weight.grad = torch.tensor([[3.0, 4.0]])
    assert clip(layer, 1.0) == pytest.approx(5.0)
    assert layer.weight.grad.norm().item() == pytest.approx(1.0, abs=1e-4)
