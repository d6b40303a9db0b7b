"""The exercises of notebook 08: right answers pass, usual mistakes are named; its widget and its night skies."""

import io
import math

import numpy as np
import pytest
import torch
from IPython.core.formatters import PNGFormatter
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from solutions import named

from course_lib import check
from course_lib.methods import exact, flow
from course_lib.show import plane, play, plot


def guess(faded=1, noised=True, weight=True, width=True, shrink=True, hard=False, give=lambda guess, x, t: guess):
    """The best guess, with what is usually got wrong."""

    def best_guess(x, t, means, stds, weights):
        away = x[:, None] - (1 - t) ** faded * means
        S2 = (1 - t) ** 2 * stds**2 + t**2 if noised else stds**2
        logs = (weights.log() if weight else 0) - away.square().sum(-1) / (2 * S2) - (S2.log() if width else 0)
        r = torch.nn.functional.one_hot(logs.argmax(1), len(means)) if hard else logs.softmax(1)
        inside = means + ((1 - t) * stds**2 / S2)[:, None] * away * shrink
        return give((r[..., None] * inside).sum(1), x, t)

    return best_guess


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (guess(faded=0), r"has moved to \(1 - t\) m"),
        (guess(noised=False), "variances are those of the data"),
        (guess(width=False), "wide part is flatter"),
        (guess(weight=False), "weights of the parts are missing"),
        (guess(shrink=False), "mix the means alone"),
        (guess(hard=True), "likeliest part"),
        (guess(give=lambda guess, x, t: (1 - t) * guess), r"divide by 1 - t"),
        (guess(give=lambda guess, x, t: ((1 - t) * guess - x) / t**2), "That is the score"),
        (guess(give=lambda guess, x, t: guess + x), "This is not"),
        (guess(give=lambda guess, x, t: guess[0]), "shape"),
    ],
)
def test_a_wrong_guess_is_named(attempt, message):
    named(check.best_guess, attempt, message)


def two_slopes(place=1, time=1, mix=(0.5, 0.5), sign=1):
    """Heun's step, with what is usually got wrong."""

    def heun_step(velocity, x, t, s):
        h, first = s - t, velocity(x, t)
        second = velocity(x + place * h * first, s if time else t)
        return x + sign * h * (mix[0] * first + mix[1] * second)

    return heun_step


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (two_slopes(time=0), "old time"),
        (two_slopes(place=0), "old place"),
        (two_slopes(mix=(1, 0)), "Euler"),
        (two_slopes(mix=(0, 1)), "Only the second"),
        (two_slopes(mix=(1, 1)), "not averaged"),
        (two_slopes(sign=-1), "other way"),
        (lambda velocity, x, t, s: two_slopes()(velocity, x, t, s) - x, "change alone"),
        (two_slopes(mix=(0.3, 0.7)), "This is not"),
    ],
)
def test_a_wrong_step_is_named(attempt, message):
    named(check.heun_step, attempt, message)


def kicked(drift=1.0, kick=lambda c, t, h: math.sqrt(2 * c * t * h), noise=lambda x, v, t: x + (1 - t) * v):
    """A stochastic step, with what is usually got wrong."""

    def churned_step(velocity, x, t, s, churn, fresh):
        h, v = t - s, velocity(x, t)
        return x - h * (v + drift * churn * noise(x, v, t)) + kick(churn, t, h) * fresh

    return churned_step


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (kicked(drift=0), "no more is taken away"),
        (kicked(kick=lambda c, t, h: 0), "fresh noise is missing"),
        (kicked(drift=-1), "wrong sign"),
        (kicked(kick=lambda c, t, h: h * math.sqrt(2 * c * t)), "√h"),
        (kicked(kick=lambda c, t, h: math.sqrt(c * t * h)), "factor 2"),
        (kicked(kick=lambda c, t, h: math.sqrt(2 * c * h)), "time t is missing"),
        (kicked(kick=lambda c, t, h: 2 * c * t * h), "take the root"),
        (kicked(noise=lambda x, v, t: -(x + (1 - t) * v) / t), "took away the score"),
        (kicked(noise=lambda x, v, t: x - t * v), "not the step"),
        (lambda velocity, x, t, s, churn, fresh: x - (t - s) * velocity(x, s), "not the step"),
    ],
)
def test_a_wrong_stochastic_step_is_named(attempt, message):
    named(check.churned_step, attempt, message)


def product(answer):
    """The tilted law, with `answer(mean, precision, …)` instead of (mean, precision^-0.5)."""

    def tilted(mean_c, std_c, mean_u, std_u, w):
        a, b = w / std_c**2, (1 - w) / std_u**2
        return answer((a * mean_c + b * mean_u) / (a + b), a + b, mean_c, std_c, mean_u, std_u, w)

    return tilted


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (product(lambda m, p, *_: (m, 1 / p)), "variance"),
        (product(lambda m, p, *_: (m, p)), "precision 1/σ²"),
        (product(lambda m, p, mc, sc, mu, su, w: (w * mc + (1 - w) * mu, w * sc + (1 - w) * su)), "straight line"),
        (product(lambda m, p, mc, sc, mu, su, w: (w * mc + (1 - w) * mu, p**-0.5)), "weighted by w alone"),
        (product(lambda m, p, mc, sc, mu, su, w: (m, sc**w * su ** (1 - w))), "where guidance leads"),
        (product(lambda m, p, *_: (m * p, p**-0.5)), "not divided"),
        (lambda mc, sc, mu, su, w: check.tilted.reference(mc, sc, mu, su, w + 1), "scale of the paper"),
        (product(lambda m, p, *_: (m + 1, p**-0.5)), "collect"),
        (product(lambda m, p, *_: m), "two numbers"),
    ],
)
def test_a_wrong_tilt_is_named(attempt, message):
    named(check.tilted, attempt, message)


