"""Batches that depend on a seed and the step alone, and what a training state says of them. Built in notebook 02."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import runtime
from .checkpoints import digest


@dataclass(frozen=True)
class Batches:
    """Endless batches `(x, labels)`: `batches(step)` depends on seed and step alone, so that training can resume."""

    x: Tensor  # [N, …], ready for the loss: tokens, or pictures in [-1, 1]
    labels: Tensor  # [N]
    size: int = 64
    seed: int = 0

    def __post_init__(self):
        runtime.whole(self.seed)
        if len(self.x) != len(self.labels) or not 1 <= self.size <= len(self.x):
            raise ValueError(
                f"size={self.size} must lie in 1..{len(self.x)}, and labels ({len(self.labels)}) be as many."
            )

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        each = len(self.x) // self.size
        epoch, part = divmod(step, each)
        order = torch.randperm(len(self.x), generator=runtime.generator(self.seed, epoch))
        rows = order[part * self.size : (part + 1) * self.size]
        x = self.x[rows]
        return x.long() if x.dtype == torch.uint8 else x, self.labels[rows]

    def made(self, again: bool) -> dict:
        """What tells these batches from others."""
        rows = _digest((self.x, self.labels))
        return {"batches": rows, "batch size": int(self.size), "batch seed": runtime.whole(self.seed)}


class Drawn:
    """Any callable that gives tuples, step by step. Its first batch is looked at, kept, and handed out at step 0.

    So a callable that draws from a generator of its own is asked as often as it would be without a checkpoint.
    """

    def __init__(self, batches: Callable[[int], tuple[Tensor, ...]]):
        self.batches, self.first = batches, batches(0)

    def __call__(self, step: int) -> tuple[Tensor, ...]:
        first, self.first = self.first, None
        return first if step == 0 and first is not None else self.batches(step)

    def made(self, again: bool) -> dict:
        """What tells these batches from others: None where a second look (`again`) shows that they are never twice
        the same."""
        rows = _digest(self.first)
        known = not again or _digest(self.batches(0)) == rows
        return {"batches": rows if known else None, "batch size": len(self.first[0])}


def _digest(parts: tuple[Tensor, ...]) -> str:
    return digest({f"{n} {part.dtype} {list(part.shape)}": part for n, part in enumerate(parts)})[:12]
