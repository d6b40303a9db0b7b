"""The figures of notebook 17: who sees whom, films of conversations, and what was measured of them."""

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..measure.grade import share
from .charts import bars, bounds, headline, label
from .figures_13 import sheet
from .plot import FAMILIES, curve, figure

__all__ = ["MODELS", "chats", "curves", "drifts", "live", "masks", "shares", "sheet", "turns", "weights", "windows"]

MODELS = {"all-token-scenes": ("all tokens", "autoregressive"), "transfusion-scenes": ("Transfusion", "noise")}
TASKS = {"draw": "a caption drawn", "tell": "a scene told", "ask": "a question answered", "edit": "a true scene edited"}
LOOKS = ("-", "--", ":", "-.", (0, (7, 1, 1, 1, 1, 1)))


def masks(panels: dict[str, tuple[Tensor, list[str]]], title: str) -> Figure:
    """Who sees whom, a panel a name: a boolean table, and the name of each position."""
    fig, axes = figure(1, len(panels), (5.0 * len(panels), 4.9), squeeze=False)
    fig.alt = "Squares of who sees whom, a row who looks, a column what is seen: " + "; ".join(panels)
    for ax, (name, (seen, names)) in zip(axes[0], panels.items()):
        ax.imshow(~seen, cmap="gray", vmin=-0.4, vmax=1)
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize=7.5)
        ax.set_yticks(range(len(names)), names, fontsize=7.5)
        ax.tick_params(length=0)
        ax.set(xlabel="is seen", ylabel="sees")
        label(ax, name, 9.5)
    return headline(fig, title)


