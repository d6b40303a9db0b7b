"""Blocks between the two families: what they pay, draw and cost, exactly and as learned. Read in notebook 16."""

import math
import statistics
from functools import partial

import torch
from torch import Tensor

from ..data import results, scenes
from ..measure import cost, frechet, mean_and_interval
from ..methods import bridges, flow
from ..training import RECIPES, checkpoints, draw, in_parts, make
from . import Found
from .blocks import CERTAIN, paid, valid, written
from .oracle import InBlocks, Oracle, Patient
from .provenance import tidy
from .rows import rows

# What a perfect network pays: nothing is trained

ORACLE = {1: (1,), 2: (1, 2), 3: (1, 3), 6: (1, 2, 3, 6), 12: (1, 2, 4, 6, 12), 36: (1, 3, 6, 12, 18, 36)}
SURE = [(b, p) for p in (1 - 1e-9, 0.7) for b in (2, 3, 6, 12, 36)]
PRICED, DRAWN = 60, 150


def oracle() -> Found:
    """What the exact law of scenes pays and draws in blocks of any size, in few passes and by certainty; no training"""
    keys = [{"block": b, "steps": s, "certain": None} for b, steps in ORACLE.items() for s in steps]
    keys += [{"block": b, "steps": b, "certain": p} for b, p in SURE]
    runs = rows("bridges-oracle", keys, _lawful, priced=PRICED, drawn=DRAWN)
    found = [run | {"model": _named(run), "family": "masked", "budget_flops": 0} for run in runs]
    return Found({"exact": scenes.EASY.bits(), "runs": runs}, tidy(found, "scenes", ("excess", "valid", "passes")))


def _named(run: dict) -> str:
    """What a row of blocks is called."""
    certain = f", certain from {run['certain']:g}" if run.get("certain") else ""
    return f"{run.get('name', 'exact law')}, blocks of {run['block']} in {run['steps']}{certain}"


def _lawful(block: int, steps: int, certain: float | None) -> dict:
    law, out = Oracle(), {}
    cells, ground = scenes.sample(PRICED, torch.Generator().manual_seed(100))
    if certain is None:
        x, nobody = scenes.ids(scenes.tokens(cells, ground)), torch.zeros(PRICED, dtype=torch.long)
        nats = bridges.bound(InBlocks(law), x, nobody, block, steps, torch.Generator().manual_seed(0))
        exact = -law.log_p(cells, ground, torch.full_like(x, law.mask_token))
        out = mean_and_interval((nats - exact) / math.log(2), "excess")
    passes = []

    def some(labels: Tensor) -> Tensor:
        """By certainty one picture at a time: in a batch all wait for the slowest."""
        calls = []
        dials = {"block": block, "steps": steps, "certain": certain, "callback": lambda i, x: calls.append(i)}
        x = bridges.sample(Patient(law), labels, shape=(36,), generator=generator, **dials)
        passes.append(len(calls) - 1)
        return scenes.from_tokens(scenes.from_ids(x))

    generator = torch.Generator().manual_seed(0)
    pixels = in_parts(some, torch.zeros(DRAWN, dtype=torch.long), size=1 if certain else DRAWN, device="cpu")
    return {"n": DRAWN, **out, **valid(pixels), "passes": statistics.mean(passes)}


# One network for every size of block, as it ships

FASHION = [(1, 1), (2, 2), (2, 1), (4, 4), (4, 1), (7, 7), (7, 2), (7, 1), (14, 14), (14, 4), (28, 28), (28, 7)]
FASHION += [(49, 49), (49, 12), (49, 7), (49, 4)]
SCENES = [(b, b) for b in (1, 2, 3, 6, 12, 36)] + [(36, 12), (12, 4), (6, 2), (3, 1)]
MADE, CHOICE, LEARNED, GUIDANCE = 1000, 200, 200, (1.0, 1.5, 2.0)
HEAD_STEPS = (2, 5, 10, 20)


