"""The one published draw of binary MNIST, with which the older papers measure. Built in notebook 02.

Salakhutdinov and Murray 2008, "On the quantitative analysis of deep belief networks"; files by Larochelle.
"""

import numpy as np
import torch

from course_lib.data import files
from course_lib.data.download import Remote, content

SPLITS = ("train", "validation", "test")
_SITE = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"
OFFICIAL = [  # the site gives no checksums; these are what TensorFlow Datasets publishes for its files
    Remote(f"{_SITE}/binarized_mnist_{part}.amat", "mnist-static", None, sha256)
    for part, sha256 in (
        ("train", "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d"),
        ("valid", "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2"),
        ("test", "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c"),
    )
]


def parse(raw: bytes, name: str) -> torch.Tensor:
    """Rows of 784 zeros and ones in text, as uint8 0 or 255 [N, 1, 28, 28]; ValueError names the file."""
    digits = np.frombuffer(raw, np.uint8)
    digits = digits[~np.isin(digits, list(b" \r\n"))]
    if len(digits) == 0 or len(digits) % 784 or not np.isin(digits, list(b"01")).all():
        raise ValueError(f"{name} is not rows of 784 zeros and ones. Delete it from the cache and fetch it again.")
    return torch.from_numpy((digits - ord("0")) * np.uint8(255)).view(-1, 1, 28, 28)


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """50,000 train, 10,000 validation or 10,000 test digits, 0 or 255; `full` changes nothing. Built in notebook 02.

    They were published without labels, so all are of the one class "digit".
    """
    remote = OFFICIAL[SPLITS.index(split)]
    pixels = parse(content(remote), remote.file)
    return files.Pictures(pixels, torch.zeros(len(pixels), dtype=torch.int64), None, ["digit"])
