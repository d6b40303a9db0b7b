"""The figures of notebook 07: what each scale says, who sees whom, and next scale beside its two relatives."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from ..measure.frechet import wilson
from .charts import bars, bounds, headline, label, relative
from .plot import FAMILIES, curve, figure

COLOURS = {name: FAMILIES[f] for name, f in (("token", "autoregressive"), ("masked", "masked"), ("scale", "other"))}


def unsaid(pixels: Sequence[float], latents: Sequence[float]) -> Figure:
    """The share of variance that is left after 0, 1, 5 and 21 means, for pixels and for latents."""
    alt = "Two falling lines of unexplained variance after 0, 1, 5 and 21 means: pixels fall far, latents less."
    fig, ax = figure(size=(5.6, 2.8), alt=alt)
    curve(ax, range(4), pixels, "data", marker="o", label="28×28 pixels")
    curve(ax, range(4), latents, "other", marker="s", label="7×7 latents")
    ax.set(ylabel="share of variance left", ylim=(0, 1.05))
    ax.set_xticks(range(4), ["nothing said", "1×1", "2×2", "4×4"])
    ax.legend(fontsize=9)
    ax.set_title(f"After 21 means: {pixels[-1]:.0%} of the pixels left, {latents[-1]:.0%} of the latents")
    return fig


def tables(seen: Tensor, moved: Tensor, ends: Sequence[int]) -> Figure:
    """The mask `[T, T]`, and which predictions react to which token; `ends` are the borders of the scales."""
    alt = "Two 70 by 70 tables of blocks: the mask, and which predictions react to which token."
    fig, axes = figure(1, 2, (7.2, 3.5), alt=alt)
    named = ((seen, "who sees whom"), (moved, f"{int(moved.sum()):,} pairs react"))
    for ax, (table, name) in zip(axes, named):
        ax.imshow(table, cmap="RdPu", vmax=1.6, interpolation="nearest")
        ax.set(xticks=ends, yticks=ends)
        label(ax, name)
    axes[0].set(xlabel="is seen", ylabel="who looks")
    axes[1].set(xlabel="prediction", ylabel="changed token")
    return headline(fig, "A scale sees itself, but not its own tokens")


def trade(found: dict[str, dict[float, tuple[float, int]]], n: int) -> Figure:
    """Agreement over variety: for each kind of guidance w -> (variety, hits of n)."""
    alt = "Agreement against variety of a class for guidance with a ramp and constant guidance, with intervals."
    fig, ax = figure(size=(6.0, 3.4), alt=alt)
    for (kind, points), colour, mark, below in zip(found.items(), (FAMILIES["other"], "#555555"), "os", (-11, 4)):
        for w, (x, hits) in points.items():
            ax.vlines(x, *wilson(hits, n), color=colour, linewidth=1, alpha=0.6)
            ax.annotate(f"w = {w:g}", (x, hits / n), (6, below), textcoords="offset points", fontsize=9, color=colour)
        x, y = [x for x, _ in points.values()], [hits / n for _, hits in points.values()]
        ax.plot(x, y, mark, color=colour, label=kind)
    ax.set(xlabel="variety within a class (real pictures: 1)", ylabel="agreement")
    ax.margins(x=0.12)
    ax.legend(fontsize=9, loc="lower left")
    ax.set_title("Guidance buys agreement, and pays with variety")
    return fig


def decided(guessed: Sequence[int], kept: Sequence[int], n: int) -> Figure:
    """What 0 … 4 known scales decide, of n pictures: the network's guess of the class, and the class that is kept."""
    alt = "Two rising curves over known scales: the network's best guess of the class, and pictures that keep theirs."
    fig, ax = figure(size=(6.0, 3.2), alt=alt)
    lines = {"the network guesses the class": (guessed, "data"), "the redrawn picture keeps it": (kept, "other")}
    for name, (hits, family) in lines.items():
        low, high = zip(*(wilson(k, n) for k in hits))
        curve(ax, range(5), [k / n for k in hits], family, low, high, marker="o", label=name)
    ax.set(xlabel="scales known (of 4)", ylabel="share of pictures", ylim=(0, 1))
    ax.set_xticks(range(5), ["none", "1×1", "… 2×2", "… 4×4", "all"])
    ax.legend(fontsize=9)
    ax.set_title(f"Kept class: one code {kept[1] / n:.0%}, five {kept[2] / n:.0%}, twenty-one {kept[3] / n:.0%}")
    return fig


def account(costs: dict[str, Sequence[float]], metrics: Sequence[dict], own: Sequence[float], title: str) -> Figure:
    """Bars for token, masked and scale: each of `costs`, and the distance; dotted, what each one's codes lose."""
    alt = "Four small bar charts for three families: passes, milliseconds alone and in a batch, Fréchet distance."
    fig, axes = figure(1, 4, (9.6, 2.8), alt=alt)
    key = "frechet_relative"
    panels = dict(costs) | {"Fréchet, relative": [m[key] for m in metrics]}
    for ax, (name, values) in zip(axes, panels.items()):
        known = bounds(metrics, key) if ax is axes[-1] else None
        bars(ax, list(COLOURS), values, list(COLOURS.values()), known)
        label(ax, f"{name}\n(lower is better)")
    for x, loss in enumerate(own):
        axes[-1].hlines(loss, x - 0.4, x + 0.4, color=FAMILIES["data"], linestyle=":")
    return headline(fig, title)


def guided(tried: dict[str, dict[str, dict]], title: str) -> Figure:
    """Agreement over distance on validation pictures: for each family guidance -> metrics."""
    alt = "Agreement against Fréchet distance on validation pictures as guidance grows, one line for each of three."
    fig, ax = figure(size=(6.4, 3.6), alt=alt)
    for (name, rows), colour in zip(tried.items(), COLOURS.values()):
        x = [relative(row["frechet"], row["frechet_n"], "validation") for row in rows.values()]
        y = [row["agreement"] for row in rows.values()]
        ax.plot(x, y, "o-", color=colour, label=name)
        for i, w in enumerate(rows):
            if i in (0, len(rows) - 1):
                at = {"textcoords": "offset points", "fontsize": 8, "color": colour}
                ax.annotate(f"w = {float(w):g}", (x[i], y[i]), (5, -11), **at)
    ax.set(xlabel="Fréchet distance, relative (validation, n = 2,000; lower is better)", ylabel="agreement")
    ax.margins(x=0.1, y=0.1)
    ax.legend(fontsize=9)
    ax.set_title(title)
    return fig
