"""The figures of notebook 15: ways to say a word, what tokenizers keep, who spells, and what goes wrong."""

import base64
import io

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from . import plot
from .charts import bare, headline, label, level
from .names import WORDS
from .plot import FAMILIES, curve, figure

NAMES = {family: WORDS[family] for family in ("autoregressive", "masked", "noise")}
SPLITS = {"train": "words of training", "held": "held-out words", "bigrams": "unseen pairs"}
CODINGS = {"exact patches": "exact patches", "f4": "learned, 4×4 (f4)", "f2": "learned, 2×2 (f2)"}
COLOURS = {"right": "#BBBBBB", "dropped": "#E69F00", "doubled": "#F0E442", "twin": "#56B4E9"}  # no family's
COLOURS |= {"other": FAMILIES["other"], "torn": "#000000"}
WAYS, KINDS = ("characters", "whole words", "hashed pieces"), tuple(COLOURS)[1:]
SHARE = "words right (share, higher is better)"
SOME = 0.02  # a share of right words below which nothing was learned yet


def unpacked(text: str, height: int = 16) -> Tensor:
    """Signs uint8 `[N, 3, height, 48]` that a result keeps as one PNG in base64."""
    sheet = np.array(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))
    return torch.tensor(sheet).permute(2, 0, 1).unflatten(1, (-1, height)).movedim(1, 0)


def framed(x: Tensor) -> Tensor:
    """Signs with a thin grey frame: white paper would end nowhere on a white page."""
    return torch.nn.functional.pad(x, (1, 1, 1, 1), value=0.4 if x.is_floating_point() else 180)


def own(rows: list[dict], **wanted) -> list[dict]:
    """The rows that have these values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def mean(rows: list[dict], key: str) -> float:
    """The number `key` of rows, on average."""
    return sum(row[key] for row in rows) / len(rows)


def apart(groups: dict[str, list[float]]) -> str | None:
    """The group of which every value lies above every other's; None where there is none, or fewer than three values."""
    best = max(groups, key=lambda name: sum(groups[name]) / len(groups[name]))
    others = [value for name, values in groups.items() if name != best for value in values]
    return best if min(map(len, groups.values())) >= 3 and min(groups[best]) > max(others) else None


def ways(word: str, numbers: dict[str, list[int]]) -> Figure:
    """A drawing: the same word as letters in slots, as one number, and as hashed pairs, with the labels of each way."""
    fig, axes = figure(3, 1, (7.2, 2.9), alt=f"Three rows of boxes: {word} letter by letter, as one number, as pairs.")
    texts = {"characters": [*word.ljust(6)], "whole words": [word]}
    texts["hashed pieces"] = [word[i : i + 2] for i in range(0, 6, 2)]
    for ax, (way, parts) in zip(axes, texts.items()):
        wide = 6 / len(parts)
        for i, (part, number) in enumerate(zip(parts, numbers[way], strict=True)):
            box = {"facecolor": "#EEEEEE", "edgecolor": "#777777"}
            ax.add_patch(plot.plt.Rectangle((i * wide, 0), wide, 1, **box))
            ax.text((i + 0.5) * wide, 0.66, part.strip() or "empty", ha="center", va="center", fontsize=11)
            ax.text((i + 0.5) * wide, 0.25, str(number), ha="center", va="center", fontsize=9, color="#555555")
        ax.set(xlim=(-0.02, 6.02), ylim=(-0.05, 1.05))
        ax.set_ylabel(f"{way}\n{len(parts)} label{'s' * (len(parts) > 1)}", rotation=0, ha="right", va="center")
        bare(ax)
        ax.spines[:].set_visible(False)
    return headline(fig, f"“{word}” to a network: every letter, none of them, or pairs")


def ceilings(found: list[dict], truth: Tensor) -> Figure:
    """Signs out of the tokenizers beside the true ones, `truth [N, 3, 16, 48]`, and how many words survive."""
    rows, names, said = [truth], ["as they are"], []
    for model in ("f4", "f2"):
        every = own(found, model=model)
        rows.append(unpacked(every[0]["pictures"]))
        names.append(f"out of {model}")
        said.append(f"{model} {100 * mean(every, 'exact_held'):.0f} %")
    title = f"Held-out words that the reader still reads after the tokenizer: {', '.join(said)}"
    alt = "Rows of signs: as they are, and out of two tokenizers, a little blurred."
    return plot.pictures(framed(torch.cat(rows)), len(truth), title, alt, rows=names, scale=2.6)


