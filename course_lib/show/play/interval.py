"""Guidance scale and interval over a fixed set of noises; what they cost and buy. Built in notebook 11."""

import torch
import traitlets

from ... import runtime
from ...data import Pictures
from ...data.levels import to_bytes
from ...measure import frechet
from ...methods import flow
from .. import plot
from .base import Play, script
from .dials import spread

ROWS = ((1.0, 0.0, 1.0), (4.0, 0.0, 1.0), (4.0, 0.2, 0.8), (4.0, 0.8, 1.0))  # scale, from, to


class Interval(Play):
    """Pictures of one class from ten noises: above as the plain `model` makes them, below led by guidance.

    `model(x, t, labels)` gives velocities and has a `null` label; `pictures` are real ones, the measure of variety.
    """

    _esm = script("interval")
    guidance = traitlets.Float(3.0).tag(sync=True)
    low = traitlets.Float(0.2).tag(sync=True)
    high = traitlets.Float(0.8).tag(sync=True)
    label = traitlets.Int(7).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    steps = traitlets.Int(8).tag(sync=True)
    count = traitlets.Int(10).tag(sync=True)
    size = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # grey bytes of two rows of pictures

    def __init__(self, model, pictures: Pictures):
        self.model = model
        features, guesses = frechet.features(pictures.pixels)
        labels, count = pictures.labels, len(pictures.names)
        self.spreads = [spread(features[labels == label]) for label in range(count)]
        self.read = [float((guesses[labels == label] == label).double().mean()) for label in range(count)]
        super().__init__(classes=list(pictures.names), size=list(pictures.pixels.shape[-2:]))
        self.answers(self._draw, "guidance", "low", "high", "label", "seed")

    def make(self, labels: torch.Tensor, guidance: float, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        """Grey uint8 pictures `[N, 1, H, W]`; the noises depend on the seed alone."""
        labels, generator = labels.to(next(self.model.parameters()).device), torch.Generator().manual_seed(self.seed)
        dials = {"steps": self.steps, "guidance": guidance, "interval": (low, high), "generator": generator}
        with runtime.autocast():
            x = flow.sample(self.model, labels, shape=(1, *self.size), **dials)
        return to_bytes(x).cpu()

    def led(self) -> list[bool]:
        """For each step, noise first, whether it is led: it begins at t = 1 - i / steps."""
        return [self.guidance != 1 and self.low <= 1 - i / self.steps <= self.high for i in range(self.steps)]

    def score(self, pixels: torch.Tensor) -> tuple[int, float]:
        """How many the classifier takes for what was asked, and how varied they are beside real ones."""
        features, guesses = frechet.features(pixels)
        return int((guesses == self.label).sum()), spread(features) / self.spreads[self.label]

    def _draw(self) -> None:
        """Draw with the dials as they stand, and judge; the ends of the interval may come in either order."""
        low, high = sorted((self.low, self.high))
        if (low, high) != (self.low, self.high):
            self.low, self.high = low, high  # draws again
            return
        labels = torch.full((self.count,), self.label)
        plain, guided = self.make(labels, 1.0), self.make(labels, self.guidance, low, high)
        rows = torch.stack([plain, guided])[:, :, 0]  # [2, count, H, W]
        self.shown = rows.permute(0, 2, 1, 3).contiguous().numpy().tobytes()
        led, real = self.led(), f"real: {self.read[self.label]:.0%}, variety 1"
        scores = (self.score(plain), self.score(guided))
        says = [f"{hits} of {self.count} taken for what was asked, variety {varied:.2f}" for hits, varied in scores]
        marks = "".join("●" if one else "○" for one in led)
        self.status = f"plain: {says[0]} · led: {says[1]} ({real}) · noise {marks} data: {self.steps + sum(led)} calls"

    def frame(self):
        """One noise a column, one setting a row: plain, led at all times, in the middle, at the start only."""
        labels = torch.full((self.count,), self.label)
        sheets = [self.make(labels, *row) for row in ROWS]
        hits, varied = zip(*(self.score(sheet) for sheet in sheets))
        names = ["plain"] + [f"w = {w:g}, t from {low:g} to {high:g}" for w, low, high in ROWS[1:]]
        rows = [f"{name}: {n} of {self.count}" for name, n in zip(names, hits)]
        what = self.classes[self.label].lower()
        return plot.pictures(
            torch.cat(sheets),
            self.count,
            title=f"Variety (real: 1): plain {varied[0]:.2f}, led {varied[1]:.2f}, in the middle only {varied[2]:.2f}",
            alt=f"Class {what}, ten noises: plain, led by guidance at all times, in the middle, at the start.",
            rows=rows,
            scale=2.0,
        )
