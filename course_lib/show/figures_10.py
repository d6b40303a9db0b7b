"""The figures of notebook 10: lines that cross and paths that cannot, how they bend, and what a picture is worth."""

import math
from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from .charts import headline, label, own_ticks
from .plot import FAMILIES, curve, figure

STYLES = {"Euler": "o-", "Heun": "s:", "careful": "D--"}


def crossing(points: Tensor, noises: Tensor, states: Tensor) -> Figure:
    """Straight lines from `points [N]` to `noises [N]`, and the paths `states [S, N]` from t = 1 to 0."""
    alt = "Left: thirty straight lines that cross. Right: thirty paths that bend and never cross."
    fig, (left, right) = figure(1, 2, (9.2, 2.7), alt, sharey=True)
    left.plot([0, 1], torch.stack([points, noises]), color=FAMILIES["data"], linewidth=0.8)
    right.plot(torch.linspace(1, 0, len(states)), states, color=FAMILIES["noise"], linewidth=0.8)
    left.set(xlabel="t: data at 0, noise at 1", ylabel="x")
    right.set(xlabel="t: data at 0, noise at 1")
    label(left, "what we draw: lines")
    label(right, "what we follow: their mean")
    return headline(fig, "The lines cross; the paths that follow their mean cannot")


def by_time(times: Sequence[float], known: dict[str, Sequence[float]], title: str) -> Figure:
    """Each network's loss at single times, over the bell of the times that training draws."""
    bell = torch.linspace(0.01, 0.99, 99)
    hump = torch.exp(-torch.logit(bell).square() / 2) / (bell * (1 - bell))
    alt = "Two curves of loss over time, highest near t = 0, and a bell of training times."
    fig, ax = figure(size=(6.4, 3.2), alt=alt)
    for (name, rows), style in zip(known.items(), ("--", "-")):
        curve(ax, times, rows, "noise", marker="o", linestyle=style, label=name)
    ax.fill_between(bell, hump / hump.max() * 0.2, color=FAMILIES["other"], alpha=0.3, label="times drawn")
    ax.set(xlabel="t: data at 0, noise at 1", ylabel="squared error of the velocity", ylim=(0, None))
    ax.legend(fontsize=9)
    ax.set_title(title)
    return fig


def writings(ways: dict[str, Tensor], bends: dict[str, float], which: int = 2) -> Figure:
    """One garment's way in several writings, in the plane through the picture and its noise."""
    alt = "One garment's way in three writings: nearly a line, an arc, an arc with crowded dots."
    fig, axes = figure(1, 3, (9.2, 3.4), alt, sharex=True, sharey=True)
    for ax, (name, states) in zip(axes, ways.items()):
        walk = states[:, which].flatten(1)
        plane = torch.linalg.qr(torch.stack([walk[-1], walk[0]], 1)).Q
        across, up = (walk @ plane * (walk[[-1, 0]] @ plane).diagonal().sign()).T
        ax.plot(across, up, "o-", color=FAMILIES["noise"], markersize=4, markevery=5)
        ax.plot(across[[0, -1]], up[[0, -1]], "--", color=FAMILIES["data"], linewidth=1)
        ax.set(xlabel="towards the picture")
        label(ax, f"{name}: bend {bends[name]:.2f}")
    axes[0].set_ylabel("towards its noise")
    return headline(fig, f"The same journey: the {min(bends, key=bends.get)} writing bends least")


def misses(off: dict[tuple[str, str], tuple[list[int], list[float]]], title: str) -> Figure:
    """Greys away from the fine walk over calls: (way, solver) -> (calls, misses)."""
    alt = "Error against calls for Euler, Heun and careful Heun: left on the straight path, right on the circle."
    fig, axes = figure(1, 2, (9.2, 3.5), alt, sharey=True)
    for (way, name), (calls, values) in off.items():
        colour = FAMILIES["noise" if way == "straight" else "other"]
        axes[int(way == "circle")].plot(calls, values, STYLES[name], color=colour, label=name)
    for ax, name in zip(axes, ("straight path", "circle")):
        own_ticks(ax, (2, 4, 8, 16))
        ax.set(xlabel="calls of the network", yscale="log")
        ax.legend(fontsize=9)
        label(ax, name)
    axes[0].set(ylabel="greys away from the fine walk")
    return headline(fig, title)


def price(lambdas: Sequence[int], paid: Sequence[float], title: str) -> Figure:
    """Bits a pixel for each unit of log signal-to-noise, beside what guessing nothing costs."""
    alt = "Bits over log signal-to-noise: near zero in noise, rising towards clean pictures, crossing a dotted line."
    fig, ax = figure(size=(6.4, 3.2), alt=alt)
    curve(ax, lambdas, paid, "noise", [0] * len(paid), paid, marker="o", label="the shipped network")
    ax.axhline(0.5 / math.log(2), color=FAMILIES["data"], linestyle=":", label="guessing nothing: ½ nat")
    ax.set(xlabel="λ, log of signal-to-noise", ylabel="bits a pixel, for each unit of λ", ylim=(0, None))
    ax.legend(fontsize=9, loc="upper left")
    ax.set_title(title)
    return fig
