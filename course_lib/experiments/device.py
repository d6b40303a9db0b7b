"""How fast this device trains and draws every kind of model, and which share of its peak. See book/pages/devices.md."""

import time
from collections.abc import Callable

import torch

from .. import data, runtime
from ..training import RECIPES, Batches, checkpoints, draw, fit
from . import repeat

NAMES = ("pixel-transformer", "token-ar", "masked", "next-scale", "unet-flow", "dit", "latent-dit", "one-step")
SIZES = {"cpu": (64,), "mps": (64,), "cuda": (64, 512)}  # pictures of a training step
DRAWN = {"cpu": (1, 64), "mps": (1, 64), "cuda": (1, 64, 1024)}  # pictures drawn at once
STEPS = {"cpu": 6, "mps": 20, "cuda": 30}
SQUARE = {"cpu": 1024, "mps": 4096, "cuda": 8192}


def device() -> dict:
    """Training and drawing on this device: pictures and tokens a second, memory, share of its measured peak"""
    kind = runtime.device().type
    peak = product(SQUARE[kind])
    rows = [_trained(f"{name}-fashion", size, peak) for name in NAMES for size in SIZES[kind]]
    rows += [_drawn(f"{name}-fashion", size) for name in NAMES for size in DRAWN[kind]]
    return {"peak_flops": peak, "peak_of": f"matrices of {SQUARE[kind]}", "rows": rows}


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The median of `repeats` runs on the clock, after one to warm up; a GPU is waited for."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        _wait()
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[repeats // 2]


def product(side: int) -> float:
    """Operations a second of a product of two square random matrices at `runtime.precision()`: the peak."""
    a = torch.randn(side, side, device=runtime.device(), dtype=runtime.precision()[0])
    return 2 * side**3 / seconds(lambda: a @ a, 5)


def _trained(name: str, size: int, peak: float) -> dict:
    """Steps of the recipe as `course train` makes them, at a batch of `size`."""
    recipe, steps = RECIPES[name], STEPS[runtime.device().type]
    size = min(size, 64) if RECIPES[name].passes > 100 else size
    pictures = data.load(recipe.data)[: max(SIZES["cuda"])]
    batches = Batches(recipe.reads.encode(pictures), recipe.labels(pictures), size)
    marks = []

    def mark(run) -> None:
        _wait()
        marks.append(time.perf_counter())

    _forget()
    runtime.seed(0)
    model = recipe.trained(recipe.build())
    fit(model, recipe.loss, batches, steps=steps, lr=recipe.lr, muon=recipe.muon, callback=mark, progress=False)
    each = sorted(b - a for a, b in zip(marks[2:-1], marks[3:]))[(steps - 4) // 2]
    pace = size / each
    work = pace * repeat.flops_per_picture(name)
    return {
        "what": "training",
        "name": name,
        "batch": size,
        "step_seconds": each,
        "pictures_per_second": pace,
        "tokens_per_second": pace * (model.config.length if hasattr(model.config, "length") else batches.x[0].numel()),
        "flops_per_second": work,
        "share_of_peak": work / peak,
        "peak_mb": _memory(),
    }


def _drawn(name: str, size: int) -> dict:
    """The shipped model, drawn as it is measured: its own number of steps, with guidance."""
    recipe = RECIPES[name]
    size = min(size, 64) if recipe.passes > 100 else size
    _forget()
    model, labels = checkpoints.load(name), (torch.arange(size) % 10).to(runtime.device())
    guidance = 1.5 if len(recipe.guidance) > 1 else 1.0
    took = seconds(lambda: draw(name, labels, model, guidance=guidance), 1 if recipe.passes > 100 else 3)
    return {
        "what": "drawing",
        "name": name,
        "batch": size,
        "seconds": took,
        "pictures_per_second": size / took,
        "peak_mb": _memory(),
    }


def _wait() -> None:
    if runtime.device().type == "cuda":
        torch.cuda.synchronize()


def _forget() -> None:
    if runtime.device().type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _memory() -> float | None:
    """The most memory of the GPU that was in use at once, in MB; None where it can't be known."""
    return torch.cuda.max_memory_allocated() / 1e6 if runtime.device().type == "cuda" else None
