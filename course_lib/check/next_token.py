"""Checkers of notebook 05: labels before tokens, guidance within limits, what words are worth, and mirrored tokens."""

import math

import torch

from ..methods import guidance
from .core import exercise
from .forms import Wrong, alike, need


def _prefixed(labels, tokens):
    return torch.cat([labels, tokens[:, :-1]], dim=1)


APART = {"must match except in dimension": "[B, C, D] and [B, T - 1, D] meet at dim=1: tokens[:, :-1]."}


@exercise(reference=_prefixed, trained=True, stops=APART)
def prefixed(attempt) -> None:
    """The sequence of a conditional model: all labels first, then the tokens without the last."""
    for B, C, T, D in ((2, 3, 5, 4), (3, 1, 7, 2), (1, 10, 4, 3)):
        labels, tokens = torch.randn(B, C, D), torch.randn(B, T, D)
        late = "The last token is read, but nobody is left to predict: leave it out."
        mistakes = {
            late: torch.cat([labels, tokens], 1),
            "The first token needs no zeros before it: it is predicted at the place of the last label.": (
                torch.cat([labels, torch.zeros_like(tokens[:, :1]), tokens[:, :-1]], 1)
            ),
            "The first token is dropped instead of the last one.": torch.cat([labels, tokens[:, 1:]], 1),
            "The labels come after the tokens: no token may then see them.": torch.cat([tokens[:, :-1], labels], 1),
            "Only one label is left: each has a place of its own in the sequence.": torch.cat(
                [labels[:, -1:], tokens[:, :-1]], 1
            ),
            "The labels are melted into one: each keeps a place of its own.": torch.cat(
                [labels.mean(1, keepdim=True), tokens[:, :-1]], 1
            ),
        }
        mistakes = {text: wrong for text, wrong in mistakes.items() if C > 1 or wrong.shape[1] != C - 1 + T}
        otherwise = "Not the labels in their order, followed by all tokens but the last."
        attempt.compare(*attempt(labels, tokens), mistakes, otherwise)


def _guided_within(both, w, i, first, last):
    cond, uncond = both.chunk(2)
    return guidance.combine(cond, uncond, w) if first <= i < last else cond


@exercise(reference=_guided_within)
def guided_within(attempt) -> None:
    """Guidance from token `first` on, up to `last`, which is not guided any more; elsewhere the plain model."""
    for B, K, first, last in ((1, 4, 0, 6), (3, 5, 2, 4), (4, 3, 3, 7)):
        both = torch.randn(2 * B, K)
        c, u = both.chunk(2)
        for w, i in [(2.5, i) for i in range(9)] + [(1.0, 3), (0.0, 3)]:
            mistakes, (found, right) = {}, attempt(both, w, i, first, last)
            every = {
                "Every second row is taken: the first B rows are conditional, the last B are not.": both[::2],
                "You give probabilities. Guidance works on logits, and logits come out.": right.softmax(-1),
                "You give logarithms of probabilities: the same law, other numbers. Leave the logits as they are.": (
                    right.log_softmax(-1)
                ),
                "All 2B rows come back. Give the B rows that are drawn from.": both,
            }
            if first <= i < last:
                probabilities = u.softmax(-1) + w * (c.softmax(-1) - u.softmax(-1))
                every["You mix probabilities. Guidance works on logits."] = probabilities
                every |= {
                    "Every second row is taken: the first B rows are conditional, the last B are not.": (
                        both[1::2] + w * (both[::2] - both[1::2])
                    ),
                    "You mix probabilities, then take the logarithm. Guidance works on logits.": (
                        probabilities.clamp(min=1e-9).log()
                    ),
                    "That is the scale of the paper, w - 1. Here w = 1 is the plain model.": c + w * (c - u),
                    "Turned round: guidance goes from uncond, the last B rows, to cond and beyond.": c + w * (u - c),
                    "You take logarithms of the halves first. Guidance works on the logits as they come.": (
                        u.log_softmax(-1) + w * (c.log_softmax(-1) - u.log_softmax(-1))
                    ),
                    "The difference alone is no model: uncond + w · (cond - uncond).": w * (c - u),
                }
                mistakes[f"Token {i} is not guided, but {first} ≤ {i} < {last}."] = c
            else:
                edge = " `last` itself is outside, as in range(first, last)." if i == last else ""
                mistakes["Outside the limits the condition is forgotten (w = 0). There w is 1: the plain model."] = u
                mistakes[f"Token {i} is guided, but the guidance goes from {first} to {last}.{edge}"] = u + w * (c - u)
            otherwise = f"w = {w}, token {i} of {first} to {last}: not what it should be."
            attempt.compare(found, right, every | mistakes, otherwise)


def _worth(without, given):
    saved = without - given
    half = 1.96 * saved.std() / math.sqrt(len(saved))
    return saved.mean(), saved.mean() - half, saved.mean() + half


