"""Repeat a recipe: `course train NAME` ends here, with a checkpoint that says how it was made."""

import hashlib
import json
import platform
import subprocess
from contextlib import nullcontext
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from .. import data, runtime
from ..data import files
from ..networks.layers import FLOPS
from . import checkpoints
from .fit import Batches, Run, fit
from .processes import lock, several
from .recipes import RECIPES


def train(name: str, *, steps: int | None = None, progress: bool = True) -> Run:
    """Repeat the recipe `name` and write `data/checkpoints/NAME.safetensors`; interrupted, it goes on next time."""
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; there are: {', '.join(RECIPES)}.")
    unfinished = runtime.cache_dir() / "training" / f"{name}.safetensors"
    with lock.alone(unfinished, f"a training of {name}") if several.first() else nullcontext():
        return _trained(name, unfinished, steps, progress)


def _trained(name: str, unfinished: Path, steps: int | None, progress: bool) -> Run:
    recipe, code, target = RECIPES[name], code_version(), checkpoints.folder() / f"{name}.safetensors"
    with several.in_turn():
        pictures = data.load(recipe.data, split="train", full=True)
    runtime.seed(0)
    model = recipe.build()
    x = recipe.prepare(pictures)
    batches = Batches(x, recipe.labels(pictures), recipe.batch)
    if several.first():
        files.sweep(unfinished)
        files.sweep(target)
    if recipe.start is not None and not unfinished.exists():
        recipe.start(model, x)
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
    if run.finished and several.first():
        checkpoints.save(target, run.ema, about(name, run, pictures, code))
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
        **({"processes": several.count()} if several.count() > 1 else {}),
        "train_seconds": round(run.seconds),
        "train_flops": run.step * recipe.batch * flops_per_picture(name),
        **({"uses": {used: checkpoints.header(used)["train_flops"] for used in recipe.uses}} if recipe.uses else {}),
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
    pictures = _blank(recipe.data)
    x, labels = recipe.prepare(pictures), recipe.labels(pictures)
    x = x.long() if x.dtype == torch.uint8 else x
    with FlopCounterMode(display=False, custom_mapping=FLOPS) as counter, torch.no_grad():
        recipe.loss(model, (x, labels))
    return round((3 - 2 * recipe.untrained) * counter.get_total_flops() / len(x))


def _blank(name: str) -> data.Pictures:
    if name == "emoji":
        return data.load("emoji")[:2]
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
