"""The figures of notebook 13 that show measurements: over budgets, and by marks."""

from matplotlib.figure import Figure

from .charts import flat, headline, keys, label, own_ticks
from .figures_13 import MODELS
from .plot import FAMILIES, figure

TERA = 1e12
SAID = {"full": "everything said", "no-positions": "places left open", "open": "places, sizes open"}
SAID |= {"relation": "a relation", "count": "a count", "pairs": "unseen pairs", "three": "unseen scenes"}
SAID |= {"chain": "two relations"}
MARKED = {"count": "how many", "shape": "shapes", "colour": "colours", "size": "sizes", "kind": "bound together"}
MARKED |= {"relation": "the relation\n(of two or more)"}
ENDS = ("", "_low", "_high")


def _place(ax, at: float, found: dict, key: str, family: str, marker: str = "o", **look) -> None:
    """A point with its 95 % interval."""
    value, low, high = (found[key + end] for end in ENDS)
    colour = FAMILIES[family]
    ax.vlines(at, low, high, color=colour, linewidth=1.2, alpha=0.6)
    ax.plot(at, value, marker, color=colour, markersize=5, **look)


def by_budget(runs: list[dict], name: str, task: str, key: str = "fits") -> dict[float, list[float]]:
    """The numbers `key` of a model at each budget, in TFLOP, one a seed."""
    out: dict[float, list[float]] = {}
    for run in runs:
        found = run["asked"].get(task, {}).get(key)
        if run["name"] == name and found is not None:
            out.setdefault(run["budget_flops"] / TERA, []).append(found)
    return dict(sorted(out.items()))


def _curve(ax, groups: dict[float, list[float]], name: str, **look) -> None:
    """The mean over seeds, a band from the worst to the best, a point a seed; dotted to what has one seed alone."""
    words, family = MODELS[name]
    x = list(groups)
    mean = [sum(values) / len(values) for values in groups.values()]
    ends = [(min(values), max(values)) for values in groups.values()]
    several = max((i + 1 for i, values in enumerate(groups.values()) if len(values) > 1), default=len(x))
    ax.fill_between(x[:several], *zip(*ends[:several]), color=FAMILIES[family], alpha=0.18, linewidth=0)
    ax.plot(x[:several], mean[:several], color=FAMILIES[family], label=words, **look)
    ax.plot(x[several - 1 :], mean[several - 1 :], ":", color=FAMILIES[family], linewidth=1.2)
    for at, values in groups.items():
        ax.plot([at] * len(values), values, "o", color=FAMILIES[family], markersize=3.5)


def names_in(runs: list[dict]) -> list[str]:
    """The models that were measured, in the course's order."""
    known = {run["name"] for run in runs}
    return [name for name in MODELS if name in known]


@flat
def sudden(runs: list[dict]) -> Figure:
    """One training of each family as it goes: the share of right scenes over pictures seen, full and open captions."""
    watched = {run["name"]: run["curve"] for run in runs if run["curve"]}
    fig, axes = figure(1, 2, (8.8, 3.1), sharey=True)
    fig.alt = (
        "Share of right scenes over pictures seen, a curve a family: flat, then steep; lower where places are open."
    )
    for ax, task in zip(axes, ("full", "no-positions")):
        for name in names_in(runs):
            words, family = MODELS[name]
            curve = watched.get(name, [])
            x = [point["pictures"] / 1000 for point in curve]
            y = [point[task]["share"] for point in curve]
            ax.plot(x, y, color=FAMILIES[family], marker="o", markersize=4, label=words)
        ax.set(xlabel="thousand pictures seen", ylim=(-0.03, 1.05))
        label(ax, SAID[task], 9.5)
    axes[0].set_ylabel("share of right scenes")
    keys(fig, axes[0])
    halves = {name: half(curve) for name, curve in watched.items() if half(curve)}
    if not halves:
        return headline(fig, "On the way of one training: none is half right yet")
    first = min(halves, key=halves.get)
    return headline(fig, f"{MODELS[first][0].capitalize()} is first to be half right")


def half(curve: list[dict], task: str = "full") -> int | None:
    """How many pictures were seen when half of the scenes were right for the first time."""
    return next((point["pictures"] for point in curve if point[task]["share"] >= 0.5), None)


def ahead(runs: list[dict], task: str, budget: float, key: str = "fits", least: int = 3) -> str:
    """Who is first at a budget in TFLOP, where all seeds of it lie above all of every other model, of 3 at least."""
    groups = {name: by_budget(runs, name, task, key).get(budget, []) for name in names_in(runs)}
    groups = {name: values for name, values in groups.items() if len(values) >= least}
    if len(groups) < 2:
        return "too few seeds to name a winner"
    best = max(groups, key=lambda name: sum(groups[name]) / len(groups[name]))
    rest = [value for name, values in groups.items() if name != best for value in values]
    return (
        f"{MODELS[best][0]} is ahead"
        if min(groups[best]) > max(rest)
        else "no family is ahead by more than seeds differ"
    )


