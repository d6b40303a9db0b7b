"""From fifty steps to one: networks that are told how far to jump. Built in notebook 12.

A student is any callable `student(x [B, …], t [B], stride [B], labels [B]) -> mean velocity [B, …]` over the way from
time t to t - stride, so that one step is `x - stride · student(x, t, stride, labels)`. A teacher is a model of `flow`.
Sources: shortcut models (arXiv 2410.12557), progressive distillation (2202.00512), distribution matching (2311.18828,
2405.14867).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from . import flow
from . import guidance as guide
from .shapes import Known, over


def jump(student: Callable, x: Tensor, t: Tensor, stride: Tensor, labels: Tensor) -> Tensor:
    """Where one step of length `stride [B]` leads from time `t [B]`."""
    return x - over(stride, x) * student(x, t, stride, labels)


def at_stride(student: Callable, stride: float) -> Callable:
    """The student as a model `(x, t, labels) -> velocity` for `flow.sample` with `steps = 1 / stride`."""

    def model(x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        return student(x, t, torch.full_like(t, stride), labels)

    if hasattr(student, "parameters"):
        model.parameters = student.parameters  # they say in which precision to draw
    return model


def sample(
    student: Callable,
    labels: Tensor,
    *,
    shape: tuple[int, ...],
    steps: int = 1,
    guidance: float = 1.0,
    generator: torch.Generator | None = None,
    known: Known | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Pictures `[B, *shape]` in `steps` equal jumps, one call each; the rest as in `flow.sample`.

    Guidance is inside the student already: another `guidance` than 1 is an error. So are times and solvers that are
    not its own: the student is told how long a jump is.
    """
    if steps < 1 or steps != int(steps):
        raise ValueError(f"steps={steps} must be a whole number, at least 1.")
    if guidance != 1:
        raise ValueError(f"guidance={guidance} must be 1: a few-step model has its teacher's guidance in its weights.")
    dials = {"generator": generator, "known": known, "callback": callback}
    return flow.sample(at_stride(student, 1 / steps), labels, shape=shape, steps=steps, **dials)


def shortcut_loss(
    student: Callable,
    batch: tuple[Tensor, Tensor],
    *,
    teacher: Callable,
    guidance: float,
    finest: int = 16,
    generator=None,
) -> Tensor:
    """Distil a guided `teacher` into strides 1, 1/2, 1/4 … 1/`finest` at once, for `batch` = (x in [-1, 1], labels).

    The shortest jump learns the teacher's guided velocity; each longer one learns that two jumps of half its length
    lead to the same place. Times are where such steps start.
    """
    x, labels = guide.floats(batch[0], student), guide.whole(batch[1])
    levels = round(math.log2(finest)) if finest > 1 else 0
    if finest != 2**levels or levels < 1:
        raise ValueError(f"finest={finest} must be a power of two, at least 2: strides are halved.")
    level = torch.randint(levels + 1, (len(x),), generator=generator)  # the stride is 2^-level
    start = (torch.rand(len(x), generator=generator) * 2.0**level).long() + 1  # 1 … 1 / stride
    stride = (0.5**level).to(x)
    t = start.to(x) * stride
    x_t, _ = flow.path(x, torch.randn(x.shape, generator=generator).to(x), t)
    short = (level == levels).to(x.device)
    with torch.no_grad():
        target = torch.empty_like(x_t)
        target[short] = guide.guided(teacher, guidance)(x_t[short], t[short], labels[short]).to(x)
        target[~short] = two_halves(student, x_t[~short], t[~short], stride[~short], labels[~short]).to(x)
    return (student(x_t, t, stride, labels) - target).square().mean()


def two_halves(student: Callable, x: Tensor, t: Tensor, stride: Tensor, labels: Tensor) -> Tensor:
    """The mean velocity of two jumps of half the `stride`."""
    half = stride / 2
    first = student(x, t, half, labels)
    second = student(x - over(half, x) * first, t - half, half, labels)
    return (first + second) / 2


