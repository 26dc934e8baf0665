import math

import pytest
import torch

from codegpt.training.gpt import GptShape, flops_of_token, loss_of, new_model, parameters_of

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
    loss, said = loss_of(model, rows, pad=0)
    expected = model(input_ids=rows, labels=rows).loss
    assert int(said) == 24
    assert float(loss / said) == pytest.approx(float(expected), rel=1e-5)
    padded = torch.cat([rows, torch.zeros(3, 4, dtype=torch.int64)], dim=1)
    loss_padded, said_padded = loss_of(model, padded, pad=0)
    assert int(said_padded) == 24
    assert float(loss_padded) == pytest.approx(float(loss), rel=1e-5)
    assert float(loss / said) == pytest.approx(math.log(64), rel=0.05)
