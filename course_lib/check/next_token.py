"""Checkers of notebook 05: labels before tokens, guidance within limits, what words are worth, and mirrored tokens."""

import math

import torch

from ..methods import guidance
from .core import Wrong, exercise


def _compare(found, right, mistakes: dict[str, torch.Tensor], otherwise: str) -> None:
    """Nothing where `found` is right; else the mistake that gives the same numbers, or `otherwise`."""
    if found.shape == right.shape and torch.allclose(found.float(), right.float(), atol=1e-5):
        return
    for message, wrong in mistakes.items():
        if found.shape == wrong.shape and torch.allclose(found.float(), wrong.float(), atol=1e-5):
            raise Wrong(message)
    assert found.shape == right.shape, f"The answer should have shape {list(right.shape)}, not {list(found.shape)}."
    raise Wrong(otherwise)


def _prefixed(labels, tokens):
    return torch.cat([labels, tokens[:, :-1]], dim=1)


@exercise(reference=_prefixed)
def prefixed(attempt) -> None:
    """The sequence of a conditional model: all labels first, then the tokens without the last."""
    for B, C, T, D in ((2, 3, 5, 4), (3, 1, 7, 2), (1, 10, 4, 3)):
        labels, tokens = torch.randn(B, C, D), torch.randn(B, T, D)
        late = "The last token is read, but nobody is left to predict. Then the first prediction has no place: drop it."
        mistakes = {
            late: torch.cat([labels, tokens], 1),
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
        _compare(attempt(labels, tokens), _prefixed(labels, tokens), mistakes, otherwise)


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
            inside, right = first <= i < last, _guided_within(both, w, i, first, last)
            mistakes = {}
            if inside:
                mistakes["That is the scale of the paper, w - 1. Here w = 1 is the plain model."] = c + w * (c - u)
                mistakes["The halves are swapped: the first B rows are the conditional ones."] = c + w * (u - c)
                mistakes[f"Token {i} is not guided, but {first} ≤ {i} < {last}."] = c
            else:
                edge = " `last` itself is outside, as in range(first, last)." if i == last else ""
                mistakes[f"Token {i} is guided, but the guidance goes from {first} to {last}.{edge}"] = u + w * (c - u)
                mistakes["Outside the limits the condition is forgotten (w = 0). There w is 1: the plain model."] = u
            otherwise = f"w = {w}, token {i} of {first} to {last}: not what it should be."
            _compare(attempt(both, w, i, first, last), right, mistakes, otherwise)


def _worth(without, given):
    saved = without - given
    half = 1.96 * saved.std() / math.sqrt(len(saved))
    return saved.mean(), saved.mean() - half, saved.mean() + half


@exercise(reference=_worth)
def worth(attempt) -> None:
    """A paired difference of nats with its 95 % interval."""
    for n in (12, 50, 400):
        picture = 300 + 60 * torch.randn(n, dtype=torch.float64)  # pictures differ much more than the condition does
        given, without = picture, picture + 4 + 3 * torch.randn(n, dtype=torch.float64)
        answer = attempt(without, given)
        assert isinstance(answer, tuple) and len(answer) == 3, "Give three numbers: mean, low end, high end."
        mean, low, high = (float(part) for part in answer)
        m, wide = float((without - given).mean()), float((without.var() + given.var()).sqrt()) / math.sqrt(n)
        s = float((without - given).std())
        if math.isclose(mean, -m, rel_tol=1e-4):
            raise Wrong("The sign: a condition is worth what it saves, nats without it minus nats with it.")
        if math.isclose(mean, m * n, rel_tol=1e-4):
            raise Wrong("That is the sum over all pictures. Give nats a picture: the mean.")
        assert math.isclose(mean, m, rel_tol=1e-4), f"The mean saving is {m:.3f} nats here, not {mean:.3f}."
        half = (high - low) / 2
        assert math.isclose((high + low) / 2, mean, abs_tol=1e-3), "The interval should lie around the mean."
        named = {
            1.96 * s: "That is how far single pictures scatter. The mean of n of them scatters √n times less.",
            1.96 * wide: "You treat the two as different pictures, but they are pairs: take the differences first.",
            s / math.sqrt(n): "That is one standard error: 95 % takes 1.96 of them.",
            1.96 * s / n: "You divide by n: the standard error falls with √n.",
        }
        for value, message in named.items():
            if math.isclose(half, value, rel_tol=0.002):
                raise Wrong(message)
        assert math.isclose(half, 1.96 * s / math.sqrt(n), rel_tol=0.02), (
            f"Half of the interval is {1.96 * s / math.sqrt(n):.3f} here (1.96 · standard deviation of the differences "
            f"/ √n), not {half:.3f}."
        )


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
        right, found = tokenize(x.flip(-1)), attempt(x, tokenize, grid)
        mistakes = {
            "Still the grid of tokens is mirrored. What does each token hold, and is that mirrored?": _planted(
                x, tokenize, grid
            ),
            "You mirror twice, the picture and the grid: now the tokens stand in the wrong places.": _planted(
                x.flip(-1), tokenize, grid
            ),
            "That is upside down: the last dimension, of the columns, is the one to flip.": tokenize(x.flip(-2)),
            "That is turned by half a circle: flip the columns only.": tokenize(x.flip(-1, -2)),
            "Nothing is mirrored.": tokenize(x),
        }
        assert not found.is_floating_point(), "Give tokens, whole numbers, not pictures."
        _compare(found, right, mistakes, "These are not the tokens of the mirrored pictures.")
