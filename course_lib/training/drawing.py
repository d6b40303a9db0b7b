"""Pictures from shipped models: one line for all, since every recipe says how its model draws."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from .. import runtime
from . import checkpoints
from .parts import in_parts
from .recipes import RECIPES


def draw(name: str, labels: Tensor, model: nn.Module | None = None, **dials) -> Tensor:
    """Pictures (uint8 `[B, C, H, W]`) for `labels [B]` of the shipped model `name`, or of another `model` like it.

    `dials` go to the family's sampler: `guidance`, `generator`, `steps`, `temperature`, `known`, `order` …
    """
    recipe = RECIPES[name]
    if recipe.sample is None:
        able = ", ".join(name for name, recipe in RECIPES.items() if recipe.sample)
        raise ValueError(f"{name!r} does not draw; these do: {able}.")
    model = checkpoints.load(name) if model is None else model
    shape = {"shape": recipe.reads.shape} if recipe.reads.shape else {}
    with runtime.autocast() if recipe.half else nullcontext():
        x = recipe.sample(model, labels.to(runtime.device()), **shape | recipe.dials | dials)
    return recipe.reads.decode(x)


def make(name: str, n: int, guidance: float = 1.0, seed: int = 0, chunk: int = 100, **dials) -> tuple[Tensor, Tensor]:
    """`n` pictures (uint8, on the CPU) of the shipped model `name`, classes in turn, with their labels."""
    model, generator = checkpoints.load(name), torch.Generator().manual_seed(seed)
    labels, dials = torch.arange(n) % 10, {"guidance": guidance, "generator": generator} | dials
    return in_parts(lambda part: draw(name, part, model, **dials), labels, size=chunk), labels
