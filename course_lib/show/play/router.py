"""Say what you care for: who is recommended, on how many measured contests. Built in notebook 18."""

from collections.abc import Callable

import traitlets

from ..names import FAMILIES, WORDS
from ..plot import figure
from .base import Play, script

SIDES = {"autoregressive": WORDS["autoregressive"], "noise": WORDS["noise"], "level": "level, or open"}


class Router(Play):
    """Counts the contests of a kind that each family won, and says whom `rule(contest)` takes.

    `found` are `experiments.contests.Contest`s.
    """

    _esm = script("router")
    kind = traitlets.Int(0).tag(sync=True)
    kinds = traitlets.List().tag(sync=True)
    sides = traitlets.List(list(SIDES.values())).tag(sync=True)
    colours = traitlets.List([FAMILIES["autoregressive"], FAMILIES["noise"], "#BBBBBB"]).tag(sync=True)
    won = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def __init__(self, found: list, rule: Callable):
        if not found:
            raise ValueError("found is empty: no comparison has rows of both families.")
        self.found, self.rule = found, rule
        super().__init__(kinds=list(dict.fromkeys(contest.kind for contest in found)))
        self.answers(self._draw, "kind")

    @traitlets.validate("kind")
    def _known(self, proposal):
        if not 0 <= proposal["value"] < len(self.kinds):
            raise ValueError(f"kind={proposal['value']} must lie in 0..{len(self.kinds) - 1}: {', '.join(self.kinds)}.")
        return proposal["value"]

    def of(self, kind: str) -> list:
        """The contests of a kind."""
        return [contest for contest in self.found if contest.kind == kind]

    def _draw(self) -> None:
        some = self.of(self.kinds[self.kind])
        names = [contest.winner for contest in some]
        self.won = [names.count(side) for side in SIDES]
        article = SIDES[some[0].article]
        if not any(self.won[:2]):
            self.status = f"Nobody won: take what you like. (The article: {article}.)"
            return
        best = self.rule(some[0])
        lost = self.won[0 if best == "noise" else 1]
        self.status = f"Take {SIDES[best]}; in {lost} of {sum(self.won[:2])} that would have been wrong. "
        self.status += f"(The article: {article}.)"

    def frame(self):
        """All kinds at once: bars of the contests that each side won."""
        fig, ax = figure(size=(7.2, 0.42 * len(self.kinds) + 1.0), alt="Bars: contests won by each family, by task.")
        left = [0] * len(self.kinds)
        for side, colour in zip(SIDES, self.colours):
            counts = [sum(contest.winner == side for contest in self.of(kind)) for kind in self.kinds]
            ax.barh(self.kinds, counts, left=left, color=colour, label=SIDES[side])
            left = [a + b for a, b in zip(left, counts)]
        ax.invert_yaxis()
        ax.set(xlabel="contests")
        ax.legend(fontsize=8)
        ax.set_title(f"{sum(left)} contests: what was measured, kind by kind")
        return fig
