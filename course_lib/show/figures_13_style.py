"""The figures of notebook 13 on style: emoji in two hands, how well they were hit, how varied, how near to copies."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from . import plot
from .charts import headline, keys, label, level
from .plot import FAMILIES, figure

WORDS = {"autoregressive": "tokens", "noise": "noise"}
MARKS = {"noto": "o", "twemoji": "s"}
PANELS = {
    "agreement": "in the style asked for\n(share, higher is better)",
    "group_agreement": "of the group asked for\n(share, higher is better)",
    "frechet": "Fréchet distance\n(lower is better)",
    "variety": "distance of two in a group\n(1: as far as those of the test)",
    "recall": "real ones covered\n(share, higher is better)",
    "copies": "nearer to a training emoji than\n95 % of real ones (share)",
}
REAL = {
    "real": "other held-out emoji",
    "tokenizer": "the same, through the tokenizer",
    "copier": "a copier of training",
}
BETTER = {"agreement": 1, "group_agreement": 1, "frechet": -1, "recall": 1}


def contact_sheet(rows: dict[str, Tensor], heads: list[str]) -> Figure:
    """Emoji `[C, 3, 32, 32]` in named `rows`, a style by a family, all from the requests that `heads` name."""
    return plot.pictures(
        torch.cat(list(rows.values())),
        columns=len(heads),
        title="The same requests, two hands, two families (unselected)",
        alt=f"Rows of emoji by style and family ({', '.join(rows)}), a column a subgroup.",
        rows=list(rows),
        heads=[head.replace("-", "\n") for head in heads],
        scale=2,
    )


def averaged(rows: Sequence[dict], key: str) -> list[float]:
    """The number `key` of each row, on average over the styles."""
    return [sum(style[key] for style in row["styles"].values()) / len(row["styles"]) for row in rows]


def ahead(found: dict, key: str) -> str | None:
    """The family of which every seed is better in `key` than every seed of the other; None without three seeds each."""
    runs = ([row for row in found["runs"] if row["family"] == family] for family in WORDS)
    tokens, noise = ([BETTER[key] * value for value in averaged(own, key)] for own in runs)
    if min(len(tokens), len(noise)) < 3:
        return None
    return "autoregressive" if min(tokens) > max(noise) else "noise" if min(noise) > max(tokens) else None


def finding(found: dict) -> str:
    """Who hits the style more often, and who covers more of the real emoji, in words."""
    said = []
    for key, what in (("agreement", "Style hit more often"), ("recall", "more real ones covered")):
        best = ahead(found, key)
        said.append(f"{what}: {f'by {WORDS[best]}' if best else 'no family in all seeds'}")
    return "; ".join(said)


def numbers(found: dict) -> Figure:
    """A panel a number: training seeds as points with intervals, shipped models hollow, a mark a style, real ones."""
    alt = "Six panels of points with intervals: tokens and noise in both styles, and a dotted line for real emoji."
    fig, axes = figure(2, 3, (9.2, 5.6), alt)
    for ax, (key, words) in zip(axes.flat, PANELS.items()):
        for at, family in enumerate(WORDS):
            for side, style in zip((-0.2, 0.2), MARKS):
                for part, x, face in (("runs", -0.06, FAMILIES[family]), ("shipped", 0.11, "white")):
                    rows = [row["styles"][style] for row in found[part] if row["family"] == family]
                    _points(ax, at + side + x, rows, key, FAMILIES[family], MARKS[style], face)
        model = "tokenizer" if key == "copies" else "real"
        level(
            ax,
            averaged([row for row in found["real"] if row["model"] == model], key)[0],
            "real, tokenizer" if key == "copies" else "real",
            x=0.57,
        )
        ax.set(xlim=(-0.5, 1.5), ylim=(0, 1.1 * ax.get_ylim()[1]))
        ax.set_xticks(range(len(WORDS)), WORDS.values())
        label(ax, words, 9)
    for style, mark in MARKS.items():
        axes.flat[0].plot([], [], mark, color=FAMILIES["data"], label=f"{style}, a point a seed")
    axes.flat[0].plot(
        [], [], "D", color=FAMILIES["data"], markerfacecolor="white", label=f"shipped, {1 / found['share']:g} × as long"
    )
    keys(fig, axes.flat[0])
    return headline(fig, f"{finding(found)}, at 1/{1 / found['share']:.0f} of the shipped training")


def _points(ax, x: float, rows: Sequence[dict], key: str, colour: str, mark: str, face: str) -> None:
    """Points around `x` with their intervals, side by side."""
    for i, row in enumerate(rows):
        at = x + 0.05 * (i - (len(rows) - 1) / 2)
        ax.vlines(at, row[f"{key}_low"], row[f"{key}_high"], color=colour, linewidth=1, alpha=0.6)
        ax.plot(at, row[key], mark, color=colour, markerfacecolor=face, markersize=4.5)


def table(found: dict) -> str:
    """All numbers, on average over the styles: real ones, each family's seeds (least to most), the shipped ones."""
    lines = {words: [row for row in found["real"] if row["model"] == model] for model, words in REAL.items()}
    for part, how in (("runs", "{} seeds"), ("shipped", "shipped")):
        for family, words in WORDS.items():
            own = [row for row in found[part] if row["family"] == family]
            lines[f"{words}, {how.format(len(own))}"] = own
    heads = ("style", "group", "distance", "variety", "recall", "copies")
    out = [" " * 32 + "".join(f"{head:>14}" for head in heads)]
    for words, rows in lines.items():
        ends = ((min(values), max(values)) for values in (averaged(rows, key) for key in PANELS))
        cells = (f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}" for low, high in ends)
        out.append(f"{words:32}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(out)


def neighbours(rows: dict[str, tuple[Tensor, Tensor]], title: str) -> Figure:
    """For each name a row of emoji made `[C, 3, 32, 32]` and below it the training emoji nearest to each."""
    columns = len(next(iter(rows.values()))[0])
    return plot.pictures(
        torch.cat([part for pair in rows.values() for part in pair]),
        columns=columns,
        title=title,
        alt=f"Made emoji ({', '.join(rows)}) above the training emoji that is nearest to each.",
        rows=[words for name in rows for words in (name, "nearest in training")],
        scale=2,
    )
