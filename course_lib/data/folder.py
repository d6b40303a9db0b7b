"""A folder of the reader's own pictures, as the course's models take them."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from course_lib.data.files import Pictures

PAPER = (255, 255, 255)  # what shows through where a picture is transparent


def folder(path: str | Path, size: int | tuple[int, int] = 32, grey: bool = False) -> Pictures:
    """Pictures `[N, 3 or 1, *size]` of all files below `path` that Pillow reads; its subfolders are their classes.

    Each is cut to the shape of `size` (a side, or height and width) around its middle, then made as small or large.
    Files that are no whole picture are left out and named in a warning; ValueError where none is left.
    """
    root, (height, width) = Path(path).expanduser(), (size, size) if isinstance(size, int) else size
    if not root.is_dir():
        raise ValueError(f"path={str(path)!r} is no folder. Give one of pictures, or of a subfolder for each class.")
    if min(height, width) < 1:
        raise ValueError(f"size={size} must be a side of at least 1 pixel, or such a (height, width).")
    names = sorted(part.name for part in root.iterdir() if part.is_dir() and not part.name.startswith("."))
    found, broken = [], []
    for label, name in enumerate(names or ["."]):
        for file in sorted(file for file in (root / name).rglob("*") if file.is_file()):
            try:
                found.append((_picture(file, (width, height), grey), label))
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # what Pillow raises
                broken += [file.relative_to(root).as_posix()]
    if broken:
        warnings.warn(f"left out, since they are no whole pictures: {', '.join(broken)}", stacklevel=2)
    if not found:
        raise ValueError(f"path={str(path)!r} holds no file that is a whole picture: give PNG, JPEG, WebP or the like.")
    pixels = torch.from_numpy(np.stack([picture for picture, _ in found])).movedim(-1, 1).contiguous()
    return Pictures(pixels, torch.tensor([label for _, label in found]), None, names or [root.resolve().name])


def _picture(file: Path, size: tuple[int, int], grey: bool) -> np.ndarray:
    """One file as `[H, W, C]` of bytes, upright as its camera meant it, on paper where it is transparent."""
    with Image.open(file) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, (*PAPER, 255)), picture)
    picture = ImageOps.fit(picture.convert("L" if grey else "RGB"), size, Image.Resampling.LANCZOS)
    return np.atleast_3d(np.asarray(picture))
