"""The figures of notebook 13 on what decides: the tokenizer, guidance, and two details that nobody sees."""

import math

from matplotlib.figure import Figure

from .charts import flat, headline, label
from .figures_13 import MODELS
from .figures_13_measured import names_in
from .plot import FAMILIES, figure


@flat
def pairs(found: dict, shipped: list[dict] = ()) -> Figure:
    """Seen and unseen pairs of shape and colour, full captions: two bars a model and tokenizer, a point a seed."""
    groups: dict[str, list[dict]] = {}
    for run in found["runs"]:
        words = MODELS[run["name"]][0] + (",\none id a patch" if run["single"] else ",\ncomposed ids")
        groups.setdefault(words, []).append(run)
    groups |= {f"{MODELS[run['name']][0]},\nshipped": [run] for run in shipped if run["name"] != "few-step-scenes"}
    fig, ax = figure(size=(8.6, 3.3))
    fig.alt = "Bars of right scenes with seen and unseen pairs for each model: with one id a patch unseen pairs fail."
    for i, runs in enumerate(groups.values()):
        for shift, task, alpha in ((-0.19, "full", 0.45), (0.19, "pairs", 1.0)):
            values = [run["asked"][task]["fits"] for run in runs]
            ax.bar(i + shift, sum(values) / len(values), 0.36, color=FAMILIES[runs[0]["family"]], alpha=alpha)
            ax.plot([i + shift] * len(values), values, "o", color="black", markersize=3)
            ax.text(i + shift, max(values) + 0.03, "seen" if task == "full" else "new", ha="center", fontsize=9)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel="share of right scenes", ylim=(0, 1.15))
    alone = [run["asked"]["pairs"]["fits"] for run in found["runs"] if run["single"]]
    whole = [run["asked"]["pairs"]["fits"] for run in found["runs"] if not run["single"] and run["family"] != "noise"]
    mean = (sum(part) / len(part) for part in (alone, whole))
    return headline(
        fig, "Unseen pairs, token by token: {:.0%} right with one id a patch, {:.0%} with composed ids".format(*mean)
    )


@flat
def guided(found: dict) -> Figure:
    """Accuracy against variety as guidance grows: a path a family, its scales written beside it."""
    fig, axes = figure(1, 2, (8.8, 3.4), sharey=True)
    fig.alt = "Share of right scenes over variety, a path a family, w = 1 to 3: token by token moves to less variety."
    for name in names_in(found["runs"]):
        words, family = MODELS[name]
        runs = sorted((run for run in found["runs"] if run["name"] == name), key=lambda run: run["w"])
        y = [run["asked"]["no-positions"]["fits"] for run in runs]
        for ax, key in zip(axes, ("distinct", "place_variation")):
            x = [run["asked"]["no-positions"].get(key, math.nan) for run in runs]
            ax.plot(x, y, "o-", color=FAMILIES[family], markersize=5, label=words)
            for run, a, b in zip(runs, x, y):
                if run in (runs[0], runs[-1]) and not math.isnan(a) and family != "noise":
                    ax.annotate(f"w = {run['w']:g}", (a, b), (4, 5), textcoords="offset points", fontsize=8)
    axes[0].set(xlabel="distinct scenes, share of the law's\n(higher is better)", ylabel="share of right scenes")
    axes[1].set(xlabel="places, total variation from the law\n(lower is better)")
    axes[0].legend(fontsize=9, loc="best")
    most, plain = found["scales"][-1], found["scales"][0]
    lost = [
        _at(found, name, most, "distinct") - _at(found, name, plain, "distinct") for name in names_in(found["runs"])
    ]
    fell = all(change < 0 for change in lost)
    said = "costs every family variety" if fell else "does not cost every family variety"
    return headline(fig, f"From w = {plain:g} to {most:g}, guidance {said}")


def _at(found: dict, name: str, w: float, key: str) -> float:
    return next(r["asked"]["no-positions"].get(key, 0.0) for r in found["runs"] if (r["name"], r["w"]) == (name, w))


@flat
def contest(found: dict, scale: float = 0.5, shift: float = 4.0, task: str = "full") -> Figure:
    """Token by token against noise at one budget, with embeddings that start at `scale` and times moved by `shift`."""
    if [scale, shift] not in (tried := [list(corner) for corner in found["corners"]]):
        raise ValueError(f"scale={scale} with shift={shift} was not tried. Choose one of {tried}.")
    fig, ax = figure(size=(6.2, 2.6))
    groups = {name: _seeds(found, name, scale, shift, task) for name in ("token-ar-scenes", "dit-scenes")}
    for i, (name, values) in enumerate(groups.items()):
        ax.barh(i, sum(values) / len(values), 0.6, color=FAMILIES[MODELS[name][1]])
        ax.plot(values, [i] * len(values), "o", color="black", markersize=3.5)
    ax.set_yticks(range(len(groups)), [MODELS[name][0] for name in groups])
    ax.set(xlim=(0, 1.02), xlabel="share of right scenes (a point a seed)")
    ax.invert_yaxis()
    said = verdict(*groups.values())
    fig.alt = f"Two bars, token by token and out of noise: {said}."
    return headline(fig, f"Scale {scale:g}, shift {shift:g}: {said}")


def _seeds(found: dict, name: str, scale: float, shift: float, task: str) -> list[float]:
    """The share of right scenes of each seed; the shift is noise's alone."""
    own = [run for run in found["runs"] if run["name"] == name and run["scale"] == scale]
    return [run["asked"][task]["fits"] for run in own if name != "dit-scenes" or run["shift"] == shift]


def verdict(tokens: list[float], noise: list[float]) -> str:
    """Who is ahead where the seeds do not overlap."""
    if min(tokens) > max(noise):
        return "token by token is ahead"
    return "noise is ahead" if min(noise) > max(tokens) else "the seeds overlap"


@flat
def details(found: dict) -> Figure:
    """One detail changed at a time, at one budget: full captions and none, a point a seed."""
    fig, axes = figure(1, 2, (9.0, 3.2), sharey=True)
    fig.alt = "Share of right scenes for scales of embeddings and time shifts: noise depends on both, tokens hardly."
    columns = [("dit-scenes", a, b) for a, b in found["corners"]]
    columns += [("token-ar-scenes", a, found["shifts"][0]) for a in found["scales"]]
    for ax, (task, words) in zip(axes, {"full": "everything said", "null": "nothing said"}.items()):
        for i, (name, scale, shift) in enumerate(columns):
            values = _seeds(found, name, scale, shift, task)
            ax.bar(i, sum(values) / len(values), 0.7, color=FAMILIES[MODELS[name][1]])
            ax.plot([i] * len(values), values, "o", color="black", markersize=3)
        ticks = [f"{a:g}\n{b:g}" if name == "dit-scenes" else f"{a:g}\n–" for name, a, b in columns]
        ax.set_xticks(range(len(columns)), ticks)
        for at, name in ((1, "dit-scenes"), (3.5, "token-ar-scenes")):
            ax.text(at, 1.04, MODELS[name][0], color=FAMILIES[MODELS[name][1]], ha="center", fontsize=9)
        ax.set(xlabel="scale of embeddings (above), shift of times (below)", ylim=(0, 1.14))
        label(ax, words, 9.5)
    axes[0].set_ylabel("share of right scenes")
    right = (_seeds(found, "dit-scenes", a, b, "full") for a, b in found["corners"])
    said = " or ".join(f"{sum(values) / len(values):.0%}" for values in right)
    return headline(fig, f"The same noise and budget, one detail changed at a time: {said} right")