@exercise(reference=_worth, gives="mean, low end, high end: three numbers")
def worth(attempt) -> None:
    """A paired difference of nats with its 95 % interval."""
    for n in (12, 50, 400):
        picture = 300 + 60 * torch.randn(n, dtype=torch.float64)  # pictures differ much more than the condition does
        given, without = picture, picture + 4 + 3 * torch.randn(n, dtype=torch.float64)
        (mean, low, high), (m, _, _) = attempt(without, given)
        need(
            all(part.numel() == 1 for part in (mean, low, high)), "Three numbers, one for all pictures: take the mean."
        )
        if alike(mean, -m):
            raise Wrong("The sign: a condition is worth what it saves, nats without it minus nats with it.")
        if alike(mean, m * n):
            raise Wrong("That is the sum over all pictures. Give nats a picture: the mean.")
        if alike(mean, (without - given).median()):
            raise Wrong("That is the median. The interval is about the mean.")
        if alike(low, m):
            raise Wrong("The order is mean, low end, high end.")
        need(abs(mean - m) <= 1e-4 * abs(m), f"The mean saving is {m:.3f} nats here, not {mean:.3f}.")
        half, each = (high - low) / 2, (without - given).std()
        if low > high:
            raise Wrong("The low end lies above the high one: mean, low, high.")
        even = abs((high + low) / 2 - mean) < 1e-3
        need(even, "The interval is mean ± 1.96 standard errors: as far down as up, no quantiles.")
        error = each / math.sqrt(n)
        mistakes = {
            "That is how far single pictures scatter. The mean of n of them scatters √n times less.": 1.96 * each,
            "You treat the two as different pictures, but they are pairs: take the differences first.": (
                1.96 * ((without.var() + given.var()) / n).sqrt()
            ),
            "That is one standard error: 95 % takes 1.96 of them.": error,
            "1.645 standard errors are for 90 %: 95 % takes 1.96.": 1.645 * error,
            "2 is 1.96 rounded: take 1.96.": 2 * error,
            "You divide by n: the standard error falls with √n.": 1.96 * each / n,
            "You took the variance: its root is the standard deviation.": 1.96 * each**2 / math.sqrt(n),
            "The standard deviation divides by n - 1 here, where np.std divides by n: ddof=1, or .std() of a tensor.": (
                1.96 * error * math.sqrt((n - 1) / n)
            ),
            "n - 1 is divided by twice: once in the standard deviation is right, then comes √n.": (
                1.96 * each / math.sqrt(n - 1)
            ),
            "That is the whole width of the interval on either side: half of it goes down, half up.": 2 * 1.96 * error,
        }
        if abs(half - 1.959964 * error) < 1e-6 * error:  # the same quantile with more digits
            half = 1.96 * error
        how = "1.96 · standard deviation of the differences / √n"
        otherwise = f"Half of the interval is {1.96 * error:.3f} here ({how}), not {half:.3f}."
        attempt.compare(half, 1.96 * error, mistakes, otherwise)


def _mirrored(x, tokenize, grid):
    return tokenize(x.flip(-1))


def _planted(x, tokenize, grid):
    return tokenize(x).view(-1, *grid).flip(-1).flatten(1)


def _toy(code):
    """A tokenizer of 4×4 patches, each one of `code`'s columns: left and right in a patch matter."""

    def tokenize(x):
        B, C, H, W = x.shape
        patches = x.reshape(B, C, H // 4, 4, W // 4, 4).permute(0, 2, 4, 1, 3, 5).reshape(B, -1, C * 16)
        return (patches @ code).argmax(-1)

    return tokenize


@exercise(reference=_mirrored, planted=_planted)
def mirrored(attempt) -> None:
    """The tokens of mirrored pictures: what is inside a token has to be mirrored too."""
    for B, C, rows, columns in ((2, 1, 3, 4), (3, 3, 2, 5)):
        x, tokenize, grid = torch.randn(B, C, 4 * rows, 4 * columns), _toy(torch.randn(C * 16, 50)), (rows, columns)
        found, right = attempt(x, tokenize, grid)
        mistakes = {
            "Still the grid of tokens is mirrored. What does each token hold, and is that mirrored?": _planted(
                x, tokenize, grid
            ),
            "You mirror twice, the picture and the grid: now the tokens stand in the wrong places.": _planted(
                x.flip(-1), tokenize, grid
            ),
            "That turns the row of tokens round, as if the grid were turned by half a circle: mirror what they see.": (
                tokenize(x).flip(-1)
            ),
            "The grid of tokens is upside down. What does each token hold, and is that mirrored?": (
                tokenize(x).view(-1, *grid).flip(-2).flatten(1)
            ),
            "That is upside down: the last dimension, of the columns, is the one to flip.": tokenize(x.flip(-2)),
            "That is turned by half a circle: flip the columns only.": tokenize(x.flip(-1, -2)),
            "That turns round the order of the pictures: the last dimension is the one to flip.": tokenize(x.flip(0)),
            "That flips the channels, as fliplr does with four dimensions: flip the last one.": tokenize(x.flip(1)),
            "Nothing is mirrored.": tokenize(x),
        }
        attempt.compare(
            found,
            right,
            mistakes,
            "These are not the tokens of the mirrored pictures. What does a token see, and where is left in it?",
        )
