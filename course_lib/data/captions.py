"""Captions of scenes: a small English that leaves bits open, its words and its reader. Built in notebook 13."""

import torch
from torch import Tensor

from course_lib.data import files, scenes
from course_lib.data.meaning import RELATIONS, Meaning, Thing, bits, fits, holds, placements, ways
from course_lib.data.scenes import ATTRIBUTES, COLOURS, EASY, GROUNDS, SHAPES, SIZES, Layout

__all__ = ["Meaning", "Thing", "bits", "caption", "decode", "encode", "fits", "load", "read", "ways", "write"]

COUNTS = ("one", "two", "three", "four", "five", "six")
NOUNS = {"object": None} | {shape: i for i, shape in enumerate(SHAPES)}
PLURALS = {("crosses" if noun == "cross" else noun + "s"): shape for noun, shape in NOUNS.items()}
NINE = "top-left top top-right left centre right bottom-left bottom bottom-right".split()
COMMANDS = "make move remove add undo keep then a to at ground".split()  # for edits.py: one vocabulary for both
SQUARES = [letter + digit for letter in "abcd" for digit in "1234"]  # column and row of other layouts than 3×3
LISTS = (COUNTS, SIZES, COLOURS, NOUNS, PLURALS, NINE, SQUARES, GROUNDS, ["and", "on"], " ".join(RELATIONS).split())
WORDS = list(dict.fromkeys(["", *(word for words in (*LISTS, COMMANDS) for word in words)]))  # 0 is padding
LENGTH = 32
KIND = ATTRIBUTES.tolist()
# What each form leaves out, and in how many pairs of neighbours in the order of naming it says a relation.
FORMS = {"full": ((), 0), "no-positions": (("place",), 0), "open": (("size", "place"), 0)}
FORMS |= {f"no-{name}s": ((name,), 0) for name in ("colour", "size", "shape")}
FORMS |= {"relation": (("place",), 1), "count": (Thing._fields, 0)}
FORMS["chain"] = (("place",), 2)  # kept from training: longer than any relation there


