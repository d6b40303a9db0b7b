"""The figures of notebook 03's ruler: what counts as 1, the floor that falls, and which garments nobody drew."""

import torch
from matplotlib.figure import Figure
from torch import Tensor

from . import charts, plot


def unit(clean: Tensor, noisy: Tensor) -> Figure:
    """Ten garments as they are and with the noise that makes the unit, `[10, 1, 28, 28]` each."""
    return plot.pictures(
        torch.cat([clean, noisy]),
        columns=10,
        title="Real garments, and the same with noise (σ = 0.1): the unit of the ruler",
        alt="Ten garments; below, the same with faint grain.",
        rows=["real", "with noise"],
        scale=2.0,
    )


def floor(found: dict[int, tuple[float, float]]) -> Figure:
    """Distances over the number of pictures: (real, real with noise) to the test pictures, and their ratio."""
    alt = "Fréchet distance over the number of pictures, logarithmic: noisy ones stay nearly level, real ones fall."
    fig, ax = plot.figure(size=(6.4, 3.4), alt=alt)
    n, (real, noisy) = list(found), zip(*found.values(), strict=True)
    charts.labelled(ax, n, noisy, "real, with noise: the unit", "other", at=0, marker="s")
    charts.labelled(ax, n, real, "real: the floor", "data", at=0, marker="o")
    for x, below, above in zip(n, real, noisy, strict=True):
        place = {"textcoords": "offset points", "ha": "center", "va": "top", "fontsize": 9}
        ax.annotate(f"relative\n{below / above:.2f}", (x, below), (0, -8), **place)
    charts.own_ticks(ax, n)
    ax.set(yscale="log", xlabel="n, pictures measured", ylabel="Fréchet distance to test pictures\n(lower is nearer)")
    ax.set(ylim=(min(real) / 4, 2.5 * max(noisy)), xlim=(n[0] * 0.8, n[-1] * 1.25))
    ax.set_title("Real garments are not at 0: the fewer they are, the farther")
    return fig


def recall(real: Tensor, labels: Tensor, made: Tensor, inside: Tensor, nearest: Tensor, names: list[str]) -> Figure:
    """Of every class the first real picture that has no made one near, and the first that has; below, the nearest.

    `real [N, 1, 28, 28]` with `labels [N]`, whether each is `inside [N]`, and its `nearest [N]` among `made`.
    """
    rows = []
    for kind in (~inside, inside):
        first = kind.int().argsort(descending=True, stable=True)  # those of this kind first, in order
        picked = torch.stack([first[labels[first] == label][0] for label in range(len(names))])
        rows += [real[picked], made[nearest[picked]]]
    return plot.pictures(
        torch.cat(rows),
        columns=len(names),
        title=f"Recall {inside.double().mean():.2f}: the first row is lost, the third is reached",
        alt="Four rows of ten garments: real ones that no drawn one is near, the nearest, real ones with one near it.",
        rows=["real, none near", "nearest drawn", "real, one near", "nearest drawn"],
        heads=charts.short(names),
        scale=2.2,
    )
