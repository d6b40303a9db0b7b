"""The dials of sampling: temperature, top-k, top-p, guidance, class; what they cost and buy. Built in notebook 03."""

import time

import torch
import traitlets

from ...data import Pictures
from ...data.levels import from_levels
from ...measure import frechet
from ...methods import autoregressive
from .. import plot
from .base import Play, script

TEMPERATURES, GUIDANCES, SHOWN = (0.5, 1.0, 1.3), (1.0, 2.0, 4.0), (1, 3, 7, 9)


def judged(pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Features and classes of grey uint8 `[N, 1, H, W]` by the frozen classifier; small ones are enlarged to 28×28."""
    factor = 28 // pixels.shape[-1]
    return frechet.features(pixels.repeat_interleave(factor, -1).repeat_interleave(factor, -2))


def spread(features: torch.Tensor) -> float:
    """Mean distance between any two of the features `[N, d]`: how varied the pictures are."""
    return float(torch.pdist(features.float()).mean())


class Dials(Play):
    """Eight pictures of a class-conditional `model` of tokens, for any setting of the sampler.

    `pictures` are real ones of the model's size, the measure of variety; `levels` is the size of its vocabulary.
    """

    _esm = script("dials")
    temperature = traitlets.Float(1.0).tag(sync=True)
    top_p = traitlets.Float(1.0).tag(sync=True)
    top_k = traitlets.Int(0).tag(sync=True)
    guidance = traitlets.Float(1.0).tag(sync=True)
    label = traitlets.Int().tag(sync=True)  # a class, then "no class", then "all in turn"
    seed = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(8).tag(sync=True)
    levels = traitlets.Int(16).tag(sync=True)
    size = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # grey bytes of the pictures, side by side

    def __init__(self, model, pictures: Pictures, levels: int = 16):
        self.model, self.names = model, list(pictures.names)
        self.real, self.guesses = judged(pictures.pixels)
        self.labels, self.read = pictures.labels, float((self.guesses == pictures.labels).double().mean())
        choices = [*self.names, "no class", "all in turn"]
        super().__init__(levels=levels, classes=choices, label=len(self.names) + 1)
        self.size = list(pictures.pixels.shape[-2:])
        self.answers(self._draw, "temperature", "top_p", "top_k", "guidance", "label", "seed")

    def make(self, labels: torch.Tensor, **dials) -> torch.Tensor:
        """Grey uint8 pictures `[N, 1, H, W]` of `labels [N]`, with the sampler's own names for the dials."""
        labels, generator = labels.to(next(self.model.parameters()).device), torch.Generator().manual_seed(self.seed)
        tokens = autoregressive.sample(self.model, labels, shape=tuple(self.size), generator=generator, **dials)
        return from_levels(tokens.cpu(), self.levels)

    def wanted(self) -> torch.Tensor:
        """The labels of the pictures to draw: one class, no class, or all in turn."""
        turn, last = torch.arange(self.count), len(self.names)
        return turn % last if self.label > last else torch.full_like(turn, self.label)

    def variety(self, features: torch.Tensor, labels: torch.Tensor, draws: int = 20) -> float:
        """Spread of made pictures as a share of the spread of real ones with the same labels."""
        rows, generator = [], torch.Generator().manual_seed(0)
        for label in labels:
            fits = (
                torch.arange(len(self.labels)) if label == len(self.names) else (self.labels == label).nonzero()[:, 0]
            )
            rows.append(fits[torch.randint(len(fits), (draws,), generator=generator)])
        real = [spread(self.real[row]) for row in torch.stack(rows, 1)]
        return spread(features) / (sum(real) / draws)

    def _draw(self) -> None:
        """Draw with the dials as they stand, and judge."""
        labels, start = self.wanted(), time.perf_counter()
        dials = {"temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k, "guidance": self.guidance}
        pixels = self.make(labels, **dials)
        seconds = time.perf_counter() - start
        features, guesses = judged(pixels)
        self.shown = pixels[:, 0].permute(1, 0, 2).contiguous().numpy().tobytes()
        hits = (
            f"{int((guesses == labels).sum())} of {self.count} are what was asked for (real pictures: {self.read:.0%})"
        )
        if self.label == len(self.names):
            hits = "taken for " + ", ".join(self.names[int(guess)] for guess in guesses)
        self.status = f"{hits} · variety {self.variety(features, labels):.2f} (real: 1) · {seconds:.1f} s"

    def frame(self):
        """Temperature from row to row, guidance from left to right, the same seed everywhere."""
        labels = torch.tensor(SHOWN) % len(self.names)
        grid = [self.make(labels, temperature=t, guidance=w) for t in TEMPERATURES for w in GUIDANCES]
        blank = torch.full((1, 1, *self.size), 255, dtype=torch.uint8)
        strips = [torch.cat([part, blank]) if n % 3 < 2 else part for n, part in enumerate(grid)]
        columns = 3 * len(labels) + 2
        heads = ["" if i % 5 != 1 else f"guidance {GUIDANCES[i // 5]:g}" for i in range(columns)]
        rows = [f"temperature {t:g}" for t in TEMPERATURES]
        names = ", ".join(self.names[int(label)] for label in labels)
        alt = f"Samples ({names}) at three temperatures and three guidance scales."
        title = "Cold is plain, hot is ragged"
        return plot.pictures(torch.cat(strips), columns, title=title, alt=alt, rows=rows, heads=heads, scale=2.8)
