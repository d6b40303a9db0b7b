"""The figures of notebook 09: errors in three units, and what schedules leave over."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from .charts import headline, label, own_ticks
from .plot import FAMILIES, curve, figure

LINES = ("-", "--", ":")


def units(times: Sequence[float], errors: Tensor) -> Figure:
    """Squared errors `[times, 3]` of one network's answer, read as data, as noise, as velocity."""
    fig, ax = figure(alt="Log plot: the data error rises with noise, the noise error falls, the third is their sum.")
    for name, values, line in zip(("data", "noise", "velocity"), errors.T, LINES):
        curve(ax, times, values, "noise", linestyle=line, marker="o", markersize=4, label=name)
    ax.set(xlabel="time t (0: data, 1: noise)", ylabel="mean squared error", yscale="log")
    ax.legend(fontsize=9)
    ax.set_title("The velocity's error is the sum of the other two: it is never idle")
    return fig


def leaks(schedules: dict[str, Tensor], sides: Sequence[int], bright: float, title: str) -> Figure:
    """Each schedule's way down, and how loud the mean brightness `bright` of a picture leaks through its end."""
    alt = "Left: three schedules. Right: how loud each leaks, by size of the picture."
    fig, (left, right) = figure(1, 2, (9.2, 3.4), alt=alt)
    for (name, a), line in zip(schedules.items(), LINES):
        curve(left, torch.linspace(0, 1, len(a)), a.sqrt(), "noise", linestyle=line, label=f"{name}: {a[-1]:.1g}")
        loud = (a[-1] / (1 - a[-1])).sqrt() * bright * torch.tensor(sides)
        curve(right, sides, loud, "noise", linestyle=line, marker="o", markersize=4)
        right.text(sides[-1], loud[-1] * 2, name, fontsize=9, ha="right")
    right.axhline(1, color=FAMILIES["data"], linewidth=1)
    left.set(xlabel="share of the steps done", ylabel="√(share of the data left)")
    left.legend(fontsize=8, loc="lower left", title="what is left at the end", title_fontsize=8)
    own_ticks(right, sides)
    right.set(xlabel="side of the picture, pixels", ylabel="leak of the mean, in σ", yscale="log", ylim=(None, 3e3))
    label(left, "Not all of them end at 0")
    label(right, "Above the line the leak is louder than the noise")
    return headline(fig, title)
