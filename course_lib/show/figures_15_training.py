"""The figures of notebook 15 on training: words over budgets, and an old recipe of noise beside today's."""

from matplotlib.figure import Figure

from .charts import headline, own_ticks
from .figures_15 import NAMES, SHARE, mean, own
from .plot import FAMILIES, curve, figure


def budgets(found: dict, split: str = "held") -> Figure:
    """Right words over operations of training, told letter by letter, exact patches: a point a seed."""
    fig, ax = figure(size=(6.6, 3.3), alt="Share of right words over training operations, rising for each family.")
    for family, words in NAMES.items():
        rows = own(found["budgets"], family=family)
        rows += own(found["cells"], family=family, coding="exact patches", way="characters")
        x = sorted({row["budget_flops"] for row in rows})
        groups = [[row[f"exact_{split}"] for row in own(rows, budget_flops=at)] for at in x]
        low, middle, high = zip(*[(min(g), sum(g) / len(g), max(g)) for g in groups])
        curve(ax, [at / 1e12 for at in x], middle, family, low, high, label=words, marker="o")
    ax.set(xlabel="training, TFLOP (band: best to worst of three seeds)", ylabel=SHARE, ylim=(0, 1.05))
    own_ticks(ax, [round(at / 1e12, 2) for at in x])
    ax.legend(fontsize=9)
    half = {NAMES[family]: _half(found, family, split) for family in NAMES}
    first = min(half, key=half.get)
    known = half[first] < float("inf") and list(half.values()).count(half[first]) == 1
    ax.set_title(f"First to half of the words: {first}" if known else "All reach half of the words at the same budget")
    return fig


def _half(found: dict, family: str, split: str) -> float:
    """The least budget at which every seed of a family has half of the words."""
    rows = own(found["budgets"], family=family)
    rows += own(found["cells"], family=family, coding="exact patches", way="characters")
    at = {row["budget_flops"] for row in rows}
    done = [b for b in at if all(row[f"exact_{split}"] >= 0.5 for row in own(rows, budget_flops=b))]
    return min(done, default=float("inf"))


TIMES = {"uniform": "even", "logit-normal": "mostly in the middle"}


def recipes(rows: list[dict], split: str = "held") -> Figure:
    """Noise with each part of its recipe as it was and as it is: all eight pairings, a point a seed."""
    alt = "Eight bars with points: words right for each pairing of target, text and times, old and new."
    fig, ax = figure(size=(7.6, 3.9), alt=alt)
    names = list(dict.fromkeys((row["target"], row["text"], row["times"]) for row in rows))
    names.sort(key=lambda name: mean(_pairing(rows, name), f"exact_{split}"))
    for at, name in enumerate(names):
        every = _pairing(rows, name)
        ax.barh(at, mean(every, f"exact_{split}"), 0.7, color=FAMILIES["noise"], alpha=0.35)
        for i, row in enumerate(every):
            ends = row[f"exact_{split}_low"], row[f"exact_{split}_high"]
            ax.hlines(at + 0.2 * (i - 1), *ends, color=FAMILIES["noise"], linewidth=1)
            ax.plot(row[f"exact_{split}"], at + 0.2 * (i - 1), "o", color=FAMILIES["noise"], markersize=3)
    ax.set_yticks(range(len(names)), [f"{a} asked for, text {b}, times {TIMES[c]}" for a, b, c in names], fontsize=9)
    ax.set(xlabel=SHARE, xlim=(0, 1.02))
    old, new = (_pairing(rows, n) for n in (("noise", "pooled", "uniform"), ("velocity", "in context", "logit-normal")))
    ends = [100 * mean(every, f"exact_{split}") for every in (old, new)]
    return headline(fig, f"The same noise, the same budget: {ends[0]:.0f} % as of old, {ends[1]:.0f} % as of today")


def _pairing(rows: list[dict], name: tuple[str, str, str]) -> list[dict]:
    return own(rows, **dict(zip(("target", "text", "times"), name)))
