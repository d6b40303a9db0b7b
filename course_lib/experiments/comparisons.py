"""Tokens against noise: quality over the budget of training, and over the cost of a picture. Read in notebook 12."""

import json
import time
from functools import partial

import torch

from .. import data, runtime
from ..data import files
from ..measure import cost, frechet, results
from ..methods import autoregressive, flow
from ..training import RECIPES, checkpoints, repeat
from ..training.fit import Batches, fit

WHOLE = 96e12  # operations of training, tokenizer included, of the whole budget
SHARES = dict.fromkeys((1 / 64, 1 / 32, 1 / 16, 1 / 8), (0, 1, 2)) | dict.fromkeys((1 / 4, 1 / 2, 1.0), (0,))  # seeds
FAMILIES = ("autoregressive", "noise")
TOKENIZER = 0.45  # of the token model's budget, as in the shipped models
GUIDANCE = (1.25, 1.5, 2.0)
TEST, CHOICE, STEPS = 1500, 200, 10


def budget() -> dict:
    """Fréchet distance over the training budget: tokens against noise at equal operations, tokenizer charged"""
    path = runtime.cache_dir() / "experiments" / "budget.json"  # a run at a time, so that it can be interrupted
    rows = json.loads(path.read_text()) if path.exists() else []
    pictures = data.load("fashion")
    for share, seeds in SHARES.items():
        for seed in seeds:
            for family in FAMILIES:
                if any((row["family"], row["share"], row["seed"]) == (family, share, seed) for row in rows):
                    continue
                start = time.process_time()
                draw, about = (_noise if family == "noise" else _tokens)(pictures, share * WHOLE, seed)
                seconds = time.process_time() - start
                rows.append({"family": family, "share": share, "seed": seed, "train_seconds": seconds, **about})
                rows[-1] |= _measured(draw)
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write(path, json.dumps(rows).encode())
    return {"whole_flops": WHOLE, "frechet_n": TEST, "choice_n": CHOICE, "noise_steps": STEPS, "runs": rows}


def _fitted(name: str, x, labels, flops: float, seed: int):
    """A model of the recipe `name`, trained on as many steps as `flops` buy, and those steps."""
    recipe = RECIPES[name]
    steps = max(1, round(flops / (repeat.flops_per_picture(name) * recipe.batch)))
    runtime.seed(seed)
    model, loss = recipe.build(), recipe.loss
    batches = Batches(x, labels, recipe.batch, seed=seed)
    ema = min(recipe.ema, max(0.99, 1 - 5 / steps))  # the average looks back over a fifth of a longer run
    run = fit(model, loss, batches, steps=steps, lr=recipe.lr, muon=recipe.muon, ema=ema, seed=seed, progress=False)
    return run.ema.eval().requires_grad_(False), steps


def _tokens(pictures: data.Pictures, flops: float, seed: int):
    """A tokenizer, then a causal transformer on its tokens; how to draw with both."""
    x = pictures.floats()
    tokenizer, first = _fitted("tokenizer-fashion", x, pictures.labels, TOKENIZER * flops, seed)
    with torch.no_grad():
        tokens = torch.cat([tokenizer.tokenize(part.to(runtime.device())).cpu() for part in x.split(500)])
    model, second = _fitted("token-ar-fashion", tokens, pictures.labels, (1 - TOKENIZER) * flops, seed)

    def draw(labels, w, generator):
        made = autoregressive.sample(model, labels, shape=(7, 7), guidance=w, generator=generator)
        return results.grey(tokenizer.detokenize(made))

    return draw, {"steps": [first, second], "parameters": _size(model)}


def _noise(pictures: data.Pictures, flops: float, seed: int):
    """The transformer on 4×4 patches, and how to draw with it."""
    model, steps = _fitted("dit-fashion", pictures.floats(), pictures.labels, flops, seed)

    def draw(labels, w, generator):
        with runtime.autocast():
            x = flow.sample(model, labels, shape=(1, 28, 28), steps=STEPS, guidance=w, generator=generator)
        return results.grey(x)

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
FAMILY = {"pixel": "autoregressive", "token": "autoregressive", "next": "autoregressive", "masked": "masked"}


def head_to_head() -> dict:
    """Quality, variety and cost of a picture for every shipped model and number of steps; also draws the figure"""
    path = runtime.cache_dir() / "experiments" / "head-to-head.json"
    rows = json.loads(path.read_text()) if path.exists() else []
    for name, settings in SETTINGS.items():
        for dials in settings:
            if not any((row["name"], row["dials"]) == (name, dials) for row in rows):
                rows.append({"name": name, "dials": dials, **_quality(name, dials)})
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write(path, json.dumps(rows).encode())
    for row in rows:  # all at the end, one after another: nothing else should run meanwhile
        model = checkpoints.load(row["name"])
        for batch, repeats in ((1, 5), (64, 1 if row["steps"] > 100 else 3)):
            labels = torch.arange(batch, device=runtime.device()) % 10
            work = partial(results.draw, row["name"], model, labels, guidance=row["guidance"], **row["dials"])
            row[f"seconds_batch_{batch}"] = cost.cpu_seconds(work, repeats) / batch
    from ..show import head_to_head as figure  # only now: figures need matplotlib

    files.write(runtime.data_dir() / "figures" / "head-to-head.png", figure.draw(rows).png())
    return {"n": DRAWN, "rows": rows}


def _quality(name: str, dials: dict) -> dict:
    """What is known of the model `name`, and its distance with `dials`; guidance is that chosen on validation."""
    about = repeat.result(name)
    guidance = about["metrics"].get("guidance", 1.0)
    row = {"family": FAMILY.get(name.split("-")[0], "noise"), "guidance": guidance, "parameters": about["parameters"]}
    row["steps"] = dials.get("steps", {"pixel": 784, "token": 49, "next-": 4}.get(name[:5]))
    row["train_flops"] = about["train_flops"] + sum(about.get("uses", {}).values())  # the teacher's and tokenizer's too
    if name.startswith("pixel"):  # 1,000 pictures of 784 steps were drawn once, when it was measured
        return row | {k: v for k, v in about["metrics"].items() if k.startswith(("frechet", "recall", "agreement"))}
    return row | frechet.report(*results.make(name, DRAWN, guidance, **dials))
