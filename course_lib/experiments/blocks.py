"""What a model that writes in blocks pays and draws at each size of block. Used by notebook 16 and by `models`."""

import math
from functools import partial
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from .. import data, runtime
from ..data import scenes
from ..measure import grade, mean_and_interval
from ..methods import bridges
from ..training import RECIPES, checkpoints, draw, in_parts
from .oracle import Oracle

PAID = 500  # pictures whose price is taken
CERTAIN = 0.99


def held(name: str, n: int) -> tuple[Tensor, Tensor]:
    """Tokens and labels of `n` pictures that no model was trained on: of the test set, or new scenes."""
    if RECIPES[name].data == "scenes":
        return RECIPES[name].reads.encode(SimpleNamespace(extra=_new(n))), torch.zeros(n, dtype=torch.long)
    x, labels = RECIPES[name].as_they_are(data.load(RECIPES[name].data, "test")[list(range(n))])
    return x, labels


def _new(n: int) -> dict[str, Tensor]:
    """Scenes of the whole law, as recipes read them."""
    cells, ground = scenes.sample(n, torch.Generator().manual_seed(100))
    return {"cells": cells, "ground": ground}


def exact(n: int) -> Tensor:
    """What each of these scenes costs by the law itself, in bits `[n]`: those of many objects cost more."""
    law, new = Oracle(), _new(n)
    blank = torch.full((n, 36), law.mask_token)
    return -law.log_p(new["cells"], new["ground"], blank) / math.log(2)


def paid(name: str, model: nn.Module, block: int, n: int = PAID, steps: int | None = None) -> dict:
    """Nats a picture in blocks of one size; of scenes also the bits over what the exact law pays for the same ones."""
    price = partial(bridges.bound, block=block, steps=steps, generator=torch.Generator().manual_seed(0))
    nats = in_parts(lambda x, y: price(model, x, y), *held(name, n), size=100)
    out = mean_and_interval(nats, "nats") | {"n": n}
    if RECIPES[name].data == "scenes":
        found = grade.excess(nats, exact(n))
        out |= {key: found[key] for key in ("excess", "excess_low", "excess_high")}
    return out


def written(name: str, model: nn.Module, n: int, labels: Tensor | None = None, seed: int = 0, **dials) -> tuple:
    """Pictures (uint8) that a model draws, and in how many passes, the mean of its batches."""
    labels = torch.arange(n) % max(model.config.classes, 1) if labels is None else labels
    calls, generator = [], torch.Generator().manual_seed(seed)

    def some(part: Tensor) -> Tensor:
        calls.append(-1)  # the start is told too

        def count(i, x):
            calls[-1] += 1

        return draw(name, part, model, generator=generator, callback=count, **dials)

    return in_parts(some, labels), sum(calls) / len(calls)


def valid(pixels: Tensor) -> dict:
    """The share of pictures that are surely a scene of the law."""
    cells, _, sure = scenes.parse(pixels)
    objects = (cells > 0).sum(1)
    return grade.share(sure & (objects >= 1) & (objects <= scenes.EASY.most), "valid")


def blocks(name: str) -> dict:
    """The price of each size of block that a shipped model was trained on; of scenes also how many are whole."""
    model, out = checkpoints.load(name).to(runtime.device()), {}
    for block in RECIPES[name].loss.keywords["blocks"]:
        out[str(block)] = paid(name, model, block)
        if RECIPES[name].data == "scenes":
            for key, dials in (("", {}), ("certain_", {"certain": CERTAIN})):
                pixels, passes = written(name, model, 200, block=block, **dials)
                out[str(block)] |= {key + k: v for k, v in valid(pixels).items()} | {f"{key}passes": passes}
    return {"blocks": out}
