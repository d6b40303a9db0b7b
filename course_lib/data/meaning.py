"""What may be said of a scene, which scenes fit, and exactly how many bits that leaves open. Built in notebook 13.

Captions name all objects, in random order, and leave out what was chosen without looking at the scene. So, given a
caption, the law of the scene is the prior times `ways`, the number of ways in which its objects are those named. Where
no two objects could change their names, that is the prior among the scenes that fit.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.data.scenes import ATTRIBUTES, COLOURS, EASY, GROUNDS, HELD, KINDS, SHAPES, Layout

RELATIONS = {  # of one object, in row r and column c, to another, in R and C
    "left of": lambda r, c, R, C: c < C,
    "in the column of": lambda r, c, R, C: c == C,
    "right of": lambda r, c, R, C: c > C,
    "above": lambda r, c, R, C: r < R,
    "in the row of": lambda r, c, R, C: r == R,
    "below": lambda r, c, R, C: r > R,
}


class Thing(NamedTuple):
    """What is said of one object: numbers in `SIZES`, `COLOURS`, `SHAPES` and of its cell; None where nothing is."""

    size: int | None = None
    colour: int | None = None
    shape: int | None = None
    place: int | None = None

    def kinds(self) -> Tensor:
        """Which of the kinds 0..64 fit, bool [65]."""
        fit = torch.arange(KINDS + 1) > 0
        for said, column in zip((self.shape, self.colour, self.size), ATTRIBUTES.unbind(1)):
            fit &= (column == said) if said is not None else True
        return fit


@dataclass(frozen=True)
class Meaning:
    """All `things` of the scene (None: any number of any), `relations` (i, name) of thing i to the next, and ground."""

    things: tuple[Thing, ...] | None = None
    relations: tuple[tuple[int, str], ...] = ()
    ground: int | None = None


def holds(name: str, here: int | Tensor, there: int | Tensor, layout: Layout) -> bool | Tensor:
    """Whether the object in cell `here` stands in that relation to the one in cell `there`."""
    columns = layout.columns
    return RELATIONS[name](here // columns, here % columns, there // columns, there % columns)


def placements(meaning: Meaning, layout: Layout = EASY, taken: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every way to give each thing a cell of its own: its place where one is said, and the relations hold."""
    if len(taken) == len(meaning.things):
        yield taken
        return
    place, last = meaning.things[len(taken)].place, len(taken) - 1
    names = [name for i, name in meaning.relations if i == last]
    for cell in range(layout.cells) if place is None else [place]:
        if cell not in taken and all(holds(name, taken[-1], cell, layout) for name in names):
            yield from placements(meaning, layout, (*taken, cell))


def ways(cells: Tensor, ground: Tensor, meaning: Meaning, layout: Layout = EASY) -> Tensor:
    """In how many ways the objects of each scene are the things meant, int64 [N]; 0 where the scene does not fit."""
    result = torch.ones_like(ground) if meaning.ground is None else (ground == meaning.ground).long()
    if meaning.things is None:
        return result
    things = meaning.things
    result *= (cells > 0).sum(1) == len(things)
    rows = result.nonzero().flatten()
    places = (cells[rows] > 0).nonzero()[:, 1].view(-1, len(things))
    kinds = cells[rows].gather(1, places)
    fit = [thing.kinds().to(kinds.device)[kinds] for thing in things]  # each n, objects
    fit = [f if thing.place is None else f & (places == thing.place) for f, thing in zip(fit, things)]
    result[rows] = 0
    for order in permutations(range(len(things))):
        good = torch.stack([fit[i][:, j] for i, j in enumerate(order)]).all(0)
        for i, name in meaning.relations:
            good &= holds(name, places[:, order[i]], places[:, order[i + 1]], layout)
        result[rows] += good
    return result


def fits(cells: Tensor, ground: Tensor, meaning: Meaning, layout: Layout = EASY) -> Tensor:
    """Whether each scene is one that the caption means, bool [N]. Built in notebook 13."""
    return ways(cells, ground, meaning, layout) > 0


@lru_cache(maxsize=100_000)
def bits(meaning: Meaning, layout: Layout = EASY, part: str | None = None) -> float:
    """Exact entropy of the scene, in bits, given a caption of this meaning; `part="train"` is the law with 56 kinds.

    It is log2 of the number of ways to place and colour the things, less the mean log2 of `ways`. The one scene in
    eight that "train" leaves out is not subtracted: nothing but memory can know it. ValueError for four objects or more
    that stand in relations or could change their names. Built in notebook 13.
    """
    if part not in (None, "train"):
        raise ValueError(f"part={part!r} has no bits of its own: give None for the whole law, or 'train'.")
    allowed = torch.ones_like(HELD) if part is None else ~HELD
    free = math.log2(len(GROUNDS)) * (meaning.ground is None)
    if meaning.things is None:
        return layout.bits(int(allowed[1:].sum())) - math.log2(len(GROUNDS)) + free
    things = meaning.things
    kinds = torch.stack([thing.kinds() & allowed for thing in things])  # things, 65
    never = [f"{COLOURS[thing.colour]} {SHAPES[thing.shape]}" for thing, fit in zip(things, kinds) if not fit.any()]
    if never:
        raise ValueError(f"A {never[0]} is held out of training: ask for another, or leave part='train' out.")
    if len(things) > 3:
        return free + _apart(meaning, kinds, layout)
    orders = torch.tensor(list(permutations(range(len(things)))))
    cells = list(placements(meaning, layout))
    known = set(cells)
    stand = torch.tensor([[tuple(cell[j] for j in order) in known for order in orders.tolist()] for cell in cells])
    # Kinds count only by which things they could be: a code of that, and how many kinds share it.
    codes = (kinds.long() << torch.arange(len(things))[:, None]).sum(0)
    each = [Counter(codes[row].tolist()).items() for row in kinds]
    drawn = [(*zip(*choice),) for choice in product(*each)]
    if not cells:
        raise ValueError(f"{meaning} contradicts itself: its things cannot stand so.")
    names, counts = torch.tensor([row[0] for row in drawn]), torch.tensor([math.prod(row[1]) for row in drawn]).double()
    named = (names[:, orders] >> torch.arange(len(things)) & 1).bool().all(-1)  # drawn, orders
    same = (stand.double() @ named.double().T).log2().mean(0)  # drawn
    return free + math.log2(len(cells) * counts.sum()) - float((same * counts).sum() / counts.sum())


def _apart(meaning: Meaning, kinds: Tensor, layout: Layout) -> float:
    """The bits of things of which any two are alike or cannot be confused: then every scene has the same `ways`."""
    things, places = meaning.things, [thing.place for thing in meaning.things if thing.place is not None]
    for i, one in enumerate(things):
        for j, other in enumerate(things[:i]):
            elsewhere = None not in (one.place, other.place) and one.place != other.place
            if one != other and not elsewhere and bool((kinds[i] & kinds[j]).any()):
                raise ValueError(f"{one} and {other} could be one object: such bits are counted for 3 objects at most.")
    if meaning.relations:
        raise ValueError("Bits of relations are counted for scenes of 3 objects at most. Leave the relations out.")
    total = math.perm(layout.cells - len(places), len(things) - len(places)) * math.prod(kinds.sum(1).tolist())
    return math.log2(total) - sum(math.log2(math.factorial(n)) for n in Counter(things).values())
