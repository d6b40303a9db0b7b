"""Play of notebook 01: choose which earlier pixels a counting model looks at, see what it costs and what it draws."""

import torch
import traitlets
from matplotlib.patches import Rectangle
from torch import Tensor

from ...data.levels import from_levels
from ...measure import bits_per_dim
from ...methods import autoregressive
from ...methods.counting import Counts
from .. import plot
from ..names import FAMILIES, PALE
from .base import Play, script

MOST = 5  # neighbours: the table has levels ** 6 entries then
SAMPLES = 8


class Neighbours(Play):
    """Counting models on `train` and `test` (uint8 levels [N, H, W]); `rival` is (name, bits a pixel) of a codec.

    `chosen` are (rows down, columns right) of at most five neighbours, out of two rows above and two columns left.
    """

    _esm = script("neighbours")
    chosen = traitlets.List(traitlets.Tuple(traitlets.Int(), traitlets.Int())).tag(sync=True)
    seen = traitlets.Int().tag(sync=True)
    result = traitlets.Dict().tag(sync=True)
    samples = traitlets.Bytes().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def __init__(self, train: Tensor, test: Tensor, rival: tuple[str, float], levels: int = 16, seed: int = 1):
        super().__init__(chosen=[(0, -1), (-1, 0)], seen=len(train))
        self.train, self.test, self.rival, self.levels, self.seed = train, test, rival, levels, seed
        self.answers(self.measure, "chosen", "seen")

    @traitlets.validate("chosen")
    def _checked(self, proposal):
        chosen = [tuple(offset) for offset in proposal["value"]]
        wrong = [o for o in chosen if not (-2 <= o[0] <= 0 and -2 <= o[1] <= 2 and o < (0, 0))]
        if wrong or len(set(chosen)) != len(chosen) or len(chosen) > MOST:
            raise ValueError(
                f"chosen={chosen}: take up to {MOST} different earlier pixels, two rows up, two columns on."
            )
        return chosen

    @traitlets.validate("seen")
    def _some(self, proposal):
        if proposal["value"] < 1:
            raise ValueError(f"seen={proposal['value']} must be at least 1 picture.")
        return proposal["value"]

    def measure(self) -> None:
        """Count again, measure on training and test pictures, draw new pictures with the same random numbers."""
        train = self.train[: self.seen]
        model = Counts(train, self.chosen, self.levels)
        bits = [self._bits(model, part) for part in (train[:1000], self.test)]
        labels, generator = torch.zeros(SAMPLES, dtype=torch.long), torch.Generator().manual_seed(self.seed)
        shape = tuple(self.test.shape[1:])
        drawn = autoregressive.sample(model, labels, shape=shape, cache=False, generator=generator)
        self.pictures = from_levels(drawn, self.levels)
        name, rival = self.rival
        self.result = {
            "train": bits[0],
            "test": bits[1],
            "rows": self.levels ** len(self.chosen),
            "rival": rival,
            "name": name,
            "all": len(self.train),
            "most": MOST,
            "size": [SAMPLES, *shape],
        }
        self.samples = self.pictures.permute(2, 0, 1, 3).reshape(shape[0], -1).numpy().tobytes()
        rows, side = self.result["rows"], "below" if bits[1] < rival else "above"
        self.status = (
            f"{bits[1]:.3f} bits a pixel on test pictures, {side} {name}. The table has {rows:,} row{'s' * (rows > 1)}."
        )

    def _bits(self, model: Counts, pictures: Tensor) -> float:
        nats = torch.cat([autoregressive.nats(model, part.long(), None) for part in pictures.split(200)])
        return float(bits_per_dim(nats.double().mean(), pictures[0].numel()))

    def frame(self) -> plot.CourseFigure:
        """The mask, the bits on training and test pictures beside the codec's, and the samples."""
        r = self.result
        title = f"{len(self.chosen)} neighbours: {r['test']:.2f} bits a pixel on test pictures"
        alt = f"A mask of the neighbours looked at; bars of bits a pixel; eight sampled pictures. {title}."
        fig, (mask, bars, drawn) = plot.figure(1, 3, size=(8.4, 2.4), alt=alt, width_ratios=[1.2, 1.3, 2])
        for row in range(-2, 1):
            for column in range(-2, 3):
                colour = "#E8E8E8" if (row, column) < (0, 0) else "white"
                colour = FAMILIES["autoregressive"] if (row, column) in self.chosen else colour
                mask.add_patch(
                    Rectangle((column - 0.45, row - 0.45), 0.9, 0.9, facecolor=colour, edgecolor="#999999", lw=1)
                )
        mask.text(0, 0, "?", ha="center", va="center")
        mask.set(xlim=(-2.6, 2.6), ylim=(0.6, -2.6), aspect="equal", xlabel="orange: looked at")
        mask.set_title("Neighbours")
        names = ["train", "test", r["name"]]
        bars.barh(
            names,
            [r["train"], r["test"], r["rival"]],
            color=[PALE, plot.FAMILIES["autoregressive"], plot.FAMILIES["data"]],
        )
        for i, value in enumerate((r["train"], r["test"], r["rival"])):
            bars.text(value, i, f" {value:.2f}", va="center")
        bars.invert_yaxis()
        bars.set(xlim=(0, 2.6), xlabel="bits a pixel")
        bars.set_title("Cost")
        drawn.imshow(plot.tile(self.pictures, 4), interpolation="nearest")
        drawn.set_title("What it draws")
        for ax in (mask, drawn):
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        return fig
