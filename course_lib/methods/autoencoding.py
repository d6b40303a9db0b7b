"""A picture through a narrow place and out again: the loss of an autoencoder. Built in notebook 04."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from . import guidance as guide


def loss(model: Callable, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """Mean of |x - y| plus that of its square, for `batch` = (x in [-1, 1], labels); half of the latents are rounded.

    `model(x, rounded [B]) -> y` is an `Autoencoder`.
    """
    x = guide.floats(batch[0], model)
    rounded = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)
    y = model(x, rounded)
    return F.l1_loss(y, x) + F.mse_loss(y, x)
