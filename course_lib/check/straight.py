"""Checkers of notebook 10: the loss on lines, both ends of a line, how much a path bends, bits out of a density."""

import math

import torch

from ..methods import flow
from .core import exercise
from .forms import Wrong, alike, need
from .gate import Noted


def _flow_loss(model, x, labels, t, noise):
    x_t, velocity = flow.path(x, noise, t)
    return (model(x_t, t, labels) - velocity).square().mean()


MISSING = {"size": "t is [B]; give it a 1 for each other axis of x before you multiply"}


@exercise(_flow_loss, shipped=[flow.loss], trained=True, stops=MISSING)
def flow_loss(attempt) -> None:
    """Check `flow_loss(model, x, labels, t, noise)`: point, time, target, square, mean."""
    for shape in ((3, 1, 4, 4), (5, 2, 3, 6)):
        x, noise, t, labels = torch.randn(shape), torch.randn(shape), torch.rand(shape[0]), torch.arange(shape[0])
        wide = (-1, *[1] * (x.ndim - 1))
        model = Noted(lambda x_t, t, y, wide=wide: x_t.sin() * (1 + y).view(wide) + t.view(wide))
        found, right = attempt(model, x, labels, t, noise)
        need(model.asked, "The model was never asked. It gets the point on the way, the time and the label.")
        point, time, label = model.asked[0]
        x_t, velocity = flow.path(x, noise, t)
        backwards = flow.path(x, noise, 1 - t)[0]
        if alike(point, backwards):
            raise Wrong("Time runs backwards: t = 0 must be the picture, t = 1 the noise.")
        need(alike(point, x_t), "The model is not asked at the point (1 - t) · x + t · noise.")
        need(time.shape == t.shape, f"The model wants t as [B], not {list(time.shape)}: reshape a copy for the mixing.")
        need(alike(time, t), "The model is told another time than t: its point lies at t.")
        need(alike(label, labels), "The model is told other labels than those of the pictures.")
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
        attempt.compare(found, right, mistakes, "It is not the mean of (answer - (noise - x))².")


def _both_ends(x_t, v, t):
    return flow.data_in(x_t, v, t), flow.noise_in(x_t, v, t)


@exercise(_both_ends, shipped=[flow.data_in, flow.noise_in], gives="two things: the data end, then the noise end")
def both_ends(attempt) -> None:
    """Check `both_ends(x_t, v, t) -> (data, noise)`: where the line through a point begins and ends."""
    for shape, t in (((2, 1, 3, 3), 0.3), ((4, 5), 0.85), ((3, 2), 1.0)):
        x, noise = torch.randn(shape), torch.randn(shape)
        x_t, v = (1 - t) * x + t * noise, noise - x
        found, right = attempt(x_t, v, t)
        mistakes = {
            "The ends are swapped: first the data (t = 0), then the noise (t = 1).": right[::-1],
            "You walk away from the data: from time t back to 0 is -t times the velocity.": (x_t + t * v, right[1]),
            "From time t to the noise, at time 1, it is 1 - t further, not t.": (right[0], x_t + t * v),
            "The noise end goes the wrong way: at time 1 the way leads along the velocity.": (
                right[0],
                x_t - (1 - t) * v,
            ),
            "Both ends are a whole step of length 1 away. x_t lies at time t: it is t back, and 1 - t on.": (
                x_t - v,
                x_t + v,
            ),
        }
        otherwise = "From x_t walk along v until time 0 for the data, until time 1 for the noise."
        attempt.compare(found, right, mistakes, otherwise)


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
    for steps, shape, start, end in ((6, (3, 2, 2), 0.0, 1.0), (9, (2, 5), 1.0, 0.0), (5, (4, 3), 2.0, 0.5)):
        states = torch.randn(steps + 1, *shape)
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
        otherwise = "It is not the mean over u of |slope - beeline|² / |beeline|²."
        attempt.compare(*attempt(states, u), mistakes, otherwise)
    angle = torch.linspace(0, math.pi / 2, 200)
    arc, u = torch.stack([angle.cos(), angle.sin()], 1)[:, None], torch.linspace(0, 1, 200)
    attempt.compare(*attempt(arc, u), {}, "A quarter circle should bend by π²/8 - 1 = 0.234.")
    line, u = torch.linspace(2, 5, 50).view(-1, 1, 1), torch.linspace(0, 1, 50)
    need(attempt(line, u)[0].abs().max() < 1e-6, "A straight line at constant speed should bend by 0.")


def _pixel_bits(log_density, dims):
    return -log_density / (dims * math.log(2)) + math.log2(127.5)


def _planted(log_density, dims):
    bits = -log_density / math.log(2) / dims
    return bits + math.log2(256)


@exercise(_pixel_bits, planted=_planted)
def pixel_bits(attempt) -> None:
    """Check `pixel_bits(log_density [B], dims)`: nats of a density as bits of a grey level, the width of a bin paid."""
    for dims in (1, 12, 784):
        flat = torch.full((3,), -dims * math.log(2.0))  # uniform on [-1, 1]: every density is 1 / 2 a dimension
        density = flat + torch.tensor([0.0, 30.0, -70.0])
        plain = -density / (dims * math.log(2))
        mistakes = {
            "Still bins of 1 / 256: they fit pixels in [0, 1]. In [-1, 1] the greys are 2 / 255 apart.": plain + 8,
            "The wrong way: in [-1, 1] a bin is wider than in [0, 1], so it takes fewer bits.": plain + 9,
            "That is the density alone: a grey is an interval, its probability is density · width.": plain,
            "Nearly: 256 greys are 255 steps from -1 to 1, so a bin is 1 / 127.5 wide, not 1 / 128.": plain + 7,
            "The width is paid with the wrong sign: a narrow bin has less probability, so it takes more bits.": (
                plain - math.log2(127.5)
            ),
            "That is ln 127.5, in nats. Bits are log2.": plain + math.log(127.5),
            "One bin is paid for the whole picture. Each of the dimensions has its own.": plain
            + math.log2(127.5) / dims,
            "The sign of the density is lost: likelier pictures take fewer bits.": -plain + math.log2(127.5),
        }
        attempt.compare(*attempt(density, dims), mistakes, "It should be -log2(density · bin width) a dimension.")
