"""Accuracy against variety: where temperature and guidance put the pictures of a model. Built in notebook 05."""

from collections.abc import Callable

import torch
import traitlets

from ...data import Pictures
from ...measure.frechet import wilson
from .. import names, plot
from ..charts import short
from .base import Play, script
from .dials import judged, spread

TEMPERATURES, GUIDANCES = (0.6, 0.8, 1.0, 1.2), (1.0, 1.5, 2.0, 3.0)
SHADES = names.SHADES["autoregressive"][1:]  # of one family's colour: from cold to hot


class Fronts(Play):
    """Turn temperature, guidance and how long it lasts; see ten pictures and where `n` of them land.

    `draw(labels [N], temperature=…, guidance=…, last=…, seed=…)` gives grey uint8 `[N, 1, 28, 28]`, guided up to token
    `last` of `length`; `pictures` are real ones, the measure of variety. All settings of the static frame are measured
    at the start.
    """

    _esm = script("fronts")
    temperature = traitlets.Float(1.0).tag(sync=True)
    guidance = traitlets.Float(1.0).tag(sync=True)
    last = traitlets.Int().tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    length = traitlets.Int().tag(sync=True)
    count = traitlets.Int(10).tag(sync=True)
    classes = traitlets.List().tag(sync=True)  # the name of each of the ten
    size = traitlets.List().tag(sync=True)
    points = traitlets.List().tag(sync=True)  # [accuracy, variety, words, shade] of every setting so far; last: now
    real = traitlets.Float().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # grey bytes of ten pictures, side by side

    def __init__(self, draw: Callable, pictures: Pictures, length: int, n: int = 100):
        self.draw, self.names, self.n = draw, list(pictures.names), n
        features, guesses = judged(pictures.pixels)
        classes = range(len(self.names))
        self.spreads = [spread(features[pictures.labels == label]) for label in classes]
        share = float((guesses == pictures.labels).double().mean())
        shown = [short(self.names)[i % len(self.names)] for i in range(10)]
        super().__init__(length=length, last=length, real=share, size=list(pictures.pixels.shape[-2:]), classes=shown)
        rows = [(t, w, length) for t in TEMPERATURES for w in GUIDANCES]
        self.found = {row: self.measure(*row) for row in rows}
        self.answers(self._draw, "temperature", "guidance", "last", "seed")

    def measure(self, temperature: float, guidance: float, last: int, seed: int = 0) -> dict:
        """Share taken for what was asked, with its interval, and spread inside a class (real pictures: 1), of `n`."""
        if not 0 <= last <= self.length:
            raise ValueError(f"last={last} must lie in 0..{self.length}: so many tokens are guided.")
        labels = torch.arange(self.n) % len(self.names)
        pixels = self.draw(labels, temperature=temperature, guidance=guidance, last=last, seed=seed)
        features, guesses = judged(pixels)
        hits = int((guesses == labels).sum())
        low, high = wilson(hits, self.n)
        ratios = [spread(features[labels == k]) / real for k, real in enumerate(self.spreads)]
        variety = sum(ratios) / len(ratios)
        return {"accuracy": hits / self.n, "low": low, "high": high, "variety": variety, "pixels": pixels[: self.count]}

    def _draw(self) -> None:
        """Measure the dials as they stand; the point stays on the plane."""
        row = (self.temperature, self.guidance, self.last)
        if self.seed or row not in self.found:
            self.found[row] = self.measure(*row, seed=self.seed)
        now = self.found[row]
        self.points = [self._point(key) for key in [*[key for key in self.found if key != row], row]]
        self.shown = now["pixels"][:, 0].permute(1, 0, 2).contiguous().numpy().tobytes()
        self.status = (
            f"{self._words(row)}: {now['accuracy']:.0%} are taken for what was asked ({now['low']:.0%} to "
            f"{now['high']:.0%}, n = {self.n}; real {self.real:.0%}) · variety {now['variety']:.2f} (real: 1)"
        )

    def _words(self, row: tuple) -> str:
        temperature, guidance, last = row
        until = "" if last == self.length or guidance == 1 else f" for {last} tokens"
        return f"temperature {temperature:g}, guidance {guidance:g}{until}"

    def _point(self, row: tuple) -> list:
        hot = min(range(len(TEMPERATURES)), key=lambda k: abs(TEMPERATURES[k] - row[0]))
        found = self.found[row]
        return [found["accuracy"], found["variety"], self._words(row), SHADES[hot]]

    def frame(self):
        """A curve for each temperature; along it the guidance grows."""
        alt = "Accuracy against variety: one curve a temperature, with guidance growing along it, and real pictures."
        fig, ax = plot.figure(size=(6.4, 4.0), alt=alt)
        for temperature, shade in zip(TEMPERATURES, SHADES):
            rows = [self.found[temperature, w, self.length] for w in GUIDANCES]
            x, y = [row["accuracy"] for row in rows], [row["variety"] for row in rows]
            ax.plot(x, y, "o-", color=shade, label=f"temperature {temperature:g}")
            if temperature in (TEMPERATURES[0], TEMPERATURES[-1]):
                ax.annotate(f"w = {GUIDANCES[-1]:g}", (x[-1], y[-1]), xytext=(4, -10), textcoords="offset points")
        ax.plot(self.real, 1, "*", color=plot.FAMILIES["data"], markersize=12, label="real pictures")
        ax.set(
            xlabel=f"taken for what was asked (n = {self.n}, ± {self._half():.0%} at most)", ylabel="variety (real: 1)"
        )
        ax.legend(fontsize=8, loc="lower left")
        a, b = (self.found[1.0, w, self.length] for w in (GUIDANCES[0], GUIDANCES[-1]))
        ax.set_title(
            f"Guidance {GUIDANCES[0]:g} to {GUIDANCES[-1]:g}: accuracy {a['accuracy']:.0%} to {b['accuracy']:.0%}, "
            f"variety {a['variety']:.2f} to {b['variety']:.2f}"
        )
        return fig

    def _half(self) -> float:
        return max((row["high"] - row["low"]) / 2 for row in self.found.values())
