"""A notebook's first figure as a picture of one shape, for cards and for shared links; nothing is cut off."""

import base64
import io

from PIL import Image

SIZE = (800, 400)
MARGIN = 20


def cover(png: str, size: tuple[int, int] = SIZE, margin: int = MARGIN) -> Image.Image:
    """The figure (base64 of a PNG) as large as fits into `size`, on a ground of its own colour."""
    figure = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    scale = min((room - 2 * margin) / own for room, own in zip(size, figure.size))
    small = figure.resize([round(scale * own) for own in figure.size], Image.Resampling.LANCZOS)
    ground = Image.new("RGB", size, figure.getpixel((0, figure.height - 1)))
    ground.paste(small, [(room - own) // 2 for room, own in zip(size, small.size)])
    return ground
