"""Classifier-free guidance, in logits and velocities alike. Built in notebook 03."""

from collections.abc import Callable

import torch
from torch import Tensor


def combine(cond: Tensor, uncond: Tensor, scale: float) -> Tensor:
    """`uncond + scale · (cond - uncond)`: 1 is the plain conditional model, 0 the unconditional one.

    Source: classifier-free guidance (arXiv 2207.12598), there w = scale - 1. In logits this is, step by step,
    `softmax` of cond^scale · uncond^(1 - scale); in neither family is it the tilted distribution of whole pictures.
    """
    return uncond + scale * (cond - uncond)


def doubled(labels: Tensor, null: int) -> Tensor:
    """The labels, then as many times "no label": `[2B, …]`."""
    return torch.cat([labels, torch.full_like(labels, null)])


def guided(model: Callable, scale: float, null: int | None = None) -> Callable:
    """A callable with the same arguments as `model` (…, labels), guided in one doubled batch.

    `null` is the label for "no label"; by default the model's own `model.null`.
    """
    if scale == 1:
        return model
    null = null_label(model) if null is None else null

    def both(*arguments: Tensor) -> Tensor:
        *rest, labels = arguments
        twice = model(*[torch.cat([a, a]) for a in rest], doubled(labels, null))
        return combine(*twice.chunk(2), scale)

    return both


def null_label(model: Callable) -> int:
    """The model's label for "no label"; an error where it has none."""
    null = getattr(model, "null", None)
    if null is None:
        raise ValueError("guidance needs a model with a `null` label (its index for no label); use guidance=1 without.")
    return null


def drop_labels(labels: Tensor, share: float, null: int, generator: torch.Generator | None = None) -> Tensor:
    """Replace each label of `[B]` by `null` with probability `share`, so that one network learns both distributions."""
    if share == 0:
        return labels
    gone = torch.rand(labels.shape, generator=generator) < share
    return labels.masked_fill(gone.to(labels.device), null)
