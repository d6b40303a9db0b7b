"""The checker of notebook 03's ruler: the Fréchet distance of two sets of features."""

import torch

from ..measure.frechet import frechet_distance
from .core import exercise


def _frechet(a, b):
    return frechet_distance(a, b)


def _root(cov):
    values, vectors = torch.linalg.eigh(cov)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def _cross(a, b):
    """The trace of the root of A·B, from the symmetric √A·B·√A."""
    root = _root(a)
    return torch.linalg.eigvalsh(root @ b @ root).clamp(min=0).sqrt().sum()


def _mistakes(a, b, right):
    """What the usual mistakes would give."""
    A, B, apart = a.T.cov(), b.T.cov(), (a.mean(0) - b.mean(0)).square().sum()
    traces, cross = A.trace() + B.trace(), _cross(A, B)
    second = a.T @ a / (len(a) - 1), b.T @ b / (len(b) - 1)
    by_n = A * (len(a) - 1) / len(a), B * (len(b) - 1) / len(b)
    rest = traces - 2 * cross
    would = {
        "That is the distance; the ruler is its square: no root at the end.": right**0.5,
        "The means are missing: add the squared length of their difference.": rest,
        "The length of the difference of the means counts squared.": apart.sqrt() + rest,
        "The means may differ by a little in many places: sum the squares of the differences, don't take their mean.": (
            apart / a.shape[1] + rest
        ),
        "Only the means are compared: add the traces.": apart,
        "The cross term is missing: - 2 tr (A·B)^½.": apart + traces,
        "The cross term counts twice: both covariances lose it.": apart + traces - cross,
        "The cross term goes off, not on: - 2 tr (A·B)^½.": apart + traces + 2 * cross,
        "No root is taken: the cross term is the trace of the *root* of A·B.": apart + traces - 2 * (A @ B).trace(),
        "The root of a product is not the product of the roots: take the root of √A·B·√A.": (
            apart + traces - 2 * (_root(A) @ _root(B)).trace()
        ),
        "Only the variances are compared: the covariances beside them count too.": (
            apart + traces - 2 * (A.diagonal() * B.diagonal()).sqrt().sum()
        ),
        "eigvalsh wants a symmetric matrix, and A·B is none: give it √A·B·√A.": (
            apart + traces - 2 * torch.linalg.eigvalsh(A @ B).clamp(min=0).sqrt().sum()
        ),
        "A covariance is about the mean: take it off first, or use a.T.cov().": (
            apart + second[0].trace() + second[1].trace() - 2 * _cross(*second)
        ),
        "The covariance divides by N - 1 here, as .cov() does, not by N.": (
            apart + by_n[0].trace() + by_n[1].trace() - 2 * _cross(*by_n)
        ),
    }
    if ((A @ B).diagonal() >= 0).all():  # else this mistake gives NaN
        message = "The root is one of a matrix; .sqrt() takes it of each number in it."
        would[message] = apart + traces - 2 * (A @ B).diagonal().sqrt().sum()
    return {message: float(value) for message, value in would.items()}


TURNED = "A covariance is [d, d], and cov() wants a feature in each row: a.T.cov()."


@exercise(reference=_frechet, shipped=[frechet_distance], stops={"cannot be multiplied": TURNED})
def frechet(attempt) -> None:
    """The Fréchet distance: first two bells whose distance stands on paper, then crooked clouds, then flat ones."""
    cross = torch.tensor([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=torch.float64) * 1.5**0.5  # variances 1 and 1
    wide = torch.cat([cross, 0 * cross[:1]]) * torch.tensor([2.0, 0.5]) * (4 / 3) ** 0.5 + torch.tensor([3.0, 1.0])
    said = "Two bells with means (0, 0) and (3, 1), standard deviations (1, 1) and (2, ½), nothing crooked: "
    found, right = attempt(cross, wide)
    otherwise = f"{said}(3² + 1²) + (1 - 2)² + (1 - ½)² = 11.25. You give {found:.4g}."
    attempt.compare(found, right, _mistakes(cross, wide, right), otherwise)
    for N, M, d in ((40, 30, 5), (25, 25, 4), (5, 6, 12)):  # the last: fewer pictures than features
        a, b = (torch.randn(n, d, dtype=torch.float64) @ torch.randn(d, d, dtype=torch.float64) for n in (N, M))
        a, b = a + torch.randn(d), b + torch.randn(d)
        found, right = attempt(a, b)
        otherwise = f"{N} and {M} features of {d} numbers: {right:.4g} apart, you give {found:.4g}. Which of the three "
        otherwise += "parts is off? Try b = a (0), then b = a + 1 (d)."
        mistakes = _mistakes(a, b, right)
        if N == M and N != d:
            A, B = a.cov(), b.cov()
            mistakes[TURNED] = float((a.mean(0) - b.mean(0)).square().sum() + A.trace() + B.trace() - 2 * _cross(A, B))
        attempt.compare(found, right, mistakes, otherwise)
