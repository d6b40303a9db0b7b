"""Emoji in two hands: tokens against noise, each asked for a style and a group. Read in notebook 13.

Both families read the same tokenizer, with as many parameters and operations, and are asked in the same form: style and
subgroup of each held-out emoji, no words. A small classifier judges; it never saw the held-out emoji.
"""

from functools import lru_cache

import torch
from torch import Tensor

from .. import data, training
from ..data import emoji
from ..training import RECIPES, checkpoints, in_parts
from . import Found, provenance
from .comparisons import fitted
from .rows import rows
from .style_judge import JUDGE, NUMBERS, QUANTILE, kinds, report, through

FAMILIES = {"autoregressive": "token-ar-emoji", "noise": "dit-emoji"}
SHARE, SEEDS = 1 / 6, (0, 1, 2)  # of the operations that the shipped ones had
GUIDANCE = (1.0, 1.5, 2.0, 3.0)
TIMES = {"validation": 2, "test": 4}  # pictures for each held-out emoji of that split
REAL = ("real", "tokenizer", "copier")


def style() -> Found:
    """Emoji in a style and group asked for: tokens and noise, three seeds each and the shipped ones (15 minutes)"""
    fixed = {"share": SHARE, "guidance": GUIDANCE, "times": TIMES, "judge": JUDGE, "quantile": QUANTILE}
    plans = {
        "real": (_real, [{"model": model} for model in REAL]),
        "shipped": (_shipped, [{"family": family} for family in FAMILIES]),
        "runs": (_trained, [{"family": family, "seed": seed} for seed in SEEDS for family in FAMILIES]),
    }
    found = {part: rows("style", keys, make, part=part, **fixed) for part, (make, keys) in plans.items()}
    tidy = []
    for task in emoji.table()["styles"]:
        flat = [{**row, **row["styles"][task]} for part in found.values() for row in part]
        tidy += provenance.tidy(flat, task, NUMBERS)
    return Found({**fixed, **found}, tidy)


def _shipped(family: str) -> dict:
    """The numbers of the shipped model of a family."""
    name = FAMILIES[family]
    return _about(name, checkpoints.header(name)["train_flops"]) | measured(name, checkpoints.load(name))


def _trained(family: str, seed: int) -> dict:
    """One training on a share of the shipped models' operations, and its numbers."""
    name = FAMILIES[family]
    flops = SHARE * checkpoints.header(FAMILIES["autoregressive"])["train_flops"]
    model, steps = fitted(name, *_seen(name), flops, seed)
    return _about(name, flops) | {"steps": steps} | measured(name, model)


def _about(name: str, flops: float) -> dict:
    """What a row says of its model; the tokenizer, the same for both, is charged."""
    tokenizer = checkpoints.header("tokenizer-emoji")["train_flops"]
    size = sum(p.numel() for p in RECIPES[name].build().parameters())
    return {"model": name, "parameters": size, "train_flops": flops, "budget_flops": flops + tokenizer}


@lru_cache(maxsize=2)
def _seen(name: str) -> tuple[Tensor, Tensor]:
    """What the recipe `name` trains on."""
    pictures = data.load("emoji")
    return RECIPES[name].reads.encode(pictures), RECIPES[name].labels(pictures)


def requests(pictures: data.Pictures) -> Tensor:
    """Labels `[N, 10]` that ask for the style and the subgroup of each emoji, without words."""
    labels = emoji.conditions(pictures)
    labels[:, 2:] = emoji.conditions_count()
    return labels


def wishes(groups: list[str]) -> Tensor:
    """Labels `[styles · C, 10]` that ask for each of the subgroups in every style, style by style."""
    styles, known = len(emoji.table()["styles"]), emoji.subgroups()
    labels = torch.full((styles, len(groups), 10), emoji.conditions_count())
    labels[..., 0] = torch.arange(styles)[:, None]
    labels[..., 1] = styles + torch.tensor([known.index(name) for name in groups])
    return labels.flatten(0, 1)


def drawn(name: str, model, split: str, guidance: float) -> Tensor:
    """`TIMES` rounds of pictures, uint8 `[TIMES · N, 3, 32, 32]`; a round answers every request of the split once."""
    labels = requests(data.load("emoji", split)).repeat(TIMES[split], 1)
    dials = {"guidance": guidance, "generator": torch.Generator().manual_seed(0)}
    return in_parts(lambda part: training.draw(name, part, model, **dials), labels, size=108)


def measured(name: str, model) -> dict:
    """Guidance chosen on validation, by the distance; then all numbers on the test split."""
    tried = {}
    for w in GUIDANCE:
        found = report(drawn(name, model, "validation", w), "validation", ("frechet",))["styles"]
        tried[w] = sum(row["frechet"] for row in found.values()) / len(found)
    best = min(tried, key=tried.get)
    about = {"guidance": best, "validation": {str(w): distance for w, distance in tried.items()}}
    return about | report(drawn(name, model, "test", best))


def _real(model: str) -> dict:
    """What real pictures score: other held-out ones, the tokenizer's copies of the same, and a copier of the training.

    The copier answers each request with a training emoji of that style and subgroup, through the tokenizer.
    """
    about = {"family": "data", "model": model, "budget_flops": 0}
    test = data.load("emoji", "test")
    if model == "real":
        other = data.load("emoji", "validation")
        return about | report(other.pixels, asked=kinds(other))
    if model == "tokenizer":
        return about | report(through(test.floats()))
    train, generator = data.load("emoji"), torch.Generator().manual_seed(0)
    same = (requests(test)[:, None, :2] == requests(train)[None, :, :2]).all(2).float()
    picked = torch.multinomial(same, TIMES["test"], True, generator=generator).T.flatten()
    return about | report(through(train.floats()[picked]))
