"""Checkers of notebook 09: what a velocity says, one step of DDPM, a schedule that leaks, a DDIM step that irons."""

import torch

from ..methods import diffusion
from .core import Wrong, exercise

SHARES = ((0.3, 0.6), (0.05, 0.2), (0.9, 0.98))  # of the data: in the noisier, in the less noisy picture


def _like(found, right) -> bool:
    return found.shape == right.shape and torch.allclose(found, right, rtol=1e-4, atol=1e-4)


def _compare(found, right, mistakes: dict, otherwise: str) -> None:
    """Nothing where `found` is right; else the mistake that gives the same numbers, or `otherwise`."""
    found = torch.as_tensor(found)
    assert found.shape == right.shape, f"The answer should have shape {list(right.shape)}, not {list(found.shape)}."
    if found.isnan().any():
        raise Wrong("There is NaN: look for the root of a negative number, or for 0 / 0.")
    if not _like(found.to(right), right):
        same = (message for message, wrong in mistakes.items() if _like(found.to(right), wrong))
        raise Wrong(next(same, otherwise))


@exercise(reference=diffusion.VELOCITY.read)
def read_velocity(attempt) -> None:
    """Data and noise out of the point and its velocity: a turn, for numbers and for shares that differ."""
    for shape, a in (((2, 1, 5, 4), 0.3), ((3, 6), 0.9), ((4, 2, 3, 3), torch.rand(4, 1, 1, 1) * 0.8 + 0.1)):
        x, noise = torch.randn(2, *shape)
        x_t, v = diffusion.noised(x, noise, a), diffusion.VELOCITY.make(x, noise, a)
        found = attempt(v, x_t, a)
        assert isinstance(found, tuple) and len(found) == 2, "Give two tensors: the data and the noise."
        c, s = a**0.5, (1 - a) ** 0.5
        if _like(found[0], noise) and _like(found[1], x):
            raise Wrong("Both are right, in the wrong order: first the data, then the noise.")
        mistakes = {
            "The roots are missing: the weights are √a and √(1 - a), not a and 1 - a.": a * x_t - (1 - a) * v,
            "The sign of the velocity is wrong: it points away from the data.": c * x_t + s * v,
            "You add without weights. Multiply the point by √a and the velocity by √(1 - a).": x_t - v,
            "That is the noise.": noise,
            "√a and √(1 - a) are swapped.": s * x_t - c * v,
        }
        _compare(
            found[0], x, mistakes, "The first of the two is not the data. Eliminate the noise from both equations."
        )
        mistakes = {
            "The roots are missing in the noise.": (1 - a) * x_t + a * v,
            "The noise has the wrong sign of the velocity: it points towards the noise.": s * x_t - c * v,
            "√a and √(1 - a) are swapped in the noise.": c * x_t + s * v,
        }
        _compare(found[1], noise, mistakes, "The data is right, the noise is not. Eliminate the data.")


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
        _compare(attempt(clean, x_t, a_t, a_s, fresh), _back(clean, x_t, a_t, a_s, fresh), mistakes, otherwise)
    clean, x_t, fresh = torch.randn(3, 2, 3)
    assert _like(attempt(clean, x_t, 0.99, 1.0, fresh), clean), "With a_s = 1 the step must end at the clean picture."


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
        _compare(attempt(leaky.clone()), diffusion.zero_terminal(leaky), mistakes, otherwise)


def _ddim(clean, x_t, a_t, a_s):
    return diffusion.ddim(clean, diffusion.DATA.read(clean, x_t, a_t)[1], a_t, a_s, 0.0, None)


def _planted(clean, x_t, a_t, a_s):
    noise = (x_t - a_t**0.5 * clean) / (1 - a_t) ** 0.5
    return a_s**0.5 * clean + (1 - a_s) * noise


@exercise(reference=_ddim, planted=_planted, shipped=[diffusion.ddim])
def ddim(attempt) -> None:
    """DDIM: the noise that is believed in, put back at the new level."""
    for shape, (a_t, a_s) in zip(((2, 1, 4, 4), (5, 3), (1, 2, 3, 3)), SHARES, strict=True):
        clean, x_t = torch.randn(2, *shape)
        noise = diffusion.DATA.read(clean, x_t, a_t)[1]
        found = torch.as_tensor(attempt(clean, x_t, a_t, a_s))
        assert _like(torch.as_tensor(attempt(clean, x_t, a_t, a_s)), found), "Two calls differ: DDIM draws no noise."
        mistakes = {
            "Still too little noise at the new level: its variance should be 1 - a_s, so its scale is the root.": (
                _planted(clean, x_t, a_t, a_s)
            ),
            "As much noise as before the step: at the new level it is √(1 - a_s).": (
                a_s**0.5 * clean + (1 - a_t) ** 0.5 * noise
            ),
            "You work out the noise with the new share, so the step goes nowhere. x_t is at a_t.": x_t,
            "The noise is gone altogether: put √(1 - a_s) of it back.": a_s**0.5 * clean,
            "The picture must be scaled by √a_s at the new level.": a_t**0.5 * clean + (1 - a_s) ** 0.5 * noise,
        }
        otherwise = f"With a_t = {a_t} and a_s = {a_s} this is not √a_s · clean + √(1 - a_s) · noise."
        _compare(found, _ddim(clean, x_t, a_t, a_s), mistakes, otherwise)
