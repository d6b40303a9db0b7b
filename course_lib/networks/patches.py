"""A picture as a sequence of patches, and where each position of a sequence stands. Built in notebooks 04 and 07."""

import math

import torch
from torch import Tensor


def patchify(x: Tensor, patch: int) -> Tensor:
    """Cut `[B, C, H, W]` into `[B, T, C·p·p]`, row by row; H and W must be divisible by `patch`."""
    B, C, H, W = x.shape
    x = x.reshape(B, C, H // patch, patch, W // patch, patch)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(B, (H // patch) * (W // patch), C * patch * patch)


def cut(x: Tensor, grid: tuple[int, int], numbers: int) -> Tensor:
    """`[B, C, H, W]` as the `[B, T, numbers]` of the patches on a grid; ValueError where the grid can't cut it so."""
    (H, W), C = grid, x.shape[1]
    p = math.isqrt(numbers // C) if C else 0
    if C * p * p != numbers or x.shape[2:] != (H * p, W * p):
        raise ValueError(
            f"pictures must be cut into {H}×{W} patches of {numbers} numbers, "
            f"which pictures of shape {list(x.shape)} can't."
        )
    return patchify(x, p)


def unpatchify(x: Tensor, grid: tuple[int, int], channels: int) -> Tensor:
    """Undo `patchify`: `[B, T, C·p·p]` on a `grid` of patches back to `[B, C, H, W]`."""
    (B, _, numbers), (rows, columns) = x.shape, grid
    p = math.isqrt(numbers // channels)
    return x.view(B, *grid, channels, p, p).permute(0, 3, 1, 4, 2, 5).reshape(B, channels, rows * p, columns * p)


def places(grid: tuple[int, int], groups: tuple[int, ...] = ()) -> Tensor:
    """Row and column `[T, 2]` of each position: on the grid, or for a pyramid of squares spread over all of it."""
    H, W = grid
    if sum(groups) in (0, H * W):
        return torch.cartesian_prod(torch.arange(H), torch.arange(W)).view(-1, 2)
    sides = [round(size**0.5) for size in groups]
    if H != W or sides[-1] != H or [s * s for s in sides] != list(groups):
        raise ValueError(
            f"groups={groups} must add up to the {H * W} positions of grid={grid}, or be squares that end with them."
        )
    return torch.cat([(torch.cartesian_prod(*[torch.arange(s)] * 2).view(-1, 2) + 0.5) * (H / s) - 0.5 for s in sides])


def parts(factors: tuple[int, ...], masks: int = 0) -> Tensor | None:
    """Which rows `[K, factors]` of one table stand for a token of several factors; a mask has a row of its own."""
    if len(factors) < 2:
        return None
    first = torch.tensor([0, *factors[:-1]]).cumsum(0)
    rows = torch.cartesian_prod(*map(torch.arange, factors)) + first
    return torch.cat([rows, rows.new_full((masks, len(first)), sum(factors))])
