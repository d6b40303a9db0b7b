"""Checkers of notebook 13: bits left open, obeying a caption, variety of places, and the order of naming."""

import math
from itertools import permutations

import torch

from .core import exercise
from .forms import Wrong, need


def _left_open(kinds, cells=9):
    placed = math.perm(cells, len(kinds))
    return math.log2(placed / math.prod(math.factorial(kinds.count(kind)) for kind in set(kinds)))


@exercise(reference=_left_open)
def left_open(attempt) -> None:
    """The bits that a caption leaves open which names all objects, of these kinds, and says no place."""
    for kinds, cells in (
        ([5], 9),
        ([5, 9], 9),
        ([5, 5], 9),
        ([7, 7, 7], 9),
        ([1, 2, 1], 9),
        ([3, 8, 8, 4], 16),
        ([1, 1, 2, 2], 16),
    ):
        k, alike = len(kinds), math.prod(math.factorial(kinds.count(kind)) for kind in set(kinds))
        perm = math.perm(cells, k)
        mistakes = {
            "Two objects never stand in one cell: the second has one cell less to choose from.": k * math.log2(cells),
            "Objects of one kind can change places and nobody sees it: divide by the ways to do so.": math.log2(perm),
            "That treats all objects as alike. Two of different kinds that change places make another scene.": (
                math.log2(math.comb(cells, k))
            ),
            "That is the number of scenes. Bits are its logarithm to base 2.": float(perm // alike),
            "Those are nats: bits need the logarithm to base 2.": math.log(perm / alike),
            "That is per object; asked for are the bits of the whole scene.": math.log2(perm / alike) / k,
            "You divide by the objects that are alike, but they can change places in n! ways, not in n.": math.log2(
                perm / math.prod(kinds.count(kind) for kind in set(kinds))
            ),
            "Kinds take cells from each other: the next one has fewer cells to choose from.": sum(
                math.log2(math.comb(cells, kinds.count(kind))) for kind in set(kinds)
            ),
            "You count with 9 cells, whatever `cells` says.": _left_open(kinds),
            "That is the logarithm to base 10: bits need base 2.": math.log10(perm / alike),
        }
        found, right = attempt(kinds, cells)
        otherwise = (
            f"For kinds {kinds} in {cells} cells {perm // alike:,} scenes fit: {right:.3f} bits, not {found:.3f}."
        )
        attempt.compare(found, right, mistakes, otherwise)


def _agrees(thing, said):
    return all(word is None or word == seen for seen, word in zip(thing, said, strict=True))


def _obeys(shown, asked):
    pairs = lambda order: all(map(_agrees, order, asked))  # noqa: E731
    return len(shown) == len(asked) and any(map(pairs, permutations(shown)))


def _by_words(shown, asked):
    """Each word that was said is somewhere in the picture: a bag of words."""
    seen = [set(column) for column in zip(*shown)]
    return all(word is None or word in seen[i] for said in asked for i, word in enumerate(said))


def _greedy(shown, asked, backwards=False):
    rest = list(shown)[:: -1 if backwards else 1]
    for said in asked:
        fit = next((thing for thing in rest if _agrees(thing, said)), None)
        if fit is None:
            return False
        rest.remove(fit)
    return not rest


SCENES = [  # what is shown, what is asked for: (size, colour, shape), None where nothing is said
    ([("big", "red", "circle")], [("big", "red", "circle")]),
    ([("big", "red", "circle")], [(None, "red", None)]),
    ([("big", "red", "circle")], [("small", "red", "circle")]),
    ([("big", "red", "circle"), ("big", "blue", "cross")], [("big", "blue", "cross"), ("big", "red", "circle")]),
    ([("big", "blue", "circle"), ("big", "red", "cross")], [("big", "red", "circle"), ("big", "blue", "cross")]),
    ([("big", "red", "circle"), ("big", "red", "circle")], [("big", "red", "circle")]),
    ([("big", "red", "circle")], [("big", "red", "circle"), ("big", "red", "circle")]),
    ([("big", "red", "circle"), ("small", "red", "cross")], [(None, "red", None), (None, None, "circle")]),
    ([("big", "red", "circle"), ("big", "red", "cross")], [(None, "red", "circle"), (None, None, "circle")]),
    ([("small", "pink", "cross"), ("big", "pink", "cross"), ("big", "red", "cross")], [(None, "pink", None),
     ("big", None, None), ("small", None, "cross")]),
    ([("big", "red", "circle"), ("big", "blue", "cross")], [("big", "red", "circle"), (None, "red", "circle")]),
    ([("small", "red", "cross"), ("big", "red", "circle")], [(None, "red", None), (None, None, "circle")]),
    ([("big", "blue", "circle"), ("small", "red", "cross")], [("big", None, None), (None, "red", None)]),
    ([("big", "red", "cross"), ("small", "red", "cross")], [(None, "red", None), (None, None, "circle")]),
    ([("big", "red", "circle"), ("big", "blue", "cross"), ("small", "blue", "cross")], [(None, "red", None),
     (None, None, "circle"), (None, "blue", None)]),
    ([("big", "red", "circle"), ("big", "blue", "cross"), ("small", "pink", "square")], [("big", "blue", "cross"),
     ("big", "red", "circle"), ("small", "pink", "square")]),
]  # fmt: skip


@exercise(reference=_obeys)
def obeys(attempt) -> None:
    """Whether the objects of a scene can be named so that each is what was asked for: one to one."""
    plain = {
        "The first named object need not be the first in the picture: try the other ways to pair them.": (
            lambda shown, asked: len(shown) == len(asked) and all(map(_agrees, shown, asked))
        ),
        "A bag of words: red and blue, circle and cross are all there, but bound to the wrong objects.": (
            lambda shown, asked: len(shown) == len(asked) and _by_words(shown, asked)
        ),
        "One red circle answers twice in your pairing: each object may be named once.": (
            lambda shown, asked: len(shown) == len(asked) and all(any(_agrees(t, a) for t in shown) for a in asked)
        ),
        "You take the first object that fits, which a later name may need: try all ways to pair them.": _greedy,
        "You take the last object that fits, which a later name may need: try all ways to pair them.": (
            lambda shown, asked: _greedy(shown, asked, backwards=True)
        ),
        "More objects than were asked for: all are named, so their number counts.": lambda shown, asked: any(
            all(map(_agrees, order, asked)) for order in permutations(shown, len(asked))
        ),
        "None says nothing: it fits whatever is there.": lambda shown, asked: any(
            list(order) == list(asked) for order in permutations(shown)
        ),
    }
    for shown, asked in SCENES:
        found, right = attempt(list(shown), list(asked))
        mistakes = {words: bool(wrong(shown, asked)) for words, wrong in plain.items()}
        otherwise = f"For {shown} and {asked} the answer is {right}."
        attempt.compare(bool(found), right, mistakes, otherwise)


def _from_even(share):
    return (share - 1 / len(share)).abs().sum() / 2


def _uneven(full):
    return _from_even(full.sum(0) / full.sum())


@exercise(reference=_uneven)
def uneven(attempt) -> None:
    """Total variation of the places of all objects from "all cells alike": 0 for the law, at most 8/9."""
    for n in (40, 400):
        tilt = torch.rand(9)
        full = torch.rand(n, 9) < 0.5 * tilt
        full[:, 0] |= ~full.any(1)  # one object at least
        off = full.sum(0) / full.sum() - 1 / 9
        mistakes = {
            "Half of that: what one cell has too much another has too little, and you count it twice.": off.abs().sum(),
            "Surplus and lack cancel: take absolute values.": off.sum() / 2,
            "That is a mean over cells; total variation is half of the sum.": off.abs().mean(),
            "Half of the mean over cells; total variation is half of their sum.": off.abs().mean() / 2,
            "Each scene counts alike with you, each object should: full.sum(0) / full.sum().": (
                _from_even((full / full.sum(1, keepdim=True)).mean(0))
            ),
            "You divide by all cells, empty ones too: divide by the number of objects, full.sum().": (
                _from_even(full.sum(0) / full.numel())
            ),
            "Share of all objects, not of all scenes: divide by full.sum().": (full.float().mean(0) - 1 / 9).abs().sum()
            / 2,
            "That is the largest deviation of one cell; asked for is half of the sum over all.": off.abs().max(),
            "Those are squares: total variation takes absolute values.": off.square().sum() / 2,
        }
        attempt.compare(*attempt(full), mistakes, "This is not half of the sum of |share of a cell - 1/9|.")


def _naming(full, u):
    order = torch.where(full, u, 2.0).argsort(1)[:, :3]
    return torch.where(full.gather(1, order), order, -1)


def _planted(full, u):
    order = torch.where(full, u, 2.0).argsort(1)[:, :3]
    named = torch.where(full.gather(1, order), order, 9).sort(1).values
    return torch.where(named < 9, named, -1)


@exercise(reference=_naming, planted=_planted)
def naming(attempt) -> None:
    """The cells of a scene in the order in which its objects are named: by their chances, none (-1) last."""
    compared = []
    for k in (1, 2, 3):
        n = 600
        places = torch.rand(n, 9).argsort(1)[:, :k]
        full = torch.zeros(n, 9, dtype=torch.bool).scatter(1, places, True)
        u = torch.rand(n, 9)
        found, right = attempt(full, u)
        need(found.shape == (n, 3), f"Three cells a scene, [{n}, 3], not {list(found.shape)}: -1 where there is none.")
        named = found >= 0
        need(not (named[:, 1:] & ~named[:, :-1]).any(), "Objects come first, -1 last.")
        need((named.sum(1) == k).all(), f"With {k} object(s) in a scene {k} are named, and nothing else.")
        there = full.gather(1, found.clamp(min=0)) | ~named
        need(there.all(), "An empty cell is named.")
        twice = (found[:, :k].sort(1).values != places.sort(1).values).any()
        need(not twice, "An object is named twice, another never.")
        if k > 1 and (found[:, :k].sort(1).values == found[:, :k]).all():
            raise Wrong(
                "Still in reading order: the first named always stands before the second, so the caption tells where."
            )
        if k > 1 and (found[:, :k].sort(1, descending=True).values == found[:, :k]).all():
            raise Wrong("Reading order backwards tells as much as reading order.")
        first = (found[:, 0] < found[:, 1]).float().mean() if k > 1 else torch.tensor(0.5)
        need(0.35 < first < 0.65, f"The first named stands before the second in {first:.0%} of scenes; half is chance.")
        if k == 2:
            pairs = {}
            for a, b in found[:, :2].tolist():
                pairs.setdefault(frozenset((a, b)), set()).add((a, b))
            need(any(len(ways) > 1 for ways in pairs.values()), "Two cells are named in one order, whatever the scene.")
        if k == 3:
            ways = (found[:, :3].argsort(1) * torch.tensor([9, 3, 1])).sum(1).unique(return_counts=True)[1]
            told = "Of the six orders of three objects some come far more often than others: that still tells where."
            need(len(ways) == 6 and 40 < ways.min() and ways.max() < 180, told)
        compared.append(torch.equal(found, right))
    need(all(compared), "Any random order would do, but here the smallest chance u is named first.")
