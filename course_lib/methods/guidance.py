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


def whole(labels: Tensor | None) -> Tensor | None:
    """Labels of any whole-number dtype as int64, as networks want them; None, for none, stays None."""
    if isinstance(labels, Tensor) and (labels.is_floating_point() or labels.dtype == torch.bool):
        raise ValueError(f"labels must be whole numbers, not {labels.dtype}: call .long() on them.")
    return labels.long() if isinstance(labels, Tensor) else labels


def floats(x: Tensor, model: Callable) -> Tensor:
    """Pictures in the precision of the model's weights (fp32 or float64); a callable without weights takes any."""
    if not x.is_floating_point():
        raise ValueError(
            f"pictures must be floats in [-1, 1], not {x.dtype}: give pictures.floats(), or x / 127.5 - 1."
        )
    weights = next(model.parameters(), x) if hasattr(model, "parameters") else x
    return x.to(weights.dtype) if weights.dtype in (torch.float32, torch.float64) else x


def check(labels: Tensor, scale: float) -> Tensor:
    """The labels as int64; ValueError where there is no picture to make, or the guidance scale is no number."""
    if not isinstance(labels, Tensor) or len(labels.shape) == 0:
        raise ValueError(f"labels={labels!r} must be a tensor with one label a picture, such as torch.tensor([0, 1]).")
    if len(labels) == 0:
        raise ValueError("labels is empty: give one label a picture.")
    if not math.isfinite(scale):
        raise ValueError(f"guidance={scale} must be a number (1 is the plain conditional model).")
    return whole(labels)


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
