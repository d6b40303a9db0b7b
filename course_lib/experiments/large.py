"""What large pictures cost each family: passes and seconds up to 112 × 112 pixels, not quality. Read in notebook 18.

Weights are random: cost does not hang on training.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import torch
from torch import Tensor, nn

from .. import runtime
from ..measure import cost
from ..methods import autoregressive, flow, masked
from ..networks import Transformer, TransformerConfig, UNet, UNetConfig
from . import Found
from .provenance import tidy
from .rows import rows

GRIDS = (6, 12, 18, 24, 28)  # rows and columns of patches of 4 × 4 pixels, or of tokens that stand for as many
BATCHES = {1: 3, 4: 3, 16: 2, 64: 2}  # how often each is drawn: the least counts
PATCH, IDS, CLASSES = 4, 1000, 10
FITTED = 3  # of the largest sizes, through which the power law is laid


def _tokens(grid: int) -> tuple[nn.Module, Callable]:
    model = Transformer(TransformerConfig(grid=(grid, grid), tokens=IDS, classes=CLASSES))
    return model, partial(autoregressive.sample, shape=(grid, grid))


def _masked(grid: int) -> tuple[nn.Module, Callable]:
    shape = {"grid": (grid, grid), "groups": (grid**2,), "tokens": IDS + 1, "classes": CLASSES}
    return Transformer(TransformerConfig(**shape)), partial(masked.sample, shape=(grid, grid), steps=12)


def _noise(grid: int, steps: int) -> tuple[nn.Module, Callable]:
    shape = {"grid": (grid, grid), "groups": (grid**2,), "vector": PATCH**2, "classes": CLASSES}
    model = Transformer(TransformerConfig(**shape, clock=1, context=0))
    return model, partial(flow.sample, shape=(1, grid * PATCH, grid * PATCH), steps=steps)


def _unet(grid: int) -> tuple[nn.Module, Callable]:
    model = UNet(UNetConfig(size=grid * PATCH, channels=1))
    return model, partial(flow.sample, shape=(1, grid * PATCH, grid * PATCH), steps=16)


KINDS = {
    "token by token": ("autoregressive", _tokens),
    "masked, 12 passes": ("masked", _masked),
    "noise, 16 steps": ("noise", partial(_noise, steps=16)),
    "noise, 4 steps": ("noise", partial(_noise, steps=4)),
    "noise, 1 step": ("noise", partial(_noise, steps=1)),
    "noise, U-Net, 16 steps": ("noise", _unet),
}


def large() -> Found:
    """Passes and seconds of a picture of 36 to 784 tokens, alone and in batches, and how they grow (25 minutes)"""
    keys = [{"kind": kind, "tokens": grid**2} for grid in GRIDS for kind in KINDS]
    found = rows("large", keys, _drawn, batches=list(BATCHES))
    metrics = ("passes", *(f"seconds_batch_{batch}" for batch in BATCHES))
    grows = {kind: {metric: exponent(found, kind, metric) for metric in metrics[1:]} for kind in KINDS}
    return Found({"pixels": PATCH, "rows": found, "grows": grows}, tidy(found, "drawing", metrics))


def _drawn(kind: str, tokens: int) -> dict:
    """Calls of the network for a picture, and the processor seconds of one, alone and among others."""
    family, build = KINDS[kind]
    runtime.seed(0)
    model, sampler = build(math.isqrt(tokens))
    model = cost.Counter(model.eval().to(runtime.device()))

    def work(labels: Tensor) -> None:
        with nullcontext() if family == "autoregressive" else runtime.autocast():
            sampler(model, labels, generator=torch.Generator().manual_seed(0))

    out = {"model": kind, "family": family, "n": max(BATCHES.values())}
    for batch, repeats in BATCHES.items():
        labels = torch.arange(batch, device=runtime.device()) % CLASSES
        model.calls = 0
        work(labels)  # laid out once before it counts
        out["passes"] = model.calls
        out[f"seconds_batch_{batch}"] = cost.cpu_seconds(partial(work, labels), repeats) / batch
    return out


def exponent(found: list[dict], kind: str, metric: str) -> float:
    """The power of the number of tokens with which `metric` of a `kind` grows, through its largest sizes."""
    sizes = sorted((row for row in found if row["kind"] == kind), key=lambda row: row["tokens"])[-FITTED:]
    x, y = (torch.tensor([math.log(row[name]) for row in sizes]).double() for name in ("tokens", metric))
    return float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())
