"""Names beside curves: each stands by its own curve, over nothing, inside the axes."""

import numpy as np
from lettering import crossings, marks

from course_lib.show import direct, plot


def test_names_lie_over_no_curve_and_no_other_name():
    fig, ax = plot.figure(size=(5, 4), alt="curves")
    x = np.linspace(0, 1, 6)
    curves = [(x, x**k + 0.1 * k, f"the curve {k}", "#0072B2") for k in (1, 2, 3)] + [
        ([0.5], [0.1], "a dot", "#D55E00")
    ]
    for at, y, _, colour in curves:
        ax.plot(at, y, "o-", color=colour)
    ax.margins(x=0.3, y=0.2)
    direct.placed(ax, curves)
    fig.draw_without_rendering()
    assert not crossings(fig) and len(ax.texts) == 4
    for text, (at, y, name, _) in zip(ax.texts, curves):
        box = text.get_window_extent()
        under = ((marks(ax) > box.min) & (marks(ax) < box.max)).all(1)
        assert text.get_text() == name and text.xy in list(zip(at, y)) and not under.any()
        assert (box.min >= ax.bbox.min).all() and (box.max <= ax.bbox.max).all()
