"""Drawings of mechanisms, each before the code that builds it: boxes and arrows, and grids of who sees whom."""

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyBboxPatch, Rectangle

from .charts import bare, headline, label
from .names import FAMILIES, PALE
from .plot import figure

INK, PAPER, FAINT = "#333333", "#FFFFFF", "#E8E8E8"
ORANGE, BLUE = FAMILIES["autoregressive"], FAMILIES["noise"]
BACK = FAMILIES["other"]  # gradients, and what guides


def _sheet(width: float, height: float, title: str, alt: str):
    """A figure and axes without scale: one unit is a third of an inch, y grows downwards."""
    fig, ax = figure(size=(width / 3, height / 3 + 0.35), alt=alt)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()
    headline(fig, title)
    return fig, ax


def _box(ax, x: float, y: float, text: str, wide: float = 3.2, tall: float = 1.4, fill: str = PAPER) -> None:
    """A box around (x, y) with words in it."""
    corner = (x - wide / 2, y - tall / 2)
    style = {"facecolor": fill, "edgecolor": INK, "linewidth": 1.2}
    ax.add_patch(FancyBboxPatch(corner, wide, tall, "round,pad=0,rounding_size=0.2", **style))
    ax.text(x, y, text, ha="center", va="center", color=PAPER if fill in (ORANGE, BLUE) else INK)


def _arrow(ax, start, end, colour: str = INK, style: str = "-", bend: float = 0.0) -> None:
    """An arrow from start to end, both (x, y)."""
    how = {"arrowstyle": "-|>", "color": colour, "linestyle": style, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=how | {"connectionstyle": f"arc3,rad={bend}"})


def _grid(ax, colours: list[list[str]], asked: tuple[int, int] | None = None) -> None:
    """Squares in their colours, with a question mark at `asked` = (row, column)."""
    for y, row in enumerate(colours):
        for x, colour in enumerate(row):
            ax.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white"))
    if asked:
        ax.text(asked[1] + 0.5, asked[0] + 0.55, "?", ha="center", va="center", weight="bold")
    ax.set(xlim=(0, len(colours[0])), ylim=(len(colours), 0), aspect="equal")
    ax.spines[:].set_visible(False)
    bare(ax)


