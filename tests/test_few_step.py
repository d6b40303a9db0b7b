"""Few-step models: strides that compose, distillation targets, MeanFlow's identity, all on networks known exactly."""

import math
from functools import partial

import pytest
import torch
from tiny import denoiser

from course_lib import training
from course_lib.check.few_steps import _meanflow_target
from course_lib.methods import exact, few_step, flow
from course_lib.networks import Judged, Transformer, TransformerConfig
from course_lib.training.fit import optimizers


def mixture() -> exact.Mixture:
    means, stds = torch.tensor([[-1.0, 0.0], [1.0, 0.5]]), torch.tensor([0.3, 0.5])
    return exact.Mixture(means, stds, torch.tensor([0.3, 0.7]))


class Perfect:
    """The exact student of a Gaussian N(m, s²) in d dimensions: its ODE has a closed form, so has every mean velocity.

    On the straight path the deviation from the mean grows with the standard deviation S(t), S² = (1 - t)² s² + t².
    """

    null = 1

    def __init__(self, m: float = 0.7, s: float = 0.4):
        self.m, self.s = m, s

    def spread(self, t):
        return ((1 - t).square() * self.s**2 + t.square()).sqrt()

    def at(self, x, t, r):
        """Where the ODE leads from time t to r."""
        t, r = t[:, None], r[:, None]
        return (1 - r) * self.m + (x - (1 - t) * self.m) * self.spread(r) / self.spread(t)

    def velocity(self, x, t, labels=None):
        t = t[:, None]
        slope = (t - (1 - t) * self.s**2) / self.spread(t).square()
        return -self.m + slope * (x - (1 - t) * self.m)

    def __call__(self, x, t, stride, labels=None):
        jumped = (x - self.at(x, t, t - stride)) / stride.clamp(min=1e-12)[:, None]
        return torch.where(stride[:, None] > 1e-9, jumped, self.velocity(x, t))


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 2, generator=generator, dtype=torch.float64) * 0.4 + 0.7
    return x, torch.zeros(64, dtype=torch.long)


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_a_perfect_student_lands_where_the_ode_does_whatever_the_steps(steps):
    student, labels = Perfect(), torch.zeros(50, dtype=torch.long)
    noise = flow.runtime.noise(50, (2,), torch.Generator().manual_seed(3))
    made = few_step.sample(student, labels, shape=(2,), steps=steps, generator=torch.Generator().manual_seed(3))
    right = student.at(noise, torch.ones(50), torch.zeros(50))
    assert torch.allclose(made.double(), right.double(), atol=1e-5)  # fp32 noise


def test_two_halves_of_a_perfect_student_are_the_whole(batch):
    student = Perfect()
    t, stride = torch.full((64,), 0.75, dtype=torch.float64), torch.full((64,), 0.5, dtype=torch.float64)
    whole = student(batch[0], t, stride)
    assert torch.allclose(few_step.two_halves(student, batch[0], t, stride, batch[1]), whole, atol=1e-12)


def test_a_perfect_student_loses_only_what_the_teachers_last_step_does(batch):
    # At the finest stride the teacher's velocity stands for the mean velocity: an Euler step's error, O(stride²).
    student, losses = Perfect(), []
    for finest in (16, 64, 256):
        generator = torch.Generator().manual_seed(1)
        value = few_step.shortcut_loss(
            student, batch, teacher=lambda *a: student.velocity(*a), guidance=1.0, finest=finest, generator=generator
        )
        losses.append(float(value))
    assert losses[0] < 1e-2 and losses[2] < losses[1] / 4 < losses[0] / 16


@pytest.mark.parametrize("finest", [0, 1, 3, 12])
def test_finest_must_be_a_power_of_two(batch, finest):
    with pytest.raises(ValueError, match=f"finest={finest}"):
        few_step.shortcut_loss(Perfect(), batch, teacher=Perfect().velocity, guidance=1.0, finest=finest)


