"""Classifier-free guidance, in logits and velocities alike. Built in notebook 03."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .shapes import over


def combine(cond: Tensor, uncond: Tensor, scale: float) -> Tensor:
    """`uncond + scale · (cond - uncond)`: 1 is the plain conditional model, 0 the unconditional one.

    Source: classifier-free guidance (arXiv 2207.12598), there w = scale - 1. In logits this is, step by step,
    `softmax` of cond^scale · uncond^(1 - scale); in neither family is it the tilted distribution of whole pictures.
    """
    return uncond + scale * (cond - uncond)


def doubled(labels: Tensor, null: int) -> Tensor:
    """The labels, then as many times "no label": `[2B, …]`."""
    return torch.cat([labels, torch.full_like(labels, null)])


def check(labels: Tensor, scale: float) -> None:
    """ValueError where there is no picture to make, or the guidance scale is no number."""
    if not isinstance(labels, Tensor) or len(labels.shape) == 0:
        raise ValueError(f"labels={labels!r} must be a tensor with one label a picture, such as torch.tensor([0, 1]).")
    if len(labels) == 0:
        raise ValueError("labels is empty: give one label a picture.")
    if not math.isfinite(scale):
        raise ValueError(f"guidance={scale} must be a number (1 is the plain conditional model).")


def guided(model: Callable, scale: float, null: int | None = None, weak: Callable | None = None) -> Callable:
    """A callable with the same arguments as `model` (…, labels), guided in one doubled batch.

    `null` is the label for "no label"; by default the model's own `model.null`. With `weak`, a worse model of the same
    kind, guidance leads away from its mistakes and not from other classes: autoguidance (arXiv 2406.02507).
    """
    if scale == 1:
        return model
    if weak is not None:
        return lambda *arguments: combine(model(*arguments), weak(*arguments), scale)
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
    """Replace the labels `[B, …]` of a picture by `null` with probability `share`: one network learns both laws."""
    if share == 0:
        return labels
    gone = torch.rand(len(labels), generator=generator) < share
    return labels.masked_fill(over(gone, labels).to(labels.device), null)
