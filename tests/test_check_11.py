"""The exercises of notebook 11: right answers pass, usual mistakes are named; its widget and its experiments."""

import pytest
import torch
import torch.nn.functional as F
from solutions import named

from course_lib import check, data
from course_lib.experiments import denoising
from course_lib.networks import Transformer, TransformerConfig
from course_lib.show import play


def block(one=1, order=(0, 1, 2, 3, 4, 5), read=None, gated=True, old=False, keep=1, open_at=0):
    """A block, with what is usually got wrong."""

    def adaln_block(x, six, attend, think):
        norm = read or (lambda h: F.layer_norm(h, h.shape[-1:]))
        a, b, c, d, e, f = six[:, list(order)].unsqueeze(2).unbind(1)
        c, f = (open_at + c, open_at + f) if gated else (1, 1)
        y = keep * x + c * attend(norm(x) * (one + b) + a)
        return keep * y + f * think(norm(x if old else y) * (one + e) + d)

    return adaln_block


def around(read):
    """A block that reads x by `read(x, shift, scale)`."""

    def adaln_block(x, six, attend, think):
        a, b, c, d, e, f = six.unsqueeze(2).unbind(1)
        x = x + c * attend(read(x, a, b))
        return x + f * think(read(x, d, e))

    return adaln_block


def halves(first=None, second=None, gated=(True, True)):
    """A block that is right in one half only: what each reads, and whether its gate is there."""

    def right(h, shift, scale):
        return F.layer_norm(h, h.shape[-1:]) * (1 + scale) + shift

    def adaln_block(x, six, attend, think):
        a, b, c, d, e, f = six.unsqueeze(2).unbind(1)
        x = x + (c if gated[0] else 1) * attend((first or right)(x, a, b))
        return x + (f if gated[1] else 1) * think((second or right)(x, d, e))

    return adaln_block


def held_back(x, six, attend, think):
    def norm(h):
        return F.layer_norm(h, h.shape[-1:])

    a, b, c, d, e, f = six.unsqueeze(2).unbind(1)
    x = c * (x + attend(norm(x) * (1 + b) + a))
    return f * (x + think(norm(x) * (1 + e) + d))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (block(one=0), "must be 1"),
        (block(order=(1, 0, 2, 4, 3, 5)), "first comes the shift"),
        (block(one=0, order=(1, 0, 2, 4, 3, 5)), "the 1 is missing"),
        (block(read=lambda h: h), "read as it is"),
        (block(order=(0, 1, 2, 0, 1, 2)), "three of its own"),
        (block(order=(3, 4, 5, 0, 1, 2)), "halves have changed places"),
        (block(gated=False), "gate is missing"),
        (block(old=True), "reads the old x"),
        (block(keep=0), "that is added is missing"),
        (held_back, "holds back x"),
        (block(order=(0, 2, 4, 1, 3, 5)), "order of the six is another"),
        (block(order=(1, 2, 0, 4, 5, 3)), "gate comes last"),
        (block(open_at=1), "The gate has no 1"),
        (halves(first=lambda h, shift, scale: h * (1 + scale) + shift), "In the first half: x is read as it is"),
        (
            halves(second=lambda h, shift, scale: F.layer_norm(h, h.shape[-1:]) * scale + shift),
            "In the second half: The",
        ),
        (halves(gated=(False, True)), "In the first half: The gate is missing"),
        (halves(gated=(True, False)), "In the second half: The gate is missing"),
        (block(read=lambda h: (h - h.mean(-1, keepdim=True)) / h.std(-1, keepdim=True)), "divides by D - 1"),
        (block(read=lambda h: F.layer_norm(h, h.shape[1:])), "over all tokens at once"),
        (around(lambda h, shift, scale: F.layer_norm(h * (1 + scale) + shift, h.shape[-1:])), "The norm comes first"),
        (around(lambda h, shift, scale: (F.layer_norm(h, h.shape[-1:]) + shift) * (1 + scale)), "shift is scaled too"),
        (block(read=lambda h: h / h.square().mean(-1, keepdim=True).sqrt()), "The mean stays in"),
        (lambda x, six, *both: block()(x, six * (torch.arange(6) < 3)[:, None], *both), "second half is missing"),
        (lambda x, six, attend, think: block()(x, six, think, attend), "first attend, then think"),
        (lambda x, six, attend, think: x + six[:, 2] * attend(x), "six.unsqueeze"),
        (lambda x, six, attend, think: x, "Two times over"),
        (lambda x, six, attend, think: x[0], "shape"),
    ],
)
def test_wrong_blocks_are_named(attempt, message):
    named(check.adaln_block, attempt, message)


