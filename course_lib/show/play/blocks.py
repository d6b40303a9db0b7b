"""The dial between the families: the mask of a block, and a picture in blocks of 1, 7 and all. Built in notebook 16."""

import math
import time

import torch
import traitlets

from ...methods import bridges
from ..plot import figure, tile
from .base import Play, script

SHOWN = (1, 7, 49)


class Watched:
    """A block model that keeps what it answered last: the bits of what is drawn next can be read from it."""

    def __init__(self, model):
        self.model, self.mask_token, self.last = model, model.mask_token, None

    def writer(self, labels: torch.Tensor):
        """The model's own writer, listened to."""
        look = self.model.writer(labels)

        def listen(x, start, stop):
            self.last = start, look(x, start, stop)
            return self.last[1]

        return listen


class Blocks(Play):
    """One garment in the making in blocks of `SHOWN` tokens, with its passes, bits and milliseconds; the mask of any.

    `model` is a block model of tokens `[B, 49]` in a 7×7 grid, `decode` makes pictures of them (uint8 `[N, 1, H, W]`),
    `names` are its classes. A new `label`, `seed` or `passes` (how many a block, at most) writes all anew.
    """

    _esm = script("blocks")
    names = traitlets.List().tag(sync=True)
    label = traitlets.Int(9).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    passes = traitlets.Int(49).tag(sync=True)
    sizes = traitlets.List(list(SHOWN)).tag(sync=True)
    places = traitlets.Int(49).tag(sync=True)
    size = traitlets.List([28, 28]).tag(sync=True)
    about = traitlets.List().tag(sync=True)  # of each block: bits and milliseconds after each pass
    pixels = traitlets.Bytes().tag(sync=True)  # the frames of all blocks, one after another, grey
    status = traitlets.Unicode().tag(sync=True)

    def __init__(self, model, decode, names: list[str]):
        self.model, self.decode = model, decode
        super().__init__(names=list(names))
        self.answers(self._make, "label", "seed", "passes")

    @traitlets.validate("label", "seed", "passes")
    def _checked(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        low, high = {"label": (0, len(self.names) - 1), "seed": (0, 2**31), "passes": (1, 49)}[name]
        if not low <= value <= high:
            raise ValueError(f"{name}={value} must lie in {low}..{high}.")
        return value

    def film(self, block: int) -> dict:
        """A picture in blocks of one size: its `frames` uint8 [n, H, W], and `bits` and `ms` after each pass."""
        watched, labels = Watched(self.model), torch.tensor([self.label], device=_home(self.model))
        states, bits, ms, start = [], [0.0], [0.0], time.perf_counter()

        def note(i: int, x: torch.Tensor) -> None:
            ms.append(1000 * (time.perf_counter() - start))
            if i:
                first, logits = watched.last
                new = (states[-1] != x).nonzero()[:, 1].to(x.device)
                log_p = logits[0, new - first, :-1].log_softmax(-1).gather(1, x[0, new, None])
                bits.append(bits[-1] - float(log_p.sum()) / math.log(2))
            states.append(x.clone())

        dials = {
            "block": block,
            "steps": min(block, self.passes),
            "generator": torch.Generator().manual_seed(self.seed),
        }
        bridges.sample(watched, labels, shape=(7, 7), callback=note, **dials)
        x = torch.cat(states)
        return {"frames": self.drawn(x), "bits": bits, "ms": [0.0, *ms[2:]]}

    def drawn(self, x: torch.Tensor) -> torch.Tensor:
        """Frames uint8 `[n, H, W]` of tokens `[n, 49]`: a square of grey where nothing is written yet."""
        hidden = (x == self.model.mask_token).view(-1, 1, 7, 7)
        pixels = self.decode(x.masked_fill(x == self.model.mask_token, 0)).cpu()
        wide = hidden.cpu().repeat_interleave(4, 2).repeat_interleave(4, 3)
        return pixels.masked_fill(wide, 170)[:, 0]

    def _make(self) -> None:
        self.films = {block: self.film(block) for block in SHOWN}
        with self.hold_sync():
            self.pixels = b"".join(film["frames"].numpy().tobytes() for film in self.films.values())
            self.about = [{key: film[key] for key in ("bits", "ms")} for film in self.films.values()]
            self.status = f"One {self.names[self.label]}: {self._parts()}."

    def _parts(self) -> str:
        return "; ".join(
            f"blocks of {block} {len(film['ms']) - 1} passes, {film['bits'][-1]:.0f} bits, {film['ms'][-1]:.0f} ms"
            for block, film in self.films.items()
        )

    def frame(self):
        """Each block's picture at five moments."""
        alt = f"Three rows, one class ({self.names[self.label]}), being written: {self._parts()}."
        fig, axes = figure(len(SHOWN), 1, (6.4, 1.4 * len(SHOWN) + 0.4), alt)
        for ax, (block, film) in zip(axes, self.films.items()):
            at = torch.linspace(0, len(film["frames"]) - 1, 5).round().long()
            ax.imshow(tile(film["frames"][at][:, None], 5), interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            ax.set_ylabel(f"block {block}", fontsize=9)
            last = f"{len(film['ms']) - 1} passes, {film['bits'][-1]:.0f} bits, {film['ms'][-1]:.0f} ms"
            ax.set_title(last, fontsize=9, fontweight="normal")
        fig.suptitle(f"One {self.names[self.label]}, three sizes of block", x=0.01, ha="left", fontsize=11)
        return fig


def _home(model) -> torch.device:
    return next(model.parameters()).device
