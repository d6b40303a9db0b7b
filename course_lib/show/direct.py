"""Names beside their curves in the place of a legend: each where it lies over nothing."""

from collections.abc import Sequence

import numpy as np

SIDES = [(x, y) for x in (8, -8) for y in (0, 6, -6, 12, -12, 18, -18, 24, -24)] + [
    (0, y) for y in (19, -19, 29, -29)
]  # points
SWEEPS = 10  # by then no name finds a better place
Curve = tuple[Sequence[float], Sequence[float], str, str]


def placed(ax, curves: Sequence[Curve], size: float = 9) -> None:
    """Write the name of each of `curves` (x, y, name, colour) beside one of its points.

    Names keep clear of curves, of each other and of texts that are there, and stay inside the axes, as far as it goes;
    limits and all else must be as they will be.
    """
    ax.figure.draw_without_rendering()
    there = [np.array(text.get_window_extent()) for text in ax.texts if text.get_text()]
    points = [ax.transData.transform(np.c_[x, y]) for x, y, _, _ in curves]
    dots, points_a_pixel = np.concatenate([_dense(each) for each in points]), 72 / ax.figure.dpi
    texts = [
        ax.annotate(name, (x[0], y[0]), (0, 0), textcoords="offset points", fontsize=size, color=colour, va="center")
        for x, y, name, colour in curves
    ]
    for text in texts:
        text.set_in_layout(False)  # or the axes would make room for it, and all would be elsewhere
    choices = []
    for text, ends in zip(texts, points):
        box = text.get_window_extent()
        sides = [(k, side) for k in reversed(range(len(ends))) for side in SIDES]
        boxes = [_beside(ends[k], np.array(side) / points_a_pixel, box.width, box.height) for k, side in sides]
        costs = np.array([_cost(one, dots, there, np.array(ax.bbox)) for one in boxes])
        costs += [np.hypot(*side) / 3 for _, side in sides]  # the nearer to its point the better
        choices.append((sides, boxes, costs))
    for (x, y, _, _), text, (sides, _, _), best in zip(curves, texts, choices, _settled(choices)):
        k, side = sides[best]
        text.xy, text.xyann = (x[k], y[k]), side
        text.set_ha(("center", "left", "right")[int(np.sign(side[0]))])


def _settled(choices: list[tuple]) -> list[int]:
    """The best place of each name, given those of the others: chosen in turn, again and again."""
    now = [int(costs.argmin()) for _, _, costs in choices]
    for _ in range(SWEEPS):
        for i, (_, boxes, costs) in enumerate(choices):
            others = [choices[j][1][now[j]] for j in range(len(choices)) if j != i]
            now[i] = int(np.argmin(costs + [100 * sum(_overlap(box, other) for other in others) for box in boxes]))
    return now


def _dense(points: np.ndarray) -> np.ndarray:
    """Points `[N, 2]` with nineteen more on the way from each to the next."""
    if len(points) == 1:
        return points
    share = np.linspace(0, 1, 20)[:, None, None]
    return (points[:-1] + share * (points[1:] - points[:-1])).reshape(-1, 2)


def _beside(point: np.ndarray, side: np.ndarray, width: float, height: float) -> np.ndarray:
    """The box [[left, bottom], [right, top]] of a text `side` pixels from a point: centred, or at its left or right."""
    left = (point + side - (width / 2, height / 2))[0] + np.sign(side[0]) * width / 2
    bottom = (point + side)[1] - height / 2
    return np.array([[left, bottom], [left + width, bottom + height]])


def _overlap(a: np.ndarray, b: np.ndarray, gap: float = 3) -> bool:
    return bool((a[0] - gap < b[1]).all() and (a[1] + gap > b[0]).all())


def _cost(box: np.ndarray, dots: np.ndarray, there: list[np.ndarray], room: np.ndarray) -> float:
    """What lies under a box: points of curves, texts, and how much of it is outside."""
    under = ((dots > box[0] - 4) & (dots < box[1] + 4)).all(1).sum()
    out = (np.maximum(room[0] - box[0], 0) + np.maximum(box[1] - room[1], 0)).sum()
    return 10.0 * under + 100 * sum(_overlap(box, other) for other in there) + 5 * out
