"""The exercises of notebook 16: right answers pass, usual mistakes are named; and its widget."""

import math

import pytest
import torch
from solutions import named
from tiny import shaken

from course_lib import check
from course_lib.methods import bridges
from course_lib.networks import BlockTransformer, BlockTransformerConfig
from course_lib.show import play


def mask(clean=lambda i, j, a, b: j <= i, leak=None, before=lambda i, j, a, b: b < a, own=lambda i, j, a, b: a == b):
    """A mask of the doubled sequence, with what is usually got wrong."""

    def in_blocks(T, block):
        i, j = torch.arange(T)[:, None], torch.arange(T)[None]
        a, b = i // block, j // block
        nobody = torch.zeros(T, T, dtype=torch.bool)
        above = torch.cat([clean(i, j, a, b), leak(i, j, a, b) if leak else nobody], 1)
        return torch.cat([above, torch.cat([before(i, j, a, b), own(i, j, a, b)], 1)])

    return in_blocks


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (mask(before=lambda i, j, a, b: b <= a), "there stands the answer"),
        (mask(before=lambda i, j, a, b: j < i), "the answers of its neighbours"),
        (mask(own=lambda i, j, a, b: b <= a), "earlier blocks too"),
        (mask(own=lambda i, j, a, b: (a == b) & (j <= i)), "those after it too"),
        (mask(clean=lambda i, j, a, b: b <= a), "by the token"),
        (mask(clean=lambda i, j, a, b: j < i), "does not see itself"),
        (mask(leak=lambda i, j, a, b: b < a), "Clean places see copies"),
        (lambda T, block: mask()(T, block).T, "Rows look"),
        (lambda T, block: mask()(T, block)[:T], r"the mask is \["),
        (lambda T, block: ~mask()(T, block), "draw your mask"),
    ],
)
def test_wrong_masks_are_named(attempt, message):
    named(check.in_blocks, attempt, message)


def hiding(count=lambda u, b: (u * b).long() + 1, weight=lambda b, n: b / n, rank=lambda v: v.argsort(2).argsort(2)):
    """Hiding by count, with what is usually got wrong."""

    def weigh(u, v, block):
        n = count(u, block)[..., None]
        return ((rank(v.unflatten(1, (-1, block))) < n) * weight(block, n)).flatten(1)

    return weigh


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (hiding(weight=lambda b, n: torch.ones_like(n).float()), "Hidden places weigh 1"),
        (hiding(weight=lambda b, n: n / b), "the other way round"),
        (hiding(weight=lambda b, n: 1 / n), "add up to 1"),
        (hiding(count=lambda u, b: (u * b).long(), weight=lambda b, n: b / n.clamp(min=1)), "Counts run from 0"),
        (hiding(rank=lambda v: v.argsort(2)), "lists places by rank"),
        (hiding(rank=lambda v: (-v).argsort(2).argsort(2)), "largest v"),
        (lambda u, v, b: check.weigh.reference(u, v, b)[:, :2], "One weight a place"),
        (lambda u, v, b: torch.zeros_like(v), "In each block of b"),
    ],
)
def test_wrong_weights_are_named(attempt, message):
    named(check.weigh, attempt, message)


def entropy(q):
    return -torch.special.xlogy(q, q).sum()


def alone(p, place):
    return p.sum([d for d in range(p.ndim) if d != place])


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda p: sum(entropy(alone(p, d)) for d in range(p.ndim)) - entropy(p), "nats"),
        (lambda p: -check.lost.reference(p), "The other way round"),
        (lambda p: entropy(p) / math.log(2), "what they cost together"),
        (lambda p: sum(entropy(alone(p, d)) for d in range(p.ndim)) / math.log(2), "what they cost apart"),
        (lambda p: (p * p.log()).sum(), "NaN"),
        (lambda p: 0 * p.sum(), "Not the sum"),
    ],
)
def test_wrong_losses_are_named(attempt, message):
    named(check.lost, attempt, message)


def choice(sure=lambda p, guess: p.amax(-1), one=True, old=False):
    """Which places are written, with what is usually got wrong."""

    def written_now(p, guess, left, certain):
        s = sure(p, guess) if old else sure(p, guess).masked_fill(~left, -1)
        first = torch.zeros_like(left).scatter(1, s.argmax(1, keepdim=True), one)
        return (first | (s >= certain)) & (left | old)

    return written_now


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (choice(sure=lambda p, guess: p.gather(-1, guess[..., None])[..., 0]), "drawn"),
        (choice(one=False), "nothing is written"),
        (choice(old=True), "written already"),
        (choice(sure=lambda p, guess: p.amax(-1) - 0.5 * (p.argmax(-1) == guess)), "other draws"),
        (lambda p, guess, left, certain: left, "Everything that is left"),
        (lambda p, guess, left, certain: choice()(p, guess, left, 2), "Only the surest"),
        (lambda p, guess, left, certain: left[:, :2], "One answer a place"),
        (lambda p, guess, left, certain: choice()(1 - p, guess, left, 2), "Not the places"),
    ],
)
def test_wrong_choices_are_named(attempt, message):
    named(check.written_now, attempt, message)


# The widget


def decoded(x):
    """Tokens [n, 49] as grey squares."""
    return (x.view(-1, 1, 7, 7) * 50).to(torch.uint8).repeat_interleave(4, 2).repeat_interleave(4, 3)


@pytest.fixture(scope="module")
def dial():
    shape = {"grid": (7, 7), "tokens": 5, "classes": 12, "width": 16, "depth": 1, "heads": 2, "groups": (49,)}
    model = shaken(BlockTransformer(BlockTransformerConfig(**shape)), dtype=torch.float32)
    return play.Blocks(model, decoded, ["coat", "bag", "boot"] * 4)


def test_the_dial_writes_one_picture_in_three_sizes_and_says_what_it_paid(dial):
    dial.label = 1
    for film in dial.films.values():
        assert len(film["frames"]) == len(film["bits"]) == len(film["ms"]) == 50
        assert (film["frames"][0] == 170).all() and not (film["frames"][-1] == 170).any()
        assert film["ms"] == sorted(film["ms"]) and film["bits"] == sorted(film["bits"])
    last = dial.films[1]["frames"][-1][::4, ::4].flatten() // 50
    nats = bridges.bound(dial.model, last[None].long(), torch.tensor([1]), 1)
    assert dial.films[1]["bits"][-1] == pytest.approx(float(nats) / math.log(2), rel=1e-3)
    assert "blocks of 7 49 passes" in dial.status


def test_fewer_passes_give_fewer_frames(dial):
    dial.passes = 2
    assert [len(film["ms"]) - 1 for film in dial.films.values()] == [49, 14, 2]
    assert len(dial.pixels) == (50 + 15 + 3) * 28 * 28 and [len(row["bits"]) for row in dial.about] == [50, 15, 3]
    dial.passes = 49


def test_a_wrong_setting_of_the_dial_is_refused_and_nothing_is_lost(dial):
    before = dial.pixels
    for name, value in (("label", 99), ("passes", 0), ("seed", -1)):
        with pytest.raises(ValueError, match=f"{name}={value} must lie in"):
            setattr(dial, name, value)
    assert dial.pixels == before


def test_the_dial_without_a_kernel(dial):
    fig = dial.frame()
    assert "passes" in fig.alt and len(fig.png()) > 1000
