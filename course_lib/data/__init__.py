"""Floor 1: pictures with labels and captions, verified by checksum. Built in notebook 01."""

from course_lib.data import captions, cifar, emoji, fashion, mnist, signs
from course_lib.data.files import Pictures
from course_lib.data.folder import folder

SETS = {
    "fashion": fashion,
    "emoji": emoji,
    "mnist-binary": mnist,
    "cifar10": cifar,
    "scenes": captions,
    "signs": signs,
}


def load(name: str, split: str = "train", full: bool = False) -> Pictures:
    """The pictures of a set: `load("fashion")`, `load("fashion", "test")`; `full=True` for all there are, downloaded.

    Splits are "train", "validation" and "test", of signs "train", "held" and "bigrams". "fashion" and "emoji" ship,
    "scenes" and "signs" are drawn; "mnist-binary" and "cifar10" are fetched once; only "fashion" has more than it
    ships, so only there `full` matters.
    Built in notebook 01.
    """
    if name not in SETS:
        raise ValueError(f"name={name!r} is not a set of pictures. Choose one of {', '.join(SETS)}.")
    chosen = SETS[name]
    if split not in chosen.SPLITS:
        raise ValueError(f"split={split!r} is not a part of {name}. Choose one of {', '.join(chosen.SPLITS)}.")
    return chosen.load(split, full)