def test_progressive_distillation_learns_two_steps_of_its_teacher(batch):
    teacher = Perfect().velocity
    steps = 8

    def two_steps(x, t, labels):
        half = 1 / steps
        first = teacher(x, t)
        return (first + teacher(x - half * first, t - half)) / 2

    generator = torch.Generator().manual_seed(0)
    assert few_step.progressive_loss(two_steps, batch, teacher=teacher, steps=steps, generator=generator) < 1e-25
    with pytest.raises(ValueError, match="steps=7 must be even"):
        few_step.progressive_loss(two_steps, batch, teacher=teacher, steps=7)


# MeanFlow


def test_a_perfect_student_solves_the_identity_of_meanflow(batch):
    student = Perfect()
    t, stride = torch.rand(2, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).unbind(0)
    t, stride = 0.2 + 0.8 * t, 0.01 + 0.18 * stride
    v = student.velocity(batch[0], t)
    target = _meanflow_target(student, batch[0], t, stride, batch[1], v)
    assert torch.allclose(target, student(batch[0], t, stride), atol=1e-9)


def test_the_slope_is_that_of_finite_differences():
    model = denoiser(clock=2)  # a network with random weights, fp64
    x = torch.randn(3, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    t, stride = torch.tensor([0.4, 0.6, 0.9]).double(), torch.tensor([0.1, 0.3, 0.5]).double()
    labels, v, h = torch.tensor([0, 1, 3]), torch.ones_like(x), 1e-6
    target = _meanflow_target(model, x, t, stride, labels, v)
    with torch.no_grad():
        ahead, behind = (model(x + s * h * v, t + s * h, stride + s * h, labels) for s in (1, -1))
    slope = (ahead - behind) / (2 * h)
    assert torch.allclose(target, v - stride.view(-1, 1, 1, 1) * slope, atol=1e-6)


# Distribution matching


class Scaled(torch.nn.Module):
    """A student that draws N(m, s²) in one step and in two, and the exact velocity of that: its critic."""

    def __init__(self, m: float, s: float):
        super().__init__()
        self.m, self.s = (torch.nn.Parameter(torch.tensor(v, dtype=torch.float64)) for v in (m, s))

    def forward(self, x, t, stride, labels=None):
        m, s = self.m, self.s  # in two steps the first one leaves the noise as it is
        there = torch.where((stride < t)[:, None], x, m + s * x)
        return (x - there) / stride[:, None]

    def velocity(self, x, t, labels=None):
        return Perfect(self.m.item(), self.s.item()).velocity(x, t)


def pulled(student, critic, teacher, n=200_000) -> tuple[float, float]:
    batch = torch.zeros(n, 1, dtype=torch.float64), torch.zeros(n, dtype=torch.long)
    dials = {"critic": critic, "teacher": teacher, "guidance": 1.0}
    student.zero_grad()
    few_step.matching_loss(student, batch, **dials, generator=torch.Generator().manual_seed(0)).backward()
    return float(student.m.grad), float(student.s.grad)


def test_a_student_that_draws_what_the_teacher_knows_is_not_pulled():
    student = Scaled(0.7, 0.4)
    assert pulled(student, student.velocity, Perfect(0.7, 0.4).velocity, 1000) == (0.0, 0.0)


@pytest.mark.parametrize("m, s", [(0.2, 0.4), (1.1, 0.4), (0.7, 0.2), (0.7, 0.9), (0.2, 0.8)])
def test_the_pull_leads_down_the_divergence_of_the_noisy_pictures(m, s, monkeypatch):
    """Unnormalised, it is the gradient of KL(student at t | teacher at t), weighed by t² / (1 - t)², in closed form."""
    monkeypatch.setattr(few_step, "matching_pull", unnormalised)
    student, teacher = Scaled(m, s), Perfect(0.7, 0.4)
    found = pulled(student, student.velocity, teacher.velocity)

    mean, width = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (m, s))
    t = torch.linspace(0.02, 0.98, 2001, dtype=torch.float64)
    ours, right = ((1 - t) ** 2 * width**2 + t**2), ((1 - t) ** 2 * 0.4**2 + t**2)
    apart = ((1 - t) * (mean - 0.7)) ** 2
    divergence = (right / ours).log() / 2 + (ours + apart) / (2 * right) - 0.5
    wanted = torch.autograd.grad((divergence * t**2 / (1 - t) ** 2).mean(), (mean, width))
    assert found == pytest.approx([float(g) for g in wanted], rel=0.03, abs=2e-3)


