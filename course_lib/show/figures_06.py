"""The figures of notebook 06: holes, orders and steps."""

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from torch import Tensor

from . import charts, plot
from .names import SHADES

GREEN, ORANGE, GREY = (plot.FAMILIES[name] for name in ("masked", "autoregressive", "data"))
ORDERS = {  # line, marker and shade
    "raster": (":", "s", SHADES["masked"][1]),
    "random": ("--", "^", SHADES["masked"][2]),
    "confidence": ("-", "o", GREEN),
    "halton": ("-.", "D", SHADES["masked"][4]),
}


def any_hole(strips: Tensor, names: list[str]) -> Figure:
    """Six pictures a hole: given, four fills, whole."""
    return plot.pictures(
        strips,
        columns=6,
        title="One model, any hole, several ways to fill it",
        alt="Three garments with the left half, every second row and the top missing, each filled four times, then "
        "whole.",
        rows=names,
        heads=["given", "fill 1", "fill 2", "fill 3", "fill 4", "whole"],
        scale=2.4,
    )


def wrong_together(law: Tensor, at_once: Tensor, numbers: Tensor, wrong: Tensor) -> Figure:
    """Two laws `[2, 2]` of two pixels, and the share of wrong pictures over the number of pixels."""
    alt = "Two tables of two pixels: the true law on the diagonal, all four equally likely. A curve that rises to 1."
    fig, axes = plot.figure(1, 3, (9.2, 2.7), alt=alt, width_ratios=(1, 1, 1.9))
    for ax, p, title in zip(axes, (law, at_once), ("as it should be", "guessed at once"), strict=False):
        ax.imshow(p, cmap="Greens", vmin=0, vmax=0.7)
        charts.written(ax, p, [[f"{value:.2f}" for value in row] for row in p.tolist()], size=10)
        ax.set(xticks=(0, 1), yticks=(0, 1), xlabel="second pixel", ylabel="first pixel")
        ax.set_title(title)
    plot.curve(axes[2], numbers, 1 - 2.0 ** (1 - numbers), "masked", label="$1 - 2^{1-n}$")
    axes[2].plot(numbers, wrong, "o", color=GREEN)
    axes[2].set(xlabel="n, pixels guessed at once", ylabel="share of wrong pictures", ylim=(0, 1.03))
    axes[2].legend(loc="lower right")
    axes[2].set_title(f"two: {wrong[0]:.0%} wrong, ten: {wrong[-1]:.1%}")
    return fig


def practice(shown: Tensor, hidden: list[int], counts: Tensor) -> Figure:
    """A picture with more and more squares hidden, and how often each number of them is practised."""
    alt = "A boot with 5 to 45 of 49 squares hidden. A rising histogram."
    fig, (left, right) = plot.figure(1, 2, (9.2, 2.6), alt=alt)
    left.imshow(plot.tile(shown, 4, gap=3))
    left.set(yticks=[], xticks=[14 + 31 * i for i in range(4)], xticklabels=[f"{n} hidden" for n in hidden])
    left.set_title("one boot, four questions")
    right.hist(counts, bins=np.arange(0.5, 50.5, 3.5), density=True, color=GREEN)
    right.set(xlabel="hidden tokens of 49", ylabel="share of pictures, a token")
    right.set_title(f"{(counts > 35).double().mean():.0%} of the practice hides more than 35")
    return fig