def _largest(runs: list[dict]) -> float:
    return max(run["budget_flops"] / TERA for run in runs)


@flat
def budgets(runs: list[dict], shipped: list[dict], tasks: tuple[str, ...] = ("full", "no-positions", "open")) -> Figure:
    """The share of right scenes over training operations, a panel a task: three seeds each, the shipped model last."""
    fig, axes = figure(1, len(tasks), (3.2 * len(tasks), 3.2), sharey=True, squeeze=False)
    fig.alt = "Share of right scenes over training operations, rising for all families, lower where more is left open."
    every = [*runs, *(run for run in shipped if run["name"] != "few-step-scenes")]
    for ax, task in zip(axes[0], tasks):
        for name in names_in(runs):
            _curve(ax, by_budget(every, name, task), name)
        own_ticks(ax, sorted({round(run["budget_flops"] / TERA) for run in every if run["name"] == "token-ar-scenes"}))
        ax.set(xlabel="training, TFLOP", ylim=(-0.03, 1.05))
        label(ax, SAID[task], 9.5)
    axes[0][0].set_ylabel("share of right scenes")
    keys(fig, axes[0][-1])
    task, most = "no-positions" if "no-positions" in tasks else tasks[0], _largest(runs)
    return headline(fig, f"At {most:.0f} TFLOP, {SAID[task]}: {ahead(runs, task, most)}")


def _over_floor(runs: list[dict], least: int = 20) -> dict[float, list[float]]:
    """By how much places are more uneven than as many right scenes of the law, at each budget; few are left out."""
    out: dict[float, list[float]] = {}
    for run in runs:
        found = run["asked"]["no-positions"]
        if found.get("place_n", 0) >= least:
            out.setdefault(run["budget_flops"] / TERA, []).append(found["place_variation"] - found["place_floor"])
    return dict(sorted(out.items()))


@flat
def variety(runs: list[dict], shipped: list[dict]) -> Figure:
    """What is left open: bits over the exact entropy, and how far places are from the exact law, over the budget."""
    fig, (left, right) = figure(1, 2, (8.8, 3.2))
    fig.alt = (
        "Left bits over the exact entropy, falling; right the distance of the places from the exact law and its floor."
    )
    every = [*runs, *(run for run in shipped if run["name"] != "few-step-scenes")]
    for name, key in (("token-ar-scenes", "excess"), ("masked-scenes", "bound_excess")):
        _curve(left, by_budget(every, name, "no-positions", key), name, linestyle="--" if "bound" in key else "-")
    left.set(xlabel="training, TFLOP", ylabel="bits a picture too many\n(lower is better)", yscale="log")
    left.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
    left.set_yticks([], minor=True)
    label(left, "over the exact entropy (dashed: a bound)", 9.5)
    x = list(by_budget(every, "token-ar-scenes", "no-positions"))
    for name in names_in(runs):
        _curve(right, _over_floor([run for run in every if run["name"] == name]), name)
    right.axhline(0, color=FAMILIES["data"], linestyle=":", label="the exact law itself")
    right.set(xlabel="training, TFLOP", ylabel="total variation over its floor\n(lower is better)")
    label(right, "places, of right scenes alone", 9.5)
    for ax in (left, right):
        own_ticks(ax, [round(at) for at in x])
    keys(fig, right)
    last = shipped and next((r for r in shipped if r["name"] == "token-ar-scenes"), None)
    if not last:
        return headline(fig, "Places left open: what chance costs")
    over = last["asked"]["no-positions"]["excess"]
    return headline(fig, f"The shipped model, token by token, pays {over:.2f} bits more than chance itself costs")


@flat
def marks(shipped: list[dict]) -> Figure:
    """What is right of the shipped models' scenes: a mark each, of pictures for captions with a relation."""
    names = names_in(shipped)
    fig, ax = figure(size=(8.4, 3.2))
    fig.alt = (
        "Share of right marks with intervals for count, shapes, colours, sizes, binding and relation, a family each."
    )
    for i, name in enumerate(names):
        run = next(run for run in shipped if run["name"] == name)
        words, family = MODELS[name]
        for j, mark in enumerate(MARKED):
            _place(ax, j + 0.16 * (i - (len(names) - 1) / 2), run["asked"]["relation"], mark, family, "oDs^"[i],
                   label="" if j else words)  # fmt: skip
    ax.set_xticks(range(len(MARKED)), MARKED.values())
    ax.set_ylabel("share right")
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))
    found = {mark: sum(run["asked"]["relation"][mark] for run in shipped) / len(shipped) for mark in MARKED}
    return headline(fig, f"Hardest for all: {MARKED[min(found, key=found.get)].splitlines()[0]}")
