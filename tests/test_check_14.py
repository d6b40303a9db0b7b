"""The exercises of notebook 14: right answers pass, usual mistakes are named."""

import math

import pytest
import torch
from solutions import named

from course_lib import check


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, clean, keep, noise, t: torch.where(keep, clean, x), "put the clean picture in"),
        (lambda x, clean, keep, noise, t: torch.where(keep, x, (1 - t) * clean + t * noise), "replaced what is hidden"),
        (lambda x, clean, keep, noise, t: torch.where(keep, t * clean + (1 - t) * noise, x), "the other way"),
        (lambda x, clean, keep, noise, t: (1 - t) * clean + t * noise, "the whole of the picture"),
        (lambda x, clean, keep, noise, t: torch.where(keep, clean + t * noise, x), "not shrunk"),
        (lambda x, clean, keep, noise, t: x, "This is not"),
    ],
)
def test_wrong_replacements_are_named(attempt, message):
    named(check.replaced, attempt, message)


def back(shrink=lambda s, t: (1 - t) / (1 - s), spread=lambda a, s, t: math.sqrt(t * t - (a * s) ** 2)):
    """Back to noise, with what is usually got wrong."""

    def renoise(x, noise, s, t):
        a = (1 - t) / (1 - s)
        return shrink(s, t) * x + spread(a, s, t) * noise

    return renoise


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (back(spread=lambda a, s, t: t), "too much"),
        (back(spread=lambda a, s, t: t - a * s), "Standard deviations don't add up"),
        (back(spread=lambda a, s, t: math.sqrt(t * t - s * s)), "shrunk too"),
        (back(shrink=lambda s, t: 1), "must shrink"),
        (back(spread=lambda a, s, t: t * t - (a * s) ** 2), "its root"),
        (lambda x, noise, s, t: (1 - t) * x + t * noise, "from data to time t"),
        (
            lambda x, noise, s, t: (1 - t) * x + math.sqrt(t * t - ((1 - t) * s) ** 2) * noise,
            "shrunk to 1 - s already",
        ),
        (lambda x, noise, s, t: x, "This is not"),
    ],
)
def test_wrong_ways_back_are_named(attempt, message):
    named(check.renoise, attempt, message)


def tried(last=False, at=None, returns=True, rows=None):
    """A step in tries, with what is usually got wrong."""

    def tries(velocity, x, clean, keep, t, s, noise):
        for i, (known, back) in enumerate(noise[:rows]):
            x = x + (s - t) * velocity(x, t)
            when = t if at == "t" else s
            x = torch.where(keep, (1 - when) * clean + when * known, x)
            if returns and (i < len(noise[:rows]) - 1 or last):
                a = (1 - t) / (1 - s)
                x = a * x + math.sqrt(t * t - (a * s) ** 2) * back
        return x

    return tries


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda *given: check.tries.planted(*given), "same noise in every try"),
        (tried(last=True), "once more"),
        (tried(at="t"), "put in at time s"),
        (tried(returns=False), "never go back"),
        (tried(rows=1), "one try"),
        (tried(rows=2), "This is not"),
    ],
)
def test_wrong_tries_are_named(attempt, message):
    named(check.tries, attempt, message)


def counted(none=lambda e: e, some=lambda k: k):
    """Counts of completions, with what is usually got wrong."""

    def completions(empty, kinds, most):
        counts = torch.zeros(most + 1, dtype=kinds.dtype)
        counts[0] = 1
        for e, k in zip(none(empty), some(kinds)):
            counts = e * counts + k * torch.cat([torch.zeros_like(counts[:1]), counts[:-1]])
        return counts

    return completions


def in_place(empty, kinds, most):
    counts = torch.zeros(most + 1, dtype=kinds.dtype)
    counts[0] = 1
    for e, k in zip(empty, kinds):
        counts[0] *= e
        for n in range(1, most + 1):
            counts[n] = e * counts[n] + k * counts[n - 1]
    return counts


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (counted(none=torch.ones_like), "counted as empty"),
        (counted(some=lambda k: (k > 0).double()), r"multiply by kinds\[c\]"),
        (lambda e, k, most: counted()(e, k, most).cumsum(0), "at most so many"),
        (lambda e, k, most: counted()(e, k, most).flip(0), "turned round"),
        (in_place, "used twice"),
        (lambda e, k, most: counted()(e, k, most)[1:], "numbers, of 0 to"),
        (lambda e, k, most: counted()(e, k, most) + 1, "coefficients"),
        (
            lambda e, k, most: torch.tensor([math.comb(len(e), n) * float(k.mean()) ** n for n in range(most + 1)]),
            "their mean is not enough|digits are lost",
        ),
    ],
)
def test_wrong_counts_are_named(attempt, message):
    named(check.completions, attempt, message)


def start(point=lambda x, noise, a: (1 - a) * x + a * noise, times=lambda a, n: torch.linspace(a, 0, n + 1).double()):
    """The start of a variation, with what is usually got wrong."""
    return lambda x, noise, strength, steps: (point(x, noise, strength), times(strength, steps))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (start(lambda x, noise, a: noise, lambda a, n: torch.linspace(1, 0, n + 1).double()), "pure noise"),
        (start(times=lambda a, n: torch.linspace(1, 0, n + 1).double()), "the times begin at 1"),
        (start(times=lambda a, n: torch.linspace(0, a, n + 1, dtype=torch.float64)), "from data to noise"),
        (
            start(lambda x, noise, a: x + a * noise, lambda a, n: torch.linspace(a, 0, n + 1, dtype=torch.float64)),
            "x is not shrunk",
        ),
        (
            start(
                lambda x, noise, a: a * x + (1 - a) * noise,
                lambda a, n: torch.linspace(a, 0, n + 1, dtype=torch.float64),
            ),
            "share of noise",
        ),
        (start(times=lambda a, n: torch.linspace(a, 0, n).double()), "so many times"),
        (start(lambda x, noise, a: x, lambda a, n: torch.linspace(a, 0, n + 1, dtype=torch.float64)), "This is not"),
    ],
)
def test_wrong_starts_of_variations_are_named(attempt, message):
    named(check.varied_start, attempt, message)
