"""flow: straight paths from data (t = 0) to noise (t = 1), and solvers that follow them back, against closed forms."""

import math

import pytest
import torch
import torchdiffeq
from hypothesis import given
from hypothesis import strategies as st
from tiny import denoiser
from torchcfm.conditional_flow_matching import ConditionalFlowMatcher

from course_lib import runtime
from course_lib.methods import diffusion, exact, flow
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
    config = TransformerConfig(grid=(4, 4), vector=4, clock=1, context=0, groups=(16,), width=16, heads=2)
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


# Times


@given(t=st.floats(0, 1), a=st.floats(0.1, 10), b=st.floats(0.1, 10))
def test_shifts_keep_the_ends_and_follow_one_another(t, a, b):
    assert flow.shifted(0.0, a) == 0 and math.isclose(flow.shifted(1.0, a), 1, rel_tol=1e-15)
    assert math.isclose(flow.shifted(flow.shifted(t, a), b), flow.shifted(t, a * b), rel_tol=1e-12, abs_tol=1e-15)
    assert math.isclose(flow.shifted(flow.shifted(t, a), 1 / a), t, rel_tol=1e-12, abs_tol=1e-15)
    assert flow.shifted(t, 1.0) == t


def test_a_shift_divides_the_signal_to_noise_ratio():
    t = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    s = flow.shifted(t, 3.0)
    torch.testing.assert_close((1 - s) / s, (1 - t) / t / 3)
    # What the docstring says: the mean of n equal pixels at time shifted by √n is as clear as one pixel at time t.
    assert (s > t).all()


@pytest.mark.parametrize("shift", [0.0, -1.0, math.nan])
def test_a_shift_that_is_none_is_refused(shift):
    with pytest.raises(ValueError, match="^shift="):
        flow.shifted(0.5, shift)


def test_shifted_times_are_logit_normal_around_the_shift():
    t = flow.times(40_000, seeded(), shift=3.0).double()
    z = torch.logit(t)
    assert abs(z.mean() - math.log(3)) < 5 / math.sqrt(40_000) and abs(z.std() - 1) < 5 / math.sqrt(80_000)
    assert torch.equal(flow.times(9, seeded()), torch.sigmoid(torch.randn(9, generator=seeded())))


# Solvers, on a mixture, in float64


def law() -> exact.Mixture:
    means = torch.tensor([[-1.0, 0.2], [1.1, 0.6], [0.1, -1.0]])
    return exact.Mixture(means, torch.tensor([0.3, 0.5, 0.4]), torch.tensor([0.3, 0.5, 0.2]))


def normal(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 2, dtype=torch.float64, generator=seeded(seed))


def oracle(x: torch.Tensor, start: float = 1.0, end: float = 0.0) -> torch.Tensor:
    """torchdiffeq's answer, by Dormand and Prince with its own choice of steps."""
    span = torch.tensor([start, end], dtype=torch.float64)
    return torchdiffeq.odeint(lambda t, x: law()(x, t), x, span, rtol=1e-11, atol=1e-11)[-1]


def test_the_ode_is_solved_as_torchdiffeq_solves_it():
    x = normal(40)
    assert (flow.solve(law(), x, steps=400, solver=flow.rk4) - oracle(x)).abs().max() < 1e-7
    there = flow.solve(law(), x, steps=400, solver=flow.rk4, start=0.9, end=0.2)
    assert (there - oracle(x, 0.9, 0.2)).abs().max() < 1e-7


@pytest.mark.parametrize("method", ["euler", "midpoint", "rk4"])
def test_one_step_is_that_of_torchdiffeq(method):
    x, span = normal(10), torch.tensor([0.7, 0.5], dtype=torch.float64)
    ours = {
        "euler": flow.euler,
        # theirs is the other second-order step: half a step with Euler, then all of it with the slope found there
        "midpoint": lambda v, x, t, s: x + (s - t) * v(x + (s - t) / 2 * v(x, t), (t + s) / 2),
        "rk4": None,
    }[method]
    if method == "rk4":  # theirs is the 3/8 rule, of the same order: both agree to the fifth power of the step
        theirs = torchdiffeq.odeint(lambda t, x: law()(x, t), x, span, method="rk4")[-1]
        assert (flow.rk4(law(), x, 0.7, 0.5) - theirs).abs().max() < 5e-4
        return
    theirs = torchdiffeq.odeint(lambda t, x: law()(x, t), x, span, method=method)[-1]
    torch.testing.assert_close(ours(law(), x, 0.7, 0.5), theirs, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("solver", "steps", "ratio", "slack"), [(flow.euler, 64, 2, 0.2), (flow.heun, 32, 4, 0.9), (flow.rk4, 32, 16, 3)]
)
def test_halving_the_step_divides_the_error_by_two_to_the_order(solver, steps, ratio, slack):
    x = normal(200)
    right = oracle(x)
    # median over points: a point on a watershed between two parts converges later than the others
    errors = [
        (flow.solve(law(), x, steps=n, solver=solver) - right).norm(dim=1).median()
        for n in (steps, 2 * steps, 4 * steps)
    ]
    for coarse, fine in zip(errors[:-1], errors[1:], strict=True):
        assert abs(coarse / fine - ratio) < slack


