"""Punch holes into the tokens of a garment; a masked model fills them, several times over. Built in notebook 06."""

import torch
import traitlets

from ...data import Pictures
from ...data.levels import to_bytes
from ...methods import masked
from .. import plot
from .base import Play, script
from .futures import PAPER

ORDERS = {"confidence": masked.confidence, "random": masked.random, "raster": masked.raster}


def punched(pixels: torch.Tensor, holes: torch.Tensor) -> torch.Tensor:
    """Grey uint8 `[N, 1, H, W]` as RGB, covered where `holes [h, w]` is True: a token is a square of pixels."""
    factor = pixels.shape[-1] // holes.shape[-1]
    cover = holes.repeat_interleave(factor, 0).repeat_interleave(factor, 1)
    return torch.where(cover, PAPER[:, None, None], pixels.expand(-1, 3, -1, -1))


def hole_shape(name: str, grid: tuple[int, int] = (7, 7)) -> torch.Tensor:
    """A hole `[h, w]` by its name: "top", "bottom", "left", "right", "middle", "stripes", "all" or "none"."""
    h, w = grid
    row, column = torch.arange(h)[:, None].expand(h, w), torch.arange(w).expand(h, w)
    known = {
        "top": row < h // 2,
        "bottom": row > h // 2,
        "left": column < w // 2,
        "right": column > w // 2,
        "middle": ((row - h // 2).abs() < h / 4) & ((column - w // 2).abs() < w / 4),
        "stripes": row % 2 == 1,
        "all": row >= 0,
        "none": row < 0,
    }
    if name not in known:
        raise ValueError(f"hole {name!r} is not known. Choose one of {', '.join(known)}.")
    return known[name]


class Holes(Play):
    """Choose a garment, punch holes into its grid of tokens: `model` fills them, what is kept never changes.

    `tokenizer` makes tokens of `pictures` and pictures of tokens; `hole` names the first hole, as in `hole_shape`.
    """

    _esm = script("holes")
    garment = traitlets.Int(0).tag(sync=True)
    holes = traitlets.List(traitlets.Int()).tag(sync=True)  # 1 where a token is hidden, row by row
    label = traitlets.Int(-1).tag(sync=True)  # -1: the garment's own class
    order = traitlets.Int(0).tag(sync=True)
    steps = traitlets.Int(12).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(4).tag(sync=True)
    grid = traitlets.List().tag(sync=True)
    size = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    garments = traitlets.List().tag(sync=True)
    orders = traitlets.List().tag(sync=True)
    shapes = traitlets.Dict().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    truth = traitlets.Bytes().tag(sync=True)  # grey bytes of the chosen garment, out of its tokens
    shown = traitlets.Bytes().tag(sync=True)  # RGB bytes of garment with holes, fills, whole garment, side by side

    def __init__(self, model, tokenizer, pictures: Pictures, count: int = 4, hole: str = "middle"):
        self.model, self.tokenizer, self.pictures = model, tokenizer, pictures
        where, grid = next(model.parameters()).device, tuple(model.config.grid)
        with torch.no_grad():
            self.tokens = tokenizer.tokenize(pictures.floats().to(where))  # [N, T]
        self.whole = self._decode(self.tokens)
        self.rules = ORDERS | {"halton": masked.halton(grid)}
        names = [pictures.names[int(label)] for label in pictures.labels]
        named = ("top", "bottom", "left", "right", "middle", "stripes", "all", "none")
        super().__init__(
            count=count,
            steps=min(12, grid[0] * grid[1]),
            garments=names,
            classes=["its own class", *pictures.names, "no class"],
            orders=list(self.rules),
            shapes={name: hole_shape(name, grid).flatten().int().tolist() for name in named},
            size=list(pictures.pixels.shape[-2:]),
            grid=list(grid),
            holes=hole_shape(hole, grid).flatten().int().tolist(),
        )
        self.answers(self._draw, "garment", "holes", "label", "order", "steps", "seed")

    @torch.no_grad()
    def _decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Pictures `[N, 1, H, W]` (uint8) of tokens, on the processor."""
        x = self.tokenizer.detokenize(tokens).cpu()
        return to_bytes(x)

    def fill(self, garment: int, hole: torch.Tensor, label: int = -1, order: str = "confidence") -> torch.Tensor:
        """Tokens `[count, T]` of one garment whose `hole [h, w]` is filled, each time anew."""
        own = int(self.pictures.labels[garment])
        labels = torch.full((self.count,), own if label < 0 else label, device=self.tokens.device)
        tokens = self.tokens[garment].expand(self.count, -1)
        kept = ~hole.flatten().to(tokens.device).expand(self.count, -1)
        generator = torch.Generator().manual_seed(self.seed)
        dials = {"steps": self.steps, "order": self.rules[order], "generator": generator}
        return masked.sample(self.model, labels, shape=(tokens.shape[1],), known=(tokens, kept), **dials)

    def _draw(self) -> None:
        """Fill the holes as they are now."""
        hole = self._hole()
        strip = self.strip(self.garment, hole, self.label, self.orders[self.order])
        self.truth = self.whole[self.garment, 0].numpy().tobytes()
        self.shown = strip.permute(2, 0, 3, 1).contiguous().numpy().tobytes()
        hidden = int(hole.sum())
        passes = min(self.steps, hidden)
        words = f"{passes} pass{'es' * (passes != 1)}" + ", one a token" * (0 < hidden < self.steps)
        self.status = f"{self.garments[self.garment]}: {hidden} of {hole.numel()} tokens hidden, {words}"

    def _hole(self) -> torch.Tensor:
        """The holes as `[h, w]` boolean; ValueError where they are no list of zeros and ones of that size."""
        h, w = self.grid
        if len(self.holes) != h * w or not set(self.holes) <= {0, 1}:
            raise ValueError(f"holes must be {h * w} numbers, 0 (kept) or 1 (hidden), not {len(self.holes)} numbers.")
        return torch.tensor(self.holes).view(h, w) > 0

    def strip(self, garment: int, hole: torch.Tensor, label: int = -1, order: str = "confidence") -> torch.Tensor:
        """RGB `[count + 2, 3, H, W]`: the garment with its hole, its fills, the whole of it (out of its tokens)."""
        whole = self.whole[garment : garment + 1]
        fills = self._decode(self.fill(garment, hole, label, order))
        return torch.cat([punched(whole, hole), fills.expand(-1, 3, -1, -1), whole.expand(-1, 3, -1, -1)])

    def frame(self):
        """Three garments, three holes: what is given, several fills, the whole."""
        rows = list(zip(range(len(self.pictures)), ("left", "middle", "top")))
        x = torch.cat([self.strip(i, hole_shape(name, tuple(self.grid))) for i, name in rows])
        heads = ["given", *[f"fill {i + 1}" for i in range(self.count)], "whole"]
        title = f"Any hole will do: {self.count} ways to fill each"
        alt = "Three garments with the left, the middle and the top missing, each filled several times, then whole."
        names = [f"{self.garments[i]}, {name}" for i, name in rows]
        return plot.pictures(x, self.count + 2, title=title, alt=alt, rows=names, heads=heads, scale=2.6)
