"""Grading by program: is it the scene, the law, the word that was asked for? Built in notebook 13."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from course_lib.data import scenes, signs
from course_lib.data.captions import read
from course_lib.data.meaning import Meaning, Thing, fits
from course_lib.data.scenes import EASY, Layout
from course_lib.measure.frechet import wilson
from course_lib.measure.likelihood import mean_and_interval

# The fields of a caption's things that must hold for each mark; for "relation" its relations too.
MARKS = {"count": (), "ground": ()} | {name: (name,) for name in ("shape", "colour", "size", "place")}
MARKS |= dict.fromkeys(("kind", "relation"), ("shape", "colour", "size"))


def share(hits: Tensor, name: str = "share") -> dict[str, float]:
    """The share of `hits`, bool [n], as `name`, with its 95 % interval `_low` and `_high`."""
    if len(hits) == 0:
        raise ValueError(f"{name} of no pictures is undefined: give at least one.")
    low, high = wilson(int(hits.sum()), len(hits))
    return {name: float(hits.double().mean()), f"{name}_low": low, f"{name}_high": high}


def only(meaning: Meaning, mark: str) -> Meaning | None:
    """The part of a meaning that a mark of `MARKS` is about; None where it says nothing of that."""
    fields, related = MARKS[mark], mark == "relation"
    if mark == "ground":
        return None if meaning.ground is None else Meaning(ground=meaning.ground)
    if meaning.things is None or (related and not meaning.relations):
        return None
    things = tuple(Thing(**{name: getattr(thing, name) for name in fields}) for thing in meaning.things)
    if fields and all(thing == Thing() for thing in things):
        return None
    return replace(meaning, things=things, relations=meaning.relations if related else (), ground=None)


def marks(pixels: Tensor, texts: list[str], layout: Layout = EASY) -> dict[str, Tensor]:
    """Each picture [N, 3, H, W] against its caption: one bool [N] a mark, but of `MARKS` only where it was asked for.

    "abstained": it is no scene that can be read for sure; else "fits": it is one that the caption means; "clean": its
    pixels are that scene's exactly. A mark of `MARKS` says whether the objects could be named so that it holds: "shape"
    is right where the shapes are, on whatever objects, "kind" where each has its own colour and size too.
    """
    if len(texts) != len(pixels):
        raise ValueError(f"{len(texts)} texts cannot grade {len(pixels)} pictures: give one each.")
    cells, ground, sure = (column.cpu() for column in scenes.parse(pixels, layout))
    lawful = ((cells > 0).sum(1) >= 1) & ((cells > 0).sum(1) <= layout.most)
    said = [read(text, layout) for text in texts]

    def held(parts):
        rows = [(i, part) for i, part in enumerate(parts) if part is not None]
        hits = [bool(sure[i] and fits(cells[i : i + 1], ground[i : i + 1], part, layout)) for i, part in rows]
        return torch.tensor(hits, dtype=torch.bool)

    found = {"abstained": ~sure, "fits": held(said) & lawful}
    if pixels.dtype == torch.uint8:
        found["clean"] = sure & (scenes.render(cells, ground, layout) == pixels.cpu()).flatten(1).all(1)
    each = {mark: held([only(meaning, mark) for meaning in said]) for mark in MARKS}
    return found | {mark: hits for mark, hits in each.items() if len(hits)}


def report(pixels: Tensor, texts: list[str], layout: Layout = EASY) -> dict[str, float]:
    """The shares of all `marks` with their 95 % intervals, and `n`; `NAME_n` where a mark is of fewer pictures.

    Built in notebook 13.
    """
    found = {"n": len(texts)}
    for name, hits in marks(pixels, texts, layout).items():
        found |= share(hits, name) | ({f"{name}_n": len(hits)} if len(hits) < len(texts) else {})
    return found


def exact(pixels: Tensor, cells: Tensor, ground: Tensor, layout: Layout = EASY) -> Tensor:
    """Whether each picture is surely that very scene, bool [N]: for full captions and edits."""
    made, on, sure = (column.to(cells.device) for column in scenes.parse(pixels, layout))
    return sure & (made == cells).all(1) & (on == ground)


def variation(outcomes: Tensor, law: Tensor, generator: torch.Generator, times: int = 100) -> dict[str, float]:
    """Total variation of `outcomes` int64 [n] from the `law` [V], and its `floor`: the mean of n drawn from the law."""
    law = law.double() / law.sum()

    def distance(found):
        return float((found.bincount(minlength=len(law)) / len(found) - law).abs().sum() / 2)

    drawn = torch.multinomial(law, times * len(outcomes), True, generator=generator).view(times, -1)
    return {"variation": distance(outcomes), "floor": sum(map(distance, drawn)) / times, "n": len(outcomes)}


def place_variation(cells: Tensor, generator: torch.Generator, times: int = 100) -> dict[str, float]:
    """How far the places of the objects in scenes [n, C] are, in total variation, from all places alike.

    `floor` is what the exact law scores at this n, mean of `times` draws: the same objects, put anywhere.
    """

    def distance(full):
        return float((full.sum(0) / full.sum() - 1 / full.shape[1]).abs().sum() / 2)

    full = cells > 0
    ranks = [torch.rand(cells.shape, generator=generator).argsort(1) for _ in range(times)]
    floor = sum(distance(full.gather(1, rank)) for rank in ranks) / times
    return {"variation": distance(full), "floor": floor, "n": len(cells)}


def excess(nats: Tensor, bits: Tensor) -> dict[str, float]:
    """Bits that a model pays a picture, `nats` [N], over the exact entropy in `bits` [N], with its interval."""
    over = nats.double() / math.log(2) - bits.double()
    exactly = float(bits.double().mean())
    known = {"bits": float(over.mean()) + exactly, "exact": exactly, "n": len(over)}
    return known | mean_and_interval(over, "excess")


def written(pixels: Tensor, texts: list[str]) -> dict[str, float]:
    """Signs against what they should say: shares with intervals of "exact" and "abstained", of "letters" the mean."""
    said, _, _, sure = signs.read_sign(pixels)
    right = torch.tensor([a == b for a, b in zip(said, texts, strict=True)]) & sure
    slots = pixels.shape[3] // signs.WIDTH
    full = signs.spell(texts, slots)
    letters = (signs.spell(said, slots) == full)[full > 0].double().mean()
    return {"n": len(texts), "letters": float(letters)} | share(right, "exact") | share(~sure, "abstained")
