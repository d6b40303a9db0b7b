"""What lies under this noise? Straight paths from data (t = 0) to noise (t = 1). Built in notebook 10, used from 00.

A model is any callable `model(x [B, …], t [B], labels [B]) -> velocity [B, …]`. Sources: flow matching (arXiv
2210.02747), rectified flow (2209.03003), logit-normal times (2403.03206).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .. import runtime
from . import guidance as guide
from .shapes import Known, given, over


def path(x: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The point `(1 - t) x + t noise` at times `t [B]`, and the velocity `noise - x` there."""
    t = over(t, x)
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
    x, labels = guide.floats(batch[0], model), guide.whole(batch[1])
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    noise = torch.randn(x.shape, generator=generator).to(x)
    t = times(len(x), generator, shift).to(x)
    x_t, velocity = path(x, noise, t)
    return (model(x_t, t, labels) - velocity).square().mean()


def noise_in(x: Tensor, velocity: Tensor, t: float) -> Tensor:
    """The noise that is expected in `x` at time `t`; the score of the noisy pictures is minus it, over t."""
    return x + (1 - t) * velocity


def data_in(x: Tensor, velocity: Tensor, t: float) -> Tensor:
    """The clean picture that is expected under `x` at time `t`."""
    return x - t * velocity


def denoiser(model: Callable, labels: Tensor | None) -> Callable:
    """`(x_t, a [B]) -> expected data` for `diffusion.bound`, where points have variance 1 and data a share a of it."""

    def denoise(x: Tensor, a: Tensor) -> Tensor:
        t = 1 / (1 + (a / (1 - a)).sqrt())  # the time of the same signal-to-noise on the straight path
        wide = over(t, x)
        x = x * torch.hypot(1 - wide, wide)
        return data_in(x, model(x, t, labels), wide)

    return denoise


def euler(velocity: Callable, x: Tensor, t: float, s: float) -> Tensor:
    """One first-order step from time `t` to `s`: one call of `velocity(x, t)`."""
    return x + (s - t) * velocity(x, t)


def heun(velocity: Callable, x: Tensor, t: float, s: float) -> Tensor:
    """One second-order step from time `t` to `s`: two calls of `velocity(x, t)`."""
    first = velocity(x, t)
    return x + (s - t) / 2 * (first + velocity(x + (s - t) * first, s))


def rk4(velocity: Callable, x: Tensor, t: float, s: float) -> Tensor:
    """One fourth-order step from time `t` to `s` (Runge and Kutta): four calls of `velocity(x, t)`."""
    h, middle = s - t, (t + s) / 2
    a = velocity(x, t)
    b = velocity(x + h / 2 * a, middle)
    c = velocity(x + h / 2 * b, middle)
    return x + h / 6 * (a + 2 * b + 2 * c + velocity(x + h * c, s))


def stochastic(generator: torch.Generator | None = None, churn: float = 1.0) -> Callable:
    """A solver that also takes noise away and puts fresh noise in: Euler and Maruyama on the reverse SDE.

    dx = (v + churn · expected noise) dt + √(2 churn t) dw has the same distribution at every time t as the ODE, for
    every `churn`; 0 is the ODE. It needs small steps. Each picture draws from a stream of its own, whatever is drawn
    beside it. Source: arXiv 2011.13456, 2401.08740.
    """
    own: list[torch.Generator] = []

    def step(velocity: Callable, x: Tensor, t: float, s: float) -> Tensor:
        v, h = velocity(x, t), t - s
        if len(own) != len(x):
            own[:] = runtime.streams(len(x), generator)
        fresh = runtime.noise(len(x), x.shape[1:], own, like=x.device).to(x)
        return x - h * (v + churn * noise_in(x, v, t)) + math.sqrt(2 * churn * t * h) * fresh

    return step


def curved(velocity: Callable) -> Callable:
    """The same journeys on a quarter circle: `v(z, u)` of points z = cos(u π/2) · data + sin(u π/2) · noise.

    Points keep variance 1, as in DDPM. At time t = sin / (cos + sin) both paths meet the same noisy picture, scaled, so
    that with small steps both end in the same one. Source: stochastic interpolants (arXiv 2303.08797).
    """

    def turning(z: Tensor, u: float) -> Tensor:
        cos, sin = math.cos(u * math.pi / 2), math.sin(u * math.pi / 2)
        t, x = sin / (cos + sin), z / (cos + sin)
        v = velocity(x, t)
        return math.pi / 2 * (cos * noise_in(x, v, t) - sin * data_in(x, v, t))

    return turning


