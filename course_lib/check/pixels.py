"""Checkers of notebook 01: smoothed histograms, contexts of neighbours, drawing a level, a context that leaks."""

import math

import torch

from ..methods import autoregressive, counting
from .core import exercise
from .forms import Wrong, alike, need

LEFT, ABOVE, CORNER = (0, -1), (-1, 0), (-1, 1)


def _cross_entropy(counts, test, alpha=0.5):
    p = (counts + alpha) / (counts + alpha).sum()
    return -p[test.long()].log2().mean()


@exercise(reference=_cross_entropy)
def cross_entropy(attempt) -> None:
    """Cross-entropy in bits: smoothed, normalised, measured on the test levels."""
    for K in (4, 16, 7):
        counts, test, alpha = torch.randint(1, 50, (K,)), torch.arange(3 * K).view(3, K) % K, 0.25 * K
        counts[K // 2] = 0  # never seen in training, seen in the test
        found, right = attempt(counts, test, alpha)
        p, too_many = (counts + alpha) / (counts + alpha).sum(), (1 + alpha * K / counts.sum()).log2()
        if torch.as_tensor(found).isinf().any():
            raise Wrong("A level that training never saw gets probability 0 and costs infinitely many bits: add alpha.")
        mistakes = {
            "These are nats: take log2, or divide by ln 2.": right * math.log(2),
            "This is the entropy of the training histogram. Ask what the test pixels cost.": -(p * p.log2()).sum(),
            "Your probabilities do not sum to 1: divide by the sum of counts + alpha.": right - too_many,
            "This is the sum over the test pixels: take the mean.": right * test.numel(),
            "Fewer bits than none: a cost is minus log2 p.": -right,
            "You take the logarithm of the mean probability. Take the mean of the logarithms.": -p[test].mean().log2(),
            "alpha is added to the sum once, and to every count: divide by the sum of counts + alpha.": (
                right + ((counts.sum() + alpha) / (counts + alpha).sum()).log2()
            ),
            "You add 0.5, whatever alpha is.": _cross_entropy(counts, test),
        }
        attempt.compare(found, right, mistakes, f"In one of the cases it is {right:.4f} bits, and yours is {found}.")


@exercise(reference=counting.context)
def context(attempt) -> None:
    """Contexts: digits in the right order, nothing wrapped around the border, nothing from the future."""
    for offsets, K in (([LEFT], 16), ([ABOVE], 4), ([LEFT, ABOVE], 16), ([LEFT, CORNER, (-2, -1)], 8), ([], 5)):
        x = torch.randint(0, K, (3, 6, 5), dtype=torch.uint8)
        x[:, :, [0, -1]], x[:, -1] = K - 1, K - 1  # bright borders show what wraps around
        found, right = attempt(x, offsets, K)
        wrapped = torch.zeros(x.shape, dtype=torch.long)
        for down, left in offsets:
            wrapped = wrapped * K + x.roll((-down, -left), (1, 2))
        back, turned = [(-down, -left) for down, left in offsets], [offset[::-1] for offset in offsets]
        mistakes = {
            "roll brings in the far border. Outside the picture everything is level 0.": wrapped,
            "You look right or below, at pixels that come later: (0, -1) is the left.": counting.context(x, back, K),
            "The digits are in the other order: the first counts most.": counting.context(x, offsets[::-1], K),
            "Rows and columns are swapped: (rows down, columns right).": counting.context(x, turned, K),
            "Different neighbours get one number. Make digits: index * levels + neighbour.": sum(
                (counting.context(x, [offset], K) for offset in offsets), torch.zeros(x.shape, dtype=torch.long)
            ),
            "uint8 overflows above 255: turn the tokens into int64 first.": right.to(torch.uint8),
        }
        otherwise = f"With the offsets {offsets} these are not the numbers of the contexts: 0 outside the picture."
        attempt.compare(found, right, mistakes, otherwise)


@exercise(reference=lambda p, u: autoregressive.draw(p.log(), u), shipped=[autoregressive.draw])
def inverse_cdf(attempt) -> None:
    """Inverse-CDF draws: frequencies, edges, and rounding at the end."""
    for p in (torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([0.0, 0.5, 0.0, 0.5]), (3 * torch.rand(16)).softmax(0)):
        u, K = torch.cat([(torch.arange(4000) + 0.5) / 4000, torch.tensor([0.0, 1 - 2**-24])]), len(p)
        rows = p.repeat(len(u), 1)
        x, _ = attempt(rows, u)
        need(x.shape == u.shape, f"One level a row: the shape should be {list(u.shape)}, not {list(x.shape)}.")
        need(torch.equal(x, attempt(rows, u)[0]), "Two calls with the same u differ: draw no numbers of your own.")
        need(int(x.max()) < K, f"There is a level {int(x.max())}, but the last is {K - 1}: clamp what rounding leaves.")
        need(int(x.min()) >= 0, f"There is a level {int(x.min())}: the first is 0, the number of steps that are <= u.")
        need(not torch.equal(x, rows.argmax(1)), "Always the likeliest level: u must decide, or nothing is random.")
        shares = x[:4000].bincount(minlength=K) / 4000
        need((shares - p.flip(0)).abs().max() > 0.01 or alike(p, p.flip(0)), "The levels are drawn in reverse order.")
        need((shares - p).abs().max() < 0.01, f"Levels should come with shares {p.tolist()}, not {shares.tolist()}.")
        need(p[x[-2]] > 0, "At u = 0 a level of probability 0 is drawn: count the steps that are <= u, not < u.")


def _corners(levels, K):
    """The planted bug: the corner comes in at two borders, and one of them is cleared."""
    x = levels.long()
    left, above, corner = x.roll(1, 2), x.roll(1, 1), x.roll((1, -1), (1, 2))
    left[:, :, 0] = above[:, 0] = corner[:, :, -1] = 0
    return (left * K + above) * K + corner


LEAKS = {  # what is changed, in a picture of 6×5, and whose context must not change with it
    "itself": ((2, 2), (2, 2)),
    "its right neighbour": ((2, 3), (2, 2)),
    "the pixel below": ((3, 2), (2, 2)),
    "one of the last row, while it stands in the first": ((5, 3), (0, 2)),
    "one at the other end of its row": ((2, 4), (2, 0)),
}


@exercise(reference=lambda levels, K: counting.context(levels, [LEFT, ABOVE, CORNER], K), planted=_corners)
def corners(attempt) -> None:
    """The planted bug of notebook 01: what the corner looks at, at the border too."""
    x = torch.randint(0, 16, (2, 6, 5), dtype=torch.uint8)
    found, right = attempt(x, 16)
    need(found.shape == x.shape, f"One context a pixel, {list(x.shape)}, not {list(found.shape)}.")
    for what, (place, here) in LEAKS.items():
        changed = x.clone()
        changed[:, *place] = (x[:, *place] + 1) % 16
        if (attempt(changed, 16)[0][:, *here] != found[:, *here]).any():
            raise Wrong(f"A pixel's context still changes with {what}, which is not known when the pixel is drawn.")
    corner = x.long().roll((1, -1), (1, 2))
    corner[:, 0] = 0
    others = counting.context(x, [LEFT, ABOVE], 16) * 16
    mistakes = {
        "Nothing leaks, but this is the corner above-left: above-right is one column further on.": (
            counting.context(x, [LEFT, ABOVE, (-1, -1)], 16)
        ),
        "Nothing leaks, but the corner is gone: it is the pixel above-right.": counting.context(x, [LEFT, ABOVE], 16),
        "Nothing leaks, but now the corner is 0 everywhere: clear the row where the other side comes in, no more.": (
            others
        ),
        "Nothing leaks, but the corner of the last column comes from the first: outside the picture all is 0.": (
            others + corner
        ),
        "Nothing leaks, but the corner is two columns to the right: above-right is one.": (
            counting.context(x, [LEFT, ABOVE, (-1, 2)], 16)
        ),
        "Nothing leaks, but this is the pixel above once more: above-right is one column further on.": (
            counting.context(x, [LEFT, ABOVE, ABOVE], 16)
        ),
    }
    attempt.compare(found, right, mistakes, "Nothing leaks, but the digits are not left, above, above-right.")
