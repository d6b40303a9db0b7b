"""Tokens against noise: quality over the budget of training, and over the cost of a picture. Read in notebook 12."""

from dataclasses import replace
from functools import partial

import torch

from .. import data, runtime
from ..data import files
from ..data import results as sealed
from ..data.levels import to_bytes
from ..measure import cost, frechet
from ..methods import autoregressive, flow
from ..training import RECIPES, checkpoints, draw, make
from ..training.fit import Batches, fit
from . import Found, provenance, repeat
from .rows import rows, whole

WHOLE = 96e12  # operations of training, tokenizer included: a share of 1
SHARES = dict.fromkeys((1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4), (0, 1, 2)) | {1 / 2: (0, 1)}  # share: seeds
FAMILIES = {"autoregressive": "token-ar-fashion", "noise": "dit-fashion"}
TOKENIZER = 0.45  # of the token model's budget, as in the shipped models
# The transformer on tokens, a little wider than the one that ships: as many parameters as the one on patches, to 0.3 %.
MATCHED = {"token-ar-fashion": {"width": 132, "heads": 3}}
GUIDANCE = (1.0, 1.25, 1.5, 2.0)
TEST, CHOICE, STEPS = 1500, 300, 10


def budget() -> Found:
    """Fréchet distance over the training budget: tokens against noise at equal operations, tokenizer charged"""
    keys = [{"family": f, "share": s, "seed": n} for s, seeds in SHARES.items() for n in seeds for f in FAMILIES]
    fixed = {"whole_flops": WHOLE, "tokenizer": TOKENIZER, "matched": MATCHED, "guidance": GUIDANCE}
    fixed |= {"frechet_n": TEST, "choice_n": CHOICE, "noise_steps": STEPS}
    runs = rows("budget", keys, _bought, **fixed)
    return Found({**fixed, "runs": runs}, provenance.tidy(runs, "class", MARKS))


def _bought(family: str, share: float, seed: int) -> dict:
    """One model, or a tokenizer and a model, trained on a share of the whole budget; its numbers."""
    train = _noise if family == "noise" else _tokens
    draw, about = train(data.load("fashion"), share * WHOLE, seed)
    return {"model": FAMILIES[family], "budget_flops": share * WHOLE, **about, **_measured(draw)}


SIZES, SPENT = (1_000, 10_000, 58_000), 12e12  # pictures to learn from, at one budget; the largest are all there are


def data_sizes() -> Found:
    """Tokens against noise where pictures are few: 1,000, 10,000 or 58,000 to learn from, one budget, three seeds"""
    keys = [{"family": f, "pictures": n, "seed": s} for n in SIZES for s in (0, 1, 2) for f in FAMILIES]
    fixed = {"flops": SPENT, "tokenizer": TOKENIZER, "matched": MATCHED, "guidance": GUIDANCE, "frechet_n": TEST}
    runs = rows("data-sizes", keys, _taught, **fixed)
    tidy = [
        row for n in SIZES for row in provenance.tidy([r for r in runs if r["pictures"] == n], f"{n} pictures", MARKS)
    ]
    return Found({**fixed, "sizes": SIZES, "runs": runs}, tidy)


MARKS = ("frechet_relative", "recall", "agreement")


def _taught(family: str, pictures: int, seed: int) -> dict:
    """One model, or a tokenizer and a model, that saw so many pictures, each as often as the budget allows."""
    train = _noise if family == "noise" else _tokens
    few = data.load("fashion", full=True)[:pictures]
    draw, about = train(few, SPENT, seed)
    return {"model": FAMILIES[family], "budget_flops": SPENT, **about, **_measured(draw)}


def _network(name: str) -> torch.nn.Module:
    """A fresh network of the recipe `name`, as large as its rival."""
    model = RECIPES[name].build()
    return type(model)(replace(model.config, **MATCHED[name])) if name in MATCHED else model


def fitted(name: str, x, labels, flops: float, seed: int):
    """A model of the recipe `name`, trained on as many steps as `flops` buy, and those steps."""
    recipe = RECIPES[name]
    runtime.seed(seed)
    model = _network(name)
    steps = max(1, round(flops / (repeat.flops_per_picture(name, model) * recipe.batch)))
    batches = Batches(x, labels, recipe.batch, seed=seed)
    ema = min(recipe.ema, max(0.99, 1 - 5 / steps))  # the average looks back over a fifth of a longer run
    dials = {"lr": recipe.lr, "muon": recipe.muon, "ema": ema, "seed": seed, "progress": False}
    run = whole(fit(model, recipe.loss, batches, steps=steps, **dials))
    return run.ema.eval().requires_grad_(False), steps


