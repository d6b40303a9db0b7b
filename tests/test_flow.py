"""flow: straight paths from data (t = 0) to noise (t = 1), and solvers that follow them back, against closed forms."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import denoiser
from torchcfm.conditional_flow_matching import ConditionalFlowMatcher

from course_lib import runtime
from course_lib.methods import flow
from course_lib.networks import Transformer, TransformerConfig


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Gaussian:
    """The exact velocity for data N(mean[label], spread²): E[noise - x | x_t].

    The straight path has x_t ~ N((1-t) mean, (1-t)² spread² + t²), and following it from t = 1 takes noise z to
    mean + spread · z. The last label is the null label.
    """

    def __init__(self, means=(0.6, -0.4, 0.1), spread: float = 0.3):
        self.means, self.spread, self.null, self.rows = torch.tensor(means), spread, len(means) - 1, []

    def __call__(self, x, t, labels):
        self.rows.append(len(x))
        t, m = (v.view(-1, *[1] * (x.ndim - 1)) for v in (t, self.means.to(x)[labels]))
        variance = (1 - t) ** 2 * self.spread**2 + t**2
        return -m + (t - (1 - t) * self.spread**2) / variance * (x - (1 - t) * m)


# Path and loss


@given(seed=st.integers(0, 2**31), t=st.floats(0, 1))
def test_path_and_target_are_those_of_torchcfm(seed, t):
    x, noise = torch.randn(2, 5, 1, 3, 3, dtype=torch.float64, generator=seeded(seed))
    t = torch.tensor([0.0, 0.25, 0.5, 1.0, t], dtype=torch.float64)
    ours, velocity = flow.path(x, noise, t)
    # There data is at t = 1, so the same point is reached at 1 - t and the velocity points the other way.
    _, theirs, target = ConditionalFlowMatcher(sigma=0.0).sample_location_and_conditional_flow(noise, x, 1 - t)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(velocity, -target)


def test_time_0_is_data_and_time_1_is_noise():
    x, noise = torch.randn(2, 4, 1, 5, 5)
    assert torch.equal(flow.path(x, noise, torch.zeros(4))[0], x)
    assert torch.equal(flow.path(x, noise, torch.ones(4))[0], noise)


def test_the_velocity_is_the_slope_of_the_path():
    x, noise = torch.randn(2, 3, 7, dtype=torch.float64)
    t = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    slope = (flow.path(x, noise, t + 1e-3)[0] - flow.path(x, noise, t - 1e-3)[0]) / 2e-3
    torch.testing.assert_close(slope, flow.path(x, noise, t)[1])


def silent(x, t, labels):
    return torch.zeros_like(x)


def test_the_loss_of_silence_is_the_distance_to_noise():
    x = torch.randn(200, 1, 8, 8, generator=seeded(1)) * 0.5
    value = flow.loss(silent, (x, None), generator=seeded())
    # E|noise - x|² = 1 + E x²; the mean of 12,800 squares of N(0, 1.25) has a standard error of 0.016: five of them
    assert abs(value.item() - (1 + x.square().mean().item())) < 0.08
    noise = torch.randn(x.shape, generator=seeded())
    torch.testing.assert_close(value, (noise - x).square().mean())
    config = TransformerConfig(grid=(4, 4), inputs=1, patch=2, context=0, blocks=(16,), width=16, heads=2)
    torch.testing.assert_close(flow.loss(Transformer(config), (x, None), generator=seeded()), value)  # at the start


def test_the_exact_velocity_leaves_only_what_cannot_be_known():
    spread = 0.3
    x = 0.6 + spread * torch.randn(4000, 9, generator=seeded(1))
    labels = torch.zeros(4000, dtype=torch.long)
    best = flow.loss(Gaussian(spread=spread), (x, labels), generator=seeded())
    # Var(noise - x | x_t) = spread² / ((1-t)² spread² + t²), averaged over the times that the loss draws
    t = torch.sigmoid(torch.randn(200_000, generator=seeded(2)))
    floor = (spread**2 / ((1 - t) ** 2 * spread**2 + t**2)).mean()
    assert abs(best - floor) < 0.03 * floor  # 36,000 squares: a standard error of about 0.7 %
    for means in ((0.7, 0, 0), (0.5, 0, 0)):
        assert flow.loss(Gaussian(means, spread), (x, labels), generator=seeded()) > best


def test_times_are_logit_normal_and_each_picture_has_its_own():
    seen = []

    def model(x, t, labels):
        seen.append(t)
        return x

    flow.loss(model, (torch.zeros(20_000, 1), None), generator=seeded())
    z = torch.logit(seen[0].double())
    assert abs(z.mean()) < 5 / math.sqrt(20_000) and abs(z.std() - 1) < 5 / math.sqrt(40_000)  # five standard errors
    assert len(seen[0].unique()) > 19_000


def test_the_loss_depends_on_its_generator_alone():
    model, batch = denoiser(torch.float32), (torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 3]))
    first, again, other = (flow.loss(model, batch, drop=0.5, generator=seeded(s)) for s in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_labels_can_be_dropped():
    seen = []

    def model(x, t, labels):
        seen.append(labels)
        return x

    model.null = 9
    labels = torch.arange(8)
    for drop in (0.0, 1.0):
        flow.loss(model, (torch.zeros(8, 2), labels), drop=drop, generator=seeded())
    assert torch.equal(seen[0], labels) and (seen[1] == 9).all()


# Sampling


def error(solver, steps: int) -> float:
    """Largest distance of the sampler's end from the exact one, mean + spread · noise."""
    model, labels, start = Gaussian(), torch.tensor([0, 1, 1]), []
    x = flow.sample(
        model,
        labels,
        shape=(1, 6, 6),
        steps=steps,
        solver=solver,
        generator=seeded(),
        callback=lambda i, x: start.append(x) if i == 0 else None,
    )
    exact = model.means[labels].view(-1, 1, 1, 1) + model.spread * start[0]
    return (x - exact).abs().max().item()


