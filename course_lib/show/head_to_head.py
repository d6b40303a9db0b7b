"""The result picture: quality of both families over the time that one picture takes, on the same axes. Notebook 12."""

from matplotlib.figure import Figure

from .charts import label, level, own_ticks
from .direct import placed
from .names import FAMILIES
from .names import MODELS as NAMES
from .plot import curve, figure


def first(rows: list[dict], batch: int, near: float, key: str = "frechet_relative") -> dict | None:
    """The row that reaches the distance `near` in the fewest seconds a picture; None where none does."""
    close = [row for row in rows if row[key] <= near]
    return min(close, key=lambda row: row[f"seconds_batch_{batch}"], default=None)


def finding(rows: list[dict], batches: tuple[int, ...], near: float, key: str = "frechet_relative") -> str:
    """Who is first to the distance `near`, alone and in a batch, and who comes nearest, in words."""
    winners = {batch: row for batch in batches if (row := first(rows, batch, near, key))}
    best = min(rows, key=lambda row: row[key])
    nearest = f"{NAMES[best['name']][0]} comes nearest: {best[key]:.2f}"
    if not winners:
        return f"None reaches a distance of {near:g}; {nearest}"
    said = []
    for name in dict.fromkeys(row["name"] for row in winners.values()):
        took = [
            f"{1000 * row[f'seconds_batch_{batch}']:.1f} ms " + (f"each of {batch}" if batch > 1 else "alone")
            for batch, row in winners.items()
            if row["name"] == name
        ]
        said.append(f"{NAMES[name][0]} ({', '.join(took)})")
    return f"First to a distance of {near:g}: {'; '.join(said)}. {nearest[0].upper() + nearest[1:]}"


def draw(
    rows: list[dict],
    batches: tuple[int, ...] = (1, 64),
    key: str = "frechet_relative",
    near: float = 0.2,
) -> Figure:
    """Distance over seconds a picture, a panel a batch size; `rows` as in data/results/head-to-head.json.

    The title says which model is first to the distance `near`.
    """
    fig, axes = figure(1, len(batches), (5.2 * len(batches), 4.8), squeeze=False)
    races = axes[0]
    fig.suptitle(finding(rows, batches, near, key), x=0.01, ha="left", fontsize=11, fontweight="bold")
    fig.alt = (
        "Fréchet distance over processor milliseconds a picture, both logarithmic: models of tokens in orange, masked "
        "tokens in green and noise in blue, drawn one at a time and 64 at a time."
    )
    races[0].set_ylabel("Fréchet distance, relative (lower is better)")
    named = [_race(ax, rows, batch, key) for ax, batch in zip(races, batches)]
    for ax, names in zip(races, named):
        ax.sharey(races[0])
        placed(ax, names)
    return fig


def _race(ax, rows: list[dict], batch: int, key: str) -> list[tuple]:
    """A curve a model and what real pictures reach; gives the curves with their names, to be written where room is."""
    last, named = rows[-1], []  # with as many pictures as most: the floor falls with their number
    for name, (words, marker) in NAMES.items():
        mine = sorted((row for row in rows if row["name"] == name), key=lambda row: row["steps"])
        if not mine:
            continue
        x, y = [1000 * row[f"seconds_batch_{batch}"] for row in mine], [row[key] for row in mine]
        curve(ax, x, y, mine[0]["family"], marker=marker, linewidth=1.2, markersize=6)
        few, many = mine[0]["steps"], mine[-1]["steps"]
        span = f"{few} to {many}" if few < many else f"{many}"
        named.append((x, y, f"{words}\n{span} step{'s' * (many > 1)}", FAMILIES[mine[0]["family"]]))
    own_ticks(ax, [1, 3, 10, 30, 100, 300])
    ax.set(yscale="log", xlabel="processor milliseconds a picture (one core)")
    ax.set_yticks([0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"])
    ax.minorticks_off()
    ax.margins(x=0.07, y=0.08)
    label(ax, f"{batch} at a time" if batch > 1 else "one at a time")
    level(ax, last["frechet_floor"] / last["frechet"] * last[key], "real pictures")
    return named
