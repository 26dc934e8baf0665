"""The course of a run: its loss, how fast it learnt, and how much of what the machine can do that is; as a picture."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from codegpt.errors import InputError

SIDE, REPEATS = 2048, 5


def peak_flops(device: torch.device, dtype: torch.dtype = torch.bfloat16) -> float:
    """Multiplications and additions a second of one large matrix product here, the best of a few."""
    left, right = (torch.randn(SIDE, SIDE, dtype=dtype, device=device) for _ in range(2))
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        left @ right
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return float(2 * SIDE**3 / best)


@dataclass(frozen=True)
class Curve:
    """What the log of a run says.

    Attributes:
        losses, held_out: by how many tokens were learnt from.
        tokens_per_s: the median of all steps.
        share_of_peak: of the machine that did most of the steps; None where that was not measured.
    """

    losses: tuple[tuple[int, float], ...]
    held_out: tuple[tuple[int, float], ...]
    tokens_per_s: float
    share_of_peak: float | None


def read_curve(log: Path) -> Curve:
    """The curve of a `log.jsonl`.

    Raises:
        InputError: there is none with a step.
    """
    try:
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        return _curve_of(lines)
    except InputError as error:
        raise InputError(f"{log} {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{log} is no log of a pre-training run") from error


def _curve_of(lines: list[dict[str, Any]]) -> Curve:
    tokens, losses, held_out, speeds, shares, peak = 0, [], [], [], [], None
    for line in lines:
        peak = line.get("peak_flops", peak)
        if "loss" in line:
            tokens += line["tokens"]
            losses.append((tokens, line["loss"]))
            speeds.append(line["tokens"] / line["seconds"])
            shares += [line["flops"] / line["seconds"] / peak] if peak else []
        elif "held_out_loss" in line:
            held_out.append((tokens, line["held_out_loss"]))
    if not losses:
        raise InputError("has no step yet")
    return Curve(tuple(losses), tuple(held_out), _median(speeds), _median(shares) if shares else None)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def draw(curve: Curve, out: Path) -> None:
    """The curve as a picture; the kind is that of the file's name."""
    from matplotlib.figure import Figure  # comes with the extra `train`

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    smooth = _smoothed(curve.losses)
    axes.plot([at / 1e6 for at, _ in curve.losses], [loss for _, loss in curve.losses], color="#c9d4e0", linewidth=0.6)
    axes.plot([at / 1e6 for at, _ in smooth], [loss for _, loss in smooth], color="#2b5c8a", label="learnt from")
    if curve.held_out:
        places, values = zip(*curve.held_out, strict=True)
        axes.plot([at / 1e6 for at in places], values, "o-", color="#c2571a", markersize=3, label="held out")
    axes.set_xlabel("millions of tokens")
    axes.set_ylabel("loss, nats a token")
    share = (
        "" if curve.share_of_peak is None else f", {100 * curve.share_of_peak:.0f}% of a large matrix product's speed"
    )
    axes.set_title(f"{curve.tokens_per_s:,.0f} tokens a second{share}", fontsize=10)
    axes.set_ylim(top=min(max(loss for _, loss in curve.losses), 3 * smooth[-1][1]))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(out, dpi=150)


def _smoothed(points: tuple[tuple[int, float], ...]) -> list[tuple[int, float]]:
    """An average that forgets, corrected for its beginning."""
    kept, found = min(0.98, 1 - 1 / (1 + len(points) / 50)), []
    mean = weight = 0.0
    for at, loss in points:
        mean, weight = kept * mean + (1 - kept) * loss, kept * weight + (1 - kept)
        found.append((at, mean / weight))
    return found
