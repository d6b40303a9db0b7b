"""How much of noise's weakness at words was its recipe: target, text and times, each as they were and as they are.

Read in notebook 15.
"""

from functools import partial
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import runtime
from ..data import signs
from ..data.levels import to_bytes
from ..methods import flow
from ..networks import Transformer, TransformerConfig
from ..training import Batches
from ..training.parts import in_parts
from ..training.recipes.signs import COLOURS, EMPTY, SHIFT, floats, told
from . import Found
from .coder import every
from .provenance import tidy as tidied
from .rows import rows
from .words import BATCH, SEEDS, SHAPE, WHOLE, N, bought, graded

TARGETS, TEXTS, TIMES = ("noise", "velocity"), ("pooled", "in context"), ("uniform", "logit-normal")  # then, now
SPLITS, PASSES = ("train", "held"), 16
SLOTS = signs.SLOTS + 1  # labels of a sign: its letters and its colours


class Pooled(Transformer):
    """A transformer that is told one vector: the mean of all its labels, in the clock, no word in its context."""

    def labels(self, labels: Tensor | None, batch: int) -> Tensor:
        return torch.full((batch, SLOTS), self.null) if labels is None else labels.to(self.label.weight.device).long()


def words_recipe() -> Found:
    """Noise as of old beside today's: target, text and times in all eight pairings, three seeds (10 minutes)"""
    named, cells = ("target", "text", "times", "seed"), product(TARGETS, TEXTS, TIMES, SEEDS)
    fixed = {"whole_flops": WHOLE, "n": N, "passes": PASSES, "batch": BATCH, "shape": SHAPE}
    found = rows("words-recipe", [dict(zip(named, cell)) for cell in cells], recipe, **fixed)
    tidy = tidied(found, "words", [f"{metric}_{split}" for split in SPLITS for metric in ("exact", "letters")])
    return Found({**fixed, "rows": found}, tidy)


def recipe(target: str, text: str, times: str, seed: int) -> dict:
    """One small network of noise, trained and graded; told letter by letter, with a label of its own for each slot."""
    sign, build = every(), Pooled if text == "pooled" else Transformer
    shape = {"grid": (4, 12), "vector": 48, "clock": 1, "groups": (48,), "classes": SLOTS * (EMPTY + COLOURS)}
    runtime.seed(seed)
    model = build(TransformerConfig(**shape, context=0 if text == "pooled" else SLOTS, **SHAPE))
    loss = partial(_loss, target=target, times=times)
    about, ema = bought(model, loss, Batches(floats(*sign), _labels(sign), BATCH, seed), WHOLE)
    row = {"model": f"{target}, {text}, {times}", "family": "noise", "n": N, **about}
    for split in SPLITS:
        asked = signs.sample(N, runtime.generator(7), split)
        row |= graded(to_bytes(_drawn(ema, _labels(asked), target, times)), *asked, split=split)
    return row


def _labels(sign: tuple) -> Tensor:
    """Labels that say their slot too: where they are pooled, nothing else would."""
    return told(*sign) + (EMPTY + COLOURS) * torch.arange(SLOTS)


def _loss(model, batch, *, target: str, times: str, generator=None) -> Tensor:
    """The squared error of the noise or of the velocity, on the same straight path."""
    x, labels = batch
    noise = torch.randn(x.shape, generator=generator).to(x)
    uniform = times == "uniform"
    t = torch.rand(len(x), generator=generator) if uniform else flow.times(len(x), generator, SHIFT)
    x_t, velocity = flow.path(x, noise, t.to(x))
    return F.mse_loss(model(x_t, t.to(x), labels), noise if target == "noise" else velocity)


@torch.no_grad()
def _drawn(model, labels: Tensor, target: str, times: str) -> Tensor:
    """Pictures `[N, 3, 16, 48]` by Euler steps along the velocity, at even times or shifted as in training."""
    generator = torch.Generator().manual_seed(5)

    def part(labels: Tensor) -> Tensor:
        def velocity(x: Tensor, t: float) -> Tensor:
            out = model(x, torch.full((len(x),), t, device=x.device), labels)
            if target == "velocity":
                return out
            data = ((x - t * out) / max(1 - t, 1e-3)).clamp(-1, 1)  # at t = 1 noise says nothing of the data
            return (x - data) / t

        x = runtime.noise(len(labels), (3, signs.HEIGHT, signs.SLOTS * signs.WIDTH), generator, like=labels.device)
        with runtime.autocast():
            return flow.solve(velocity, x, steps=PASSES, shift=1.0 if times == "uniform" else SHIFT)

    return in_parts(part, labels)
