"""The picture on the front page: both families at work, one above the other. Built in notebook 00."""

import io
from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .. import runtime
from ..data import files
from ..data.levels import to_bytes
from ..methods import autoregressive, flow
from ..training import load
from .films import NOISE, PIXELS, SIZE, Film
from .plot import FAMILIES, figure, tile

CLASSES = (9, 8, 3)  # ankle boot, bag, dress
SEED = 11
FRAMES = 8
NIGHT = "#0E1116"


def films(classes: tuple[int, ...] = CLASSES, seed: int = SEED) -> list[Film]:
    """One film a class from the pixel transformer, then one a class from the flow model; clocks count steps."""
    labels = torch.tensor(classes, device=runtime.device())

    def generator():
        return torch.Generator().manual_seed(seed)

    pixels, noise, frames = load("pixel-transformer-fashion"), load("dit-fashion"), []
    tokens = autoregressive.sample(pixels, labels, shape=SIZE, generator=generator(), **PIXELS).byte().cpu()
    flow.sample(
        noise,
        labels,
        shape=(1, *SIZE),
        generator=generator(),
        callback=lambda i, x: frames.append(to_bytes(x[:, 0]).cpu()),
        **NOISE,
    )
    T, S, whole = tokens[0].numel(), len(frames) - 1, torch.stack(frames, 1)  # [B, S + 1, H, W]
    first = [Film("pixel by pixel", "autoregressive", x[None], *[list(range(T + 1))] * 3) for x in tokens]
    second = [Film("out of noise", "noise", x, [T] * (S + 1), *[list(range(S + 1))] * 2) for x in whole]
    return first + second


def draw(made: list[Film] | None = None, columns: int = FRAMES) -> Figure:
    """The hero picture of `made` films (as from `films()`): a strip each, from nothing to a garment."""
    made = films() if made is None else made
    groups = [[film for film in made if film.family == family] for family in ("autoregressive", "noise")]
    words = ["What comes next?", "What lies under this noise?"]
    fig, axes = figure(2, 1, (9.6, sum(1.2 * len(group) + 0.5 for group in groups)))
    fig.alt = (
        "Strips of pictures on black. Above, in orange, three garments are written pixel by pixel from the top; below, "
        "in blue, three garments come out of noise, all pixels at once."
    )
    fig.set_facecolor(NIGHT)
    fig.get_layout_engine().set(h_pad=0.09, w_pad=0.09, hspace=0.03)
    for ax, group, question in zip(axes, groups, words):
        shares = np.linspace(0, 1, columns)
        x = torch.stack([film.tinted(round(share * (len(film.ms) - 1))) for film in group for share in shares])
        night = np.array([int(NIGHT[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        ax.imshow(tile(x.repeat_interleave(4, -1).repeat_interleave(4, -2), columns, gap=8, paper=night))
        ax.set_axis_off()
        colour = 0.75 * np.array(to_rgb(FAMILIES[group[0].family])) + 0.25  # lighter: it stands on black
        ax.set_title(question, color=colour, size=17, pad=7)
        ax.set_title(group[0].name, color="#C9D1D9", size=12, weight="normal", loc="right", pad=7)
    return fig


def save(path: Path | None = None) -> dict:
    """Both families' films as one picture, written to data/figures/hero.png"""
    from PIL import Image

    fig, path = draw(), path or runtime.data_dir() / "figures" / "hero.png"
    raw = io.BytesIO()
    fig.savefig(raw, format="png", dpi=100, facecolor=NIGHT)
    small = io.BytesIO()
    Image.open(raw).convert("RGB").quantize(256).save(small, format="png", optimize=True)
    files.write(path, small.getvalue())
    return {"file": "figures/hero.png", "bytes": len(small.getvalue()), "classes": list(CLASSES), "seed": SEED}
