"""Two garments as grids of tokens: swap any of them and read both again. Built in notebook 04."""

import torch
import traitlets

from ... import runtime
from ...data import Pictures
from ...data.levels import to_bytes
from .. import plot
from .base import Play, script
from .dials import judged

PRESETS = ("nothing", "upper half", "left half", "middle", "every second", "everything")


def preset(name: str, grid: tuple[int, int]) -> torch.Tensor:
    """Which places of the grid a preset swaps, bool `[h, w]`."""
    h, w = grid
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    places = {
        "nothing": rows < 0,
        "upper half": rows < h // 2,
        "left half": columns < w // 2,
        "middle": (rows >= h // 4) & (rows < h - h // 4) & (columns >= w // 4) & (columns < w - w // 4),
        "every second": (rows + columns) % 2 == 0,
        "everything": rows >= 0,
    }
    if name not in places:
        raise ValueError(f"name={name!r} is not a preset. Choose one of {', '.join(PRESETS)}.")
    return places[name]


class Swap(Play):
    """Choose two of `pictures` and the places where their tokens change sides; `tokenizer` draws both again."""

    _esm = script("swap")
    first = traitlets.Int(0).tag(sync=True)
    second = traitlets.Int(1).tag(sync=True)
    swapped = traitlets.List(traitlets.Bool()).tag(sync=True)  # one a place, row by row
    grid = traitlets.List().tag(sync=True)
    size = traitlets.List().tag(sync=True)
    garments = traitlets.List().tag(sync=True)
    presets = traitlets.Dict().tag(sync=True)  # name -> what `swapped` becomes
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # RGB bytes: both as they are, both after the swap, side by side

    def __init__(self, tokenizer, pictures: Pictures, swapped: str = "upper half"):
        self.tokenizer, self.pictures = tokenizer, pictures
        if len(pictures) < 2:
            raise ValueError(f"pictures holds {len(pictures)}: two are needed to swap.")
        with torch.no_grad():
            self.tokens = tokenizer.tokenize(pictures.floats().to(runtime.device())).cpu()  # [N, T]
        grid = tuple(tokenizer.config.grid)
        super().__init__(
            grid=list(grid),
            size=list(pictures.pixels.shape[-2:]),
            garments=pictures.captions or [pictures.names[int(label)] for label in pictures.labels],
            presets={name: preset(name, grid).flatten().tolist() for name in PRESETS},
            swapped=preset(swapped, grid).flatten().tolist(),
        )
        self.answers(self._draw, "first", "second", "swapped")

    def swap(self, first: int, second: int, places: torch.Tensor) -> torch.Tensor:
        """Tokens `[2, T]` of two pictures after those at `places` (bool `[T]`) have changed sides."""
        a, b = self.tokens[first], self.tokens[second]
        return torch.stack([torch.where(places, b, a), torch.where(places, a, b)])

    @torch.no_grad()
    def read(self, tokens: torch.Tensor) -> torch.Tensor:
        """Pictures uint8 `[N, C, H, W]` of tokens `[N, T]`."""
        x = self.tokenizer.detokenize(tokens.to(runtime.device())).cpu()
        return to_bytes(x)

    def strip(self, first: int, second: int, places: torch.Tensor) -> torch.Tensor:
        """Both pictures as their own tokens say, then both after the swap: uint8 `[4, C, H, W]`."""
        return self.read(torch.cat([self.tokens[[first, second]], self.swap(first, second, places)]))

    def _draw(self) -> None:
        """Read what is chosen now, and ask the classifier."""
        places = torch.tensor(self.swapped)
        if len(places) != self.tokens.shape[1]:
            raise ValueError(f"swapped has {len(places)} places; the grid has {self.tokens.shape[1]}.")
        for name in ("first", "second"):
            if not 0 <= getattr(self, name) < len(self.pictures):
                raise ValueError(f"{name}={getattr(self, name)} must lie in 0..{len(self.pictures) - 1}.")
        x = self.strip(self.first, self.second, places)
        self.shown = x.expand(-1, 3, -1, -1).permute(2, 0, 3, 1).contiguous().numpy().tobytes()
        words = f"{int(places.sum())} of {len(places)} tokens change sides."
        if x.shape[1] == 1:
            one, two = (self.pictures.names[int(guess)] for guess in judged(x[2:])[1])
            words += f" The classifier takes the results for: {one}, {two}."
        self.status = words

    def frame(self):
        """Three pairs: as they are, their upper halves swapped, their left halves swapped."""
        pairs = [(i, i + 1) for i in range(0, min(6, len(self.pictures) - 1), 2)]
        h, w = self.grid
        strips = []
        for pair in pairs:
            upper, left = (self.strip(*pair, preset(name, (h, w)).flatten()) for name in ("upper half", "left half"))
            strips += [upper, left[2:]]
        heads = ["first", "second", "2nd on top", "1st on top", "2nd at left", "1st at left"]
        rows = [f"{self.garments[a]}, {self.garments[b]}" for a, b in pairs]
        alt = (
            "Pairs of garments; then each pair with the upper halves of its tokens swapped, then with the left halves."
        )
        return plot.pictures(
            torch.cat(strips),
            columns=6,
            title="Tokens of one garment, read inside another",
            alt=alt,
            rows=rows,
            heads=heads,
            scale=2.6,
        )
