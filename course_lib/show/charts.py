"""What most charts of the course need: a headline, bars with intervals, named curves and lines, numbers in a table.

Each function draws on an axes; `rulers` makes a whole figure.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps

from matplotlib.figure import Figure

from ..measure.frechet import floor
from .names import MODELS
from .plot import FAMILIES, curve, figure

RULERS = {
    "bits_per_dim": ("bits per dimension", "lower is better"),
    "nats": ("nats a picture", "lower is better"),
    "frechet_relative": ("Fréchet distance, relative", "lower is better"),
    "agreement": ("recognised as its class", "higher is better"),
    "recall": ("recall", "higher is better"),
    "psnr": ("PSNR, dB", "higher is better"),
}


def headline(fig: Figure, text: str) -> Figure:
    """Write the finding above all panels of `fig`, which is given back."""
    fig.suptitle(text, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return fig


def keys(fig: Figure, ax, columns: int = 4) -> None:
    """The names of what `ax` shows, below all panels, where they cover nothing."""
    handles = ax.get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower center", ncols=columns, fontsize=9, frameon=False)


def flat(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """A function whose charts are kept in few colours: for notebooks that have many."""

    @wraps(draw)
    def drawn(*given, **more) -> Figure:
        fig = draw(*given, **more)
        fig.colours = 96
        return fig

    return drawn


def label(ax, text: str, size: float = 10) -> None:
    """A small name above one panel; the finding stands in the headline."""
    ax.set_title(text, fontsize=size, fontweight="normal")


def short(names: Iterable[str]) -> list[str]:
    """Names for heads and legends: "T-shirt/top" becomes "t-shirt", "dit-fashion" becomes "noise, transformer"."""
    return [MODELS[name][0] if name in MODELS else name.split("/")[0].lower() for name in names]


def bare(*axes) -> None:
    """Take the ticks away: a picture has no scale."""
    for ax in axes:
        ax.set(xticks=[], yticks=[])


def colours(families: str | Sequence[str], n: int) -> list[str]:
    """`n` colours: of one family, or of one family (or an own colour) each."""
    names = [families] * n if isinstance(families, str) else families
    return [FAMILIES.get(name, name) for name in names]


def bars(
    ax,
    names: Sequence[str],
    values: Sequence[float],
    families: str | Sequence[str],
    bounds: Sequence[tuple[float, float] | None] | None = None,
    real: float | None = None,
    numbers: str = "{:.3g}",
    across: bool = False,
) -> None:
    """Bars from below, or `across`, with black intervals `bounds`, numbers (`""`: none), and a dotted `real` line."""
    bounds = bounds or [None] * len(values)
    draw, interval, line = (ax.barh, ax.hlines, ax.axvline) if across else (ax.bar, ax.vlines, ax.axhline)
    draw(names, values, color=colours(families, len(values)))
    for i, (value, ends) in enumerate(zip(values, bounds, strict=True)):
        if ends:
            interval(i, *ends, color="black", linewidth=1.5)
        end = max(value, *ends) if ends else value
        place = {"ha": "left", "va": "center"} if across else {"ha": "center", "va": "bottom"}
        at, off = ((end, i), (3, 0)) if across else ((i, end), (0, 2))
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5} if numbers else None
        text = numbers.format(value)
        ax.annotate(text, at, off, textcoords="offset points", fontsize=9, bbox=paper, **place)
    ax.margins(**{"x" if across else "y": 0.18})
    if real is not None:
        line(real, color=FAMILIES["data"], linestyle=":")
    if across:
        ax.invert_yaxis()


def bounds(rows: Iterable[dict], key: str) -> list[tuple[float, float] | None]:
    """The 95 % interval of `key` in each row, None where it has none."""
    return [(row[f"{key}_low"], row[f"{key}_high"]) if f"{key}_low" in row else None for row in rows]


def reached(row: dict, key: str) -> float | None:
    """What as many real pictures reach by the ruler `key`; None where the row does not know it."""
    if key != "frechet_relative":
        return row.get(f"{key}_real")
    return row["frechet_floor"] * row[key] / row["frechet"] if "frechet_floor" in row else None


def relative(distance: float, n: int, split: str = "test") -> float:
    """A raw Fréchet distance of `n` pictures in the course's unit: real pictures with noise of σ = 0.1, as many."""
    return distance / floor(n, split)["frechet_unit"]


def rulers(
    rows: dict[str, dict],
    keys: Sequence[str],
    families: str | Sequence[str],
    title: str,
    alt: str,
    size: tuple[float, float] = (9.2, 2.8),
    across: bool = False,
) -> Figure:
    """A panel for each ruler of `RULERS` in `keys`: bars of the models' `rows` of metrics with intervals.

    The dotted line is what real pictures reach, the largest of it where the rows are of different n.
    """
    fig, axes = figure(1, len(keys), size, alt, sharey=across)
    for ax, key in zip([axes] if len(keys) == 1 else axes, keys, strict=True):
        found = list(rows.values())
        real = max((at for row in found if (at := reached(row, key)) is not None), default=None)
        bars(ax, list(rows), [row[key] for row in found], families, bounds(found, key), real, across=across)
        words, better = RULERS[key]
        label(ax, f"{words}\n({better})")
    if across:
        fig.axes[0].set_ylim(len(rows) - 0.5, -0.5)  # the panels share it: turned once, not once a panel
    return headline(fig, title)


def labelled(ax, x, y, text: str, family: str = "other", low=None, high=None, at: int = -1, **options) -> None:
    """A curve with its band and its name written beside its point number `at`."""
    x, y = list(x), list(y)
    curve(ax, x, y, family, low, high, **options)
    ink = options.get("color", FAMILIES[family])
    ax.annotate(text, (x[at], y[at]), (6, 4), textcoords="offset points", fontsize=9, color=ink)


def level(
    ax, value: float, text: str = "", family: str = "data", x: float = 0.99, above: bool = True, **options
) -> None:
    """A horizontal dotted line with its name above or below, ending at the share `x` of the width."""
    colour = options.pop("color", FAMILIES[family])
    ax.axhline(value, color=colour, **{"linestyle": ":", "linewidth": 1.2, **options})
    place = {"xycoords": ax.get_yaxis_transform(), "ha": "right", "va": "bottom" if above else "top"}
    ax.annotate(text, (x, value), (0, 2 if above else -3), textcoords="offset points", color=colour, size=9, **place)


def own_ticks(ax, values: Sequence[float]) -> None:
    """A logarithmic x axis whose only ticks are `values`, written as plain numbers."""
    ax.set_xscale("log")
    ax.set_xticks(values, [f"{value:g}" for value in values])
    ax.set_xticks([], minor=True)


def written(ax, table, texts=None, dark_below: float | None = None, size: float = 8) -> None:
    """Write `texts [H, W]` (or the numbers themselves) into a drawn `table [H, W]`: white ink below `dark_below`."""
    texts = table if texts is None else texts
    for y, row in enumerate(table):
        for x, value in enumerate(row):
            ink = "white" if dark_below is not None and float(value) < dark_below else "black"
            text = texts[y][x]
            text = text if isinstance(text, str) else f"{float(text):g}"
            ax.text(x, y, text, ha="center", va="center", fontsize=size, color=ink)
