"""Checkers of notebook 10: the loss on lines, both ends of a line, how much a path bends, bits out of a density."""

import math

import torch

from ..methods import flow
from .core import Wrong, exercise


def _close(a, b) -> bool:
    return torch.allclose(torch.as_tensor(a).double(), torch.as_tensor(b).double(), rtol=1e-4, atol=1e-5)


def _compare(found, right, mistakes: dict, otherwise: str) -> None:
    """Nothing where `found` is right; else the mistake that gives the same numbers, or `otherwise`."""
    found, right = torch.as_tensor(found), torch.as_tensor(right)
    assert found.shape == right.shape, f"The answer should have shape {list(right.shape)}, not {list(found.shape)}."
    if not _close(found, right):
        raise Wrong(next((message for message, wrong in mistakes.items() if _close(found, wrong)), otherwise))


def _flow_loss(model, x, labels, t, noise):
    x_t, velocity = flow.path(x, noise, t)
    return (model(x_t, t, labels) - velocity).square().mean()


@exercise(_flow_loss, shipped=[flow.loss])
def flow_loss(attempt) -> None:
    """Check `flow_loss(model, x, labels, t, noise)`: point, time, target, square, mean."""
    g = torch.Generator().manual_seed(0)
    for shape in ((3, 1, 4, 4), (5, 2, 3, 6)):
        x, noise = torch.randn(shape, generator=g), torch.randn(shape, generator=g)
        t, labels, asked = torch.rand(shape[0], generator=g), torch.arange(shape[0]), []

        def model(x_t, t, labels, asked=asked):
            asked.append((x_t, t, labels))
            return x_t.sin() * (1 + labels).view(-1, 1, 1, 1) + t.view(-1, 1, 1, 1)

        try:
            found = torch.as_tensor(attempt(model, x, labels, t, noise))
        except RuntimeError as error:
            if "size" not in str(error):
                raise
            raise Wrong(f"t is [B]; give it a 1 for each other axis of x before you multiply: {error}.") from None
        if not asked:
            raise Wrong("The model was never asked. It gets the point on the way, the time and the label.")
        x_t, velocity = flow.path(x, noise, t)
        backwards = flow.path(x, noise, 1 - t)[0]
        if asked[0][0].shape == x.shape and _close(asked[0][0], backwards):
            raise Wrong("Time runs backwards: t = 0 must be the picture, t = 1 the noise.")
        if asked[0][0].shape != x.shape or not _close(asked[0][0], x_t):
            raise Wrong("The model is not asked at the point (1 - t) · x + t · noise.")
        if asked[0][1].shape != t.shape:
            raise Wrong(f"The model wants t as [B], not {list(asked[0][1].shape)}: reshape a copy for the mixing.")
        answer = model(x_t, t, labels)
        mistakes = {
            "The target points to the picture. As t grows the point moves to the noise: noise - x.": (
                (answer + velocity).square().mean()
            ),
            "The target is the noise, as in DDPM. Here it is the velocity, noise - x.": (
                (answer - noise).square().mean()
            ),
            "The target is the picture. Here it is the velocity, noise - x.": (answer - x).square().mean(),
            "You add the squares up. The mean makes the loss independent of size and batch.": (
                (answer - velocity).square().sum()
            ),
            "That is the mean distance. Only squares have the mean as their best answer.": (
                (answer - velocity).abs().mean()
            ),
        }
        _compare(
            found, _flow_loss(model, x, labels, t, noise), mistakes, "It is not the mean of (answer - (noise - x))²."
        )


def _both_ends(x_t, v, t):
    return flow.data_in(x_t, v, t), flow.noise_in(x_t, v, t)


@exercise(_both_ends, shipped=[flow.data_in, flow.noise_in])
def both_ends(attempt) -> None:
    """Check `both_ends(x_t, v, t) -> (data, noise)`: where the line through a point begins and ends."""
    g = torch.Generator().manual_seed(0)
    for shape, t in (((2, 1, 3, 3), 0.3), ((4, 5), 0.85), ((3, 2), 1.0)):
        x, noise = torch.randn(shape, generator=g), torch.randn(shape, generator=g)
        x_t, v = (1 - t) * x + t * noise, noise - x
        found = attempt(x_t, v, t)
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise Wrong("Return two things: the data end, then the noise end.")
        data, end = found
        assert data.shape == x.shape and end.shape == x.shape, f"Both ends have the shape of x_t, {list(shape)}."
        if _close(data, x) and _close(end, noise):
            continue
        if _close(data, noise) and _close(end, x):
            raise Wrong("The ends are swapped: first the data (t = 0), then the noise (t = 1).")
        if _close(data, x_t + t * v) and t < 1:
            raise Wrong("You walk away from the data: from time t back to 0 is -t times the velocity.")
        if _close(data, x) and _close(end, x_t + t * v):
            raise Wrong("From time t to the noise, at time 1, it is 1 - t further, not t.")
        raise Wrong("From x_t walk along v until time 0 for the data, until time 1 for the noise.")


