"""Who can spell, and what decides it: conditioning × tokenizer × family, on signs. Read in notebook 15."""

import time
from functools import partial

import torch
from torch import Tensor

from .. import runtime
from ..data import signs
from ..data.levels import to_bytes
from ..measure import cost, grade
from ..methods import autoregressive, flow, masked
from ..networks import Transformer, TransformerConfig
from ..training import Batches, fit
from ..training.parts import in_parts
from ..training.recipes.signs import SHIFT, VOCABULARY, floats
from . import Found, coder, spelling
from .provenance import tidy as tidied
from .rows import rows, whole

FAMILIES, SEEDS = ("autoregressive", "masked", "noise"), (0, 1, 2)
CODINGS = {"exact patches": 0, "f4": 4, "f2": 2}  # pixels a side that a learned token stands for
WHOLE, SHARES = 1.5e12, (1 / 8, 1 / 4, 1 / 2)  # operations of training of a cell; of the curve over budgets
POSTER, POSTERS = 3e12, 10_000  # operations, and different posters to train on
N, BATCH, PASSES = 200, 32, 12  # signs graded of each split; signs a step; calls for a sign, but token by token
SHAPE = {"width": 96, "depth": 3, "heads": 4}
METRICS = [f"{metric}_{split}" for split in signs.SPLITS for metric in ("exact", "letters", "colour")]


def words() -> Found:
    """Spelling by conditioning, tokenizer and family, three seeds; over budgets; posters (45 minutes)"""
    named = ("coding", "way", "family", "seed")
    cells = [(c, w, f, s) for s in SEEDS for c in CODINGS for w in spelling.SAID for f in FAMILIES]
    keys = [dict(zip(named, cell)) for cell in cells]
    plain = [dict(zip(named, ("exact patches", "characters", f, s))) for s in SEEDS for f in FAMILIES]
    plans = {
        "ceilings": (partial(coder.ceiling, n=N), [{"factor": f, "seed": s} for f in (4, 2) for s in SEEDS]),
        "cells": (cell, keys),
        "budgets": (cell, [{**key, "share": share} for share in SHARES for key in plain]),
        "posters": (cell, [{**key, "poster": True} for key in plain]),
    }
    fixed = {"whole_flops": WHOLE, "poster_flops": POSTER, "n": N, "passes": PASSES, "batch": BATCH, "shape": SHAPE}
    fixed |= {"tokenizer_flops": coder.OPERATIONS}
    found = {part: rows("words", keys, make, part=part, **fixed) for part, (make, keys) in plans.items()}
    tidy = tidied(found["ceilings"], "words", [f"{k}exact_{s}" for s in signs.SPLITS for k in ("", "latents_")])
    for part, task in {"cells": "words", "budgets": "words", "posters": "posters"}.items():
        tidy += tidied(found[part], task, METRICS)
    return Found({**fixed, **found}, tidy)


def cell(coding: str, way: str, family: str, seed: int, share: float = 1.0, poster: bool = False) -> dict:
    """One small network trained and graded."""
    sign = signs.sample(POSTERS, runtime.generator(3), poster=True) if poster else coder.every()
    tokenizer = coder.coder(CODINGS[coding], seed) if CODINGS[coding] else None
    x, (labels, classes) = read(sign, tokenizer, family), spelling.labels(way, *sign)
    model, loss = network(family, labels.shape[1], classes, tokenizer, 3 if poster else 1, seed)
    runtime.seed(seed)
    about, ema = bought(model, loss, Batches(x, labels, BATCH, seed), share * (POSTER if poster else WHOLE))
    shape = tuple(x.shape[1:]) if family == "noise" else model.config.grid
    row = {"model": f"{way}, {coding}", "family": family, "n": N, **about}
    for split in signs.SPLITS:
        asked = signs.sample(N, runtime.generator(7), split, poster)
        made = draw(ema, family, spelling.labels(way, *asked)[0], shape)
        made = shown(made, tokenizer, family)
        row |= graded(made, *asked, split=split)
        if split == "held" and not seed:
            row["pictures"] = coder.packed(made[: 1 if poster else 3])
    return row


