"""Masked against next-token prediction on the same tokens, as in notebook 06: `course experiment any-order`.

The shipped models by order and steps, what each order pays for the same pictures, and for holes in them; then both
families on one small network with the same tokens, batches and optimiser.
"""

from functools import lru_cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import data, runtime
from ..measure import cost, frechet, mean_and_interval
from ..methods import autoregressive, guidance, masked
from ..networks import Transformer, TransformerConfig
from ..training import RECIPES, Batches, checkpoints, fit, make
from . import Found, provenance
from .rows import rows, whole

T = 49
DRAWN, PRICED, PUNCHED, TESTED = 500, 500, 250, 2000  # pictures
STEPS, LENGTHS, SEEDS = (1, 2, 4, 8, 16, 49), (200, 400), (0, 1, 2)
ORDERS = {"random": masked.random, "raster": masked.raster, "confidence": masked.confidence}
ORDERS["halton"] = masked.halton((7, 7))
FILLERS = {"masked": "masked", "next token": "autoregressive"}
LOSSES = {"cosine": masked.loss, "next": autoregressive.loss}  # and "bound": the masked bound itself, see below
ROW, COLUMN = torch.arange(T) // 7, torch.arange(T) % 7
HOLES = {"top 3 rows": ROW < 3, "bottom 3 rows": ROW > 3, "left 3 columns": COLUMN < 3}
HOLES |= {"middle 3×3": ((ROW - 3).abs() < 2) & ((COLUMN - 3).abs() < 2), "25 at random": None}


def compare() -> Found:
    """Masked against next-token prediction on the same tokens: orders, steps, prices, holes, equal budgets"""
    looks = [(order, steps) for steps in STEPS for order in ORDERS]
    alike = [(order, 1) for order in ORDERS if order != "random"] + [("raster", T), ("halton", T)]  # as random has it
    looks = [look for look in looks if look not in alike]
    runs = [(steps, seed, loss) for steps in LENGTHS for seed in SEEDS for loss in ("cosine", "next", "bound")]
    plans = {
        "drawn": (drawn, [{"order": order, "steps": steps} for order, steps in [*looks, ("next token", T)]]),
        "prices": (price, [{"order": order} for order in ("raster", "halton", "random", "bound", "next token")]),
        "holes": (hole, [{"hole": name} for name in HOLES]),
        "budgets": (trained, [{"steps": steps, "seed": seed, "loss": loss} for steps, seed, loss in runs]),
    }
    sizes = {"drawn": DRAWN, "priced": PRICED, "punched": PUNCHED, "tested": TESTED}
    found = {part: rows("any-order", keys, make, part=part, **sizes) for part, (make, keys) in plans.items()}
    tidy = provenance.tidy(found["drawn"], "order and steps", ("frechet_relative", "recall", "agreement"))
    for part in ("prices", "budgets"):
        tidy += provenance.tidy(found[part], part, ("nats",))
    holes = [{**row, **row[family], "family": name} for row in found["holes"] for family, name in FILLERS.items()]
    return Found(found, tidy + provenance.tidy(holes, "holes", ("nats",)))


def drawn(order: str, steps: int) -> dict:
    """Samples of a shipped model without guidance, judged on validation pictures."""
    masks = order in ORDERS
    name, dials = ("masked-fashion", {"order": ORDERS[order], "steps": steps}) if masks else ("token-ar-fashion", {})
    return _about(name) | frechet.report(*make(name, DRAWN, seed=1, **dials), split="validation")


def _about(name: str) -> dict:
    return {"family": RECIPES[name].family, "model": name}


def price(order: str) -> dict:
    """Nats of test pictures in the order in which the shipped masked model writes them; its bound; next-token."""
    (x, labels), generator, zero = _tokens(PRICED), torch.Generator().manual_seed(0), torch.zeros(1, T)
    if order == "next token":
        name = "token-ar-fashion"
        return _about(name) | _interval(autoregressive.nats(checkpoints.load(name), x, labels))
    model, about = checkpoints.load("masked-fashion"), _about("masked-fashion")
    if order == "bound":
        return about | _interval(masked.bound(model, x, labels, draws=20, generator=generator))
    rank = torch.rand(PRICED, T, generator=generator)
    if order != "random":
        rank = -ORDERS[order](zero, zero, zero).expand(PRICED, T)
    return about | _interval(_in_order(model, x, labels, rank.argsort(1).to(x.device)))