def progressive_loss(
    student: Callable, batch: tuple[Tensor, Tensor], *, teacher: Callable, steps: int, generator=None
) -> Tensor:
    """One stage of progressive distillation: one step of the student learns two of the `teacher`, who takes `steps`.

    Here both are models of `flow`, `(x, t, labels) -> velocity`; guidance, if any, is in the teacher already.
    """
    x, labels = guide.floats(batch[0], student), guide.whole(batch[1])
    if steps < 2 or steps % 2:
        raise ValueError(f"steps={steps} must be even: two steps of the teacher become one of the student.")
    stride = 2 / steps
    t = (torch.randint(steps // 2, (len(x),), generator=generator) + 1).to(x) * stride
    x_t, _ = flow.path(x, torch.randn(x.shape, generator=generator).to(x), t)
    with torch.no_grad():
        first = teacher(x_t, t, labels)
        target = (first + teacher(x_t - stride / 2 * first, t - stride / 2, labels)) / 2
    return (student(x_t, t, labels) - target).square().mean()


def matching_loss(
    student: Callable,
    batch: tuple[Tensor, Tensor],
    *,
    critic: Callable,
    teacher: Callable,
    guidance: float,
    generator=None,
) -> Tensor:
    """Pull what the student draws, as a whole, towards what a guided `teacher` knows; of `batch` only labels are asked.

    The student draws in one step or in two, half of the batch each. A `critic`, a model of `flow`, learns the velocity
    of what it drew; where it differs from the teacher's, pictures are too many or too few. Neither loss reaches the
    other's weights. Source: distribution matching distillation (arXiv 2311.18828, 2405.14867).
    """
    x, labels = guide.floats(batch[0], student), guide.whole(batch[1])
    noise = torch.randn(x.shape, generator=generator).to(x)
    stride = torch.where(torch.rand(len(x), generator=generator) < 0.5, 0.5, 1.0).to(x)
    made = drawn(student, noise, stride, labels)
    learnt = flow.loss(critic, (made.detach(), labels), generator=generator)
    t = 0.02 + 0.96 * torch.rand(len(x), generator=generator).to(x)
    x_t, _ = flow.path(made.detach(), torch.randn(x.shape, generator=generator).to(x), t)
    with torch.no_grad():
        right, own = guide.guided(teacher, guidance)(x_t, t, labels), critic(x_t, t, labels)
        goal = made + matching_pull(made, x_t, t, right.to(x), own.to(x))
    return learnt + (made - goal).square().mean() / 2


def drawn(student: Callable, noise: Tensor, stride: Tensor, labels: Tensor) -> Tensor:
    """What one jump of stride 1 draws from the noise, or two of stride 1/2: one `stride [B]` each.

    A gradient flows through the last jump alone.
    """
    x, two = noise.clone(), stride < 1
    with torch.no_grad():
        x[two] = jump(student, noise[two], torch.ones_like(stride[two]), stride[two], labels[two]).to(x)
    return jump(student, x, stride, stride, labels)


def matching_pull(made: Tensor, x_t: Tensor, t: Tensor, right: Tensor, own: Tensor) -> Tensor:
    """Where to move pictures that were `made`, seen as `x_t` at times `t [B]`, so that there are as many as should be.

    `right` is the teacher's velocity there, `own` that of everything that the student makes. On average the difference
    of the two expected pictures leads down KL(student | teacher) of the noisy ones, up to a weight a time; exactly so
    for a teacher without guidance. Each is divided by how far the picture is from the teacher's expectation, so that
    all times pull alike.
    """
    t = over(t, x_t)
    expected = flow.data_in(x_t, right, t)
    far = (made - expected).abs().flatten(1).mean(1).clamp(min=1e-3)
    return (expected - flow.data_in(x_t, own, t)) / over(far, x_t)
