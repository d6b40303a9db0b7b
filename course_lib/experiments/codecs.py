"""What real codecs and counted neighbours pay for the same pixels. Read in notebooks 01 and 02."""

import PIL
import torch

from .. import data, measure
from ..data.levels import to_levels
from ..methods.counting import Counts
from . import Found, provenance


def codecs() -> Found:
    """Bits a pixel of real codecs, and of counted neighbours, on all 10,000 test pictures at 256 and at 16 levels"""
    train, test = data.load("fashion").pixels, data.load("fashion", "test").pixels
    neighbours = {
        "2": [(0, -1), (-1, 0)],
        "3": [(0, -1), (-1, 0), (-1, -1)],
        "4": [(0, -1), (-1, 0), (-1, -1), (-1, 1)],
    }
    metrics = {"data": "fashion, test, one mosaic", "n": len(test), "pillow": PIL.__version__}
    for levels in (256, 16):
        seen, tokens = (to_levels(pixels, levels).to(torch.uint8) for pixels in (train, test))
        bits = measure.codec_bits(tokens)
        for name, offsets in neighbours.items():
            model = Counts(seen, offsets, levels, coarse=16)
            bits[f"{name} neighbours"] = measure.likelihood(model, tokens)["bits_per_dim"]
        metrics[f"levels_{levels}"] = {name: round(value, 4) for name, value in bits.items()}
    shown = [{"model": name, "bits_per_dim": bits} for name, bits in metrics["levels_256"].items()]
    return Found(metrics, provenance.tidy(shown, "likelihood", ("bits_per_dim",), family="codec"))
