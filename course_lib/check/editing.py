"""Checkers of notebook 14: putting in what is known, going back to noise, trying again, counting, where to start."""

import math

import torch

from ..methods import editing, flow
from .core import exercise
from .forms import need

KEPT = "keep is True where the picture is known: there the clean picture belongs, elsewhere x stays."


def _cases():
    for shape in ((6, 2), (3, 1, 4, 4)):
        x, clean, noise, more = torch.randn(4, *shape).double()
        keep = torch.rand(shape) < 0.5
        keep.view(-1)[:2] = torch.tensor([True, False])
        s = float(torch.rand(()) * 0.4 + 0.1)
        yield x, clean, keep, noise, more, s, s + 0.3


def _replaced(x, clean, keep, noise, t):
    return torch.where(keep, (1 - t) * clean + t * noise, x)


@exercise(reference=_replaced)
def replaced(attempt) -> None:
    """What is known, as noisy as time t wants it, put into x."""
    for x, clean, keep, noise, _, t, _ in _cases():
        known = (1 - t) * clean + t * noise
        mistakes = {
            "You put the clean picture in: at time t everything around it is noisy. Make it as noisy: `flow.path`.": (
                torch.where(keep, clean, x)
            ),
            "You replaced what is hidden and left what is known. " + KEPT: torch.where(keep, x, known),
            "Time runs the other way: t = 0 is the clean picture, t = 1 is noise.": torch.where(
                keep, t * clean + (1 - t) * noise, x
            ),
            "That is noise on the whole of the picture: where keep is False, x stays as it is.": known,
            "Noise is added but the picture is not shrunk: the path is (1 - t) clean + t noise.": torch.where(
                keep, clean + t * noise, x
            ),
        }
        otherwise = "This is not (1 - t) clean + t noise where keep is True, and x elsewhere."
        attempt.compare(*attempt(x, clean, keep, noise, t), mistakes, otherwise)


@exercise(reference=editing.renoise)
def renoise(attempt) -> None:
    """From time s on to a later t: the law that the path has there."""
    for x, _, _, noise, _, s, t in _cases():
        shrink = (1 - t) / (1 - s)
        mistakes = {
            "Noise of variance t² is too much: shrink · s of it is in x already. Variances add up.": (
                shrink * x + t * noise
            ),
            "Standard deviations don't add up, variances do: it is the root of t² - (shrink · s)².": (
                shrink * x + (t - shrink * s) * noise
            ),
            "The noise that is in x is shrunk too: what is missing is t² - (shrink · s)², not t² - s².": (
                shrink * x + math.sqrt(t * t - s * s) * noise
            ),
            "The picture in x must shrink from 1 - s to 1 - t: multiply x by (1 - t) / (1 - s).": (
                x + math.sqrt(t * t - (shrink * s) ** 2) * noise
            ),
            "In x the picture has shrunk to 1 - s already: what is left to do is (1 - t) / (1 - s).": (
                (1 - t) * x + math.sqrt(t * t - ((1 - t) * s) ** 2) * noise
            ),
            "That is the variance of the noise. Noise is multiplied by its root.": (
                shrink * x + (t * t - (shrink * s) ** 2) * noise
            ),
            "That is the way from data to time t. But x is at time s, and has noise in it.": (1 - t) * x + t * noise,
        }
        otherwise = "This is not shrink · x + √(t² - (shrink · s)²) · noise with shrink = (1 - t) / (1 - s)."
        attempt.compare(*attempt(x, noise, s, t), mistakes, otherwise)


def _velocity(x, t):
    return torch.sin(2 * x) - t * x


def _tries(velocity, x, clean, keep, t, s, noise):
    for i, (known, back) in enumerate(noise):
        x = _replaced(flow.euler(velocity, x, t, s), clean, keep, known, s)
        x = editing.renoise(x, back, s, t) if i < len(noise) - 1 else x
    return x


def _hoisted(velocity, x, clean, keep, t, s, noise):
    known, back = noise[0]
    for i in range(len(noise)):
        x = x + (s - t) * velocity(x, t)
        x = torch.where(keep, (1 - s) * clean + s * known, x)
        if i < len(noise) - 1:
            shrink = (1 - t) / (1 - s)
            x = shrink * x + (t**2 - (shrink * s) ** 2) ** 0.5 * back
    return x


