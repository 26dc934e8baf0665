"""Pictures of a run as SVG text, made without a display and the same each time."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from codegpt_evals.metrics import Rate

_BLUE, _GREEN, _RED, _GREY = "#0072b2", "#009e73", "#d55e00", "#777777"  # of Okabe and Ito: told apart by everybody
_LINES = (_BLUE, _RED, _GREEN, "#cc79a7", _GREY)
_SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "codegpt", "font.family": "sans-serif", "font.size": 10}


def pass_at_k(pass_at: Mapping[int, Rate], title: str = "") -> str:
    """The curve of pass@k over k, with its 95% interval."""
    figure, axes = _axes(title)
    ks = list(pass_at)
    values = [pass_at[k].value for k in ks]
    below = [found.value - found.low for found in pass_at.values()]
    above = [found.high - found.value for found in pass_at.values()]
    axes.errorbar(ks, values, [below, above], color=_BLUE, marker="o", markersize=4, elinewidth=1, capsize=3)
    for k, value in zip(ks, values, strict=True):
        axes.annotate(f"{100 * value:.1f}", (k, value), (6, -10), textcoords="offset points", fontsize=8)
    if len(ks) > 1:
        axes.set_xscale("log")
    axes.set_xticks(ks, labels=[str(k) for k in ks])
    axes.minorticks_off()
    axes.set_xlabel("k")
    axes.set_ylabel("pass@k, 95% interval over problems")
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    return _svg(figure)


def verdicts(counts: Mapping[str, int], title: str = "") -> str:
    """How many samples got each verdict."""
    figure, axes = _axes(title)
    names = list(counts)[::-1]
    colours = [_GREEN if name == "passed" else _RED for name in names]
    bars = axes.barh(names, [counts[name] for name in names], color=colours)
    axes.bar_label(bars, padding=3, fontsize=8)
    axes.margins(x=0.12)
    axes.set_xlabel("samples")
    return _svg(figure)


def times(seconds: Sequence[float], title: str = "") -> str:
    """How long the programs ran."""
    figure, axes = _axes(title)
    most = max([*seconds, 0.1])
    axes.hist([each for each in seconds if each > 0], bins=40, range=(0, most), color=_GREY)
    axes.set_yscale("symlog")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds in the jail")
    axes.set_ylabel("samples")
    return _svg(figure)


def waits(milliseconds: Mapping[str, Sequence[float]], title: str = "") -> str:
    """The share of requests answered within a time, for each engine."""
    figure, axes = _axes(title)
    for (name, values), colour in zip(milliseconds.items(), cycle(_LINES), strict=False):
        axes.ecdf(values, color=colour, label=name)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("answered")
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=2)
    return _svg(figure)


def memory(megabytes: Sequence[float], every: int, title: str = "") -> str:
    """What a process held, after each `every` requests."""
    figure, axes = _axes(title)
    axes.plot([every * at for at in range(len(megabytes))], megabytes, color=_BLUE)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel("requests")
    axes.set_ylabel("resident memory, MB")
    return _svg(figure)


def _axes(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontsize=10)
    return figure, axes


def _svg(figure: Figure) -> str:
    with io.StringIO() as file, rc_context(_SETTINGS):
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
        return file.getvalue()[file.getvalue().index("<svg") :]
