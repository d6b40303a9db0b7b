"""The shipped models by two rulers: a classifier of garments, and a network of photographs. Notebook 12."""

from matplotlib.figure import Figure

from .charts import headline
from .head_to_head import NAMES
from .plot import FAMILIES, figure

RULERS = ("frechet_relative", "second_relative")
SPOILT = {"clean": "as they are", "noise": "noise", "blur": "blur", "codes": "through 1,000 codes"}
SPOILT |= {"latents": "through latents", "scales": "through scales"}


def name(row: dict) -> str:
    """What a row of the result `second-ruler` is called: a model, or real garments and what was done to them."""
    return NAMES[row["model"]][0] if row["model"] in NAMES else f"real, {SPOILT[row['model']]}"


def beside(found: dict, models: list[str], ruler: str = "second_relative") -> str:
    """The distances of `models` by one ruler, with their intervals, in words: the nearest first."""
    rows = sorted((row for row in found["runs"] if row["model"] in models), key=lambda row: row[ruler])
    said = [f"{name(row)} {row[ruler]:.2f} ({row[f'{ruler}_low']:.2f} to {row[f'{ruler}_high']:.2f})" for row in rows]
    return ", ".join(said)


def draw(found: dict) -> Figure:
    """Every model by both rulers, and real garments spoilt: metrics of the result `second-ruler`."""
    alt = "Distance by a network of photographs over distance by the classifier, both logarithmic: models of pixels and "
    alt += "patches low, models of tokens and latents high, and real garments that went through a tokenizer high too."
    fig, ax = figure(size=(7.4, 4.6), alt=alt)
    for row in [*found["runs"], *found["real"]]:
        x, y = (row[key] for key in RULERS)
        real = row["family"] == "data"
        ink = FAMILIES[row["family"]]
        bars = {f"{axis}err": [[row[key] - row[f"{key}_low"]], [row[f"{key}_high"] - row[key]]] for axis, key in zip("xy", RULERS)}
        ax.errorbar(x, y, **bars, fmt="D" if real else "o", markersize=5, color=ink, linewidth=0.8, mfc="white" if real else ink)
        ax.annotate(name(row), (x, y), (7, 3), textcoords="offset points", fontsize=9, color=ink)
    ax.set(xscale="log", yscale="log", xlabel="by the classifier of garments (lower is better)")
    ax.set_ylabel("by a network of photographs\n(lower is better)")
    return headline(fig, "Level by one ruler, apart by another")
