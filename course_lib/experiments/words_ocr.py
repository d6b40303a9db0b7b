"""A second judge of signs: a real OCR engine, and how often it errs on clean ones. Read in notebook 15."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torch import Tensor

from .. import runtime
from ..data import signs
from ..measure import grade
from ..training import RECIPES, checkpoints, draw
from ..training.recipes.signs import told
from . import Found
from .provenance import tidy
from .rows import rows

MODELS = ("token-ar-signs", "masked-signs", "dit-signs")
N, LARGER, MARGIN = 200, 4, 30  # signs; times as large, and pixels of white paper around, as engines like it
OPTIONS = ("--psm", "7", "-c", "tessedit_char_whitelist=ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # one line of capital letters


def there() -> bool:
    """Whether the engine, the program `tesseract`, is on this machine: the course goes on without it."""
    return shutil.which("tesseract") is not None


def page(sign: Tensor) -> Image.Image:
    """A sign uint8 `[3, 16, 48]` as the engine gets it: grey, from black to white, enlarged, on white paper."""
    grey = ImageOps.autocontrast(Image.fromarray(sign.permute(1, 2, 0).contiguous().numpy()).convert("L"))
    large = grey.resize((LARGER * grey.width, LARGER * grey.height), Image.Resampling.BICUBIC)
    return ImageOps.expand(large, MARGIN, 255)


def read(pixels: Tensor) -> list[str]:
    """What the engine reads on signs uint8 `[N, 3, 16, 48]`; without it an error that says how to get it."""
    if not there():
        raise FileNotFoundError("tesseract is not installed: on Debian or Ubuntu, apt-get install tesseract-ocr.")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i:05}.png" for i in range(len(pixels))]
        for path, sign in zip(paths, pixels):
            page(sign).save(path)
        names = Path(folder) / "names.txt"
        names.write_text("\n".join(map(str, paths)), encoding="utf-8")
        only = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        work = subprocess.run(
            ["tesseract", str(names), "stdout", *OPTIONS], env=only, check=True, capture_output=True, encoding="utf-8"
        )
    pages = work.stdout.split("\f")[: len(pixels)]
    return ["".join(text.split()) for text in pages]


def words_ocr() -> Found:
    """Signs of the shipped models, read by an OCR engine too, beside clean signs: its ceiling (2 minutes)"""
    version = subprocess.run(["tesseract", "--version"], capture_output=True, encoding="utf-8").stdout.split("\n")[0]
    found = rows("words-ocr", [{"model": name} for name in ("clean", *MODELS)], judged, n=N, engine=version)
    return Found({"engine": version, "n": N, "rows": found}, tidy(found, "words", ("ocr", "exact", "agree")))


def judged(model: str) -> dict:
    """Held-out words of one model: right by the engine, right by the parser, and how often both say the same."""
    asked = signs.sample(N, runtime.generator(7), "held")
    if model == "clean":
        row, pixels = {"family": "data"}, signs.render_sign(*asked)
    else:
        row = {"family": RECIPES[model].family, "budget_flops": checkpoints.header(model)["train_flops"]}
        pixels = draw(model, told(*asked), generator=runtime.generator(5)).cpu()
    by_engine, (by_parser, _, _, sure) = read(pixels), signs.read_sign(pixels)
    hits = torch.tensor([a == b for a, b in zip(by_engine, asked[0])])
    right = torch.tensor([a == b for a, b in zip(by_parser, asked[0])]) & sure
    wrong = [[meant, said] for meant, said, hit in zip(asked[0], by_engine, hits.tolist()) if not hit]
    row |= {"n": N, "misread": wrong[:8], **grade.share(hits, "ocr"), **grade.share(right, "exact")}
    return row | grade.share(hits == right, "agree")