def learning(losses: list[float], hidden: tuple[int, ...], prices: dict[str, list[float]]) -> Figure:
    """The loss at each step, and the price of a hidden token over how many are hidden."""
    alt = "Falling training loss. The price a token rises with the number hidden."
    fig, (left, right) = plot.figure(1, 2, (9.2, 2.8), alt=alt)
    left.plot(losses, color="#CCCCCC")
    width = max(1, len(losses) // 20)
    smooth = torch.tensor(losses).unfold(0, width, 1).mean(1)
    plot.curve(left, np.arange(len(smooth)) + width // 2, smooth, "masked")
    left.set(xlabel="training step", ylabel="nats a hidden token")
    left.set_title(f"from 6.9 to {smooth[-1]:.1f} nats")
    for (name, values), style in zip(prices.items(), ("--", "-"), strict=True):
        plot.curve(right, hidden, values, "masked", linestyle=style, marker="o", label=name)
    right.set(xlabel="hidden tokens of 49", ylabel="nats a hidden token")
    right.legend()
    right.set_title(f"nothing given {prices['shipped'][-1]:.1f}, most given {prices['shipped'][0]:.1f} nats")
    return fig


def when_written(times: dict[str, Tensor]) -> Figure:
    """At which step each order writes each of 49 places."""
    alt = "Four maps of when each token is written: rows in turn, at random, scattered by confidence, spread by Halton."
    fig, axes = plot.figure(1, 4, (9.2, 2.5), alt=alt)
    for ax, (name, each) in zip(axes, times.items(), strict=True):
        ax.imshow(each.view(7, 7), cmap="Greens_r")
        charts.written(ax, each.view(7, 7), dark_below=25, size=7)
        ax.set_title(name)
    charts.bare(*axes)
    return charts.headline(fig, "The same network writes in any order")


def one_is_odd(hers: Tensor, marked: Tensor, labels: Tensor, names: list[str], clamped: int) -> Figure:
    """Eight pictures of hers, and the same with a mark where one of her tokens was `clamped`."""
    short = charts.short(names)
    return plot.pictures(
        torch.cat([hers.expand(-1, 3, -1, -1), marked]),
        columns=8,
        title=f"In her 8 pictures {clamped} of {8 * 49} ids had to be clamped",
        alt="Eight garments, and the same with a mark on every square whose id was clamped.",
        rows=["hers", "clamped"],
        heads=[short[int(k)] for k in labels],
        scale=2.6,
    )


def by_steps(rows: dict[int, Tensor], names: list[str]) -> Figure:
    """Ten samples for each number of steps."""
    return plot.pictures(
        torch.cat(list(rows.values())),
        columns=10,
        title="At once: scraps that don't fit. With more steps most become garments",
        alt="Six rows of ten samples by number of steps: the first is patchwork, most of the later ones are garments.",
        rows=[f"{steps} steps" if steps > 1 else "1 step" for steps in rows],
        heads=charts.short(names),
        scale=2.0,
    )


def _plain(ax) -> None:
    """Write 0.002, 0.005, 0.01 on a logarithmic y axis in place of powers of ten."""
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())


def distance_by_steps(drawn: list[dict], at_eight: dict[str, float]) -> Figure:
    """Fréchet distance over steps for each order, of real pictures, and of the next-token model."""
    alt = "Fréchet distance against the number of steps for four orders; all fall."
    fig, ax = plot.figure(size=(7.6, 3.6), alt=alt)
    for name, (style, marker, shade) in ORDERS.items():
        line = sorted((row for row in drawn if row["order"] == name or row["steps"] == 1), key=lambda row: row["steps"])
        x, y, low, high = (
            [row[k] for row in line] for k in ("steps", *("frechet_relative" + end for end in ("", "_low", "_high")))
        )
        looks = {"linestyle": style, "marker": marker, "color": shade, "markersize": 5}
        plot.curve(ax, x, y, "masked", low, high, label=name, **looks)
    next_token = next(row for row in drawn if row["order"] == "next token")
    ax.axhline(next_token["frechet_relative"], color=ORANGE, label="next token,\n49 steps")
    ax.axhline(charts.reached(drawn[0], "frechet_relative"), color=GREY, linestyle=":", label="real pictures")
    charts.own_ticks(ax, (1, 2, 4, 8, 16, 49))
    ax.set(
        yscale="log", xlabel="steps", ylabel=f"Fréchet distance, relative\nn = {drawn[0]['frechet_n']}, lower is better"
    )
    _plain(ax)
    fig.legend(loc="outside right center", fontsize=9, frameon=False)
    one = next(row["frechet_relative"] for row in drawn if row["steps"] == 1)
    worst, best = max(at_eight, key=at_eight.get), min(at_eight, key=at_eight.get)
    ax.set_title(f"1 step: {one:.2f}. 8 steps: {best} {at_eight[best]:.2f}, {worst} {at_eight[worst]:.2f}")
    return fig


def seconds_by_steps(steps: tuple[int, ...], costs: dict[int, list[float]], waits: dict[int, float]) -> Figure:
    """Seconds a picture over masked steps for each batch size, beside what the next-token model takes."""
    alt = "Seconds a picture against steps for batch 1 and 16, rising lines, and the next-token model as level lines."
    fig, ax = plot.figure(size=(7.6, 3.2), alt=alt)
    for (batch, values), style in zip(costs.items(), ("--", "-"), strict=True):
        plot.curve(ax, steps, values, "masked", marker="o", linestyle=style, label=f"masked, batch {batch}")
        ax.axhline(waits[batch], color=ORANGE, linestyle=style, label=f"next token,\nbatch {batch}")
    charts.own_ticks(ax, steps)
    ax.set(yscale="log", xlabel="steps", ylabel="processor seconds a picture")
    _plain(ax)
    fig.legend(loc="outside right center", fontsize=9, frameon=False)
    equal = {batch: steps[-1] * waits[batch] / values[-1] for batch, values in costs.items()}
    ax.set_title(f"Next token costs as much as {equal[1]:.0f} masked steps; in a batch, as {equal[16]:.1f}")
    return fig


def tops(given: Tensor, by_next: Tensor, by_masked: Tensor, whole: Tensor, off_next: Tensor, off_masked: Tensor):
    """Ten garments without their top, filled by both models, and by how much each misses its brightness."""
    rgb = [part[:10].expand(-1, 3, -1, -1) for part in (by_next, by_masked, whole)]
    return plot.pictures(
        torch.cat([given, *rgb]),
        columns=10,
        title=f"Brightness of the top is off by {off_next.mean():.0f} of 255 (next token), {off_masked.mean():.0f} "
        "(masked)",
        alt="Ten garments without their top; filled by the next-token model, then by the masked model, then whole.",
        rows=["given", "next token", "masked", "whole"],
        scale=2.0,
    )
