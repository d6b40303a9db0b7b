"""One process trains by itself. `experiments.several` has the same functions for many, who share every batch."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn


def first() -> bool:
    """Whether this process is the one that writes files and speaks."""
    return True


def start(step: int, *models: nn.Module) -> None:
    """Begin together: the same step, the first process's weights."""


def rows(batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """This process's share of the rows of a batch."""
    return batch


def draws(generator: torch.Generator, size: int):
    """Context in which the `size` rows of this process see the randomness of the whole batch."""
    return nullcontext()


def mean(model: nn.Module, value: Tensor) -> Tensor:
    """The mean loss of all processes; their gradients become their means too."""
    return value


def stop_if(asked: list) -> None:
    """KeyboardInterrupt where `asked` holds something in any process."""
    if asked:
        raise KeyboardInterrupt
