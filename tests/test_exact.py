"""exact: mixtures in which everything is known, checked against autograd, grids, chance and one another."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.methods import diffusion, exact, flow, guidance

DIMENSIONS, PARTS = 2, 3


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def mixture(seed: int = 0, d: int = DIMENSIONS) -> exact.Mixture:
    g = seeded(seed)
    stds = 0.3 + 0.6 * torch.rand(PARTS, generator=g)
    return exact.Mixture(torch.randn(PARTS, d, generator=g), stds, 0.2 + torch.rand(PARTS, generator=g))


def points(n: int = 20, seed: int = 1, d: int = DIMENSIONS) -> torch.Tensor:
    return 1.5 * torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def labels(n: int = 20, seed: int = 2) -> torch.Tensor:
    """All parts and the null label."""
    return torch.randint(PARTS + 1, (n,), generator=seeded(seed))


def line(mean: float, std: float) -> exact.Mixture:
    """One Gaussian on the line."""
    return exact.Mixture(torch.tensor([[mean]]), torch.tensor([std]))


times = st.floats(0.01, 1.0)
seeds = st.integers(0, 2**31)


# Density and score


@given(seeds, times)
@settings(max_examples=30, deadline=None)
def test_the_score_is_the_gradient_of_the_log_density(seed, t):
    law, x, given_labels = mixture(seed), points(seed=seed).requires_grad_(), labels(seed=seed)
    for label in (None, given_labels):
        (gradient,) = torch.autograd.grad(law.log_prob(x, t, label).sum(), x)
        scale = gradient.abs().max().clamp(min=1)
        assert (law.score(x, t, label) - gradient).abs().max() < 1e-14 * scale  # float64, a dozen roundings


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("label", [None, 0, PARTS])
def test_the_density_integrates_to_one_at_every_time(t, label):
    law = mixture()
    side = torch.arange(-7, 7, 0.05, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    label = label if label is None else torch.full((len(grid),), label)
    # smooth and gone at the rim: the sum converges faster than any power of the step
    assert abs(law.log_prob(grid, t, label).exp().sum() * 0.05**2 - 1) < 1e-9


def test_at_time_1_only_noise_is_left_whatever_the_label():
    law, x = mixture(), points()
    normal = -x.square().sum(1) / 2 - math.log(2 * math.pi)
    for label in (None, labels()):
        torch.testing.assert_close(law.log_prob(x, 1.0, label), normal)
        torch.testing.assert_close(law.score(x, 1.0, label), -x)


def test_a_label_is_its_part_alone_and_the_null_label_is_the_mixture():
    law, x = mixture(), points()
    for k in range(PARTS):
        alone = exact.Mixture(law.means[k : k + 1], law.stds[k : k + 1])
        label = torch.full((len(x),), k)
        torch.testing.assert_close(law.log_prob(x, 0.4, label), alone.log_prob(x, 0.4))
        torch.testing.assert_close(law.velocity(x, 0.4, label), alone.velocity(x, 0.4))
    nothing = torch.full((len(x),), law.null)
    assert torch.equal(law.velocity(x, 0.4, nothing), law.velocity(x, 0.4))


def shares(law, x):
    """The probability of each part, given points, by Bayes."""
    parts = torch.stack([law.log_prob(x, 0.0, torch.full((len(x),), k)) for k in range(PARTS)], 1).exp()
    return law.weights * parts / (law.weights * parts).sum(1, keepdim=True)


# Denoiser and velocity


@given(seeds, times)
@settings(max_examples=30, deadline=None)
def test_denoiser_noise_and_velocity_say_the_same(seed, t):
    law, x, label = mixture(seed), points(seed=seed), labels(seed=seed)
    data, noise, velocity = law.data(x, t, label), law.noise(x, t, label), law.velocity(x, t, label)
    torch.testing.assert_close((1 - t) * data + t * noise, x, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close((1 - t) * data, x + t * t * law.score(x, t, label), rtol=1e-12, atol=1e-12)  # Tweedie
    torch.testing.assert_close(flow.data_in(x, velocity, t), data, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(flow.noise_in(x, velocity, t), noise, rtol=1e-12, atol=1e-12)


def test_at_time_1_the_velocity_is_the_noise_less_the_mean_of_the_data():
    law, x = mixture(), points()
    mean = (law.weights[:, None] * law.means).sum(0)
    torch.testing.assert_close(law.velocity(x, 1.0), x - mean, rtol=1e-14, atol=1e-14)
    label = torch.arange(20) % PARTS
    torch.testing.assert_close(law.velocity(x, 1.0, label), x - law.means[label], rtol=1e-14, atol=1e-14)


def test_at_time_0_the_denoiser_leaves_everything_as_it_is():
    law, x = mixture(), points()
    torch.testing.assert_close(law.data(x, 0.0), x)
    assert law.noise(x, 0.0).abs().max() == 0


def test_the_denoiser_is_the_mean_of_the_clean_points_that_lead_here():
    # by chance: clean points weighted by how likely they are to become x. No closed form of ours is used.
    law, t = mixture(), 0.5
    x, n = points(6), 400_000
    clean, _ = law.sample(n, seeded(3))
    for here, wanted in zip(x, law.data(x, t), strict=True):
        weight = (-(here - (1 - t) * clean).square().sum(1) / (2 * t * t)).softmax(0)
        mean = (weight[:, None] * clean).sum(0)
        error = ((weight[:, None] * (clean - mean)).square().sum(0)).sqrt()
        assert ((mean - wanted).abs() < 5 * error).all()  # five standard errors


@given(seeds, st.floats(0.05, 0.95))
@settings(max_examples=20, deadline=None)
def test_the_velocity_carries_the_density_along(seed, t):
    """The continuity equation: ∂ log p / ∂t + div v + v · ∇ log p = 0, everywhere."""
    law, x, label = mixture(seed), points(seed=seed), labels(seed=seed)
    clock = torch.full((len(x),), t, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(law.log_prob(x, clock, label).sum(), clock)
    v, div = flow.divergence(lambda x, t: law(x, t, label), x, t)
    rest = slope + div + (v * law.score(x, t, label)).sum(1)
    size = slope.abs() + div.abs() + (v * law.score(x, t, label)).sum(1).abs() + 1
    assert (rest / size).abs().max() < 1e-11


@pytest.mark.parametrize("d", [1, 2, 5])
def test_it_is_a_model_like_any_other(d):
    law, x = mixture(d=d), points(d=d)
    single = law(x.float(), torch.full((20,), 0.3), labels())
    assert single.dtype == torch.float32 and single.shape == (20, d)
    torch.testing.assert_close(single.double(), law(x, 0.3, labels()), rtol=1e-4, atol=1e-5)  # fp32 against fp64
    each = torch.linspace(0.1, 1, 20, dtype=torch.float64)  # a time a point
    rows = [law(x[i : i + 1], float(t), labels()[i : i + 1]) for i, t in enumerate(each)]
    torch.testing.assert_close(law(x, each, labels()), torch.cat(rows))


# Sampling


def test_samples_have_the_weights_means_and_spreads():
    law, n = mixture(), 60_000
    x, parts = law.sample(n, seeded())
    for k in range(PARTS):
        mine, share = x[parts == k], float(law.weights[k])
        assert abs(len(mine) / n - share) < 5 * math.sqrt(share * (1 - share) / n)  # five standard errors
        assert ((mine.mean(0) - law.means[k]).abs() < 5 * law.stds[k] / math.sqrt(len(mine))).all()
        assert ((mine.std(0) - law.stds[k]).abs() < 5 * law.stds[k] / math.sqrt(2 * len(mine))).all()
    again, _ = law.sample(n, seeded())
    assert torch.equal(x, again) and not torch.equal(x, law.sample(n, seeded(1))[0])


def test_the_sampler_of_flow_draws_it():
    law, n = mixture(), 3000
    label = torch.arange(n) % (PARTS + 1)
    x = flow.sample(law, label, shape=(2,), steps=30, solver=flow.heun, generator=seeded()).double()
    for k in range(PARTS):
        mine = x[label == k]
        assert ((mine.mean(0) - law.means[k]).abs() < 5 * law.stds[k] / math.sqrt(len(mine))).all()
    mine = x[label == law.null]
    mean, share = (law.weights[:, None] * law.means).sum(0), shares(law, mine).mean(0)
    spread = (law.weights[:, None] * (law.means.square() + law.stds[:, None].square())).sum(0) - mean.square()
    assert ((mine.mean(0) - mean).abs() < 5 * (spread / len(mine)).sqrt()).all()
    assert ((share - law.weights).abs() < 5 * (law.weights * (1 - law.weights) / len(mine)).sqrt()).all()


# Guidance, exactly: it is not the distribution that its formula seems to promise


@pytest.mark.parametrize(
    ("w", "made", "tilted"),
    [(1, (1, 0.5), (1, 0.5)), (2, (1.380, 0.250), (1.143, 0.378)), (4, (1.517, 0.062), (1.231, 0.277))],
)
def test_guidance_is_not_the_tilted_distribution(w, made, tilted):
    """p_c = N(1, 0.5²), p_u = N(0, 1): mean and std of what the guided ODE makes and of p_c^w p_u^(1-w) ∝."""
    cond, uncond = line(1.0, 0.5), line(0.0, 1.0)

    def velocity(x, t):
        return guidance.combine(cond(x, t), uncond(x, t), w)

    # The guided velocity is affine in x, so two points tell where a standard normal goes: mean ± std.
    ends = flow.solve(velocity, torch.tensor([[-1.0], [1.0]], dtype=torch.float64), steps=100, solver=flow.rk4)
    mean, std = float(ends.mean()), float(ends[1] - ends[0]) / 2
    assert abs(mean - made[0]) < 6e-4 and abs(std - made[1]) < 6e-4  # the figures have three decimals
    assert abs(std - 0.5**w) < 1e-6  # in closed form: σ_c^w σ_u^(1-w), their geometric mean
    precision = w / 0.25 + (1 - w) / 1
    assert abs(w * 1 / 0.25 / precision - tilted[0]) < 6e-4 and abs(precision**-0.5 - tilted[1]) < 6e-4
    # Guided noise *is* the noise of the tilted distribution in one place only: at the end, where no noise is left.
    law = line(w / 0.25 / precision, precision**-0.5)
    x = points(d=1)
    score = guidance.combine(cond.score(x, 0.0), uncond.score(x, 0.0), w)
    torch.testing.assert_close(score, law.score(x, 0.0), rtol=1e-6, atol=1e-5)
    off = guidance.combine(cond.score(x, 0.5), uncond.score(x, 0.5), w) - law.score(x, 0.5)
    assert (off.abs().max() < 1e-6) == (w == 1)


def test_a_better_model_led_away_from_a_worse_one_is_autoguidance():
    good, worse = line(1.0, 0.5), line(1.0, 0.7)
    label = torch.zeros(400, dtype=torch.long)

    def draw(**options):
        return flow.sample(good, label, shape=(1,), steps=40, solver=flow.heun, generator=seeded(), **options)

    plain, led = draw(), draw(guidance=2.0, weak=worse)
    assert torch.equal(plain, draw(guidance=1.0, weak=worse))
    torch.testing.assert_close(draw(guidance=3.0, weak=good), plain, rtol=1e-4, atol=1e-4)  # nothing to lead away from
    # One centre, so the mean stays; the spread becomes 0.5² / 0.7 by the same law as above.
    assert abs(led.std() / plain.std() - 0.5 / 0.7) < 5e-3
    torch.testing.assert_close(led - 1, (plain - 1) * (led.std() / plain.std()), rtol=0, atol=5e-3)


# Filling a hole by replacing what is known is biased, even with the exact denoiser


class Twins:
    """A Gaussian in two dimensions, both N(0, 1), with correlation 0.95; as in the schedules of `diffusion`."""

    cov = torch.tensor([[1.0, 0.95], [0.95, 1.0]], dtype=torch.float64)

    def denoise(self, x: torch.Tensor, a: float) -> torch.Tensor:
        return a**0.5 * torch.linalg.solve(a * self.cov + (1 - a) * torch.eye(2, dtype=torch.float64), x.T).T @ self.cov


def fill(alpha_bar: torch.Tensor, repeats: int, known: float, n: int, generator: torch.Generator) -> torch.Tensor:
    """The second number given the first: DDPM that sets the first to its noised truth before each step; each step done
    `repeats` times, with the noise put back in between (RePaint, arXiv 2201.09865).
    """
    twins, levels = Twins(), alpha_bar.tolist()

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    x = normal(n, 2)
    for a_s, a_t in reversed(list(zip(levels[:-1], levels[1:], strict=True))):
        for k in range(repeats):
            x[:, 0] = a_t**0.5 * known + (1 - a_t) ** 0.5 * normal(n)
            clean = twins.denoise(x, a_t)
            noise = diffusion.DATA.read(clean, x, a_t)[1]
            y = diffusion.ddim(clean, noise, a_t, a_s, 1.0, normal(n, 2))
            if k + 1 < repeats:
                x = diffusion.noised(y, normal(n, 2), a_t / a_s)
        x = y
    return x[:, 1]


def test_replacement_is_biased_and_going_back_and_forth_helps():
    known, right = 1.5, (0.95 * 1.5, math.sqrt(1 - 0.95**2))  # 1.425 and 0.312
    n, found = 8000, []
    for repeats in (1, 2, 5):
        end = fill(diffusion.straight(50), repeats, known, n, seeded(repeats))
        found.append((float(end.mean()), float(end.std())))
    bias = [right[0] - mean for mean, _ in found]
    assert bias[0] > 0.3 and bias[0] > bias[1] + 0.05 and bias[1] > bias[2] + 0.05  # standard error under 0.006
    assert found[0][1] > right[1] + 0.05
    # It is the replacing that does it: starting from the joint distribution alone, both numbers are drawn rightly.
    assert bias[2] > 0


# What a user may get wrong


@pytest.mark.parametrize(
    ("means", "stds", "weights", "says"),
    [
        (torch.zeros(2), torch.ones(2), None, "means must be"),
        (torch.zeros(2, 2), torch.ones(3), None, "means must be"),
        (torch.zeros(2, 2), torch.tensor([1.0, 0.0]), None, "above 0"),
        (torch.zeros(2, 2), torch.ones(2), torch.ones(3), "weights"),
        (torch.zeros(2, 2), torch.ones(2), torch.tensor([1.0, -0.5]), "weights"),
        (torch.zeros(2, 2), torch.ones(2), torch.tensor([1.0, 0.0]), "weights"),
    ],
)
def test_a_mixture_that_is_none_is_refused(means, stds, weights, says):
    with pytest.raises(ValueError, match=says):
        exact.Mixture(means, stds, weights)


@pytest.mark.parametrize("label", [-1, PARTS + 1])
def test_a_label_that_does_not_exist_is_refused(label):
    with pytest.raises(ValueError, match=f"labels must lie in 0..{PARTS}"):
        mixture().velocity(points(4), 0.5, torch.full((4,), label))