def test_solve_goes_there_and_back_again():
    x = normal(50)
    data = flow.solve(law(), x, steps=200, solver=flow.rk4)
    back = flow.solve(law(), data, steps=200, solver=flow.rk4, start=0.0, end=1.0)
    assert (back - x).abs().max() < 1e-5


def test_solve_shifts_its_times_and_reports_every_step():
    seen, reported = [], []

    def velocity(x, t):
        seen.append(t)
        return torch.zeros_like(x)

    x = normal(3)
    flow.solve(velocity, x, steps=3, shift=3.0, callback=lambda i, x: reported.append((i, x)))
    wanted = [flow.shifted(t, 3.0) for t in (1.0, 2 / 3, 1 / 3)]
    assert seen == pytest.approx(wanted, abs=1e-12)
    assert [i for i, _ in reported] == [0, 1, 2, 3] and torch.equal(reported[0][1], x)


@pytest.mark.parametrize("steps", [0, 2.5])
def test_solve_names_a_wrong_number_of_steps(steps):
    with pytest.raises(ValueError, match=f"^steps={steps}"):
        flow.solve(law(), normal(3), steps=steps)


# Noise on the way


def shares(m, x, t):
    """The probability of each part of a mixture, given points at time t, by Bayes."""
    parts = [m.log_prob(x, t, torch.full((len(x),), k)) for k in range(len(m.weights))]
    return (torch.stack(parts, 1) + m.weights.log()).softmax(1)


@pytest.mark.parametrize("churn", [0.3, 1.0, 3.0])
def test_noise_on_the_way_keeps_the_distribution_at_every_time(churn):
    m, n, steps, kept = law(), 1200, 120, {}

    def note(i, x):
        kept[i] = x

    flow.solve(m, normal(n), steps=steps, solver=flow.stochastic(seeded(5), churn), callback=note)
    for i, t in ((60, 0.5), (120, 0.0)):
        clean, _ = m.sample(n, seeded(6))
        real = flow.path(clean, normal(n, 7), torch.full((n,), t, dtype=torch.float64))[0]
        for moment in (
            lambda x: x,
            lambda x: x.square(),
            lambda x: x[:, :1] * x[:, 1:],
            lambda x, t=t: shares(m, x, t),
        ):
            ours, theirs = moment(kept[i]), moment(real)
            error = ((ours.var(0) + theirs.var(0)) / n).sqrt()
            # five standard errors, and 0.05 for the finite step (Euler and Maruyama are of first order)
            assert ((ours.mean(0) - theirs.mean(0)).abs() < 5 * error + 0.05).all()


