"""Handwritten digits in two levels, black and white (LeCun et al. 1998), fetched at run time. Built in notebook 02.

The bits are drawn anew for training (Burda, Grosse, Salakhutdinov 2016, arXiv 1509.00519), once for all for measuring.
"""

import numpy as np
import torch

from course_lib.data import files
from course_lib.data.download import content, mnist_like

NAMES = [str(digit) for digit in range(10)]
SPLITS = ("train", "validation", "test")
TRAIN = 50_000  # of the official 60,000; the last 10,000 are the validation set, as in the static split
SEEDS = {"validation": 60, "test": 10}  # of the fixed draws
OFFICIAL = mnist_like(
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "mnist",
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)


def binarise(pixels: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """Draw each pixel black or white, 255 with probability pixel / 255: uint8 in, uint8 0 or 255 out, same shape.

    Call it on every training batch: a network that meets fresh bits overfits less. Built in notebook 02.
    """
    if pixels.dtype != torch.uint8:
        raise ValueError(f"pixels must be uint8 (0..255), got {pixels.dtype}. Pass pictures.pixels, not floats.")
    draws = torch.rand(pixels.shape, generator=generator)
    return (draws < pixels.cpu().float() / 255).to(torch.uint8).mul(255).to(pixels.device)


def _fixed(pixels: torch.Tensor, seed: int) -> torch.Tensor:
    """`binarise` with draws that are the same for ever: numpy promises that RandomState's stream never changes."""
    draws = torch.from_numpy(np.random.RandomState(seed).random_sample(tuple(pixels.shape)).astype(np.float32))
    return (draws < pixels.float() / 255).to(torch.uint8).mul(255)


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """50,000 train, 10,000 validation or 10,000 test digits [N, 1, 28, 28], in official order; `full` changes nothing.

    "train" is grey, for `binarise`; validation and test hold 0 or 255, of one draw with a fixed seed.
    Source: the mirror that PyTorch's maintainers keep of LeCun's files. Built in notebook 02.
    """
    start = 2 if split == "test" else 0
    pixels, labels = (files.idx(content(remote)) for remote in OFFICIAL[start : start + 2])
    if split != "test":
        rows = slice(TRAIN) if split == "train" else slice(TRAIN, None)
        pixels, labels = pixels[rows], labels[rows]
    if split in SEEDS:
        pixels = _fixed(pixels, SEEDS[split])
    return files.Pictures(pixels[:, None].clone(), labels.long(), None, list(NAMES))
