"""You have so many milliseconds: what does each model show by then? Built in notebook 12."""

from collections.abc import Callable

import torch
import traitlets
from torch import Tensor

from .. import plot
from .base import Play, script

TIMES = (2.0, 10.0, 50.0, 250.0)  # milliseconds of the static frame


class Deadline(Play):
    """A card a model: the best picture that it finishes within a deadline on the clock of one core.

    `rows` are those of data/results/head-to-head.json: name, words, dials, seconds and distance of every setting.
    `draw(name, dials, label) -> uint8 [1, 1, 28, 28]` draws one picture; each is drawn once.
    """

    _esm = script("deadline")
    cards = traitlets.List().tag(sync=True)  # a dictionary a card: words, colour, note
    names = traitlets.List().tag(sync=True)
    label = traitlets.Int(8).tag(sync=True)
    milliseconds = traitlets.Float(50.0).tag(sync=True)
    limits = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # grey bytes of the cards' pictures, one after another

    def __init__(self, rows: list[dict], draw: Callable, names: list[str], words: dict[str, str], batch: int = 1):
        self.rows, self.draw, self.words, self.batch = rows, draw, words, batch
        self.made: dict[tuple, Tensor] = {}
        costs = [self.cost(row) for row in rows]
        super().__init__(names=list(names), limits=[min(costs) / 2, max(costs) * 1.2])
        self.answers(self._fill, "label", "milliseconds")

    def cost(self, row: dict) -> float:
        """Milliseconds of one picture with the setting of `row`."""
        return 1000 * row[f"seconds_batch_{self.batch}"]

    def best(self, name: str, milliseconds: float) -> dict | None:
        """The setting of the model `name` with the least distance among those that are done in time."""
        fits = [row for row in self.rows if row["name"] == name and self.cost(row) <= milliseconds]
        return min(fits, key=lambda row: row["frechet_relative"], default=None)

    def picture(self, row: dict | None) -> Tensor:
        """What that setting draws of the class asked for, `[1, 1, 28, 28]`; light grey where nothing is done."""
        if row is None:
            return torch.full((1, 1, 28, 28), 225, dtype=torch.uint8)
        key = (row["name"], row["steps"], self.label)
        if key not in self.made:
            self.made[key] = self.draw(row["name"], row["dials"], self.label).cpu()
        return self.made[key]

    def _fill(self) -> None:
        """One card a model, and whose distance is least."""
        if not self.milliseconds > 0 or not 0 <= self.label < len(self.names):
            raise ValueError(
                f"milliseconds={self.milliseconds} must be above 0, label={self.label} one of the classes."
            )
        chosen = {name: self.best(name, self.milliseconds) for name in self.words}
        done = {name: row for name, row in chosen.items() if row}
        first = min(done, key=lambda name: done[name]["frechet_relative"], default=None)
        cards = []
        for name, row in chosen.items():
            family = next(r["family"] for r in self.rows if r["name"] == name)
            note = "nothing yet"
            if row:
                note = f"{row['steps']} step{'s' * (row['steps'] > 1)}, distance {row['frechet_relative']:.2f}"
            cards.append(
                {"words": self.words[name], "colour": plot.FAMILIES[family], "note": note, "best": name == first}
            )
        self.shown = torch.cat([self.picture(row) for row in chosen.values()]).numpy().tobytes()
        self.cards = cards
        nearest = f"; nearest to real pictures: {self.words[first]}" if first else ""
        self.status = f"Within {self.milliseconds:.3g} ms, {len(done)} of {len(chosen)} are done{nearest}"

    def frame(self):
        """Four deadlines, a row each, a column a model."""
        grid = [self.picture(self.best(name, ms)) for ms in TIMES for name in self.words]
        done = {ms: sum(self.best(name, ms) is not None for name in self.words) for ms in TIMES}
        early, late, models = TIMES[1], TIMES[-1], len(self.words)
        title = f"Done within {early:g} ms: {done[early]} of {models} models; within {late:g} ms: {done[late]}"
        return plot.pictures(
            torch.cat(grid),
            columns=models,
            title=title,
            alt=f"A {self.names[self.label]} by each model within four deadlines; grey where none is done in time.",
            rows=[f"{ms:g} ms" for ms in TIMES],
            heads=[words.replace(" ", "\n", 1) for words in self.words.values()],
            scale=2.8,
        )