def test_without_churn_it_is_euler_and_with_it_the_noise_is_its_own():
    x = normal(5)
    assert torch.equal(flow.stochastic(churn=0.0)(law(), x, 0.6, 0.5), flow.euler(law(), x, 0.6, 0.5))
    first, again, other = (flow.stochastic(seeded(s))(law(), x, 0.6, 0.5) for s in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_picture_keeps_its_noise_whatever_is_drawn_beside_it():
    x = normal(6)
    together, alone = (flow.solve(law(), part, steps=4, solver=flow.stochastic(seeded(3))) for part in (x, x[:2]))
    assert torch.allclose(together[:2], alone, atol=1e-12)


def test_the_noise_of_a_step_has_the_variance_that_its_formula_says():
    x, t, s, churn = normal(1).expand(20_000, 2), 0.6, 0.5, 0.7
    y = flow.stochastic(seeded(), churn)(law(), x, t, s)
    wanted = 2 * churn * t * (t - s)
    assert ((y.var(0) / wanted - 1).abs() < 5 * math.sqrt(2 / 20_000)).all()  # five standard errors
    noise, v = law().noise(x[:1], t), law()(x[:1], t)
    assert ((y.mean(0) - (x[0] - (t - s) * (v + churn * noise)[0])).abs() < 5 * math.sqrt(wanted / 20_000)).all()


# Guidance: where, and away from whom


@pytest.mark.parametrize(
    ("solver", "asked"), [(flow.euler, (1.0, 0.75, 0.5, 0.25)), (flow.heun, (1, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25, 0))]
)
def test_outside_its_interval_guidance_costs_nothing_and_changes_nothing(solver, asked):
    def draw(interval, scale=3.0):
        model, states = Gaussian(), []
        options = {"shape": (3,), "steps": 4, "solver": solver, "generator": seeded()}
        flow.sample(
            model,
            torch.tensor([0, 1]),
            guidance=scale,
            interval=interval,
            callback=lambda i, x: states.append(x),
            **options,
        )
        return model.rows, states

    rows, states = draw((0.3, 0.8))
    assert rows == [4 if 0.3 <= t <= 0.8 else 2 for t in asked]
    plain, guided = draw((0, 1), 1.0)[1], draw((0, 1))[1]
    if solver is flow.euler:
        assert torch.equal(states[1], plain[1])  # the step from t = 1 lies outside
    assert not torch.allclose(states[-1], plain[-1]) and not torch.allclose(states[-1], guided[-1])
    never, unguided = draw((0.3, 0.4))
    assert never == [2] * len(asked) and torch.equal(unguided[-1], plain[-1])
    always = draw((0.0, 1.0))
    assert always[0] == [4] * len(asked) and torch.equal(always[1][-1], guided[-1])


@pytest.mark.parametrize("interval", [(0.6, 0.4), (-0.1, 1.0), (0.0, 1.1)])
def test_an_interval_that_is_none_is_refused(interval):
    with pytest.raises(ValueError, match="^interval="):
        flow.sample(Gaussian(), torch.tensor([0]), shape=(2,), interval=interval)


def test_a_weak_model_is_led_away_from_with_the_same_labels():
    seen = []

    def weak(x, t, labels):
        seen.append((t[0].item(), labels))
        return Gaussian(spread=0.6)(x, t, labels)

    labels, options = torch.tensor([0, 1]), {"shape": (4,), "steps": 3, "generator": seeded()}
    made = flow.sample(Gaussian(), labels, guidance=2.0, weak=weak, **options)
    assert [t for t, _ in seen] == pytest.approx([1, 2 / 3, 1 / 3])
    assert all(torch.equal(given, labels) for _, given in seen)  # not the null label
    options["generator"] = seeded()
    by_hand = flow.sample(lambda x, t, y: 2 * Gaussian()(x, t, y) - Gaussian(spread=0.6)(x, t, y), labels, **options)
    torch.testing.assert_close(made, by_hand, atol=1e-5, rtol=0)
    # A model without a null label can be led in this way too.
    options["generator"] = seeded()
    assert flow.sample(silent, labels, guidance=2.0, weak=silent, **options).shape == (2, 4)


# Likelihood


def test_the_divergence_is_the_trace_of_the_jacobian():
    x, m = normal(6), law()
    v, div = flow.divergence(m, x, 0.4)
    jacobians = [torch.autograd.functional.jacobian(lambda x: m(x[None], 0.4)[0], row) for row in x]
    torch.testing.assert_close(div, torch.stack([j.trace() for j in jacobians]), rtol=1e-12, atol=1e-12)
    assert torch.equal(v, m(x, 0.4)) and not v.requires_grad and not div.requires_grad
    # on a picture, with the gradient's machinery switched off around it
    picture = torch.randn(2, 1, 3, 3, generator=seeded())
    with torch.no_grad():
        _, div = flow.divergence(lambda x, t: 3 * x + t, picture, 0.5)
    torch.testing.assert_close(div, torch.full((2,), 27.0))


def test_a_random_probe_gives_the_divergence_on_average():
    m, x = law(), normal(1).expand(20_000, 2)
    _, right = flow.divergence(m, x[:1], 0.4)
    for probe in (normal(20_000, 3), normal(20_000, 3).sign()):
        _, guess = flow.divergence(m, x, 0.4, probe)
        assert abs(guess.mean() - right) < 5 * guess.std() / math.sqrt(20_000)  # five standard errors
        assert guess.std() > 0.01


def test_the_likelihood_along_the_ode_is_the_exact_density():
    m = law()
    x, _ = m.sample(60, seeded(4))
    found = flow.nats(m, x, steps=400, exact=True)
    assert (found + m.log_prob(x)).abs().max() < 1e-3
    errors = [(flow.nats(m, x, steps=n, exact=True) + m.log_prob(x)).abs().mean() for n in (50, 100, 200)]
    for coarse, fine in zip(errors[:-1], errors[1:], strict=True):
        assert 3 < coarse / fine < 5.2  # second order


def test_a_model_that_leaves_noise_alone_has_the_density_of_noise():
    x = normal(7)
    found = flow.nats(lambda x, t: 0 * x, x, steps=3)
    torch.testing.assert_close(found, x.square().sum(1) / 2 + math.log(2 * math.pi))


def test_the_density_along_the_ode_integrates_to_one():
    side = torch.arange(-4, 4, 0.1, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    total = flow.nats(law(), grid, steps=100, exact=True).neg().exp().sum() * 0.1**2
    assert abs(total - 1) < 2e-3  # what 100 Heun steps leave


def test_one_probe_a_picture_leaves_the_likelihood_unbiased():
    m = law()
    x = m.sample(1, seeded(8))[0].expand(4000, 2)
    exactly = flow.nats(m, x[:1], steps=30, exact=True)
    guess = flow.nats(m, x, steps=30, generator=seeded(9))
    assert abs(guess.mean() - exactly) < 5 * guess.std() / math.sqrt(4000) and guess.std() > 0.01
    assert torch.equal(guess, flow.nats(m, x, steps=30, generator=seeded(9)))


def test_the_denoiser_for_the_bound_is_that_of_the_same_signal_to_noise():
    m, x = law(), normal(9)
    a = torch.linspace(0.05, 0.95, 9, dtype=torch.float64)
    t = (1 - a).sqrt() / (a.sqrt() + (1 - a).sqrt())  # a/(1-a) = ((1-t)/t)²
    # x = √a data + √(1-a) noise is the straight path's point, scaled up
    scale = torch.hypot(1 - t, t)[:, None]
    torch.testing.assert_close(flow.denoiser(m, None)(x, a), m.data(x * scale, t), rtol=1e-10, atol=1e-10)


def test_with_the_exact_denoiser_the_bound_is_tight():
    m = law()
    x = m.sample(1, seeded(8))[0].expand(4000, 2)
    guess = diffusion.bound(flow.denoiser(m, None), x, draws=64, log_snr=(-12.0, 12.0), generator=seeded(9))
    error = guess.std() / math.sqrt(4000)
    assert error < 0.05 and abs(guess.mean() + m.log_prob(x[:1])[0]) < 5 * error


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
        ({"shape": (1, 8, 9)}, r"pictures must be cut into 4×4 patches of 4 numbers.* \[2, 1, 8, 9\]"),
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


# What is given


@pytest.mark.parametrize("solver", [flow.euler, flow.heun])
def test_what_is_given_is_kept_and_is_on_its_own_path_at_every_step(solver):
    model, seen = Gaussian(), []
    x, keep = torch.randn(4, 9, generator=seeded(1)), torch.arange(9).expand(4, 9) < 4
    dials = {"shape": (9,), "steps": 5, "solver": solver, "generator": seeded(3)}
    made = flow.sample(model, torch.zeros(4).long(), known=(x, keep), callback=lambda i, x: seen.append(x), **dials)
    assert torch.equal(made[keep], x.to(made)[keep])
    noise = runtime.noise(4, (9,), seeded(3))
    for i, now in enumerate(seen):
        t = 1 - i / 5
        torch.testing.assert_close(now[keep], ((1 - t) * x.to(now) + t * noise.to(now))[keep])
    free = flow.sample(model, torch.zeros(4).long(), **dials | {"generator": seeded(3)})
    assert torch.equal(made[~keep], free[~keep])  # here no dimension knows of another


def test_given_parts_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"known must be \(x, keep\), both of shape \[2, 9\] and keep boolean"):
        flow.sample(Gaussian(), torch.zeros(2).long(), shape=(9,), known=(torch.zeros(2, 8), torch.ones(2, 8).bool()))
