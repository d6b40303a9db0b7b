"""What a figure's lettering must not do: lie over other lettering, cover data, leave a colour or a direction untold."""

from itertools import combinations

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

SLACK = 1.5  # pixels that two boxes may share: letters are smaller than their boxes
DIRECTED = ("Fréchet distance", "bits per dimension", "nats a picture", "recall", "PSNR")  # which way is better?


def faults(fig) -> list[str]:
    """Sentences that say what is wrong with the lettering of a figure."""
    fig.draw_without_rendering()
    return crossings(fig) + covered(fig) + unnamed(fig) + undirected(fig)


def lettering(fig) -> list[Text]:
    """Every text of a figure that can be seen, ticks outside the limits apart."""
    ticks = set()
    for ax in fig.axes:
        for axis, ends in ((ax.xaxis, sorted(ax.get_xlim())), (ax.yaxis, sorted(ax.get_ylim()))):
            room = 1e-6 * (ends[1] - ends[0])
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                inside = axis.get_visible() and ends[0] - room <= tick.get_loc() <= ends[1] + room
                ticks |= set() if inside and ax.axison else {tick.label1, tick.label2}
            ticks |= set() if ax.axison else {axis.label}
    return [text for text in fig.findobj(Text) if text.get_visible() and text.get_text().strip() and text not in ticks]


def crossings(fig) -> list[str]:
    """Pairs of texts that lie over each other."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in lettering(fig)]
    return [
        f"{a!r} lies over {b!r}"
        for (a, one), (b, two) in combinations(boxes, 2)
        if min(one.x1, two.x1) - max(one.x0, two.x0) > SLACK and min(one.y1, two.y1) - max(one.y0, two.y0) > SLACK
    ]


def marks(ax) -> np.ndarray:
    """Points [N, 2], in pixels, of the lines, dots and bars of an axes."""
    found = [np.zeros((0, 2))]
    for line in ax.lines:
        points = line.get_transform().transform(np.c_[line.get_xdata(), line.get_ydata()].astype(float))
        share = np.linspace(0, 1, 30)[:, None, None]
        joined = len(points) > 1 and line.get_linestyle() not in ("None", "")
        found.append((points[:-1] + share * np.diff(points, axis=0)).reshape(-1, 2) if joined else points)
    for dots in ax.collections:
        if len(offsets := np.ma.filled(dots.get_offsets(), np.nan)):
            found.append(dots.get_offset_transform().transform(offsets))
    for patch in ax.patches:
        box, share = patch.get_window_extent(), np.linspace(0, 1, 9)
        grid = np.stack(np.meshgrid(box.x0 + share * box.width, box.y0 + share * box.height), -1)
        found.append(grid.reshape(-1, 2))
    points = np.concatenate(found)
    return points[_inside(points, ax.bbox)]


def _inside(points: np.ndarray, box) -> np.ndarray:
    return ((points >= box.min - 0.5) & (points <= box.max + 0.5)).all(1)


def covered(fig) -> list[str]:
    """Legends that lie over data."""
    legends = [(ax, ax.get_legend()) for ax in fig.axes if ax.get_legend()]
    boxes = [(ax, legend.get_window_extent()) for ax, legend in legends]
    return [
        f"the legend of {ax.get_title(loc='left')!r} covers data" for ax, box in boxes if _inside(marks(ax), box).any()
    ]


def told(colour) -> bool:
    """Whether a colour means something: greys are what all share."""
    return np.ptp(to_rgb(colour)) > 0.05


def paints(handle) -> list:
    """The colours of a legend's mark."""
    if hasattr(handle, "get_color"):
        return [handle.get_color()] if not isinstance(handle.get_color(), np.ndarray) else list(handle.get_color())
    return [handle.get_facecolor()] if np.ndim(handle.get_facecolor()) == 1 else list(handle.get_facecolor())


def unnamed(fig) -> list[str]:
    """Colours of lines that neither a legend nor a text in that colour names, where there are two or more."""
    used = {to_hex(line.get_color()) for ax in fig.axes for line in ax.lines if told(line.get_color())}
    named = {to_hex(text.get_color()) for text in lettering(fig)}
    legends = [*fig.legends, *(ax.get_legend() for ax in fig.axes if ax.get_legend())]
    handles = [handle for legend in legends for handle in legend.legend_handles]
    named |= {to_hex(colour) for handle in handles for colour in paints(handle)}
    return [f"{colour} is named nowhere" for colour in sorted(used - named)] if len(used) > 1 else []


def undirected(fig) -> list[str]:
    """Measures whose better end is said nowhere."""
    texts = [text.get_text() for text in lettering(fig)]
    said = any("is better" in text or "are better" in text for text in texts)
    axes = [text for ax in fig.axes for text in (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left"))]
    return (
        [] if said else [f"{text!r}: which way is better?" for text in axes if any(word in text for word in DIRECTED)]
    )
