"""1,636 emoji in two hands, Noto and Twemoji, 32x32 colour on white, with names and keywords. Built in notebook 04."""

import io
import json
import re
import zlib

import numpy as np
import torch
from PIL import Image

from course_lib.data import files
from course_lib.data.scenes import cut

SPLITS = ("train", "validation", "test")
SIZE = 32


def _tiles(name: str, count: int) -> torch.Tensor:
    """The first `count` tiles of the mosaic `data/emoji/NAME.webp`, row by row, uint8 [count, 3, 32, 32]."""
    with Image.open(io.BytesIO(files.shipped(f"emoji/{name}.webp")), formats=["WEBP"]) as picture:
        mosaic = torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1)
    return cut(mosaic[None], SIZE, SIZE)[0, :count].contiguous()


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """Emoji [N, 3, 32, 32] with `captions` their names and `labels` their group; all ships, so `full` changes nothing.

    "validation" holds (concept, style) pairs: each concept is in "train" in the other style. "test" holds concepts that
    are in neither, in any style, with their man, woman and person variants. `extra` has a column each of "concepts"
    (code points), "styles" ("noto" or "twemoji"), "subgroups" and "keywords" (lists). Built in notebook 04.
    """
    concepts, groups, styles = (table()[part] for part in ("concepts", "groups", "styles"))
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


WORDS, BUCKETS = 8, 1024  # words of a name that condition a picture; places of the table they share


def few() -> files.Pictures:
    """Two pictures, to count operations with."""
    return load("train")[:2]


def table() -> dict:
    """`concepts`, `groups` and `styles` as they ship."""
    return json.loads(files.shipped("emoji/emoji.json"))


def subgroups() -> list[str]:
    """The names of all subgroups, in order of their first emoji."""
    return list(dict.fromkeys(concept["subgroup"] for concept in table()["concepts"]))


def conditions_count() -> int:
    """How many different labels `conditions` can hold; this number itself means "no label"."""
    return len(table()["styles"]) + len(subgroups()) + BUCKETS


def conditions(pictures: files.Pictures) -> torch.Tensor:
    """Labels `[N, 10]` for a model: style, subgroup, and up to eight words of the name, each in its bucket of 1,024.

    Buckets are fixed by a checksum, so that two words may share one; places without a word hold "no label".
    """
    styles, groups, null = table()["styles"], subgroups(), conditions_count()
    rows = []
    for style, group, name in zip(pictures.extra["styles"], pictures.extra["subgroups"], pictures.captions):
        ids = [len(styles) + len(groups) + bucket(word) for word in words(name)[:WORDS]]
        row = [styles.index(style), len(styles) + groups.index(group), *ids]
        rows.append(row + [null] * (2 + WORDS - len(row)))
    return torch.tensor(rows)


def words(name: str) -> list[str]:
    """The words of a name, in small letters."""
    return re.findall(r"[a-z0-9]+", name.lower())


def bucket(word: str) -> int:
    """The same number below 1,024 for the same word everywhere."""
    return zlib.crc32(word.encode()) % BUCKETS


def mirrors(pictures: files.Pictures, i: int) -> bool:
    """Whether emoji i means the same in a mirror: not letters, signs, arrows, hands of a clock, left or right."""
    turned = {"left", "right", "clock", "leftwards", "rightwards", "o"} & set(words(pictures.captions[i]))
    return not turned and pictures.names[pictures.labels[i]] not in ("Symbols", "Flags")
