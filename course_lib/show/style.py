"""What the course's figures look like, whatever style the reader has set for figures of their own."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FONTS = Path(__file__).parent / "fonts"  # one typeface for figures, widgets and book: data/build_font.py
for _face in sorted(FONTS.glob("*.ttf")):
    font_manager.fontManager.addfont(_face)
STYLE = {
    "figure.dpi": 80,
    "font.family": ["Course Sans", "DejaVu Sans"],  # the second for Greek letters
    "font.size": 10,
    "mathtext.fontset": "custom",
    "mathtext.rm": "Course Sans",
    "mathtext.it": "Course Sans:italic",
    "mathtext.bf": "Course Sans:bold",
    "mathtext.cal": "Course Sans:italic",
    "mathtext.sf": "Course Sans",
    "mathtext.tt": "DejaVu Sans Mono",
    "mathtext.fallback": "stixsans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "legend.frameon": True,
    "lines.linewidth": 1.5,
}
LOOKS = (
    "axes boxplot contour errorbar figure font grid hatch hist image legend lines markers mathtext patch path pcolor"
)
LOOKS += " polaraxes savefig scatter text xaxis xtick yaxis ytick"  # what of matplotlib's settings can be seen
# Plain dictionaries: what is in them was checked when it was made, and thousands of marks ask for it.
LOOK = {key: value for key, value in dict.items(matplotlib.rcParamsDefault) if key.split(".")[0] in LOOKS.split()}
LOOK |= STYLE


@contextmanager
def in_force() -> Iterator[None]:
    """Matplotlib's own settings and, over them, `STYLE`; the reader's come back afterwards."""
    before = dict.copy(matplotlib.rcParams)
    dict.update(matplotlib.rcParams, LOOK)
    try:
        yield
    finally:
        dict.update(matplotlib.rcParams, {key: before[key] for key in LOOK})


def styled(cls: type) -> type:
    """Let every public method of a class of matplotlib run with the course's style in force."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith(("_", "get_")):
            setattr(cls, name, _styled(method))
    return cls


def _styled(method):
    @wraps(method)
    def run(*arguments, **options):
        with in_force():
            return method(*arguments, **options)

    return run


@styled
class StyledAxes(Axes):
    """Axes that draw in the course's style, at any time."""


class StyledFigure(Figure):
    """A figure whose axes, texts and files are in the course's style."""

    def add_subplot(self, *where, **options):
        """One more `StyledAxes`; a projection has axes of its own."""
        own = {} if {"projection", "polar", "axes_class"} & options.keys() else {"axes_class": StyledAxes}
        return super().add_subplot(*where, **options | own)
