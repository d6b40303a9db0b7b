"""How well the parser of scenes bears what generators do to pictures. Read in notebook 13."""

import torch
import torch.nn.functional as F

from ..data import scenes
from ..data.scenes import EASY, Layout
from . import Found, provenance


def scene_parser() -> Found:
    """What the parser of scenes reads right, wrong, or not at all, under noise, blur, in mere noise, and when torn"""
    rows, n = robustness(), 3000
    shown = [{"model": row["what"], **row} for row in rows]
    return Found({"n": n, "rows": rows}, provenance.tidy(shown, "parse", ("correct", "abstained", "wrong"), seed=0))


def robustness(n: int = 3000, layout: Layout = EASY, seed: int = 0) -> list[dict]:
    """How the parser of scenes bears noise, blur, mere noise and broken objects: rows of `what`, `n`, and shares
    of `correct`, `abstained` and `wrong`; of broken objects there is no right reading."""
    generator = torch.Generator().manual_seed(seed)
    cells, ground = scenes.sample(n, generator, layout)
    clean = scenes.render(cells, ground, layout).float() / 127.5 - 1
    noise = torch.randn(clean.shape, generator=generator)
    pictures = {f"noise {sigma}": clean + 2 * sigma * noise for sigma in (0.05, 0.1, 0.15, 0.2, 0.3)}
    padded = F.pad(clean, (0, 1, 0, 1), mode="replicate")
    pictures["half a pixel"] = F.avg_pool2d(padded, 2, stride=1)
    pictures["only noise"] = torch.rand(clean.shape, generator=generator) * 2 - 1
    broken = broken_scenes(cells, ground, generator, layout)
    rows = []
    for what, x in (pictures | broken).items():
        made, on, sure = scenes.parse(x, layout)
        same = torch.zeros_like(sure) if what in broken else (made == cells).all(1) & (on == ground)
        counts = {"correct": same & sure, "abstained": ~sure, "wrong": sure & ~same}
        rows.append({"what": what, "n": len(x)} | {name: float(hits.double().mean()) for name, hits in counts.items()})
    return rows


def broken_scenes(
    cells: torch.Tensor, ground: torch.Tensor, generator: torch.Generator, layout: Layout = EASY
) -> dict[str, torch.Tensor]:
    """Scenes with one object that is none, uint8 [n, 3, H, W]: in "torn" its upper left quarter is bare ground, in
    "chimera" another kind's, in "half and half" its left half is. Where that gives an object again, it is left out."""
    picked = (cells > 0).double().multinomial(1, generator=generator)[:, 0]
    other, row = torch.randint(1, scenes.KINDS + 1, ground.shape, generator=generator), torch.arange(len(cells))
    made = {}
    for what, kind, height in (("torn", 0 * other, 4), ("chimera", other, 4), ("half and half", other, 8)):
        tiles = scenes.TABLE[ground[:, None], cells]
        tiles[row, picked, :, :height, :4] = scenes.TABLE[ground, kind][:, :, :height, :4]
        lawful = (tiles[row, picked][:, None] == scenes.TABLE[ground]).flatten(2).all(2).any(1)
        made[what] = scenes.join(tiles[~lawful], layout.rows, layout.columns)
    return made
