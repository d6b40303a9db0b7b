"""Many rows through a network, some at a time."""

from collections.abc import Callable

import torch
from torch import Tensor

from .. import runtime


@torch.no_grad()
def in_parts(function: Callable[..., Tensor], *tensors: Tensor, size: int = 100, device=None) -> Tensor:
    """`function(*tensors)` for `size` rows at a time, worked out on `device` or the course's, given back on the CPU.

    All tensors have the same number of rows, and so has the answer of `function`.
    """
    where = runtime.device() if device is None else device
    parts = zip(*(each.split(size) for each in tensors), strict=True)
    return torch.cat([function(*(each.to(where) for each in part)).cpu() for part in parts])
