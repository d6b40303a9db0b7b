"""The films on the front page, as one small picture: `python book/film.py` makes data/figures/film.png again.

Grey tiles of 28 by 28 pixels. Row r is a garment; column 0 is the one written pixel by pixel, finished (what was there
after k steps are its first k pixels); the columns after it are the one out of noise, from noise to the end.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from course_lib import runtime
from course_lib.data import files
from course_lib.show import hero


def sheet(made) -> Image.Image:
    """The films of `hero.films()` as a sheet of tiles."""
    half = len(made) // 2
    rows = [
        np.concatenate([written.frames[-1].numpy(), *noise.frames.numpy()], axis=1)
        for written, noise in zip(made[:half], made[half:])
    ]
    return Image.fromarray(np.concatenate(rows), mode="L")


def save(path: Path | None = None) -> Path:
    """Write the sheet with the shipped models' pictures."""
    path, file = path or runtime.data_dir() / "figures" / "film.png", io.BytesIO()
    sheet(hero.films()).save(file, format="PNG", optimize=True)
    files.write(path, file.getvalue())
    return path


if __name__ == "__main__":
    print(save())
