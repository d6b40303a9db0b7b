"""Bits per dimension: of a model, exactly, and of the codecs that are its rivals. Built in notebook 01."""

import io
import lzma
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, features
from torch import Tensor

from ..methods import autoregressive
from ..training.parts import in_parts


def bits_per_dim(nats: Tensor | float, dims: int) -> Tensor | float:
    """Nats a picture as bits a dimension: divided by `dims` (pixels times channels) and by ln 2."""
    if dims < 1:
        raise ValueError(f"dims={dims} must be at least 1: the number of pixels times channels.")
    return nats / (dims * math.log(2))


def mean_and_interval(values: Tensor, name: str) -> dict[str, float]:
    """`name`, `name_low` and `name_high`: the mean of `values [N]` with its 95 % interval (normal, over pictures)."""
    values = values.double()
    mean = float(values.mean())
    half = 1.96 * float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def likelihood(model: Callable, tokens: Tensor, labels: Tensor | None = None, chunk: int = 50) -> dict[str, float]:
    """Exact bits a dimension of `tokens [N, …]` (uint8 or int64) under an autoregressive model, in chunks.

    Gives `nats` (mean a picture), `bits_per_dim` with `bits_per_dim_low` and `_high` (95 %, over pictures), and `n`.
    Dimensions are tokens: right for models of pixels.
    """
    if len(tokens) == 0:
        raise ValueError("tokens is empty: give at least one picture.")
    asked = tokens.new_zeros(len(tokens), 0) if labels is None else labels  # nothing, for each picture
    price = lambda x, y: autoregressive.nats(model, x.long(), None if labels is None else y)  # noqa: E731
    where = next((p.device for p in getattr(model, "parameters", list)()), tokens.device)
    nats, dims = in_parts(price, tokens, asked, size=chunk, device=where).double(), tokens[0].numel()
    bits = bits_per_dim(nats, dims)
    return {"nats": float(nats.mean()), **mean_and_interval(bits, "bits_per_dim"), "n": len(bits)}


def mosaic(levels: Tensor, columns: int = 100) -> np.ndarray:
    """One big uint8 picture of grey `levels [N, H, W]`, so that a file's header is paid once; the rest stays black."""
    N, H, W = levels.shape
    rows = -(-N // columns)
    sheet = np.zeros((rows, columns, H, W), np.uint8)
    sheet.reshape(-1, H, W)[:N] = levels.numpy()
    return sheet.transpose(0, 2, 1, 3).reshape(rows * H, columns * W)


def codec_bits(levels: Tensor) -> dict[str, float]:
    """Bits a pixel of real lossless codecs on one mosaic of grey `levels [N, H, W]` (uint8), best settings of each.

    PNG, WebP (on bands of the mosaic: that suits it better) and, where Pillow has it, JPEG 2000, and LZMA over the
    bytes picture by picture: rivals with the same pixels and levels as the model.
    """
    if levels.dtype != torch.uint8 or levels.ndim != 3:
        raise ValueError(f"levels must be uint8 [N, H, W], not {levels.dtype} {tuple(levels.shape)}.")
    grey, pixels = Image.fromarray(mosaic(levels)), levels.numel()
    settings = {"PNG": [{"optimize": True}], "WebP": [{"lossless": True, "quality": 100, "method": 6, "exact": True}]}
    if levels.numel() and levels.max() < 16:
        settings["PNG"].append({"optimize": True, "bits": 4})  # two pixels a byte
    if features.check("jpg_2000"):
        settings["JPEG 2000"] = [{"irreversible": False}, {"irreversible": False, "num_resolutions": 1}]
    bits = {}
    for codec, choices in settings.items():
        high = 280 if codec == "WebP" else grey.height  # 1,000 pictures of 28×28
        bands = [(0, y, grey.width, min(y + high, grey.height)) for y in range(0, grey.height, high)]
        sizes = [sum(len(encode(grey.crop(band), codec, **how)) for band in bands) for how in choices]
        bits[codec] = min(sizes) * 8 / pixels
    bits["LZMA"] = len(lzma.compress(levels.numpy().tobytes(), preset=9)) * 8 / pixels
    return bits


def encode(sheet: Image.Image, codec: str, **settings) -> bytes:
    """The file that a codec makes of a grey sheet; every pixel comes back from it."""
    if codec == "WebP":
        sheet = sheet.convert("RGB")
    elif "bits" in settings:  # PNG packs only pictures with a palette
        sheet = Image.frombytes("P", sheet.size, sheet.tobytes())
        sheet.putpalette([grey for grey in range(2 ** settings["bits"]) for _ in range(3)])
    file = io.BytesIO()
    sheet.save(file, format=codec.replace(" ", ""), **settings)
    return file.getvalue()