def live(parts: list[tuple[float, float]], seconds: float) -> Figure:
    """Nats a word and nats a patch on the way of one training."""
    fig, ax = figure(1, 1, (6.6, 2.9), "Two falling losses of one training, of words and of patches.")
    words, patches = (torch.tensor(column) for column in zip(*parts))
    width = max(1, len(words) // 40)
    for values, name, look in ((words, "a word", "-"), (patches, "a patch", "--")):
        smooth = values[: len(values) // width * width].view(-1, width).mean(1)
        steps = [width * (i + 1) for i in range(len(smooth))]
        curve(ax, steps, smooth.tolist(), "autoregressive", linestyle=look, label=name)
    ax.set(xlabel="training step", ylabel="nats (lower is better)", yscale="log")
    ax.legend(frameon=False)
    ends = [float(values[-20:].mean()) for values in (words, patches)]
    return headline(
        fig, f"{seconds:.0f} seconds, one body: {ends[0]:.2f} nats a word, {ends[1]:.2f} a patch at the end"
    )


def _grouped(points: list[dict], x: str, key: str = "right") -> tuple[list, list, list, list]:
    """Mean, least and most of `key` over seeds at each `x`."""
    groups: dict[float, list[float]] = {}
    for point in points:
        groups.setdefault(point[x], []).append(point[key])
    groups = dict(sorted(groups.items()))
    means = [sum(values) / len(values) for values in groups.values()]
    return list(groups), means, [min(v) for v in groups.values()], [max(v) for v in groups.values()]


def curves(runs: list[dict], tasks: tuple[str, ...], x: str, words: str, title: str) -> Figure:
    """The share that is right of each task over `x` of training ("rows" or "budget_flops"), all tasks together
    (whole lines) and each alone (dashed); mean, least and most over seeds."""
    fig, axes = figure(1, len(tasks), (3.0 * len(tasks) + 0.6, 3.1), sharey=True, squeeze=False)
    fig.alt = f"Shares of right answers over {words}, one panel a task, joint and alone, a colour a family."
    for ax, task in zip(axes[0], tasks):
        for name, (words_of, family) in MODELS.items():
            for look, alone in (("-", False), ("--", True)):
                some = [r for r in runs if r["name"] == name and (r["task"] != "all") == alone]
                points = [{x: p[x], **p["asked"][task]} for r in some for p in r["curve"] if task in p["asked"]]
                if points:
                    at, mean, low, high = _grouped(points, x)
                    curve(ax, at, mean, family, low, high, linestyle=look, label=words_of + (", alone" * alone))
        ax.set(xlabel=words, ylim=(-0.03, 1.03))
        label(ax, TASKS[task], 9.5)
    axes[0, 0].set_ylabel("share right")
    axes[0, -1].legend(frameon=False, fontsize=8)
    return headline(fig, title)


def weights(runs: list[dict], title: str) -> Figure:
    """Both directions over the weight of the pictures' loss, a panel a family; a point a seed."""
    fig, axes = figure(1, 2, (8.4, 3.0), sharey=True)
    fig.alt = "Shares of captions drawn and of scenes told over the weight of the pictures' loss, a panel a family."
    for ax, (name, (words, family)) in zip(axes, MODELS.items()):
        for task, look, mark in (("draw", "-", "o"), ("tell", "--", "s")):
            points = [{"weight": run["weight"], **run["asked"][task]} for run in runs if run["name"] == name]
            at, mean, low, high = _grouped(points, "weight")
            curve(ax, at, mean, family, low, high, linestyle=look, marker=mark, label=TASKS[task])
        ax.set(xscale="log", xlabel="weight of the pictures' loss", ylim=(-0.03, 1.03))
        ax.set_xticks(at, [f"{value:g}" for value in at])
        ax.set_xticks([], minor=True)
        label(ax, words, 9.5)
    axes[0].set_ylabel("share right")
    axes[0].legend(frameon=False, fontsize=9)
    return headline(fig, title)


def turns(rows: list[dict], ways: tuple[str, ...], title: str, key: str = "right") -> Figure:
    """The share of exact scenes, or what `key` is, after each turn, a panel a family and a line a way."""
    fig, axes = figure(1, 2, (9.0, 3.2), sharey=True)
    fig.alt = f"Lines over turns, a panel a family: {', '.join(ways)}."
    for ax, (name, (words, family)) in zip(axes, MODELS.items()):
        some = {row["way"]: row["turns"] for row in rows if row["model"] == name and row["way"] in ways}
        for i, (way, found) in enumerate(some.items()):
            ends = [[turn[f"{key}_{end}"] for turn in found] for end in ("low", "high")] if key == "right" else []
            x, y = range(1, len(found) + 1), [turn[key] for turn in found]
            curve(ax, x, y, family, *ends, linestyle=LOOKS[i % 5], label=way)
        ax.set_xlabel("turn")
        label(ax, words, 9.5)
        ax.legend(frameon=False, fontsize=8, **({"loc": "upper right", "ncols": 2} if key == "right" else {}))
    if key == "right":
        axes[0].set(ylim=(-0.03, 1.38), yticks=(0, 0.2, 0.4, 0.6, 0.8, 1))  # room for the legends
    axes[0].set_ylabel("exact scene, share" if key == "right" else "distance from the scene, rms of 0..255")
    return headline(fig, title)


def chats(right: dict[str, Tensor], title: str) -> Figure:
    """The share of exact scenes turn by turn, a line a chat; `right` are booleans `[T, n]`, a name each."""
    fig, ax = figure(1, 1, (6.6, 3.2), f"Shares of exact scenes over turns, lines: {', '.join(right)}.")
    for i, (name, each) in enumerate(right.items()):
        found = [share(turn, "right") for turn in each]
        ends = [[turn[f"right_{end}"] for turn in found] for end in ("low", "high")]
        family = "autoregressive" if i > 1 else "other"  # the repaired pair stands out
        dials = {"linestyle": LOOKS[i % 2], "marker": "so"[i // 2], "label": name}
        curve(ax, range(1, len(found) + 1), [turn["right"] for turn in found], family, *ends, **dials)
    ax.set(xlabel="turn", ylabel="exact scene, share", ylim=(-0.03, 1.38), yticks=(0, 0.2, 0.4, 0.6, 0.8, 1))
    ax.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
    return headline(fig, title)


def drifts(rows: list[dict], ways: tuple[str, ...], title: str) -> Figure:
    """How far pixels are from the scene when every turn asks for nothing."""
    return turns(rows, ways, title, "drift")


def shares(rows: dict[str, list[dict]], names: list[str], title: str, alt: str) -> Figure:
    """Bars of shares that are right with intervals, a panel a family; `rows` family by family, as `names`."""
    fig, axes = figure(1, len(rows), (8.8, 0.34 * len(names) + 1.2), alt, sharey=True, squeeze=False)
    for ax, (name, found) in zip(axes[0], rows.items()):
        words, family = MODELS[name]
        bars(ax, names, [row["right"] for row in found], family, bounds(found, "right"), numbers="{:.2f}", across=True)
        ax.set(xlim=(0, 1.25), xlabel="share right")
        label(ax, words, 9.5)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)  # the panels share it: turned once, not once a panel
    return headline(fig, title)


def windows(runs: list[dict], title: str) -> Figure:
    """Turns after an undo and moves, by where training cut its windows; a point a run, a panel a family."""
    names = [name for name in MODELS if any(run["name"] == name for run in runs)]
    fig, axes = figure(1, len(names), (4.2 * len(names) + 0.6, 3.0), sharey=True, squeeze=False)
    fig.alt = "Shares of right turns after an undo, and of moves, by how windows were cut."
    for ax, name in zip(axes[0], names):
        words, family = MODELS[name]
        kinds = list(dict.fromkeys(run["window"] for run in runs))
        for i, kind in enumerate(kinds):
            for off, op, mark in ((-0.12, "after undo", "o"), (0.12, "move", "s")):
                found = [r["operations"][op] for r in runs if r["name"] == name and r["window"] == kind]
                for row in found:
                    ax.vlines(i + off, row["right_low"], row["right_high"], color=FAMILIES[family], alpha=0.5)
                at = [i + off] * len(found)
                ax.plot(at, [row["right"] for row in found], mark, color=FAMILIES[family], label=op if not i else None)
        ax.set_xticks(range(len(kinds)), kinds)
        ax.set(xlim=(-0.5, len(kinds) - 0.5), ylim=(-0.03, 1.03))
        label(ax, words, 9.5)
    axes[0, 0].set_ylabel("share right")
    axes[0, 0].legend(frameon=False, fontsize=9)
    return headline(fig, title)
