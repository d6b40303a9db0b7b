"""Holes in scenes, and how well they are filled: in support, against the exact law, at the seam. Notebook 14."""

from functools import lru_cache, partial

import torch
from torch import Tensor

from .. import runtime
from ..data import Pictures, captions, scenes
from ..measure import grade
from .filling import Filled, kept_error, seam
from .oracle import Oracle

ROW, COLUMN = torch.arange(36) // 6, torch.arange(36) % 6
HOLES = {"bottom half": ROW > 2, "top half": ROW < 3, "right third": COLUMN > 3}
HOLES |= {"centre": (ROW % 5 > 0) & (COLUMN % 5 > 0), "five cells": None}
LAW = partial(Oracle, part="train")  # of the models' training: 56 kinds


@lru_cache(maxsize=4)
def pictures(form: str, n: int, seed: int = 0) -> Pictures:
    """New scenes of the training law with captions of a `form`; all forms tell of the same scenes."""
    generator = runtime.generator(seed, 14)
    cells, ground = scenes.sample(n, generator, part="train")
    texts = captions.caption(cells, ground, form, generator)
    columns = {"cells": cells, "ground": ground}
    return Pictures(scenes.render(cells, ground), ground, texts, list(scenes.GROUNDS), columns)


def keeping(hole: str, n: int) -> Tensor:
    """Which patches are kept, bool `[n, 36]`: outside a hole of `HOLES`, or outside five cells drawn for each scene."""
    if HOLES[hole] is not None:
        return ~HOLES[hole].expand(n, -1)
    keep = torch.rand(n, 9, generator=torch.Generator().manual_seed(0)).argsort(1) >= 5
    return keep[:, 3 * (ROW // 2) + COLUMN // 2]


def seen(real: Pictures, keep: Tensor) -> Tensor:
    """Scenes as the oracle reads them: ids of whole patches, the mask where they are not kept."""
    tokens = scenes.ids(scenes.tokens(real.extra["cells"], real.extra["ground"]))
    return tokens.masked_fill(~keep, Oracle.mask_token)


def judged(made: Filled, real: Pictures, keep: Tensor, form: str = "null") -> dict:
    """What is measured of scenes with filled holes; "in support" is a lawful scene that is as it was where it shows."""
    cells, ground, sure = scenes.parse(made.pixels)
    marks = grade.marks(made.pixels, real.captions)
    row = {"n": len(keep), "passes": made.passes, **grade.share(marks["fits"], "in_support")}
    row |= {"torn": float((~sure).double().mean()), "kept_error": kept_error(made, real.pixels, keep)}
    row["seam"] = seam(made.pixels, keep) - seam(real.pixels, keep)
    return row | (law(cells, ground, marks["fits"], real, keep) if form == "null" else {})


def law(cells: Tensor, ground: Tensor, good: Tensor, real: Pictures, keep: Tensor, draws: int = 40) -> dict:
    """Total variation of objects (how many; of which shape and size) in support from the exact law, with floors."""
    row, tokens, oracle = {}, seen(real, keep), LAW()
    if good.sum() < 20:
        return row
    generator = torch.Generator().manual_seed(2)
    exact = torch.cat([oracle.sample(tokens[good], generator)[0] for _ in range(draws)])
    new = (keep[:, oracle.order].sum(-1) == 0)[good]  # cells that are hidden as a whole
    found, exact = cells[good], exact.view(draws, -1, 9)
    for name, of in {"objects": found, "objects_exact": exact}.items():
        row[name] = float(count(of, new).double().mean())  # in which direction a law is wrong
    for name, of in {"count": count, "kind": form_of}.items():
        outcomes, drawn = of(found, new), of(exact, new.expand_as(exact))
        if not len(outcomes):
            continue
        each = grade.variation(outcomes, drawn.bincount(minlength=9), generator)
        row |= {f"{name}_variation": each["variation"], f"{name}_floor": each["floor"], f"{name}_n": each["n"]}
    return row


def count(cells: Tensor, new: Tensor) -> Tensor:
    """How many objects stand in cells that are hidden as a whole, of each scene."""
    return ((cells > 0) & new).sum(-1).flatten()


def form_of(cells: Tensor, new: Tensor) -> Tensor:
    """Shape and size, 0..7, of each object in a cell that is hidden as a whole."""
    shape, _, size = scenes.ATTRIBUTES[cells[(cells > 0) & new]].unbind(-1)
    return 2 * shape + size
