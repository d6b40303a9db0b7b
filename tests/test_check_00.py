"""The exercises of notebook 00: right answers pass, usual mistakes are named."""

from math import comb

import pytest
import torch
from solutions import solutions

from course_lib import check
from course_lib.methods import flow

EXERCISES = ("by_luck", "forwards", "path", "walk")


@pytest.fixture(scope="module")
def answers():
    found = solutions("00_two_questions")
    found["by_luck"].__globals__["comb"] = comb  # the notebook imports it at the top
    return found


@pytest.mark.parametrize("name", EXERCISES)
def test_the_folded_solution_is_right(name, answers, capsys):
    assert getattr(check, name)(answers[name]) is answers[name]
    assert capsys.readouterr().out == f"✓ {name}: right.\n"


def stub(*_):
    raise NotImplementedError


@pytest.mark.parametrize("name", EXERCISES)
def test_an_untouched_exercise_lends_the_course_version(name, capsys):
    checker = getattr(check, name)
    assert checker(stub) is checker.reference
    assert "not attempted" in capsys.readouterr().out


@pytest.mark.parametrize("name", EXERCISES)
def test_grading_counts_an_untouched_exercise_as_not_attempted(name, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING", "1")
    with pytest.raises(check.Wrong, match="not attempted"):
        getattr(check, name)(stub)


PLANTED = """
def walk(model, noise, labels, steps):
    x, times = noise, torch.linspace(1, 0, steps + 1, device=noise.device)
    for t, s in zip(times[:-1], times[1:]):
        x = x + (t - s) * model(x, t.expand(len(x)), labels)
    return x
"""


def written(source: str, **changes: str):
    """The function `walk` out of `source` with pieces replaced, compiled like a notebook's cell."""
    for old, new in changes.values():
        assert old in source
        source = source.replace(old, new)
    space = {"torch": torch}
    exec(source, space)
    return space["walk"]


def test_the_planted_bug_left_in_counts_as_not_attempted():
    assert check.walk(written(PLANTED)) is check.walk.reference


def test_the_planted_bug_otherwise_written_is_wrong():
    with pytest.raises(check.Wrong, match="wrong way"):
        check.walk(written(PLANTED, sign=("x + (t - s)", "x - (s - t)")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("linspace(1, 0", "linspace(0, 1", "must begin at t = 1"),
        ("linspace(1, 0, steps + 1", "linspace(1, 0, steps", "times, not"),
        ("x + (t - s)", "x - (t - s) / 2", "stops before"),
    ],
)
def test_wrong_walks_are_named(old, new, message):
    with pytest.raises(check.Wrong, match=message):
        check.walk(written(PLANTED, repair=(old, new)))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda hits: comb(6, hits) ** 2 / comb(12, 6), "exactly"),
        (lambda hits: sum(comb(6, k) for k in range(hits, 7)) / 64, "coin"),
        (lambda hits: sum(comb(6, k) ** 2 for k in range(hits + 1, 7)) / comb(12, 6), "at least, not more than"),
        (lambda hits: None, "nothing back"),
    ],
)
def test_wrong_luck_is_named(attempt, message):
    with pytest.raises(check.Wrong, match=message):
        check.by_luck(attempt)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda f, T, S, w: (T if f == "autoregressive" else T * S) * (1 + (w != 1)), "multiply tokens by steps"),
        (lambda f, T, S, w: T if f == "autoregressive" else S, "forgets guidance"),
        (lambda f, T, S, w: 2 * (T if f == "autoregressive" else S), "at guidance 1"),
        (lambda f, T, S, w: (S if f == "autoregressive" else T) * (1 + (w != 1)), "wrong way round"),
        (lambda f, T, S, w: 1, "should be"),
    ],
)
def test_wrong_counts_are_named(attempt, message):
    with pytest.raises(check.Wrong, match=message):
        check.forwards(attempt)


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
    ],
)
def test_wrong_paths_are_named(attempt, message):
    with pytest.raises(check.Wrong, match=message):
        check.path(attempt)
