"""What lies under this noise? Straight paths from data (t = 0) to noise (t = 1). Built in notebook 10, used from 00.

A model is any callable `model(x [B, …], t [B], labels [B]) -> velocity [B, …]`. Sources: flow matching (arXiv
2210.02747), rectified flow (2209.03003), logit-normal times (2403.03206).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .. import runtime
from . import guidance as guide


def path(x: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The point `(1 - t) x + t noise` at times `t [B]`, and the velocity `noise - x` there."""
    t = t.view(-1, *[1] * (x.ndim - 1))
    return (1 - t) * x + t * noise, noise - x


def shifted(t, shift: float):
    """Times (a tensor or a number) moved towards noise by `shift` > 1; 0 and 1 stay. Wide patches want it.

    Averaging n equal pixels shrinks the noise by √n, so a picture of larger patches needs more noise to be as unclear:
    shift = √n compares them at equal signal-to-noise. Source: arXiv 2403.03206, section 5.3.
    """
    if not shift > 0:
        raise ValueError(f"shift={shift} must be above 0 (1 leaves the times as they are).")
    return shift * t / (1 + (shift - 1) * t)


def times(n: int, generator: torch.Generator | None = None, shift: float = 1.0) -> Tensor:
    """Logit-normal times `[n]`: mostly in the middle, where there is most to learn."""
    return shifted(torch.sigmoid(torch.randn(n, generator=generator)), shift)


def loss(
    model: Callable, batch: tuple[Tensor, Tensor], *, drop: float = 0.0, shift: float = 1.0, generator=None
) -> Tensor:
    """Mean squared error of the velocity for `batch` = (x in [-1, 1], labels), at logit-normal times."""
    x, labels = batch
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    noise = torch.randn(x.shape, generator=generator).to(x)
    t = times(len(x), generator, shift).to(x)
    x_t, velocity = path(x, noise, t)
    return (model(x_t, t, labels) - velocity).square().mean()


def euler(velocity: Callable, x: Tensor, t: float, s: float) -> Tensor:
    """One first-order step from time `t` to `s`: one call of `velocity(x, t)`."""
    return x + (s - t) * velocity(x, t)


def heun(velocity: Callable, x: Tensor, t: float, s: float) -> Tensor:
    """One second-order step from time `t` to `s`: two calls of `velocity(x, t)`."""
    first = velocity(x, t)
    return x + (s - t) / 2 * (first + velocity(x + (s - t) * first, s))


@torch.no_grad()
def sample(
    model: Callable,
    labels: Tensor,
    *,
    shape: tuple[int, ...],
    steps: int = 16,
    guidance: float = 1.0,
    solver: Callable = euler,
    generator: torch.Generator | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Pictures `[B, *shape]` about in [-1, 1]: follow the velocity from noise at t = 1 to data at t = 0.

    `labels [B]`; `callback(i, x)` is called with the noise (i = 0) and after each of the `steps`.
    """
    guide.check(labels, guidance)
    if steps < 1 or steps != int(steps):
        raise ValueError(f"steps={steps} must be a whole number, at least 1.")
    x = runtime.noise(len(labels), shape, generator, like=labels.device)
    model = guide.guided(model, guidance)

    def velocity(x: Tensor, t: float) -> Tensor:
        return model(x, torch.full((len(x),), t, device=x.device), labels)

    times = torch.linspace(1, 0, int(steps) + 1, dtype=torch.float64).tolist()
    if callback is not None:
        callback(0, x)
    for i, (t, s) in enumerate(zip(times[:-1], times[1:], strict=True)):
        x = solver(velocity, x, t, s)
        if callback is not None:
            callback(i + 1, x)
    return x
