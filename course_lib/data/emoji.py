"""1,636 emoji in two hands, Noto and Twemoji, 32x32 colour on white, with names and keywords. Built in notebook 04."""

import io
import json

import numpy as np
import torch
from PIL import Image

from course_lib.data import files

SPLITS = ("train", "validation", "test")
SIZE = 32


def _tiles(name: str, count: int) -> torch.Tensor:
    """The first `count` tiles of the mosaic `data/emoji/NAME.webp`, row by row, uint8 [count, 3, 32, 32]."""
    path = f"emoji/{name}.webp"
    with Image.open(io.BytesIO(files.shipped(path)), formats=["WEBP"]) as picture:
        mosaic = torch.from_numpy(np.array(picture.convert("RGB")))
    H, W, C = mosaic.shape
    tiles = mosaic.view(H // SIZE, SIZE, W // SIZE, SIZE, C).permute(0, 2, 4, 1, 3)  # rows, columns, C, 32, 32
    return tiles.reshape(-1, C, SIZE, SIZE)[:count].contiguous()


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """Emoji [N, 3, 32, 32] with `captions` their names and `labels` their group; all ships, so `full` changes nothing.

    "validation" holds (concept, style) pairs: each concept is in "train" in the other style. "test" holds concepts that
    are in neither, in any style, with their man, woman and person variants. `extra` has a column each of "concepts"
    (code points), "styles" ("noto" or "twemoji"), "subgroups" and "keywords" (lists). Built in notebook 04.
    """
    table = json.loads(files.shipped("emoji/emoji.json"))
    concepts, groups, styles = table["concepts"], table["groups"], table["styles"]
    pixels, rows = [], []
    for style in styles:
        parts = {"": "train", style: "validation", "all": "test"}  # held in the other style only: in "train" here
        here = [i for i, concept in enumerate(concepts) if parts.get(concept["held"], "train") == split]
        pixels.append(_tiles(style, len(concepts))[here])
        rows += [(concepts[i], style) for i in here]
    extra = {
        "concepts": [concept["code"] for concept, _ in rows],
        "styles": [style for _, style in rows],
        "subgroups": [concept["subgroup"] for concept, _ in rows],
        "keywords": [concept["keywords"] for concept, _ in rows],
    }
    labels = torch.tensor([groups.index(concept["group"]) for concept, _ in rows])
    return files.Pictures(torch.cat(pixels), labels, [concept["name"] for concept, _ in rows], groups, extra)