def _tokens(pictures: data.Pictures, flops: float, seed: int):
    """A tokenizer, then a causal transformer on its tokens; how to draw with both."""
    x = pictures.floats()
    tokenizer, first = fitted("tokenizer-fashion", x, pictures.labels, TOKENIZER * flops, seed)
    with torch.no_grad():
        tokens = torch.cat([tokenizer.tokenize(part.to(runtime.device())).cpu() for part in x.split(500)])
    model, second = fitted("token-ar-fashion", tokens, pictures.labels, (1 - TOKENIZER) * flops, seed)

    def draw(labels, w, generator):
        made = autoregressive.sample(model, labels, shape=(7, 7), guidance=w, generator=generator)
        return to_bytes(tokenizer.detokenize(made))

    return draw, {"steps": [first, second], "parameters": _size(model), "tokenizer_parameters": _size(tokenizer)}


def _noise(pictures: data.Pictures, flops: float, seed: int):
    """The transformer on 4×4 patches, and how to draw with it."""
    model, steps = fitted("dit-fashion", pictures.floats(), pictures.labels, flops, seed)

    def draw(labels, w, generator):
        with runtime.autocast():
            x = flow.sample(model, labels, shape=(1, 28, 28), steps=STEPS, guidance=w, generator=generator)
        return to_bytes(x)

    return draw, {"steps": [steps], "parameters": _size(model)}


def _size(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _measured(draw) -> dict:
    """Guidance chosen on validation, then the numbers on the test set."""

    def made(n, w, seed):
        labels, generator = torch.arange(n) % 10, torch.Generator().manual_seed(seed)
        chunk = 100 if runtime.device().type == "cpu" else 1000
        parts = [draw(part.to(runtime.device()), w, generator).cpu() for part in labels.split(chunk)]
        return torch.cat(parts), labels

    tried = {w: frechet.report(*made(CHOICE, w, 1), split="validation")["frechet"] for w in GUIDANCE}
    best = min(tried, key=tried.get)
    return {
        "guidance": best,
        "validation": {str(w): d for w, d in tried.items()},
        **frechet.report(*made(TEST, best, 0)),
    }


# What a picture costs, of the shipped models

DRAWN = 500  # pictures of each setting
SETTINGS = {
    "pixel-transformer-fashion": [{}],
    "token-ar-fashion": [{}],
    "masked-fashion": [{"steps": n} for n in (1, 2, 4, 8, 12)],
    "next-scale-fashion": [{}],
    "dit-fashion": [{"steps": n} for n in (1, 2, 4, 8, 16)],
    "unet-flow-fashion": [{"steps": n} for n in (4, 8, 16)],
    "latent-dit-fashion": [{"steps": n} for n in (4, 8, 16)],
    "one-step-fashion": [{"steps": n} for n in (1, 2, 4, 8)],
}


def head_to_head() -> Found:
    """Quality, variety and cost of a picture for every shipped model and number of steps; also draws the figure"""
    keys = [{"name": name, "dials": dials} for name, settings in SETTINGS.items() for dials in settings]
    found = rows("head-to-head", keys, _quality, n=DRAWN)
    # All at the end, one after another, never from before an interrupt: nothing else should run meanwhile.
    found = [row | _seconds(row) for row in found]
    from ..show import head_to_head as figure  # only now: figures need matplotlib

    files.write(runtime.data_dir() / "figures" / "head-to-head.png", figure.draw(found).png())
    metrics = ("frechet_relative", "recall", "agreement", "seconds_batch_1", "seconds_batch_64")
    return Found({"n": DRAWN, "rows": found}, provenance.tidy(found, "class", metrics))


def _seconds(row: dict) -> dict:
    """Processor seconds a picture, alone and in a batch of 64."""
    model, out = checkpoints.load(row["name"]), {}
    for batch, repeats in ((1, 5), (64, 1 if row["steps"] > 100 else 3)):
        labels = torch.arange(batch, device=runtime.device()) % 10
        work = partial(draw, row["name"], labels, model, guidance=row["guidance"], **row["dials"])
        out[f"seconds_batch_{batch}"] = cost.cpu_seconds(work, repeats) / batch
    return out


def _quality(name: str, dials: dict) -> dict:
    """What is known of the model `name`, and its distance with `dials`; guidance is that chosen on validation."""
    about, recipe = sealed.read(name), RECIPES[name]
    metrics, flops = about["metrics"], about["train_flops"] + sum(about.get("uses", {}).values())
    row = {"model": name, "family": recipe.family, "guidance": metrics.get("guidance", 1.0)}
    row |= {"parameters": about["parameters"], "steps": dials.get("steps", recipe.passes)}
    row |= {"train_flops": flops, "budget_flops": flops}  # the teacher's and the tokenizer's too
    if recipe.passes > 100:  # pictures of 784 steps were drawn once, when it was measured
        return row | {k: v for k, v in metrics.items() if k.startswith(("frechet", "recall", "agreement"))}
    return row | frechet.report(*make(name, DRAWN, row["guidance"], **dials))
