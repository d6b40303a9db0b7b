"""Checkers of notebook 09: what a velocity says, one step of DDPM, a schedule that leaks, a DDIM step that irons."""

import torch

from ..methods import diffusion
from .core import exercise
from .forms import Wrong, alike, need

SHARES = ((0.3, 0.6), (0.05, 0.2), (0.9, 0.98))  # of the data: in the noisier, in the less noisy picture


@exercise(reference=diffusion.VELOCITY.read, gives="the data and the noise")
def read_velocity(attempt) -> None:
    """Data and noise out of the point and its velocity: a turn, for numbers and for shares that differ."""
    for shape, a in (((2, 1, 5, 4), 0.3), ((3, 6), 0.9), ((4, 2, 3, 3), torch.rand(4, 1, 1, 1) * 0.8 + 0.1)):
        x, noise = torch.randn(2, *shape)
        x_t, v = diffusion.noised(x, noise, a), diffusion.VELOCITY.make(x, noise, a)
        found, right = attempt(v, x_t, a)
        c, s = a**0.5, (1 - a) ** 0.5
        if alike(found, right[::-1]):
            raise Wrong("Both are right, in the wrong order: first the data, then the noise.")
        mistakes = {
            "The roots are missing: the weights are √a and √(1 - a), not a and 1 - a.": a * x_t - (1 - a) * v,
            "The sign of the velocity is wrong: it points away from the data.": c * x_t + s * v,
            "You add without weights. Multiply the point by √a and the velocity by √(1 - a).": x_t - v,
            "That is the noise.": noise,
            "√a and √(1 - a) are swapped.": s * x_t - c * v,
        }
        otherwise = "The first of the two is not the data. Eliminate the noise from both equations."
        attempt.compare(found[0], right[0], mistakes, otherwise)
        mistakes = {
            "The roots are missing in the noise.": (1 - a) * x_t + a * v,
            "The noise has the wrong sign of the velocity: it points towards the noise.": s * x_t - c * v,
            "√a and √(1 - a) are swapped in the noise.": c * x_t + s * v,
        }
        attempt.compare(found[1], right[1], mistakes, "The data is right, the noise is not. Eliminate the data.")


def _back(clean, x_t, a_t, a_s, fresh):
    mean, variance = diffusion.posterior(clean, x_t, a_t, a_s)
    return mean + variance**0.5 * fresh


@exercise(reference=_back, shipped=[diffusion.posterior])
def back(attempt) -> None:
    """One step of DDPM: mean and spread of the posterior, and the data itself at the end."""
    for shape, (a_t, a_s) in zip(((2, 1, 4, 4), (5, 3), (1, 2, 3, 3)), SHARES, strict=True):
        clean, x_t, fresh = torch.randn(3, *shape)
        mean, variance = diffusion.posterior(clean, x_t, a_t, a_s)
        r = a_t / a_s
        swapped = (a_s**0.5 * (1 - r) * x_t + r**0.5 * (1 - a_s) * clean) / (1 - a_t)
        whole = (a_s**0.5 * (1 - a_t) * clean + a_t**0.5 * (1 - a_s) * x_t) / (1 - a_t)
        mistakes = {
            "Noise is scaled by the variance: take its root.": mean + variance * fresh,
            "Nothing random is left: add √variance · fresh.": mean,
            "The variance is that of a step forward, 1 - r. Both ends are known: take (1 - a_s)/(1 - a_t) of it.": (
                mean + (1 - r) ** 0.5 * fresh
            ),
            "The weights of clean and x_t are swapped.": swapped + variance**0.5 * fresh,
            "You take a_t for r. What survives of this step alone is r = a_t / a_s.": whole + (1 - a_s) ** 0.5 * fresh,
            "You noise the guess afresh and forget x_t: a mistake of the guess can't be seen any more.": (
                diffusion.noised(clean, fresh, a_s)
            ),
            "You forget to divide by 1 - a_t.": mean * (1 - a_t) + variance**0.5 * fresh,
        }
        otherwise = f"With a_t = {a_t} and a_s = {a_s} this is not the mean plus √variance · fresh."
        attempt.compare(*attempt(clean, x_t, a_t, a_s, fresh), mistakes, otherwise)
    clean, x_t, fresh = torch.randn(3, 2, 3)
    last, _ = attempt(clean, x_t, 0.99, 1.0, fresh)
    attempt.compare(last, clean, {}, "With a_s = 1 the step must end at the clean picture.")