@torch.no_grad()
def solve(
    velocity: Callable,
    x: Tensor,
    *,
    steps: int,
    solver: Callable = euler,
    start: float = 1.0,
    end: float = 0.0,
    shift: float = 1.0,
    known: Known | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Follow `velocity(x, t)` with `t` a number from time `start` to `end` in `steps` steps of `solver`.

    What is `known` = (clean x, keep) is replaced after each step by itself as it is at that time, under the noise of
    the start: replacement, which fits the rest to it only in part (notebook 14).
    """
    if steps < 1 or steps != int(steps):
        raise ValueError(f"steps={steps} must be a whole number, at least 1.")
    times = [shifted(t, shift) for t in torch.linspace(start, end, int(steps) + 1, dtype=torch.float64).tolist()]
    if known is not None and start != 1:
        raise ValueError(f"start={start} must be 1 where something is known: there x is all noise, which it takes too.")
    noise, clean = x, given(known, x.shape, x.device)
    x = x if clean is None else _replaced(x, noise, clean, times[0])
    if callback is not None:
        callback(0, x)
    for i, (t, s) in enumerate(zip(times[:-1], times[1:], strict=True)):
        x = solver(velocity, x, t, s)
        x = x if clean is None else _replaced(x, noise, clean, s)
        if callback is not None:
            callback(i + 1, x)
    return x


def _replaced(x: Tensor, noise: Tensor, known: Known, t: float) -> Tensor:
    """`x` with what is known put in, as noisy as time `t` wants it."""
    clean, keep = known
    return torch.where(keep, (1 - t) * clean.to(x) + t * noise, x)


@torch.no_grad()
def sample(
    model: Callable,
    labels: Tensor,
    *,
    shape: tuple[int, ...],
    steps: int = 16,
    guidance: float = 1.0,
    interval: tuple[float, float] = (0.0, 1.0),
    solver: Callable = euler,
    shift: float = 1.0,
    weak: Callable | None = None,
    generator: torch.Generator | None = None,
    known: Known | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Pictures `[B, *shape]` about in [-1, 1]: follow the velocity from noise at t = 1 to data at t = 0.

    `labels [B]`; guidance only at times within `interval` (outside, a step costs one call of B and not 2B); `weak` is
    the worse model of autoguidance; `known` = (x, keep), both `[B, *shape]`, is given, see `solve`; `callback(i, x)` is
    called with the noise (i = 0) and after each of the `steps`.
    """
    labels = guide.check(labels, guidance)
    if not 0 <= interval[0] <= interval[1] <= 1:
        raise ValueError(f"interval={interval} must be two times (low, high) in [0, 1]: 0 is data, 1 is noise.")
    x = guide.floats(runtime.noise(len(labels), shape, generator, like=labels.device), model)
    guided = guide.guided(model, guidance, weak=weak)

    def velocity(x: Tensor, t: float) -> Tensor:
        now = guided if interval[0] <= t <= interval[1] else model
        return now(x, torch.full((len(x),), t, device=x.device, dtype=x.dtype), labels)

    return solve(velocity, x, steps=steps, solver=solver, shift=shift, known=known, callback=callback)


def divergence(velocity: Callable, x: Tensor, t: float, probe: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The velocity at `x [B, …]` and its divergence `[B]`: exact, dimension by dimension, or with a random `probe` of
    variance 1 an unbiased estimate of it at the price of one backward pass (Hutchinson 1989).
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        v = velocity(x, t)
        if probe is not None:
            (back,) = torch.autograd.grad((v * probe).sum(), x)
            return v.detach(), (back * probe).flatten(1).sum(1)
        total = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for i in range(x[0].numel()):
            (back,) = torch.autograd.grad(v.flatten(1)[:, i].sum(), x, retain_graph=True)
            total = total + back.flatten(1)[:, i]
    return v.detach(), total


@torch.no_grad()
def nats(
    velocity: Callable,
    x: Tensor,
    *,
    steps: int = 50,
    exact: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    """-log p(x) `[B]` of a density, in nats, of data `x [B, …]` under the ODE of `velocity(x, t)`, by Heun steps.

    log p(x) = log N(x at t = 1) + ∫ div v dt, exact in the limit of small steps, or (`exact` False) unbiased, with one
    random probe a picture. Source: neural ODEs (arXiv 1806.07366), FFJORD (1810.01367).
    """
    probe = None if exact else runtime.noise(len(x), x.shape[1:], generator, like=x.device).to(x).sign()
    times = torch.linspace(0, 1, steps + 1, dtype=torch.float64).tolist()
    gained = torch.zeros(len(x), dtype=x.dtype, device=x.device)
    for t, s in zip(times[:-1], times[1:], strict=True):
        first, div = divergence(velocity, x, t, probe)
        second, more = divergence(velocity, x + (s - t) * first, s, probe)
        x, gained = x + (s - t) / 2 * (first + second), gained + (s - t) / 2 * (div + more)
    flat = x.flatten(1)
    return flat.square().sum(1) / 2 + flat.shape[1] * math.log(2 * math.pi) / 2 - gained
