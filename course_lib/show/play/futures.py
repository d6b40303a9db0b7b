"""Cover the lower part of a garment and let a model complete it, several times over. Built in notebook 02."""

import torch
import traitlets

from ...data import Pictures
from ...methods import autoregressive
from .. import plot
from .base import Play, script

PAPER = torch.tensor([205, 216, 228], dtype=torch.uint8)  # the colour of what is covered


def covered(pixels: torch.Tensor, row: int) -> torch.Tensor:
    """Grey uint8 `[N, 1, H, W]` as RGB, everything from `row` on hidden."""
    out = pixels.expand(-1, 3, -1, -1).clone()
    out[:, :, row:] = PAPER[None, :, None, None]
    return out


def complete(model, pixels: torch.Tensor, row: int, labels: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Pictures `[N, 1, H, W]` whose rows from `row` on are drawn by `model` of pixels, each with its own chances."""
    N, _, H, W = pixels.shape
    generator = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    keep = (torch.arange(H) < row)[:, None].expand(N, H, W)
    known = pixels[:, 0].long(), keep
    tokens = autoregressive.sample(model, labels.to(device), shape=(H, W), known=known, generator=generator)
    return tokens[:, None].to(torch.uint8).cpu()


class Futures(Play):
    """Choose a garment of `pictures`, the row where the covering starts, a class and a seed: the model goes on."""

    _esm = script("futures")
    garment = traitlets.Int(0).tag(sync=True)
    row = traitlets.Int(12).tag(sync=True)
    label = traitlets.Int(-1).tag(sync=True)  # -1: the garment's own class
    seed = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(4).tag(sync=True)
    size = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    garments = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # RGB bytes of covered, futures, truth, side by side

    def __init__(self, model, pictures: Pictures, count: int = 4, row: int = 12):
        self.model, self.pictures = model, pictures
        names = [pictures.names[int(label)] for label in pictures.labels]
        super().__init__(count=count, row=row, garments=names, classes=["its own class", *pictures.names, "no class"])
        self.size = list(pictures.pixels.shape[-2:])
        self.answers(self._draw, "garment", "row", "label", "seed")

    def _chosen(self) -> int:
        own = int(self.pictures.labels[self.garment])
        return own if self.label < 0 else min(self.label, len(self.pictures.names))

    def _draw(self) -> None:
        """Draw the futures of what is chosen now."""
        if not 0 <= self.row < self.size[0]:
            raise ValueError(f"row={self.row} must lie in 0..{self.size[0] - 1}: the first row that is covered.")
        strip = self.strip(self.garment, self._chosen())  # [n, 3, H, W]
        self.shown = strip.permute(2, 0, 3, 1).contiguous().numpy().tobytes()
        self.status = f"{self.garments[self.garment]}: {self.row} of {self.size[0]} rows given, seed {self.seed}"

    def strip(self, garment: int, label: int) -> torch.Tensor:
        """RGB `[count + 2, 3, H, W]`: the covered garment, its futures, the truth."""
        truth = self.pictures.pixels[garment : garment + 1]
        labels = torch.full((self.count,), label)
        futures = complete(self.model, truth.expand(self.count, -1, -1, -1), self.row, labels, self.seed)
        return torch.cat([covered(truth, self.row), futures.expand(-1, 3, -1, -1), truth.expand(-1, 3, -1, -1)])

    def frame(self):
        """Three garments: covered, their futures, the truth."""
        rows = range(min(3, len(self.pictures)))
        x = torch.cat([self.strip(i, int(self.pictures.labels[i])) for i in rows])
        heads = ["covered", *[f"future {i + 1}" for i in range(self.count)], "truth"]
        title = f"From {self.row} rows: one past, {self.count} futures"
        alt = "Three garments, each with its lower part covered, then completed by the model several times, then whole."
        names = [self.garments[i] for i in rows]
        return plot.pictures(x, self.count + 2, title=title, alt=alt, rows=names, heads=heads, scale=2.6)
