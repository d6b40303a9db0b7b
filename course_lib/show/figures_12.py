"""The figures of notebook 12: points of few-step samplers in the plane, and distances over calls and over budgets."""

from matplotlib.figure import Figure
from torch import Tensor

from .charts import headline, label, level, own_ticks
from .names import WORDS
from .plot import FAMILIES, curve, figure

BOTH = {family: WORDS[family] for family in ("autoregressive", "noise")}
ENDS = ("", "_low", "_high")  # of a measured number and its 95 % interval


def _logarithmic(ax, x: list[float], y: list[float]) -> None:
    """Both axes logarithmic, with ticks of our own."""
    own_ticks(ax, x)
    ax.set_yscale("log")
    ax.set_yticks(y, [f"{value:g}" for value in y])
    ax.minorticks_off()


def teacher(distances: dict[int, float], floor: float) -> Figure:
    """The teacher's relative distance over its number of steps; `floor` is what real pictures reach."""
    fig, ax = figure(alt="Fréchet distance of the teacher falls at every doubling of steps.")
    curve(ax, list(distances), list(distances.values()), "noise", marker="o")
    ax.set(xlabel="steps (each is two calls)", ylabel="Fréchet distance, relative\n(lower is better)")
    _logarithmic(ax, list(distances), [0.01, 0.1, 1])
    level(ax, floor, "real pictures")
    more = {n: d / distances[16] for n, d in distances.items()}
    ax.set_title(f"From 16 steps to 4: {more[4]:.1f} times the distance; to 1: {more[1]:.0f} times")
    return fig


def scatter(panels: dict[str, Tensor], points: Tensor, title: str, alt: str) -> Figure:
    """Samples `[N, 2]` over real `points`, a panel a sampler."""
    fig, axes = figure(1, len(panels), (2.5 * len(panels), 2.7), alt=alt, sharex=True, sharey=True)
    for ax, (name, dots) in zip(axes, panels.items()):
        ax.scatter(*points.T, s=2, color="#CCCCCC")
        ax.scatter(*dots.T, s=2, color=FAMILIES["noise"])
        ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), xticks=(-2, 0, 2), yticks=(-2, 0, 2))
        label(ax, name, 9)
    return headline(fig, title)


def student(steps: dict[int, dict], fewer: dict[int, float], title: str) -> Figure:
    """Distance over calls: the student's rows of metrics, and its teacher, who pays two calls a step."""
    fig, ax = figure(alt="Fréchet distance over calls of the network: the student's curve lies left of the teacher's.")
    calls = [2 * n for n in fewer]
    curve(ax, calls, list(fewer.values()), "noise", marker="o", linestyle="--", label="teacher, guided")
    low, high = ([row[f"frechet_relative_{end}"] for row in steps.values()] for end in ("low", "high"))
    distances = [row["frechet_relative"] for row in steps.values()]
    curve(ax, list(steps), distances, "noise", low, high, marker="D", label="student")
    ax.set(xlabel="calls of the network", ylabel="Fréchet distance, relative\n(lower is better)")
    _logarithmic(ax, [1, 2, 4, 8, 16, 32], [0.1, 0.2, 0.5, 1, 2])
    ax.legend(fontsize=9)
    ax.set_title(title)
    return fig


LESSONS = {  # what a student learnt from, in the words of the result file: words, colour, line
    "halves": ("halves", FAMILIES["other"], "-"),
    "halves, half the rate": ("halves, half the rate", FAMILIES["other"], ":"),
    "matching": ("matching", FAMILIES["noise"], "--"),
    "both, a slow critic": ("both, a slow critic", FAMILIES["noise"], ":"),
    "both": ("both", FAMILIES["noise"], "-"),
}


def ends(runs: list[dict], step: int, metric: str = "frechet_relative") -> dict[str, float]:
    """Mean of a metric over seeds at the end of training, by what was learnt from; `step` 0 is the fewest steps."""
    own = {name: [r["curve"][-1][metric][step] for r in runs if r["lessons"] == name] for name in LESSONS}
    return {name: sum(values) / len(values) for name, values in own.items() if values}


def lessons(found: dict) -> Figure:
    """Distance in one step and in two over training: a line is the mean of the seeds, a point one of them."""
    alt = "Two panels, one step and two: distances of five students over their training, and their teacher's."
    fig, axes = figure(1, 2, (8.6, 3.6), alt=alt, sharey=True)
    for step, (ax, title) in enumerate(zip(axes, ("one step", "two steps"))):
        for name, (words, colour, line) in LESSONS.items():
            curves = [run["curve"] for run in found["runs"] if run["lessons"] == name]
            x = [look["flops"] / 1e12 for look in curves[0]]
            y = [[look["frechet_relative"][step] for look in each] for each in curves]
            ax.plot(x, [sum(at) / len(at) for at in zip(*y)], line, color=colour, label=words)
            for each in y:
                ax.plot(x, each, "o", color=colour, markersize=3)
        ax.set(xlabel="training of the student, TFLOP", ylim=(0.07, 3))
        _logarithmic(ax, [10, 20, 30, 40], [0.1, 0.2, 0.5, 1, 2])
        level(ax, found["teacher"]["frechet_relative"], "teacher, 32 calls", x=0.5, above=False)
        label(ax, title, 10)
    axes[0].set_ylabel("Fréchet distance, relative\n(lower is better)")
    axes[1].legend(fontsize=8)
    one, two = (ends(found["runs"], step) for step in (0, 1))
    best = [min(end, key=end.get) for end in (one, two)]
    return headline(fig, "After equal training “{}” is nearest in one step, “{}” in two".format(*best))


def by_share(runs: list[dict], family: str, key: str = "frechet_relative") -> dict[float, list[float]]:
    """The numbers `key` of a family's training runs, one a seed, for each share of the whole budget."""
    own = [row for row in runs if row["family"] == family]
    return {share: [row[key] for row in own if row["share"] == share] for share in sorted({r["share"] for r in own})}


def lead(found: dict) -> str:
    """Who is ahead at the largest budget that both families had, or that no interval of a seed tells them apart."""
    means, lows, highs = ({f: by_share(found["runs"], f, f"frechet_relative{end}") for f in BOTH} for end in ENDS)
    share = max(set.intersection(*(set(groups) for groups in means.values())))
    best, other = sorted(BOTH, key=lambda family: sum(means[family][share]) / len(means[family][share]))
    at = f"At {share * found['whole_flops'] / 1e12:.0f} TFLOP"
    apart = max(highs[best][share]) < min(lows[other][share])
    return f"{at} {BOTH[best]} is ahead" if apart else f"{at} they are level"


def budget(found: dict) -> Figure:
    """Distance over training operations for both families: a point a seed, bands from the best seed to the worst."""
    fig, ax = figure(alt="Fréchet distance over training operations, falling for both families.")
    ticks = set()
    for family, words in BOTH.items():
        groups = by_share(found["runs"], family)
        x = [share * found["whole_flops"] / 1e12 for share in groups]
        low, mean, high = zip(*[(min(g), sum(g) / len(g), max(g)) for g in groups.values()])
        curve(ax, x, mean, family, low, high, label=words)
        for at, group in zip(x, groups.values()):
            ax.plot([at] * len(group), group, "o", color=FAMILIES[family], markersize=4)
        ticks |= set(x)
    ax.set(xlabel="training, TFLOP (tokenizer included)", ylabel="Fréchet distance, relative\n(lower is better)")
    _logarithmic(ax, sorted(ticks), [0.2, 0.5, 1, 2, 5])
    ax.legend(fontsize=9)
    ax.set_title(lead(found))
    return fig