@exercise(reference=_tries, planted=_hoisted)
def tries(attempt) -> None:
    """One step from t to s in several tries, each with noise of its own."""
    for x, clean, keep, _, _, s, t in _cases():
        noise = torch.randn(4, 2, *x.shape).double()

        def put(x, i, at=s, clean=clean, keep=keep, noise=noise):
            return _replaced(x, clean, keep, noise[i, 0], at)

        def walk(back, at=s, last=False, first=x, t=t, s=s, put=put):
            y = first
            for i in range(4):
                y = put(flow.euler(_velocity, y, t, s), i, at)
                y = back(y, i) if i < 3 or last else y
            return y

        def away(y, i, noise=noise, s=s, t=t):
            return editing.renoise(y, noise[i, 1], s, t)

        mistakes = {
            "Still the same noise in every try: count how often each of noise[i] is used.": (
                _hoisted(_velocity, x, clean, keep, t, s, noise)
            ),
            "After the last try you go back to t once more: the step ends at s.": walk(away, last=True),
            "What is known is put in at time s, after the step: (1 - s) clean + s noise.": walk(away, at=t),
            "You never go back: each try but the last returns to time t by re-noising.": walk(lambda y, i: y),
            "That is one try. There are as many as noise has rows.": put(flow.euler(_velocity, x, t, s), 0),
        }
        otherwise = "This is not: step, put in the known, go back (all but the last time), with noise[i] in try i."
        attempt.compare(*attempt(_velocity, x, clean, keep, t, s, noise), mistakes, otherwise)


def _completions(empty, kinds, most):
    counts = torch.zeros(most + 1, dtype=kinds.dtype)
    counts[0] = 1
    for none, some in zip(empty, kinds):
        counts = none * counts + some * torch.cat([torch.zeros_like(counts[:1]), counts[:-1]])
    return counts


@exercise(reference=_completions)
def completions(attempt) -> None:
    """How many scenes of 0, 1 … `most` objects fit to what is seen of them."""
    for cells, most in ((9, 3), (2, 2), (4, 3)):
        empty, kinds = torch.randint(0, 2, (cells,)).double(), torch.randint(0, 65, (cells,)).double()
        empty[: cells // 2], empty[-1], kinds[0] = 1, 0, 3  # some fit, and not all
        found, right = attempt(empty, kinds, most)
        need(found.shape == right.shape, f"Give {most + 1} numbers, of 0 to {most} objects, not {list(found.shape)}.")
        ones = torch.ones_like(empty)
        chosen = [math.comb(cells, k) * float(kinds.mean()) ** k for k in range(most + 1)]
        mistakes = {
            "A cell that cannot be empty was counted as empty too: multiply by empty[c].": (
                _completions(ones, kinds, most)
            ),
            "Where an object stands any of the kinds that fit may stand: multiply by kinds[c].": (
                _completions(empty, (kinds > 0).double(), most)
            ),
            "Each cell has its own number of kinds: their mean is not enough.": torch.tensor(chosen).double(),
            "That is the number of scenes with at most so many objects. Asked for is exactly so many.": right.cumsum(0),
            "The order is turned round: counts[k] is of k objects.": right.flip(0),
            "A cell holds nothing or one object: each cell gives one to k at most. Don't update counts in place from "
            "the left, or a cell is used twice.": _twice(empty, kinds, most),
        }
        otherwise = "These are not the coefficients of the product over cells of empty[c] + kinds[c] · z."
        attempt.compare(found, right, mistakes, otherwise)


def _twice(empty, kinds, most):
    counts = [1.0] + [0.0] * most
    for none, some in zip(empty.tolist(), kinds.tolist()):
        counts[0] *= none
        for k in range(1, most + 1):
            counts[k] = none * counts[k] + some * counts[k - 1]
    return torch.tensor(counts).double()


def _started(x, noise, strength, steps):
    return (1 - strength) * x + strength * noise, torch.linspace(strength, 0, steps + 1, dtype=torch.float64)


@exercise(reference=_started, gives="a point and its times")
def varied_start(attempt) -> None:
    """Where a variation starts, and the times at which it stops on its way to the data."""
    for x, _, _, noise, _, strength, _ in _cases():
        for steps in (4, 10):
            (point, times), right = attempt(x, noise, strength, steps)
            need(times.shape == (steps + 1,), f"{steps} steps have {steps + 1} ends: give so many times.")
            full = torch.linspace(1, 0, steps + 1).double()
            mistakes = {
                "That starts in pure noise: nothing of x is left. Start at time strength.": (noise, full),
                "The point is at time strength, but the times begin at 1: begin at strength.": (right[0], full),
                "The times run from data to noise: the way leads from strength down to 0.": (
                    right[0],
                    right[1].flip(0),
                ),
                "x is not shrunk: a point of the path at time t is (1 - t) x + t noise.": (
                    x + strength * noise,
                    right[1],
                ),
                "Strength is the share of noise, not of x.": (strength * x + (1 - strength) * noise, right[1]),
            }
            otherwise = "This is not the path at time strength, and times from strength to 0 in equal steps."
            attempt.compare((point, times), right, mistakes, otherwise)
