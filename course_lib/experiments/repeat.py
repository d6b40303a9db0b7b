"""Repeat a recipe: `course train NAME` ends here, with a checkpoint that says how it was made."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from .. import data, runtime
from ..data import files
from ..networks.layers import FLOPS
from ..training import RECIPES, Batches, Recipe, Run, checkpoints, fit
from . import lock, several
from .compiled import compiled
from .provenance import code_version, hardware


def train(name: str, *, steps: int | None = None, progress: bool = True) -> Run:
    """Repeat the recipe `name` and write `data/checkpoints/NAME.safetensors.xz`; interrupted, it goes on next time."""
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; there are: {', '.join(RECIPES)}.")
    unfinished = runtime.cache_dir() / "training" / f"{name}.safetensors"
    with lock.alone(unfinished, f"a training of {name}") if several.first() else nullcontext():
        return _trained(name, unfinished, steps, progress)


def _trained(name: str, unfinished: Path, steps: int | None, progress: bool) -> Run:
    recipe, code, target = RECIPES[name], code_version(), checkpoints.path_of(name)
    pictures = None
    if recipe.batches is None:
        with several.in_turn():
            pictures = data.load(recipe.data, split="train", full=True)
    runtime.seed(0)
    model = recipe.build()
    batches = Batches(*_encoded(recipe, pictures), recipe.batch) if pictures else recipe.batches()
    if several.first():
        files.sweep(unfinished)
        files.sweep(target)
    if recipe.start is not None and not unfinished.exists():
        recipe.start(model, batches.x if pictures else batches(0)[0])
    model = recipe.trained(model)
    dials = {"steps": recipe.steps if steps is None else steps, "lr": recipe.lr, "muon": recipe.muon, "ema": recipe.ema}
    compiled(model, recipe.loss, batches, dials["steps"])
    run = fit(
        model, recipe.loss, batches, **dials, checkpoint=unfinished, recipe=name, team=several.team(), progress=progress
    )
    if run.finished and several.first():
        checkpoints.save(target, getattr(run.ema, "student", run.ema), about(name, run, pictures, code))
        unfinished.unlink(missing_ok=True)
    return run


def _encoded(recipe: Recipe, pictures: data.Pictures) -> tuple[torch.Tensor, torch.Tensor]:
    return recipe.reads.encode(pictures), recipe.labels(pictures)


def about(name: str, run: Run, pictures: data.Pictures | None, code: str) -> dict:
    """What a checkpoint's header and its result file say of how it was made."""
    recipe = RECIPES[name]
    return {
        "recipe": name,
        "about": recipe.about,
        "code": code,
        "data": {"name": recipe.data, **(checksum(pictures) if pictures else {"pictures": run.step * recipe.batch})},
        "seeds": [0],
        "steps": run.step,
        "batch": recipe.batch,
        "hardware": hardware(),
        **({"processes": several.count()} if several.count() > 1 else {}),
        "train_seconds": round(run.seconds),
        "train_flops": run.step * recipe.batch * flops_per_picture(name),
        **({"uses": {used: checkpoints.header(used)["train_flops"] for used in recipe.uses}} if recipe.uses else {}),
        "parameters": sum(p.numel() for p in getattr(run.model, "student", run.model).parameters()),
        "train_loss": round(sum(run.losses[-200:]) / len(run.losses[-200:]), 5),
    }


def checksum(pictures: data.Pictures) -> dict:
    """How many pictures a model was trained on, and the sha256 of their pixels and labels."""
    whole = pictures.pixels.numpy().tobytes() + pictures.labels.numpy().tobytes()
    return {"pictures": len(pictures), "sha256": files.sha256(whole)}


def flops_per_picture(name: str, model: torch.nn.Module | None = None, loss: Callable | None = None) -> int:
    """Floating-point operations of one training step for one picture: three times a forward pass, as is usual.

    `model` is another network for the same recipe. Of a loss that is told several `blocks` it is the mean over them.
    """
    recipe = RECIPES[name]
    loss = loss or recipe.loss
    blocks = getattr(loss, "keywords", {}).get("blocks", ())
    if len(blocks) > 1:
        each = [flops_per_picture(name, model, partial(loss, blocks=(block,))) for block in blocks]
        return round(sum(each) / len(each))
    model = recipe.trained(model or recipe.build()).eval()
    few = recipe.batches()(0) if recipe.batches else _encoded(recipe, _blank(recipe.data))

    def count(n: int) -> int:
        batch = tuple(part[:n].long() if part.dtype == torch.uint8 else part[:n] for part in few)
        with FlopCounterMode(display=False, custom_mapping=FLOPS) as counter, torch.no_grad():
            loss(model, batch, generator=torch.Generator().manual_seed(0))
        return counter.get_total_flops()

    if recipe.untrained:  # which pictures ask the teacher is drawn: only many tell
        return round((3 - 2 * recipe.untrained) * count(len(few[0])) / len(few[0]))
    one, two = count(1), count(2)
    return round(3 * (two - one + (2 * one - two) / recipe.batch))  # what a batch shares is counted once


def _blank(name: str) -> data.Pictures:
    if few := getattr(data.SETS[name], "few", None):
        return few()
    pixels, labels = torch.zeros(2, 1, 28, 28, dtype=torch.uint8), torch.zeros(2, dtype=torch.long)
    return data.Pictures(pixels, labels, None, [str(i) for i in range(10)])
