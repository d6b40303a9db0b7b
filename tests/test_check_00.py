"""The exercises of notebook 00: right answers pass, usual mistakes are named."""

from math import comb

import pytest
from solutions import STUBS, named, written

from course_lib import check
from course_lib.methods import flow


def walk(old: str, new: str):
    """The planted `walk` with a piece of it replaced."""
    assert old in STUBS["walk"]
    return written(STUBS["walk"].replace(old, new), "walk")


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (walk("x + (t - s)", "x - (s - t)"), "wrong way"),
        (walk("linspace(1, 0", "linspace(0, 1"), "must begin at t = 1"),
        (walk("linspace(1, 0, steps + 1", "linspace(1, 0, steps"), "times, not"),
        (walk("x + (t - s)", "x - (t - s) / 2"), "stops before"),
        (walk("labels)\n", "labels + 1)\n"), "other labels"),
        (walk("(t - s) * model(x, t", "(s - t) * model(x, (t - 0.01)"), "it should be 1 - i /"),
    ],
)
def test_wrong_walks_are_named(attempt, message):
    named(check.walk, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda hits: comb(6, hits) ** 2 / comb(12, 6), "exactly"),
        (lambda hits: sum(comb(6, k) for k in range(hits, 7)) / 64, "coin"),
        (lambda hits: sum(comb(6, k) ** 2 for k in range(hits + 1, 7)) / comb(12, 6), "at least, not more than"),
        (lambda hits: 1 - sum(comb(6, k) ** 2 for k in range(hits, 7)) / comb(12, 6), "chance of fewer"),
        (lambda hits: sum(comb(6, k) ** 2 for k in range(hits + 1)) / comb(12, 6), "at most"),
        (lambda hits: sum(comb(6, k) ** 2 for k in range(hits, 7)), "Divide by all"),
        (lambda hits: sum(comb(6, k) ** 2 for k in range(hits, 7)) / 9.24, "per cent"),
        (lambda hits: 0.5, "should be 1.0000"),
        (lambda hits: None, "nothing back"),
    ],
)
def test_wrong_luck_is_named(attempt, message):
    named(check.by_luck, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda f, T, S, w: (T if f == "autoregressive" else T * S) * (1 + (w != 1)), "multiply tokens by steps"),
        (lambda f, T, S, w: T if f == "autoregressive" else S, "forgets guidance"),
        (lambda f, T, S, w: 2 * (T if f == "autoregressive" else S), "at guidance 1"),
        (lambda f, T, S, w: (S if f == "autoregressive" else T) * (1 + (w != 1)), "wrong way round"),
        (lambda f, T, S, w: T * S * (1 + (w != 1)), "only one of the two"),
        (lambda f, T, S, w: S if f == "autoregressive" else T, "and guidance is forgotten"),
        (lambda f, T, S, w: (T if f == "autoregressive" else S) * w, "no factor"),
        (lambda f, T, S, w: 1, "should be"),
    ],
)
def test_wrong_counts_are_named(attempt, message):
    named(check.forwards, attempt, message)


def shaped(x, t):
    return t.view(-1, *[1] * (x.ndim - 1))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, noise, t: flow.path(x, noise, 1 - t), "backwards"),
        (lambda x, noise, t: ((1 - t) * x + t * noise, noise - x), "t needs a 1 for each other axis"),
        (lambda x, noise, t: (flow.path(x, noise, t)[0], x - noise), "noise - x"),
        (lambda x, noise, t: (x + shaped(x, t) * noise, noise - x), "straight line"),
        (lambda x, noise, t: (flow.path(x, noise, t)[0], noise), "d x_t / dt"),
        (lambda x, noise, t: (flow.path(x, noise, t)[0], noise - flow.path(x, noise, t)[0]), "how far it is"),
        (lambda x, noise, t: (flow.path(x, noise, t)[0], flow.path(x, noise, t)[0] - x), "how far x_t has come"),
        (lambda x, noise, t: ((1 - shaped(x, t)) ** 0.5 * x + shaped(x, t) ** 0.5 * noise, noise - x), "a circle"),
    ],
)
def test_wrong_paths_are_named(attempt, message):
    named(check.path, attempt, message)
