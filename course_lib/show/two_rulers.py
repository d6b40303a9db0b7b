"""The shipped models by two rulers: a classifier of garments, and a network of photographs. Notebook 12."""

from matplotlib.figure import Figure

from .charts import headline
from .head_to_head import NAMES
from .plot import FAMILIES, figure

RULERS = {"x": "frechet_relative", "y": "second_relative"}
SPOILT = {"clean": "as they are", "noise": "with noise", "blur": "blurred", "codes": "through codes"}
SPOILT |= {"latents": "through latents", "scales": "through scales"}


def name(row: dict) -> str:
    """What a row of the result `second-ruler` is called: a model, or real garments and what was done to them."""
    return NAMES[row["model"]][0] if row["model"] in NAMES else f"real, {SPOILT[row['model']]}"


def beside(found: dict, models: list[str], ruler: str = "second_relative") -> str:
    """The distances of `models` by one ruler, with their intervals, in words: the nearest first."""
    rows = sorted((row for row in found["runs"] if row["model"] in models), key=lambda row: row[ruler])
    return ", ".join(f"{name(row)} {_number(row, ruler)}" for row in rows)


def _number(row: dict, ruler: str) -> str:
    return f"{row[ruler]:.2f} ({row[f'{ruler}_low']:.2f} to {row[f'{ruler}_high']:.2f})"


def draw(found: dict) -> Figure:
    """Every model by both rulers, and real garments spoilt: metrics of the result `second-ruler`."""
    alt = "Distance by a network of photographs over distance by the classifier, both logarithmic."
    fig, ax = figure(size=(7.4, 4.8), alt=alt)
    for row in [*found["runs"], *found["real"]]:
        at = {axis: row[key] for axis, key in RULERS.items()}
        ends = {f"{axis}err": [[at[axis] - row[f"{key}_low"]], [row[f"{key}_high"] - at[axis]]] for axis, key in RULERS.items()}
        ink, form = FAMILIES[row["family"]], {"fmt": "D", "mfc": "white"} if row["family"] == "data" else {"fmt": "o"}
        ax.errorbar(**at, **ends, **form, markersize=5, color=ink, linewidth=0.8)
        ax.annotate(name(row), tuple(at.values()), (7, 3), textcoords="offset points", fontsize=9, color=ink)
    ax.set(xscale="log", yscale="log", xlabel="by the classifier of garments (lower is better)")
    ax.set_ylabel("by a network of photographs\n(lower is better)")
    return headline(fig, "Level by one ruler, apart by another")
