"""Tokens of several factors, such as a mask and its inks: one id stands for all; answered one after the other."""

import torch
from torch import Tensor

from .layers import MLP, zero


def parts(factors: tuple[int, ...], masks: int = 0) -> Tensor | None:
    """Which rows `[K, factors]` of one table stand for a token of several factors; a mask has a row of its own."""
    if len(factors) < 2:
        return None
    first = torch.tensor([0, *factors[:-1]]).cumsum(0)
    rows = torch.cartesian_prod(*map(torch.arange, factors)) + first
    return torch.cat([rows, rows.new_full((masks, len(first)), sum(factors))])


def composing(width: int) -> MLP:
    """What makes answers of the tables of factors; at the start nothing is known."""
    mlp = MLP(width)
    zero(mlp.down)
    return mlp


def tables(weight: Tensor, bind: Tensor, factors: tuple[int, ...]) -> Tensor:
    """Rows `[n, D]` for the values of the first factor, then of each other given each of the first, from a `weight`
    `[sum(factors), D]` of all values and what binds them, `[first, others, D]`."""
    first, *others = weight.split(factors)
    given = zip((1 + bind).unbind(1), others)
    return torch.cat([first, *((bound[:, None] * other).flatten(0, 1) for bound, other in given)])


def chained(out: Tensor, factors: tuple[int, ...]) -> Tensor:
    """Logits `[…, K]` of ids from one for each row of `tables`, by the chain rule: the first factor, others given it.

    A sum over factors could not say "a red circle or a blue square" without a blue circle.
    """
    n, *others = factors
    total, *rest = out.split([n, *(n * m for m in others)], -1)
    total = total.log_softmax(-1)
    for k, (m, one) in enumerate(zip(others, rest)):
        total = total[..., None] + one.unflatten(-1, (n, m)).log_softmax(-1)[(..., *[None] * k, slice(None))]
    return total.flatten(-len(factors))
