"""The figures of notebook 14: fills in rows, laws of a toy, and who fills holes, varies and edits how well."""

import math
from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from . import plot
from .charts import bars, flat, headline, label
from .names import SHADES
from .play.brush import covered_squares
from .plot import FAMILIES, figure

WAYS = {  # colour, and the name in figures
    "raster": ("autoregressive", "in reading order"),
    "any order": ("masked", "any order, one by one"),
    "surest first": ("masked", "surest first, one by one"),
    "twelve passes": ("masked", "surest first, 12 passes"),
    "replaced": ("noise", "noise, replaced (16)"),
    "replaced, longer": ("noise", "noise, replaced (32)"),
    "re-noised": ("noise", "noise, re-noised (32)"),
    "trained with masks": (SHADES["noise"][2], "noise, taught masks (16)"),
    "exact": ("data", "the exact law"),
}
KNOBS = {
    "noise": "noise: up to time strength",
    "masked": "masked: a share is hidden",
    "autoregressive": "reading order: the end is redrawn",
}


@flat
def fills(pixels: Tensor, keep: Tensor, made: dict[str, Tensor], title: str, alt: str, scale: float = 2.2) -> Figure:
    """Pictures `[N, C, H, W]` with their holes, a row for each way of filling them, and the pictures as they were."""
    sheets = {"given": covered_squares(pixels, keep), **made, "what it was": pixels}
    x = torch.cat([sheet.expand(-1, 3, -1, -1) for sheet in sheets.values()])
    names = [WAYS.get(name, (None, name))[1] for name in sheets]
    return plot.pictures(x, len(pixels), title=title, alt=alt, rows=names, scale=scale)


def normal(x: Tensor, mean: float, std: float) -> Tensor:
    """The density of a Gaussian."""
    return (-((x - mean) ** 2) / (2 * std * std)).exp() / (std * math.sqrt(2 * math.pi))


@flat
def laws(drawn: dict[str, Tensor], mean: float, std: float, title: str) -> Figure:
    """Histograms of what was drawn in each way, a panel each, over the density of the exact law."""
    alt = "Histograms of the hidden number, for each way of drawing it, over the curve of the exact law."
    fig, axes = figure(1, len(drawn), (2.3 * len(drawn) + 0.4, 2.5), alt, sharex=True, sharey=True)
    ends = mean - 5 * std, mean + 5 * std
    x = torch.linspace(*ends, 200)
    for ax, (name, values) in zip([axes] if len(drawn) == 1 else axes, drawn.items()):
        share = torch.full_like(values, 40 / (len(values) * (ends[1] - ends[0]))).numpy()
        ax.hist(values.numpy(), 40, range=ends, weights=share, color=SHADES["noise"][0])
        ax.plot(x, normal(x, mean, std), color=FAMILIES["data"])
        ax.set_xlabel("the hidden number")
        label(ax, f"{name}\nmean {values.mean():.2f}, spread {values.std():.2f}", 9)
    fig.axes[0].set_ylabel("density")
    return headline(fig, title)


@flat
def by_tries(rows: dict[int, tuple], theory: dict[int, tuple], mean: float, std: float, title: str) -> Figure:
    """Mean and spread of the hidden number over the tries a step: drawn (dots), in closed form, and the exact law's."""
    fig, axes = figure(
        1, 2, (7.2, 2.6), "The mean comes nearer to the dotted exact one with more tries, the spread crosses it."
    )
    for ax, part, exact, name in zip(axes, (0, 1), (mean, std), ("mean", "standard deviation")):
        ax.plot(list(theory), [row[part] for row in theory.values()], color=FAMILIES["noise"])
        ax.plot(list(rows), [row[part] for row in rows.values()], "o", color=FAMILIES["noise"])
        ax.axhline(exact, color=FAMILIES["data"], linestyle=":")
        ax.set_xscale("log")
        ax.set_xticks(list(rows), [str(n) for n in rows])
        ax.minorticks_off()
        ax.margins(y=0.2)
        ax.set(xlabel="tries a step")
        label(ax, f"{name} (dotted: exact, {exact:.2f})", 9)
    return headline(fig, title)