def bill(weights=24, pairs=4, power=2, depths=True):
    """The operations of a network, miscounted."""

    def operations(size, patch, width, depth):
        tokens = (size // patch) ** power
        return (depth if depths else 1) * tokens * (weights * width**2 + pairs * tokens * width)

    return operations


def attended(size, patch, width, depth, pairs):
    """All operations, with what attention costs a token of n as given."""
    n = (size // patch) ** 2
    return depth * n * (24 * width**2 + pairs(n, width))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (bill(12, 2), "two operations"),
        (bill(pairs=0), "Attention is missing"),
        (bill(pairs=2), "two products"),
        (bill(power=1), "square it"),
        (bill(weights=16), "two matrices"),
        (bill(weights=22), "four matrices of its own"),
        (bill(depths=False), "one block"),
        (lambda size, patch, width, depth: depth * (size // patch) ** 2 * (24 * width**2 + 4 * width), "tokens²"),
        (lambda size, patch, width, depth: bill()(size, 1, width, depth), "that of pixels"),
        (bill(weights=12), "two operations each"),
        (lambda size, patch, width, depth: depth * (size // patch) ** 4 * 24 * width**2, "Only attention compares"),
        (lambda *of: attended(*of, lambda n, width: 4 * n), "dot product"),
        (lambda *of: attended(*of, lambda n, width: 2 * (n + 1) * width), "no mask"),
        (bill(pairs=5), "it is"),
    ],
)
def test_wrong_bills_are_named(attempt, message):
    named(check.operations, attempt, message)


def led(time=lambda i, n: 1 - i / n, outside=1.0, inside=lambda t, low, high: low <= t <= high):
    """Guidance in an interval, with what is usually got wrong."""
    return lambda i, steps, w, interval: w if inside(time(i, steps), *interval) else outside


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (led(lambda i, n: i / n + 0.0), "wrong end"),
        (led(lambda i, n: 1 - (i + 1) / n), "at its end"),
        (led(outside=0.0), "forgets the class"),
        (led(inside=lambda t, low, high: low < t < high), "ends belong"),
        (led(inside=lambda t, low, high: not low <= t <= high), "outside the interval"),
        (led(inside=lambda t, low, high: low <= t < high), "upper end belongs"),
        (led(inside=lambda t, low, high: low < t <= high), "lower end belongs"),
        (led(lambda i, n: 1 - (i + 0.5) / n), "in its middle"),
        (led(lambda i, n: 1 - i / (n - 1)), "not by steps - 1"),
        (led(inside=lambda *_: False), "not"),
    ],
)
def test_wrong_times_are_named(attempt, message):
    named(check.scale_at, attempt, message)


# The widget


@pytest.fixture(scope="module")
def interval():
    torch.manual_seed(0)
    shape = {"grid": (4, 4), "vector": 49, "clock": 1, "classes": 10, "context": 0, "groups": (16,)}
    model = Transformer(TransformerConfig(**shape, width=16, depth=1, heads=2)).eval().requires_grad_(False)
    for weights in (
        model.head.weight,
        model.modulation.weight,
    ):  # fresh ones are zero: nothing would depend on the class
        torch.nn.init.normal_(weights)
    return play.Interval(model, data.load("fashion", "test")[:200])


def test_moving_a_dial_draws_other_pictures_and_keeps_the_plain_ones(interval):
    interval.guidance, interval.low, interval.high, interval.label, interval.seed = 3.0, 0.2, 0.8, 8, 0
    half = len(interval.shown) // 2
    for name, value in (("guidance", 5.0), ("low", 0.5), ("high", 1.0)):
        before = interval.shown
        setattr(interval, name, value)
        assert interval.shown[half:] != before[half:] and interval.shown[:half] == before[:half]
    before = interval.shown
    interval.seed = 1
    assert interval.shown[:half] != before[:half]


def test_without_guidance_both_rows_are_the_same_and_no_call_is_doubled(interval):
    interval.guidance = 1.0
    half = len(interval.shown) // 2
    assert interval.shown[:half] == interval.shown[half:] and interval.status.endswith("data: 8 calls")


def test_only_steps_within_the_interval_cost_two_calls(interval):
    interval.guidance, interval.low, interval.high = 2.0, 0.25, 0.75
    assert interval.led() == [False, False, True, True, True, True, True, False]
    assert interval.status.endswith("noise ○○●●●●●○ data: 13 calls")


def test_ends_in_the_wrong_order_are_swapped(interval):
    interval.guidance, interval.low, interval.high = 2.0, 0.2, 0.4
    interval.low = 0.7
    assert (interval.low, interval.high) == (0.4, 0.7)


def test_the_static_frame_says_how_many_are_recognised(interval):
    fig = interval.frame()
    assert "noises" in fig.alt and len(fig.png()) > 1000


# The experiments


def test_the_scale_of_embeddings_is_what_was_asked_for():
    model = denoising.network(7, 0.02)
    assert float(model.position.std()) == pytest.approx(0.02, rel=0.1)
    assert float(model.label.weight.std()) == pytest.approx(0.02, rel=0.1)


def test_errors_of_zero_are_what_noise_and_data_have():
    x = torch.full((4, 1, 28, 28), 0.5)
    found = denoising.errors(lambda x, t, labels: torch.zeros_like(x), x, torch.zeros(4, dtype=torch.long), (0.1, 0.9))
    assert found == pytest.approx([1.25, 1.25], rel=0.1)