def places(layout: Layout = EASY) -> list[str]:
    """The names of the cells: "top-left" to "bottom-right", else "a1", "b1", …: column a, b, … of row 1, 2, … ."""
    if (layout.rows, layout.columns) == (3, 3):
        return NINE
    return ["abcd"[i % layout.columns] + str(i // layout.columns + 1) for i in range(layout.cells)]


def encode(texts: list[str], length: int = LENGTH) -> Tensor:
    """Texts as numbers of `WORDS`, int64 [N, length], padded with 0; ValueError names an unknown word.

    Built in notebook 13.
    """
    rows = [words(text, length) for text in texts]
    index = {word: i for i, word in enumerate(WORDS)}
    return torch.tensor([[index[word] for word in row] + [0] * (length - len(row)) for row in rows]).view(-1, length)


def decode(numbers: Tensor) -> list[str]:
    """The texts of numbers [N, L], without padding."""
    return [" ".join(WORDS[i] for i in row if i) for row in numbers.tolist()]


def words(text: str, length: int = LENGTH) -> list[str]:
    """The words of a text, all known and at most `length`."""
    found = text.lower().split()
    unknown = [word for word in found if word not in WORDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} in {text!r} is not a word here. The words are: {', '.join(WORDS[1:])}.")
    if len(found) > length:
        raise ValueError(f"{text!r} has {len(found)} words, but at most {length} are read. Say less.")
    return found


def phrase(rest: list[str], text: str, layout: Layout = EASY) -> tuple[int | None, Thing]:
    """The object at the head of `rest`, which is used up, in `text`: how many, if said, and what is said of it."""
    said = {}
    many = COUNTS.index(rest.pop(0)) + 1 if rest and rest[0] in COUNTS else None
    while rest and rest[0] in (*SIZES, *COLOURS):
        word = rest.pop(0)
        name, names = ("size", SIZES) if word in SIZES else ("colour", COLOURS)
        if name in said:
            raise ValueError(f"{text!r} says a {name} twice for one object. Say it once.")
        said[name] = names.index(word)
    nouns = PLURALS if many and many > 1 else NOUNS
    if not rest or rest[0] not in nouns:
        found = repr(rest[0]) if rest else "the end"
        raise ValueError(f"An object must stand where {found} does in {text!r}: one of {', '.join(nouns)}.")
    said["shape"] = nouns[rest.pop(0)]
    if rest and rest[0] in (*NINE, *SQUARES) and rest[1:2] != ["of"]:
        name = rest.pop(0)
        if name not in places(layout):
            raise ValueError(f"{name!r} in {text!r} is no place of {layout}. Its places: {', '.join(places(layout))}.")
        said["place"] = places(layout).index(name)
    return many, Thing(**said)


def read(text: str, layout: Layout = EASY) -> Meaning:
    """What a caption asks for; ValueError says in a sentence what cannot be read or cannot be drawn.

    "" asks for anything; else all objects are named: "big red circle left of blue square and cross on grey", "two
    circles". A relation holds between the two objects on both its sides. Built in notebook 13.
    """
    rest, things, relations, ground, link = words(text), [], [], None, None
    if rest[-2:-1] == ["on"] and rest[-1] in GROUNDS:
        ground, rest = GROUNDS.index(rest[-1]), rest[:-2]
    elif "on" in rest:
        raise ValueError(f"'on' in {text!r} must come last, before the ground: {', '.join(GROUNDS)}.")
    if not rest:
        return Meaning(None, (), ground)
    while not things or link:
        many, thing = phrase(rest, text, layout)
        joined = next((name for name in RELATIONS if rest[: len(name.split())] == name.split()), None)
        if (many or 1) > 1 and (thing.place is not None or joined or link in RELATIONS):
            raise ValueError(f"{text!r} gives several objects one place. Name them one by one.")
        if link in RELATIONS:
            relations.append((len(things) - 1, link))
        things += [thing] * (many or 1)
        link = joined or ("and" if rest[:1] == ["and"] else None)
        if rest and not link:
            raise ValueError(f"{rest[0]!r} is out of place in {text!r}. Join objects by 'and' or a relation.")
        del rest[: len((link or "").split())]
    if len(things) > layout.most:
        raise ValueError(f"{text!r} names {len(things)} objects, but {layout} holds at most {layout.most}.")
    meaning = Meaning(tuple(things), tuple(relations), ground)
    if next(placements(meaning, layout), None) is None:
        raise ValueError(f"{text!r} contradicts itself: its objects cannot stand so. Change a place or a relation.")
    return meaning


def noun_phrase(thing: Thing, layout: Layout = EASY) -> str:
    """The words for one object, as `phrase` reads them."""
    size, colour, shape, place = thing
    parts = [SIZES[size] if size is not None else "", COLOURS[colour] if colour is not None else ""]
    parts += [SHAPES[shape] if shape is not None else "object", places(layout)[place] if place is not None else ""]
    return " ".join(part for part in parts if part)


def write(meaning: Meaning, layout: Layout = EASY) -> str:
    """The caption that `read` takes to mean this; ValueError where one thing stands in two relations to the next."""
    ground = "" if meaning.ground is None else f" on {GROUNDS[meaning.ground]}"
    things = meaning.things or ()
    if things and set(things) == {Thing()} and not meaning.relations:
        return f"{COUNTS[len(things) - 1]} object{'s' * (len(things) > 1)}{ground}"
    links = dict(meaning.relations)
    if len(links) < len(meaning.relations):
        raise ValueError(f"{meaning.relations} relate one thing to the next twice, but a caption says one relation.")
    parts = [noun_phrase(thing, layout) + f" {links.get(i, 'and')}" for i, thing in enumerate(things)]
    return (" ".join(parts).removesuffix(" and") + ground).strip()


def meanings(
    cells: Tensor, ground: Tensor, form: str = "full", generator: torch.Generator | None = None, layout: Layout = EASY
) -> list[Meaning]:
    """What a caption of each scene would mean, in a form of `FORMS` or "null": see `caption`."""
    if form == "null":
        return [Meaning()] * len(cells)
    if form not in FORMS:
        raise ValueError(f"form={form!r} is not a form of captions. Choose one of {', '.join(FORMS)}, null.")
    rank, axes = torch.arange(layout.cells).expand(cells.shape), torch.zeros(len(cells), 2).long()
    if generator is not None:
        rank = torch.rand(cells.shape, generator=generator).argsort(1)
        axes = torch.randint(2, axes.shape, generator=generator)
    rows = zip(cells.tolist(), ground.tolist(), rank.tolist(), axes.tolist())
    return [meaning(cell, on, [i for i in order if cell[i]], form, axis, layout) for cell, on, order, axis in rows]


def meaning(cells: list[int], ground: int, order: list[int], form: str, axes: list[int], layout: Layout) -> Meaning:
    """What is said of one scene when its objects are named in this order of cells, its relations along these axes."""
    (left_out, related), things, relations = FORMS[form], [], []
    for i in order:
        shape, colour, size = KIND[cells[i]]
        things.append(Thing(size, colour, shape, i)._replace(**dict.fromkeys(left_out)))
    for i, (here, there, axis) in enumerate(zip(order, order[1:], axes[:related])):
        true = [name for name in list(RELATIONS)[3 * axis : 3 * axis + 3] if holds(name, here, there, layout)]
        relations.append((i, *true))  # on either axis exactly one is
    return Meaning(tuple(things), tuple(relations), ground)


def caption(
    cells: Tensor, ground: Tensor, form: str = "full", generator: torch.Generator | None = None, layout: Layout = EASY
) -> list[str]:
    """Captions of scenes, one each. Objects come in random order, or in raster order without a generator.

    `form` is "full", "no-positions", "no-colours", "no-sizes", "no-shapes", "open" (neither sizes nor positions),
    "relation" (of the first two, along an axis that is drawn), "chain" (two relations: keep it from training), "count"
    or "null" (""). `bits(read(text))` is what it leaves open in random order; raster order also tells where objects are
    whose places are left out. Built in notebook 13.
    """
    return [write(said, layout) for said in meanings(cells, ground, form, generator, layout)]


SPLITS = ("train", "validation", "test")


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """Scenes with full captions: 10,000 of "train", 2,000 for "validation", 2,000 with held-out pairs for "test".

    `labels` are the objects less one, `extra` has the tensors "cells" and "ground"; all are drawn by fixed seeds,
    so `full` changes nothing. No validation scene stands in train: of them 8 in 100 have one object, 47 three.
    Built in notebook 13.
    """
    seed, generator = SPLITS.index(split), torch.Generator()
    generator.manual_seed(seed)
    cells, ground = scenes.sample((10_000, 3_000, 2_000)[seed], generator, part=("train", "train", "pairs")[seed])
    if split == "validation":
        known = set(map(tuple, torch.column_stack([*load().extra.values()]).tolist()))
        rows = torch.column_stack([cells, ground]).tolist()
        new = [i for i, row in enumerate(rows) if tuple(row) not in known][:2000]
        cells, ground = cells[new], ground[new]
    names = [f"{count} object{'s' * (count != 'one')}" for count in COUNTS[: EASY.most]]
    texts = caption(cells, ground, "full", generator)
    columns = {"cells": cells, "ground": ground}
    return files.Pictures(scenes.render(cells, ground), (cells > 0).sum(1) - 1, texts, names, columns)
