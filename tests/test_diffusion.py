"""diffusion: schedules, targets, posterior, samplers and the bound, against closed forms and against diffusers."""

import math

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st

from course_lib import runtime
from course_lib.methods import diffusion, exact, flow

TARGETS = {"epsilon": diffusion.NOISE, "sample": diffusion.DATA, "v_prediction": diffusion.VELOCITY}
SCHEDULES = {
    "linear": diffusion.linear(),
    "cosine": diffusion.cosine(),
    "straight": diffusion.straight(),
    "zero_terminal": diffusion.zero_terminal(diffusion.linear()),
}
shares = st.floats(1e-3, 1 - 1e-3)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pair(seed: int = 0, n: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Random data in [-1, 1] and noise `[n, 1, 3, 4]`, in fp64."""
    x, noise = torch.randn(2, n, 1, 3, 4, dtype=torch.float64, generator=seeded(seed))
    return x.clamp(-1, 1), noise


class Blob:
    """The exact answer for data N(m, s²) in every pixel, as any target: E[target | x_t]."""

    null = 3

    def __init__(self, alpha_bar, target=diffusion.NOISE, m: float = 0.4, s: float = 0.5):
        self.alpha_bar, self.target, self.m, self.s = alpha_bar, target, m, s

    def __call__(self, x, t, labels):
        step = (t.double() * (len(self.alpha_bar) - 1)).round().long()
        a = self.alpha_bar[step].to(x).view(-1, *[1] * (x.ndim - 1))
        clean = self.m + a.sqrt() * self.s**2 / (a * self.s**2 + 1 - a) * (x - a.sqrt() * self.m)
        return self.target.make(clean, (x - a.sqrt() * clean) / (1 - a).sqrt(), a)


# Schedules


@pytest.mark.parametrize(
    ("alpha_bar", "left"),
    [
        (diffusion.linear(), 4.0e-5),
        (diffusion.linear(100), 0.364),  # the betas of 1,000 steps, a hundred times only: a third is still there
        (diffusion.cosine(), 2.4e-9),
        (diffusion.straight(), 0.0),
        (diffusion.zero_terminal(diffusion.linear()), 0.0),
    ],
)
def test_what_is_left_of_the_data_at_the_last_step(alpha_bar, left):
    assert float(alpha_bar[-1]) == pytest.approx(left, rel=0.02)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_starts_with_the_data_and_only_ever_loses_some(name):
    alpha_bar = SCHEDULES[name]
    assert len(alpha_bar) == 1001 and alpha_bar.dtype == torch.float64 and alpha_bar[0] == 1
    assert (alpha_bar.diff() < 0).all() and alpha_bar[-1] >= 0


def test_the_cosine_clips_exactly_one_step():
    alpha_bar = diffusion.cosine()
    betas = 1 - alpha_bar[1:] / alpha_bar[:-1]
    assert int((betas > 0.999 - 1e-9).sum()) == 1 and betas[-1] == pytest.approx(0.999)


def test_zero_terminal_keeps_the_first_step_and_stretches_the_rest():
    before = diffusion.linear()
    after = diffusion.zero_terminal(before)
    assert after[1] == pytest.approx(float(before[1]), rel=1e-12) and after[-1] == 0
    roots = [a.sqrt()[1:] for a in (before, after)]
    stretch = roots[1].diff() / roots[0].diff()  # one factor for all steps
    torch.testing.assert_close(stretch, stretch[:1].expand_as(stretch))


@pytest.mark.parametrize(
    ("ours", "settings"),
    [
        (diffusion.linear(), {}),
        (diffusion.linear(200), {"num_train_timesteps": 200}),
        (diffusion.cosine(), {"beta_schedule": "squaredcos_cap_v2"}),
        (diffusion.zero_terminal(diffusion.linear()), {"rescale_betas_zero_snr": True}),
    ],
)
def test_schedules_are_those_of_diffusers(ours, settings):
    theirs = DDPMScheduler(**settings).alphas_cumprod.double()
    # They compute in fp32 and keep 2^-24 in place of 0: products of 1,000 factors agree to some 1e-5.
    torch.testing.assert_close(ours[1:], theirs, rtol=2e-4, atol=1e-6)


def test_the_straight_schedule_has_the_signal_to_noise_of_the_straight_path():
    a, t = diffusion.straight(10), torch.linspace(0, 1, 11, dtype=torch.float64)
    torch.testing.assert_close((a / (1 - a))[1:], ((1 - t) / t).square()[1:])


# Targets


@pytest.mark.parametrize("name", TARGETS)
@given(seed=st.integers(0, 2**31), a=shares)
def test_a_target_read_back_gives_data_and_noise(name, seed, a):
    (x, noise), target = pair(seed), TARGETS[name]
    clean, back = target.read(target.make(x, noise, a), diffusion.noised(x, noise, a), a)
    # Dividing by √a or √(1 - a), both above 0.03, loses two digits of sixteen.
    torch.testing.assert_close(clean, x, rtol=0, atol=1e-12)
    torch.testing.assert_close(back, noise, rtol=0, atol=1e-12)


@given(a=shares)
def test_velocity_is_how_the_point_moves_on_its_circle(a):
    (x, noise), angle, h = pair(), math.acos(a**0.5), 1e-5
    at = [diffusion.noised(x, noise, math.cos(angle + d) ** 2) for d in (-h, h)]
    torch.testing.assert_close((at[1] - at[0]) / (2 * h), diffusion.VELOCITY.make(x, noise, a), rtol=0, atol=1e-6)


@given(seed=st.integers(0, 2**31), a=shares)
def test_the_three_losses_differ_by_a_weight_alone(seed, a):
    x, noise = pair(seed)
    x_t, guess = diffusion.noised(x, noise, a), pair(seed + 1)[0]
    believed = (x_t - a**0.5 * guess) / (1 - a) ** 0.5
    error = {
        name: (target.make(guess, believed, a) - target.make(x, noise, a)).square().mean()
        for name, target in TARGETS.items()
    }
    torch.testing.assert_close(error["epsilon"], error["sample"] * a / (1 - a))
    torch.testing.assert_close(error["v_prediction"], error["sample"] / (1 - a))
    torch.testing.assert_close(error["v_prediction"], error["sample"] + error["epsilon"])


# Loss


class Silent:
    """Answers zero, as a network at the start does; remembers what it was asked."""

    null = 3

    def __call__(self, x, t, labels):
        self.x, self.t, self.labels = x, t, labels
        return torch.zeros_like(x)


@pytest.mark.parametrize("name", TARGETS)
def test_the_loss_of_silence_is_the_size_of_the_target(name):
    x = 0.5 * torch.randn(4000, 1, 4, 4, generator=seeded(1))
    labels = torch.zeros(len(x), dtype=torch.long)
    value = diffusion.loss(
        Silent(), (x, labels), alpha_bar=diffusion.cosine(), target=TARGETS[name], generator=seeded()
    )
    a, power = diffusion.cosine()[1:].mean().item(), x.square().mean().item()
    wanted = {"epsilon": 1.0, "sample": power, "v_prediction": a + (1 - a) * power}[name]
    # 64,000 squares of variance up to 2, and of the velocity 4,000 shares: a standard error of 0.006 at most, five
    assert value.item() == pytest.approx(wanted, abs=0.03)


@pytest.mark.parametrize("name", TARGETS)
def test_the_exact_answer_leaves_only_what_cannot_be_known(name):
    alpha_bar, s = diffusion.linear(50), 0.5
    x = 0.4 + s * torch.randn(6000, 1, 2, 2, generator=seeded(1))
    model = Blob(alpha_bar, TARGETS[name], s=s)
    value = diffusion.loss(model, (x, None), alpha_bar=alpha_bar, target=TARGETS[name], generator=seeded())
    a = alpha_bar[1:]
    unknown = s**2 * (1 - a) / (a * s**2 + 1 - a)  # variance of the data given x_t
    weight = {"epsilon": a / (1 - a), "sample": torch.ones_like(a), "v_prediction": 1 / (1 - a)}[name]
    # 24,000 squares: the relative standard error is about 1.5 %.
    assert value.item() == pytest.approx((weight * unknown).mean().item(), rel=0.06)


def test_a_loss_noises_by_the_schedule_and_asks_at_its_own_time():
    alpha_bar, model, x = diffusion.linear(20), Silent(), torch.full((3000, 1, 2, 2), 0.8)
    diffusion.loss(model, (x, torch.zeros(3000, dtype=torch.long)), alpha_bar=alpha_bar, generator=seeded())
    steps = (model.t * 20).round().long()
    assert steps.min() == 1 and steps.max() == 20  # step 0 has nothing to learn
    for step in (1, 10, 20):
        seen, a = model.x[steps == step].double(), alpha_bar[step]
        # about 150 pictures of 4 pixels a step: standard errors of 0.04 at most
        assert seen.mean().item() == pytest.approx(0.8 * a.sqrt().item(), abs=0.2)
        assert seen.std().item() == pytest.approx((1 - a).sqrt().item(), abs=0.15)


def test_a_dropped_label_is_the_null_label():
    model, labels = Silent(), torch.zeros(3000, dtype=torch.long)
    batch = torch.zeros(3000, 1, 1, 1), labels
    diffusion.loss(model, batch, alpha_bar=diffusion.linear(9), drop=0.1, generator=seeded())
    share = (model.labels == model.null).float().mean().item()
    assert share == pytest.approx(0.1, abs=0.03) and set(model.labels.tolist()) == {0, 3}  # 0.0055 a standard error
    diffusion.loss(model, batch, alpha_bar=diffusion.linear(9), generator=seeded())
    assert (model.labels == 0).all()
    with pytest.raises(ValueError, match="null"):
        diffusion.loss(lambda x, t, labels: x, batch, alpha_bar=diffusion.linear(9), drop=0.1)


def test_the_same_seed_gives_the_same_loss():
    batch = pair()[0], torch.zeros(6, dtype=torch.long)
    values = [diffusion.loss(Silent(), batch, alpha_bar=diffusion.cosine(), generator=seeded(s)) for s in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


# One step


@given(a_t=st.floats(0, 0.99), up=st.floats(0.01, 1))
def test_the_posterior_marginalises_to_the_forward_process(a_t, up):
    a_s = a_t + up * (1 - a_t)
    x, none, one = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64), 1.0
    mean, variance = diffusion.posterior(x, a_t**0.5 * x, a_t, a_s)  # at the mean of x_t given x
    slope = diffusion.posterior(none, x * one, a_t, a_s)[0]  # how the mean moves with x_t
    assert mean.item() == pytest.approx(a_s**0.5, abs=1e-12)
    assert variance + slope.item() ** 2 * (1 - a_t) == pytest.approx(1 - a_s, abs=1e-12)


@given(seed=st.integers(0, 2**31), a_t=st.floats(0, 0.98), up=st.floats(0.01, 1))
def test_ddim_with_eta_1_is_the_posterior_of_ddpm(seed, a_t, up):
    a_s = a_t + up * (1 - a_t)
    (x, noise), fresh = pair(seed), pair(seed + 1)[1]
    mean, variance = diffusion.posterior(x, diffusion.noised(x, noise, a_t), a_t, a_s)
    found = diffusion.ddim(x, noise, a_t, a_s, 1.0, fresh)
    # What is left for the old noise is a difference: where it is nearly 0, its root has half as many digits.
    close = 1e-12 if a_t > 1e-3 and a_s < 0.99 else 1e-7
    torch.testing.assert_close(found, mean + max(variance, 0.0) ** 0.5 * fresh, rtol=0, atol=close)


@given(seed=st.integers(0, 2**31), a_t=st.floats(0, 0.99), a_s=st.floats(0.01, 1))
def test_ddim_with_eta_0_stays_on_the_line_of_data_and_noise(seed, a_t, a_s):
    x, noise = pair(seed)
    found = diffusion.ddim(x, noise, a_t, a_s, 0.0, None)
    torch.testing.assert_close(found, diffusion.noised(x, noise, a_s), rtol=0, atol=1e-12)


def test_a_step_to_the_data_is_the_data():
    x, noise = pair()
    for eta in (0.0, 0.5, 1.0):
        assert torch.equal(diffusion.ddim(x, noise, 0.3, 1.0, eta, noise), x)


# Whole samplers


def theirs(kind, alpha_bar, prediction: str, **settings):
    """A scheduler of diffusers with our schedule in fp64 (its own is in fp32)."""
    scheduler = kind(num_train_timesteps=len(alpha_bar) - 1, prediction_type=prediction, **settings)
    scheduler.alphas_cumprod, scheduler.betas = alpha_bar[1:], 1 - alpha_bar[1:] / alpha_bar[:-1]
    scheduler.alphas, scheduler.one = 1 - scheduler.betas, torch.tensor(1.0, dtype=torch.float64)
    return scheduler


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("prediction", TARGETS)
@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_a_ddpm_step_is_that_of_diffusers(name, prediction, clip):
    alpha_bar, target = SCHEDULES[name], TARGETS[prediction]
    scheduler = theirs(DDPMScheduler, alpha_bar, prediction, clip_sample=clip is not None)
    for t in (1000, 700, 300, 2, 1):
        x_t, output = torch.randn(2, 5, 1, 3, 3, dtype=torch.float64, generator=seeded(t))
        found = scheduler.step(output, t - 1, x_t, generator=seeded(9)).prev_sample  # their step 0 is our step 1
        fresh = torch.randn(x_t.shape, dtype=torch.float64, generator=seeded(9)) if t > 1 else None
        a_t, a_s = float(alpha_bar[t]), float(alpha_bar[t - 1])
        clean, noise = target.read(output, x_t, a_t)
        if clip:
            clean = clean.clamp(-clip, clip)
            noise = diffusion.DATA.read(clean, x_t, a_t)[1]
        ours = diffusion.ddim(clean, noise, a_t, a_s, 1.0, fresh)
        torch.testing.assert_close(ours, found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("prediction", TARGETS)
def test_ddim_samples_are_those_of_diffusers(prediction, clip):
    alpha_bar, labels = diffusion.linear(), torch.zeros(4, dtype=torch.long)
    model = Blob(alpha_bar, TARGETS[prediction], m=0.9)
    settings = {"shape": (1, 3, 3), "alpha_bar": alpha_bar, "target": TARGETS[prediction]}
    ours = diffusion.sample(model, labels, **settings, steps=50, eta=0.0, clip=clip, generator=seeded())
    scheduler = theirs(DDIMScheduler, alpha_bar, prediction, clip_sample=clip is not None, timestep_spacing="trailing")
    scheduler.set_timesteps(50)
    x = runtime.noise(4, (1, 3, 3), seeded()).double()
    for t in scheduler.timesteps:
        output = model(x, torch.full((4,), (int(t) + 1) / 1000), labels)
        x = scheduler.step(output, t, x, eta=0.0, use_clipped_model_output=clip is not None).prev_sample
    torch.testing.assert_close(ours.double(), x, rtol=1e-4, atol=1e-4)  # ours walks in fp32


@pytest.mark.parametrize("eta", [0.3, 1.0])
def test_a_ddim_step_with_noise_is_that_of_diffusers(eta):
    alpha_bar = diffusion.cosine(200)
    scheduler = theirs(DDIMScheduler, alpha_bar, "epsilon", clip_sample=False, timestep_spacing="trailing")
    scheduler.set_timesteps(20)
    for t, s in ((200, 190), (100, 90), (20, 10)):
        x_t, output, fresh = torch.randn(3, 5, 1, 3, 3, dtype=torch.float64, generator=seeded(t))
        found = scheduler.step(output, t - 1, x_t, eta=eta, variance_noise=fresh).prev_sample
        a_t, a_s = float(alpha_bar[t]), float(alpha_bar[s])
        clean, noise = diffusion.NOISE.read(output, x_t, a_t)
        torch.testing.assert_close(diffusion.ddim(clean, noise, a_t, a_s, eta, fresh), found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["cosine", "zero_terminal"])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_with_the_exact_answer_samples_have_the_distribution_of_the_data(name, eta):
    alpha_bar = SCHEDULES[name]
    made = diffusion.sample(
        Blob(alpha_bar, diffusion.VELOCITY),
        torch.zeros(600, dtype=torch.long),
        shape=(10,),
        alpha_bar=alpha_bar,
        target=diffusion.VELOCITY,
        steps=250,
        eta=eta,
        clip=None,
        generator=seeded(),
    )
    # 6,000 numbers: standard errors 0.0065 and 0.0046; the steps' own error is below 0.01
    assert made.mean().item() == pytest.approx(0.4, abs=0.04) and made.std().item() == pytest.approx(0.5, abs=0.03)


def drawn(model, n: int = 5, **changes) -> torch.Tensor:
    settings = {"shape": (1, 2, 2), "alpha_bar": diffusion.cosine(40), "generator": seeded()} | changes
    return diffusion.sample(model, torch.arange(n) % 3, **settings)


def test_ddim_with_eta_0_draws_no_noise_but_the_first(monkeypatch):
    count, noise = [], runtime.noise
    monkeypatch.setattr(runtime, "noise", lambda *a, **k: count.append(1) or noise(*a, **k))
    model = Blob(diffusion.cosine(40))
    generator, same = seeded(), seeded()
    drawn(model, eta=0.0, generator=generator)
    noise(5, (1, 2, 2), same)
    assert len(count) == 1 and torch.equal(generator.get_state(), same.get_state())
    drawn(model, eta=1.0)
    assert len(count) == 1 + 40  # the first, and one after every step but the last


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_a_picture_does_not_depend_on_how_many_are_drawn_beside_it(eta):
    model = Blob(diffusion.cosine(40))
    many, few = drawn(model, 5, eta=eta), drawn(model, 2, eta=eta)
    torch.testing.assert_close(many[:2], few)
    assert torch.equal(many, drawn(model, 5, eta=eta)) and not torch.equal(
        many, drawn(model, 5, eta=eta, generator=seeded(1))
    )


@pytest.mark.parametrize("steps", [1, 7, 40, None])
def test_steps_go_from_the_last_to_the_data_and_are_called_back(steps):
    alpha_bar, seen, calls = diffusion.cosine(40), [], []
    blob = Blob(alpha_bar)

    def model(x, t, labels):
        calls.append(float(t[0]))
        return blob(x, t, labels)

    made = drawn(model, steps=steps, callback=lambda i, x: seen.append((i, x)))
    n = steps or 40
    assert len(calls) == n and calls[0] == 1 and all(a > b for a, b in zip(calls, calls[1:], strict=False))
    assert [i for i, _ in seen] == list(range(n + 1)) and torch.equal(seen[-1][1], made)
    torch.testing.assert_close(seen[0][1], runtime.noise(5, (1, 2, 2), seeded()))


def test_the_last_picture_is_within_the_clip():
    model = Blob(diffusion.cosine(40), m=3.0)
    assert drawn(model).max() == 1 and drawn(model, clip=None).max() > 1.5
    assert drawn(model, clip=2.0).max() == 2


def test_guidance_leads_away_from_no_label():
    def model(x, t, labels):
        return torch.where(labels == 3, 0.0, 1.0).view(-1, 1, 1, 1).to(x).expand_as(x)

    model.null = 3
    settings = {"target": diffusion.DATA, "clip": None, "steps": 1}
    for w in (0.0, 1.0, 2.5):
        assert torch.allclose(drawn(model, guidance=w, **settings), torch.tensor(float(w)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"steps": 0}, "steps=0 must be a whole number from 1 to the 40"),
        ({"steps": 41}, "steps=41"),
        ({"steps": 2.5}, "steps=2.5"),
        ({"eta": -0.1}, r"eta=-0.1 must lie in \[0, 1\]"),
        ({"eta": 1.5}, "eta=1.5"),
        ({"guidance": math.nan}, "guidance=nan must be a number"),
        ({"n": 0}, "labels is empty"),
        ({"alpha_bar": diffusion.zero_terminal(diffusion.cosine(40))}, "nothing of the data is left"),
    ],
)
def test_arguments_that_cannot_be_are_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        drawn(Blob(diffusion.cosine(40)), **changes)


# The bound


def mixture(d: int = 2) -> exact.Mixture:
    means = torch.tensor([[-0.8, 0.1], [0.5, 0.6]])[:, :d]
    return exact.Mixture(means, torch.tensor([0.2, 0.35]), torch.tensor([0.3, 0.7]))


def test_with_the_exact_denoiser_the_bound_is_tight():
    law = mixture()
    points, _ = law.sample(4, seeded(3))
    found = diffusion.bound(
        flow.denoiser(law, None), points.repeat_interleave(6000, 0), draws=48, generator=seeded()
    ).view(4, -1)
    # Each point's bound is exact on average: five standard errors, and 2e-3 for the two ends that are cut off.
    error = found.std(1) / 6000**0.5
    assert error.max() < 0.04
    assert ((found.mean(1) + law.log_prob(points)).abs() < 5 * error + 2e-3).all()


def test_a_worse_denoiser_pays_more():
    law = mixture()
    points, _ = law.sample(4000, seeded(3))
    good = flow.denoiser(law, None)
    bounds = [
        diffusion.bound(denoise, points, generator=seeded()).mean()
        for denoise in (good, lambda x, a: good(x, a) + 0.05, lambda x, a: torch.zeros_like(x))
    ]
    assert bounds[0] < bounds[1] < bounds[2]


def test_the_bound_does_not_depend_on_where_it_starts_and_ends():
    law = mixture()
    points, _ = law.sample(20000, seeded(3))
    wide = [
        diffusion.bound(flow.denoiser(law, None), points, draws=12, log_snr=ends, generator=seeded(1)).mean()
        for ends in ((-10.0, 11.0), (-8.0, 9.0))
    ]
    assert wide[0].item() == pytest.approx(wide[1].item(), abs=0.03)


def test_greys_drawn_by_dice_cost_the_logarithm_of_their_number():
    greys = torch.linspace(-1, 1, 5, dtype=torch.float64)

    def denoise(x, a):
        a = a[:, None, None]
        away = x[..., None] - a.sqrt()[..., None] * greys
        return ((-0.5 * away.square() / (1 - a)[..., None]).softmax(-1) * greys).sum(-1)

    x = greys[torch.randint(5, (4000, 2, 3), generator=seeded())]
    found = diffusion.bound(denoise, x, draws=16, levels=5, generator=seeded(1)) / 6
    assert found.mean().item() == pytest.approx(math.log(5), abs=5 * found.std().item() / 4000**0.5 + 1e-3)
    assert found.std() / 4000**0.5 < 0.02
