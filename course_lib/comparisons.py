"""Tokens against noise: quality over the budget of training, and over the cost of a picture. Read in notebook 12."""

import json
import time
from functools import partial

import torch

from . import data, runtime
from .data import files
from .measure import cost, frechet, results
from .methods import autoregressive, flow
from .training import RECIPES, checkpoints, repeat
from .training.fit import Batches, fit

WHOLE = 40e12  # operations of training, tokenizer included, of the whole budget
SHARES = {1 / 8: (0, 1, 2), 1 / 4: (0, 1, 2), 1 / 2: (0,), 1.0: (0,)}  # share of it, and the training seeds
TOKENIZER = 0.45  # of the token model's budget, as in the shipped models
GUIDANCE = (1.25, 1.5, 2.0)
TEST, CHOICE, STEPS = 2000, 500, 10


def budget() -> dict:
    """Fréchet distance over the training budget: tokens against noise at equal operations, tokenizer charged"""
    path = runtime.cache_dir() / "experiments" / "budget.json"  # a run at a time, so that it can be interrupted
    rows = json.loads(path.read_text()) if path.exists() else []
    pictures = data.load("fashion", full=True)
    for share, seeds in SHARES.items():
        for seed in seeds:
            for family, trained in (("autoregressive", _tokens), ("noise", _noise)):
                if any((row["family"], row["share"], row["seed"]) == (family, share, seed) for row in rows):
                    continue
                start = time.process_time()
                draw, about = trained(pictures, share * WHOLE, seed)
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
    run = fit(model, loss, batches, steps=steps, lr=recipe.lr, muon=recipe.muon, ema=0.99, seed=seed, progress=False)
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
        parts = [draw(part.to(runtime.device()), w, generator).cpu() for part in labels.split(100)]
        return torch.cat(parts), labels

    tried = {w: frechet.report(*made(CHOICE, w, 1), split="validation")["frechet"] for w in GUIDANCE}
    best = min(tried, key=tried.get)
    return {
        "guidance": best,
        "validation": {str(w): d for w, d in tried.items()},
        **frechet.report(*made(TEST, best, 0)),
    }


# What a picture costs, of the shipped models

SETTINGS = {
    "pixel-transformer-fashion": [{}],
    "token-ar-fashion": [{}],
    "masked-fashion": [{"steps": n} for n in (1, 2, 4, 8, 12, 24)],
    "next-scale-fashion": [{}],
    "dit-fashion": [{"steps": n} for n in (1, 2, 4, 8, 16, 32)],
    "unet-flow-fashion": [{"steps": n} for n in (2, 4, 8, 16)],
    "latent-dit-fashion": [{"steps": n} for n in (2, 4, 8, 16)],
    "one-step-fashion": [{"steps": n} for n in (1, 2, 4, 8)],
}
FAMILY = {"pixel": "autoregressive", "token": "autoregressive", "next": "autoregressive", "masked": "masked"}


def head_to_head() -> dict:
    """Quality, variety and cost of a picture for every shipped model and number of steps; also draws the figure"""
    path = runtime.cache_dir() / "experiments" / "head-to-head.json"
    rows = json.loads(path.read_text()) if path.exists() else []
    for name, settings in SETTINGS.items():
        model, about = checkpoints.load(name), repeat.result(name)
        guidance = about["metrics"].get("guidance", 1.0)
        slow = name.startswith("pixel")
        for dials in settings:
            if any((row["name"], row["dials"]) == (name, dials) for row in rows):
                continue
            steps = dials.get("steps", {"pixel": 784, "token": 49, "next-": 4}.get(name[:5]))
            row = {"name": name, "family": FAMILY.get(name.split("-")[0], "noise"), "dials": dials, "steps": steps}
            row |= {"guidance": guidance, "train_flops": about["train_flops"], "parameters": about["parameters"]}
            row["train_flops_with_tokenizer"] = about["train_flops"] + sum(
                flops for used, flops in about.get("uses", {}).items() if used != "dit-fashion"
            )
            if slow:  # 1,000 pictures of 784 steps were drawn once, when it was measured
                row |= {k: v for k, v in about["metrics"].items() if k.startswith(("frechet", "recall", "agreement"))}
            else:
                row |= frechet.report(*results.make(name, TEST, guidance, **dials))
            for batch, repeats in ((1, 3), (64, 1 if slow else 2)):
                labels = torch.arange(batch, device=runtime.device()) % 10
                work = partial(results.draw, name, model, labels, guidance=guidance, **dials)
                row[f"seconds_batch_{batch}"] = cost.cpu_seconds(work, repeats) / batch
            rows.append(row)
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write(path, json.dumps(rows).encode())
    from .show import head_to_head as figure  # only now: figures need matplotlib

    fig = figure.draw(rows)
    files.write(runtime.data_dir() / "figures" / "head-to-head.png", fig.png())
    return {"n": TEST, "rows": rows}
