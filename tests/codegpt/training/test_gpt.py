import math

import pytest
import torch

from codegpt.training.gpt import ATTENTION, GptShape, flops_of_token, losses_of, new_model, parameters_of

SHAPE = GptShape(vocabulary=64, width=16, layers=2, heads=2, kv_heads=1, hidden=32, context=64)


def test_how_large_it_is() -> None:
    model = new_model(SHAPE, 0)
    attention, feed_forward, norms = 16 * (16 + 8 + 8 + 16), 3 * 16 * 32, 2 * 16
    assert parameters_of(model) == 64 * 16 + 2 * (attention + feed_forward + norms) + 16
    assert flops_of_token(model, 10) == 6 * parameters_of(model) + 6 * 2 * 16 * 10


def test_the_same_seed_gives_the_same_model_whatever_was_drawn_before() -> None:
    one = new_model(SHAPE, 3)
    torch.rand(7)
    two, three = new_model(SHAPE, 3), new_model(SHAPE, 4)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.model.embed_tokens.weight, three.model.embed_tokens.weight)


def test_the_loss_is_transformers_own_but_for_padding() -> None:
    model = new_model(SHAPE, 0).requires_grad_(False)
    rows = torch.randint(1, 64, (3, 9), generator=torch.manual_seed(0))
    losses = losses_of(model, rows, pad=0)
    model.set_attn_implementation("sdpa")
    expected = model(input_ids=rows, labels=rows).loss
    assert losses.shape == (3, 8)
    assert float(losses.mean()) == pytest.approx(float(expected), rel=1e-5)
    assert float(losses.mean()) == pytest.approx(math.log(64), rel=0.05)
    padded = torch.cat([rows, torch.zeros(3, 4, dtype=torch.int64)], dim=1)
    with_padding = losses_of(model, padded, pad=0)
    assert torch.allclose(with_padding[:, :8], losses, rtol=1e-5)
    assert with_padding[:, 8:].tolist() == [[0.0] * 4] * 3


def test_attention_in_products_learns_what_torch_s_own_does() -> None:
    found = []
    for name in (ATTENTION, "sdpa"):
        model = new_model(SHAPE, 0)
        model.set_attn_implementation(name)
        rows = torch.randint(1, 64, (3, 9), generator=torch.manual_seed(0))
        [learnt] = torch.autograd.grad(
            losses_of(model, rows, pad=0).sum(), [model.model.layers[0].self_attn.k_proj.weight]
        )
        found.append(learnt)
    one, two = found
    assert torch.allclose(one, two, rtol=1e-4, atol=1e-6)