def read(sign: tuple, tokenizer: coder.Coder | None, family: str) -> Tensor:
    """Signs as a family reads them: ids, or pixels or latents for noise."""
    if tokenizer is None:
        return floats(*sign) if family == "noise" else signs.tokens(*sign)
    return coder.encoded(tokenizer, floats(*sign), family != "noise")


def shown(made: Tensor, tokenizer: coder.Coder | None, family: str) -> Tensor:
    """What a family drew as pictures uint8, the inverse of `read`."""
    if tokenizer is None:
        return to_bytes(made) if family == "noise" else signs.from_tokens(made.flatten(1))
    return coder.pictures(tokenizer, made if family == "noise" else made.flatten(1), family != "noise")


def network(family: str, context: int, classes: int, tokenizer: coder.Coder | None, lines: int = 1, seed: int = 0):
    """A fresh small transformer for a family, and its loss."""
    grid = tokenizer.grid if tokenizer else (4 * lines, 12)
    count, vector = (tokenizer.quantizer.count, 3) if tokenizer else (VOCABULARY, 48)
    all_at_once, T = family != "autoregressive", grid[0] * grid[1]
    kind = {"vector": vector, "clock": 1} if family == "noise" else {"tokens": count + (family == "masked")}
    runtime.seed(seed)
    config = TransformerConfig(grid, classes=classes, context=context, groups=(T,) * all_at_once, **kind, **SHAPE)
    noise = partial(flow.loss, shift=SHIFT)
    return Transformer(config), {"autoregressive": autoregressive.loss, "masked": masked.loss, "noise": noise}[family]


def bought(model, loss, batches: Batches, flops: float) -> tuple[dict, torch.nn.Module]:
    """The averaged model after as many steps as `flops` buy, and what that took."""
    x, labels = (part[:1] for part in batches(0))
    times = (torch.zeros(1),) * model.config.clock
    one = cost.flops(lambda: model(x, *times, labels))
    steps, start = max(1, round(flops / (3 * one * batches.size))), time.process_time()
    ema = max(0.9, min(0.99, 1 - 5 / steps))
    dials = {"steps": steps, "lr": 2e-3, "muon": 0.02, "ema": ema, "seed": batches.seed, "progress": False}
    run = whole(fit(model, loss, batches, **dials))
    table = model.label.weight.numel()
    size = sum(p.numel() for p in model.parameters())
    about = {"steps": steps, "budget_flops": flops, "parameters": size, "of_them_labels": table}
    return about | {"train_cpu_seconds": round(time.process_time() - start, 1)}, run.ema


def draw(model, family: str, labels: Tensor, shape: tuple[int, ...], seed: int = 5) -> Tensor:
    """What a family draws for labels."""
    generator = torch.Generator().manual_seed(seed)
    work = {
        "autoregressive": autoregressive.sample,
        "masked": partial(masked.sample, steps=PASSES),
        "noise": partial(flow.sample, steps=PASSES, shift=SHIFT),
    }[family]

    def part(labels: Tensor) -> Tensor:
        with runtime.autocast():
            return work(model, labels.to(runtime.device()), shape=shape, generator=generator)

    return in_parts(part, labels, size=100)


def graded(pixels: Tensor, texts: list[str], ink: Tensor, paper: Tensor, split: str) -> dict:
    """Shares of words right, of letters and of colours; right and all by length; how many of each kind of error."""
    said, *colours, sure = signs.read_sign(pixels)
    found = grade.written(pixels, texts)
    out = {f"letters_{split}": found["letters"]}
    out |= {key.replace("exact", f"exact_{split}"): found[key] for key in found if "exact" in key}
    out[f"colour_{split}"] = float(((colours[0] == ink) & (colours[1] == paper)).double().mean())
    kinds = [spelling.kind(*row) for row in zip(said, texts, sure.tolist())]
    out[f"kinds_{split}"] = {name: kinds.count(name) for name in ("right", *spelling.KINDS)}
    lengths = [len(text) for text in texts]
    by = {n: [k == "right" for k, length in zip(kinds, lengths) if length == n] for n in sorted(set(lengths))}
    return out | {f"lengths_{split}": {str(n): [sum(hits), len(hits)] for n, hits in by.items()}}
