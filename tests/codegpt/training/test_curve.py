import json
from pathlib import Path

import pytest
import torch

from codegpt.errors import InputError
from codegpt.training.curve import Curve, draw, peak_flops, read_curve

LINES = [
    {"step": 0, "peak_flops": 1000},
    {"step": 1, "loss": 5.0, "tokens": 100, "seconds": 2.0, "flops": 1000},
    {"step": 1, "held_out_loss": 5.5},
    {"step": 1, "peak_flops": 500},
    {"step": 2, "loss": 4.0, "tokens": 100, "seconds": 1.0, "flops": 400},
    {"step": 3, "loss": 3.0, "tokens": 100, "seconds": 1.0, "flops": 350},
    {"step": 3, "held_out_loss": 3.5},
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return path


def test_what_a_log_says(log: Path) -> None:
    assert read_curve(log) == Curve(
        losses=((100, 5.0), (200, 4.0), (300, 3.0)), held_out=((100, 5.5), (300, 3.5)), tokens_per_s=100.0,
        share_of_peak=0.7,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_it_is_drawn(log: Path, tmp_path: Path, kind: str) -> None:
    draw(read_curve(log), tmp_path / f"curve.{kind}")
    assert (tmp_path / f"curve.{kind}").stat().st_size > 5000


@pytest.mark.parametrize(
    "text", [None, "{", '{"step": 0, "peak_flops": 5}\n', '{"step": 1, "loss": 5.0, "seconds": 1}\n', "[]\n"]
)
def test_what_is_no_log_is_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(InputError, match=r"is no log of a pre-training run|log\.jsonl has no step yet"):
        read_curve(tmp_path / "log.jsonl")


def test_a_machine_has_a_speed() -> None:
    assert peak_flops(torch.device("cpu")) > 1e8
