"""Heads of flow beside softmax, and what real systems blend, at equal operations. Read in notebook 16."""

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache, partial

import torch
from torch import Tensor, nn

from .. import data, runtime
from ..measure import cost, frechet, mean_and_interval
from ..methods import bridges, flow
from ..networks import BlockTransformer, Transformer, TransformerConfig, UNet, UNetConfig
from ..networks.heads import FlowHead
from ..training import RECIPES, in_parts
from ..training.fit import Batches, fit
from . import Found
from .forcing import forced, forcing_loss, waves
from .provenance import tidy
from .rows import rows, whole

SEEDS = (0, 1, 2)

# A softmax on ids, a head of flow on latents, plain flow, and a time for each place

OPERATIONS, CHOICE, TEST, GUIDANCE = 3e12, 300, 1000, (1.0, 1.5, 2.0)
SMALL = {"grid": (7, 7), "classes": 10, "depth": 4, "heads": 3}
HEADS = [("softmax", 1), ("softmax", 49), ("flow head", 1), ("flow head", 49), ("plain flow", 49), ("own times", 49)]


def heads() -> Found:
    """Softmax or flow head, in turn or masked, plain flow, a time a place: equal operations and size, three seeds"""
    keys = [{"head": head, "block": block, "seed": seed} for seed in SEEDS for head, block in HEADS]
    runs = rows("bridges-heads", keys, _headed, flops=OPERATIONS, n=TEST, choice=CHOICE, guidance=GUIDANCE)
    metrics = ("frechet_relative", "agreement", "recall", "seconds")
    return Found({"flops": OPERATIONS, "n": TEST, "runs": runs}, tidy(runs, "class", metrics))


def network(head: str, seed: int = 0) -> nn.Module:
    """One of the networks that are compared, all of as many parameters as that with a head of flow, to 2 %."""
    runtime.seed(seed)
    if head == "softmax":
        return BlockTransformer(TransformerConfig(**SMALL, width=96, groups=(49,), tokens=1001))
    if head == "flow head":
        model = BlockTransformer(TransformerConfig(**SMALL, width=96, groups=(49,), vector=4))
        model.head = FlowHead(4, 96, 4)
        return model
    return Transformer(TransformerConfig(**SMALL, width=108, groups=(49,), vector=4, clock=1, context=0))


def _headed(head: str, block: int, seed: int) -> dict:
    model, recipe = network(head, seed), RECIPES["block-fashion" if head == "softmax" else "mar-fashion"]
    loss = {"plain flow": flow.loss, "own times": forcing_loss}.get(head) or partial(bridges.loss, blocks=(block,))
    x, labels = _encoded("block-fashion" if head == "softmax" else "mar-fashion")
    own = recipe if isinstance(model, BlockTransformer) else RECIPES["latent-dit-fashion"]  # rates as they ship
    model, steps = _trained(model, partial(loss, drop=0.1), x, labels, OPERATIONS, seed, own.lr, own.muon)
    if head in ("softmax", "flow head"):
        how = {"block": block, "steps": min(block, 12), "shape": recipe.reads.shape}
        sampler = partial(recipe.sample, **how)
    else:
        sampler = partial(flow.sample, shape=(49, 4), steps=16, solver=flow.heun)
    found = _measured(partial(sampler, model), recipe.reads.decode, block == 49, GUIDANCE)
    if head == "own times":  # the same weights, in another order of times
        late = partial(forced, model, shape=(49, 4), times=waves(49, 32, 2))  # of Euler, so twice as many
        found["waves"] = _measured(late, recipe.reads.decode, True, GUIDANCE)
    family = "autoregressive" if block == 1 else "masked" if head in ("softmax", "flow head") else "noise"
    name = f"{head}, blocks of {block}" if isinstance(model, BlockTransformer) else head
    about = {"model": name, "family": family, "budget_flops": OPERATIONS, "steps": steps}
    return about | {"parameters": sum(p.numel() for p in model.parameters()), **found}


@lru_cache(maxsize=2)
def _encoded(name: str) -> tuple[Tensor, Tensor]:
    pictures = data.load("fashion")
    return RECIPES[name].reads.encode(pictures), pictures.labels


def _trained(model, loss: Callable, x: Tensor, labels: Tensor, flops: float, seed: int, lr: float, muon: float):
    """The average of a model trained on as many steps as `flops` buy, and those steps."""
    few = x[:16].to(runtime.device()), labels[:16].to(runtime.device())
    model = model.to(runtime.device())
    each = 3 * cost.flops(lambda: loss(model, few, generator=torch.Generator().manual_seed(0))) / 16
    steps = max(1, round(flops / each / 64))
    dials = {"steps": steps, "lr": lr, "muon": muon, "ema": max(0.95, 1 - 5 / steps), "seed": seed}
    run = whole(fit(model, loss, Batches(x, labels, 64, seed), progress=False, **dials))
    return run.ema.eval().requires_grad_(False), steps


