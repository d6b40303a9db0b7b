"""Say what you want, by typing or by clicking words: every family draws it, and the grader marks it. Notebook 13."""

from collections.abc import Callable
from itertools import permutations

import torch
import traitlets
from torch import Tensor

from ...data import captions, scenes
from ...data.meaning import Thing, fits
from ...measure import grade
from ..figures_13 import MODELS, sheet
from ..plot import FAMILIES
from .base import Play, script

EXAMPLES = (
    "big red circle top-left and small blue cross centre on grey",
    "small yellow cross and big green triangle on navy",
    "big blue square left of small red circle on white",
    "yellow cross and blue circle on black",
    "three objects on grey",
    "big cyan circle and small purple cross on white",
)
WORDS = (*scenes.SIZES, *scenes.COLOURS, *scenes.SHAPES, "object", *captions.NINE, "and", "left of", "right of")
WORDS += ("above", "below", "on", *scenes.GROUNDS)
LONGEST = 20  # words that the models read


def found(thing: Thing, cell: int, kind: int) -> bool:
    """Whether an object of this kind in this cell is the thing that was named."""
    return bool(thing.kinds()[kind]) and thing.place in (None, cell)


def named(meaning, cells: Tensor) -> list[bool]:
    """For each thing that a caption names, whether it is in the scene `cells` [C]; no object answers for two."""
    things, there = meaning.things or (), [(i, k) for i, k in enumerate(cells.tolist()) if k]
    best: tuple[bool, ...] = (False,) * len(things)
    spare = there + [(-1, 0)] * len(things)  # nothing: it answers for no thing
    for order in set(permutations(spare, len(things))):
        hits = tuple(bool(kind) and found(thing, cell, kind) for thing, (cell, kind) in zip(things, order))
        best = max(best, hits, key=sum)
    return list(best)


def spelt(text: str, most: int) -> None:
    """ValueError where a text has a word that is no button of the widget, or more words than the models read."""
    unknown = [word for word in text.lower().split() if word not in captions.WORDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} in {text!r} is not a word here: those that are stand on the buttons below.")
    captions.words(text, most)


class Prompts(Play):
    """Type a caption or click its words; `draw(name, texts, seed) -> uint8 [N, 3, 24, 24]` draws for each of `names`.

    A caption that cannot be read is told in a sentence, and the pictures stay as they were.
    """

    _esm = script("prompts")
    text = traitlets.Unicode(EXAMPLES[0]).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    words = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    cards = traitlets.List().tag(sync=True)  # a dictionary a family: words, colour, and a line of marks a picture
    count = traitlets.Int(3).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)  # the caption that is drawn, and what the marks are of
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # RGB bytes, a picture after the other, card by card

    def __init__(self, names: list[str], draw: Callable, text: str = EXAMPLES[0]):
        self.names, self.draw, self.drawn = list(names), draw, None
        super().__init__(words=list(WORDS), examples=list(EXAMPLES), text=text)
        self.answers(self._answer, "text", "seed")

    def meaning(self, text: str):
        """What a caption means; ValueError where it is too long for the models or cannot be read."""
        spelt(text, LONGEST)
        return captions.read(text)

    def _answer(self) -> None:
        """Draw, or say in a sentence why the caption cannot be drawn; the last that could be is still drawn anew."""
        try:
            self.drawn = self.meaning(self.text), self.text
            self.status = self._draw(*self.drawn)
        except ValueError as why:
            if self.drawn:
                self._draw(*self.drawn)
            self.status = f"Not drawn: {why}"

    def _draw(self, meaning, text: str) -> str:
        """Pictures and marks of every family; how many are right, in words."""
        asked = [captions.noun_phrase(thing) for thing in meaning.things or ()]
        asked += [f"{len(asked)} in all"] * bool(asked) + ["the relation"] * bool(meaning.relations)
        asked += [] if meaning.ground is None else [f"on {scenes.GROUNDS[meaning.ground]}"]
        self.said = f"Drawn: “{text or 'anything'}”. Marks, in this order: {', '.join(asked) or 'a scene'}."
        pictures = {name: self.draw(name, [text] * self.count, self.seed) for name in self.names}
        self.cards = [self._card(name, pixels, meaning) for name, pixels in pictures.items()]
        rows = torch.cat(list(pictures.values())).permute(0, 2, 3, 1)
        self.shown = rows.contiguous().numpy().tobytes()
        right = ", ".join(f"{card['words']} {card['right']} of {self.count}" for card in self.cards)
        return f"{self._open(meaning)} As asked for: {right}."

    def _open(self, meaning) -> str:
        bits = captions.bits(meaning)
        if not bits:
            return "One scene fits: no bit is left open."
        return f"{bits:.1f} bits are left open, as among {2**bits:,.0f} scenes that are equally likely."

    def _card(self, name: str, pixels: Tensor, meaning) -> dict:
        words, family = MODELS[name]
        cells, ground, sure = scenes.parse(pixels)
        right = (sure & fits(cells, ground, meaning) & ((cells > 0).sum(1) <= scenes.EASY.most)).tolist()
        marks = [self._marks(meaning, *each) for each in zip(cells, ground.tolist(), sure.tolist(), right)]
        return {"words": words, "colour": FAMILIES[family], "marks": marks, "right": sum(right)}

    def _marks(self, meaning, cells: Tensor, ground: int, sure: bool, right: bool) -> str:
        """A mark for each thing that was named, for the number of objects, the relation and the ground."""
        if not sure:
            return "✗ no scene that can be read"
        things = meaning.things or ()
        marks = [(captions.noun_phrase(thing), hit) for thing, hit in zip(things, named(meaning, cells))]
        if things:
            marks.append((f"{len(things)} in all", int((cells > 0).sum()) == len(things)))
        if meaning.relations:
            part = grade.only(meaning, "relation")
            marks.append(("the relation", bool(fits(cells[None], torch.tensor([ground]), part))))
        if meaning.ground is not None:
            marks.append((f"on {scenes.GROUNDS[meaning.ground]}", ground == meaning.ground))
        return " · ".join(f"{'✓' if hit else '✗'} {what}" for what, hit in marks) or ("✓ a scene" if right else "✗")

    def frame(self):
        """Five captions, a row a family, one picture each."""
        texts = list(EXAMPLES[:5])
        rows, right = {}, {}
        for name in self.names:
            words = MODELS[name][0]
            rows[words] = self.draw(name, texts, self.seed)
            right[words] = grade.marks(rows[words], texts)["fits"]
        total, hits = len(texts) * len(rows), sum(int(each.sum()) for each in right.values())
        alt = "Scenes drawn from five captions, a row a family, each marked right or wrong."
        return sheet(rows, texts, right, f"Five captions, {len(rows)} models, one seed: {hits} of {total} right", alt)
