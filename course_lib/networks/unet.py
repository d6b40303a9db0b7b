"""A small U-Net: convolutions at three sizes, with shortcuts across. Built in notebook 09."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import labels_or_null, sides
from .layers import at_least_float32, time_features


@dataclass(frozen=True)
class UNetConfig:
    """Shape of a `UNet`; `widths` are the channels at full size, half, a quarter …"""

    size: int | tuple[int, int] = 28  # of pictures, a side or height and width
    channels: int = 1
    classes: int = 10  # labels run from 0 to classes - 1; `classes` itself means "no label"
    widths: tuple[int, ...] = (32, 64, 88)
    blocks: int = 1  # at every size, on the way down and one more on the way up
    condition: int = 128


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut; time and class scale and shift what lies between. Starts as the shortcut."""

    def __init__(self, before: int, after: int, condition: int):
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(8, before), nn.GroupNorm(8, after)])
        self.first = nn.Conv2d(before, after, 3, padding=1)
        self.second = nn.Conv2d(after, after, 3, padding=1)
        self.modulation = nn.Linear(condition, 2 * after)
        self.shortcut = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.first(F.silu(self.norms[0](x)))  # [B, after, H, W]
        scale, shift = self.modulation(condition)[..., None, None].chunk(2, dim=1)
        h = self.second(F.silu(self.norms[1](h) * (1 + scale) + shift))
        return self.shortcut(x) + h


class UNet(nn.Module):
    """`model(x [B, C, H, W], t [B], labels [B]) -> [B, C, H, W]`: noise, data or velocity, as it was trained.

    Down: at every size some blocks, then half the size. Up: the same, each block reading what was there on the way
    down. Sources: U-Net (arXiv 1505.04597), DDPM (2006.11239), scale and shift (2102.09672).
    """

    def __init__(self, config: UNetConfig):
        super().__init__()
        c = self.config = config
        if any(side % 2 ** (len(c.widths) - 1) for side in sides(c.size)):
            raise ValueError(f"size={c.size} cannot be halved {len(c.widths) - 1} times: take fewer widths.")
        self.time = nn.Sequential(nn.Linear(64, c.condition), nn.SiLU(), nn.Linear(c.condition, c.condition))
        self.label = nn.Embedding(c.classes + 1, c.condition)
        nn.init.normal_(self.label.weight, std=0.5)
        self.enter = nn.Conv2d(c.channels, c.widths[0], 3, padding=1)
        self.down, self.up, width, kept = nn.ModuleList(), nn.ModuleList(), c.widths[0], [c.widths[0]]
        for level, wide in enumerate(c.widths):
            for _ in range(c.blocks):
                self.down.append(ResidualBlock(width, wide, c.condition))
                width = wide
                kept.append(width)
            if level + 1 < len(c.widths):
                self.down.append(nn.Conv2d(width, width, 3, stride=2, padding=1))
                kept.append(width)
        self.middle = ResidualBlock(width, width, c.condition)
        for level, wide in reversed(list(enumerate(c.widths))):
            for _ in range(c.blocks + 1):
                self.up.append(ResidualBlock(width + kept.pop(), wide, c.condition))
                width = wide
            if level:
                self.up.append(nn.Upsample(scale_factor=2))
        self.norm = nn.GroupNorm(8, width)
        self.head = nn.Conv2d(width, c.channels, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def null(self) -> int:
        """The label that means "no label"."""
        return self.config.classes

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        c = self.config
        wanted = (c.channels, *sides(c.size))
        if x.shape[1:] != wanted:
            raise ValueError(f"pictures must be [B, {', '.join(map(str, wanted))}], not {list(x.shape)}.")
        labels = labels_or_null(labels, len(x), self.null, x.device)
        features = time_features(t, 64).to(self.enter.weight.dtype)
        condition = F.silu(self.time(features) + self.label(labels))  # [B, condition]
        h = self.enter(x)
        kept = [h]
        for layer in self.down:
            h = layer(h, condition) if isinstance(layer, ResidualBlock) else layer(h)
            kept.append(h)
        h = self.middle(h, condition)
        for layer in self.up:
            h = layer(torch.cat([h, kept.pop()], 1), condition) if isinstance(layer, ResidualBlock) else layer(h)
        return at_least_float32(self.head(F.silu(self.norm(h))))
