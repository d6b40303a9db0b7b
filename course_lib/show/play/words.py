"""Write a word: each family draws it, and the reader says letter by letter what it sees. Built in notebook 15."""

from collections.abc import Callable

import torch
import traitlets
from torch import Tensor

from ...data import signs
from .. import plot
from .base import Play, script


def letters(said: str, meant: str) -> list[dict]:
    """What stands in each slot that either has: the letter read, or "·" for none, and whether it is the one meant."""
    pairs = zip(said.ljust(len(meant)), meant.ljust(len(said)))
    return [{"letter": a if a != " " else "·", "right": a == b} for a, b in pairs]


class Words(Play):
    """A card a family: its sign of a word that the reader typed, and what the grader reads on it.

    `draw(name, text, ink, paper, seed) -> uint8 [1, 3, 16, 48]` draws one sign; `names` are models with their words and
    family. What cannot be written is told in the status, and the signs stay.
    """

    _esm = script("words")
    text = traitlets.Unicode().tag(sync=True)
    ink = traitlets.Int(0).tag(sync=True)
    paper = traitlets.Int(0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    inks = traitlets.List(list(signs.INKS)).tag(sync=True)
    papers = traitlets.List(list(signs.PAPERS)).tag(sync=True)
    examples = traitlets.List().tag(sync=True)
    cards = traitlets.List().tag(sync=True)  # a dictionary a card: words, colour, note, letters
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # RGB bytes of the signs, one after another

    def __init__(self, draw: Callable, names: dict[str, tuple[str, str]], examples: list[str]):
        self.draw, self.names = draw, names
        super().__init__(text=examples[0], examples=examples)
        self.answers(self._write, "text", "ink", "paper", "seed")

    def signs(self, text: str) -> Tensor:
        """The signs of all families, uint8 `[F, 3, 16, 48]`."""
        return torch.cat([self.draw(name, text, self.ink, self.paper, self.seed).cpu() for name in self.names])

    def _write(self) -> None:
        """All signs of the word as it is now; the old ones stay where it cannot be written."""
        text = self.text.strip().upper()
        try:
            if not text or " " in text or "\n" in text:
                raise ValueError("Type one word of 1 to 6 letters, without spaces.")
            signs.spell([text])
        except ValueError as error:
            self.status = f"{error} The signs are still those of before."
            return
        if not 0 <= self.ink < len(self.inks) or not 0 <= self.paper < len(self.papers):
            raise ValueError(f"ink={self.ink} and paper={self.paper} must be places in inks and papers.")
        made = self.signs(text)
        said, _, _, sure = signs.read_sign(made)
        cards = []
        for (words, family), read, whole in zip(self.names.values(), said, sure.tolist()):
            note = (
                "read: right" if whole and read == text else f"read: {read}" if whole else f"not sure, perhaps {read}"
            )
            cards.append(
                {"words": words, "colour": plot.FAMILIES[family], "note": note, "letters": letters(read, text)}
            )
        right = sum(card["note"] == "read: right" for card in cards)
        self.shown, self.cards = made.permute(0, 2, 3, 1).contiguous().numpy().tobytes(), cards
        known = "a word of training" if text in signs.words() else "no word of training"
        self.status = f"{text}, {known}: {right} of {len(cards)} wrote what was meant"

    def frame(self):
        """A few words, a row each, a column a family."""
        x = torch.cat([self.signs(text) for text in self.examples])
        said, _, _, sure = signs.read_sign(x)
        meant = [text for text in self.examples for _ in self.names]
        right = sum(a == b and whole for a, b, whole in zip(said, meant, sure.tolist()))
        return plot.pictures(
            x,
            len(self.names),
            title=f"Of {len(meant)} signs {right} say what was meant",
            alt=f"Signs of {', '.join(self.examples)}, a row each, by {', '.join(w for w, _ in self.names.values())}.",
            rows=list(self.examples),
            heads=[words for words, _ in self.names.values()],
            scale=2.6,
        )
