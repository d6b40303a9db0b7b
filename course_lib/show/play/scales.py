"""Keep the first scales of a picture and draw the rest again: what does each scale decide? Built in notebook 07."""

import torch
import traitlets

from ...data.levels import to_bytes
from ...methods import next_scale
from ...methods.shapes import beginning
from .. import plot
from .base import Play, script
from .dials import judged


class Scales(Play):
    """One picture of a next-scale `model`, scale by scale, and several others that share its first `keep` scales.

    `pyramid` turns tokens into latents and `tokenizer` latents into pictures; `names` are the classes. The picture is
    drawn by its class; the rest of the others is drawn by the class or, with `told` off, by no class at all.
    """

    _esm = script("scales")
    label = traitlets.Int(0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    keep = traitlets.Int(1).tag(sync=True)
    told = traitlets.Bool(False).tag(sync=True)
    others = traitlets.Int(0).tag(sync=True)  # the seed of the redrawn scales
    count = traitlets.Int(8).tag(sync=True)
    sides = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    size = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    grown = traitlets.Bytes().tag(sync=True)  # grey bytes of the picture after each scale, side by side
    shown = traitlets.Bytes().tag(sync=True)  # grey bytes of the redrawn ones, side by side

    def __init__(self, model, pyramid, tokenizer, names: list[str], label: int = 9, seed: int = 0, guidance: float = 2):
        self.model, self.pyramid, self.tokenizer, self.guidance = model, pyramid, tokenizer, guidance
        super().__init__(label=label, seed=seed, classes=list(names), sides=list(pyramid.scales))
        self.size = [tokenizer.config.size] * 2
        self.answers(self._draw, "label", "seed", "keep", "told", "others")

    @traitlets.validate("keep")
    def _some_scales(self, proposal) -> int:
        if not 0 <= proposal["value"] <= len(self.pyramid.scales):
            raise ValueError(
                f"keep={proposal['value']} must lie in 0..{len(self.pyramid.scales)}: how many scales stay."
            )
        return proposal["value"]

    def pixels(self, latents: torch.Tensor) -> torch.Tensor:
        """Grey uint8 pictures `[N, 1, H, W]` of latents."""
        return to_bytes(self.tokenizer.decode(latents)).cpu()

    def tokens(self, labels: torch.Tensor, seed: int, first: torch.Tensor | None = None) -> torch.Tensor:
        """Tokens `[B, T]` for `labels`; where they are "no label" there is no guidance either."""
        labels, named = labels.to(next(self.model.parameters()).device), bool((labels < self.model.null).all())
        return next_scale.sample(
            self.model,
            labels,
            pyramid=self.pyramid,
            guidance=self.guidance if named else 1.0,
            generator=torch.Generator().manual_seed(seed),
            known=None if first is None else beginning(first, sum(self.pyramid.groups)),
        )

    def base(self) -> torch.Tensor:
        """Tokens `[1, T]` of the picture itself."""
        return self.tokens(torch.tensor([self.label]), self.seed)

    def redrawn(self, keep: int) -> torch.Tensor:
        """Grey pictures `[count, 1, H, W]` that share the first `keep` scales."""
        labels = torch.full((self.count,), self.label if self.told else self.model.null)
        prefix = self.base()[:, : sum(self.pyramid.groups[:keep])].expand(self.count, -1)
        return self.pixels(self.pyramid.decode(self.tokens(labels, 1000 + self.others, prefix)))

    def _draw(self) -> None:
        """The picture after each scale, and the others."""
        grown, made = self.pixels(torch.cat(self.pyramid.partial(self.base()))), self.redrawn(self.keep)
        self.grown, self.shown = (x[:, 0].permute(1, 0, 2).contiguous().numpy().tobytes() for x in (grown, made))
        groups, hits = self.pyramid.groups, int((judged(made)[1] == self.label).sum())
        rest = "by its class" if self.told else "by no class"
        self.status = (
            f"{self.keep} of {len(groups)} scales kept ({sum(groups[: self.keep])} of {sum(groups)} tokens), "
            f"the rest drawn {rest}: {hits} of {self.count} are taken for {self.classes[self.label]}"
        )

    def frame(self):
        """The redrawn ones for every number of kept scales, from none to all."""
        keeps = range(len(self.pyramid.scales) + 1)
        rows = [self.redrawn(keep) for keep in keeps]
        hits = [int((judged(row)[1] == self.label).sum()) for row in rows]
        names = [f"{keep} kept: {n} of {self.count}" for keep, n in zip(keeps, hits)]
        name = self.classes[self.label].lower()
        title = f"How many are still taken for {name}? From {hits[0]} to {hits[-1]} of {self.count}"
        alt = f"Five rows of {self.count} pictures that share no scale of one {name}, the first, and so on, up to all."
        return plot.pictures(torch.cat(rows), self.count, title=title, alt=alt, rows=names, scale=2)
