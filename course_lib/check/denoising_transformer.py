"""Checkers of notebook 11: the adaLN-zero block, what a patch size costs, and guidance at the wrong end."""

import torch
import torch.nn.functional as F

from ..networks import layers
from .core import exercise
from .forms import need


def _adaln_block(x, six, attend, think):
    shift1, scale1, gate1, shift2, scale2, gate2 = six.unsqueeze(2).unbind(1)  # each [B, 1, D]
    x = x + gate1 * attend(layers.norm(x) * (1 + scale1) + shift1)
    return x + gate2 * think(layers.norm(x) * (1 + scale2) + shift2)


def _unbiased(h):
    return (h - h.mean(-1, keepdim=True)) / h.std(-1, keepdim=True)


READINGS = {  # of h, its shift and its scale
    "The scale must be 1 + scale: with scale = 0 nothing of x would get through.": lambda h, b, s: (
        layers.norm(h) * s + b
    ),
    "Shift and scale have changed places, and the 1 is missing.": lambda h, b, s: layers.norm(h) * b + s,
    "x is read as it is. Read norm(x), as in notebook 03, and then scale and shift it.": lambda h, b, s: (
        h * (1 + s) + b
    ),
    "The norm comes first: norm(x) is scaled and shifted, not x.": lambda h, b, s: layers.norm(h * (1 + s) + b),
    "The shift is scaled too: (1 + scale) · norm(x), and then + shift.": lambda h, b, s: (layers.norm(h) + b) * (1 + s),
    "std() divides by D - 1; a layer norm divides by D: F.layer_norm, or std(-1, correction=0).": (
        lambda h, b, s: _unbiased(h) * (1 + s) + b
    ),
    "The mean stays in: a layer norm takes it off and divides by the standard deviation.": lambda h, b, s: (
        h / h.square().mean(-1, keepdim=True).sqrt() * (1 + s) + b
    ),
    "The norm is over all tokens at once. Each token has a mean and a width of its own: the last dimension.": (
        lambda h, b, s: F.layer_norm(h, h.shape[1:]) * (1 + s) + b
    ),
}
ORDERS = {  # of the six
    "Shift and scale have changed places: first comes the shift, then the scale.": (1, 0, 2, 4, 3, 5),
    "Both halves use the first three of the six: the MLP has three of its own.": (0, 1, 2, 0, 1, 2),
    "The halves have changed places: attention uses the first three, the MLP the last three.": (3, 4, 5, 0, 1, 2),
    "The order of the six is another: shift, scale, gate of attention, then the three of the MLP.": (0, 2, 4, 1, 3, 5),
    "The gate comes last of the three: shift, scale, gate.": (1, 2, 0, 4, 5, 3),
}
SUMS = {  # of h, its gate and what the branch says
    "The gate is missing: what a branch says comes in at full strength.": lambda h, gate, said: h + said,
    "The gate has no 1: with gate = 0 a branch must be shut, so that the untrained block is the identity.": (
        lambda h, gate, said: h + (1 + gate) * said
    ),
    "The x that is added is missing: x + gate · branch(…).": lambda h, gate, said: gate * said,
    "The gate holds back x too. It belongs to the branch alone: x + gate · branch(…).": (
        lambda h, gate, said: gate * (h + said)
    ),
}


def _wrong_blocks(x, six, attend, think) -> dict[str, torch.Tensor]:
    def read(h, b, s):
        return layers.norm(h) * (1 + s) + b

    def add(h, gate, said):
        return h + gate * said

    def block(reads=(read, read), order=range(6), adds=(add, add)):
        b1, s1, g1, b2, s2, g2 = six[:, list(order)].unsqueeze(2).unbind(1)
        y = adds[0](x, g1, attend(reads[0](x, b1, s1)))
        return adds[1](y, g2, think(reads[1](y, b2, s2)))

    _, _, _, shift, scale, gate = six.unsqueeze(2).unbind(1)
    first = _adaln_block(x, six * (torch.arange(6) < 3)[:, None], attend, think)
    return {
        **{message: block((wrong, wrong)) for message, wrong in READINGS.items()},
        **{message: block(order=order) for message, order in ORDERS.items()},
        **{message: block(adds=(wrong, wrong)) for message, wrong in SUMS.items()},
        "The MLP reads the old x. It should read what attention has made of it.": (
            first + gate * think(layers.norm(x) * (1 + scale) + shift)
        ),
        "The second half is missing: the MLP, with its own shift, scale and gate.": first,
        "The two branches have changed places: first attend, then think.": _adaln_block(x, six, think, attend),
        **{f"In the first half: {message}": block((wrong, read)) for message, wrong in READINGS.items()},
        **{f"In the second half: {message}": block((read, wrong)) for message, wrong in READINGS.items()},
        **{f"In the first half: {message}": block(adds=(wrong, add)) for message, wrong in SUMS.items()},
        **{f"In the second half: {message}": block(adds=(add, wrong)) for message, wrong in SUMS.items()},
    }


SIDE = {"must match the size of tensor": "Each of the six is [B, D], and x is [B, T, D]: six.unsqueeze(2) meets all T."}


