"""A small head that draws a vector by flow, where another has a softmax. Built in notebook 16."""

import torch.nn.functional as F
from torch import Tensor, nn

from .layers import at_least_float32, modulate, norm, time_features, zero


class FlowHead(nn.Module):
    """The velocity of vectors `x [..., V]` at times `t [...]`, told `z [..., D]` of their position by a transformer.

    An MLP with a residual stream of its own, modulated by time and z; it starts at zero. Source: MAR (arXiv
    2406.11838). Built in notebook 16.
    """

    def __init__(self, vector: int, width: int, depth: int = 3):
        super().__init__()
        self.read, self.write = nn.Linear(vector, width), zero(nn.Linear(width, vector))
        self.time, self.place = nn.Linear(64, width), nn.Linear(width, width)
        self.told = nn.ModuleList(zero(nn.Linear(width, 3 * width)) for _ in range(depth))
        self.think = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)) for _ in range(depth)
        )

    def forward(self, x: Tensor, t: Tensor, z: Tensor) -> Tensor:
        condition = F.silu(self.time(time_features(t, 64)) + self.place(z))  # [..., D]
        h = self.read(x.to(z.dtype))
        for told, think in zip(self.told, self.think):
            shift, scale, gate = told(condition).chunk(3, -1)
            h = h + gate * think(modulate(norm(h), shift, scale))
        return at_least_float32(self.write(norm(h)))
