"""Instructions that change scenes, and their exact effect. Built in notebook 17.

"make the big red circle blue", "make the cross small", "make the ground white", "move the red circle to top", "remove
the circle left", "add a big red circle at centre", "undo", "keep"; clauses are joined by "then".
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.data.captions import COUNTS, KIND, noun_phrase, phrase, places, words
from course_lib.data.meaning import Thing
from course_lib.data.scenes import COLOURS, EASY, GROUNDS, SHAPES, SIZES, Layout, kind

OPS = ("make", "move", "remove", "add", "undo", "keep", "ground")


class Clause(NamedTuple):
    """One change: `op` of `OPS`, the `thing` it is about, and what it becomes: a size, colour, place or ground."""

    op: str
    thing: Thing = Thing()
    value: str = ""


Scene = tuple[list[int], int]  # the cells and ground of one scene


def write(clauses: tuple[Clause, ...], layout: Layout = EASY) -> str:
    """The instruction that `read` takes to mean these clauses."""
    forms = {
        "make": "make the {thing} {value}",
        "move": "move the {thing} to {value}",
        "remove": "remove the {thing}",
        "add": "add a {thing} at {value}",
        "ground": "make the ground {value}",
    }
    texts = [forms.get(op, op).format(thing=noun_phrase(thing, layout), value=value) for op, thing, value in clauses]
    return " then ".join(texts)


def read(text: str, layout: Layout = EASY) -> tuple[Clause, ...]:
    """The clauses of an instruction; ValueError says in a sentence what cannot be read. Built in notebook 17."""
    said = " ".join(words(text))
    clauses = tuple(_clause(part.split(), text, layout) for part in said.split(" then ")) if said else ()
    if not clauses:
        raise ValueError(f"The instruction is empty. Say one of {', '.join(OPS[:-1])}.")
    if len(clauses) > 1 and any(clause.op in ("undo", "keep") for clause in clauses):
        raise ValueError(f"'undo' and 'keep' stand alone, but {text!r} joins them to more. Give each its own turn.")
    return clauses


def _clause(rest: list[str], text: str, layout: Layout) -> Clause:
    op = rest.pop(0)
    if op in ("undo", "keep") and not rest:
        return Clause(op)
    if op not in ("make", "move", "remove", "add"):
        raise ValueError(f"{op!r} cannot begin a clause of {text!r}: begin with one of {', '.join(OPS[:-1])}.")
    if rest[:1] == ["a" if op == "add" else "the"]:
        del rest[0]
    if op == "make" and rest[:1] == ["ground"]:
        return Clause("ground", Thing(), _last(rest[1:], "", GROUNDS, text))
    many, thing = phrase(rest, text, layout)
    if many is not None:
        raise ValueError(f"{text!r} counts objects, but a clause changes one. Leave {COUNTS[many - 1]!r} out.")
    if op == "remove" and rest:
        raise ValueError(f"{text!r} should end before {rest[0]!r}, or go on with 'then'.")
    if op == "remove":
        return Clause(op, thing)
    if op == "make":
        return Clause(op, thing, _last(rest, "", (*COLOURS, *SIZES), text))
    if op == "move":
        return Clause(op, thing, _last(rest, "to", places(layout), text))
    value = _last(rest, "at", places(layout), text)
    if None in thing[:3] or thing.place is not None:
        raise ValueError(f"{text!r} must say size, colour, shape and then 'at' a place, so that one object is meant.")
    return Clause(op, thing, value)


def _last(rest: list[str], link: str, choices: tuple | list, text: str) -> str:
    """The last word of a clause, after the word `link`, if that is any."""
    if len(rest) != 1 + bool(link) or rest[-1] not in choices or rest[:-1] != [link] * bool(link):
        lead = f"{link!r} and " if link else ""
        raise ValueError(f"A clause of {text!r} must end with {lead}one of {', '.join(choices)}.")
    return rest[-1]


def fitting(cells: list[int], thing: Thing) -> list[int]:
    """The places of the objects that a description fits."""
    size, colour, shape, place = thing
    wanted = (shape, colour, size)
    here = range(len(cells)) if place is None else [place]
    return [i for i in here if cells[i] and all(w is None or w == is_ for w, is_ in zip(wanted, KIND[cells[i]]))]


def change(scene: Scene, clause: Clause, layout: Layout = EASY) -> Scene:
    """One scene after one clause, not "undo"; ValueError says why it cannot be done."""
    (cells, ground), (op, thing, value) = scene, clause
    cells, said = list(cells), repr(write((clause,), layout))
    if op == "keep":
        return cells, ground
    if op == "ground":
        return cells, GROUNDS.index(value)
    if op == "add":
        if sum(map(bool, cells)) >= layout.most:
            raise ValueError(f"{said} cannot be done: {layout} is full with {layout.most} objects. Remove one first.")
        here = _free(cells, value, said, layout)
        cells[here] = kind(SHAPES[thing.shape], COLOURS[thing.colour], SIZES[thing.size])
        return cells, ground
    found = fitting(cells, thing)
    if len(found) != 1:
        remedy = "Describe one that is there." if not found else "Say more of the one you mean, or its place."
        count = f"{COUNTS[len(found) - 1]} objects fit" if found else "no object fits"
        raise ValueError(f"{said} cannot be done: {count} it. {remedy}")
    if op == "remove":
        if sum(map(bool, cells)) == 1:
            raise ValueError(f"{said} cannot be done: it is the last object, and a scene has one at least.")
        cells[found[0]] = 0
    elif op == "move":
        here = _free(cells, value, said, layout)
        cells[here], cells[found[0]] = cells[found[0]], 0
    else:
        shape, colour, size = KIND[cells[found[0]]]
        names = (SHAPES[shape], value, SIZES[size]) if value in COLOURS else (SHAPES[shape], COLOURS[colour], value)
        cells[found[0]] = kind(*names)
    return cells, ground


def _free(cells: list[int], name: str, said: str, layout: Layout) -> int:
    here = places(layout).index(name)
    if cells[here]:
        raise ValueError(f"{said} cannot be done: {name} is taken. Choose an empty place.")
    return here


def apply(
    cells: Tensor, ground: Tensor, texts: list[str], before: tuple[Tensor, Tensor] | None = None, layout: Layout = EASY
) -> tuple[Tensor, Tensor]:
    """Scenes [N, C], [N] after one instruction each; `before` is what "undo" brings back. Built in notebook 17.

    ValueError where no object fits or several do, a place is taken, or there is nothing to undo.
    """
    done = []
    for i, (row, on, text) in enumerate(zip(cells.tolist(), ground.tolist(), texts, strict=True)):
        scene, clauses = (row, on), read(text, layout)
        if clauses[0].op == "undo":
            if before is None:
                raise ValueError("There is nothing to undo: no turn came before. Give an instruction first.")
            scene, clauses = (before[0][i].tolist(), int(before[1][i])), ()
        for clause in clauses:
            scene = change(scene, clause, layout)
        done.append(scene)
    return torch.tensor([row for row, _ in done]).view(cells.shape), torch.tensor([on for _, on in done]).long()
