"""Figures: each function returns a `Figure` with a title that states the finding and a text for those who can't see it.

One colour a family in the whole course (`names.py`).
"""

import io
import math
import sys

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from .names import FAMILIES as FAMILIES
from .style import STYLE, StyledFigure, in_force, styled

DENSITY = 2  # pixels of a file for one of the page: sharp on today's screens


def told(png: bytes, fig: Figure) -> dict:
    """What a notebook says of a figure's picture: its words, and how large it stands on the page."""
    (width, height), density = Image.open(io.BytesIO(png)).size, getattr(fig, "density", DENSITY)
    return {"alt": getattr(fig, "alt", ""), "width": int(width / density), "height": int(height / density)}


def soften(picture: Image.Image, most: float = 0.1) -> bytes:
    """Let the page shine through what is light, `most` through white; gives the opacity of each colour of the palette.

    On a white page the figure looks as it was drawn, on a dark one like soft paper in place of a glaring slab.
    """
    colours = np.array(picture.getpalette("RGB"), float).reshape(-1, 3)
    opacity = 1 - most * np.clip(colours.min(1, keepdims=True) - 128, 0, None) / 127
    opaque = np.clip((colours - 255 * (1 - opacity)) / opacity, 0, 255)  # over white it gives the colour again
    picture.putpalette(opaque.round().astype(np.uint8).tobytes())
    return (255 * opacity[:, 0]).round().astype(np.uint8).tobytes()


@styled
class CourseFigure(StyledFigure):
    """A figure that shows itself once, small, with its alternative text."""

    alt = ""
    density = DENSITY
    palette = None  # RGB numbers 0..255 of the few colours to keep: a glowing picture shrinks to a fifth
    colours = 256  # of the file; a chart of flat colours loses nothing by 96, and a sixth of its bytes

    def _repr_mimebundle_(self, include=None, exclude=None):
        png = self.png()
        return {"image/png": png, "text/plain": f"Figure: {self.alt}"}, {"image/png": told(png, self)}

    def png(self) -> bytes:
        """The figure as the bytes of a PNG file, with `density` pixels for each that the page counts."""
        file, small = io.BytesIO(), io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight", dpi=self.density * self.dpi, facecolor="white")
        # Without alpha, and with a palette: of every colour where it holds them, else of the 256 best, if not many.
        picture = Image.open(file).convert("RGB")
        if self.palette is not None:
            few = Image.new("P", (1, 1))
            few.putpalette(self.palette)
            picture = picture.quantize(palette=few, dither=Image.Dither.NONE)
        elif picture.getcolors(30_000):
            # spread over all that there are: by the median a small mark would take the colour of a larger one
            picture = picture.quantize(self.colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        if picture.mode == "P":
            picture.save(small, format="PNG", optimize=True, transparency=soften(picture))
        else:
            picture.save(small, format="PNG", optimize=True)
        return small.getvalue()


def shown_as_built(formatter) -> None:
    """Let IPython's PNG `formatter` show our figures by their own `png`; matplotlib's inline backend would win else."""
    formatter.for_type(CourseFigure, CourseFigure.png)


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    shown_as_built(_shell.display_formatter.formatters["image/png"])


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (6.4, 3.2), alt: str = "", **options):
    """A `(Figure, axes)` in the course's style; give `alt`, one sentence that says what is to be seen."""
    with in_force():
        fig, axes = plt.subplots(
            rows,
            columns,
            figsize=size,
            layout="constrained",
            FigureClass=CourseFigure,
            dpi=STYLE["figure.dpi"],
            **options,
        )
    fig.alt = alt
    plt.close(fig)  # shown by being the value of a cell, not twice
    return fig, axes


def _shown(pictures: Tensor) -> Tensor:
    """Pictures as floats in [0, 1] on the processor; ValueError where they are none."""
    x = torch.as_tensor(pictures).detach().cpu()
    if x.ndim != 4 or x.shape[1] not in (1, 3) or 0 in x.shape:
        raise ValueError(
            f"pictures must be [N, C, H, W] with N >= 1 and 1 or 3 channels, not {list(x.shape)}: grey pictures "
            "[N, H, W] need x[:, None]."
        )
    low, high = float(x.min()), float(x.max())
    if not math.isfinite(low + high):
        raise ValueError("pictures hold numbers that are not finite: did the sampler diverge?")
    if x.dtype == torch.bool:
        return x.float()
    if x.is_floating_point():
        if low >= 0 and high > 2:
            raise ValueError(f"pictures run from {low:g} to {high:g}, but floats lie in [-1, 1]: give x / 127.5 - 1.")
        return (x.float().clamp(-1, 1) + 1) / 2
    if low < 0 or high > 255:
        raise ValueError(
            f"pictures run from {low:g} to {high:g}, but whole numbers lie in 0..255: give floats instead."
        )
    return x.float() / 255


def tile(pictures: Tensor, columns: int, gap: int = 2, paper: float = 1.0) -> np.ndarray:
    """Pictures `[N, C, H, W]` (uint8, or floats in [-1, 1]) side by side, as `[height, width, 3]` in [0, 1]."""
    x = _shown(pictures)
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
    x, (height, width) = torch.as_tensor(x), sheet.shape[:2]
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


def _numbers(name: str, values: list[float]) -> None:
    """ValueError where there is nothing to draw, or something that is no number."""
    if len(values) == 0:
        raise ValueError(f"{name} is empty: there is nothing to draw yet.")
    if not np.isfinite(np.asarray(values, float)).all():
        raise ValueError(f"{name} holds numbers that are not finite: leave them out, or find where they come from.")


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
    _numbers("values", values)
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
    _numbers("values", values)
    width = max(1, len(values) // 50)
    smooth = np.convolve(values, np.ones(width) / width, mode="valid")
    fig, ax = figure(alt=alt or title)
    ax.plot(values, color="#CCCCCC", linewidth=0.8)
    curve(ax, np.arange(len(smooth)) + width // 2, smooth, family)
    usual = float(np.quantile(values, 0.98))
    top = max(values) if max(values) < 3 * usual else usual  # a start that towers over the rest is cut off
    ax.set(xlabel="training step", ylabel=unit, ylim=(min(smooth) * 0.95, top * 1.02))
    ax.set_title(title)
    return fig
