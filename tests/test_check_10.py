"""The exercises of notebook 10: right answers pass, usual mistakes are named; and its widget."""

import math

import pytest
import torch
from solutions import named
from tiny import denoiser

from course_lib import check, training
from course_lib.methods import flow
from course_lib.show import play


def lost(target=lambda x, noise: noise - x, back=False, keep=torch.mean, power=2, wide=True):
    """The loss, with what is usually got wrong."""

    def flow_loss(model, x, labels, t, noise):
        column = t.view(-1, *[1] * (x.ndim - 1)) if wide else t
        x_t = column * x + (1 - column) * noise if back else (1 - column) * x + column * noise
        return keep((model(x_t, t, labels) - target(x, noise)).abs() ** power)

    return flow_loss


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lost(back=True), "runs backwards"),
        (lost(lambda x, noise: x - noise), "points to the picture"),
        (lost(lambda x, noise: noise), "The target is the noise"),
        (lost(lambda x, noise: x), "The target is the picture"),
        (lost(keep=torch.sum), "add the squares up"),
        (lost(power=1), "mean distance"),
        (lost(wide=False), "1 for each other axis"),
        (lambda model, x, labels, t, noise: (noise - x).square().mean(), "never asked"),
        (lambda model, x, labels, t, noise: model(x, t, labels).mean(), "not asked at the point"),
        (
            lambda model, x, labels, t, noise: lost()(lambda x, t, y: model(x, 1 - t, y), x, labels, t, noise),
            "another time",
        ),
        (lambda model, x, labels, t, noise: lost()(model, x, labels + 1, t, noise), "other labels"),
        (lambda model, x, labels, t, noise: model(*_point(x, noise, t), labels).square().mean(), r"\[B\], not"),
    ],
)
def test_wrong_losses_are_named(attempt, message):
    named(check.flow_loss, attempt, message)


def _point(x, noise, t):
    t = t.view(-1, *[1] * (x.ndim - 1))
    return (1 - t) * x + t * noise, t


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, v, t: (x + (1 - t) * v, x - t * v), "swapped"),
        (lambda x, v, t: (x + t * v, x + (1 - t) * v), "away from the data"),
        (lambda x, v, t: (x - t * v, x + t * v), "1 - t further"),
        (lambda x, v, t: (x - t * v, x - (1 - t) * v), "goes the wrong way"),
        (lambda x, v, t: (x - v, x + v), "whole step"),
        (lambda x, v, t: (x, v), "until time 0"),
        (lambda x, v, t: x - t * v, "two things"),
    ],
)
def test_wrong_ends_are_named(attempt, message):
    named(check.both_ends, attempt, message)


def bent(weigh=True, divide=True, power=1.0, mean=False):
    """The bend, with what is usually got wrong."""

    def bend(states, u):
        slope = states.diff(dim=0) / u.diff().view(-1, *[1] * (states.ndim - 1))
        beeline = slope.mean(0) if mean else (states[-1] - states[0]) / (u[-1] - u[0])
        off = (slope - beeline).square().flatten(2).sum(-1) ** power
        total = u.diff() / (u[-1] - u[0]) @ off if weigh else off.mean(0)
        whole = ((states[-1] - states[0]) / (u[-1] - u[0])).flatten(1).square().sum(1)
        return total / whole**power if divide else total

    return bend


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (bent(weigh=False), "Every step counts alike"),
        (bent(divide=False), "not compared with the beeline"),
        (bent(power=0.5), "not its square"),
        (bent(mean=True), "mean of the slopes"),
        (lambda states, u: 2 * bent()(states, u), "not the mean over u"),
        (lambda states, u: bent()(states, u).mean(), "shape"),
    ],
)
def test_wrong_bends_are_named(attempt, message):
    named(check.bend, attempt, message)


