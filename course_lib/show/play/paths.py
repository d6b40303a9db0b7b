"""One noise followed in 1, 2, 4 … 50 steps, by Euler or Heun, straight or on a circle. Built in notebook 10."""

import torch
import traitlets

from ... import runtime
from ...data.levels import to_bytes
from ...methods import flow, guidance
from .. import plot
from .base import Play, script

SOLVERS = {"Euler": flow.euler, "Heun": flow.heun}
WAYS = {"straight": lambda velocity: velocity, "on a circle": flow.curved}
MOMENTS = 21  # frames from noise to data


def greys(x: torch.Tensor) -> torch.Tensor:
    """Floats about in [-1, 1] as uint8, on the CPU."""
    return to_bytes(x).cpu()


class Paths(Play):
    """The same noise, followed by `model` in each of `counts` steps; a slider moves all of them from noise to data."""

    _esm = script("paths")
    solver = traitlets.Int(0).tag(sync=True)
    way = traitlets.Int(0).tag(sync=True)
    label = traitlets.Int(9).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    guidance = traitlets.Float(1.5).tag(sync=True)
    counts = traitlets.List().tag(sync=True)
    size = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    solvers = traitlets.List(list(SOLVERS)).tag(sync=True)
    ways = traitlets.List(list(WAYS)).tag(sync=True)
    moments = traitlets.Int(MOMENTS).tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bytes().tag(sync=True)  # grey bytes [moments, H, columns · W]

    def __init__(self, model, names: list[str], shape=(1, 28, 28), counts=(1, 2, 4, 8, 16, 50), **traits):
        self.model, self.shape = model, tuple(shape)
        super().__init__(counts=list(counts), classes=list(names), size=list(shape[1:]), **traits)
        self.answers(self._draw, "solver", "way", "label", "seed", "guidance")

    def follow(self, solver: str, way: str, steps: int) -> torch.Tensor:
        """All states `[steps + 1, *shape]` on the way from this seed's noise to the picture."""
        device = next(self.model.parameters()).device
        labels = torch.tensor([self.label], device=device)
        asked, states = guidance.guided(self.model, self.guidance), []
        start = runtime.noise(1, self.shape, torch.Generator().manual_seed(self.seed), like=device)

        def velocity(x, t):
            return asked(x, torch.full((1,), t, device=device), labels)

        flow.solve(
            WAYS[way](velocity), start, steps=steps, solver=SOLVERS[solver], callback=lambda i, x: states.append(x[0])
        )
        return torch.stack(states).cpu()

    def _draw(self) -> None:
        """Follow the noise with what is chosen now."""
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} must be 0 or more.")
        solver, way = list(SOLVERS)[self.solver], list(WAYS)[self.way]
        walks = [self.follow(solver, way, steps) for steps in self.counts]
        rows = [[int(m / (MOMENTS - 1) * n + 1e-9) for m in range(MOMENTS)] for n in self.counts]
        film = torch.cat(
            [greys(walk[row]) for walk, row in zip(walks, rows, strict=True)], -1
        )  # [moments, C, H, n · W]
        self.shown = film[:, 0].contiguous().numpy().tobytes()
        calls, off = 1 + self.solver, ", ".join(f"{d:.0f}" for d in self.off([walk[-1] for walk in walks])[:-1])
        self.status = f"{solver}, {way}, {calls} call{'s' * (calls > 1)} a step · greys off the last picture: {off}"

    @staticmethod
    def off(ends: list[torch.Tensor]) -> list[float]:
        """How many greys (root mean square) each picture is away from the last."""
        last = ends[-1].clamp(-1, 1)
        return [127.5 * float((x.clamp(-1, 1) - last).square().mean().sqrt()) for x in ends]

    def frame(self):
        """Where all four ways end, for every number of steps."""
        rows = {f"{s}, {w}": [self.follow(s, w, n)[-1] for n in self.counts] for s in SOLVERS for w in WAYS}
        straight, circle = (self.off(rows[f"Euler, {way}"])[0] for way in WAYS)
        heads = [f"{n} step{'s' * (n > 1)}" for n in self.counts]
        title = f"{heads[0]} of Euler: {straight:.0f} greys off if straight, {circle:.0f} if curved"
        what = f"One noise followed to a picture ({self.classes[self.label]})"
        alt = f"{what} by Euler and Heun, straight and on a circle, in {len(heads)} numbers of steps."
        x = greys(torch.stack([x for ends in rows.values() for x in ends]))
        return plot.pictures(x, len(heads), title=title, alt=alt, rows=list(rows), heads=heads, scale=2.6)
