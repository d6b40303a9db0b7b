"""Put noise on a real garment and see what a network believes lies under it. Built in notebook 09."""

from collections.abc import Callable

import torch
import traitlets

from ... import runtime
from ...data import Pictures
from ...data.levels import to_bytes
from .. import plot
from .base import Play, script
from .dials import judged

LEVELS = (20, 50, 80, 95, 99)  # per cent of noise in the static frame


class Under(Play):
    """Choose a garment of `pictures`, how much of it is noise, and what the network is told: see its guess.

    `believe(noisy [B, 1, H, W], share of the data left, labels [B]) -> clean pictures` is any denoiser; noisy pictures
    have `√share · picture + √(1 - share) · noise`. The label after the last class means "no class".
    """

    _esm = script("under")
    garment = traitlets.Int(0).tag(sync=True)
    noise = traitlets.Int(80).tag(sync=True)  # per cent of the variance
    label = traitlets.Int(-1).tag(sync=True)  # -1: the garment's own class
    seed = traitlets.Int(0).tag(sync=True)
    size = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    garments = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # grey bytes of the truth, the noisy picture and the guess, side by side

    def __init__(self, believe: Callable, pictures: Pictures, noise: int = 80):
        self.believe, self.pictures = believe, pictures
        names = [pictures.names[int(label)] for label in pictures.labels]
        super().__init__(noise=noise, garments=names, classes=["its own class", *pictures.names, "no class"])
        self.size = list(pictures.pixels.shape[-2:])
        self.answers(self._draw, "garment", "noise", "label", "seed")

    def guess(self, garment: int, noise: int, label: int = -1) -> torch.Tensor:
        """Floats `[3, 1, H, W]` in [-1, 1]: the garment, the same under `noise` per cent, what is believed of it."""
        if not 1 <= noise <= 99:
            raise ValueError(f"noise={noise} must lie in 1..99, per cent of the variance.")
        label = int(self.pictures.labels[garment]) if label < 0 else min(label, len(self.pictures.names))
        x, share = self.pictures.pixels[garment : garment + 1].float() / 127.5 - 1, 1 - noise / 100
        fresh = runtime.noise(1, x.shape[1:], torch.Generator().manual_seed(self.seed), like="cpu")
        noisy = share**0.5 * x + (1 - share) ** 0.5 * fresh
        device = runtime.device()
        with torch.no_grad():
            clean = self.believe(noisy.to(device), share, torch.tensor([label], device=device)).float().cpu()
        return torch.cat([x, noisy, clean]).clamp(-1, 1)

    def _draw(self) -> None:
        """Guess with the controls as they stand, and say how far off it is."""
        pixels = to_bytes(self.guess(self.garment, self.noise, self.label))
        self.shown = pixels[:, 0].permute(1, 0, 2).contiguous().numpy().tobytes()
        off = float((pixels[2].float() - pixels[0].float()).abs().mean())
        taken = self.pictures.names[int(judged(pixels[2:])[1])] if self.size == [28, 28] else "a small picture"
        self.status = f"{self.noise} % noise: a pixel of the guess is off by {off:.0f} of 255; it is taken for: {taken}"

    def frame(self):
        """Two garments under more and more noise, and what is believed of each."""
        strips = []
        for garment in range(min(2, len(self.pictures))):
            seen = [self.guess(garment, noise) for noise in LEVELS]
            strips += [torch.stack([seen[0][0], *[s[k] for s in seen]]) for k in (1, 2)]
        heads, rows = ["truth", *[f"{n} % noise" for n in LEVELS]], ["seen", "believed"] * (len(strips) // 2)
        title = "Under little noise it finds this garment, under much only the mean of its class"
        alt = (
            f"Garments under {', '.join(map(str, LEVELS))} per cent of noise, and below each what the network believes."
        )
        return plot.pictures(torch.cat(strips), len(heads), title=title, alt=alt, rows=rows, heads=heads, scale=2.2)
