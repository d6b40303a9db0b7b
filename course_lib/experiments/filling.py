"""Every way of filling a hole behind one call, with what it cost and how well it kept what was to be kept."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from .. import runtime
from ..data import Pictures
from ..data.levels import to_bytes
from ..measure import cost
from ..methods import editing, masked
from ..methods.shapes import over
from ..training import RECIPES, checkpoints, draw

PATCH = 4
JUMPS, SHORT, LONG = 4, 8, 32  # tries a step and steps of re-noising; passes of both it and the longer replacement
# How a method fills: the stem of its model's name, and the dials of its sampler, of (known, hidden tokens, generator).
METHODS = {
    "raster": ("token-ar", lambda known, n, g: {"known": known}),
    "any order": ("masked", lambda known, n, g: {"known": known, "steps": n, "order": masked.random}),
    "surest first": (
        "masked",
        lambda known, n, g: {"known": known, "steps": n, "order": partial(masked.confidence, noise=0.0)},
    ),
    "twelve passes": ("masked", lambda known, n, g: {"known": known, "steps": 12}),
    "replaced": ("dit", lambda known, n, g: {"known": known, "steps": 16}),
    "replaced, longer": ("dit", lambda known, n, g: {"known": known, "steps": LONG}),
    "re-noised": ("dit", lambda known, n, g: {"solver": editing.repaint(known, JUMPS, g), "steps": SHORT}),
    "trained with masks": ("inpaint", lambda known, n, g: {"known": known, "steps": 16}),
}


class Seen(cost.Counter):
    """A counter that also keeps the clean picture which a model of noise last expected: what it made of the known."""

    clean = None

    def __call__(self, x, *conditions):
        out = super().__call__(x, *conditions)
        if out.shape == x.shape:
            t = conditions[0]
            self.clean = x - (over(t, x) if t.ndim == 1 else editing.spread(t, x, PATCH)) * out
        return out


class Filled(NamedTuple):
    """Pictures `[N, C, H, W]` uint8 as the model left them, the same with the known pixels put in, and passes."""

    before: Tensor
    pixels: Tensor
    passes: float


def kept(keep: Tensor, pixels: Tensor) -> Tensor:
    """Which pixels are kept, bool like `pixels [N, C, H, W]`, where patches `keep [N, T]` are."""
    return (editing.spread(keep.float(), pixels, PATCH) > 0).expand_as(pixels)


def fill(way: tuple, kind: str, pictures: Pictures, keep: Tensor, seed: int = 0, model=None, chunk: int = 100):
    """`pictures` of a `kind`, "scenes" or "fashion", with the patches `~keep [N, T]` `Filled` in a `way` of `METHODS`.

    `model` is another one than the shipped. A tokenizer reads pictures whose hole is black: else it would tell.
    """
    stem, dials = way
    name, generator, before = f"{stem}-{kind}", torch.Generator().manual_seed(seed), []
    recipe, model = RECIPES[name], Seen(checkpoints.load(name) if model is None else model)
    there, noisy = kept(keep, pictures.pixels), RECIPES[name].family == "noise"
    x = recipe.reads.encode(replace(pictures, pixels=torch.where(there, pictures.pixels, 0)))
    x, where = (part.view(len(keep), *recipe.reads.shape) for part in (x, there if noisy else keep))
    labels = recipe.labels(pictures)
    for part, known, label in zip(*(y.to(runtime.device()).split(chunk) for y in (x, where, labels))):
        n = int((~known[0]).sum())
        made = draw(name, label, model, generator=generator, **dials((part, known), n, generator))
        before.append((to_bytes(model.clean) if noisy else made).cpu())
    before = torch.cat(before)
    return Filled(before, torch.where(there, pictures.pixels, before), model.calls / len(keep.split(chunk)))


def kept_error(filled: Filled, pixels: Tensor, keep: Tensor) -> float:
    """Root mean squared error of what was to be kept, before it is put in, in grey levels of 0..255."""
    there = kept(keep, pixels)
    return float((filled.before.double() - pixels.double())[there].square().mean().sqrt())


def seam(pixels: Tensor, keep: Tensor) -> float:
    """Mean step in grey levels between two neighbours of which one is kept and one is not."""
    steps = []
    for axis in (2, 3):
        n = pixels.shape[axis] - 1
        a, b = (kept(keep, pixels).narrow(axis, start, n) for start in (0, 1))
        steps.append(pixels.double().diff(dim=axis).abs()[a != b])
    return float(torch.cat(steps).mean())
