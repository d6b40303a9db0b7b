"""What lies under this noise? DDPM in discrete steps: schedules, targets, ancestral and DDIM sampling, bounds.

Built in notebook 09. A model is any callable `model(x [B, …], t [B], labels [B]) -> [B, …]`, t in (0, 1]: step i of
T is t = i / T, and `alpha_bar[i]` is the share of the data's variance left there (i = 0 is data). Sources: DDPM (arXiv
2006.11239), improved DDPM (2102.09672), DDIM (2010.02502), zero terminal signal (2305.08891), VDM (2107.00630).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import runtime
from . import guidance as guide
from .shapes import Known, given, over


def linear(T: int = 1000, first: float = 1e-4, last: float = 0.02) -> Tensor:
    """`alpha_bar [T + 1]` (float64) of DDPM: each step's share of new noise grows in a straight line."""
    return _from_betas(torch.linspace(first, last, T, dtype=torch.float64))


def cosine(T: int = 1000, offset: float = 0.008, most: float = 0.999) -> Tensor:
    """`alpha_bar [T + 1]` of improved DDPM: a squared cosine, no step adding a larger share than `most`."""
    level = ((torch.arange(T + 1, dtype=torch.float64) / T + offset) / (1 + offset) * math.pi / 2).cos().square()
    return _from_betas((1 - level[1:] / level[:-1]).clamp(max=most))


def straight(T: int = 1000) -> Tensor:
    """`alpha_bar [T + 1]` of the straight path of `flow`, its points scaled to variance 1: t = i / T as there."""
    t = torch.linspace(0, 1, T + 1, dtype=torch.float64)
    return (1 - t).square() / ((1 - t).square() + t.square())


def zero_terminal(alpha_bar: Tensor) -> Tensor:
    """The same schedule shifted and stretched so that at the last step nothing of the data is left.

    There the noise says nothing of the data, so predict data or velocity.
    """
    root = alpha_bar.sqrt()
    return torch.cat([alpha_bar[:1], ((root[1:] - root[-1]) * root[1] / (root[1] - root[-1])).square()])


def _from_betas(betas: Tensor) -> Tensor:
    return torch.cat([torch.ones(1, dtype=torch.float64), (1 - betas).cumprod(0)])


@dataclass(frozen=True)
class Target:
    """What a network is asked for: `make(x, noise, a)` is it, `read(output, x_t, a) -> (x, noise)` undoes it.

    `a` is alpha_bar, a number or a tensor that broadcasts.
    """

    make: Callable
    read: Callable


def _data_from_noise(output, x_t, a):
    return (x_t - (1 - a) ** 0.5 * output) / a**0.5, output


def _noise_from_data(output, x_t, a):
    return output, (x_t - a**0.5 * output) / (1 - a) ** 0.5


NOISE = Target(lambda x, noise, a: noise, _data_from_noise)
DATA = Target(lambda x, noise, a: x, _noise_from_data)
# √a · noise - √(1 - a) · x: on a circle of variance 1 this is how the point moves.
VELOCITY = Target(
    lambda x, noise, a: a**0.5 * noise - (1 - a) ** 0.5 * x,
    lambda output, x_t, a: (a**0.5 * x_t - (1 - a) ** 0.5 * output, (1 - a) ** 0.5 * x_t + a**0.5 * output),
)


def noised(x: Tensor, noise: Tensor, a: Tensor | float) -> Tensor:
    """The picture at share `a` of its own variance: `√a · x + √(1 - a) · noise`."""
    return a**0.5 * x + (1 - a) ** 0.5 * noise


def loss(
    model: Callable,
    batch: tuple[Tensor, Tensor],
    *,
    alpha_bar: Tensor,
    target: Target = NOISE,
    drop: float = 0.0,
    generator=None,
) -> Tensor:
    """Mean squared error of the target for `batch` = (x in [-1, 1], labels), at steps drawn uniformly from 1 to T."""
    x, labels = guide.floats(batch[0], model), guide.whole(batch[1])
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    T = len(alpha_bar) - 1
    step = torch.randint(1, T + 1, (len(x),), generator=generator)
    a = over(alpha_bar[step].to(x), x)
    noise = torch.randn(x.shape, generator=generator).to(x)
    output = model(noised(x, noise, a), (step / T).to(x), labels)
    return (output - target.make(x, noise, a)).square().mean()


def posterior(x: Tensor, x_t: Tensor, a_t: float, a_s: float) -> tuple[Tensor, float]:
    """Mean and variance of the less noisy picture at share `a_s`, when the data `x` and the noisier `x_t` are known."""
    ratio = a_t / a_s  # of the variance that survives from s to t
    mean = (a_s**0.5 * (1 - ratio) * x + ratio**0.5 * (1 - a_s) * x_t) / (1 - a_t)
    return mean, (1 - ratio) * (1 - a_s) / (1 - a_t)


def ddim(x: Tensor, noise: Tensor, a_t: float, a_s: float, eta: float, fresh: Tensor | None) -> Tensor:
    """From share `a_t` to `a_s`: the expected data `x` with the expected `noise` put back, a part of it `fresh`.

    `eta` 0 draws nothing; 1 is the posterior of DDPM.
    """
    variance = eta**2 * (1 - a_s) / (1 - a_t) * (1 - a_t / a_s)
    out = a_s**0.5 * x + max(1 - a_s - variance, 0.0) ** 0.5 * noise
    return out if fresh is None else out + variance**0.5 * fresh


