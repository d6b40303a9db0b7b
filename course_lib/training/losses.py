"""Losses that need more than a model and a batch: pictures drawn anew, words left out, another shipped model."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.mnist import binarise
from ..methods import autoregressive, few_step, next_scale
from ..networks import Judged
from .checkpoints import shipped


def weights_of(name: str) -> Callable[[nn.Module, Tensor], None]:
    """The start of a recipe that goes on from the shipped model `name`."""
    return lambda model, x: model.load_state_dict(shipped(name).state_dict(), strict=False)


def classify(model: nn.Module, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """Cross-entropy of the classifier on pictures shifted by up to two pixels."""
    x, labels = batch
    dy, dx = torch.randint(-2, 3, (2,), generator=generator).tolist()
    return F.cross_entropy(model(x.roll((dy, dx), (2, 3))), labels, label_smoothing=0.05)


def binary(model: nn.Module, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """The autoregressive loss on pixels drawn anew, black or white, from their grey value at every step."""
    grey, labels = batch
    on = binarise(grey.cpu().to(torch.uint8), generator) > 0
    return autoregressive.loss(model, (on.long().to(grey.device), torch.zeros_like(labels)), generator=generator)


def captioned(model: nn.Module, batch: tuple[Tensor, Tensor], *, loss=autoregressive.loss, generator=None) -> Tensor:
    """The `loss` of a family by style, subgroup and words: the words are dropped at 15 %, all at 10 %."""
    x, labels = batch
    silent = torch.rand(len(x), generator=generator) < 0.15
    words = (torch.arange(labels.shape[1]) >= 2) & silent[:, None]
    labels = labels.masked_fill(words.to(labels.device), model.null)
    return loss(model, (x, labels), drop=0.1, generator=generator)


def in_scales(model: nn.Module, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """The loss of next-scale prediction with the shipped pyramid."""
    return next_scale.loss(
        model, batch, pyramid=shipped("pyramid-fashion").to(batch[0].device), drop=0.1, generator=generator
    )


TEACHER, TEACHER_GUIDANCE = "dit-fashion", 1.5  # of the one-step model; the guidance was chosen on validation


def shortcut(
    model: nn.Module, batch: tuple[Tensor, Tensor], *, teacher=TEACHER, guidance=TEACHER_GUIDANCE, generator=None
) -> Tensor:
    """The loss of shortcut distillation from a shipped teacher."""
    there = shipped(teacher).to(batch[0].device)
    return few_step.shortcut_loss(model, batch, teacher=there, guidance=guidance, generator=generator)


def matched(
    model: Judged, batch: tuple[Tensor, Tensor], *, teacher=TEACHER, guidance=TEACHER_GUIDANCE, generator=None
) -> Tensor:
    """The losses of shortcut distillation and of distribution matching, for a student beside its critic."""
    there = shipped(teacher).to(batch[0].device)
    dials = {"teacher": there, "guidance": guidance, "generator": generator}
    halves = few_step.shortcut_loss(model.student, batch, **dials)
    return halves + few_step.matching_loss(model.student, batch, critic=model.critic, **dials)
