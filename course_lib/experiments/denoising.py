"""Patch size, two invisible details, guidance and its interval, measured on transformers that denoise. Notebook 11."""

import time
from collections.abc import Callable

import torch

from .. import data, runtime
from ..data.levels import to_bytes
from ..measure import cost, frechet
from ..methods import flow
from ..networks import Transformer, TransformerConfig
from ..training import Batches, fit, make
from . import Found, provenance
from .rows import folder, rows, whole

WHOLE, SHORT = 3e12, 1e12  # operations of training of a run: forward times three
RUNS = [  # patch, embeddings' scale at the start, time shift, operations
    (2, 0.5, 1.0, WHOLE),
    (4, 0.5, 1.0, WHOLE),
    (7, 0.5, 1.0, WHOLE),
    (7, 0.5, 1.0, SHORT),
    (7, 0.02, 1.0, SHORT),
    (7, 0.5, 3.0, SHORT),
    (7, 0.02, 3.0, SHORT),
]
MADE, STEPS = 500, 10
NUMBERS = ("frechet_relative", "recall", "agreement")
TIMES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95)
MODEL, SCALES, INTERVAL, GUIDED_STEPS = "dit-fashion", (1.0, 1.5, 2.0, 3.0, 5.0), (0.2, 0.8), 8


def network(patch: int, std: float = 0.5) -> Transformer:
    """A fresh small transformer that denoises 28×28 pictures in patches; `std` is the scale of its embeddings."""
    side = 28 // patch
    shape = {"grid": (side, side), "vector": patch**2, "groups": (side * side,), "clock": 1, "context": 0}
    model = Transformer(TransformerConfig(**shape, classes=10, width=96, depth=4))
    with torch.no_grad():
        model.position.mul_(std / 0.5)
        model.label.weight.mul_(std / 0.5)
    return model


@torch.no_grad()
def errors(model: Callable, x: torch.Tensor, labels: torch.Tensor, times: tuple[float, ...] = TIMES) -> list[float]:
    """Mean squared error of the velocity at each of `times`, on pictures `x [B, …]`, always with the same noise."""
    noise, found = runtime.noise(len(x), x.shape[1:], torch.Generator().manual_seed(5), like=x.device), []
    for t in times:
        t = torch.full((len(x),), t, device=x.device)
        x_t, velocity = flow.path(x, noise, t)
        with runtime.autocast():
            found.append(float((model(x_t, t, labels) - velocity).square().mean()))
    return found


def patches() -> Found:
    """Patches of 2, 4 and 7 pixels at equal training operations; embeddings' scale and time shift in pairs; one seed"""
    keys = [dict(zip(("patch", "std", "shift", "flops"), run)) for run in RUNS]
    runs = rows("patches", keys, _trained, n=MADE, steps=STEPS)
    tidy = provenance.tidy(runs, "class", NUMBERS, family="noise")
    return Found({"n": MADE, "steps": STEPS, "times": TIMES, "seeds": [0], "runs": runs}, tidy)


def guidance() -> Found:
    """Guidance scale at all times and in the middle only: distance, recall, agreement of the shipped transformer"""
    settings = [(w, interval) for interval in ((0.0, 1.0), INTERVAL) for w in SCALES if w > 1 or interval[0] == 0]
    keys = [{"w": w, "interval": list(interval)} for w, interval in settings]
    found = rows("guidance", keys, _led, n=MADE, steps=GUIDED_STEPS)
    tidy = provenance.tidy(found, "class", NUMBERS, family="noise", model=MODEL)
    return Found({"model": MODEL, "n": MADE, "steps": GUIDED_STEPS, "rows": found}, tidy)


def _trained(patch: int, std: float, shift: float, flops: float) -> dict:
    """One run: what it cost, its errors at fixed times, and what it draws without guidance."""
    pictures, test = data.load("fashion"), data.load("fashion", "test")
    runtime.seed(0)
    model = network(patch, std)
    one = cost.flops(lambda: model(torch.zeros(1, 1, 28, 28), torch.zeros(1), torch.zeros(1, dtype=torch.long)))
    steps = round(flops / (3 * one * 64))

    def loss(model, batch, *, generator=None):
        return flow.loss(model, batch, drop=0.1, shift=shift, generator=generator)

    start, key = time.process_time(), f"patches-{patch}-{std}-{shift}-{flops:g}.safetensors"
    dials = {"steps": steps, "lr": 2e-3, "muon": 0.02, "ema": 0.98, "progress": False}
    batches = Batches(pictures.floats(), pictures.labels)
    run = whole(fit(model, loss, batches, checkpoint=folder("patches") / key, **dials))
    row = {"steps": steps, "flops": steps * 64 * 3 * one, "budget_flops": steps * 64 * 3 * one}
    row |= {
        "tokens": (28 // patch) ** 2,
        "flops_picture": one,
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    row["train_cpu_seconds"] = time.process_time() - start
    row["losses"] = [round(sum(run.losses[i : i + 10]) / len(run.losses[i : i + 10]), 4) for i in range(0, steps, 10)]
    device = runtime.device()
    row["errors"] = errors(run.ema, test.floats()[:200].to(device), test.labels[:200].to(device))
    labels, generator, parts = torch.arange(MADE) % 10, torch.Generator().manual_seed(0), []
    for part in labels.split(100):
        with runtime.autocast():
            drawn = flow.sample(
                run.ema, part.to(device), shape=(1, 28, 28), steps=STEPS, shift=shift, generator=generator
            )
        parts.append(to_bytes(drawn).cpu())
    return row | frechet.report(torch.cat(parts), labels)


def _led(w: float, interval: list[float]) -> dict:
    """The numbers of the shipped model at one scale, led within `interval`."""
    made, labels = make(MODEL, MADE, w, steps=GUIDED_STEPS, interval=interval)
    led = sum(interval[0] <= 1 - i / GUIDED_STEPS <= interval[1] for i in range(GUIDED_STEPS)) if w != 1 else 0
    return {"guidance": w, "calls": GUIDED_STEPS + led, **frechet.report(made, labels)}