@exercise(reference=_adaln_block, trained=True, stops=SIDE)
def adaln_block(attempt) -> None:
    """The adaLN-zero block: identity at zero, six modulations in their order, one half after the other."""
    for B, T, D in ((2, 5, 8), (3, 3, 6), (1, 7, 12)):
        x, six = torch.randn(B, T, D) * 20 + 10, torch.randn(B, 6, D)  # so wide that the norm's eps is no matter
        mix, turn = torch.randn(T, T) / T**0.5, torch.randn(D, D) / D**0.5

        def attend(h, mix=mix):
            return mix @ h

        def think(h, turn=turn):
            return (h @ turn).tanh()

        otherwise = "Two times over: x + gate · branch(norm(x) · (1 + scale) + shift), each half with its own three."
        attempt.compare(*attempt(x, six, attend, think), _wrong_blocks(x, six, attend, think), otherwise)
        still, _ = attempt(x, torch.zeros_like(six), attend, think)
        need(torch.equal(still, x), "With six zeros the block should be the identity, exactly.")


def _operations(size, patch, width, depth):
    tokens = (size // patch) ** 2
    return depth * tokens * (24 * width**2 + 4 * tokens * width)


@exercise(reference=_operations)
def operations(attempt) -> None:
    """Operations of one pass: tokens grow with the square of 1/patch, attention with its fourth power."""
    for size, patch, width, depth in ((28, 4, 96, 4), (28, 7, 64, 2), (24, 2, 32, 3)):
        (found, right), side = attempt(size, patch, width, depth), size // patch
        n = side**2
        mistakes = {
            "A multiplication and an addition are two operations: twice as many.": right / 2,
            "Attention is missing: each token compares with all, and mixes all.": depth * n * 24 * width**2,
            "Attention has two products: q·k for all pairs, and the weights times v.": (
                depth * n * (24 * width**2 + 2 * n * width)
            ),
            "A grid of size / patch has that many rows AND columns: square it.": (
                depth * side * (24 * width**2 + 4 * side * width)
            ),
            "The MLP has two matrices, width × 4 width and back: 8 width² weights. Attention's four come on top.": (
                depth * n * (16 * width**2 + 4 * n * width)
            ),
            "Attention has four matrices of its own: width² each for q, k, v and out.": (
                depth * n * (22 * width**2 + 4 * n * width)
            ),
            "Attention compares every token with every token: its pairs are tokens², not tokens.": (
                depth * n * (24 * width**2 + 4 * width)
            ),
            "Attention compares every token with every token: tokens² pairs, each of 4 · width operations.": (
                depth * (24 * n * width**2 + 4 * n * width**2)
            ),
            "The number of tokens is that of pixels: a patch of p×p pixels is one token.": (
                depth * size**2 * (24 * width**2 + 4 * size**2 * width)
            ),
            "Weights are multiplied and added, too: two operations each.": depth * n * (12 * width**2 + 4 * n * width),
            "Only attention compares pairs. The matrices work on each token by itself: tokens, not tokens².": (
                depth * n**2 * 24 * width**2
            ),
            "A pair costs a dot product of `width` numbers, and as much again for the values.": (
                depth * (24 * n * width**2 + 4 * n**2)
            ),
            "There is no mask here: all tokens² pairs are compared, not half of them.": (
                depth * (24 * n * width**2 + 2 * n * (n + 1) * width)
            ),
            "That is one block: there are `depth` of them.": right / depth,
        }
        case = f"For {size}×{size}, patch {patch}, width {width}, depth {depth}"
        attempt.compare(found, right, mistakes, f"{case} it is {right:,}, not {found:,}.")


def _scale_at(i, steps, w, interval):
    low, high = interval
    return w if low <= 1 - i / steps <= high else 1.0


def _planted(i, steps, w, interval):
    t = i / steps
    low, high = interval
    return w if low <= t <= high else 1.0


@exercise(reference=_scale_at, planted=_planted)
def scale_at(attempt) -> None:
    """Guidance within an interval of times, where t = 1 is noise and comes first."""
    for steps, interval, w in (
        (8, (0.0, 0.5), 3.0),
        (8, (0.25, 0.75), 2.0),
        (16, (0.6, 1.0), 4.0),
        (10, (0.0, 1.0), 1.5),
        (5, (0.25, 0.75), 2.0),
    ):
        found, right = (list(each) for each in zip(*(attempt(i, steps, w, interval) for i in range(steps))))
        low, high = interval
        led = f"steps={steps}, interval={interval}: "
        mistakes = {
            "Still at the wrong end. Sampling starts at t = 1: which t has step 0?": [
                _planted(i, steps, w, interval) for i in range(steps)
            ],
            "A step begins at t = 1 - i / steps; you take the time at its end.": [
                _scale_at(i + 1, steps, w, interval) for i in range(steps)
            ],
            "Outside the interval the scale is 1, the plain conditional model. 0 forgets the class.": [
                s if s != 1.0 else 0.0 for s in right
            ],
            "The ends belong to the interval.": [w if low < 1 - i / steps < high else 1.0 for i in range(steps)],
            "The upper end belongs to the interval too: low <= t <= high.": [
                w if low <= 1 - i / steps < high else 1.0 for i in range(steps)
            ],
            "The lower end belongs to the interval too: low <= t <= high.": [
                w if low < 1 - i / steps <= high else 1.0 for i in range(steps)
            ],
            "A step begins at t = 1 - i / steps; you take the time in its middle.": [
                _scale_at(i + 0.5, steps, w, interval) for i in range(steps)
            ],
            "The first step begins at 1 and the last at 1 / steps: divide by steps, not by steps - 1.": [
                w if low <= 1 - i / (steps - 1) <= high else 1.0 for i in range(steps)
            ],
            "You guide outside the interval, and not within it.": [1.0 if s == w else w for s in right],
        }
        attempt.compare(found, right, mistakes, f"{led}{right} it is, not {found}.")
