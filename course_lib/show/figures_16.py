"""The figures of notebook 16: masks of blocks, prices of writing together, curves of heads, what is blended."""

import math
import statistics

import torch
from matplotlib.figure import Figure
from torch import Tensor

from .charts import headline, keys, label, level, own_ticks
from .plot import FAMILIES, curve, figure

PAPER, CLEAN, COPY = "#FFFFFF", "#BBBBBB", "#009E73"


def masks(seen: dict[int, Tensor], title: str) -> Figure:
    """Who sees whom, bool `[2T, 2T]` for each size of block: clean places first, then the copies."""
    alt = "Square tables of who sees whom: a triangle for clean places, for copies steps and squares of a block's size."
    fig, axes = figure(1, len(seen), (3.1 * len(seen), 3.3), alt)
    for ax, (block, mask) in zip([axes] if len(seen) == 1 else axes, seen.items()):
        T = len(mask) // 2
        kind = mask.long()
        kind[:, T:] *= 2  # what is seen among copies has another colour
        colours = torch.tensor([_rgb(PAPER), _rgb(CLEAN), _rgb(COPY)])
        ax.imshow(colours[kind].numpy(), interpolation="nearest")
        ax.axhline(T - 0.5, color="black", linewidth=0.8)
        ax.axvline(T - 0.5, color="black", linewidth=0.8)
        ax.set_xticks([T / 2 - 0.5, 1.5 * T - 0.5], ["clean", "copies"])
        ax.set_yticks([T / 2 - 0.5, 1.5 * T - 0.5], ["clean", "copies"], rotation=90, va="center")
        ax.tick_params(length=0)
        label(ax, f"blocks of {block}")
    return headline(fig, title)


def _rgb(colour: str) -> list[float]:
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def shade(share: float) -> tuple[float, ...]:
    """From the colour of next-token models (0) to that of masked ones (1): where between them a block lies."""
    ends = (_rgb(FAMILIES[family]) for family in ("autoregressive", "masked"))
    return tuple((1 - share) * a + share * b for a, b in zip(*ends))


def between(block: int, T: int) -> tuple[float, ...]:
    """The colour of a size of block of `T` tokens, by its logarithm."""
    return shade(math.log(block) / math.log(T))


def price(runs: list[dict], T: int, title: str) -> Figure:
    """Bits over the exact entropy against the passes for a picture, a line a size of block, in fixed numbers a pass."""
    alt = "Excess bits fall to zero as passes grow to one a token; at equal passes larger blocks lose fewer."
    fig, ax = figure(size=(6.4, 3.4), alt=alt)
    fixed = [run for run in runs if run["certain"] is None]
    for block in sorted({run["block"] for run in fixed}):
        own = sorted((run for run in fixed if run["block"] == block), key=lambda run: run["passes"])
        x, y = [run["passes"] for run in own], [run["excess"] for run in own]
        low, high = ([run[f"excess_{end}"] for run in own] for end in ("low", "high"))
        ax.plot(x, y, "o-", color=between(block, T), markersize=4, label=f"{block}")
        ax.vlines(x, low, high, color=between(block, T), linewidth=1.2)
    own_ticks(ax, sorted({run["passes"] for run in fixed}))
    ax.set(xlabel="passes for a picture", ylabel="bits over the exact entropy\n(lower is better)")
    ax.legend(title="block", fontsize=8, title_fontsize=8)
    ax.set_title(title)
    return fig


def certainty(rows: dict[str, tuple[float, float, float, float]], title: str) -> Figure:
    """The share of whole pictures, with how many passes it took: name -> (passes, share, low, high)."""
    alt = "Bars of the share of whole pictures: few fixed passes tear most, certain writing keeps all."
    fig, ax = figure(size=(6.8, 0.4 * len(rows) + 0.9), alt=alt)
    for i, (name, (passes, share, low, high)) in enumerate(rows.items()):
        ax.barh(i, share, height=0.65, color=FAMILIES["masked" if "certain" in name else "other"])
        ax.hlines(i, low, high, color="black", linewidth=1.2)
        ax.annotate(f"{passes:.1f} passes", (1.03, i), va="center", fontsize=9)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.invert_yaxis()
    ax.set(xlabel="whole pictures (higher is better)", xlim=(0, 1.25), xticks=(0, 0.5, 1))
    ax.set_title(title)
    return fig


def objects(laws: dict[str, Tensor], title: str) -> Figure:
    """How often scenes have 1, 2 and 3 objects: shares `[4]` of each way to write; the law has a third each."""
    fig, ax = figure(size=(6.4, 2.9), alt="Bars of the share of scenes with one, two and three objects.")
    wide = 0.8 / len(laws)
    for k, (name, share) in enumerate(laws.items()):
        at = [n + (k - (len(laws) - 1) / 2) * wide for n in (1, 2, 3)]
        ax.bar(
            at,
            share[1:4].tolist(),
            wide,
            label=name,
            color=(FAMILIES["other"], FAMILIES["masked"], FAMILIES["data"])[k],
        )
    level(ax, 1 / 3, "the law")
    ax.set(xticks=[1, 2, 3], xlim=(0.4, 4), xlabel="objects in a scene", ylabel="share of scenes")
    ax.legend(fontsize=8)
    ax.set_title(title)
    return fig


