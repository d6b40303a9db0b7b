"""Pictures as whole numbers: levels of grey, and smaller pictures. Built in notebook 01."""

import torch
from torch import Tensor


def shrink(pixels: Tensor, factor: int) -> Tensor:
    """Means of `factor`×`factor` squares of uint8 `[N, C, H, W]`, rounded; H and W must be divisible by `factor`."""
    if pixels.dtype != torch.uint8 or pixels.ndim != 4:
        raise ValueError(f"pixels must be uint8 [N, C, H, W], not {pixels.dtype} {list(pixels.shape)}.")
    N, C, H, W = pixels.shape
    if factor < 1 or H % factor or W % factor:
        raise ValueError(f"factor={factor} must divide the height {H} and the width {W}.")
    squares = pixels.reshape(N, C, H // factor, factor, W // factor, factor)
    return squares.float().mean((3, 5)).round().to(torch.uint8)


def to_levels(pixels: Tensor, levels: int = 256) -> Tensor:
    """Grey uint8 `[N, 1, H, W]` as int64 levels `[N, H, W]` from 0 to `levels` - 1, equal steps."""
    _check(levels)
    if pixels.dtype != torch.uint8 or pixels.ndim != 4 or pixels.shape[1] != 1:
        raise ValueError(f"pixels must be uint8 [N, 1, H, W], not {pixels.dtype} {list(pixels.shape)}.")
    return pixels[:, 0].long() * levels // 256


def from_levels(tokens: Tensor, levels: int = 256) -> Tensor:
    """Levels `[N, H, W]` as grey uint8 `[N, 1, H, W]`; 0 is black, `levels` - 1 white, and `to_levels` undoes it."""
    _check(levels)
    if tokens.is_floating_point() or tokens.ndim != 3:
        raise ValueError(f"tokens must be whole numbers [N, H, W], not {tokens.dtype} {list(tokens.shape)}.")
    if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < levels:
        raise ValueError(f"tokens must lie in 0..{levels - 1}, not {tokens.min()}..{tokens.max()}.")
    even = (tokens.float() * 255 / (levels - 1)).round().long()
    first, last = -(-256 * tokens // levels), -(-256 * (tokens + 1) // levels) - 1  # the bytes of each level
    return torch.maximum(torch.minimum(even, last), first).to(torch.uint8)[:, None]


def to_bytes(x: Tensor) -> Tensor:
    """Floats about in [-1, 1] as uint8, of any shape: the way back from `Pictures.floats`."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def _check(levels: int) -> None:
    if not 2 <= levels <= 256:
        raise ValueError(f"levels={levels} must lie in 2..256.")