def test_halving_the_step_halves_eulers_error_and_quarters_heuns():
    # Orders 1 and 2 hold as the step goes to 0; at these steps, in fp32, they are reached to a few per cent.
    euler = [error(flow.euler, steps) for steps in (64, 128, 256)]
    heun = [error(flow.heun, steps) for steps in (16, 32, 64)]
    for ratio in (euler[0] / euler[1], euler[1] / euler[2]):
        assert 1.85 < ratio < 2.15
    for ratio in (heun[0] / heun[1], heun[1] / heun[2]):
        assert 3.4 < ratio < 4.8
    assert heun[2] < euler[2] / 10


def test_samples_have_the_moments_of_the_data():
    n, labels = 2000, torch.arange(2000) % 2
    x = flow.sample(Gaussian(), labels, shape=(4,), steps=40, solver=flow.heun, generator=seeded())
    for label, mean in ((0, 0.6), (1, -0.4)):
        part = x[labels == label]
        assert abs(part.mean() - mean) < 5 * 0.3 / math.sqrt(2 * n)  # five standard errors; 4 numbers a sample
        assert abs(part.std() - 0.3) < 5 * 0.3 / math.sqrt(4 * n)
    corner = torch.corrcoef(x[labels == 0].T) - torch.eye(4)
    assert corner.abs().max() < 5 / math.sqrt(n / 2)


def test_it_starts_from_noise_and_reports_every_step():
    seen = []
    x = flow.sample(
        Gaussian(),
        torch.tensor([0, 1]),
        shape=(3,),
        steps=5,
        generator=seeded(),
        callback=lambda i, x: seen.append((i, x)),
    )
    assert [i for i, _ in seen] == [0, 1, 2, 3, 4, 5]
    assert torch.equal(seen[0][1], runtime.noise(2, (3,), seeded(), like=x))
    assert torch.equal(seen[-1][1], x)


def test_times_run_from_1_to_0():
    times = []

    def model(x, t, labels):
        times.append(t[0].item())
        return torch.zeros_like(x)

    flow.sample(model, torch.tensor([0]), shape=(2,), steps=4)
    flow.sample(model, torch.tensor([0]), shape=(2,), steps=2, solver=flow.heun)
    assert times == [1.0, 0.75, 0.5, 0.25, 1.0, 0.5, 0.5, 0.0]


def test_a_straight_flow_needs_one_step():
    target = torch.randn(2, 3)

    def model(x, t, labels):  # all paths end in one point: the velocity is constant along each
        return (x - target) / t[:, None]

    torch.testing.assert_close(flow.sample(model, torch.tensor([0, 0]), shape=(3,), steps=1), target)


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_a_picture_is_the_same_in_any_batch(scale):
    labels = torch.arange(8) % 4
    for model, tolerance in ((Gaussian((0.6, -0.4, 0.2, 0.1)), 0), (denoiser(torch.float32), 1e-5)):
        # A closed form works number by number; products of other sizes round otherwise, by a few units of fp32.

        def sample(labels, generator, model=model):
            return flow.sample(model, labels, shape=(1, 8, 8), steps=4, guidance=scale, generator=generator)

        whole = sample(labels, seeded(1))
        scaled = tolerance * whole.abs().max().item()
        for size in (1, 3, 8):
            torch.testing.assert_close(sample(labels[:size], seeded(1)), whole[:size], atol=scaled, rtol=0)
        generator = seeded(1)
        parts = torch.cat([sample(part, generator) for part in labels.split([3, 1, 4])])
        torch.testing.assert_close(parts, whole, atol=scaled, rtol=0)
        assert not torch.allclose(sample(labels, seeded(2)), whole)


