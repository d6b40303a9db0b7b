"""The map of the course: nineteen notebooks in an opening and five parts. Built in notebook 00."""

import json
import textwrap

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from .. import runtime
from .plot import FAMILIES, figure

COLOURS = ["data", "autoregressive", "autoregressive", "noise", "masked", "other"]


def draw() -> Figure:
    """A row of boxes for each part, a box a notebook."""
    parts = json.loads((runtime.data_dir() / "course.json").read_text(encoding="utf-8"))
    every = [name for part in parts for name in part["notebooks"]]
    fig, ax = figure(size=(8.6, 4.9))
    fig.alt = f"Map of the course, {len(every)} notebooks in an opening and five parts: {', '.join(every)}."
    ax.set(xlim=(0, 100), ylim=(6 * len(parts), -0.5))
    ax.set_axis_off()
    ax.set_title(f"{len(every)} notebooks: an opening and five parts")
    for row, (part, family) in enumerate(zip(parts, COLOURS)):
        colour, top = FAMILIES[family], 6 * row
        ax.text(0, top + 2.6, "\n".join(textwrap.wrap(part["part"], 22)), va="center", color=colour, weight="bold")
        for column, name in enumerate(part["notebooks"]):
            left, shape = 25 + 15.2 * column, "round,pad=0,rounding_size=1"
            ax.add_patch(
                FancyBboxPatch((left, top + 0.4), 13, 4.2, shape, facecolor=colour, edgecolor=colour, linewidth=1.5)
            )
            words = name[:2] + "\n" + "\n".join(textwrap.wrap(name[3:], 13))
            shown = {"color": "white", "fontsize": 8.5, "linespacing": 1.15, "weight": "bold"}
            ax.text(left + 6.5, top + 2.5, words, ha="center", va="center", **shown)
    return fig
