"""Paint a hole into a picture and have it filled, in any of several ways. Built in notebook 14."""

from collections.abc import Callable, Sequence

import torch
import traitlets
from torch import Tensor

from .. import plot
from .base import Play, script
from .futures import PAPER
from .holes import hole_shape


def covered_squares(pixels: Tensor, keep: Tensor) -> Tensor:
    """Pictures uint8 `[N, C, H, W]` as RGB, covered where the squares `keep [N, T]` of a square grid are not kept."""
    side = round(keep.shape[1] ** 0.5)
    size = pixels.shape[-1] // side
    hidden = ~keep.view(-1, 1, side, side).repeat_interleave(size, 2).repeat_interleave(size, 3)
    return torch.where(hidden, PAPER[:, None, None], pixels.expand(-1, 3, -1, -1))


class Brush(Play):
    """Choose a picture of `pixels` uint8 `[N, C, H, W]`, paint a hole into its grid of squares: it is filled `count`
    times by `fill(way, picture, keep [count, T], seed) -> uint8 [count, C, H, W]`, in one of the named `ways`."""

    _esm = script("brush")
    picture = traitlets.Int(0).tag(sync=True)
    holes = traitlets.List(traitlets.Int()).tag(sync=True)  # 1 where a square is hidden, row by row
    way = traitlets.Int(0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(4).tag(sync=True)
    grid = traitlets.List().tag(sync=True)
    size = traitlets.List().tag(sync=True)
    names = traitlets.List().tag(sync=True)
    ways = traitlets.List().tag(sync=True)
    shapes = traitlets.Dict().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    truth = traitlets.Bytes().tag(sync=True)  # RGB bytes of the chosen picture
    shown = traitlets.Bytes().tag(sync=True)  # RGB bytes of the picture with its hole, its fills, the whole of it

    def __init__(
        self, fill: Callable, pixels: Tensor, names: Sequence[str], ways: Sequence[str], grid: int, hole: str = "top"
    ):
        self.fill, self.pixels = fill, pixels
        shapes = ("top", "bottom", "left", "right", "middle", "stripes")
        super().__init__(
            names=list(names),
            ways=list(ways),
            shapes={name: hole_shape(name, (grid, grid)).flatten().int().tolist() for name in shapes},
            size=list(pixels.shape[-2:]),
            grid=[grid, grid],
            holes=hole_shape(hole, (grid, grid)).flatten().int().tolist(),
        )
        self.answers(self._draw, "picture", "holes", "way", "seed")

    def _draw(self) -> None:
        """Fill the hole as it is now; where that makes no sense all stays as it was, and the status says why."""
        h, w = self.grid
        if len(self.holes) != h * w or not set(self.holes) <= {0, 1}:
            raise ValueError(f"holes must be {h * w} numbers, 0 (kept) or 1 (hidden), not {len(self.holes)} numbers.")
        hidden = sum(self.holes)
        self.truth = self.pixels[self.picture].expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy().tobytes()
        if not 0 < hidden < h * w:
            self.status = "All is hidden: keep a square, so that there is something to fit to."
            if not hidden:
                self.status = "Nothing is hidden: paint over a square, and it will be filled."
            return
        strip = self.strip(self.picture, torch.tensor(self.holes) > 0, self.ways[self.way])
        self.shown = strip.permute(2, 0, 3, 1).contiguous().numpy().tobytes()
        self.status = f"{self.names[self.picture]}, {self.ways[self.way]}: {hidden} of {h * w} squares filled"

    def strip(self, picture: int, hidden: Tensor, way: str) -> Tensor:
        """RGB `[count + 2, 3, H, W]`: a picture with its hole `[T]`, its fills, the whole of it."""
        whole, keep = self.pixels[picture : picture + 1], ~hidden.flatten().expand(self.count, -1)
        filled = self.fill(way, picture, keep, self.seed)
        return torch.cat([covered_squares(whole, keep[:1]), *(x.expand(-1, 3, -1, -1) for x in (filled, whole))])

    def frame(self):
        """The first hole, filled in every way."""
        hidden = torch.tensor(self.shapes["top"]) > 0
        x = torch.cat([self.strip(self.picture, hidden, way) for way in self.ways])
        heads = ["given", *[f"fill {i + 1}" for i in range(self.count)], "whole"]
        title = f"One hole, {len(self.ways)} ways to fill it"
        alt = f"{self.names[self.picture]} with its top hidden, filled {self.count} times in each way, then whole."
        return plot.pictures(x, self.count + 2, title=title, alt=alt, rows=self.ways, heads=heads, scale=2.4)
