"""The figures of notebook 03: where attention looks, the law of the cache, and what the dials do."""

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..data.levels import from_levels
from . import charts, plot
from .names import PALE

ORANGE, GREY, BLUE = (plot.FAMILIES[name] for name in ("autoregressive", "data", "noise"))


def asked_by_name(pictures: Tensor, names: list[str]) -> Figure:
    """Twenty pictures `[20, 1, 28, 28]`, a class a column."""
    return plot.pictures(
        pictures,
        columns=10,
        title="Drawn pixel by pixel, each asked for by name",
        alt="Two rows of ten machine-drawn garments, one class a column, from T-shirt to ankle boot.",
        heads=charts.short(names),
        scale=2.3,
    )


def _weights(ax, weights: Tensor, **options) -> None:
    """Weights of the first pixels, laid out as a picture; later ones stay blank."""
    rest = torch.full((784 - len(weights),), math.nan)
    ax.imshow(torch.cat([weights, rest]).view(28, 28), cmap="Oranges", **options)


def one_pixel_asks(picture: Tensor, weights: Tensor, answer: float) -> Figure:
    """A picture `[28, 28]`, one pixel in it, and the `weights [i]` with which it looks at those before."""
    i = len(weights)
    fig, (left, right) = plot.figure(1, 2, (6.4, 3.5), alt="A checked shirt with one pixel marked, and where it looks.")
    left.imshow(picture, cmap="gray")
    _weights(right, weights)
    for ax, title in ((left, "one pixel asks"), (right, f"answer {answer:+.2f}, truth {picture.flatten()[i]:+.2f}")):
        ax.plot(i % 28, i // 28, "s", color=BLUE, markersize=5)
        charts.label(ax, title)
    charts.bare(left, right)
    return charts.headline(fig, "It looks where the cloth looks alike, near or far")


def clocks(scores: Tensor) -> Figure:
    """Arrows that turn at three speeds, and the `scores [28, 28]` of one query with itself everywhere."""
    alt = "Left: arrows turning with the position, at three speeds. Right: a heat map of scores, highest at the asking "
    fig, (left, right) = plot.figure(1, 2, (9.2, 3.2), alt=alt + "pixel.")
    for line, speed in enumerate((1.0, 0.3, 0.1)):
        angles = torch.arange(9) * speed
        left.quiver(range(9), [-line] * 9, angles.cos(), angles.sin(), color=ORANGE, scale=16)
    left.set(xlim=(-0.5, 9), ylim=(-2.7, 0.9), xlabel="position", ylabel="speed", yticks=(0, -1, -2))
    left.set_yticklabels(("1", "0.3", "0.1"))
    left.set_title("Each speed is a clock")
    shown = right.imshow(scores, cmap="Oranges", extent=(-14.5, 13.5, 13.5, -14.5))
    fig.colorbar(shown, ax=right, label="score q·q")
    right.set(xlabel="columns to the right", ylabel="rows down")
    right.set_title("Highest at its own place, in a cross")
    return fig


def reactions(moved: Tensor) -> Figure:
    """Which predictions react to which changed pixel, `[16, 16]`."""
    fig, ax = plot.figure(size=(3.6, 3.4), alt="A 16 by 16 table: only predictions after the changed pixel react.")
    ax.imshow(moved, cmap="Oranges", vmax=1.3)
    ax.set(xlabel="prediction of pixel", ylabel="changed pixel", xticks=range(0, 16, 4), yticks=range(0, 16, 4))
    ax.set_title(f"{moved.sum()} pairs react: all that are later")
    return fig


def learning(at_each: list[float], seen: int, bits: float, webp: float) -> Figure:
    """Bits per pixel at each step, and at the end on test pictures."""
    return plot.losses(
        at_each,
        "bits per pixel, 16 levels",
        title=f"{seen:,} miniatures later: {bits:.2f} bits, WebP needs {webp:.2f}",
        family="autoregressive",
        alt="Training curve: it falls steeply at first, then slowly.",
    )


def _miniatures(tokens: Tensor) -> Tensor:
    return from_levels(tokens.view(-1, 14, 14), 16)


def after_a_minute(tokens: Tensor, names: list[str]) -> Figure:
    """Thirty miniatures out of `tokens [30, 196]`, a class a column."""
    return plot.pictures(
        _miniatures(tokens),
        columns=10,
        title="After a minute of training many have a name",
        alt="Three rows of ten miniatures, one class a column.",
        heads=charts.short(names),
        scale=4.2,
    )


def law(T: np.ndarray, costs: dict[str, np.ndarray], lines: dict[str, np.ndarray]) -> Figure:
    """Seconds a picture over its pixels, and the straight `lines` (slope, offset) fitted from 64 pixels on."""
    alt = "Log-log plot of seconds a picture against its number of pixels: two straight lines, without a cache much "
    fig, ax = plot.figure(size=(6.4, 3.6), alt=alt + "steeper.")
    late = T[T >= 64]
    for (name, (slope, offset)), colour in zip(lines.items(), (GREY, ORANGE), strict=True):
        ax.plot(T, costs[name], "o", color=colour)
        ax.plot(late, np.exp(offset) * late**slope, "--", color=colour, linewidth=1)
        ax.text(T[-2], costs[name][-2], f"{name}: $T^{{{slope:.2f}}}$  ", ha="right", va="bottom", color=colour)
    charts.own_ticks(ax, T)
    ax.set(yscale="log", xlabel="T, pixels a picture", ylabel="processor seconds a picture")
    gain = costs["no cache"][-1] / costs["KV cache"][-1]
    ax.set_title(f"{T[-1]} pixels: the cache saves a factor {gain:.0f}")
    return fig


def latency(clocked: dict[int, tuple[float, float]]) -> Figure:
    """Seconds a picture for each batch size, out of the seconds of (one pass, drawing with a cache) a batch."""
    names = ["one pass", "16 passes: a short flow", "50 passes: a long flow", "T steps, cache", "T steps, no cache"]
    colours = (GREY, BLUE, BLUE, ORANGE, ORANGE)
    alt = "Seconds a picture on a logarithmic axis for five ways to draw, at batch 1 and at batch 16."
    fig, axes = plot.figure(1, 2, (9.2, 3.0), alt=alt, sharey=True)
    for ax, (batch, (one_pass, wait)) in zip(axes, clocked.items(), strict=True):
        passes = [1, 16, 50, wait / one_pass, 196]
        for y, (n, colour) in enumerate(zip(passes, colours, strict=True)):
            ax.plot(n * one_pass / batch, y, "o", color=colour, markersize=9)
            ax.text(1.25 * n * one_pass / batch, y, f" {n:.1f} ×", va="center")
        ax.set(xscale="log", xlabel="processor seconds a picture")
        ax.set(xlim=(0.6 * one_pass / batch, 900 * one_pass / batch), ylim=(4.5, -0.5))
        ax.grid(axis="y", color="#E8E8E8")
        ax.set_title(f"batch {batch}: {wait / batch:.3f} s a picture, first after {wait:.2f} s", fontsize=9)
    axes[0].set_yticks(range(5), names)
    return charts.headline(fig, "Alone it waits, in a batch it is cheap")


def dials_of_one_answer(shares: dict[str, Tensor]) -> Figure:
    """The probabilities `[16]` of one answer, as they are and cut."""
    alt = "Four bar charts of one answer: as it is and cut three ways."
    fig, axes = plot.figure(1, 4, (9.2, 2.1), alt=alt, sharey=True)
    for ax, (name, share) in zip(axes, shares.items(), strict=True):
        ax.bar(range(16), share, color=ORANGE)
        ax.set_xlabel("level of grey")
        charts.label(ax, f"{name}: {int((share > 0).sum())} left")
    axes[0].set_ylabel("probability")
    return fig


def alone_and_together(alone: Tensor, together: Tensor, asked: Tensor, names: list[str], hits: list[int]) -> Figure:
    """Eight miniatures drawn one at a time above eight drawn at once, tokens `[8, 196]`; `hits` of each are right."""
    short = charts.short(names)
    return plot.pictures(
        _miniatures(torch.cat([alone, together])),
        columns=8,
        title="Taken for what was asked: {} of 8 one at a time, {} of 8 at once".format(*hits),
        alt="Eight miniatures drawn one at a time above the same eight classes drawn at once.",
        rows=["alone", "together"],
        heads=[short[int(label)] for label in asked],
        scale=4.2,
    )


def price_of_guidance(found: dict[float, tuple[float, float]], real: float) -> Figure:
    """(Agreement, spread) over the guidance scale; of `real` miniatures that share is recognised."""
    fig, ax = plot.figure(alt="Agreement rises with guidance and levels off; spread falls, then rises again.")
    hits, spread = zip(*found.values(), strict=True)
    plot.curve(ax, list(found), hits, "autoregressive", marker="o", label="taken for what was asked")
    plot.curve(ax, list(found), spread, "other", marker="s", linestyle="--", label="spread (real miniatures: 1)")
    ax.axhline(real, color=GREY, linewidth=1, linestyle=":", label="real miniatures recognised")
    ax.set(xlabel="guidance scale w", ylim=(0, None))
    ax.legend(fontsize=9, loc="lower right")
    ax.set_title("Guidance: more of what was asked, less spread, until it overdoes it")
    return fig


def heads(picture: Tensor, layers: dict[int, Tensor], row: int, column: int) -> Figure:
    """Where the heads of some layers look from (row, column); weights `[heads, i + 1]`, first the label's."""
    alt = "A garment with one pixel marked, and where eight heads look from there."
    fig, axes = plot.figure(2, 4, (7.6, 4.0), alt=alt)
    for line, (layer, each) in zip(axes, layers.items(), strict=True):
        for head, (ax, weights) in enumerate(zip(line, each, strict=True)):
            ax.imshow(picture, cmap="gray", alpha=0.35)
            _weights(ax, weights[1:].sqrt(), alpha=0.75)  # place j + 1 has read pixel j, place 0 the label
            ax.plot(column, row, "s", color=BLUE, markersize=4)
            charts.label(ax, f"layer {layer}, head {head + 1}", 9)
    charts.bare(*axes.flat)
    return charts.headline(fig, "Every head asks something else")


def long_run(convolution: dict, attention: dict) -> Figure:
    """The shipped models of 02 and 03 side by side, by their metrics."""
    fewer, better = (
        ("convolution", "attention")[attention[key] > convolution[key]] for key in ("bits_per_dim", "agreement")
    )
    fewer = ("attention", "convolution")[fewer == "attention"]  # fewer bits are better
    return charts.rulers(
        {"convolution": convolution, "attention": attention},
        ["bits_per_dim", "frechet_relative", "agreement", "recall"],
        [PALE, "autoregressive"],
        f"Fewer bits: {fewer}. Recognised more often: {better}",
        "Four small bar charts comparing convolution and attention: bits, Fréchet distance, agreement and recall.",
    )
