"""CIFAR-10 (Krizhevsky 2009): 32x32 colour photographs in ten classes, fetched at run time. For runs of your own."""

import io
import tarfile

import torch

from course_lib.data import files
from course_lib.data.download import Remote, content

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
SPLITS = ("train", "validation", "test")
HELD = 500  # the last so many of each class in the official training order are the validation set
# The "binary version" of the official page, which gives the md5: plain bytes, where the Python version is a pickle.
ARCHIVE = Remote(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "cifar10", "md5:c32a1d4ab5d03f1284b67883e8d87530"
)
OFFICIAL = [ARCHIVE]


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """45,000 train, 5,000 validation or 10,000 test photographs [N, 3, 32, 32], classes balanced, in official order.

    `full` changes nothing. Fetched once, 162 MB. Source: https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    test = split == "test"
    names = ["test_batch.bin"] if test else [f"data_batch_{i}.bin" for i in range(1, 6)]
    with tarfile.open(fileobj=io.BytesIO(content(ARCHIVE))) as archive:  # read by name: nothing is unpacked to the disk
        raw = b"".join(archive.extractfile(f"cifar-10-batches-bin/{name}").read() for name in names)
    rows = torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(-1, 1 + 3 * 32 * 32)  # a label, red, green, blue
    if not test:
        held = torch.cat([(rows[:, 0] == c).nonzero().flatten()[-HELD:] for c in range(len(NAMES))])
        chosen = torch.zeros(len(rows), dtype=torch.bool)
        chosen[held] = True
        rows = rows[chosen if split == "validation" else ~chosen]
    return files.Pictures(rows[:, 1:].reshape(-1, 3, 32, 32).contiguous(), rows[:, 0].long(), None, list(NAMES))
