"""How well the parser of scenes bears what generators do to pictures. Read in notebook 13."""

import torch
import torch.nn.functional as F

from ..data import results, scenes
from ..data.scenes import EASY, Layout
from . import Found


def scene_parser() -> Found:
    """What the parser of scenes reads right, wrong, or not at all, under noise, blur and in mere noise"""
    rows, n = robustness(), 3000
    shown = [{"model": row["what"], "n": n, **row} for row in rows]
    return Found({"n": n, "rows": rows}, results.tidy(shown, "parse", ("correct", "abstained", "wrong"), seed=0))


def robustness(n: int = 3000, layout: Layout = EASY, seed: int = 0) -> list[dict]:
    """How the parser of scenes bears noise, blur and mere noise: rows of `what`, `correct`, `abstained`, `wrong`."""
    generator = torch.Generator().manual_seed(seed)
    cells, ground = scenes.sample(n, generator, layout)
    clean = scenes.render(cells, ground, layout).float() / 127.5 - 1
    noise = torch.randn(clean.shape, generator=generator)
    pictures = {f"noise {sigma}": clean + 2 * sigma * noise for sigma in (0.05, 0.1, 0.15, 0.2, 0.3)}
    padded = F.pad(clean, (0, 1, 0, 1), mode="replicate")
    pictures["half a pixel"] = F.avg_pool2d(padded, 2, stride=1)
    pictures["only noise"] = torch.rand(clean.shape, generator=generator) * 2 - 1
    rows = []
    for what, x in pictures.items():
        made, on, sure = scenes.parse(x, layout)
        same = (made == cells).all(1) & (on == ground)
        counts = {"correct": same & sure, "abstained": ~sure, "wrong": sure & ~same}
        rows.append({"what": what} | {name: float(hits.double().mean()) for name, hits in counts.items()})
    return rows