def _slopes(states, u):
    wide = u.diff().view(-1, *[1] * (states.ndim - 1))
    return states.diff(dim=0) / wide, (states[-1] - states[0]) / (u[-1] - u[0])


def _bend(states, u):
    slope, beeline = _slopes(states, u)
    off = (slope - beeline).square().flatten(2).sum(-1)  # [S, B]
    share = u.diff() / (u[-1] - u[0])
    return share @ off / beeline.flatten(1).square().sum(1)


@exercise(_bend)
def bend(attempt) -> None:
    """Check `bend(states [S + 1, B, …], u [S + 1]) -> [B]` on a line, a quarter circle, and at random."""
    g = torch.Generator().manual_seed(0)
    for steps, shape, start, end in ((6, (3, 2, 2), 0.0, 1.0), (9, (2, 5), 1.0, 0.0), (5, (4, 3), 2.0, 0.5)):
        states = torch.randn(steps + 1, *shape, generator=g)
        u = start + (end - start) * torch.linspace(0, 1, steps + 1) ** 2  # steps of unequal length
        slope, beeline = _slopes(states, u)
        off, whole = (slope - beeline).square().flatten(2).sum(-1), beeline.flatten(1).square().sum(1)
        share = u.diff() / (u[-1] - u[0])
        mistakes = {
            "Every step counts alike. A long step is a larger share of the way: weigh it by its length in u.": (
                off.mean(0) / whole
            ),
            "It is not compared with the beeline: divide by |beeline|², or larger pictures bend more.": share @ off,
            "You take the distance, not its square.": share @ off.sqrt() / whole.sqrt(),
            "You sum over the steps without their lengths.": off.sum(0) / whole,
            "You compare with the mean of the slopes; the beeline is (last - first) / (its time).": (
                share @ (slope - slope.mean(0)).square().flatten(2).sum(-1) / whole
            ),
        }
        _compare(
            attempt(states, u),
            _bend(states, u),
            mistakes,
            "It is not the mean over u of |slope - beeline|² / |beeline|².",
        )
    angle = torch.linspace(0, math.pi / 2, 200)
    arc, u = torch.stack([angle.cos(), angle.sin()], 1)[:, None], torch.linspace(0, 1, 200)
    assert abs(float(attempt(arc, u)) - (math.pi**2 / 8 - 1)) < 1e-3, (
        "A quarter circle should bend by π²/8 - 1 = 0.234."
    )
    assert float(attempt(torch.linspace(2, 5, 50).view(-1, 1, 1), torch.linspace(0, 1, 50))) < 1e-6, (
        "A straight line at constant speed should bend by 0."
    )


def _pixel_bits(log_density, dims):
    return -log_density / (dims * math.log(2)) + math.log2(127.5)


def _planted(log_density, dims):
    return -log_density / (dims * math.log(2))


@exercise(_pixel_bits, planted=_planted)
def pixel_bits(attempt) -> None:
    """Check `pixel_bits(log_density [B], dims)`: nats of a density as bits of a grey level, the width of a bin paid."""
    for dims in (1, 12, 784):
        flat = torch.full((3,), -dims * math.log(2.0))  # uniform on [-1, 1]: every density is 1 / 2 a dimension
        density = flat + torch.tensor([0.0, 30.0, -70.0])
        right = _pixel_bits(density, dims)
        plain = -density / (dims * math.log(2))
        mistakes = {
            "Still the density alone: a grey is an interval 1 / 127.5 wide, its probability is density · width.": plain,
            "The width is paid with the wrong sign: a narrow bin has less probability, so it takes more bits.": (
                plain - math.log2(127.5)
            ),
            "log2(256) fits pixels in [0, 1]. In [-1, 1] the greys are 2 / 255 apart.": plain + 8,
            "That is ln 127.5, in nats. Bits are log2.": plain + math.log(127.5),
            "One bin is paid for the whole picture. Each of the dimensions has its own.": plain
            + math.log2(127.5) / dims,
            "The sign of the density is lost: likelier pictures take fewer bits.": -plain + math.log2(127.5),
        }
        _compare(attempt(density, dims), right, mistakes, "It should be -log2(density · bin width) a dimension.")
