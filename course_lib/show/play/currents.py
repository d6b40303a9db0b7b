"""Drag time: points and the field that carries them, with label, guidance and fresh noise. Built in notebook 08."""

import math

import torch
import traitlets

from ...methods import exact, flow, guidance
from .. import plane
from .base import Play, script

STEPS, ARROWS, CELLS = 40, 15, 48
SIZES = {"steps": STEPS, "arrows": ARROWS, "cells": CELLS, "extent": plane.EXTENT}


class Currents(Play):
    """Points that the exact field carries from noise to data; `classes` are one mixture a label.

    `label` = len(classes) asks for no class; `guidance` leads away from the mixture of all; `churn` > 0 puts fresh
    noise in on the way. All moments are sent at once, so that dragging the time needs no kernel.
    """

    _esm = script("currents")
    label = traitlets.Int().tag(sync=True)
    guidance = traitlets.Float(1.0).tag(sync=True)
    churn = traitlets.Float(0.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int().tag(sync=True)
    names = traitlets.List().tag(sync=True)
    layout_of = traitlets.Dict({"steps": STEPS, "arrows": ARROWS, "cells": CELLS, "extent": plane.EXTENT}).tag(
        sync=True
    )
    colours = traitlets.List(plane.PARTS).tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)  # float32 [STEPS + 1, count, 2], noise first
    field = traitlets.Bytes().tag(sync=True)  # float32 [STEPS + 1, ARROWS², 2], the way the points go
    glow = traitlets.Bytes().tag(sync=True)  # uint8 [STEPS + 1, CELLS, CELLS], the root of the density asked for
    owners = traitlets.Bytes().tag(sync=True)  # uint8 [count], the class in which each point ends
    status = traitlets.Unicode().tag(sync=True)

    def __init__(self, classes: list[exact.Mixture], names: list[str], count: int = 300):
        if len(classes) != len(names) or not 0 < len(classes) <= len(plane.PARTS):
            raise ValueError(f"names={names} must be one name a class, for 1 to {len(plane.PARTS)} classes.")
        self.laws = [*classes, together(classes)]
        super().__init__(names=[*names, "no class"], count=count, label=len(classes))
        self.answers(self.draw, "label", "guidance", "churn", "seed")

    @traitlets.validate("label", "guidance", "churn")
    def _checked(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        low, high = {"label": (0, len(self.laws) - 1), "guidance": (0, 8), "churn": (0, 4)}[name]
        if not low <= value <= high:
            raise ValueError(f"{name}={value} must lie in {low}..{high}.")
        return value

    def velocity(self, x: torch.Tensor, t: float) -> torch.Tensor:
        """The guided velocity of points `[N, 2]`."""
        return self._towards(self.label, self.guidance)(x, t)

    def _towards(self, label: int, w: float):
        asked, whole = self.laws[label], self.laws[-1]
        if w == 1 or asked is whole:
            return asked
        return lambda x, t: guidance.combine(asked(x, t), whole(x, t), w)

    def run(self, label: int, w: float, churn: float = 0.0) -> torch.Tensor:
        """The points `[STEPS + 1, count, 2]` at every moment, from noise to data."""
        generator, states = torch.Generator().manual_seed(self.seed), []
        start = torch.randn(self.count, 2, dtype=torch.float64, generator=generator)
        solver = flow.stochastic(generator, churn) if churn else flow.heun
        flow.solve(self._towards(label, w), start, steps=STEPS, solver=solver, callback=lambda i, x: states.append(x))
        return torch.stack(states)

    def draw(self) -> None:
        """Run again with the controls as they stand, and send all moments."""
        self.states = self.run(self.label, self.guidance, self.churn)
        arrows, cells = plane.grid(ARROWS), plane.grid(CELLS)
        times = torch.linspace(1, 0, STEPS + 1, dtype=torch.float64).tolist()
        asked = self.laws[self.label]
        glow = [(asked.log_prob(cells, t) / 2).exp() for t in times]
        ends = torch.stack([law.log_prob(self.states[-1]) for law in self.laws[:-1]], 1).argmax(1)
        with self.hold_sync():
            self.points = self.states.float().numpy().tobytes()
            self.field = torch.stack([-self.velocity(arrows, t) for t in times]).float().numpy().tobytes()
            self.glow = torch.stack([255 * g / g.max() for g in glow]).to(torch.uint8).numpy().tobytes()
            self.owners = ends.to(torch.uint8).numpy().tobytes()
            self.status = (
                f"Where they end: spread {self.spread(self.states[-1], self.label):.2f} (draws of the law asked for: 1)"
            )

    def spread(self, x: torch.Tensor, label: int) -> float:
        """Mean distance between two of the points `[count, 2]`, as a share of that of draws of the law asked for."""
        real, _ = self.laws[label].sample(self.count, torch.Generator().manual_seed(self.seed))
        return float(torch.pdist(x).mean() / torch.pdist(real).mean())

    def frame(self):
        """The same noise, once asked plainly for the first class and once with guidance 4, at five moments."""
        moments, alt = (0, 16, 26, 34, 40), "Two rows of five night skies from noise to data, plain and with guidance."
        fig, axes = plane.panels(2, len(moments), alt, side=1.85)
        ends = []
        for row, w in enumerate((1.0, 4.0)):
            states = self.run(0, w)
            ends.append(self.spread(states[-1], 0))
            for ax, i in zip(axes[row * len(moments) :], moments):
                t = 1 - i / STEPS
                plane.density(ax, lambda x, t=t: self.laws[0].log_prob(x, t), n=70, dim=0.7)
                plane.trails(ax, states[max(0, i - 8) : i + 1], plane.PARTS[0], 0.6, 0.6)
                plane.dots(ax, states[i], plane.PARTS[0], 3)
                plane.label(ax, f"t = {t:.2g}, w = {w:g}")
        plane.headline(
            fig, f"Asked for {self.names[0]}: the ends spread {ends[0]:.2f} plainly, {ends[1]:.2f} with guidance 4"
        )
        return fig


def together(laws: list[exact.Mixture]) -> exact.Mixture:
    """The mixture of mixtures, each with the same weight."""
    parts = [torch.cat([getattr(law, name) for law in laws]) for name in ("means", "stds", "weights")]
    assert math.isclose(float(parts[2].sum()), len(laws), rel_tol=1e-9)
    return exact.Mixture(*parts)
