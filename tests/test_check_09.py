"""The exercises of notebook 09: right answers pass, usual mistakes are named; and its widget."""

import pytest
import torch
from solutions import named

from course_lib import check, data
from course_lib.methods import diffusion
from course_lib.show import play


def step(mean=lambda m, a: m, spread=lambda v, r, a: v**0.5, r=lambda a_t, a_s: a_t / a_s, swap=False):
    """DDPM's step, with what is usually got wrong."""

    def back(clean, x_t, a_t, a_s, fresh):
        left = r(a_t, a_s)
        x, y = (x_t, clean) if swap else (clean, x_t)
        middle = (a_s**0.5 * (1 - left) * x + left**0.5 * (1 - a_s) * y) / (1 - a_t)
        variance = (1 - left) * (1 - a_s) / (1 - a_t)
        return mean(middle, a_t) + spread(variance, left, a_t) * fresh

    return back


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (step(spread=lambda v, r, a: v), "take its root"),
        (step(spread=lambda v, r, a: 0), "Nothing random"),
        (step(spread=lambda v, r, a: (1 - r) ** 0.5), "Both ends are known"),
        (step(swap=True), "swapped"),
        (step(r=lambda a_t, a_s: a_t), "take a_t for r"),
        (step(mean=lambda m, a: m * (1 - a)), "forget to divide"),
        (lambda clean, x_t, a_t, a_s, fresh: a_s**0.5 * clean + (1 - a_s) ** 0.5 * fresh, "forget x_t"),
        (lambda clean, x_t, a_t, a_s, fresh: clean, "not the mean plus"),
        (lambda clean, x_t, a_t, a_s, fresh: clean[0], "shape"),
        (lambda clean, x_t, a_t, a_s, fresh: x_t * float("nan"), "NaN"),
    ],
)
def test_wrong_steps_back_are_named(attempt, message):
    named(check.back, attempt, message)


def roots(a):
    return a**0.5, (1 - a) ** 0.5


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda v, x, a: diffusion.VELOCITY.read(v, x, a)[::-1], "wrong order"),
        (lambda v, x, a: (a * x - (1 - a) * v, x), "roots are missing"),
        (lambda v, x, a: (roots(a)[0] * x + roots(a)[1] * v, x), "sign of the velocity"),
        (lambda v, x, a: (x - v, x), "without weights"),
        (lambda v, x, a: (roots(a)[1] * x - roots(a)[0] * v, x), "swapped"),
        (lambda v, x, a: (diffusion.VELOCITY.read(v, x, a)[1],) * 2, "That is the noise"),
        (lambda v, x, a: (2 * x, x), "first of the two is not the data"),
        (lambda v, x, a: (diffusion.VELOCITY.read(v, x, a)[0], (1 - a) * x + a * v), "roots are missing in the noise"),
        (lambda v, x, a: (diffusion.VELOCITY.read(v, x, a)[0], roots(a)[1] * x - roots(a)[0] * v), "wrong sign"),
        (lambda v, x, a: (diffusion.VELOCITY.read(v, x, a)[0], x), "the noise is not"),
        (lambda v, x, a: v, "2 things: the data and the noise"),
    ],
)
def test_wrong_readings_are_named(attempt, message):
    named(check.read_velocity, attempt, message)


def shifted(a, scale, square=True, keep=True):
    root = a.sqrt()
    new = (root - root[-1]) * scale(root)
    new = new.square() if square else new
    return torch.cat([a[:1], new[1:]]) if keep else new


def straight(a):
    """alpha_bar itself stretched, not its root."""
    return torch.cat([a[:1], ((a - a[-1]) * a[1] / (a[1] - a[-1]))[1:]])


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (straight, "Stretch its root"),
        (lambda a: shifted(a, lambda root: 1 / (1 - root[-1]), keep=False), r"Keep alpha_bar\[1\]"),
        (lambda a: torch.cat([a[:-1], torch.zeros(1).double()]), "only cut the end"),
        (lambda a: shifted(a, lambda root: root[1] / (root[1] - root[-1]), square=False), "square them"),
        (lambda a: shifted(a, lambda root: 1.0), "shift but don't stretch"),
        (lambda a: a, "Shift the roots"),
        (lambda a: a[1:], "shape"),
    ],
)
def test_wrong_repairs_are_named(attempt, message):
    named(check.repaired, attempt, message)


