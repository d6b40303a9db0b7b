"""Two clocks (or more): pictures in the making on one real clock. Built in notebook 00."""

from collections.abc import Callable

import traitlets

from ..films import Film, strips
from ..plot import FAMILIES
from .base import Play, script


class Clocks(Play):
    """One picture a clock, all in lock-step on the milliseconds that this machine really took.

    `clocks` are callables `(label, seed) -> Film`, run one after another so that none slows another down; `names` are
    the classes. A new `label` or `seed` makes new films.
    """

    _esm = script("clocks")
    names = traitlets.List().tag(sync=True)
    label = traitlets.Int().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    about = traitlets.List().tag(sync=True)  # a dictionary a clock: name, colour, known, forwards, ms, frames
    pixels = traitlets.Bytes().tag(sync=True)  # the frames of all clocks, one after another
    size = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def __init__(self, clocks: list[Callable[[int, int], Film]], names: list[str], label: int = 9, seed: int = 0):
        if not clocks:
            raise ValueError("clocks is empty: give at least one callable (label, seed) -> Film.")
        self.clocks = list(clocks)
        super().__init__(names=list(names), label=label, seed=seed)
        self.answers(self._make, "label", "seed")

    @traitlets.validate("label")
    def _known_class(self, proposal) -> int:
        if not 0 <= proposal["value"] < len(self.names):
            raise ValueError(f"label={proposal['value']} must lie in 0..{len(self.names) - 1}.")
        return proposal["value"]

    @traitlets.validate("seed")
    def _whole(self, proposal) -> int:
        if proposal["value"] < 0:
            raise ValueError(f"seed={proposal['value']} must be a whole number >= 0.")
        return proposal["value"]

    def _make(self) -> None:
        self.films = [clock(self.label, self.seed) for clock in self.clocks]
        rows = [
            {
                "name": film.name,
                "colour": FAMILIES[film.family],
                "known": film.known,
                "forwards": film.forwards,
                "ms": film.ms,
                "frames": len(film.frames),
                "cell": film.cell,
                "noise": film.family == "noise",
            }
            for film in self.films
        ]
        with self.hold_sync():  # one message: a film never meets the clock of another
            self.size, self.pixels = (
                list(self.films[0].frames.shape[1:]),
                b"".join(film.frames.numpy().tobytes() for film in self.films),
            )
            self.about, self.status = rows, f"One {self.names[self.label]}: {self._parts()}."

    def _parts(self) -> str:
        """What each film cost."""
        return "; ".join(f"{film.name} {film.forwards[-1]} forwards, {film.ms[-1]:,.0f} ms" for film in self.films)

    def frame(self):
        """The films as strips on one clock."""
        title = f"One {self.names[self.label]}, one clock: {self._parts()}"
        alt = f"Films of one {self.names[self.label]} in the making, a row a model: {self._parts()}."
        return strips(self.films, title=title, alt=alt)
