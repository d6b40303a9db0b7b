"""The numbers of a shipped model: every choice made on validation, then the test set once. `course train` ends here."""

import json
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import data, runtime
from ..data import files
from ..methods import autoregressive, few_step, flow, masked, next_scale
from ..networks.quantizers import usage
from ..training import checkpoints, inputs
from ..training.losses import TEACHER, TEACHER_GUIDANCE
from ..training.recipes import RECIPES
from . import frechet
from .likelihood import likelihood

# Pictures drawn on the test set, and for each choice on validation. Models of pixels are slow to sample.
MADE = {"pixelcnn-fashion": 1000, "pixel-transformer-fashion": 1000}
MADE |= dict.fromkeys(("token-ar-fashion", "masked-fashion", "next-scale-fashion"), 10_000)
MADE |= dict.fromkeys(("dit-fashion", "one-step-fashion", "unet-flow-fashion", "latent-dit-fashion"), 10_000)
CHOICES = {"pixelcnn-fashion": 200, "pixel-transformer-fashion": 200}  # others: 2,000
GUIDANCE = (1.0, 1.25, 1.5, 2.0)
FURTHER = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)  # for models of latents in few passes, whose best lay at the edge
FLOW_STEPS, MASKED_STEPS = 16, 12
NOISE = ("unet-flow-fashion", "dit-fashion", "latent-dit-fashion", "one-step-fashion")


def make(name: str, n: int, guidance: float, seed: int = 0, chunk: int = 100, **dials) -> tuple[Tensor, Tensor]:
    """`n` pictures `[n, 1, 28, 28]` (uint8) of the shipped model `name`, classes in turn, with their labels.

    `dials` go to the family's sampler: `temperature`, `steps`, `order` …
    """
    model, generator = checkpoints.load(name), torch.Generator().manual_seed(seed)
    labels, parts = torch.arange(n) % 10, []
    for part in labels.split(chunk):
        part = part.to(runtime.device())
        parts.append(draw(name, model, part, guidance=guidance, generator=generator, **dials).cpu())
    return torch.cat(parts), labels


def draw(name: str, model: torch.nn.Module, labels: Tensor, **dials) -> Tensor:
    """Pictures `[B, 1, 28, 28]` (uint8) for `labels [B]` from `model`, drawn as the family of `name` draws."""
    if name.startswith("one-step"):
        dials.pop("guidance", None)  # it is in the weights
        with runtime.autocast():
            return grey(few_step.sample(model, labels, shape=(1, 28, 28), **dials))
    if name in NOISE:
        latent = name.startswith("latent")
        shape = (4, 7, 7) if latent else (1, 28, 28)
        with runtime.autocast():
            x = flow.sample(model, labels, shape=shape, **{"steps": FLOW_STEPS} | dials)
        if latent:
            tokenizer = checkpoints.load("tokenizer-fashion")
            x = tokenizer.decode(tokenizer.unnormal(x.float()))
        return grey(x)
    if name.startswith("pixel"):
        return autoregressive.sample(model, labels, shape=(28, 28), **dials)[:, None].to(torch.uint8)
    tokenizer = checkpoints.load("tokenizer-fashion")
    if name.startswith("next-scale"):
        pyramid = checkpoints.load("pyramid-fashion")
        with runtime.autocast():
            tokens = next_scale.sample(model, labels, pyramid=pyramid, **dials)
        return grey(tokenizer.decode(pyramid.decode(tokens)))
    if name.startswith("masked"):
        with runtime.autocast():
            tokens = masked.sample(model, labels, shape=(7, 7), **{"steps": MASKED_STEPS} | dials)
    else:
        tokens = autoregressive.sample(model, labels, shape=(7, 7), **dials)
    return grey(tokenizer.detokenize(tokens))


