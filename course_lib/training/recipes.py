"""The named recipes that made every shipped checkpoint: `course train NAME` repeats one."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from .. import data, runtime
from ..data.levels import shrink
from ..data.mnist import binarise
from ..methods import autoregressive, flow
from ..networks import (
    Classifier,
    ClassifierConfig,
    PixelCNN,
    PixelCNNConfig,
    Transformer,
    TransformerConfig,
)
from ..networks.layers import FLOPS
from . import checkpoints
from .fit import Batches, Run, fit


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, how, for how long."""

    build: Callable[[], nn.Module]
    loss: Callable
    prepare: Callable[[data.Pictures], Tensor]  # pictures to what the loss wants
    about: str
    steps: int
    batch: int = 64
    lr: float = 1e-3
    muon: float = 0.0
    ema: float = 0.999
    data: str = "fashion"


def tokens(pictures: data.Pictures) -> Tensor:
    """256 levels in raster order, `[N, T]`."""
    return pictures.pixels.flatten(1)


def small_tokens(pictures: data.Pictures) -> Tensor:
    """14×14 pictures in 256 levels in raster order, `[N, 196]`."""
    return shrink(pictures.pixels, 2).flatten(1)


def classify(model: nn.Module, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """Cross-entropy of the classifier on pictures shifted by up to two pixels."""
    x, labels = batch
    dy, dx = torch.randint(-2, 3, (2,), generator=generator).tolist()
    return F.cross_entropy(model(x.roll((dy, dx), (2, 3))), labels, label_smoothing=0.05)


def _pixels(size: int, depth: int) -> Transformer:
    return Transformer(TransformerConfig(grid=(size, size), inputs=256, classes=10, depth=depth))


def _flow() -> Transformer:
    config = TransformerConfig(grid=(7, 7), inputs=1, patch=4, classes=10, context=0, blocks=(49,), adaln=True)
    return Transformer(config)


def binary(model: nn.Module, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """The autoregressive loss on pixels drawn anew, black or white, from their grey value at every step."""
    grey, labels = batch
    on = binarise(grey.cpu().to(torch.uint8), generator) > 0
    return autoregressive.loss(model, (on.long().to(grey.device), torch.zeros_like(labels)), generator=generator)


RECIPES: dict[str, Recipe] = {
    "features-fashion": Recipe(
        lambda: Classifier(ClassifierConfig()),
        classify,
        lambda pictures: pictures.floats(),
        "the classifier whose 64 features measure pictures; frozen before any generator was trained",
        steps=4500,
        batch=128,
        lr=2e-3,
    ),
    "pixelcnn-fashion": Recipe(
        lambda: PixelCNN(PixelCNNConfig(classes=10)),
        partial(autoregressive.loss, drop=0.1),
        lambda pictures: pictures.pixels[:, 0],
        "gated PixelCNN with two stacks, 28×28, 256 levels, by class",
        steps=2200,
        batch=16,
        lr=1.5e-3,
    ),
    "pixel-transformer-fashion": Recipe(
        lambda: _pixels(28, 5),
        partial(autoregressive.loss, drop=0.1),
        tokens,
        "causal transformer over 784 pixels, 256 levels, by class",
        steps=2400,
        batch=16,
        lr=3e-3,
        muon=0.02,
        ema=0.998,
    ),
    "flow-fashion": Recipe(
        _flow,
        partial(flow.loss, drop=0.1),
        lambda pictures: pictures.floats(),
        "flow matching with a transformer on 4×4 patches, by class",
        steps=5000,
        batch=64,
        lr=1e-3,
        muon=0.02,
    ),
    "pixelcnn-mnist-binary": Recipe(
        lambda: PixelCNN(PixelCNNConfig(levels=2, channels=32, layers=7)),
        binary,
        lambda pictures: pictures.pixels[:, 0],
        "gated PixelCNN on binarised MNIST, for comparison with published nats",
        steps=1000,
        batch=32,
        lr=2e-3,
        data="mnist-binary",
    ),
}


def train(name: str, *, steps: int | None = None, progress: bool = True) -> Run:
    """Repeat the recipe `name` and write `data/checkpoints/NAME.safetensors`; interrupted, it goes on next time."""
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; there are: {', '.join(RECIPES)}.")
    recipe = RECIPES[name]
    pictures, code = data.load(recipe.data, split="train", full=True), code_version()
    runtime.seed(0)
    model = recipe.build()
    x = recipe.prepare(pictures)
    batches = Batches(x, pictures.labels, recipe.batch)
    unfinished = runtime.cache_dir() / "training" / f"{name}.safetensors"
    run = fit(
        model,
        recipe.loss,
        batches,
        steps=recipe.steps if steps is None else steps,
        lr=recipe.lr,
        muon=recipe.muon,
        ema=recipe.ema,
        checkpoint=unfinished,
        progress=progress,
    )
    if run.finished:
        checkpoints.save(checkpoints.folder() / f"{name}.safetensors", run.ema, about(name, run, pictures, code))
        unfinished.unlink(missing_ok=True)
    return run


def about(name: str, run: Run, pictures: data.Pictures, code: str) -> dict:
    """What a checkpoint's header and its result file say of how it was made."""
    recipe = RECIPES[name]
    return {
        "recipe": name,
        "about": recipe.about,
        "code": code,
        "data": {"name": recipe.data, "pictures": len(pictures), "sha256": checksum(pictures)},
        "seeds": [0],
        "steps": run.step,
        "batch": recipe.batch,
        "hardware": hardware(),
        "train_seconds": round(run.seconds),
        "train_flops": run.step * recipe.batch * flops_per_picture(name),
        "parameters": sum(p.numel() for p in run.model.parameters()),
        "train_loss": round(sum(run.losses[-200:]) / len(run.losses[-200:]), 5),
    }


def checksum(pictures: data.Pictures) -> str:
    """sha256 of the pixels and labels a model was trained on."""
    return hashlib.sha256(pictures.pixels.numpy().tobytes() + pictures.labels.numpy().tobytes()).hexdigest()


def flops_per_picture(name: str) -> int:
    """Floating-point operations of one training step for one picture: three times a forward pass, as is usual."""
    recipe = RECIPES[name]
    model = recipe.build().eval()
    x = recipe.prepare(_blank())
    x = x.long() if x.dtype == torch.uint8 else x
    with FlopCounterMode(display=False, custom_mapping=FLOPS) as counter, torch.no_grad():
        recipe.loss(model, (x, torch.zeros(len(x), dtype=torch.long)))
    return 3 * counter.get_total_flops() // len(x)


def _blank() -> data.Pictures:
    pixels, labels = torch.zeros(2, 1, 28, 28, dtype=torch.uint8), torch.zeros(2, dtype=torch.long)
    return data.Pictures(pixels, labels, None, [str(i) for i in range(10)])


def code_version() -> str:
    """The commit of the code, with + where files were changed since; "unknown" outside a checkout."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout
        dirty = subprocess.run([*git, "status", "--porcelain", "."], capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.strip() + ("+" if dirty else "")


def hardware() -> str:
    """The processor or GPU that does the work, with threads and precision."""
    dtype = str(runtime.precision()[0]).removeprefix("torch.")
    if runtime.device().type == "cuda":
        return f"{torch.cuda.get_device_name()}, {dtype}"
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {torch.get_num_threads()} thread(s), {dtype}"


def result(name: str) -> dict:
    """The shipped result `data/results/NAME.json`."""
    path = runtime.data_dir() / "results" / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: repeat it with `course train {name}`, or get it back with git.")
    return json.loads(path.read_text())