def hole(hole: str) -> dict:
    """Nats a token of the hidden part of test pictures: masked given all the rest, next-token what comes before."""
    (x, labels), where = _tokens(PUNCHED), HOLES[hole]
    count = 25 if where is None else int(where.sum())
    rank = torch.rand(PUNCHED, T, generator=torch.Generator().manual_seed(0))  # a random order, within the hole
    order = (rank if where is None else rank.masked_fill(~where, 2.0)).argsort(1)[:, :count].to(x.device)
    ours = _in_order(checkpoints.load("masked-fashion"), x, labels, order) / count
    with torch.no_grad():
        logits = checkpoints.load("token-ar-fashion")(x, labels)
    theirs = F.cross_entropy(logits.transpose(1, 2), x, reduction="none").gather(1, order).sum(1) / count
    rows = {"masked": ours, "next token": theirs, "gain": theirs - ours}  # the gain of each picture
    return {"tokens": count} | {key: _interval(values) for key, values in rows.items()}


def trained(steps: int, seed: int, loss: str) -> dict:
    """One training of the small network: what it took, and the nats (masked: the bound) of test pictures."""
    family = "autoregressive" if loss == "next" else "masked"
    about, model = network(family, seed, steps * 32)
    batches = Batches(_train_tokens(), data.load("fashion").labels, 32, seed)
    dials = {"steps": steps, "lr": 2e-3, "muon": 0.02, "ema": 0.99, "seed": seed, "progress": False}
    run = whole(fit(model, partial(LOSSES.get(loss, bound_loss), drop=0.1), batches, **dials))
    bound = partial(masked.bound, draws=8, generator=torch.Generator().manual_seed(0))
    how = bound if family == "masked" else autoregressive.nats
    return about | _interval(torch.cat([how(run.ema, *part) for part in zip(*(x.split(200) for x in _tokens(TESTED)))]))


def bound_loss(model, batch, *, drop: float, generator=None) -> Tensor:
    """The masked bound itself, a token: the number of hidden tokens is uniform, each picture counts by its mean."""
    x, labels = batch
    labels = guidance.drop_labels(labels, drop, model.null, generator)
    counts = torch.randint(1, x.shape[1] + 1, (len(x),), generator=generator)
    seen, hidden = masked.hide(x, counts, model.mask_token, generator)
    logits = masked.predict(model, seen, labels).transpose(1, 2)
    each = F.cross_entropy(logits, x, reduction="none") * hidden  # [B, T]
    return (each.sum(1) / counts.to(x.device)).mean()


def network(family: str, seed: int, pictures: int) -> tuple[dict, nn.Module]:
    """The small transformer of notebook 06 for one family, with what training it on so many pictures takes."""
    runtime.seed(seed)
    kind = {"tokens": 1001, "groups": (T,)} if family == "masked" else {"tokens": 1000}
    model = Transformer(TransformerConfig((7, 7), classes=10, width=96, depth=4, heads=3, **kind))
    flops = 3 * pictures * cost.flops(lambda: model(torch.zeros(1, T, dtype=torch.long), None))
    count = sum(p.numel() for p in model.parameters())
    return {"family": family, "parameters": count, "train_flops": flops, "budget_flops": flops}, model


def _in_order(model: nn.Module, *whole: Tensor) -> Tensor:
    """`masked.nats_in_order` of tokens, labels and orders, in chunks."""
    with runtime.autocast():
        return torch.cat([masked.nats_in_order(model, *part) for part in zip(*(x.split(50) for x in whole))])


@lru_cache(maxsize=1)
def _train_tokens() -> Tensor:
    return RECIPES["masked-fashion"].reads.encode(data.load("fashion"))


@lru_cache(maxsize=3)
def _tokens(n: int) -> tuple[Tensor, Tensor]:
    """Tokens and labels of the first `n` test pictures."""
    test = data.load("fashion", "test")[:n]
    return RECIPES["masked-fashion"].reads.encode(test).to(runtime.device()), test.labels.to(runtime.device())


def _interval(nats: Tensor) -> dict[str, float]:
    """Mean over pictures with its 95 % interval, and their number."""
    return mean_and_interval(nats, "nats") | {"n": len(nats)}
