"""The exercises of notebook 12: right answers pass, usual mistakes are named; and its widget."""

import pytest
import torch
from solutions import named

from course_lib import check
from course_lib.show import head_to_head, play


def wide(t, x):
    return t.view(-1, *[1] * (x.ndim - 1))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda s, x, t, d, y: x + wide(d, x) * s(x, t, d, y), "away from the data"),
        (lambda s, x, t, d, y: x - wide(t, x) * s(x, t, d, y), "all the way"),
        (lambda s, x, t, d, y: s(x, t, d, y), "That is the velocity"),
        (lambda s, x, t, d, y: x - s(x, t, d, y), "forget the length"),
        (lambda s, x, t, d, y: x - d * s(x, t, d, y), "missing dimensions"),
        (lambda s, x, t, d, y: x - wide(d, x) * s(x, t, d / 2, y), "another question"),
        (lambda s, x, t, d, y: x - wide(t + d, x) * s(x, t, d, y), "as far as"),
        (lambda s, x, t, d, y: 0 * x, "not x - stride"),
    ],
)
def test_wrong_jumps_are_named(attempt, message):
    named(check.jump, attempt, message)


def halves(moves=1.0, later=0.5, stride=0.5, share=0.5):
    """Two halves, with what is usually got wrong."""

    def two_halves(student, x, t, d, labels):
        first = student(x, t, stride * d, labels)
        moved = x - moves * wide(stride * d, x) * first
        return share * (first + student(moved, t - later * d, stride * d, labels))

    return two_halves


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (halves(moves=0.0), "move x"),
        (halves(moves=-1.0), "moved the wrong way"),
        (halves(later=0.0), "its time is t - stride / 2"),
        (halves(stride=1.0, moves=0.5), "half the stride"),
        (halves(share=1.0), "That is the sum"),
        (halves(share=0.3), "not the mean"),
        (lambda s, x, t, d, y: x[0], "shape"),
    ],
)
def test_wrong_halves_are_named(attempt, message):
    named(check.two_halves, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda level, u: (u * 2.0**level).floor() * 2.0**-level + 0 * u, "a jump from 0 would end"),
        (lambda level, u: u, "before t = 0|on a grid"),
        (lambda level, u: 2.0**-level + u * (1 - 2.0**-level), "on a grid"),
        (lambda level, u: torch.ones_like(u), "each of the four starts"),
        (lambda level, u: ((u * 2.0**level).floor() + 2) / 2.0**level, "after t = 1"),
        (lambda level, u: u[:3], "One time a picture"),
    ],
)
def test_wrong_starts_are_named(attempt, message):
    named(check.starts, attempt, message)


def target(dt=1.0, dd=1.0, dx=1.0, sign=-1.0, scaled=True):
    """MeanFlow's target, with what is usually got wrong."""

    def meanflow_target(student, x, t, stride, labels, v):
        one = torch.ones_like(t)
        _, slope = torch.func.jvp(lambda *at: student(*at, labels), (x, t, stride), (dx * v, dt * one, dd * one))
        return v + sign * (wide(stride, x) if scaled else 1) * slope

    return meanflow_target


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (target(dd=0.0), "the stride grows with it"),
        (target(dt=0.0, dd=0.0), "Time runs too"),
        (target(dx=0.0), "the tangent of x is v"),
        (target(sign=1.0), "The sign"),
        (target(scaled=False), "multiply by it"),
        (lambda s, x, t, d, y, v: v, "plain flow matching"),
        (target(sign=-0.5), "with the tangents"),
    ],
)
def test_wrong_meanflow_targets_are_named(attempt, message):
    named(check.meanflow_target, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, t, right, own: wide(t, x) * (right - own), "away from what the teacher expects"),
        (lambda x, t, right, own: own - right, "difference of the velocities. The"),
        (lambda x, t, right, own: right - own, "and the wrong way"),
        (lambda x, t, right, own: (1 - wide(t, x)) * (right - own), "the expected noise"),
        (lambda x, t, right, own: x - wide(t, x) * right, "Take away"),
        (lambda x, t, right, own: -wide(t, x) * right, "Begin at the critic's"),
        (lambda x, t, right, own: wide(t, x) * (own - right) / 2, r"not \(x_t"),
        (lambda x, t, right, own: t * (own - right), "missing dimensions"),
    ],
)
def test_wrong_pulls_are_named(attempt, message):
    named(check.pull, attempt, message)


# The widget and the figure

ROWS = [
    {
        "name": name,
        "family": family,
        "steps": steps,
        "dials": {"steps": steps},
        "frechet": 10.0 * d,
        "frechet_floor": 0.1,
    }
    | {"frechet_relative": d, "seconds_batch_1": s, "seconds_batch_64": s / 5}
    for name, family, steps, d, s in (
        ("token-ar-fashion", "autoregressive", 49, 0.15, 0.03),
        ("dit-fashion", "noise", 4, 0.4, 0.01),
        ("dit-fashion", "noise", 16, 0.1, 0.04),
        ("one-step-fashion", "noise", 1, 0.3, 0.002),
    )
]
WORDS = {name: words for name, (words, _) in head_to_head.NAMES.items() if name in {row["name"] for row in ROWS}}


@pytest.fixture
def deadline():
    calls = []

    def draw(name, dials, label):
        calls.append((name, dials["steps"], label))
        return torch.full((1, 1, 28, 28), len(calls), dtype=torch.uint8)

    widget = play.Deadline(ROWS, draw, ["a", "b", "c"] * 4, WORDS)
    widget.calls = calls
    return widget


def notes(widget):
    return {card["words"]: (card["note"], card["best"]) for card in widget.cards}


def test_only_what_is_done_in_time_is_shown_and_the_nearest_is_marked(deadline):
    deadline.milliseconds = 5.0
    assert notes(deadline)["noise, few steps"] == ("1 step, distance 0.30", True)
    assert notes(deadline)["token by token"] == ("nothing yet", False)
    deadline.milliseconds = 35.0
    assert notes(deadline)["token by token"][1] and notes(deadline)["noise, transformer"][0].startswith("4 steps")
    deadline.milliseconds = 1000.0
    assert notes(deadline)["noise, transformer"] == ("16 steps, distance 0.10", True)


def test_before_anything_is_done_nothing_is_marked(deadline):
    deadline.milliseconds = 0.5
    assert not any(card["best"] for card in deadline.cards) and set(deadline.shown) == {225}


def test_each_picture_is_drawn_once_and_another_class_draws_anew(deadline):
    for milliseconds in (35.0, 1000.0, 35.0, 1000.0):
        deadline.milliseconds = milliseconds
    before = len(deadline.calls)
    assert len(set(deadline.calls)) == before
    deadline.label = 2
    assert len(deadline.calls) > before


@pytest.mark.parametrize("change", [{"milliseconds": 0.0}, {"label": 12}, {"label": -1}])
def test_a_wrong_setting_raises(deadline, change):
    with pytest.raises(ValueError, match=next(iter(change))):
        for name, value in change.items():
            setattr(deadline, name, value)


def test_the_static_frame_and_the_figure_are_drawn_and_put_in_words(deadline):
    assert "deadlines" in deadline.frame().alt and len(deadline.frame().png()) > 1000
    fig = head_to_head.draw(ROWS)
    assert "processor milliseconds" in fig.alt and len(fig.png()) > 1000
