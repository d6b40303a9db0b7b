"""The numbers of a shipped model: every choice made on validation, then the test set once. `course train` ends here."""

import json

import torch

from .. import data, runtime
from ..data import files
from ..methods import autoregressive, flow
from ..training import checkpoints
from ..training.recipes import RECIPES
from . import frechet
from .likelihood import likelihood

MADE = {"flow-fashion": 10_000, "pixelcnn-fashion": 1000, "pixel-transformer-fashion": 1000}  # pictures measured
CHOICES = {"flow-fashion": 1000, "pixelcnn-fashion": 200, "pixel-transformer-fashion": 200}  # … on validation
GUIDANCE = (1.0, 1.25, 1.5, 2.0)
FLOW_STEPS = 16


def make(name: str, n: int, guidance: float, seed: int = 0, chunk: int = 100) -> tuple[torch.Tensor, torch.Tensor]:
    """`n` pictures `[n, 1, 28, 28]` of the shipped model `name`, classes in turn, with their labels."""
    model, generator = checkpoints.load(name), torch.Generator().manual_seed(seed)
    labels, parts = torch.arange(n) % 10, []
    for part in labels.split(chunk):
        part = part.to(runtime.device())
        if name.startswith("flow"):
            with runtime.autocast():
                x = flow.sample(
                    model, part, shape=(1, 28, 28), steps=FLOW_STEPS, guidance=guidance, generator=generator
                )
            parts.append(((x.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu())
        else:
            x = autoregressive.sample(model, part, shape=(28, 28), guidance=guidance, generator=generator)
            parts.append(x[:, None].to(torch.uint8).cpu())
    return torch.cat(parts), labels


def numbers(name: str) -> dict:
    """All metrics of the shipped model `name`."""
    if name == "features-fashion":
        test = data.load("fashion", "test")
        hits = int((frechet.features(test.pixels)[1] == test.labels).sum())
        low, high = frechet.wilson(hits, len(test))
        return {"accuracy": hits / len(test), "accuracy_low": low, "accuracy_high": high}
    test, out = data.load(RECIPES[name].data, "test"), {}
    model = checkpoints.load(name)
    if name.startswith("pixel"):
        with runtime.autocast():
            labels = test.labels if model.null else None
            levels = (
                test.pixels[:, 0] if model.config.__class__.__name__ == "PixelCNNConfig" else test.pixels.flatten(1)
            )
            levels = (levels > 0).to(torch.uint8) if RECIPES[name].data == "mnist-binary" else levels
            out |= likelihood(model, levels, labels)
            if labels is not None:
                out["bits_per_dim_no_label"] = likelihood(model, levels[:2000])["bits_per_dim"]
    if name in MADE:
        tried = {}
        for guidance in GUIDANCE:
            tried[guidance] = frechet.report(*make(name, CHOICES[name], guidance, seed=1), split="validation")
        best = min(tried, key=lambda g: tried[g]["frechet"])
        out |= {"guidance": best, **frechet.report(*make(name, MADE[name], best))}
        out["validation"] = {
            str(g): {k: row[k] for k in ("frechet", "frechet_n", "recall", "agreement")} for g, row in tried.items()
        }
        if name.startswith("flow"):
            out["steps"] = FLOW_STEPS
    return out


def write(name: str) -> dict:
    """Measure the shipped model `name`; write `data/results/NAME.json` and the numbers into the checkpoint's header."""
    metrics = numbers(name)
    checkpoints.annotate(name, {"metrics": metrics})
    about = {k: v for k, v in checkpoints.header(name).items() if k not in ("network", "config")}
    path = runtime.data_dir() / "results" / f"{name}.json"
    files.write(path, (json.dumps({"name": name, **about}, indent=1) + "\n").encode())
    files.record(checkpoints.folder() / f"{name}.safetensors")
    return metrics