# The widget


def classes() -> list[exact.Mixture]:
    places = ([[-1.0, 0.0], [-1.2, 0.6]], [[1.0, 0.0]])
    return [exact.Mixture(torch.tensor(m), torch.full((len(m),), 0.2)) for m in places]


@pytest.fixture(scope="module")
def currents():
    return play.Currents(classes(), ["left", "right"], count=40)


def test_classes_together_weigh_the_same():
    whole = play.together(classes())
    assert whole.weights.tolist() == pytest.approx([0.25, 0.25, 0.5])
    x = plane.grid(5)
    apart = torch.stack([law.log_prob(x) for law in classes()]).logsumexp(0) - math.log(2)
    torch.testing.assert_close(whole.log_prob(x), apart)


def test_all_moments_are_sent(currents):
    sizes = currents.layout_of
    moments = sizes["steps"] + 1
    points = np.frombuffer(currents.points, np.float32).reshape(moments, 40, 2)
    field = np.frombuffer(currents.field, np.float32).reshape(moments, sizes["arrows"] ** 2, 2)
    assert len(currents.glow) == moments * sizes["cells"] ** 2 and len(currents.owners) == 40
    noise = torch.randn(40, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(points[0], noise, atol=1e-6)
    # the arrows show where points go: back in time, against the velocity
    grid = plane.grid(sizes["arrows"])
    np.testing.assert_allclose(field[-1], -currents.velocity(grid, 0.0), atol=1e-5)
    assert set(currents.owners) == {0, 1}


def test_a_label_asks_for_its_class_and_guidance_narrows(currents):
    currents.label = 1
    assert set(currents.owners) == {1}
    plain = currents.states[-1]
    currents.guidance = 4.0
    assert torch.pdist(currents.states[-1]).mean() < torch.pdist(plain).mean() and "spread 0." in currents.status
    currents.label, currents.guidance = 2, 1.0


@pytest.mark.parametrize("change", [{"churn": 1.0}, {"seed": 5}, {"label": 0}])
def test_every_control_draws_other_ways(currents, change):
    before = currents.points
    for name, value in change.items():
        setattr(currents, name, value)
    assert currents.points != before
    currents.churn, currents.seed, currents.label = 0.0, 0, 2


def test_the_ways_are_those_of_the_library(currents):
    start = torch.randn(40, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ends = flow.solve(play.together(classes()), start, steps=40, solver=flow.heun)
    torch.testing.assert_close(currents.states[-1], ends)


@pytest.mark.parametrize(("name", "value"), [("label", 3), ("guidance", -1.0), ("churn", 9.0)])
def test_a_control_out_of_range_raises(currents, name, value):
    with pytest.raises(ValueError, match=f"{name}={value}"):
        setattr(currents, name, value)


def test_as_many_names_as_classes():
    with pytest.raises(ValueError, match="names="):
        play.Currents(classes(), ["left"])


def test_the_widget_carries_a_picture_for_readers_without_a_kernel(currents):
    kept = currents.points
    data, metadata = currents._repr_mimebundle_()
    assert "image/png" in data and "from noise to data" in metadata["image/png"]["alt"]
    assert currents.points == kept and currents.label == 2  # drawing the frame leaves the controls as they were


def test_a_grid_covers_its_square_evenly():
    points = plane.grid(4, extent=2.0)
    assert points.shape == (16, 2) and points[0].tolist() == [-1.5, -1.5] and points[1].tolist() == [-0.5, -1.5]
    assert points.abs().max() == 1.5


def test_a_notebook_shows_a_figure_by_its_own_png_whatever_the_inline_backend_registers():
    formatter = PNGFormatter()
    formatter.for_type(Figure, lambda fig: b"what the inline backend makes of any figure")
    fig, _ = plane.panels(1, 1, "An empty sky.")
    assert formatter(fig) != fig.png()
    plot.shown_as_built(formatter)
    assert formatter(fig) == fig.png()


def test_a_night_sky_keeps_its_colours_in_a_small_file():
    fig, (ax,) = plane.panels(1, 1, "A blue glow with dots in three colours.")
    law = play.together(classes())
    plane.density(ax, law.log_prob)
    big = plane.grid(3)
    plane.dots(ax, big, [*plane.PARTS[:3]] * 3, 60, alpha=1)
    small = fig.png()
    pixels = np.asarray(Image.open(io.BytesIO(small)).convert("RGB")).reshape(-1, 3).astype(int)
    for colour in (*plane.PARTS[:3], plane.NIGHT):
        wanted = 255 * np.array(to_rgb(colour))
        assert np.abs(pixels - wanted).max(1).min() <= 1  # its very colour is there
    fig.palette = None
    assert len(small) < 0.75 * len(fig.png())
