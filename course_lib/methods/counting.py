"""Counting what followed: the oldest autoregressive model, a table with a row for every context of neighbours.

Built in notebook 01.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_ENTRIES = 2**25  # of a table: 128 MiB in fp32


def context(tokens: Tensor, offsets: list[tuple[int, int]], levels: int) -> Tensor:
    """Number of the context of every pixel of `tokens [N, H, W]`, int64 `[N, H, W]`, from 0 to `levels ** m` - 1.

    The m neighbours at `offsets` (rows down, columns right) are its digits in base `levels`, the first one counting
    most; outside the picture everything is level 0. Built in notebook 01.
    """
    H, W = tokens.shape[1:]
    reach = max((abs(step) for offset in offsets for step in offset), default=0)
    padded = F.pad(tokens, (reach, reach, reach, reach))
    index = torch.zeros(tokens.shape, dtype=torch.long, device=tokens.device)
    for down, right in offsets:
        y, x = reach + down, reach + right
        index.mul_(levels).add_(padded[:, y : y + H, x : x + W])
    return index


class Counts:
    """A model of pictures that has counted `tokens [N, H, W]`: `model(tokens, labels) -> logits [N, H, W, K]`.

    `offsets` are the neighbours that it looks at, all earlier in raster order, in steps as coarse as `coarse` levels
    (None: all of them). `alpha` is added to every count, so that nothing is impossible (1/2: Krichevsky and Trofimov
    1981). Logits are log-probabilities. Built in notebook 01.
    """

    def __init__(self, tokens: Tensor, offsets: list, levels: int, alpha: float = 0.5, coarse: int | None = None):
        late = [tuple(offset) for offset in offsets if tuple(offset) >= (0, 0)]
        if late:
            raise ValueError(f"offsets={late} are not earlier in raster order: take rows above, or the same row left.")
        self.offsets, self.levels, self.coarse = list(offsets), levels, coarse or levels
        rows = self.coarse ** len(offsets)
        if rows * levels > MOST_ENTRIES:
            raise ValueError(f"offsets: {len(offsets)} neighbours at {levels} levels need too big a table. Take fewer.")
        if not alpha > 0:
            raise ValueError(f"alpha={alpha} must be above 0, or what was never seen would be impossible.")
        counts = torch.full((rows * levels,), float(alpha))
        for part in tokens.split(3000):  # in parts: int64 takes 8 bytes a pixel
            index = self.context(part).mul_(levels).add_(part)
            counts += torch.bincount(index.flatten(), minlength=rows * levels)
        table = counts.view(rows, levels)
        self.table = table.div_(table.sum(1, keepdim=True)).log_()

    def context(self, tokens: Tensor) -> Tensor:
        """Which row of the table each pixel falls in, int64 `[N, H, W]`."""
        steps = tokens if self.coarse == self.levels else tokens.long() * self.coarse // self.levels
        return context(steps, self.offsets, self.coarse)

    def __call__(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.table[self.context(tokens)]
