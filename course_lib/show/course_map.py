"""The map of the course: nineteen notebooks, and which of them are there already. Built in notebook 00."""

import json
import textwrap

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from .. import runtime
from .plot import FAMILIES, figure

COLOURS = ["data", "autoregressive", "autoregressive", "noise", "masked", "other"]


def ready() -> list[str]:
    """The numbers of the notebooks that are in this clone, such as ["00", "01"]."""
    return sorted(path.name[:2] for path in (runtime.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def draw() -> Figure:
    """A row of boxes for each part: filled where the notebook is there, an outline where it is still to come."""
    parts = json.loads((runtime.data_dir() / "course.json").read_text(encoding="utf-8"))
    there, every = ready(), [name for part in parts for name in part["notebooks"]]
    here = sum(name[:2] in there for name in every)
    fig, ax = figure(size=(8.6, 4.9))
    fig.alt = f"Map of the course: {len(every)} notebooks in an opening and five parts; ready are {', '.join(there)}."
    ax.set(xlim=(0, 100), ylim=(6 * len(parts), -0.5))
    ax.set_axis_off()
    ax.set_title(f"{here} of {len(every)} notebooks are ready (filled); the others are on their way")
    for row, (part, family) in enumerate(zip(parts, COLOURS)):
        colour, top = FAMILIES[family], 6 * row
        ax.text(0, top + 2.6, "\n".join(textwrap.wrap(part["part"], 22)), va="center", color=colour, weight="bold")
        for column, name in enumerate(part["notebooks"]):
            left, done = 25 + 15.2 * column, name[:2] in there
            style = {"facecolor": colour if done else "white", "edgecolor": colour, "linewidth": 1.5}
            ax.add_patch(FancyBboxPatch((left, top + 0.4), 13, 4.2, "round,pad=0,rounding_size=1", **style))
            words = name[:2] + "\n" + "\n".join(textwrap.wrap(name[3:], 13))
            shown = {"color": "white" if done else "#444444", "fontsize": 8.5, "linespacing": 1.15}
            ax.text(
                left + 6.5, top + 2.5, words, ha="center", va="center", weight="bold" if done else "normal", **shown
            )
    return fig
