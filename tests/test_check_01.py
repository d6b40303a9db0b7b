"""The exercises of notebook 01: right answers pass, usual mistakes are named."""

import pytest
import torch
from solutions import named

from course_lib import check
from course_lib.methods import counting


def shares(counts, alpha):
    return (counts + alpha) / (counts + alpha).sum()


ENTROPIES = {
    "add alpha": lambda counts, test, alpha: -(counts / counts.sum())[test].log2().mean(),
    "nats": lambda counts, test, alpha: -shares(counts, alpha)[test].log().mean(),
    "entropy of the training histogram": lambda counts, test, alpha: (
        -(shares(counts, alpha) * shares(counts, alpha).log2()).sum()
    ),
    "sum to 1": lambda counts, test, alpha: -((counts + alpha) / counts.sum())[test].log2().mean(),
    "take the mean": lambda counts, test, alpha: -shares(counts, alpha)[test].log2().sum(),
    "mean of the logarithms": lambda counts, test, alpha: -shares(counts, alpha)[test].mean().log2(),
    "added to the sum once": lambda counts, test, alpha: (
        -((counts + alpha) / (counts.sum() + alpha))[test].log2().mean()
    ),
    "add 0.5": lambda counts, test, alpha: -shares(counts, 0.5)[test].log2().mean(),
    "minus log2 p": lambda counts, test, alpha: shares(counts, alpha)[test].log2().mean(),
}


def digits(neighbours, tokens, levels):
    index = torch.zeros(tokens.shape, dtype=torch.long)
    for neighbour in neighbours:
        index = index * levels + neighbour
    return index


def looking(change):
    """The right answer for offsets that were changed."""
    return lambda tokens, offsets, levels: counting.context(tokens, change(offsets), levels)


CONTEXTS = {
    "far border": lambda tokens, offsets, levels: digits(
        [tokens.roll((-down, -right), (1, 2)) for down, right in offsets], tokens, levels
    ),
    "pixels that come later": looking(lambda offsets: [(-down, -right) for down, right in offsets]),
    "swapped": looking(lambda offsets: [(right, down) for down, right in offsets]),
    "one number": lambda tokens, offsets, levels: digits(
        [counting.context(tokens, [offset], levels) for offset in offsets], tokens, 1
    ),
    "other order": looking(lambda offsets: offsets[::-1]),
    "overflows": lambda tokens, offsets, levels: counting.context(tokens, offsets, levels).to(torch.uint8),
}

DRAWINGS = {
    "one level a row": lambda p, u: (p.cumsum(1) <= u[:, None]).sum(1, keepdim=True),
    "draw no numbers of your own": lambda p, u: torch.multinomial(p, 1).squeeze(1),
    "rounding": lambda p, u: (p.cumsum(1) <= u[:, None] + 1e-6).sum(1),
    "likeliest": lambda p, u: p.argmax(1),
    "shares": lambda p, u: (u * p.shape[1]).long(),
    "level -1": lambda p, u: (p.cumsum(1) <= u[:, None]).sum(1).clamp(max=p.shape[1] - 1) - 1,
    "reverse order": lambda p, u: (p.flip(1).cumsum(1) <= u[:, None]).sum(1).clamp(max=p.shape[1] - 1),
    "probability 0": lambda p, u: (p.cumsum(1) < u[:, None]).sum(1).clamp(max=p.shape[1] - 1),
}


def moved(x, K, clear):
    """Her function with `clear(corner)` at the border."""
    corner = x.long().roll((1, -1), (1, 2))
    clear(corner)
    return counting.context(x, [(0, -1), (-1, 0)], K) * K + corner


def nowhere_but_above(corner):
    corner[:, 0] = 0


def one_column(corner):
    corner[:, :, -1] = 0


CORNERS = {
    "one of the last row": lambda x, K: moved(x, K, one_column),
    "the last column comes from the first": lambda x, K: moved(x, K, nowhere_but_above),
    "0 everywhere": lambda x, K: moved(x, K, lambda corner: corner.zero_()),
    "other end of its row": lambda x, K: digits(
        [x.roll(1, 2), counting.context(x, [(-1, 0)], K), counting.context(x, [(-1, 1)], K)], x, K
    ),
    "its right neighbour": lambda x, K: counting.context(x, [(0, -1), (-1, 0), (0, 1)], K),
    "itself": lambda x, K: counting.context(x, [(0, 0), (-1, 0), (-1, 1)], K),
    "pixel below": lambda x, K: counting.context(x, [(0, -1), (-1, 0), (1, 0)], K),
    "corner is gone": lambda x, K: counting.context(x, [(0, -1), (-1, 0)], K),
    "two columns": lambda x, K: counting.context(x, [(0, -1), (-1, 0), (-1, 2)], K),
    "pixel above once more": lambda x, K: counting.context(x, [(0, -1), (-1, 0), (-1, 0)], K),
    "not left, above": lambda x, K: counting.context(x, [(-1, 0), (0, -1), (-1, 1)], K),
    "above-left": lambda x, K: counting.context(x, [(0, -1), (-1, 0), (-1, -1)], K),
}

MISTAKES = {"cross_entropy": ENTROPIES, "context": CONTEXTS, "inverse_cdf": DRAWINGS, "corners": CORNERS}


@pytest.mark.parametrize(
    "name, message, attempt",
    [(name, *mistake) for name, mistakes in MISTAKES.items() for mistake in mistakes.items()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_usual_mistake_is_named(name, message, attempt):
    named(getattr(check, name), attempt, f"(?i){message}")


def test_an_attempt_that_stops_says_where():
    with pytest.raises(check.Wrong, match="Your code stopped with ZeroDivisionError"):
        check.inverse_cdf(lambda p, u: 1 / 0)