def test_scale_one_is_the_class_and_zero_is_no_class():
    labels, nothing = torch.tensor([0, 1]), torch.tensor([2, 2])

    def sample(labels, scale, model=None):
        return flow.sample(model or Gaussian(), labels, shape=(5,), guidance=scale, generator=seeded())

    assert torch.equal(sample(labels, 0.0), sample(nothing, 1.0))
    torch.testing.assert_close(sample(labels, 1 + 1e-6), sample(labels, 1.0), atol=1e-5, rtol=0)  # a doubled batch
    # Velocities are affine in the mean here, so guidance extrapolates it: w m + (1 - w) m_null.
    w = 3.0
    means = [w * m + (1 - w) * 0.1 for m in (0.6, -0.4)]
    wanted = sample(labels, 1.0, Gaussian((*means, 0.1)))
    torch.testing.assert_close(sample(labels, w), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("solver", "calls"), [(flow.euler, 6), (flow.heun, 12)])
def test_guidance_is_one_doubled_batch_a_call(solver, calls):
    for scale, rows in ((1.0, 2), (2.0, 4)):
        model = Gaussian()
        flow.sample(model, torch.tensor([0, 1]), shape=(3,), steps=6, guidance=scale, solver=solver)
        assert model.rows == [rows] * calls


# What a user may get wrong


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"steps": 0}, "^steps=0 must be a whole number"),
        ({"steps": -3}, "^steps=-3"),
        ({"steps": 2.5}, "^steps=2.5"),
        ({"guidance": math.nan}, "^guidance=nan"),
        ({"guidance": math.inf}, "^guidance=inf"),
        ({"labels": torch.zeros(0, dtype=torch.long)}, "labels is empty"),
        ({"labels": [0, 1]}, r"labels=\[0, 1\] must be a tensor"),
        ({"labels": torch.tensor([0, 4])}, r"labels must lie in 0\.\.3"),
        ({"labels": torch.tensor([0.0, 1.0])}, "labels must be whole numbers"),
        ({"shape": (1, 8, 9)}, r"pictures must have shape \[B, 1, 8, 8\], not \[2, 1, 8, 9\]"),
    ],
)
def test_a_wrong_argument_is_named(changes, says):
    settings = {"labels": torch.tensor([0, 1]), "shape": (1, 8, 8), "steps": 2} | changes
    with pytest.raises(ValueError, match=says):
        flow.sample(denoiser(torch.float32), settings.pop("labels"), **settings)
    with pytest.raises(ValueError, match="guidance needs a model with a `null` label"):
        flow.sample(silent, torch.tensor([0]), shape=(2,), guidance=2.0)


# The same journeys on a quarter circle


def on_a_circle(steps: int, solver) -> float:
    """Largest distance from the exact end, mean + spread · noise, when the circle is followed in float64."""
    model, labels = Gaussian(), torch.tensor([0, 1, 1])
    z = torch.randn(3, 7, dtype=torch.float64, generator=seeded())

    def velocity(x, t):
        return model(x, torch.full((3,), t, dtype=x.dtype), labels)

    x = flow.solve(flow.curved(velocity), z, steps=steps, solver=solver)
    return (x - (model.means.double()[labels, None] + model.spread * z)).abs().max().item()


def test_the_curved_path_ends_where_the_straight_one_ends():
    assert on_a_circle(400, flow.heun) < 1e-4  # second order: a quarter of what is left at 200 steps
    assert 3.5 < on_a_circle(100, flow.heun) / on_a_circle(200, flow.heun) < 4.5


def test_the_curved_velocity_is_the_slope_of_the_arc():
    x, noise = torch.randn(2, 4, 6, dtype=torch.float64, generator=seeded())

    def arc(u):
        return math.cos(u * math.pi / 2) * x + math.sin(u * math.pi / 2) * noise

    for u in (0.0, 0.3, 1.0):
        slope = (arc(u + 1e-4) - arc(u - 1e-4)) / 2e-4
        torch.testing.assert_close(flow.curved(lambda x_t, t: noise - x)(arc(u), u), slope, atol=1e-6, rtol=0)