def unnormalised(made, x_t, t, right, own):
    return t[:, None] * (own - right)


def test_guidance_is_the_teachers_alone():
    student, batch, seen = Scaled(0.7, 0.4), (torch.zeros(4, 1).double(), torch.zeros(4, dtype=torch.long)), []

    def teacher(x, t, labels):
        seen.append((len(x), labels.tolist()))
        return torch.zeros_like(x)

    teacher.null = 9
    few_step.matching_loss(student, batch, critic=student.velocity, teacher=teacher, guidance=1.5)
    assert seen == [(8, [0] * 4 + [9] * 4)]


def test_a_gradient_flows_through_the_last_jump_alone():
    class Moved(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = (torch.nn.Parameter(torch.ones(())) for _ in range(2))

        def forward(self, x, t, stride, labels):
            return torch.where((stride < t)[:, None], self.first, self.last).expand_as(x)

    model, stride = Moved(), torch.tensor([0.5, 0.5, 1.0])
    made = few_step.drawn(model, torch.zeros(3, 2), stride, torch.zeros(3))
    assert made.tolist() == [[-1.0, -1.0]] * 3  # 1 step of velocity 1, or two of half as long
    made.sum().backward()
    assert model.first.grad == 0 and model.last.grad == -4.0  # two numbers each, half a stride twice and a whole one


def test_each_picture_is_pulled_by_its_share_of_the_way():
    made, x_t = torch.tensor([[1.0, 3.0], [1.0, 6.0], [1.0, 2.0]]), torch.full((3, 2), 2.0)
    right, own = torch.tensor([[2.0, 0.0]] * 3), torch.zeros(3, 2)  # expected (1, 2) and (2, 2)
    found = few_step.matching_pull(made, x_t, torch.full((3,), 0.5), right, own)
    assert torch.allclose(found, torch.tensor([[-2.0, 0.0], [-0.5, 0.0], [-1000.0, 0.0]]))  # off by 1/2, 2 and nothing


def _now(velocity, x, t):
    return velocity(x, torch.full((len(x),), t))


def test_the_critic_learns_what_the_student_draws_and_neither_moves_the_other():
    student, critic = denoiser(torch.float32, clock=2), denoiser(torch.float32)
    batch = torch.zeros(6, 1, 8, 8), torch.arange(6) % 4
    for model in (student, critic):
        model.requires_grad_(True)
    dials = {"critic": critic, "teacher": denoiser(torch.float32), "guidance": 1.0}
    few_step.matching_loss(student, batch, **dials, generator=torch.Generator().manual_seed(0)).backward()
    of_critic = {n: p.grad.clone() for n, p in critic.named_parameters() if p.grad is not None}

    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(6, 1, 8, 8, generator=generator)
    stride = torch.where(torch.rand(6, generator=generator) < 0.5, 0.5, 1.0)
    made = few_step.drawn(student, noise, stride, batch[1]).detach()
    for k in (0.5, 1.0):
        rows = stride == k
        at = partial(few_step.at_stride(student, k), labels=batch[1][rows])
        alone = flow.solve(partial(_now, at), noise[rows], steps=int(1 / k))
        assert torch.allclose(made[rows], alone, atol=1e-5)
    critic.zero_grad()
    flow.loss(critic, (made, batch[1]), generator=generator).backward()
    assert of_critic and all(torch.allclose(of_critic[n], critic.get_parameter(n).grad, atol=1e-6) for n in of_critic)


def test_a_critic_learns_at_its_own_pace():
    student, critic = denoiser(torch.float32, clock=2), denoiser(torch.float32)
    both = Judged(student, critic, pace=8.0)
    x, labels = torch.randn(2, 1, 8, 8), torch.tensor([0, 1])
    groups = [group for opt in optimizers(both, 1e-3, 1e-2) for group in opt.param_groups]
    paces = {id(p): group["pace"] for group in groups for p in group["params"]}
    assert [paces[id(p)] for p in both.parameters()] == [1.0] * len([*student.parameters()]) + [8.0] * len(
        [*critic.parameters()]
    )

    def loss(model, batch, generator):  # all weights have the same gradient, so that rates alone differ
        return sum(p.sum() for p in model.parameters())

    before = both.student.head.bias.clone(), both.critic.head.bias.clone()
    training.fit(both, loss, lambda step: (x, labels), steps=1, lr=1e-3, muon=1e-2, progress=False)
    slow, fast = ((now.head.bias - then).mean() for now, then in zip((both.student, both.critic), before))
    assert float((fast / slow).detach()) == pytest.approx(8, rel=0.01)


# The network


def test_a_fresh_student_is_its_teacher_whatever_the_stride():
    teacher = denoiser(torch.float32)
    student = Transformer(TransformerConfig(**(vars(teacher.config) | {"clock": 2}))).eval()
    missing = student.load_state_dict(teacher.state_dict(), strict=False).missing_keys
    assert missing == ["stride.weight"]
    x, t, labels = torch.randn(4, 1, 8, 8), torch.rand(4), torch.tensor([0, 1, 2, 3])
    for stride in (0.0, 0.25, 1.0):
        made = few_step.at_stride(student, stride)(x, t, labels)
        assert torch.equal(made, teacher(x, t, labels))


def test_a_trained_stride_matters():
    student = denoiser(torch.float32, clock=2)
    x, t, labels = torch.randn(4, 1, 8, 8), torch.rand(4), torch.tensor([0, 1, 2, 3])
    one, half = (few_step.at_stride(student, stride)(x, t, labels) for stride in (1.0, 0.5))
    assert (one - half).abs().max() > 1e-3


def test_distillation_reaches_a_mixture_in_one_step():
    """Trained for some seconds, one step of a small network is nearer to the data than one step of the teacher."""
    torch.manual_seed(0)
    law, d = mixture(), 2
    net = torch.nn.Sequential(
        torch.nn.Linear(d + 4, 64), torch.nn.SiLU(), torch.nn.Linear(64, 64), torch.nn.SiLU(), torch.nn.Linear(64, d)
    )

    def student(x, t, stride, labels):
        return net(torch.cat([x, torch.stack([t, t * t, stride, t * stride], 1)], 1))

    opt, generator = torch.optim.Adam(net.parameters(), 3e-3), torch.Generator().manual_seed(0)
    data, _ = law.sample(4096, generator)
    data = data.float()
    for _ in range(500):
        rows = torch.randint(4096, (256,), generator=generator)
        loss = few_step.shortcut_loss(
            student,
            (data[rows], torch.full((256,), law.null)),
            teacher=lambda x, t, labels: law.velocity(x.double(), t.double(), labels).float(),
            guidance=1.0,
            generator=generator,
        )
        opt.zero_grad()
        loss.backward()
        opt.step()
    labels = torch.full((4000,), law.null)
    made = few_step.sample(student, labels, shape=(d,), steps=1, generator=torch.Generator().manual_seed(5)).double()
    naive = flow.sample(law, labels, shape=(d,), steps=1, generator=torch.Generator().manual_seed(5)).double()

    def off(points):  # mean negative log-likelihood, next to that of real points
        real, _ = law.sample(4000, torch.Generator().manual_seed(9))
        return abs(float(law.log_prob(real).mean() - law.log_prob(points).mean())) + float(
            (points.std(0) - real.std(0)).abs().sum()
        )

    assert math.isfinite(off(made)) and off(made) < 0.5 * off(naive)
