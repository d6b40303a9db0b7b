"""A time for every place: diffusion forcing, from all at once to one after another. Read in notebook 16."""

from collections.abc import Callable

import torch
from torch import Tensor

from .. import runtime
from ..methods import flow
from ..methods import guidance as guide


def forcing_loss(model: Callable, batch: tuple, *, drop: float = 0.0, generator=None) -> Tensor:
    """The loss of flow for `batch` = (x [B, T, V], labels), each place at a time of its own (arXiv 2407.01392)."""
    x, labels = guide.floats(batch[0], model), guide.whole(batch[1])
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    t = flow.times(x.shape[0] * x.shape[1], generator).view(x.shape[:2]).to(x)
    x_t, velocity = flow.path(x, torch.randn(x.shape, generator=generator).to(x), t)
    return (model(x_t, t, labels) - velocity).square().mean()


def waves(T: int, steps: int, lag: float) -> Tensor:
    """Times `[n, T]` of each place: each takes `steps` steps from 1 to 0, and starts `lag` steps after the one before.

    lag = 0 is plain flow; lag = `steps` is one place after another.
    """
    if steps < 1 or lag < 0:
        raise ValueError(f"steps={steps} must be at least 1, and lag={lag} at least 0 (all at once).")
    last = steps + lag * (T - 1)
    now = torch.linspace(0, last, round(last) + 1, dtype=torch.float64)[:, None]
    return ((lag * torch.arange(T) + steps - now) / steps).clamp(0, 1)


@torch.no_grad()
def forced(model: Callable, labels: Tensor, *, shape, times: Tensor, guidance=1.0, generator=None) -> Tensor:
    """Vectors `[B, T, V]` (`shape`) by Euler steps through the rows of `times [n, T]`."""
    labels = guide.check(labels, guidance)
    x = guide.floats(runtime.noise(len(labels), shape, generator, like=labels.device), model)
    guided = guide.guided(model, guidance)
    for t, s in zip(times[:-1].to(x), times[1:].to(x)):
        x = x + (s - t)[:, None] * guided(x, t.expand(len(x), -1), labels)
    return x
