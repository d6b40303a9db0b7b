"""The numbers of a shipped model: every choice made on validation, then the test set once. `course train` ends here."""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F

from .. import data, runtime
from ..data import captions, results, scenes, signs
from ..data.levels import to_bytes
from ..measure import frechet, grade, likelihood, mean_and_interval
from ..networks.quantizers import usage
from ..training import RECIPES, checkpoints, draw, make
from ..training.losses import TEACHER, TEACHER_GUIDANCE
from ..training.recipes import scenes as recipes
from ..training.recipes.signs import told
from . import joint_shipped, provenance, talking
from .blocks import blocks
from .shipping import annotate, record

FRECHET = ("frechet", "frechet_n", "recall", "agreement")


def write(name: str) -> dict:
    """Measure the shipped model `name`; write `data/results/NAME.json` and the numbers into the checkpoint's header."""
    metrics = numbers(name)
    annotate(name, {"metrics": metrics})
    about = {k: v for k, v in checkpoints.header(name).items() if k not in ("network", "config", "seal")}
    results.write(name, {"name": name, **about, "measured": provenance.made_by()})
    record(checkpoints.path_of(name))
    return metrics


def numbers(name: str) -> dict:
    """All metrics of the shipped model `name`: those that its recipe asks for."""
    out = {}
    for kind in RECIPES[name].measures:
        out |= MEASURES[kind](name)
    return out


def accuracy(name: str) -> dict:
    """How often the classifier of the ruler is right on test pictures."""
    test = data.load(RECIPES[name].data, "test")
    hits = int((frechet.features(test.pixels)[1] == test.labels).sum())
    low, high = frechet.wilson(hits, len(test))
    return {"accuracy": hits / len(test), "accuracy_low": low, "accuracy_high": high}


def pictures(name: str) -> dict:
    """The guidance with the least distance on validation, and the test numbers with it."""
    recipe, tried = RECIPES[name], {}
    many, few = recipe.drawn
    for guidance in recipe.guidance:
        tried[guidance] = frechet.report(*make(name, few, guidance, seed=1), split="validation")
    best = min(tried, key=lambda g: tried[g]["frechet"])
    out = {"guidance": best, **frechet.report(*make(name, many, best))}
    out["validation"] = {str(g): {k: row[k] for k in FRECHET} for g, row in tried.items()}
    return out | recipe.dials


def steps(name: str) -> dict:
    """The numbers of a few-step model at one step and (`steps`) at others, beside its teacher from the same noises."""
    many, few = RECIPES[name].drawn
    rows = {str(n): frechet.report(*make(name, many, steps=n)) for n in (1, 2, 4, 8)}
    teacher = checkpoints.header(TEACHER)["metrics"]  # measured on the same noises
    fewer = {n: frechet.report(*make(TEACHER, few, TEACHER_GUIDANCE, steps=n))["frechet"] for n in (1, 2, 4, 8)}
    return {
        **rows["1"],
        "teacher_frechet": teacher["frechet"],
        "teacher_steps": teacher["steps"],
        "ratios": {n: row["frechet"] / teacher["frechet"] for n, row in rows.items()},
        "steps": rows,
        "teacher_at_fewer_steps": fewer,  # n = 2,000
    }


@torch.no_grad()
def reconstruction(name: str) -> dict:
    """What a tokenizer keeps of the test pictures, rounded and (`latents`) not; how much its codes are used."""
    recipe, model = RECIPES[name], checkpoints.load(name)
    test = data.load(recipe.data, "test")
    tokenizer = checkpoints.load(recipe.uses[0]) if recipe.uses else model
    latents = torch.cat([tokenizer.encode(part.to(runtime.device())) for part in test.floats().split(500)])
    if tokenizer is model:
        channels_last = latents.movedim(1, -1)
        tokens, count = model.quantizer.indices(channels_last).flatten(1), model.quantizer.count
        codes = model.quantizer.codes(tokens).view(channels_last.shape).movedim(-1, 1)
    else:
        tokens, count = model.encode(latents), model.vq.count
        codes = model.decode(tokens)
    out = {"codes": count, **usage(tokens, count), "tokens": tokens.shape[1]}
    out["bits"] = tokens.shape[1] * math.log2(count)
    for key, z in (("", codes), ("latents_", latents)):
        y = torch.cat([to_bytes(tokenizer.decode(part)).cpu() for part in z.split(500)])
        error = F.mse_loss(y.float(), test.pixels.float(), reduction="none").flatten(1).mean(1)
        out |= mean_and_interval(10 * (255**2 / error.clamp(min=1e-3)).log10(), f"{key}psnr")
        if y.shape[1:] == (1, 28, 28):
            out |= {key + k: v for k, v in frechet.report(y, test.labels).items()}
    return out