def curve() -> Found:
    """Bits, distance and time of the shipped block models over the size of a block and the passes over it"""
    keys = [{"name": "block-fashion", "block": b, "steps": s, "certain": None} for b, s in FASHION]
    keys += [{"name": "block-scenes", "block": b, "steps": s, "certain": None} for b, s in SCENES]
    sure = [(b, p) for p in (CERTAIN, 0.9) for b in (6, 12, 36)]
    keys += [{"name": "block-scenes", "block": b, "steps": b, "certain": p} for b, p in sure]
    runs = rows("bridges", keys, _learned, made=MADE, choice=CHOICE, learned=LEARNED, guidance=GUIDANCE)
    runs = [run | _seconds(run) for run in runs]  # all at the end, one after another
    found = [run | {"model": _named(run), "family": "masked"} for run in runs]
    keys = [{"head_steps": steps, "solver": solver} for solver in ("euler", "heun") for steps in HEAD_STEPS]
    drawn = rows("bridges", keys, _stepped, part="head", made=MADE)
    metrics = ("nats", "excess", "valid", "frechet_relative", "passes", "seconds_batch_1", "seconds_batch_64")
    out = tidy(found, "blocks", metrics) + tidy(drawn, "steps of the head", ("frechet_relative", "recall"))
    return Found({"made": MADE, "runs": runs, "head": drawn}, out)


def _stepped(head_steps: int, solver: str) -> dict:
    """`mar-fashion` with its head asked more or less often for each place."""
    name, budget = "mar-fashion", checkpoints.header("mar-fashion")["train_flops"]
    guidance = results.read(name)["metrics"]["guidance"]
    pixels, labels = make(name, MADE, guidance, head_steps=head_steps, solver=getattr(flow, solver))
    about = {"model": f"{name}, {head_steps} of {solver}", "family": "autoregressive", "budget_flops": budget}
    return about | {"name": name, "n": MADE, **frechet.report(pixels, labels)}


def _learned(name: str, block: int, steps: int, certain: float | None) -> dict:
    model, out = checkpoints.load(name), {"budget_flops": checkpoints.header(name)["train_flops"]}
    dials, drawn = {"block": block, "steps": steps, "certain": certain}, RECIPES[name].data == "scenes"
    if certain is None:
        out |= paid(name, model, block, LEARNED if drawn else 500, steps)
    out["tokens_read"] = _evaluated(model.config.length, block, steps)
    if drawn:
        pixels, out["passes"] = written(name, model, LEARNED, **dials)
        return out | valid(pixels) | {"n": LEARNED, "guidance": 1.0}
    tried = {}
    for w in GUIDANCE:
        pixels, _ = written(name, model, CHOICE, seed=1, guidance=w, **dials)
        tried[w] = frechet.report(pixels, split="validation")["frechet"]
    best = min(tried, key=tried.get)
    pixels, out["passes"] = written(name, model, MADE, guidance=best, **dials)
    return out | frechet.report(pixels, torch.arange(MADE) % 10) | {"n": MADE, "guidance": best}


def _evaluated(T: int, block: int, steps: int) -> int:
    """Positions that go through the network for a picture: each block in each of its passes, and once to be kept."""
    sizes = [min(block, T - start) for start in range(0, T, block)]
    return sum(size * min(steps, size) for size in sizes) + T - sizes[-1]


def _seconds(run: dict) -> dict:
    """Processor seconds a picture, alone and in a batch of 64."""
    model, out = checkpoints.load(run["name"]), {}
    dials = {key: run[key] for key in ("block", "steps", "certain", "guidance")}
    for batch, repeats in ((1, 5), (64, 1)):
        labels = torch.arange(batch) % max(model.config.classes, 1)
        work = partial(draw, run["name"], labels, model, **dials)
        out[f"seconds_batch_{batch}"] = cost.cpu_seconds(work, repeats) / batch
    return out
