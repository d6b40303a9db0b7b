"""Checkers of notebook 01: smoothed histograms, contexts of neighbours, drawing a level, a context that leaks."""

import math

import torch
import torch.nn.functional as F

from ..methods import autoregressive, counting
from .core import Wrong, exercise

LEFT, ABOVE, CORNER = (0, -1), (-1, 0), (-1, 1)


def _same(a, b) -> bool:
    a, b = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=1e-6)


def _compare(found, right, mistakes: dict) -> None:
    """Raise the message of the mistake whose result was found; where none fits, show both answers."""
    if not _same(found, right):
        known = (message for message, value in mistakes.items() if _same(found, value))
        raise Wrong(next(known, f"In one of the cases tried the answer is {right}, and yours is {found}."))


def _cross_entropy(counts, test, alpha=0.5):
    p = (counts + alpha) / (counts + alpha).sum()
    return -p[test.long()].log2().mean()


@exercise(reference=_cross_entropy)
def cross_entropy(attempt) -> None:
    """Cross-entropy in bits: smoothed, normalised, measured on the test levels."""
    for K in (4, 16, 7):
        counts, test, alpha = torch.randint(1, 50, (K,)), torch.arange(3 * K).view(3, K) % K, 0.25 * K
        counts[K // 2] = 0  # never seen in training, seen in the test
        p, right = (counts + alpha) / (counts + alpha).sum(), _cross_entropy(counts, test, alpha)
        too_many = (1 + alpha * K / counts.sum()).log2()
        found = attempt(counts, test, alpha)
        if math.isinf(found):
            raise Wrong("A level that training never saw gets probability 0 and costs infinitely many bits: add alpha.")
        mistakes = {
            "These are nats: take log2, or divide by ln 2.": right * math.log(2),
            "This is the entropy of the training histogram. Ask what the test pixels cost.": -(p * p.log2()).sum(),
            "Your probabilities do not sum to 1: divide by the sum of counts + alpha.": right - too_many,
            "This is the sum over the test pixels: take the mean.": right * test.numel(),
            "Fewer bits than none: a cost is minus log2 p.": -right,
        }
        _compare(found, right, mistakes)


@exercise(reference=counting.context)
def context(attempt) -> None:
    """Contexts: digits in the right order, nothing wrapped around the border, nothing from the future."""
    for offsets, K in (([LEFT], 16), ([ABOVE], 4), ([LEFT, ABOVE], 16), ([LEFT, CORNER, (-2, -1)], 8), ([], 5)):
        x = torch.randint(0, K, (3, 6, 5), dtype=torch.uint8)
        x[:, :, [0, -1]], x[:, -1] = K - 1, K - 1  # bright borders show what wraps around
        right, wrapped = counting.context(x, offsets, K), torch.zeros(x.shape, dtype=torch.long)
        for down, left in offsets:
            wrapped = wrapped * K + x.roll((-down, -left), (1, 2))
        back, turned = [(-down, -left) for down, left in offsets], [offset[::-1] for offset in offsets]
        mistakes = {
            "roll brings in the far border. Outside the picture everything is level 0.": wrapped,
            "You look right or below, at pixels that come later: (0, -1) is the left.": counting.context(x, back, K),
            "The digits are in the other order: the first counts most.": counting.context(x, offsets[::-1], K),
            "Rows and columns are swapped: (rows down, columns right).": counting.context(x, turned, K),
            "Different neighbours get one number. Make digits: index * levels + neighbour.": sum(
                counting.context(x, [offset], K) for offset in offsets
            ),
            "uint8 overflows above 255: turn the tokens into int64 first.": right.to(torch.uint8),
        }
        _compare(attempt(x, offsets, K), right, mistakes)


@exercise(reference=lambda p, u: autoregressive.draw(p.log(), u), shipped=[autoregressive.draw])
def inverse_cdf(attempt) -> None:
    """Inverse-CDF draws: frequencies, edges, and rounding at the end."""
    for p in (torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([0.0, 0.5, 0.0, 0.5]), torch.rand(16).softmax(0)):
        u, K = torch.cat([(torch.arange(4000) + 0.5) / 4000, torch.tensor([0.0, 1 - 2**-24])]), len(p)
        rows = p.repeat(len(u), 1)
        x = attempt(rows, u)
        assert x.shape == u.shape, f"One level a row: the shape should be {tuple(u.shape)}, not {tuple(x.shape)}."
        assert torch.equal(x, attempt(rows, u)), "Two calls with the same u differ: draw no numbers of your own."
        assert int(x.max()) < K, (
            f"There is a level {int(x.max())}, but the last is {K - 1}: clamp what rounding leaves."
        )
        assert not torch.equal(x, rows.argmax(1)), "Always the likeliest level: u must decide, or nothing is random."
        shares = x[:4000].bincount(minlength=K) / 4000
        assert (shares - p).abs().max() < 0.01, f"Levels should come with shares {p.tolist()}, not {shares.tolist()}."
        assert p[x[-2]] > 0, "At u = 0 a level of probability 0 is drawn: count the steps that are <= u, not < u."


def _corners(levels, K):
    """The planted bug: the right neighbour stands in for the corner above it."""
    p = F.pad(levels, (1, 1, 1, 0)).long()
    left, above = p[:, 1:, :-2], p[:, :-1, 1:-1]
    corner = p[:, 1:, 2:]
    return (left * K + above) * K + corner


@exercise(reference=lambda levels, K: counting.context(levels, [LEFT, ABOVE, CORNER], K), planted=_corners)
def corners(attempt) -> None:
    """The planted bug of notebook 01: what the corner looks at."""
    x, here = torch.randint(0, 16, (2, 6, 5), dtype=torch.uint8), (slice(None), 2, 2)
    found = attempt(x, 16)
    for what, place in {"itself": (2, 2), "its right neighbour": (2, 3), "the pixel below": (3, 2)}.items():
        changed = x.clone()
        changed[:, *place] = (x[:, *place] + 1) % 16
        if (attempt(changed, 16)[here] != found[here]).any():
            raise Wrong(f"A pixel's context still changes with {what}, which is not known when the pixel is drawn.")
    above_left = counting.context(x, [LEFT, ABOVE, (-1, -1)], 16)
    mistakes = {"Nothing leaks, but this is the corner above-left: above-right is one column further on.": above_left}
    _compare(found, counting.context(x, [LEFT, ABOVE, CORNER], 16), mistakes)