def bits(name: str) -> dict:
    """Exact bits a dimension of a model of pixels, with labels and without."""
    recipe, model = RECIPES[name], checkpoints.load(name)
    test = data.load(recipe.data, "test")
    levels = recipe.reads.encode(test)
    with runtime.autocast():
        if not model.null:
            return likelihood(model, (levels > 0).to(torch.uint8))
        out = likelihood(model, levels, test.labels)
        return out | {"bits_per_dim_no_label": likelihood(model, levels[:2000])["bits_per_dim"]}


@torch.no_grad()
def nats(name: str) -> dict:
    """`nats` of the tokens of a test picture (masked: the bound), which say nothing of what the tokenizer lost."""
    recipe, model, parts = RECIPES[name], checkpoints.load(name), []
    test, where = data.load(recipe.data, "test"), runtime.device()
    x, labels = recipe.as_they_are(test)
    price = recipe.nats
    if isinstance(price, partial):  # an estimate: it draws
        price = partial(price, generator=torch.Generator().manual_seed(0))
    for part, label in zip(x.split(200), labels.split(200)):
        parts.append(price(model, part.to(where), label.to(where)).cpu())
    return mean_and_interval(torch.cat(parts), "nats")


OBEYED = ("full", "no-positions", "open", "relation", "count", "null")  # forms of captions


def obeyed(name: str) -> dict:
    """How often scenes of new captions are what was asked for, a form of caption each; exact excess bits if known."""
    recipe, model, out = RECIPES[name], checkpoints.load(name), {}
    for seed, form in enumerate(OBEYED):
        generator = torch.Generator().manual_seed(seed)
        cells, ground = scenes.sample(1000, generator, part="train")
        texts = captions.caption(cells, ground, form, generator)
        labels = captions.encode(texts, model.config.context)
        parts = [draw(name, part, model, generator=generator) for part in labels.to(runtime.device()).split(250)]
        out[form] = grade.report(torch.cat(parts).cpu(), texts)
        if recipe.nats:
            x, left = recipes.ids(cells, ground), [captions.bits(captions.read(text), part="train") for text in texts]
            price = [recipe.nats(model, a, b).cpu() for a, b in zip(x.split(250), labels.split(250))]
            found = grade.excess(torch.cat(price), torch.tensor(left))
            # What a masked model pays is a bound: it is called so.
            out[form] |= {f"bound_{k}" if recipe.family == "masked" else k: v for k, v in found.items() if k != "n"}
    return out


def spelled(name: str) -> dict:
    """How often signs say the word that was asked for: words of training, held-out ones, ones with unseen pairs."""
    model, out = checkpoints.load(name), {}
    for seed, split in enumerate(signs.SPLITS):
        generator = torch.Generator().manual_seed(seed)
        asked = signs.sample(1000, generator, split)
        parts = told(*asked).to(runtime.device()).split(250)
        pixels = torch.cat([draw(name, part, model, generator=generator).cpu() for part in parts])
        out[split] = grade.written(pixels, asked[0])
    return out


def conversed(name: str) -> dict:
    """Both directions, questions and edits of true pictures, and what training had rarely or never."""
    return joint_shipped.conversed(talking.Painter(checkpoints.load(name), name), 500)


def styled(name: str) -> dict:
    """How often emoji are of the style and the group asked for, guidance chosen on validation; a number a style."""
    from . import style

    return style.measured(name, checkpoints.load(name))


MEASURES: dict[str, Callable[[str], dict]] = {
    f.__name__: f
    for f in (accuracy, bits, blocks, conversed, nats, obeyed, pictures, reconstruction, spelled, steps, styled)
}
