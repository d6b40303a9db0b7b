"""What every sampler needs of shapes: numbers spread over pictures, and the parts of pictures that are given."""

import torch
from torch import Tensor

Known = tuple[Tensor, Tensor]  # (x [B, …], keep [B, …] boolean): what is given, and where


def over(t: Tensor, x: Tensor) -> Tensor:
    """`t [B]` (or `[B, T]`) with as many more dimensions as `x [B, …]` has: a number a picture, or a position."""
    return t.view(*t.shape, *[1] * (x.ndim - t.ndim))


def given(known: Known | None, shape: tuple[int, ...], device, tokens: int | None = None) -> Known | None:
    """`known`, checked: both of `shape`, `keep` boolean, and where `tokens` is said whole numbers below it."""
    if known is None:
        return None
    wanted = f"known must be (x, keep), both of shape {list(shape)} and keep boolean"
    if not isinstance(known, tuple | list) or len(known) != 2 or not all(isinstance(k, Tensor) for k in known):
        raise ValueError(f"{wanted}, not {type(known).__name__}.")
    x, keep = (part.to(device) for part in known)
    if x.shape != shape or keep.shape != shape or keep.dtype != torch.bool:
        raise ValueError(f"{wanted}, not {list(x.shape)} and {keep.dtype} {list(keep.shape)}.")
    if tokens is None:
        return x, keep
    if x.is_floating_point() or (keep.any() and int(x[keep].min()) < 0):
        raise ValueError(
            f"known must hold tokens, whole numbers from 0, where they are kept, not {x.dtype} from {x.min()}."
        )
    if keep.any() and int(x[keep].max()) >= tokens:
        raise ValueError(f"known holds the token {int(x[keep].max())}, but tokens lie in 0..{tokens - 1}.")
    return x.long().masked_fill(~keep, 0), keep


def beginning(x: Tensor, total: int) -> Known:
    """The first tokens `x [B, P]` of `total` as what is given: a prefix."""
    if x.ndim != 2 or x.shape[1] > total:
        raise ValueError(
            f"x of shape {list(x.shape)} is no beginning of {total} tokens: give [B, P] with P <= {total}."
        )
    whole = torch.nn.functional.pad(x, (0, total - x.shape[1]))
    return whole, (torch.arange(total, device=x.device) < x.shape[1]).expand(whole.shape)
