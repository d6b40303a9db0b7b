"""Figures: each function returns a `Figure` with a title that states the finding and a text for those who can't see it.

One colour a family in the whole course, told apart by colour-blind eyes too (Okabe and Ito).
"""

import io
import sys
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

FAMILIES = {"autoregressive": "#D55E00", "masked": "#009E73", "noise": "#0072B2", "data": "#555555", "other": "#CC79A7"}
STYLE = {
    "figure.dpi": 80,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "lines.linewidth": 2,
}


class CourseFigure(Figure):
    """A figure that shows itself once, small, with its alternative text."""

    alt = ""
    palette = None  # RGB numbers 0..255 of the few colours to keep: a glowing picture shrinks to a fifth

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/png": self.png(), "text/plain": f"Figure: {self.alt}"}, {"image/png": {"alt": self.alt}}

    def png(self) -> bytes:
        """The figure as the bytes of a PNG file."""
        file, small = io.BytesIO(), io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight", dpi=self.dpi, facecolor="white")
        # Without alpha, and with a palette: of every colour where it holds them, else of the 256 best, if not many.
        picture = Image.open(file).convert("RGB")
        if self.palette is not None:
            few = Image.new("P", (1, 1))
            few.putpalette(self.palette)
            picture = picture.quantize(palette=few, dither=Image.Dither.NONE)
        elif picture.getcolors(8192):
            picture = picture.quantize(256, dither=Image.Dither.NONE)
        picture.save(small, format="PNG", optimize=True)
        return small.getvalue()


def shown_as_built(formatter) -> None:
    """Let IPython's PNG `formatter` show our figures by their own `png`; matplotlib's inline backend would win else."""
    formatter.for_type(CourseFigure, CourseFigure.png)


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    shown_as_built(_shell.display_formatter.formatters["image/png"])


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (6.4, 3.2), alt: str = "", **options):
    """A `(Figure, axes)` in the course's style; give `alt`, one sentence that says what is to be seen."""
    with plt.rc_context(STYLE):
        fig, axes = plt.subplots(
            rows,
            columns,
            figsize=size,
            layout="constrained",
            FigureClass=CourseFigure,
            dpi=STYLE["figure.dpi"],
            **options,
        )
    title = {name: STYLE[f"axes.title{name}"] for name in ("size", "weight")}
    for ax in np.ravel(axes):  # a title asks for its style when it is written, after the style's context has ended
        ax.set_title = partial(ax.set_title, loc="left", **title)
    fig.alt = alt
    plt.close(fig)  # shown by being the value of a cell, not twice
    return fig, axes


def tile(pictures: Tensor, columns: int, gap: int = 2, paper: float = 1.0) -> np.ndarray:
    """Pictures `[N, C, H, W]` (uint8, or floats in [-1, 1]) side by side, as `[height, width, 3]` in [0, 1]."""
    x = pictures.detach().cpu()
    x = x.float() / 255 if not x.is_floating_point() else (x.clamp(-1, 1) + 1) / 2
    N, C, H, W = x.shape
    rows = -(-N // columns)
    sheet = np.full((rows * (H + gap) - gap, columns * (W + gap) - gap, 3), paper, np.float32)
    for i, picture in enumerate(x):
        y, left = i // columns * (H + gap), i % columns * (W + gap)
        sheet[y : y + H, left : left + W] = picture.expand(3, H, W).permute(1, 2, 0).numpy()
    return sheet


def pictures(
    x: Tensor,
    columns: int = 10,
    title: str = "",
    alt: str = "",
    rows: list[str] | None = None,
    heads: list[str] | None = None,
    scale: float = 1.5,
) -> Figure:
    """A sheet of pictures `[N, C, H, W]`; `rows` and `heads` name rows and columns, `scale` enlarges each pixel."""
    sheet = tile(x, columns)
    height, width = sheet.shape[:2]
    inches = scale / STYLE["figure.dpi"]
    fig, ax = figure(size=(max(width * inches, 3) + (1.2 if rows else 0.1), height * inches + 0.5), alt=alt or title)
    ax.imshow(sheet, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title)
    H, W = x.shape[-2] + 2, x.shape[-1] + 2
    if rows:
        ax.set_yticks([H * i + H / 2 - 1 for i in range(len(rows))], rows)
    if heads:
        ax.set_xticks([W * i + W / 2 - 1 for i in range(len(heads))], heads)
    ax.tick_params(length=0)
    return fig


def curve(ax, x, y, family: str = "other", low=None, high=None, **options) -> None:
    """A line in its family's colour, with a band where `low` and `high` are given."""
    colour = FAMILIES[family]
    ax.plot(x, y, color=options.pop("color", colour), **options)
    if low is not None:
        ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)


def bars(
    names: list[str], values: list[float], families: list[str], unit: str, title: str = "", alt: str = ""
) -> Figure:
    """Horizontal bars with their numbers written out; `families` picks the colours, `unit` names the axis."""
    fig, ax = figure(size=(6.4, 0.4 * len(names) + 0.9), alt=alt or title)
    ax.barh(names, values, color=[FAMILIES[f] for f in families], height=0.7)
    for i, value in enumerate(values):
        ax.text(value, i, f" {value:.3g}", va="center")
    ax.invert_yaxis()
    ax.set(xlabel=unit, xlim=(0, max(values) * 1.15))
    ax.set_title(title)
    return fig


def losses(values: list[float], unit: str, title: str = "", family: str = "other", alt: str = "") -> Figure:
    """A training curve, smoothed over 1/50 of its length; `unit` names the y axis."""
    width = max(1, len(values) // 50)
    smooth = np.convolve(values, np.ones(width) / width, mode="valid")
    fig, ax = figure(alt=alt or title)
    ax.plot(values, color="#CCCCCC", linewidth=0.8)
    curve(ax, np.arange(len(smooth)) + width // 2, smooth, family)
    ax.set(xlabel="training step", ylabel=unit, ylim=(min(smooth) * 0.95, float(np.quantile(values, 0.98)) * 1.02))
    ax.set_title(title)
    return fig