def _reached(layers: int, H: int, W: int, row: int, column: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels [H, W] that the vertical and the horizontal stack know at (row, column) after so many layers."""
    y, x = torch.meshgrid(torch.arange(H) - row, torch.arange(W) - column, indexing="ij")
    vertical = (y < 0) & (y >= -2 - layers) & (x.abs() <= 2 * (layers + 1))
    return vertical, (y == 0) & (x < 0) & (x >= -3 - 2 * layers)


def two_stacks(layers=(0, 1, 2)) -> Figure:
    """What each of 02's two stacks knows at one pixel, after more and more layers."""
    H, W, at = 6, 15, (5, 7)
    alt = "Grids: above the pixel the vertical stack's field grows as a wide block, beside it the horizontal one's row."
    fig, axes = figure(1, len(layers), (3.1 * len(layers), 2.1), alt=alt)
    for ax, n in zip(axes, layers, strict=True):
        vertical, horizontal = _reached(n, H, W, *at)
        kinds = vertical + 2 * horizontal.int()
        _grid(ax, [[(FAINT, PALE, ORANGE)[kind] for kind in row] for row in kinds.tolist()], at)
        label(ax, f"after {n} layer{'s' * (n > 1)}" if n else "as they enter")
    keys = [Rectangle((0, 0), 1, 1, color=colour) for colour in (PALE, ORANGE)]
    names = ["vertical stack: rows above", "horizontal stack: this row, to the left"]
    fig.legend(keys, names, loc="outside lower left", ncols=2, fontsize=10, frameon=False)
    return headline(fig, "Two stacks: both see farther with every layer, and neither what comes later")


def masks(groups=(1, 2, 3)) -> Figure:
    """Who looks at whom, side by side: next token, masked tokens, next scale in `groups`."""
    n, scale = sum(groups), np.repeat(np.arange(len(groups)), groups)
    i = np.arange(n)
    seen = {
        "causal: next token": (i[None] <= i[:, None], ORANGE),
        "no mask: hidden tokens, noise": (np.ones((n, n), bool), FAMILIES["masked"]),
        "block-causal: next scale": (scale[None] <= scale[:, None], BACK),
    }
    alt = f"Three {n} by {n} grids: the lower triangle is filled, the whole square, and a staircase of blocks."
    fig, axes = figure(1, 3, (8.4, 2.9), alt=alt)
    for ax, (name, (allowed, colour)) in zip(axes, seen.items(), strict=True):
        _grid(ax, [[colour if yes else FAINT for yes in row] for row in allowed])
        label(ax, name)
        ax.set(xlabel="may be looked at")
    axes[0].set(ylabel="who looks")
    return headline(fig, "Three masks, one transformer")


def cache(T: int = 7, i: int = 4) -> Figure:
    """A KV cache at step i: one position goes through the network, earlier keys and values are looked up."""
    alt = (
        f"A row of {T} boxes: {i} kept, one new that passes through the network and looks back, the rest not yet there."
    )
    fig, ax = _sheet(26, 6, "With a cache one position goes through; the others are looked up", alt)
    for k in range(T):
        fill, words = (PALE, f"k, v\n{k + 1}") if k < i else (ORANGE, f"k, v\n{k + 1}") if k == i else (FAINT, "")
        _box(ax, 2 + 2.4 * k, 4.4, words, 2, 1.8, fill)
    x = 2 + 2.4 * i
    _box(ax, x, 1.2, f"query {i + 1}", 3, 1.4, ORANGE)
    for k in range(i + 1):
        _arrow(ax, (x, 1.95), (2 + 2.4 * k, 3.4))
    _arrow(ax, (x + 1.6, 1.2), (x + 4, 1.2))
    ax.text(x + 4.3, 1.2, f"predicts token {i + 1};\nonly k, v are kept", va="center")
    ax.text(2 + 2.4 * T - 1, 4.4, "not yet there:\nno mask needed", va="center")
    return fig


def prefix(names=("style", "group", "word"), T: int = 4) -> Figure:
    """Labels stand before the tokens; the last label predicts the first token."""
    alt = "Boxes in a row: labels, then tokens but the last; arrows up from the last label on lead to each token."
    C = len(names)
    fig, ax = _sheet(3.6 * (C + T - 1) + 5, 5.6, "Labels come first, so that every token sees them", alt)
    for k, name in enumerate([*names, *(f"$z_{j + 1}$" for j in range(T - 1))]):
        x = 2 + 3.6 * k
        _box(ax, x, 4.4, name, 3, 1.4, PALE if k < C else ORANGE)
        if k >= C - 1:
            _arrow(ax, (x, 3.6), (x, 2))
            _box(ax, x, 1.2, f"$z_{k - C + 2}$", 3, 1.4)
        else:
            ax.text(x, 1.2, "–", ha="center", va="center")
    ax.text(3.6 * (C + T - 1) + 0.8, 4.4, "read", va="center")
    ax.text(3.6 * (C + T - 1) + 0.8, 1.2, "predicted", va="center")
    return fig


def straight_through() -> Figure:
    """A tokenizer, and the way of the gradient around its rounding."""
    alt = "Picture, encoder, z, rounding, q, decoder, picture in a row; a dashed arrow leads back around the rounding."
    fig, ax = _sheet(29, 6.6, "Forward through the rounding, backward around it", alt)
    steps = ("picture", "encoder", "$z$", "nearest\ncode", "$q$", "decoder", "picture")
    places = [2 + 4.1 * k for k in range(len(steps))]
    for k, (x, name) in enumerate(zip(places, steps)):
        _box(ax, x, 2.2, name, 2.9, 1.8, FAINT if k == 3 else PAPER)
        if k:
            _arrow(ax, (places[k - 1] + 1.5, 2.2), (x - 1.5, 2.2))
    for k in (6, 5, 2, 1):  # gradients, from right to left; between q and z they skip the rounding
        _arrow(ax, (places[k] - 0.3, 3.3), (places[k - 1] + 0.3, 3.3), BACK, "--", -0.35)
    _arrow(ax, (places[4], 3.3), (places[2], 3.3), BACK, "--", -0.35)
    ax.text(places[3], 5.9, "gradient: as if $q$ were $z$", ha="center", color=BACK)
    ax.text(places[3], 0.7, "the token: which code", ha="center")
    return fig


def adaln() -> Figure:
    """Half of a block with adaLN-zero: condition in, shift, scale and gate out."""
    alt = (
        "x passes norm, scale and shift, f and gate, and is added to itself; time and class make the three by a layer."
    )
    fig, ax = _sheet(29, 9.4, "Time and class turn three knobs of each half of a block", alt)
    names = ("$x$", "norm", "· (1 + scale)\n+ shift", "attention\nor MLP", "· gate", "+", "$x$")
    places = (1.4, 5.2, 10, 15.4, 20.2, 24, 27.4)
    for k, (x, name) in enumerate(zip(places, names)):
        wide = 1.4 if name in ("$x$", "+") else 4.4 if "scale" in name else 3.4
        _box(ax, x, 3, name, wide, 1.9, BLUE if k in (2, 4) else PAPER)
        if k:
            gap = 0.7 if names[k - 1] in ("$x$", "+") else 2.2 if k == 3 else 1.7
            _arrow(ax, (places[k - 1] + gap, 3), (x - wide / 2, 3))
    _arrow(ax, (1.4, 2.05), (24, 2.05), INK, "-", -0.13)
    _box(ax, 4, 8, "time, class", 5, 1.5)
    _box(ax, 12.6, 8, "layer, starts at 0", 6.6, 1.5, FAINT)
    _arrow(ax, (6.5, 8), (9.3, 8))
    _arrow(ax, (10.5, 7.2), (10, 4), BACK)
    _arrow(ax, (15.4, 7.2), (20.2, 4), BACK)
    ax.text(16.4, 8, "at first all three are 0: the gate is shut", va="center")
    return fig


def straight_path(t: float = 0.6) -> Figure:
    """One line from a picture to a noise, the point on it at time t, and its velocity."""
    alt = (
        "A straight line from a point named picture to one named noise; on it x at t, with an arrow towards the noise."
    )
    fig, ax = _sheet(20, 7.6, "One line, one velocity: noise minus picture, everywhere on it", alt)
    start, end = np.array([2.0, 6.0]), np.array([15.0, 1.6])
    ax.plot(*zip(start, end), color="#999999", linewidth=1.2)
    place = (1 - t) * start + t * end
    _arrow(ax, place, place + 0.32 * (end - start), BLUE)
    for point, words, colour in ((start, "picture $x$, $t = 0$", FAMILIES["data"]), (end, "noise, $t = 1$", BLUE)):
        ax.plot(*point, "o", color=colour, markersize=9)
        ax.text(point[0] + 0.5, point[1] + 0.9, words, va="center")
    ax.plot(*place, "o", color=INK, markersize=7)
    ax.text(place[0] + 0.4, place[1] + 0.9, f"$x_t$ at $t = {t:g}$", va="center")
    ax.text(place[0] - 0.2, place[1] - 2.2, "velocity = noise - picture", ha="center", va="center", color=BLUE)
    return fig


def ruler() -> Figure:
    """A ruler for looks: one frozen classifier turns pictures into points; two clouds of points are compared."""
    alt = "Real and made pictures go through one frozen classifier; two clouds of points with an ellipse around each."
    fig, ax = _sheet(29, 8.6, "A ruler for looks: how far apart are two clouds of features?", alt)
    for y, name, colour in ((2.2, "real pictures", FAMILIES["data"]), (6.4, "made pictures", ORANGE)):
        _box(ax, 3.2, y, name, 5.4, 1.6)
        _arrow(ax, (5.9, y), (8.1, 4.3 + 0.35 * np.sign(y - 4.3)), colour)
    _box(ax, 11.2, 4.3, "frozen classifier,\nwithout its last layer", 6.2, 2.4, FAINT)
    _arrow(ax, (14.4, 4.3), (18.2, 4.3))
    ax.text(16.3, 3.5, "64 numbers", ha="center")
    dice = np.random.default_rng(0)
    for (x, y), (wide, tall), colour in (((22, 3.6), (4.4, 2.8), FAMILIES["data"]), ((25, 5.4), (3, 3.4), ORANGE)):
        dots = dice.normal(size=(40, 2)) * (wide / 4, tall / 4) + (x, y)
        ax.plot(*dots.T, ".", color=colour, markersize=4)
        ax.add_patch(Ellipse((x, y), wide, tall, fill=False, edgecolor=colour, linewidth=1.6))
    ax.text(20, 1.2, "mean and spread of each cloud", va="center")
    return fig
