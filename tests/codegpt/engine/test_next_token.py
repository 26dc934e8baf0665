"""Drawing a token: exact picks on small distributions, and the statistics of many draws."""

import pytest
import torch

from codegpt.engine.next_token import logprob_of, next_token, row_uniforms
from codegpt.engine.protocol import SamplingParams

LOGITS = torch.log(torch.tensor([[0.1, 0.4, 0.2, 0.3]]))


@pytest.mark.parametrize(
    ("params", "uniform", "expected"),
    [
        (SamplingParams(temperature=0), 0.99, 1),
        (SamplingParams(temperature=1), 0.05, 0),
        (SamplingParams(temperature=1), 0.15, 1),
        (SamplingParams(temperature=1), 0.65, 2),
        (SamplingParams(temperature=1), 0.9999, 3),
        (SamplingParams(temperature=1, top_k=1), 0.9999, 1),
        (SamplingParams(temperature=1, top_k=2), 0.56, 1),  # 0.4 of 0.7 is token 1
        (SamplingParams(temperature=1, top_k=2), 0.58, 3),
        (SamplingParams(temperature=1, top_k=99), 0.9999, 3),
        (SamplingParams(temperature=1, top_p=0.4), 0.9999, 1),
        (SamplingParams(temperature=1, top_p=0.41), 0.58, 3),
        (SamplingParams(temperature=1, top_k=3, top_p=0.5), 0.9999, 3),
    ],
)
def test_picks(params: SamplingParams, uniform: float, expected: int) -> None:
    assert next_token(LOGITS, params, torch.tensor([uniform])).tolist() == [expected]


@pytest.mark.parametrize("params", [SamplingParams(temperature=1), SamplingParams(temperature=1, top_p=0.999999)])
def test_many_draws_follow_the_distribution(params: SamplingParams) -> None:
    uniforms = torch.rand(40_000, generator=torch.Generator().manual_seed(1))
    drawn = next_token(LOGITS.expand(40_000, -1), params, uniforms)
    shares = torch.bincount(drawn, minlength=4) / 40_000
    assert shares.tolist() == pytest.approx([0.1, 0.4, 0.2, 0.3], abs=0.01)


def test_small_probabilities_are_drawn_in_bf16_too() -> None:
    logits = torch.zeros(1, 1000, dtype=torch.bfloat16)
    logits[0, 0] = 6.9  # about half of the mass; the other half lies on 999 tokens
    uniforms = torch.rand(20_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn = next_token(logits.expand(20_000, -1), SamplingParams(temperature=1), uniforms)
    assert len(drawn.unique()) > 990


def test_a_token_without_mass_is_never_drawn() -> None:
    logits = torch.tensor([[0.0, float("-inf"), 0.0, float("-inf")]])
    drawn = next_token(logits.expand(1000, -1), SamplingParams(temperature=1), torch.linspace(0, 1, 1000))
    assert set(drawn.tolist()) == {0, 2}


def test_logprob_is_of_temperature_one() -> None:
    assert logprob_of(LOGITS * 1.0, torch.tensor([1])).tolist() == pytest.approx([-0.91629], abs=1e-4)


def test_uniforms_depend_on_seed_prompt_and_row_alone() -> None:
    few = row_uniforms(SamplingParams(seed=5, max_new_tokens=3), [1, 2], 2)
    many = row_uniforms(SamplingParams(seed=5, max_new_tokens=3), [1, 2], 4)
    later = row_uniforms(SamplingParams(seed=5, max_new_tokens=3, first_row=2), [1, 2], 2)
    other = row_uniforms(SamplingParams(seed=6, max_new_tokens=3), [1, 2], 2)
    another = row_uniforms(SamplingParams(seed=5, max_new_tokens=3), [12], 2)
    assert torch.equal(few, many[:2])
    assert torch.equal(later, many[2:])
    assert not torch.equal(few, other)
    assert not torch.equal(few, another)
    assert not torch.equal(many[0], many[1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_new_tokens": 0},
        {"temperature": -1.0},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_k": -1},
        {"stop": ("",)},
    ],
)
def test_params_refuse_nonsense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        SamplingParams(**wrong)  # type: ignore[arg-type]
