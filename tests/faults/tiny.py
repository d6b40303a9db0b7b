"""A recipe of a second, for trainings that are killed: `python -m faults.tiny train tiny` is `course train tiny`."""

import os
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tiny import denoiser

from course_lib import data
from course_lib.data import Pictures
from course_lib.experiments import models, provenance, repeat
from course_lib.methods import flow
from course_lib.training import RECIPES, Reading, Recipe, checkpoints, fit

STEPS = 40
REAL = (repeat.flops_per_picture, repeat.code_version, provenance.code_version, repeat.fit, models.numbers)


def pictures(split: str, full: bool) -> Pictures:
    """Twenty-four grey pictures of 8×8."""
    pixels = torch.randint(256, (24, 1, 8, 8), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return Pictures(pixels, torch.arange(24) % 3, None, ["a", "b", "c"])


def register(steps: int = STEPS, every: float = 120.0) -> None:
    """Add the recipe `tiny`; its state is written every `every` seconds."""
    data.SETS["tiny"] = SimpleNamespace(SPLITS=("train",), load=pictures, OFFICIAL=[])
    RECIPES["tiny"] = Recipe(
        lambda: denoiser(torch.float32),
        partial(flow.loss, drop=0.1),
        Reading(lambda pictures: pictures.floats()),
        "a transformer on 2×2 patches of 24 pictures",
        steps=steps,
        batch=8,
        lr=2e-3,
        muon=0.02,
        ema=0.9,
        data="tiny",
    )
    repeat.flops_per_picture = lambda name: 1  # counted with pictures of 28×28
    repeat.code_version = provenance.code_version = lambda: "test"  # git is slow, and says nothing here
    repeat.fit = partial(fit, every=every)
    models.numbers = lambda name: {"loss": 1.0}


def forget() -> None:
    """Take back what `register` did in this process."""
    RECIPES.pop("tiny", None), data.SETS.pop("tiny", None)
    repeat.flops_per_picture, repeat.code_version, provenance.code_version, repeat.fit, models.numbers = REAL


def weights(folder: Path) -> str:
    """sha256 of the weights of folder/data/checkpoints/tiny.safetensors; "" where the course refuses it."""
    with mock.patch.dict(os.environ, COURSE_DATA=str(folder / "data")):
        try:
            checkpoints.load("tiny")
            return checkpoints.header("tiny")["weights"]
        except checkpoints.CheckpointError:
            return ""


def whole(path: Path) -> bool:
    """Whether a training state is a whole safetensors file."""
    try:
        return bool(load_file(path))
    except SafetensorError:
        return False


torch.set_num_threads(1)

if __name__ == "__main__":
    from course_lib.__main__ import main

    register()
    sys.exit(main())