@exercise(reference=diffusion.zero_terminal)
def repaired(attempt) -> None:
    """A schedule whose last step holds nothing of the data, and whose first is as it was."""
    for leaky in (diffusion.linear(100), diffusion.linear(37, 1e-3, 0.05), diffusion.linear(1000)):
        root = leaky.sqrt()
        cut = leaky.clone()
        cut[-1] = 0
        first = leaky[:1]
        stretched = ((root - root[-1]) * root[1] / (root[1] - root[-1]))[1:]
        mistakes = {
            "You stretch alpha_bar. Stretch its root, which is what multiplies the picture.": (
                torch.cat([first, ((leaky - leaky[-1]) * leaky[1] / (leaky[1] - leaky[-1]))[1:]])
            ),
            "You stretch from alpha_bar[0] = 1, so the first step changes. Keep alpha_bar[1].": (
                ((root - root[-1]) / (1 - root[-1])).square()
            ),
            "You only cut the end: the last step then jumps. Stretch all of them.": cut,
            "These are the roots: square them at the end.": torch.cat([first, stretched]),
            "You shift but don't stretch: the first step changes.": torch.cat([first, (root - root[-1])[1:].square()]),
        }
        otherwise = "Shift the roots so that the last is 0, stretch so that the one at step 1 stays, then square."
        attempt.compare(*attempt(leaky), mistakes, otherwise)


def _ddim(clean, x_t, a_t, a_s):
    return diffusion.ddim(clean, diffusion.DATA.read(clean, x_t, a_t)[1], a_t, a_s, 0.0, None)


def _planted(clean, x_t, a_t, a_s):
    rest = x_t - a_t**0.5 * clean
    return a_s**0.5 * clean + (1 - a_s) / (1 - a_t) * rest


@exercise(reference=_ddim, planted=_planted, shipped=[diffusion.ddim])
def ddim(attempt) -> None:
    """DDIM: the noise that is believed in, put back at the new level."""
    for shape, (a_t, a_s) in zip(((2, 1, 4, 4), (5, 3), (1, 2, 3, 3)), SHARES, strict=True):
        clean, x_t = torch.randn(2, *shape)
        noise = diffusion.DATA.read(clean, x_t, a_t)[1]
        found, right = attempt(clean, x_t, a_t, a_s)
        need(alike(attempt(clean, x_t, a_t, a_s)[0], found), "Two calls differ: DDIM draws no noise.")
        mistakes = {
            "Still too little noise: you scale it by a ratio of variances. What is scaled is noise itself: the root.": (
                _planted(clean, x_t, a_t, a_s)
            ),
            "Too little noise at the new level: its variance should be 1 - a_s, so its scale is the root.": (
                a_s**0.5 * clean + (1 - a_s) * noise
            ),
            "Now the noise is upside down: it grows where the share of data grows. (1 - a_s) is above.": (
                a_s**0.5 * clean + (1 - a_t) / (1 - a_s) ** 0.5 * noise
            ),
            "As much noise as before the step: at the new level it is √(1 - a_s).": (
                a_s**0.5 * clean + (1 - a_t) ** 0.5 * noise
            ),
            "You work out the noise with the new share, so the step goes nowhere. x_t is at a_t.": x_t,
            "The noise is gone altogether: put √(1 - a_s) of it back.": a_s**0.5 * clean,
            "The picture must be scaled by √a_s at the new level.": a_t**0.5 * clean + (1 - a_s) ** 0.5 * noise,
        }
        otherwise = f"With a_t = {a_t} and a_s = {a_s} this is not √a_s · clean + √(1 - a_s) · noise."
        attempt.compare(found, right, mistakes, otherwise)
