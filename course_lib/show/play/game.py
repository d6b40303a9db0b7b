"""Which ones are real? A sheet of real test pictures among those that the shipped models made. Built in notebook 00."""

import html

import numpy as np
import torch
import traitlets

from ...data import Pictures
from ...data.levels import to_bytes
from ...methods import autoregressive, flow
from ..films import NOISE, PIXELS, SIZE
from ..names import FAMILIES, WORDS
from ..plot import figure, tile
from .base import Play, script

REAL = 6  # of 12; the others are half and half from the two models
WORDS = {"data": WORDS["data"], "autoregressive": "pixel by pixel", "noise": WORDS["noise"]}


class Game(Play):
    """Twelve pictures, six of them real: mark those, then read the score and which model made which.

    `real` are the pictures to draw real ones from; `pixels` and `noise` are the models. The browser is not told the
    answer before all six are marked. `round` += 1 deals anew: the models draw while you wait.
    """

    _esm = script("game")
    sheet = traitlets.Bytes().tag(sync=True)  # uint8 [12, 28, 28]
    round = traitlets.Int(0).tag(sync=True)
    marked = traitlets.List(traitlets.Int()).tag(sync=True)
    answer = traitlets.List().tag(sync=True)  # a word a picture, once all are marked
    caption = traitlets.List().tag(sync=True)
    colours = traitlets.Dict({word: FAMILIES[family] for family, word in WORDS.items()}).tag(sync=True)
    history = traitlets.List().tag(sync=True)  # the score of each round

    def __init__(self, real: Pictures, pixels, noise, seed: int = 0):
        if len(real) < REAL:
            raise ValueError(f"real holds {len(real)} pictures: give at least {REAL}.")
        self.real, self.models, self.generator = real, (pixels, noise), torch.Generator().manual_seed(seed)
        super().__init__()
        self._deal()
        self.observe(lambda _: self._deal(), "round")
        self.observe(lambda _: self._score(), "marked")

    def _deal(self) -> None:
        """Real pictures and made ones of random classes, shuffled."""
        g, half = self.generator, REAL // 2
        rows = torch.randperm(len(self.real), generator=g)[:REAL]
        labels = torch.randint(len(self.real.names), (REAL,), generator=g)
        pixels, noise = self.models
        where = next(pixels.parameters()).device
        first = autoregressive.sample(pixels, labels[:half].to(where), shape=SIZE, generator=g, **PIXELS).byte()
        second = to_bytes(flow.sample(noise, labels[half:].to(where), shape=(1, *SIZE), generator=g, **NOISE)[:, 0])
        order = torch.randperm(2 * REAL, generator=g)
        self.pictures = torch.cat([self.real.pixels[rows, 0], first.cpu(), second.cpu()])[order]
        self.families = [["data"] * REAL, ["autoregressive"] * half, ["noise"] * half]
        self.families = np.concatenate(self.families)[order.numpy()].tolist()
        self.labels = torch.cat([self.real.labels[rows], labels])[order].tolist()
        with self.hold_sync():
            self.marked, self.answer, self.caption = [], [], []
            self.sheet = self.pictures.numpy().tobytes()

    def _score(self) -> None:
        if any(not 0 <= i < 2 * REAL for i in self.marked) or len(set(self.marked)) != len(self.marked):
            raise ValueError(f"marked={self.marked} must be different numbers in 0..{2 * REAL - 1}.")
        if len(self.marked) == REAL and not self.answer:
            hits = sum(self.families[i] == "data" for i in self.marked)
            with self.hold_sync():
                self.caption = [self.real.names[label] for label in self.labels]
                self.answer = [WORDS[family] for family in self.families]
                self.history = [*self.history, hits]

    def frame(self):
        """The sheet, numbered, without the answer."""
        title = f"Six of these twelve are photographs, the others were made: which {REAL} are real?"
        fig, axes = figure(2, 6, (7.6, 3.2), alt=f"{title} Twelve small grey pictures of clothes, numbered 1 to 12.")
        for i, (picture, ax) in enumerate(zip(self.pictures, axes.flat), 1):
            ax.imshow(tile(picture[None, None], 1), interpolation="nearest")
            ax.set_axis_off()
            ax.set_title(f"{i}", size=9, loc="center", weight="normal", pad=2)
        fig.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
        return fig

    def fold(self):
        """The answer to the sheet dealt last, folded: HTML with one line for each of the three sources."""
        from IPython.display import HTML

        lines = []
        for family, word in WORDS.items():
            there = [i for i, source in enumerate(self.families) if source == family]
            said = ", ".join(f"{i + 1} ({html.escape(self.real.names[self.labels[i]])})" for i in there)
            lines.append(f'<li><b style="color:{FAMILIES[family]}">{word}</b>: {said}</li>')
        return HTML(f"<details><summary>The answer to the sheet above</summary><ul>{''.join(lines)}</ul></details>")