def learned(bits: dict[int, float], exact: float, T: int, title: str) -> Figure:
    """Bits a picture over the size of the block, one network; dotted: what a perfect one pays for the same pictures."""
    fig, ax = figure(alt="Bits a picture over the size of a block, one point a size, over a dotted line.")
    ax.plot(list(bits), list(bits.values()), color="#AAAAAA", zorder=1)
    ax.scatter(list(bits), list(bits.values()), color=[between(b, T) for b in bits], zorder=2)
    level(ax, exact, "what the law pays, at every size", x=0.35)
    own_ticks(ax, list(bits))
    ax.set(xlabel="tokens in a block", ylabel="bits a picture\n(lower is better)")
    ax.set_title(title)
    return fig


def dial(runs: list[dict], T: int, title: str) -> Figure:
    """Both dials of a shipped model: distance over milliseconds, alone and 64 together; a line a size of block."""
    alt = "Two panels: distance over time a picture, alone and in a batch of 64, points coloured by the size of block."
    fig, axes = figure(1, 2, (9.2, 3.3), alt, sharey=True)
    for ax, batch in zip(axes, (1, 64)):
        for block in sorted({run["block"] for run in runs}):
            own = sorted((run for run in runs if run["block"] == block), key=lambda run: run["steps"])
            x = [1000 * run[f"seconds_batch_{batch}"] for run in own]
            y = [run["frechet_relative"] for run in own]
            ax.plot(x, y, "o-", color=between(block, T), linewidth=1, label=f"blocks of {block}")
        own_ticks(ax, (5, 10, 20, 50, 100, 200))
        ax.set(xlabel="milliseconds a picture")
        label(ax, "alone" if batch == 1 else "64 together")
    axes[0].set_ylabel("Fréchet distance, relative\n(lower is better)")
    keys(fig, axes[1], 7)
    return headline(fig, title)


def seeds(groups: dict[str, list[float]], families: list[str], unit: str, title: str, alt: str) -> Figure:
    """A point a training seed and a bar for their mean, a row a model."""
    fig, ax = figure(size=(6.8, 0.45 * len(groups) + 1.1), alt=alt)
    for i, (values, family) in enumerate(zip(groups.values(), families)):
        ax.barh(i, statistics.mean(values), color=FAMILIES[family], alpha=0.35, height=0.6)
        ax.plot(values, [i] * len(values), "o", color=FAMILIES[family], markersize=5)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.invert_yaxis()
    ax.set(xlabel=unit, xlim=(0, None))
    ax.set_title(title)
    return fig


def effects(found: dict[str, dict], title: str) -> Figure:
    """By what each choice multiplies the distance, with 95 % intervals; 1 is no effect."""
    fig, ax = figure(size=(6.8, 0.36 * len(found) + 1.1), alt="Intervals of effects around the line of no effect.")
    for i, row in enumerate(found.values()):
        ink = FAMILIES["noise"] if not row["ratio_low"] <= 1 <= row["ratio_high"] else "#999999"
        ax.hlines(i, row["ratio_low"], row["ratio_high"], color=ink, linewidth=2)
        ax.plot(row["ratio"], i, "o", color=ink)
    ax.axvline(1, color=FAMILIES["data"], linestyle=":")
    ax.set_yticks(range(len(found)), list(found))
    ax.invert_yaxis()
    own_ticks(ax, [0.25, 0.5, 1, 2, 4])
    ax.set(xlabel="distance is multiplied by (below 1: nearer)", xlim=(0.2, 5))
    ax.set_title(title)
    return fig


def bands(settled: dict[str, Tensor], title: str) -> Figure:
    """How like the end each band of frequencies already is, over the share of the way: name -> [bands, moments]."""
    alt = "For each way to draw, curves of how like the finished picture coarse and fine bands are on the way."
    fig, axes = figure(1, len(settled), (3.1 * len(settled), 3.0), alt, sharey=True)
    for ax, (name, likeness) in zip(axes, settled.items()):
        x = torch.linspace(0, 1, likeness.shape[1]).tolist()
        for band, line in enumerate(likeness.tolist()):
            tone = 0.15 + 0.6 * band / max(len(likeness) - 1, 1)
            said = {0: "coarse", len(likeness) - 1: "fine"}.get(band)
            curve(ax, x, line, color=(tone, tone, tone), label=said)
        ax.set(xlabel="share of the way", ylim=(-0.1, 1.05))
        label(ax, name)
    axes[0].set_ylabel("likeness to the end")
    axes[-1].legend(fontsize=8)
    return headline(fig, title)


def heaps(panels: dict[str, Tensor], title: str) -> Figure:
    """Histograms of numbers `[n, 1]`, a panel a name; the last one is of the data."""
    alt = "Histograms: one heap in the middle in one step, two bumps in more, as in the data."
    fig, axes = figure(1, len(panels), (2.3 * len(panels), 2.3), alt, sharey=True)
    for ax, (name, x) in zip(axes, panels.items()):
        ax.hist(x[:, 0].tolist(), 60, (-2, 2), color=FAMILIES["data" if ax is axes[-1] else "noise"])
        ax.set(yticks=[])
        label(ax, name)
    return headline(fig, title)