def plain(density, dims):
    return -density / (dims * math.log(2))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda density, dims: plain(density, dims) + math.log2(256), "Still bins of"),
        (plain, "density alone"),
        (lambda density, dims: plain(density, dims) + 7, "not 1 / 128"),
        (lambda density, dims: plain(density, dims) + 9, "wrong way"),
        (lambda density, dims: plain(density, dims) - math.log2(127.5), "wrong sign"),
        (lambda density, dims: plain(density, dims) + math.log(127.5), "Bits are log2"),
        (lambda density, dims: -plain(density, dims) + math.log2(127.5), "sign of the density"),
        (lambda density, dims: 2 * plain(density, dims), "a dimension"),
    ],
)
def test_wrong_bits_are_named(attempt, message):
    named(check.pixel_bits, attempt, message)


def test_a_uniform_density_costs_eight_bits_less_its_rim():
    bits = check.pixel_bits.reference(torch.tensor([-3 * math.log(2)]), 3)  # density 1/2 a dimension on [-1, 1]
    assert bits.item() == pytest.approx(math.log2(255))  # 255 bins of 1/127.5 fit, the two at the rim by half


# The widget


@pytest.fixture(scope="module")
def paths():
    return play.Paths(denoiser(torch.float32), ["a", "b", "c"], shape=(1, 8, 8), counts=(1, 2, 4), label=0)


def test_every_column_goes_from_the_same_noise_to_its_own_end(paths):
    film = torch.frombuffer(bytearray(paths.shown), dtype=torch.uint8).view(paths.moments, 8, 3, 8)
    assert torch.equal(film[0, :, 0], film[0, :, 1]) and torch.equal(film[0, :, 0], film[0, :, 2])
    for column, steps in enumerate((1, 2, 4)):
        walk = paths.follow("Euler", "straight", steps)
        assert torch.equal(film[-1, :, column], play.greys(walk[-1])[0])
        moved = (film[:, :, column] != film[0, :, column]).flatten(1).any(1)
        assert moved.tolist() == [int(m * steps / 20 + 1e-9) > 0 for m in range(21)]


def test_a_walk_is_that_of_the_library(paths):
    labels, generator = torch.tensor([0]), torch.Generator().manual_seed(0)
    drawn = flow.sample(
        paths.model, labels, shape=(1, 8, 8), steps=4, solver=flow.heun, guidance=1.5, generator=generator
    )
    torch.testing.assert_close(paths.follow("Heun", "straight", 4)[-1], drawn[0])


@pytest.mark.parametrize("change", [{"solver": 1}, {"way": 1}, {"label": 2}, {"seed": 3}, {"guidance": 3.0}])
def test_every_control_draws_another_strip(paths, change):
    for name, value in change.items():
        before, kept = paths.shown, getattr(paths, name)
        setattr(paths, name, value)
        assert paths.shown != before and len(paths.shown) == 21 * 8 * 24
        setattr(paths, name, kept)


def test_the_status_counts_calls_and_distances(paths):
    paths.solver = 1
    assert paths.status.startswith("Heun, straight, 2 calls a step")
    paths.solver = 0
    assert paths.off([torch.zeros(3), torch.ones(3) / 127.5, torch.zeros(3)]) == pytest.approx([0, 1, 0])


def test_what_does_not_exist_raises(paths):
    with pytest.raises(ValueError, match="seed=-1"):
        paths.seed = -1
    paths.seed = 0


def test_the_static_frame_compares_four_ways(paths):
    data, metadata = paths._repr_mimebundle_()
    assert "image/png" in data and "Euler and Heun" in metadata["image/png"]["alt"]


# The measurement that ships


def test_the_end_of_the_bound_was_chosen_on_validation_pictures():
    found = training.result("noise-likelihood")["metrics"]
    best = min(found["validation"].values(), key=lambda row: row["bits_per_dim"])
    assert found["bound_chosen_end"]["end"] == best["end"]
    assert found["bound"]["n"] >= 500 and found["ode"]["n"] >= 100
    for row in (found["bound"], found["bound_chosen_end"], found["ode"]):
        assert row["bits_per_dim_low"] < row["bits_per_dim"] < row["bits_per_dim_high"]
