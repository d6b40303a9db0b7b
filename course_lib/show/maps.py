"""Figures of who sees what: which pixels reach an output, and what decoding keeps. Built in notebook 02."""

from matplotlib.patches import Rectangle
from torch import Tensor

from . import plot
from .charts import headline
from .names import PALE, SHADES

MARKS = {
    "earlier, seen": PALE,
    "earlier, never seen": "#FFF3A0",
    "later, seen: a leak": plot.FAMILIES["other"],
    "later": "#E8E8E8",
}
SIGNS = {"earlier, never seen": "×", "later, seen: a leak": "!"}


def kind(reached: Tensor, at: tuple[int, int], y: int, x: int) -> str:
    """Which of `MARKS` pixel (y, x) is, for the output at pixel `at`."""
    if (y, x) < at:
        return "earlier, seen" if reached[y, x] else "earlier, never seen"
    return "later, seen: a leak" if reached[y, x] else "later"


def seen(maps: dict[str, Tensor], at: tuple[int, int], title: str = "", alt: str = "") -> plot.Figure:
    """One grid a map `[H, W]` of gradients: where it is not zero, the output at `at` = (row, column) sees the pixel."""
    H, W = next(iter(maps.values())).shape
    fig, axes = plot.figure(1, len(maps), (2.5 * len(maps) + 0.4, 3.2), alt=alt or title, squeeze=False)
    used = {}
    for ax, (name, values) in zip(axes[0], maps.items(), strict=True):
        for y in range(H):
            for x in range(W):
                what = kind(values != 0, at, y, x)
                used[what] = ax.add_patch(Rectangle((x, y), 1, 1, facecolor=MARKS[what], edgecolor="white", lw=1))
                ax.text(x + 0.5, y + 0.55, SIGNS.get(what, ""), ha="center", va="center", fontsize=9)
        ax.text(at[1] + 0.5, at[0] + 0.55, "?", ha="center", va="center", weight="bold")
        ax.set(xlim=(0, W), ylim=(H, 0), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(name, fontsize=10, fontweight="normal")
    headline(fig, title)
    shown = {what: used[what] for what in MARKS if what in used}
    names = [f"{SIGNS[what]} {what}" if what in SIGNS else what for what in shown]
    fig.legend(shown.values(), names, loc="outside lower left", ncols=4, fontsize=9, frameon=False)
    return fig


def kept(size: int = 9, at: tuple[int, int] = (5, 4), title: str = "", alt: str = "") -> plot.Figure:
    """What a decoder of the two stacks keeps while it draws pixel `at`: features of two rows, and of three pixels."""
    fig, axes = plot.figure(1, 2, (6.4, 3.2), alt=alt or title)
    row, column = at
    kinds = {
        "vertical stack: once a row": lambda y, x: y in (row - 1, row - 2),
        "horizontal stack: once a pixel": lambda y, x: y == row and column - 3 <= x < column,
    }
    for ax, (name, keeps) in zip(axes, kinds.items(), strict=True):
        for y in range(size):
            for x in range(size):
                keep = keeps(y, x)
                done = (y, x) < at
                colour = plot.FAMILIES["autoregressive"] if keep else SHADES["autoregressive"][0] if done else "#E8E8E8"
                ax.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", lw=1))
        ax.text(column + 0.5, row + 0.55, "?", ha="center", va="center", weight="bold")
        ax.set(xlim=(0, size), ylim=(size, 0), aspect="equal", xticks=[], yticks=[], title=name)
        ax.title.set(fontsize=10, fontweight="normal")
        ax.spines[:].set_visible(False)
    headline(fig, title)
    return fig