def _measured(sampler: Callable, decode: Callable, half: bool, scales: tuple, labelled: bool = True) -> dict:
    """Guidance chosen on validation, where there is a choice, then the numbers on the test set."""

    def made(n: int, w: float, seed: int) -> tuple[Tensor, Tensor | None]:
        labels, generator = torch.arange(n) % 10, torch.Generator().manual_seed(seed)

        def some(part: Tensor) -> Tensor:
            with runtime.autocast() if half else nullcontext():
                x = sampler(part, guidance=w, generator=generator)
            return decode(x)

        return in_parts(some, labels), labels if labelled else None

    tried = {w: frechet.report(*made(CHOICE, w, 1), split="validation")["frechet"] for w in scales if len(scales) > 1}
    best = min(tried, key=tried.get) if tried else scales[0]
    return {"guidance": best, **frechet.report(*made(TEST, best, 0))}


# What real systems blend: two levels of four choices

LEVELS = {
    "backbone": ("u-net", "transformer"),
    "space": ("pixels", "latents"),
    "target": ("noise", "velocity"),
    "condition": ("nothing", "class"),
}
BLEND = 1e12  # operations of each
UNETS = {  # 7×7 latents cannot be halved: one size, with more blocks
    "pixels": {"size": 28, "channels": 1, "widths": (24, 40, 48)},
    "latents": {"size": 7, "channels": 4, "widths": (48,), "blocks": 2, "condition": 224},
}


def blend() -> Found:
    """Backbone, space, target and condition, all sixteen blends at one small budget, three seeds (30 minutes)"""
    keys = [{}]
    for factor, levels in LEVELS.items():
        keys = [key | {factor: level} for key in keys for level in levels]
    keys = [key | {"seed": seed} for seed in SEEDS for key in keys]
    runs = rows("bridges-blend", keys, _blended, flops=BLEND, n=TEST)
    metrics = {"flops": BLEND, "n": TEST, "runs": runs, "effects": effects(runs)}
    return Found(metrics, tidy(runs, "class", ("frechet_relative", "recall")))


def blended(backbone: str, space: str, seed: int = 0) -> nn.Module:
    """The network of a blend: all of as many parameters, to 2 %."""
    runtime.seed(seed)
    if backbone == "transformer":
        vector = 16 if space == "pixels" else 4
        return Transformer(TransformerConfig(**SMALL, width=96, groups=(49,), vector=vector, clock=1, context=0))
    return UNet(UNetConfig(**UNETS[space]))


def _blended(backbone: str, space: str, target: str, condition: str, seed: int) -> dict:
    model, recipe = (
        blended(backbone, space, seed),
        RECIPES["dit-fashion" if space == "pixels" else "latent-dit-fashion"],
    )
    x, labels = _encoded("dit-fashion" if space == "pixels" else "latent-dit-fashion")
    labels = labels if condition == "class" else torch.full_like(labels, model.null)
    loss, lr = noise_loss if target == "noise" else flow.loss, 2e-3 if backbone == "u-net" else recipe.lr
    model, steps = _trained(model, loss, x, labels, BLEND, seed, lr, recipe.muon)

    def sampler(part: Tensor, guidance: float, generator) -> Tensor:
        part = part if condition == "class" else torch.full_like(part, model.null)
        velocity = _from_noise(model) if target == "noise" else model
        return flow.sample(velocity, part, shape=recipe.reads.shape, steps=16, generator=generator)

    about = {"model": f"{backbone}, {space}, {target}, {condition}", "family": "noise", "budget_flops": BLEND}
    about |= {"steps": steps, "parameters": sum(p.numel() for p in model.parameters())}
    return about | _measured(sampler, recipe.reads.decode, True, (1.0,), condition == "class")


def noise_loss(model: Callable, batch: tuple, *, generator=None) -> Tensor:
    """As `flow.loss`, but the network names the noise."""
    x, labels = batch
    noise = torch.randn(x.shape, generator=generator).to(x)
    t = flow.times(len(x), generator).to(x)
    return (model(flow.path(x, noise, t)[0], t, labels) - noise).square().mean()


def _from_noise(model: Callable) -> Callable:
    """The velocity of a network that names the noise; near t = 1 that says little, so it is asked a little before."""

    def velocity(x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        left = (1 - t).clamp(min=0.03)
        return (model(x, 1 - left, labels) - x) / left.view(-1, *[1] * (x.ndim - 1))

    return velocity


def effects(runs: list[dict]) -> dict[str, dict]:
    """The main effect of each choice, and those of pairs: by what the distance is multiplied, with a 95 % interval.

    Runs that differ in those choices alone are compared, by the mean of log ratios: 24 pairs with three seeds, for two
    choices 12 times four runs. The interval says how far it depends on the other choices and on chance.
    """
    sign = {factor: dict(zip(levels, (-1, 1))) for factor, levels in LEVELS.items()}
    groups = [(factor,) for factor in LEVELS]
    groups += [(a, b) for i, a in enumerate(LEVELS) for b in list(LEVELS)[i + 1 :]]
    out = {}
    for group in groups:
        halves: dict = {}
        for run in runs:
            at = math.prod(sign[factor][run[factor]] for factor in group)
            same = tuple(run[key] for key in (*LEVELS, "seed") if key not in group)
            halves.setdefault(same, {}).setdefault(at, []).append(math.log(run["frechet_relative"]))
        means = [{at: sum(logs) / len(logs) for at, logs in both.items()} for both in halves.values()]
        found = mean_and_interval(torch.tensor([both[1] - both[-1] for both in means]), "log")
        out[" × ".join(group)] = {"ratio" + key[3:]: math.exp(value) for key, value in found.items()}
    return out