def mixed(weights, noise_at=lambda a_t, a_s: a_t):
    def ddim(clean, x_t, a_t, a_s):
        a = noise_at(a_t, a_s)
        data, noise = weights(a_t, a_s)
        return data * clean + noise * (x_t - a**0.5 * clean) / (1 - a) ** 0.5

    return ddim


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (mixed(lambda a_t, a_s: (a_s**0.5, (1 - a_t) ** 0.5 + 0.0)), "much noise as before"),
        (mixed(lambda a_t, a_s: roots(a_s), lambda a_t, a_s: a_s), "goes nowhere"),
        (mixed(lambda a_t, a_s: (a_s**0.5, (1 - a_s) / (1 - a_t) ** 0.5)), "Still too little noise"),
        (mixed(lambda a_t, a_s: (a_s**0.5, 1 - a_s)), "Too little noise at the new level"),
        (mixed(lambda a_t, a_s: (a_s**0.5, (1 - a_t) / (1 - a_s) ** 0.5)), "upside down"),
        (mixed(lambda a_t, a_s: (a_s**0.5, 0.0)), "gone altogether"),
        (mixed(lambda a_t, a_s: (a_t**0.5, (1 - a_s) ** 0.5)), "scaled by √a_s"),
        (lambda clean, x_t, a_t, a_s: a_s**0.5 * clean + (1 - a_s) ** 0.5 * torch.randn_like(x_t), "draws no noise"),
        (lambda clean, x_t, a_t, a_s: clean, "this is not"),
    ],
)
def test_wrong_ddim_steps_are_named(attempt, message):
    named(check.ddim, attempt, message)


@pytest.mark.parametrize("steps", [2, 10])
def test_the_planted_ddim_loses_noise_and_the_same_in_few_steps_as_in_many(steps):
    shares, kept = torch.linspace(0.1, 0.9, steps + 1).tolist(), {}
    for name, step in {"right": check.ddim.reference, "hers": check.ddim.planted}.items():
        x = (1 - shares[0]) ** 0.5 * torch.ones(3)
        for a_t, a_s in zip(shares, shares[1:], strict=False):
            x = step(torch.zeros(3), x, a_t, a_s)
        kept[name] = x[0].item() / (1 - shares[-1]) ** 0.5
    assert kept["right"] == pytest.approx(1, abs=1e-5) and kept["hers"] == pytest.approx((0.1 / 0.9) ** 0.5, rel=1e-4)


# The widget


def believe(noisy, share, labels):
    """Scales the noise away, and brightens by the label: a stand-in for a network."""
    return noisy / share**0.5 * 0.5 + labels.view(-1, 1, 1, 1) / 20


@pytest.fixture(scope="module")
def garments():
    return data.load("fashion", "test")[:4]


@pytest.fixture
def under(garments):
    return play.Under(believe, garments)


@pytest.mark.parametrize("change", [{"garment": 1}, {"noise": 30}, {"label": 3}, {"label": 10}, {"seed": 5}])
def test_every_control_shows_another_guess(under, change):
    before = under.shown
    for name, value in change.items():
        setattr(under, name, value)
    assert len(under.shown) == 3 * 28 * 28 and under.shown != before


def test_the_garment_stays_and_the_noise_has_the_strength_that_is_said(under):
    truth, noisy, _ = under.guess(0, 50)
    right = under.pictures.pixels[0].float() / 127.5 - 1
    assert torch.allclose(truth, right, atol=1e-6)
    more = torch.cat([under.guess(i, 99)[1] for i in range(4)])  # clipped to the greys that can be shown
    assert more.abs().mean() > noisy.abs().mean() * 0.5 and noisy.abs().max() <= 1


def test_its_own_class_is_the_default_and_a_lie_can_be_told(under):
    own = int(under.pictures.labels[0])
    assert torch.equal(under.guess(0, 60), under.guess(0, 60, own))
    assert not torch.equal(under.guess(0, 60), under.guess(0, 60, (own + 1) % 10))


def test_the_status_says_how_far_off_it_is_in_words(under):
    under.noise = 42
    assert under.status.startswith("42 % noise: a pixel of the guess is off by") and "taken for" in under.status


@pytest.mark.parametrize("noise", [0, 100, -3])
def test_a_noise_out_of_range_raises(under, noise):
    with pytest.raises(ValueError, match=f"noise={noise} must lie in 1..99"):
        under.noise = noise


def test_the_static_frame_shows_five_levels_in_words_too(under):
    bundle, metadata = under._repr_mimebundle_()
    assert "image/png" in bundle and "20, 50, 80, 95, 99 per cent" in metadata["image/png"]["alt"]
