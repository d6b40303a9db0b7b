"""The shipped models by two rulers: a classifier of garments, and a network of photographs. Notebook 12."""

from matplotlib.figure import Figure

from .charts import headline
from .head_to_head import NAMES
from .plot import FAMILIES, figure

RULERS = {"x": "frechet_relative", "y": "second_relative"}
SPOILT = {"clean": "as they are", "noise": "with noise", "blur": "blurred", "codes": "through codes"}
SPOILT |= {"latents": "through latents", "scales": "through scales"}
# Where a name stands that would cross another, beside which end of its interval: ("_low" or "", dx, dy) in points.
PLACES = {"codes": ("", -5, 10), "noise": ("_low", -6, 0), "masked-fashion": ("_low", -6, 0)}
PLACES |= {"latents": ("_high", 6, 2), "unet-flow-fashion": ("_high", 6, -1), "dit-fashion": ("_high", 6, -8)}
PLACES |= {"next-scale-fashion": ("_low", -6, 0)}


def name(row: dict) -> str:
    """What a row of the result `second-ruler` is called: a model, or real garments and what was done to them."""
    return NAMES[row["model"]][0] if row["model"] in NAMES else f"real, {SPOILT[row['model']]}"


def said(found: dict) -> str:
    """The finding: patches and tokens by the one ruler and by the other."""
    rows = {row["model"]: row for row in found["runs"]}
    patches, tokens, words = rows["dit-fashion"], rows["token-ar-fashion"], []
    for key in RULERS.values():
        clear = patches[f"{key}_high"] < tokens[f"{key}_low"] or tokens[f"{key}_high"] < patches[f"{key}_low"]
        words.append(f"{'apart' if clear else 'level'} ({patches[key]:.2f}, {tokens[key]:.2f}) by")
    return f"Patches and tokens: {words[0]} one ruler, {words[1]} another"


def draw(found: dict) -> Figure:
    """Every model by both rulers, and real garments spoilt: metrics of the result `second-ruler`."""
    alt = "Distance by a network of photographs over distance by the classifier: tokens and real garments that went "
    fig, ax = figure(size=(7.6, 5), alt=alt + "through the tokenizer lie above patches of noise, and not to the right.")
    for row in [*found["runs"], *found["real"]]:
        at = {axis: row[key] for axis, key in RULERS.items()}
        ink, form = FAMILIES[row["family"]], {"fmt": "D", "mfc": "white"} if row["family"] == "data" else {"fmt": "o"}
        for axis, key in RULERS.items():
            ends = [[at[axis] - row[f"{key}_low"]], [row[f"{key}_high"] - at[axis]]]
            ax.errorbar(**at, **{f"{axis}err": ends}, **form, markersize=6, color=ink, ecolor=f"{ink}66", linewidth=0.8)
        end, *off = PLACES.get(row["model"], ("_high", 6, 0))
        style = {"textcoords": "offset points", "ha": "left" if off[0] > 0 else "right", "va": "center", "size": 9}
        ax.annotate(name(row), (row[RULERS["x"] + end], at["y"]), off, color=ink, **style)
    ax.set(xlim=(0, 0.56), yscale="log")
    ticks = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1)
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks([], minor=True)
    ax.set_xlabel("relative distance by the classifier of garments (lower is better)")
    ax.set_ylabel("relative distance by a network\nof photographs (lower is better)")
    return headline(fig, said(found))
