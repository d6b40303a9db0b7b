"""Checkers of notebook 12: jumps, two halves, where jumps start, the target of MeanFlow, the pull of a crowd."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..methods import few_step
from .core import exercise
from .forms import Wrong, alike, need


def _student(x, t, stride, labels):
    """A velocity in which place, time, stride and label all matter, differently for every picture."""
    t, stride, label = (part.view(-1, *[1] * (x.ndim - 1)).to(x) for part in (t, stride, labels))
    return torch.sin(2 * x) + t.square() - 0.7 * stride * x + 0.1 * label


def _cases():
    for shape in ((5, 2), (3, 1, 4, 4)):
        x = torch.randn(shape)
        stride = 2.0 ** -torch.randint(0, 4, (shape[0],)).float()
        stride[0] = 0.25  # one at least does not lead all the way
        t = stride + (1 - stride) * torch.rand(shape[0])
        yield x, t, stride, torch.randint(0, 10, (shape[0],))


def _wide(t, x):
    return t.view(-1, *[1] * (x.ndim - 1))


WIDE = "t and stride are [B], x is [B, C, H, W]: give them the missing dimensions, as `wide(stride, x)` does"
MISSING = {"size of tensor": WIDE, "shape": WIDE}


@exercise(reference=few_step.jump, stops=MISSING)
def jump(attempt) -> None:
    """One jump: from x at time t to where the mean velocity over the stride leads."""
    for x, t, stride, labels in _cases():
        u, d = _student(x, t, stride, labels), _wide(stride, x)
        mistakes = {
            "You move away from the data: noise is at t = 1, so a jump to an earlier time subtracts.": x + d * u,
            "That is all the way to t = 0. A jump is as long as its stride.": x - _wide(t, x) * u,
            "That is the velocity. Where does it lead in a time of one stride?": u,
            "You move towards the data, but as far as t + stride: a jump is as long as its stride.": (
                x - (_wide(t, x) + d) * u
            ),
            "The student is asked about the place, but the jump begins at t: half the stride is another question.": (
                x - d * _student(x, t, stride / 2, labels)
            ),
            "You forget the length: a velocity times a time is a way.": x - u,
        }
        attempt.compare(*attempt(_student, x, t, stride, labels), mistakes, "This is not x - stride · u.")


@exercise(reference=few_step.two_halves, stops=MISSING)
def two_halves(attempt) -> None:
    """Two jumps of half a stride, as one mean velocity."""
    for x, t, stride, labels in _cases():
        half = stride / 2
        first = _student(x, t, half, labels)
        moved = x - _wide(half, x) * first
        second = _student(moved, t - half, half, labels)
        mistakes = {
            "The second jump starts where the first one ended: move x.": (first + _student(x, t - half, half, labels))
            / 2,
            "The second jump starts half a stride later: its time is t - stride / 2.": (
                first + _student(moved, t, half, labels)
            )
            / 2,
            "Each of the two jumps has half the stride; tell the student so.": (
                _student(x, t, stride, labels)
                + _student(x - _wide(half, x) * _student(x, t, stride, labels), t - half, stride, labels)
            )
            / 2,
            "That is the sum. Over the whole stride the mean velocity is their mean.": first + second,
            "That is the place where both lead. Asked for is the mean velocity on the way.": moved
            - _wide(half, x) * second,
            "You moved the wrong way: towards data, a jump subtracts.": (
                first + _student(x + _wide(half, x) * first, t - half, half, labels)
            )
            / 2,
        }
        otherwise = "This is not the mean of the two velocities, the second taken where the first one led."
        attempt.compare(*attempt(_student, x, t, stride, labels), mistakes, otherwise)


def _starts(level, u):
    return ((u * 2.0**level).floor() + 1) / 2.0**level


def _planted(level, u):
    return (u * 2.0**level).floor() / 2.0**level


@exercise(reference=_starts, planted=_planted)
def starts(attempt) -> None:
    """The times at which jumps of stride 2^-level start: a stride, two strides … 1, equally often."""
    level, u = torch.randint(0, 5, (4000,)).float(), torch.rand(4000)
    found, right = attempt(level, u)
    need(found.shape == level.shape, f"One time a picture: {list(level.shape)}, not {list(found.shape)}.")
    stride = 2.0**-level
    if alike(found, _planted(level, u)):
        raise Wrong("Still from 0 to 1 - stride: a jump from 0 would end at -stride, and none starts from pure noise.")
    if (found < stride - 1e-6).any():
        raise Wrong("Some jumps would end before t = 0, in front of the data: the earliest start is one stride.")
    if (found > 1 + 1e-6).any():
        raise Wrong("Some jumps start after t = 1: there is nothing noisier than noise.")
    if not torch.allclose((found / stride).round(), found / stride, atol=1e-4):
        raise Wrong("Starts lie on a grid: whole numbers of strides. Between them a sampler never stops.")
    if not alike(found, right):
        share = (found[level == 2] == 1).float().mean()
        raise Wrong(
            f"With stride 1/4 a share of {share:.2f} starts at t = 1; each of the four starts should have 0.25."
        )


def _meanflow_target(student, x, t, stride, labels, v):
    one = torch.ones_like(t)
    # Fused attention on a CPU has no forward derivative, plain products have.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        _, slope = torch.func.jvp(lambda *at: student(*at, labels), (x, t, stride), (v, one, one))
    return v - _wide(stride, x) * slope.to(v)


@exercise(reference=_meanflow_target, stops=MISSING)
def meanflow_target(attempt) -> None:
    """The target of MeanFlow: v less stride times the slope of u along the path, t and the stride growing together."""
    for x, t, stride, labels in _cases():
        x, t, stride = x.double(), t.double(), stride.double()
        v, one, none = torch.randn_like(x), torch.ones_like(t), torch.zeros_like(t)

        def slope(dx, dt, dd, x=x, t=t, stride=stride, labels=labels):
            return torch.func.jvp(lambda *at: _student(*at, labels), (x, t, stride), (dx, dt, dd))[1]

        d, whole = _wide(stride, x), slope(v, one, one)
        mistakes = {
            "The end r stays where it is, so when t grows the stride grows with it: its tangent is 1.": v
            - d * slope(v, one, none),
            "Time runs too: along the path t changes at speed 1.": v - d * slope(v, none, none),
            "The point moves as well: the tangent of x is v.": v - d * slope(torch.zeros_like(x), one, one),
            "The sign: u = v - stride · du/dt.": v + d * whole,
            "The slope counts once for every bit of the stride: multiply by it.": v - whole,
            "That is plain flow matching: the velocity at one instant, not the mean over a stride.": v,
        }
        otherwise = "This is not v - stride · du/dt, with the tangents (v, 1, 1) for (x, t, stride)."
        attempt.compare(*attempt(_student, x, t, stride, labels, v), mistakes, otherwise)


def _pull(x_t, t, right, own):
    return _wide(t, x_t) * (own - right)


@exercise(reference=_pull, stops={"size of tensor": "t is [B]: give it the missing dimensions, as `wide(t, x_t)` does"})
def pull(attempt) -> None:
    """The teacher's expected picture less the critic's, from their velocities."""
    for x, t, _, _ in _cases():
        right, own, wide = torch.randn_like(x), torch.randn_like(x), _wide(t, x)
        mistakes = {
            "That leads away from what the teacher expects: pulled is towards it, so it comes first.": (
                wide * (right - own)
            ),
            "That is the difference of the velocities. The pictures that they expect are x_t - t · v.": own - right,
            "That is the difference of the velocities, and the wrong way: expected are x_t - t · v.": right - own,
            "That is the expected noise, x_t + (1 - t) · v. Asked for are pictures: x_t - t · v.": (
                (1 - wide) * (right - own)
            ),
            "That is the picture which the teacher expects. Take away the one that the critic expects.": (
                x - wide * right
            ),
            "That leads from x_t to the teacher's picture, whatever the student draws. Begin at the critic's.": (
                -wide * right
            ),
        }
        otherwise = "This is not (x_t - t · right) - (x_t - t · own)."
        attempt.compare(*attempt(x, t, right, own), mistakes, otherwise)