def _points(ax, x: float, rows: list[dict], key: str, colour: str) -> None:
    """A bar of the mean, and a point with its interval for each seed."""
    ax.bar(x, mean(rows, key), 0.24, color=colour, alpha=0.35)
    for i, row in enumerate(rows):
        at = x + 0.06 * (i - (len(rows) - 1) / 2)
        ax.vlines(at, row[f"{key}_low"], row[f"{key}_high"], color=colour, linewidth=1)
        ax.plot(at, row[key], "o", color=colour, markersize=3)


def _legend(fig: Figure, ax) -> None:
    for family, words in NAMES.items():
        ax.plot([], [], "o", color=FAMILIES[family], label=f"{words}, a point a seed")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9, frameon=False)


def decides(cells: list[dict], split: str = "held") -> str:
    """What moves the share of right words most, in words: the largest gap between means along each factor.

    A tokenizer with which nobody writes a word tells nothing, and is left out.
    """
    cells = [row for row in cells if mean(own(cells, coding=row["coding"]), f"exact_{split}") > SOME]
    gaps = {}
    for name, key in {"how the word is said": "way", "the tokenizer": "coding", "the family": "family"}.items():
        means = [mean(own(cells, **{key: value}), f"exact_{split}") for value in {row[key] for row in cells}]
        gaps[name] = max(means) - min(means)
    most, *rest = sorted(gaps, key=gaps.get, reverse=True)
    others = ", ".join(f"{name} {100 * gaps[name]:.0f}" for name in rest)
    return f"Most is decided by {most}: {100 * gaps[most]:.0f} points of 100 ({others})"


def factorial(found: dict, split: str = "held") -> Figure:
    """Exact words: a panel a tokenizer, a group a way to say the word, a colour a family, a point a seed."""
    alt = "Three panels of bars with points: words right by conditioning and family, one panel a tokenizer."
    fig, axes = figure(1, 3, (9.2, 3.7), alt, sharey=True)
    for ax, (coding, words) in zip(axes, CODINGS.items()):
        for at, way in enumerate(WAYS):
            for side, family in zip((-0.27, 0, 0.27), NAMES):
                rows = own(found["cells"], coding=coding, way=way, family=family)
                _points(ax, at + side, rows, f"exact_{split}", FAMILIES[family])
        top = own(found["ceilings"], model=coding)
        level(ax, mean(top, f"exact_{split}") if top else 1.0, "ceiling")
        ax.set_xticks(range(3), [way.replace(" ", "\n") for way in WAYS])
        label(ax, words)
    axes[0].set(ylabel=SHARE.replace(" (", "\n("), ylim=(0, 1.14), yticks=(0, 0.5, 1))
    _legend(fig, axes[0])
    return headline(fig, decides(found["cells"], split))


def lengths(found: dict, chance: dict[str, list[float]], way: str = "characters") -> Figure:
    """Right words over their length, exact patches, all seeds; dashed what independent letters would give."""
    alt = "Share of right words over the number of letters, a line a family, dashed what independent letters give."
    fig, ax = figure(size=(6.6, 3.3), alt=alt)
    for family, words in NAMES.items():
        rows, x, y = own(found["cells"], coding="exact patches", way=way, family=family), [], []
        for n in range(2, 7):
            hits, all_of = (sum(row["lengths_held"].get(str(n), [0, 0])[i] for row in rows) for i in (0, 1))
            if all_of:
                x, y = [*x, n], [*y, hits / all_of]
        curve(ax, x, y, family, marker="o", label=words)
        curve(ax, range(2, 7), chance[family], family, linestyle="--", linewidth=1)
    ax.set(xlabel="letters of a held-out word (dashed: if each letter went wrong by itself)", ylabel=SHARE)
    ax.set(ylim=(0, 1.05), xticks=range(2, 7))
    ax.legend(fontsize=9)
    longest = {family: own(found["cells"], coding="exact patches", way=way, family=family) for family in NAMES}
    shares = ", ".join(f"{100 * mean(rows, 'exact_held'):.0f}" for rows in longest.values())
    ax.set_title(f"Told letter by letter, of all lengths {shares} % are right")
    return fig


def splits(found: dict) -> Figure:
    """Words of training, held-out words and words with unseen pairs: a panel a way to say them; exact patches."""
    alt = "Three panels of bars with points: words right for words of training, held-out ones, and unseen pairs."
    fig, axes = figure(1, 3, (9.2, 3.5), alt, sharey=True)
    cells = own(found["cells"], coding="exact patches")
    for ax, way in zip(axes, WAYS):
        for at, split in enumerate(SPLITS):
            for side, family in zip((-0.27, 0, 0.27), NAMES):
                _points(ax, at + side, own(cells, way=way, family=family), f"exact_{split}", FAMILIES[family])
        ax.set_xticks(range(3), [words.replace(" ", "\n", 1) for words in SPLITS.values()])
        label(ax, way)
    axes[0].set(ylabel=SHARE.replace(" (", "\n("), ylim=(0, 1.05), yticks=(0, 0.5, 1))
    _legend(fig, axes[0])
    loss = {way: mean(own(cells, way=way), "exact_train") - mean(own(cells, way=way), "exact_held") for way in WAYS}
    said = ", ".join(
        f"{w} {100 * value:.0f}" for w, value in loss.items() if mean(own(cells, way=w), "exact_train") > SOME
    )
    return headline(fig, f"What a new word costs, in points of 100: {said}")