def _check(steps: int, eta: float, alpha_bar: Tensor, target: Target) -> None:
    T = len(alpha_bar) - 1
    if not 1 <= steps <= T or steps != int(steps):
        raise ValueError(f"steps={steps} must be a whole number from 1 to the {T} steps of alpha_bar.")
    if not 0 <= eta <= 1:
        raise ValueError(f"eta={eta} must lie in [0, 1]: 0 is DDIM, 1 is DDPM.")
    if target is NOISE and alpha_bar[-1] == 0:
        raise ValueError("target=NOISE says nothing where nothing of the data is left: use DATA or VELOCITY.")


@torch.no_grad()
def sample(
    model: Callable,
    labels: Tensor,
    *,
    shape: tuple[int, ...],
    alpha_bar: Tensor,
    target: Target = NOISE,
    steps: int | None = None,
    eta: float = 1.0,
    guidance: float = 1.0,
    clip: float | None = 1.0,
    generator: torch.Generator | None = None,
    known: Known | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Pictures `[B, *shape]` from noise in `steps` of the T steps (None: all), the last step always among them.

    `eta` 1 is DDPM's ancestral sampling, 0 is DDIM, which draws no more noise; the expected data is clipped to
    [-`clip`, `clip`]; `known` = (x, keep), both `[B, *shape]`, is replaced after each step by itself at that time, with
    the start's noise; `callback(i, x)` is called with the noise (i = 0) and after each step.
    """
    labels = guide.check(labels, guidance)
    T = len(alpha_bar) - 1
    steps = T if steps is None else steps
    _check(steps, eta, alpha_bar, target)
    own = runtime.streams(len(labels), generator)
    x = guide.floats(runtime.noise(len(labels), shape, own, like=labels.device), model)
    model = guide.guided(model, guidance)
    places = torch.linspace(T, 0, int(steps) + 1, dtype=torch.float64).round().long().tolist()
    start, clean = x, given(known, x.shape, x.device)
    x = x if clean is None else torch.where(clean[1], noised(clean[0].to(x), start, float(alpha_bar[T])), x)
    if callback is not None:
        callback(0, x)
    for i, (t, s) in enumerate(zip(places[:-1], places[1:], strict=True)):
        a_t, a_s = float(alpha_bar[t]), float(alpha_bar[s])
        data, noise = target.read(
            model(x, torch.full((len(x),), t / T, device=x.device, dtype=x.dtype), labels), x, a_t
        )
        if clip is not None:
            data = data.clamp(-clip, clip)
            noise = DATA.read(data, x, a_t)[1]  # what is then left over is noise
        fresh = runtime.noise(len(x), shape, own, like=x.device).to(x) if eta > 0 and s > 0 else None
        x = ddim(data, noise, a_t, a_s, eta, fresh)
        if clean is not None:
            x = torch.where(clean[1], noised(clean[0].to(x), start, a_s), x)
        if callback is not None:
            callback(i + 1, x)
    return x


@torch.no_grad()
def bound(
    denoise: Callable,
    x: Tensor,
    *,
    draws: int = 16,
    levels: int = 0,
    log_snr: tuple[float, float] = (-10.0, 11.0),
    generator: torch.Generator | None = None,
) -> Tensor:
    """Upper bound `[B]` in nats on -log p(x): what a sender would pay who describes `x` from noise to data.

    `denoise(x_t, a [B]) -> expected data` at share a; every gain in signal-to-noise costs half of it times the squared
    error (VDM, equation 17, in continuous time: no schedule matters), estimated from `draws` stratified points over
    `log_snr`. With `levels` K > 0, `x` are pictures of K greys in [-1, 1] and what is left at the end is paid for as a
    choice among them; with 0 the bound is on a density.
    """
    low, high = log_snr
    a_low, a_high = (1 / (1 + math.exp(-end)) for end in log_snr)
    total = 0.5 * (a_low * x.square() - a_low - math.log(1 - a_low)).flatten(1).sum(1)  # what the noise still knows
    total += _last_step(noised(x, _like(x, generator), a_high), x, a_high, levels)
    for k in range(draws):
        u = (k + torch.rand(len(x), generator=generator, dtype=torch.float64)) / draws
        level = (low + (high - low) * u).to(x)
        a = level.sigmoid()
        x_t = noised(x, _like(x, generator), over(a, x))
        error = (x - denoise(x_t, a)).square().flatten(1).sum(1)
        total += 0.5 * level.exp() * error * (high - low) / draws
    return total


def _last_step(noisy: Tensor, x: Tensor, a: float, levels: int) -> Tensor:
    """Nats to say `x` when a copy with share `a`, hardly noisy, is known: no network is needed for that."""
    variance = (1 - a) / a
    if not levels:
        square = (x - noisy / a**0.5).square() / variance
        return 0.5 * (square + math.log(2 * math.pi * variance)).flatten(1).sum(1)
    greys = torch.linspace(-1, 1, levels, dtype=x.dtype, device=x.device)
    logits = -0.5 * (noisy[..., None] / a**0.5 - greys).square() / variance
    chosen = ((x + 1) / 2 * (levels - 1)).round().long()
    return -logits.log_softmax(-1).gather(-1, chosen[..., None]).flatten(1).sum(1)


def _like(x: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(x.shape, generator=generator).to(x)
