"""Names beside their curves in the place of a legend: each where it lies over nothing."""

from collections.abc import Sequence

import numpy as np
from matplotlib.transforms import Bbox

SIDES = [(x, y) for x in (8, -8) for y in (0, 10, -10, 22, -22, 34, -34)]
SIDES += [(0, y) for y in (14, -14, 24, -24)]  # points
Curve = tuple[Sequence[float], Sequence[float], str, str]


def placed(ax, curves: Sequence[Curve], size: float = 9) -> None:
    """Write the name of each of `curves` (x, y, name, colour) beside one of its points, its last first.

    A name keeps clear of all curves, of names and texts that are there, and inside the axes; one that finds no room is
    written beside its last point.
    """
    fig = ax.figure
    fig.draw_without_rendering()
    taken = [text.get_window_extent() for text in ax.texts if text.get_text()]
    dots = np.concatenate([_dense(ax.transData.transform(np.c_[x, y])) for x, y, _, _ in curves])
    for x, y, name, colour in sorted(curves, key=lambda one: len(one[0])):
        best = None
        for k in reversed(range(len(x))):
            for across, up in SIDES:
                text = ax.annotate(
                    name,
                    (x[k], y[k]),
                    (across, up),
                    textcoords="offset points",
                    ha=("center", "left", "right")[int(np.sign(across))],
                    va="center",
                    fontsize=size,
                    linespacing=1.05,
                    color=colour,
                )
                box = text.get_window_extent()
                cost = _cost(box, taken, dots, ax.bbox)
                if best is None or cost < best[0]:
                    if best:
                        best[1].remove()
                    best = cost, text, box
                else:
                    text.remove()
                if cost == 0:
                    break
            if best[0] == 0:
                break
        taken.append(best[2])


def _dense(points: np.ndarray) -> np.ndarray:
    """Points `[N, 2]` with nineteen more on the way from each to the next."""
    if len(points) == 1:
        return points
    share = np.linspace(0, 1, 20)[:, None, None]
    return (points[:-1] + share * (points[1:] - points[:-1])).reshape(-1, 2)


def _cost(box: Bbox, taken: list[Bbox], dots: np.ndarray, room: Bbox) -> int:
    """How much lies under a box in pixels: texts count most, then points of curves, then what is outside."""
    wide = box.padded(3)
    inside = ((dots > wide.min) & (dots < wide.max)).all(1).sum()
    out = any(np.r_[box.min < room.min, box.max > room.max])
    return 100 * sum(wide.overlaps(other) for other in taken) + int(inside) + 40 * out
