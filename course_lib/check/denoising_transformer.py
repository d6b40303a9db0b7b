"""Checkers of notebook 11: the adaLN-zero block, what a patch size costs, and guidance at the wrong end."""

import torch

from ..networks import layers
from .core import Wrong, exercise


def _pick(found, right, mistakes: dict[str, torch.Tensor], otherwise: str) -> None:
    """Nothing where `found` is right; else the mistake that gives the same numbers, or `otherwise`."""
    assert isinstance(found, torch.Tensor), f"Give back a tensor, not {type(found).__name__}."
    assert found.shape == right.shape, f"The answer should have shape {list(right.shape)}, not {list(found.shape)}."
    if not torch.allclose(found, right, atol=1e-4):
        same = (
            message
            for message, wrong in mistakes.items()
            if wrong.shape == found.shape and torch.allclose(found, wrong, atol=1e-4)
        )
        raise Wrong(next(same, otherwise))


def _adaln_block(x, six, attend, think):
    shift1, scale1, gate1, shift2, scale2, gate2 = six.unsqueeze(2).unbind(1)  # each [B, 1, D]
    x = x + gate1 * attend(layers.norm(x) * (1 + scale1) + shift1)
    return x + gate2 * think(layers.norm(x) * (1 + scale2) + shift2)


def _wrong_blocks(x, six, attend, think) -> dict[str, torch.Tensor]:
    a, b, c, d, e, f = six.unsqueeze(2).unbind(1)
    norm = layers.norm
    plain = x + c * attend(norm(x) * a + b)
    once = x + c * attend(norm(x) * (1 + b) + a)
    bare = x + c * attend(x * (1 + b) + a)
    late = x + c * attend(norm(x) * b + a)
    return {
        "The scale must be 1 + scale: with scale = 0 nothing of x would get through.": (
            late + f * think(norm(late) * e + d)
        ),
        "Shift and scale have changed places, and the 1 is missing.": plain + f * think(norm(plain) * d + e),
        "Shift and scale have changed places: first comes the shift, then the scale.": (
            _adaln_block(x, six[:, [1, 0, 2, 4, 3, 5]], attend, think)
        ),
        "x is read as it is. Read norm(x), as in notebook 03, and then scale and shift it.": (
            bare + f * think(bare * (1 + e) + d)
        ),
        "Both halves use the first three of the six: the MLP has three of its own.": (
            _adaln_block(x, six[:, [0, 1, 2, 0, 1, 2]], attend, think)
        ),
        "The halves have changed places: attention uses the first three, the MLP the last three.": (
            _adaln_block(x, six[:, [3, 4, 5, 0, 1, 2]], attend, think)
        ),
        "The MLP reads the old x. It should read what attention has made of it.": (
            once + f * think(norm(x) * (1 + e) + d)
        ),
        "The gates are missing: both branches come in at full strength.": (
            (y := x + attend(norm(x) * (1 + b) + a)) + think(norm(y) * (1 + e) + d)
        ),
        "The x that is added is missing: x + gate · branch(…), in both halves.": (
            f * think(norm(y := c * attend(norm(x) * (1 + b) + a)) * (1 + e) + d)
        ),
        "The gate holds back x too. It belongs to the branch alone: x + gate · branch(…).": (
            f * ((y := c * (x + attend(norm(x) * (1 + b) + a))) + think(norm(y) * (1 + e) + d))
        ),
    }


@exercise(reference=_adaln_block)
def adaln_block(attempt) -> None:
    """The adaLN-zero block: identity at zero, six modulations in their order, one half after the other."""
    for B, T, D in ((2, 5, 8), (3, 3, 4), (1, 7, 12)):
        x, six = torch.randn(B, T, D) * 2 + 1, torch.randn(B, 6, D)
        mix, turn = torch.randn(T, T) / T**0.5, torch.randn(D, D) / D**0.5

        def attend(h, mix=mix):
            return mix @ h

        def think(h, turn=turn):
            return (h @ turn).tanh()

        found, right = attempt(x, six, attend, think), _adaln_block(x, six, attend, think)
        _pick(
            found,
            right,
            _wrong_blocks(x, six, attend, think),
            "Twice x + gate · branch(norm(x) · (1 + scale) + shift).",
        )
        still = attempt(x, torch.zeros_like(six), attend, think)
        assert torch.equal(still, x), "With six zeros the block should be the identity, exactly."


def _operations(size, patch, width, depth):
    tokens = (size // patch) ** 2
    return depth * tokens * (24 * width**2 + 4 * tokens * width)


@exercise(reference=_operations)
def operations(attempt) -> None:
    """Operations of one pass: tokens grow with the square of 1/patch, attention with its fourth power."""
    for size, patch, width, depth in ((28, 4, 96, 4), (28, 7, 64, 2), (24, 2, 32, 3)):
        n, found = (size // patch) ** 2, attempt(size, patch, width, depth)
        right, side = _operations(size, patch, width, depth), size // patch
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
            "That is one block: there are `depth` of them.": right / depth,
        }
        if found != right:
            same = (message for message, wrong in mistakes.items() if abs(found - wrong) < 0.5)
            otherwise = (
                f"For {size}×{size}, patch {patch}, width {width}, depth {depth} it is {right:,}, not {found:,}."
            )
            raise Wrong(next(same, otherwise))


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
    ):
        found = [attempt(i, steps, w, interval) for i in range(steps)]
        right = [_scale_at(i, steps, w, interval) for i in range(steps)]
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
            "You guide outside the interval, and not within it.": [1.0 if s == w else w for s in right],
        }
        if found != right:
            raise Wrong(
                next((m for m, wrong in mistakes.items() if found == wrong), f"{led}{right} it is, not {found}.")
            )
