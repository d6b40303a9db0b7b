"""Masked against next-token prediction on the same tokens, as in notebook 06: `course experiment any-order`.

The shipped models by order and steps, what each order pays for the same pictures, and for holes in them; then both
families on one small network with the same tokens, batches and optimiser.
"""

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import data, runtime
from ..methods import autoregressive, guidance, masked
from ..networks import Transformer, TransformerConfig
from ..training import RECIPES, Batches, checkpoints, fit
from . import cost, frechet, results

T = 49
STEPS, LENGTHS = (1, 2, 4, 8, 16, 49), (200, 400, 800)
ORDERS = {"random": masked.random, "raster": masked.raster, "confidence": masked.confidence}
ORDERS["halton"] = masked.halton((7, 7))


def compare() -> dict:
    """All four comparisons; about 26 minutes on one quiet core."""
    return {"drawn": drawn(), "prices": prices(), "holes": holes(), "budgets": budgets()}


def drawn(n: int = 500, seed: int = 1) -> list[dict]:
    """Samples of the shipped models without guidance, judged on validation: masked by order and steps, next-token."""
    wanted = [(order, steps) for order in ORDERS for steps in STEPS if steps > 1 or order == "random"]
    rows = []
    for order, steps in [*wanted, ("next token", T)]:
        name = "masked-fashion" if order in ORDERS else "token-ar-fashion"
        dials = {"order": ORDERS[order], "steps": steps} if order in ORDERS else {}
        made = results.make(name, n, guidance=1.0, seed=seed, **dials)
        rows.append({"order": order, "steps": steps, **frechet.report(*made, split="validation")})
    return rows


def prices(n: int = 500, seed: int = 0) -> dict:
    """Nats of test pictures in the order in which the shipped masked model writes them, its bound, and next-token."""
    x, labels = _tokens(n)
    model, generator, zero = checkpoints.load("masked-fashion"), torch.Generator().manual_seed(seed), torch.zeros(1, T)
    orders = {"raster": torch.arange(T).expand(n, T)}
    orders["halton"] = ORDERS["halton"](zero, zero, zero).argsort(1, descending=True).expand(n, T)
    orders["random"] = torch.rand(n, T, generator=generator).argsort(1)
    nats = {name: _in_order(model, x, labels, order.to(x.device)) for name, order in orders.items()}
    nats["bound"] = masked.bound(model, x, labels, draws=20, generator=generator)
    nats["next token"] = autoregressive.nats(checkpoints.load("token-ar-fashion"), x, labels)
    return {"n": n} | {name: _interval(each) for name, each in nats.items()}


def holes(n: int = 250, seed: int = 0) -> dict:
    """Nats a token of the hidden part of test pictures: masked given all the rest, next-token what comes before."""
    x, labels = _tokens(n)
    model, generator = checkpoints.load("masked-fashion"), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        logits = checkpoints.load("token-ar-fashion")(x, labels)
    each = F.cross_entropy(logits.transpose(1, 2), x, reduction="none")  # [n, 49]
    row, column = torch.arange(T) // 7, torch.arange(T) % 7
    where = {"top 3 rows": row < 3, "bottom 3 rows": row > 3, "left 3 columns": column < 3}
    where |= {"middle 3×3": ((row - 3).abs() < 2) & ((column - 3).abs() < 2)}
    counts = {name: int(hole.sum()) for name, hole in where.items()} | {"25 at random": 25}
    out = {}
    for name, count in counts.items():
        chances = torch.rand(n, T, generator=generator)  # a random order, within the hole
        chances = chances.masked_fill(~where[name], 2.0) if name in where else chances
        order = chances.argsort(1)[:, :count].to(x.device)
        ours = _in_order(model, x, labels, order) / count
        theirs = each.gather(1, order).sum(1) / count
        rows = {"masked": ours, "next token": theirs, "gain": theirs - ours}  # the gain of each picture
        out[name] = {"tokens": count} | {key: _interval(values) for key, values in rows.items()}
    return {"n": n, "holes": out}


def budgets(seeds: tuple[int, ...] = (0, 1, 2), losses: tuple[str, ...] = ("cosine", "bound", "next")) -> list[dict]:
    """Both families on one network, the same tokens, batches and optimiser: nats on the test set after so many steps.

    Masked prediction twice: with the loss that ships (`cosine`), and with the bound itself as the loss.
    """
    train, (y, labels) = data.load("fashion"), _tokens(2000)
    x, rows = RECIPES["masked-fashion"].prepare(train), []
    choices = {"cosine": masked.loss, "bound": bound_loss, "next": autoregressive.loss}
    for steps in LENGTHS:
        for seed in seeds:
            batches = Batches(x, train.labels, 32, seed)
            for name in losses:
                family = "autoregressive" if name == "next" else "masked"
                about, model = network(family, seed, steps * 32)
                dials = {"steps": steps, "lr": 2e-3, "muon": 0.02, "ema": 0.99, "seed": seed, "progress": False}
                run = fit(model, partial(choices[name], drop=0.1), batches, **dials)
                bound = partial(masked.bound, draws=8, generator=torch.Generator().manual_seed(0))
                price = bound if family == "masked" else autoregressive.nats
                nats = torch.cat([price(run.ema, *part) for part in zip(y.split(200), labels.split(200))])
                rows.append({**about, "loss": name, "steps": steps, "seed": seed, "n": len(nats), **_interval(nats)})
    return rows


def bound_loss(model, batch, *, drop: float, generator=None) -> Tensor:
    """The masked bound itself, a token: the number of hidden tokens is uniform, each picture counts by its mean."""
    x, labels = batch
    labels = guidance.drop_labels(labels, drop, model.null, generator)
    counts = torch.randint(1, x.shape[1] + 1, (len(x),), generator=generator)
    seen, hidden = masked.hide(x, counts, masked.vocabulary(model), generator)
    logits = masked.predict(model, seen, labels).transpose(1, 2)
    each = F.cross_entropy(logits, x, reduction="none") * hidden  # [B, T]
    return (each.sum(1) / counts.to(x.device)).mean()


def network(family: str, seed: int, pictures: int) -> tuple[dict, nn.Module]:
    """The small transformer of notebook 06 for one family, with what training it on so many pictures takes."""
    runtime.seed(seed)
    kind = {"inputs": 1001, "blocks": (T,)} if family == "masked" else {"inputs": 1000}
    model = Transformer(TransformerConfig((7, 7), classes=10, width=96, depth=4, heads=3, **kind))
    flops = 3 * pictures * cost.flops(lambda: model(torch.zeros(1, T, dtype=torch.long), None))
    count = sum(p.numel() for p in model.parameters())
    return {"family": family, "parameters": count, "train_flops": flops}, model


def _in_order(model: nn.Module, *whole: Tensor) -> Tensor:
    """`masked.nats_in_order` of tokens, labels and orders, in chunks."""
    with runtime.autocast():
        return torch.cat([masked.nats_in_order(model, *part) for part in zip(*(x.split(50) for x in whole))])


def _tokens(n: int) -> tuple[Tensor, Tensor]:
    """Tokens and labels of the first `n` test pictures."""
    test = data.load("fashion", "test")[:n]
    return RECIPES["masked-fashion"].prepare(test).to(runtime.device()), test.labels.to(runtime.device())


def _interval(nats: Tensor) -> dict[str, float]:
    """Mean with its 95 % interval over pictures."""
    mean, half = float(nats.double().mean()), 1.96 * float(nats.double().std()) / math.sqrt(len(nats))
    return {"nats": mean, "nats_low": mean - half, "nats_high": mean + half}