def grey(x: Tensor) -> Tensor:
    """Floats about in [-1, 1] as uint8."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def numbers(name: str) -> dict:
    """All metrics of the shipped model `name`."""
    if name == "features-fashion":
        test = data.load("fashion", "test")
        hits = int((frechet.features(test.pixels)[1] == test.labels).sum())
        low, high = frechet.wilson(hits, len(test))
        return {"accuracy": hits / len(test), "accuracy_low": low, "accuracy_high": high}
    out = {}
    if name.startswith(("tokenizer", "pyramid")):
        return reconstruction(name)
    if name.startswith("pixel"):
        out |= pixel_nats(name)
    elif name not in NOISE:
        out |= token_nats(name)
    if name.startswith("one-step"):
        out |= few_steps(name)
    elif name in MADE:
        out |= choose(name)
    return out


def choose(name: str) -> dict:
    """The guidance with the least distance on validation, and the test numbers with it."""
    tried = {}
    for guidance in FURTHER if name.startswith(("next-scale", "masked", "latent")) else GUIDANCE:
        tried[guidance] = frechet.report(*make(name, CHOICES.get(name, 2000), guidance, seed=1), split="validation")
    best = min(tried, key=lambda g: tried[g]["frechet"])
    out = {"guidance": best, **frechet.report(*make(name, MADE[name], best))}
    keys = ("frechet", "frechet_n", "recall", "agreement")
    out["validation"] = {str(g): {k: row[k] for k in keys} for g, row in tried.items()}
    steps = dict.fromkeys(NOISE, FLOW_STEPS) | {"masked-fashion": MASKED_STEPS}
    return out | ({"steps": steps[name]} if name in steps else {})


def few_steps(name: str) -> dict:
    """The numbers of a few-step model at one step and (`steps`) at others, beside its teacher from the same noises."""
    rows = {str(steps): frechet.report(*make(name, MADE[name], 1.0, steps=steps)) for steps in (1, 2, 4, 8)}
    teacher = checkpoints.header(TEACHER)["metrics"]  # measured at 16 steps on the same noises
    fewer = {n: frechet.report(*make(TEACHER, 2000, TEACHER_GUIDANCE, steps=n))["frechet"] for n in (1, 2, 4, 8)}
    return {
        **rows["1"],
        "teacher_frechet": teacher["frechet"],
        "teacher_steps": FLOW_STEPS,
        "ratios": {steps: row["frechet"] / teacher["frechet"] for steps, row in rows.items()},
        "steps": rows,
        "teacher_at_fewer_steps": fewer,  # n = 2,000
    }


@torch.no_grad()
def reconstruction(name: str) -> dict:
    """What a tokenizer keeps of the test pictures, rounded and (`latents`) not; how much its codes are used."""
    emoji = name.endswith("emoji")
    test = data.load("emoji" if emoji else "fashion", "test")
    model = checkpoints.load("tokenizer-emoji" if emoji else "tokenizer-fashion")
    x, out = test.floats(), {}
    latents = torch.cat([model.encode(part.to(runtime.device())) for part in x.split(500)])
    if name.startswith("pyramid"):
        pyramid = checkpoints.load(name)
        tokens = pyramid.encode(latents)
        codes, count = pyramid.decode(tokens), pyramid.vq.count
    else:
        count = model.quantizer.count
        tokens = model.quantizer.indices(latents.movedim(1, -1)).flatten(1)
        codes = model.quantizer.codes(tokens).view(*latents.movedim(1, -1).shape).movedim(-1, 1)
    out |= {"codes": count, **usage(tokens, count), "tokens": tokens.shape[1]}
    out["bits"] = tokens.shape[1] * math.log2(count)
    for key, z in (("", codes), ("latents_", latents)):
        y = torch.cat([grey(model.decode(part)).cpu() for part in z.split(500)])
        error = F.mse_loss(y.float(), test.pixels.float(), reduction="none").flatten(1).mean(1)
        psnr = 10 * (255**2 / error.clamp(min=1e-3)).log10()
        half = 1.96 * float(psnr.std()) / math.sqrt(len(psnr))
        out |= {f"{key}psnr": float(psnr.mean()), f"{key}psnr_low": float(psnr.mean()) - half}
        out[f"{key}psnr_high"] = float(psnr.mean()) + half
        if not emoji:
            out |= {key + k: v for k, v in frechet.report(y, test.labels).items()}
    return out


def pixel_nats(name: str) -> dict:
    """Exact bits a dimension of a model of pixels, with labels and without."""
    test, model = data.load(RECIPES[name].data, "test"), checkpoints.load(name)
    with runtime.autocast():
        labels = test.labels if model.null else None
        levels = test.pixels[:, 0] if model.config.__class__.__name__ == "PixelCNNConfig" else test.pixels.flatten(1)
        levels = (levels > 0).to(torch.uint8) if RECIPES[name].data == "mnist-binary" else levels
        out = likelihood(model, levels, labels)
        if labels is not None:
            out["bits_per_dim_no_label"] = likelihood(model, levels[:2000])["bits_per_dim"]
    return out


@torch.no_grad()
def token_nats(name: str) -> dict:
    """`nats` of the tokens of a test picture (masked: the bound), which say nothing of what the tokenizer lost."""
    recipe, model, parts = RECIPES[name], checkpoints.load(name), []
    test = data.load(recipe.data, "test")
    if recipe.data == "emoji":
        x, labels = inputs.encode(test, "tokenizer-emoji"), data.emoji.conditions(test)
    else:
        x, labels = recipe.prepare(test), test.labels
    generator = torch.Generator().manual_seed(0)
    for tokens, label in zip(x.split(200), labels.split(200)):
        tokens, label = tokens.to(runtime.device()), label.to(runtime.device())
        if name.startswith("masked"):
            parts.append(masked.bound(model, tokens, label, draws=10, generator=generator).cpu())
        elif name.startswith("next-scale"):
            parts.append(next_scale.nats(model, tokens, label, checkpoints.load("pyramid-fashion")).cpu())
        else:
            parts.append(autoregressive.nats(model, tokens, label).cpu())
    nats = torch.cat(parts).double()
    half = 1.96 * float(nats.std()) / math.sqrt(len(nats))
    return {"nats": float(nats.mean()), "nats_low": float(nats.mean()) - half, "nats_high": float(nats.mean()) + half}


def write(name: str) -> dict:
    """Measure the shipped model `name`; write `data/results/NAME.json` and the numbers into the checkpoint's header."""
    metrics = numbers(name)
    checkpoints.annotate(name, {"metrics": metrics})
    about = {k: v for k, v in checkpoints.header(name).items() if k not in ("network", "config")}
    path = runtime.data_dir() / "results" / f"{name}.json"
    files.sweep(path)
    files.write(path, (json.dumps({"name": name, **about}, indent=1) + "\n").encode())
    files.record(checkpoints.folder() / f"{name}.safetensors")
    return metrics
