"""What belongs in this hole? Fill, extend and vary pictures with models of noise. Built in notebook 14.

Sources: RePaint (arXiv 2201.09865), SDEdit (2108.01073), a time for each position (diffusion forcing, 2407.01392). The
other families need nothing of their own: `masked.sample` and `autoregressive.sample` take what is `known`.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import runtime
from . import flow
from . import guidance as guide
from .shapes import Known, given


def hole(known: Known, shape: tuple[int, ...], device) -> Known:
    """`known` = (x, keep), checked; ValueError too where all of a picture is kept, or nothing of it."""
    x, keep = given(known, shape, device)
    kept = keep.flatten(1).double().mean(1)
    for share, wrong in ((1, "is empty: keep less than all"), (0, "is all of it: keep a part, or leave known out")):
        if bool((kept == share).any()):
            raise ValueError(f"the hole in picture {int((kept == share).int().argmax())} {wrong}.")
    return x, keep


def hidden_places(keep: Tensor, patch: int) -> Tensor:
    """1 for patches of pictures with a pixel that is not kept, else 0: `[B, T]` of `keep [B, C, H, W]`."""
    return F.max_pool2d((~keep).float().amax(1, keepdim=True), patch).flatten(1)


def spread(places: Tensor, like: Tensor, patch: int) -> Tensor:
    """Numbers of patches `[B, T]` for each of their pixels, `[B, 1, H, W]` of pictures `like [B, C, H, W]`."""
    return F.interpolate(places.view(-1, 1, like.shape[2] // patch, like.shape[3] // patch), scale_factor=patch)


def masks(n: int, grid: tuple[int, int], blank: float = 0.1, generator: torch.Generator | None = None) -> Tensor:
    """1 for places of a grid that are hidden, else 0, `[n, T]`: half the time a random share of them, else a random
    rectangle, and all of them in a share `blank` of the pictures."""
    u = torch.rand(n, 7, 1, 1, generator=generator)
    scattered, inside = torch.rand(n, *grid, generator=generator) < u[:, 4], torch.ones(n, *grid, dtype=torch.bool)
    for axis, size in enumerate(grid):
        ends = (u[:, 2 * axis : 2 * axis + 2] * size).long()
        at = torch.arange(size).view((-1, 1) if axis == 0 else (1, -1))
        inside &= (ends.amin(1) <= at) & (at <= ends.amax(1))
    return ((u[:, 6] < blank) | torch.where(u[:, 5] < 0.5, scattered, inside)).flatten(1).float()


def loss(model: Callable, batch: tuple, *, patch: int = 4, drop=0.0, shift: float = 1.0, generator=None) -> Tensor:
    """Mean squared error of the velocity in the hidden patches of `batch` = (x in [-1, 1], labels).

    Each place of `model(x, t [B, T], labels)` has a time: 0 where a patch is kept, the rest of a picture shares one.
    """
    x, labels = guide.floats(batch[0], model), guide.whole(batch[1])
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    hidden = masks(len(x), (x.shape[2] // patch, x.shape[3] // patch), generator=generator).to(x)
    t = flow.times(len(x), generator, shift).to(x)[:, None] * hidden
    noise = torch.randn(x.shape, generator=generator).to(x)
    x_t, velocity = flow.path(x, noise, spread(t, x, patch))
    error = (model(x_t, t, labels) - velocity).square().mean(1, keepdim=True) * spread(hidden, x, patch)
    return error.sum() / (hidden.sum() * patch**2).clamp(min=1)


def inpaint(model: Callable, labels: Tensor, *, shape, known=None, patch=4, guidance=1.0, generator=None, **dials):
    """Pictures `[B, *shape]` from a model trained by `loss`: what is `known` = (x, keep) stands there clean, at t = 0.

    In a patch that is kept in part it is noisy with the rest, by replacement. The `dials` are those of `flow.solve`:
    steps, shift, solver, callback.
    """
    labels = guide.check(labels, guidance)
    x = guide.floats(runtime.noise(len(labels), shape, generator, like=labels.device), model)
    clean, keep = (x, torch.zeros_like(x).bool()) if known is None else hole(known, x.shape, x.device)
    hidden = hidden_places(keep, patch).to(x)
    moves, guided = spread(hidden, x, patch), guide.guided(model, guidance)
    x, known = torch.where(moves > 0, x, clean.to(x)), (clean, keep & (moves > 0))
    return flow.solve(lambda x, t: guided(x, t * hidden, labels) * moves, x, known=known, **dials)


def renoise(x: Tensor, noise: Tensor, s: float, t: float) -> Tensor:
    """Points `x` of time `s` as they may be at a later time `t`: shrunk, with fresh noise for what is missing."""
    shrink = (1 - t) / (1 - s)
    return shrink * x + math.sqrt(max(0.0, t * t - (shrink * s) ** 2)) * noise


def repaint(known: Known, jumps: int = 4, generator: torch.Generator | None = None) -> Callable:
    """A solver for `flow.sample` that fills a hole with a model that knows of none: RePaint, in `jumps` tries a step.

    After each try what is `known` = (x, keep) is put in, as noisy as it would be, and all but the last go back by
    `renoise` so that the rest can fit itself to it. `jumps=1` is replacement with fresh noise.
    """
    if jumps < 1 or jumps != int(jumps):
        raise ValueError(f"jumps={jumps} must be a whole number, at least 1 (1 is replacement alone).")
    own: list[torch.Generator] = []

    def step(velocity: Callable, x: Tensor, t: float, s: float) -> Tensor:
        clean, keep = hole(known, x.shape, x.device)
        own[:] = own or runtime.streams(len(x), generator)
        for left in reversed(range(jumps)):
            fresh = [runtime.noise(len(x), x.shape[1:], own, like=x.device).to(x) for _ in range(2)]
            x = torch.where(keep, (1 - s) * clean.to(x) + s * fresh[0], flow.euler(velocity, x, t, s))
            x = renoise(x, fresh[1], s, t) if left else x
        return x

    return step


def sdedit(model: Callable, x: Tensor, labels: Tensor, *, strength, guidance=1.0, shift=1.0, generator=None, **dials):
    """Variations of pictures `x [B, …]`: noise up to time `strength` in (0, 1], then the way back by `flow.solve`."""
    if not 0 < strength <= 1:
        raise ValueError(f"strength={strength} must lie in (0, 1]: near 0 nothing changes, at 1 all is new.")
    labels, x, guided = guide.check(labels, guidance), guide.floats(x, model), guide.guided(model, guidance)
    noise = runtime.noise(len(x), x.shape[1:], generator, like=x.device).to(x)
    x, start = (1 - strength) * x + strength * noise, flow.shifted(strength, 1 / shift)
    return flow.solve(lambda x, t: guided(x, x.new_full((len(x),), t), labels), x, start=start, shift=shift, **dials)
