"""Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747): 28x28 grey clothes in ten classes.

20,000 of the 60,000 training pictures and the whole test set ship with the course; `full=True` fetches the rest.
Built in notebook 01.
"""

import lzma

import torch

from course_lib.data import files
from course_lib.data.download import content, mnist_like

NAMES = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
SPLITS = ("train", "validation", "test")
OFFICIAL = mnist_like(
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "fashion",
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)


def _read(name: str) -> torch.Tensor:
    """The tensor in `data/fashion/NAME.idx.xz`."""
    return files.idx(lzma.decompress(files.shipped(f"fashion/{name}.idx.xz")))


def indices(split: str) -> torch.Tensor:
    """Where the shipped pictures of "train" or "validation" stand in the official training file, int64, ascending."""
    return _read(f"{split}-index")


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """18,000 train, 2,000 validation or 10,000 test pictures [N, 1, 28, 28], in official order, classes balanced.

    `full=True` gives all 58,000 official training pictures outside validation as "train" (fetched once, 26 MB).
    Validation and test stay the same. Source: https://github.com/zalandoresearch/fashion-mnist (MIT).
    Built in notebook 01.
    """
    if full and split == "train":
        rest = torch.ones(60_000, dtype=torch.bool)
        rest[indices("validation")] = False
        pixels, labels = (files.idx(content(remote)) for remote in OFFICIAL[:2])
        pixels, labels = pixels[rest], labels[rest]
    else:
        pixels = _read(f"{split}-pixels").transpose(1, 2).contiguous()  # stored column by column: 4 % smaller
        labels = _read(f"{split}-labels")
    return files.Pictures(pixels[:, None], labels.long(), None, list(NAMES))
