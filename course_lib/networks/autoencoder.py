"""A small convolutional autoencoder whose latents are numbers or tokens, as one likes. Built in notebook 04."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import sides
from .quantizers import FSQ


@dataclass(frozen=True)
class AutoencoderConfig:
    """Shape of an `Autoencoder`; the grid of latents has a quarter of the picture's side."""

    size: int | tuple[int, int] = 28  # of pictures, a side or height and width
    channels: int = 1
    width: int = 48
    levels: tuple[int, ...] = (8, 5, 5, 5)  # of the finite scalar quantisation: one number a latent channel

    @property
    def grid(self) -> tuple[int, int]:
        height, width = sides(self.size)
        return height // 4, width // 4


class Residual(nn.Module):
    """Two convolutions beside a shortcut; it starts as the identity."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(2))
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(F.silu(self.norms[0](x)))
        return x + self.second(F.silu(self.norms[1](h)))


class Autoencoder(nn.Module):
    """Pictures `[B, C, H, W]` in [-1, 1] to bounded latents `[B, d, H/4, W/4]` or tokens `[B, T]`, and back.

    In training a tanh bounds the latents and half of the pictures have theirs rounded, so that one decoder serves both
    models of tokens and models of continuous latents. `mean` and `std` of each latent channel travel with the weights.
    """

    def __init__(self, config: AutoencoderConfig):
        super().__init__()
        c = self.config = config
        if any(side % 4 for side in sides(c.size)):
            raise ValueError(f"size={c.size} must be divisible by 4.")
        self.quantizer, d, w = FSQ(c.levels), len(c.levels), c.width
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * c.channels, w, 3, padding=1),
            Residual(w),
            nn.Conv2d(w, 2 * w, 4, stride=2, padding=1),
            Residual(2 * w),
            Residual(2 * w),
            nn.GroupNorm(8, 2 * w),
            nn.SiLU(),
            nn.Conv2d(2 * w, d, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(d, 2 * w, 3, padding=1),
            Residual(2 * w),
            Residual(2 * w),
            nn.Conv2d(2 * w, 4 * w, 1),
            nn.PixelShuffle(2),
            Residual(w),
            Residual(w),
            nn.Conv2d(w, 2 * w, 3, padding=1),
            nn.PixelShuffle(2),
            nn.SiLU(),
            nn.Conv2d(w // 2, c.channels, 3, padding=1),
        )
        self.register_buffer("mean", torch.zeros(d))
        self.register_buffer("std", torch.ones(d))

    def encode(self, x: Tensor) -> Tensor:
        """Continuous latents `[B, d, h, w]` in about [-1, 1]."""
        c = self.config
        wanted = (c.channels, *sides(c.size))
        if x.shape[1:] != wanted or not x.is_floating_point():
            raise ValueError(f"pictures must be floats [B, {', '.join(map(str, wanted))}], not {list(x.shape)}.")
        return _last(self.quantizer.bound, self.encoder(x).float())

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures `[B, C, H, W]` of latents, continuous or rounded."""
        return self.decoder(latents).float()

    def normal(self, latents: Tensor) -> Tensor:
        """Latents `[B, d, h, w]` with mean 0 and variance 1 in each channel: what a model of noise learns on."""
        return (latents - self.mean[:, None, None]) / self.std[:, None, None]

    def unnormal(self, latents: Tensor) -> Tensor:
        """Undo `normal`."""
        return latents * self.std[:, None, None] + self.mean[:, None, None]

    def tokenize(self, x: Tensor) -> Tensor:
        """Tokens `[B, T]` of pictures, row by row."""
        return self.quantizer.indices(self.encode(x).permute(0, 2, 3, 1)).flatten(1)

    def detokenize(self, tokens: Tensor) -> Tensor:
        """Pictures `[B, C, H, W]` of tokens `[B, T]` or `[B, h, w]`."""
        codes = self.quantizer.codes(tokens.reshape(len(tokens), *self.config.grid))
        return self.decode(codes.permute(0, 3, 1, 2))

    def forward(self, x: Tensor, rounded: Tensor | None = None) -> Tensor:
        """Pictures through the bottleneck: rounded where `rounded [B]` says so, by default everywhere."""
        latents = self.encode(x)
        if self.training:
            self._note(latents.detach())
        codes = _last(self.quantizer.round, latents)
        return self.decode(codes if rounded is None else torch.where(rounded.view(-1, 1, 1, 1), codes, latents))

    def _note(self, latents: Tensor) -> None:
        """Running mean and standard deviation of each channel."""
        self.mean.lerp_(latents.mean((0, 2, 3)), 0.01)
        self.std.lerp_(latents.std((0, 2, 3)), 0.01)


def _last(function, x: Tensor) -> Tensor:
    """Apply to `[B, d, h, w]` what works on the last dimension."""
    return function(x.movedim(1, -1)).movedim(-1, 1)