@flat
def masks(hidden: Tensor, grid: tuple[int, int]) -> Figure:
    """Masks of training `[N, T]`, two rows: hidden places are dark."""
    x = 0.86 - 0.6 * hidden.view(-1, 1, *grid).float()
    x = x.repeat_interleave(6, 2).repeat_interleave(6, 3) * 2 - 1
    alt = "Two rows of small grids: scattered dark places, dark rectangles, and a few all dark."
    return plot.pictures(x, len(x) // 2, title="Half scattered, half rectangles, some all hidden", alt=alt, scale=1.6)


def means(rows: Sequence[dict], key: str) -> dict:
    """The mean of `key` over the seeds of one cell, its ends, and how many seeds: `value`, `low`, `high`, `seeds`.

    The ends are the best and the worst seed where there are several, else the 95 % interval of the one.
    """
    values = [row[key] for row in rows]
    several = len(values) > 1
    low = min(values) if several else rows[0].get(f"{key}_low", values[0])
    high = max(values) if several else rows[0].get(f"{key}_high", values[0])
    return {"value": sum(values) / len(values), "low": low, "high": high, "seeds": len(values)}


def cells(rows: list[dict], key: str, **where) -> dict[str, dict]:
    """`means` of every way that has rows with `key` where the columns are those of `where`."""
    own = [row for row in rows if key in row and all(row[name] == value for name, value in where.items())]
    groups = {way: [row for row in own if row["way"] == way] for way in WAYS}
    return {way: means(group, key) for way, group in groups.items() if group}


@flat
def ways(
    panels: dict[str, dict[str, dict]], unit: str, title: str, alt: str, numbers: str = "{:.2f}", floors=None
) -> Figure:
    """A panel of bars across for each of `panels`, `cells` by way, with black ticks at `floors` of the same shape."""
    names = [way for way in WAYS if any(way in panel for panel in panels.values())]
    fig, axes = figure(1, len(panels), (2.9 + 2.0 * len(panels), 0.32 * len(names) + 1.3), alt, sharey=True)
    axes = [axes] if len(panels) == 1 else axes
    words = [WAYS[way][1] for way in names]
    for ax, (name, panel) in zip(axes, panels.items()):
        values = [panel[way]["value"] if way in panel else 0.0 for way in names]  # nothing known: nothing to see
        ends = [(panel[way]["low"], panel[way]["high"]) if way in panel else None for way in names]
        bars(ax, words, values, [WAYS[way][0] for way in names], ends, None, "", True)
        for i, (way, value) in enumerate(zip(names, values)):
            if way not in panel:
                continue
            floor = floors[name][way]["value"] if floors else 0.0
            place = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
            ax.annotate(numbers.format(value), (max(value, *ends[i], floor), i), **place)
            if floors:
                ax.plot([floor] * 2, (i - 0.3, i + 0.3), color="black", linewidth=1.6)
        label(ax, name, 9)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    fig.supxlabel(unit, fontsize=10)
    return headline(fig, title)


def fallen(before: dict, after: dict, ways: Sequence[str]) -> str:
    """What of each way's share is left `after`, as words for a title."""
    kept = [f"{WAYS[way][1]} keeps {after[way]['value'] / max(before[way]['value'], 1e-9):.0%}" for way in ways]
    return "; ".join(kept)


@flat
def knobs(rows: list[dict]) -> Figure:
    """Three strengths as curves: what stayed of the objects against how many pictures are still scenes."""
    fig, (left, right) = figure(1, 2, (8.4, 3.1), "Curves over strength: what stays falls, for all three knobs.")
    for family in KNOBS:
        own = sorted((row for row in rows if row["family"] == family), key=lambda row: row["strength"])
        x, colour = [row["strength"] for row in own], FAMILIES[family]
        for ax, key in ((left, "same"), (right, "in_support")):
            ax.plot(x, [row[key] for row in own], "o-", color=colour, label=KNOBS[family], markersize=4)
            ax.fill_between(
                x, *([row[f"{key}_{end}"] for row in own] for end in ("low", "high")), color=colour, alpha=0.2, lw=0
            )
    for ax, name in ((left, "objects that are as they were"), (right, "pictures that are scenes")):
        ax.set(xlabel="strength", ylabel="share", ylim=(-0.03, 1.08))
        label(ax, name, 9)
    handles, names = left.get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    full = {family: max((r for r in rows if r["family"] == family), key=lambda r: r["strength"]) for family in KNOBS}
    least = min(full.values(), key=lambda row: row["same"])["same"]
    return headline(fig, f"One question, three knobs: at full strength {least:.0%} of the objects stay by chance")


@flat
def traded(rows: list[dict]) -> Figure:
    """What stays against what is still a scene, one curve a knob."""
    fig, ax = figure(size=(6.0, 3.2), alt="Three curves: pictures that are scenes over objects that stayed.")
    for family, words in KNOBS.items():
        own = sorted((row for row in rows if row["family"] == family), key=lambda row: row["strength"])
        x, y = [row["same"] for row in own], [row["in_support"] for row in own]
        ax.plot(x, y, "o-", color=FAMILIES[family], label=words.split(":")[0], markersize=4)
    ax.set(xlabel="objects that are as they were", ylabel="pictures that are scenes", xlim=(-0.03, 1.12), ylim=(0, 1.1))
    ax.legend(fontsize=9, loc="lower left")
    ax.set_title("What stays, against what is still a scene")
    return fig


@flat
def garments(rows: list[dict], title: str) -> Figure:
    """Four rulers for every way to fill a hole in garments, means over the holes; dots are the holes."""
    rulers = {
        "frechet_relative": "Fréchet distance, relative\n(lower is better)",
        "agreement": "recognised as its class\n(higher is better)",
        "kept_error": "change of what was kept\n(grey levels, before pasting)",
        "seam": "step at the seam, beyond the\nreal one (grey levels)",
    }
    names = [way for way in WAYS if any(row["way"] == way for row in rows)]
    fig, axes = figure(1, 4, (10.4, 0.32 * len(names) + 1.5), "Bars of four rulers for each way to fill.", sharey=True)
    for ax, (key, words) in zip(axes, rulers.items()):
        own = {way: [row[key] for row in rows if row["way"] == way] for way in names}
        values = [sum(group) / len(group) for group in own.values()]
        bars(ax, [WAYS[way][1] for way in names], values, [WAYS[way][0] for way in names], None, None, "", True)
        for i, group in enumerate(own.values()):
            ax.plot(group, [i] * len(group), "o", color="black", markersize=3)
        label(ax, words, 9)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    return headline(fig, title)


@flat
def costs(rows: list[dict]) -> Figure:
    """Milliseconds a picture, alone and in a batch, for every way."""
    names = [row["way"] for row in rows]
    fig, axes = figure(1, 2, (8.2, 0.32 * len(names) + 1.2), "Bars of milliseconds a picture.", sharey=True)
    for ax, key, words in zip(axes, ("alone", "batch"), ("one alone", "32 together")):
        values = [1000 * row[f"seconds_{key}"] for row in rows]
        bars(ax, [WAYS[n][1] for n in names], values, [WAYS[n][0] for n in names], None, None, "{:.3g}", True)
        ax.set_xlabel("processor milliseconds a picture")
        label(ax, words, 9)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    return headline(fig, "What filling the top half costs, on one core")


@flat
def precise(rows: list[dict], title: str) -> Figure:
    """The edit that was asked for, exactly, and the rest left alone, for full and for open captions."""
    own = {form: [row for row in rows if row["form"] == form] for form in ("full", "no-positions")}
    names = [*(way for way in WAYS if any(row["way"] == way for row in rows)), "drawn anew"]
    fig, axes = figure(
        1, 2, (9.2, 0.42 * len(names) + 1.3), "Pairs of bars: exact edits, and the rest left.", sharey=True
    )
    for ax, (form, group) in zip(axes, own.items()):
        for key, shift, pale in (("rest", 0.2, True), ("exact", -0.2, False)):
            each = [means([row for row in group if row["way"] == way], key) for way in names]
            inks = [WAYS.get(way, ("other",))[0] for way in names]
            inks = [FAMILIES.get(ink, ink) for ink in inks]
            y = [i + shift for i in range(len(names))]
            ax.barh(y, [row["value"] for row in each], 0.38, color=inks, alpha=0.4 if pale else 1.0)
            ax.hlines(y, [row["low"] for row in each], [row["high"] for row in each], color="black", linewidth=1.2)
        ax.set(xlim=(0, 1.05), xlabel="share of edits\n(dark: exact; pale: the rest left alone)")
        label(ax, f"{'full' if form == 'full' else 'open'} caption", 9)
    axes[0].set_yticks(range(len(names)), [WAYS.get(way, ("", "drawn anew, no hole"))[1] for way in names])
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    return headline(fig, title)
