"""Talk to two painters, turn by turn: both do what you ask, on what they themselves have drawn. Notebook 17."""

import torch
import traitlets
from torch import Tensor

from ...data import captions, edits, scenes
from ...methods.joint import first_in_sight
from ..figures_17 import MODELS, sheet
from ..plot import FAMILIES
from .base import Play, script
from .prompts import spelt

EXAMPLES = ("keep", "undo", "make the ground white", "add a big red circle at centre", "remove the cross")
WORDS = ("make", "move", "remove", "add", "the", "a", *scenes.SIZES, *scenes.COLOURS, *scenes.SHAPES, "object")
WORDS += ("ground", *scenes.GROUNDS, "to", "at", *captions.NINE, "then")
LONGEST = 17  # words that the models read


def seen(cells: Tensor, ground: int, sure: bool, right: tuple, before: tuple) -> str:
    """What a picture has of the scene that was asked for, and what else changed, in words."""
    if not sure:
        return "✗ no scene that can be read"
    (want, on), (old, was) = right, before
    asked = [i for i in range(9) if int(want[i]) != int(old[i])]
    rest = [i for i in range(9) if i not in asked]
    done = all(int(cells[i]) == int(want[i]) for i in asked) and (on == was or ground == on)
    moved = [captions.NINE[i] for i in rest if int(cells[i]) != int(want[i])]
    moved += ["the ground"] if on == was and ground != on else []
    text = ("✓ " if done else "✗ ") + ("what was asked for" if asked or on != was else "nothing was asked for")
    return text + (f" · ✗ also changed: {', '.join(moved)}" if moved else " · ✓ nothing else changed")


class Chat(Play):
    """Type an instruction or click its words; each of `painters` (name: `experiments.talking.Painter`) answers,
    and sees as many turns, the new one included, as training showed together.

    The conversation begins with the scene `cells [9]`, `ground`. What cannot be read or done is told in a sentence,
    and the conversation goes on.
    """

    _esm = script("chat")
    turn = traitlets.List().tag(sync=True)  # how often something was said, and what: "" begins anew
    words = traitlets.List().tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    cards = traitlets.List().tag(sync=True)  # a dictionary a painter: words, colour, a mark and a drift a turn
    said = traitlets.List().tag(sync=True)  # the instructions so far
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # RGB bytes, painter by painter, the given scene and a picture a turn

    def __init__(self, painters: dict, cells: Tensor, ground: int, start: tuple[str, ...] = ()):
        self.painters, self.first, self.start = dict(painters), (cells.tolist(), int(ground)), tuple(start)
        super().__init__(words=list(WORDS), examples=list(EXAMPLES), turn=[0, ""])
        self.answers(self._answer, "turn")

    def _begin(self) -> None:
        cells, ground = torch.tensor([self.first[0]]), torch.tensor([self.first[1]])
        self.said, self.truth, self.stack, self.seen = [], [self.first], [0], {}
        self.pixels = {name: [scenes.render(cells, ground)] for name in self.painters}
        self.marks = {name: [] for name in self.painters}
        self.drift = {name: [] for name in self.painters}
        for name, painter in self.painters.items():
            self.seen[name] = [painter.encode(cells, ground)]

    def _answer(self) -> None:
        """One turn of both painters, or a sentence that says why there is none."""
        _, text = self.turn
        if not text:
            self._begin()
            for each in self.start:
                self._say(each)
            self.status = "Say what to change."
        else:
            try:
                self._say(" ".join(text.lower().split()))
                right = [card["words"] for card, name in zip(self._cards(), self.painters) if self.marks[name][-1][1]]
                self.status = f"Turn {len(self.said)}: exactly right: {', '.join(right) or 'nobody'}."
            except ValueError as why:
                self.status = f"Not done: {why}"
        self.cards = self._cards()
        rows = [torch.cat(pixels).permute(0, 2, 3, 1).contiguous() for pixels in self.pixels.values()]
        self.shown = torch.cat(rows).numpy().tobytes()

    def _say(self, text: str) -> None:
        """Work out what the scene should be, and have every painter draw it; ValueError where it can't be done."""
        spelt(text, LONGEST)
        clauses, scene = edits.read(text), self.truth[self.stack[-1]]
        if clauses[0].op == "undo":
            if len(self.stack) < 2:
                raise ValueError("There is nothing to undo: no turn came before. Give an instruction first.")
            self.stack = self.stack[:-1]
            scene = self.truth[self.stack[-1]]
        else:
            for clause in clauses:
                scene = edits.change(scene, clause)
            self.stack = [*self.stack, len(self.truth)]
        before, self.truth, self.said = self.truth[-1], [*self.truth, scene], [*self.said, text]
        for name, painter in self.painters.items():
            self._draw(name, painter, text, scene, before)

    def _draw(self, name: str, painter, text: str, scene, before) -> None:
        from ...training.recipes.dialogues import EDITS, told  # only now: it loads every recipe

        since = first_in_sight(len(self.said) - 1, max(EDITS))
        talk = painter.recall([told([said]) for said in self.said[since:-1]], self.seen[name][since:])
        talk.hear(False, told([text]))
        x = painter.draw(talk, 1, torch.Generator().manual_seed(len(self.said)))
        self.seen[name].append(x)
        pixels = painter.decode(x)
        cells, ground, sure = scenes.parse(pixels)
        right = bool(sure[0]) and cells[0].tolist() == list(scene[0]) and int(ground[0]) == scene[1]
        wanted = scenes.render(torch.tensor([scene[0]]), torch.tensor([scene[1]]))
        off = float((pixels.float() - wanted.float()).square().mean().sqrt())
        self.pixels[name].append(pixels)
        self.marks[name].append((seen(cells[0], int(ground[0]), bool(sure[0]), scene, before), right))
        self.drift[name].append(round(off, 1))

    def _cards(self) -> list[dict]:
        out = []
        for name in self.painters:
            words, family = MODELS[name]
            marks = [mark for mark, _ in self.marks[name]]
            out.append({"words": words, "colour": FAMILIES[family], "marks": marks, "drift": self.drift[name]})
        return out

    def frame(self):
        """The conversation so far, a row a painter."""
        rows = {MODELS[name][0]: torch.cat(self.pixels[name]) for name in self.painters}
        right = {MODELS[name][0]: torch.tensor([True, *(hit for _, hit in self.marks[name])]) for name in self.painters}
        turns = len(self.said)
        hits = ", ".join(f"{name} {int(each[1:].sum())} of {turns}" for name, each in right.items())
        alt = f"A scene and {turns} instructions; a row of pictures a painter, each marked right or wrong: {hits}."
        return sheet(rows, ["the first scene", *self.said], right, f"A conversation: turns exactly right: {hits}", alt)