def kinds(tables: dict[str, tuple[str, dict[str, int]]], title: str, alt: str) -> Figure:
    """Kinds of error as stacked bars: each name with its family and the counts of `KINDS` and of "right"."""
    fig, ax = figure(size=(8.2, 0.42 * len(tables) + 1.3), alt=alt)
    for at, (_, counts) in enumerate(tables.values()):
        left, total = 0.0, sum(counts.values())
        for kind in KINDS:
            share = counts.get(kind, 0) / total
            ax.barh(at, share, 0.7, left, color=COLOURS[kind], label=kind if at == 0 else None)
            left += share
        ax.text(left, at, f" {100 * left:.0f} %", va="center", fontsize=9)
    ax.set_yticks(range(len(tables)), tables)
    for tick, (family, _) in zip(ax.get_yticklabels(), tables.values()):
        tick.set_color(FAMILIES[family])
    ax.set(xlim=(0, 1.1), xlabel="share of words that are wrong, by kind (lower is better)")
    ax.invert_yaxis()
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9, frameon=False)
    return headline(fig, title)


def sheet(found: dict, coding: str, texts: list[str]) -> Figure:
    """What the first seed of each cell wrote for the same words: a row a cell of one tokenizer."""
    rows = [own(found["cells"], coding=coding, way=way, family=f, seed=0)[0] for way in WAYS for f in NAMES]
    names = [f"{way}, {NAMES[f]}" for way in WAYS for f in NAMES]
    x = torch.cat([unpacked(row["pictures"])[: len(texts)] for row in rows])
    title = "The same words asked of nine networks (first seed, unselected)"
    alt = "Nine rows of signs: told by characters they say the word, told otherwise mostly another or none."
    return plot.pictures(framed(x), len(texts), title, alt, rows=names, heads=texts, scale=2.0)


def judges(rows: list[dict], names: dict[str, str]) -> Figure:
    """Two judges of the same signs: the parser, and an OCR engine; dotted the engine on clean signs, its ceiling."""
    fig, ax = figure(size=(6.8, 3.0), alt="Pairs of bars: words right by the parser and by an OCR engine, per family.")
    ceiling = own(rows, model="clean")[0]
    models = [row for row in rows if row is not ceiling]
    for at, row in enumerate(models):
        for side, key, alpha in ((-0.2, "exact", 0.9), (0.2, "ocr", 0.4)):
            ax.bar(at + side, row[key], 0.36, color=FAMILIES[row["family"]], alpha=alpha)
            ax.vlines(at + side, row[f"{key}_low"], row[f"{key}_high"], color="black", linewidth=1.2)
    level(ax, ceiling["ocr"])
    ax.set_xticks(range(len(models)), [f"{names[row['model']]}\nparser | engine" for row in models])
    ax.set(ylabel=SHARE.replace(" (", "\n("), ylim=(0, 1.05), xlabel="dotted: the engine on clean signs")
    ax.set_title(f"The engine errs on {100 * (1 - ceiling['ocr']):.0f} % of clean signs: its ceiling comes first")
    return fig


def posters(found: dict) -> Figure:
    """One poster of each family, first seed, and how many of all posters are right in all three lines."""
    rows = {family: own(found["posters"], family=family) for family in NAMES}
    x = framed(torch.cat([unpacked(every[0]["pictures"], 48) for every in rows.values()]))
    heads = [f"{NAMES[f]}\n{100 * mean(every, 'exact_held'):.0f} % right" for f, every in rows.items()]
    best = apart({NAMES[f]: [row["exact_held"] for row in every] for f, every in rows.items()})
    most = max(mean(every, "exact_held") for every in rows.values())
    title = f"Two words and a price: {best} is ahead" if best else "Two words and a price: no family is ahead"
    if most < 0.1:  # who is first to a few in a hundred is not who spells posters
        title = f"Two words and a price: more than this budget teaches anybody ({100 * most:.0f} % at best)"
    return plot.pictures(
        x, 3, title, "Three posters with two words and a price, one of each family.", heads=heads, scale=4
    )
