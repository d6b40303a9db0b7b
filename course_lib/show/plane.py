"""Points, densities, fields and paths in the plane, on a night sky. Built in notebook 08.

Each function draws on an axes; `extent` is half the side of the square that is shown.
"""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from torch import Tensor

from .charts import headline as headline
from .plot import figure

NIGHT = "#0A0F24"
GLOW = LinearSegmentedColormap.from_list("glow", [NIGHT, "#0B2F5C", "#0072B2", "#8CCBEF", "#FFFFFF"])
PARTS = ["#E69F00", "#56B4E9", "#CC79A7"]  # Okabe and Ito's, those that shine at night
STREAM = "#9FB4D8"
EXTENT, THIRDS = 2.7, np.array([[1 / 3], [2 / 3]])


def _palette() -> list[int]:
    """The colours that such a picture needs: the glow, each colour fading into night, glow and white, and greys."""
    night, grey = np.array(to_rgb(NIGHT)), np.linspace(0, 1, 8)[:, None]
    rows = [GLOW(np.linspace(0, 1, 40))[:, :3], grey.repeat(3, 1), night + grey * (np.array(to_rgb(STREAM)) - night)]
    for colour in PARTS:
        colour, glow = np.array(to_rgb(colour)), np.array(GLOW(0.6)[:3])
        rows += [night + grey * (colour - night), *(end + THIRDS * (colour - end) for end in (glow, np.ones(3)))]
    return (255 * np.concatenate(rows)).round().astype(int).ravel().tolist()


def panels(rows: int, columns: int, alt: str, side: float = 2.2, head: float = 0.55, extent: float = EXTENT):
    """`(figure, axes [rows·columns])` of square night skies, with ticks at the rim only."""
    fig, axes = figure(rows, columns, (side * columns + 0.3, side * rows + head), alt, squeeze=False)
    fig.palette, fig.density = _palette(), 1.5  # a sky is soft, and its file large
    for i, ax in enumerate(axes.flat):
        ax.set_facecolor(NIGHT)
        ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
        ax.tick_params(length=2, labelsize=8)
        if i < (rows - 1) * columns:
            ax.set_xticklabels([])
        if i % columns:
            ax.set_yticklabels([])
    return fig, axes.ravel()


def label(ax, text: str) -> None:
    """A small name above one panel."""
    ax.set_title(text, fontsize=9, fontweight="normal")


def grid(n: int, extent: float = EXTENT) -> Tensor:
    """The points `[n², 2]` of a square grid, row by row from below: the middles of n² equal cells."""
    side = (torch.arange(n, dtype=torch.float64) + 0.5) / n * 2 * extent - extent
    y, x = torch.meshgrid(side, side, indexing="ij")
    return torch.stack([x, y], -1).view(-1, 2)


def density(ax, log_prob: Callable, n: int = 110, extent: float = EXTENT, dim: float = 1.0) -> None:
    """The square root of a density, so that thin veils show too; `log_prob(points [N, 2]) -> [N]`; `dim` darkens."""
    glow = (log_prob(grid(n, extent)).view(n, n) / 2).exp()
    ax.imshow(
        glow.numpy(), cmap=GLOW, vmin=0, vmax=float(glow.max()) / dim, origin="lower", extent=[-extent, extent] * 2
    )


def dots(ax, x: Tensor, colour="white", size: float = 5, alpha: float = 0.9) -> None:
    """Points `[N, 2]` in one colour, or in a list of N."""
    ax.scatter(*x.T.numpy(), s=size, c=colour, alpha=alpha, linewidths=0)


def arrows(ax, x: Tensor, y: Tensor, colour="white", width: float = 0.006) -> None:
    """Arrows from points `[N, 2]` to points `[N, 2]`, in true length."""
    ax.quiver(
        *x.T.numpy(), *(y - x).T.numpy(), color=colour, angles="xy", scale_units="xy", scale=1, width=width, headwidth=4
    )


def streams(ax, velocity: Callable, n: int = 24, extent: float = EXTENT, thickness: float = 0.9) -> None:
    """Lines along `velocity(points [N, 2])`, thicker where it is faster."""
    side = np.linspace(-extent, extent, n)
    x = torch.tensor(np.stack(np.meshgrid(side, side), -1).reshape(-1, 2))
    v = velocity(x).view(n, n, 2).numpy()
    speed = np.hypot(v[..., 0], v[..., 1])
    width = thickness * (0.3 + speed / speed.max())
    ax.streamplot(side, side, v[..., 0], v[..., 1], color=STREAM, linewidth=width, density=0.9, arrowsize=0.7)


def trails(ax, states: Tensor, colours, width: float = 0.6, alpha: float = 0.5) -> None:
    """The ways `states [S, N, 2]` of N points through S moments, in one colour or in a list of N."""
    lines = torch.as_tensor(states).transpose(0, 1).numpy()
    ax.add_collection(LineCollection(lines, colors=colours, linewidths=width, alpha=alpha))
