"""The first picture of both families on the same axes: quality over the time that one picture takes. Notebook 12."""

from matplotlib.figure import Figure

from .plot import FAMILIES, curve, figure

NAMES = {
    "pixel-transformer-fashion": ("pixel by pixel", "x"),
    "token-ar-fashion": ("token by token", "o"),
    "masked-fashion": ("masked tokens", "s"),
    "next-scale-fashion": ("scale by scale", "^"),
    "dit-fashion": ("noise, transformer", "v"),
    "unet-flow-fashion": ("noise, U-Net", "P"),
    "latent-dit-fashion": ("noise, latents", "*"),
    "one-step-fashion": ("noise, few steps", "D"),
}


def first(rows: list[dict], batch: int, near: float, key: str = "frechet_relative") -> dict | None:
    """The row that reaches the distance `near` in the fewest seconds a picture; None where none does."""
    close = [row for row in rows if row[key] <= near]
    return min(close, key=lambda row: row[f"seconds_batch_{batch}"], default=None)


def finding(rows: list[dict], batches: tuple[int, ...], near: float, key: str = "frechet_relative") -> str:
    """Who is first to the distance `near`, alone and in a batch, in words."""
    said = []
    for batch in batches:
        if row := first(rows, batch, near, key):
            words = f"{NAMES[row['name']][0]} ({1000 * row[f'seconds_batch_{batch}']:.0f} ms)"
            said.append(f"{batch} at a time {words}" if batch > 1 else f"alone {words}")
    return f"First to a distance of {near:g}: " + "; ".join(said) if said else f"None reaches a distance of {near:g}"


def draw(
    rows: list[dict], batches: tuple[int, ...] = (1, 64), key: str = "frechet_relative", near: float = 0.2
) -> Figure:
    """Distance over seconds a picture, a panel a batch size; `rows` as in data/results/head-to-head.json.

    The headline says which model is first to the distance `near`.
    """
    fig, axes = figure(1, len(batches), (4.8 * len(batches), 4.2), sharey=True)
    fig.suptitle(finding(rows, batches, near, key), x=0.01, ha="left", fontsize=11, fontweight="bold")
    fig.alt = (
        "Fréchet distance over processor seconds a picture, both logarithmic, for models of tokens in orange, masked "
        "tokens in green and noise in blue, drawn one at a time and 64 at a time."
    )
    last = rows[-1]  # with as many pictures as most: the floor falls with their number
    for ax, batch in zip([axes] if len(batches) == 1 else axes, batches):
        for name, (words, marker) in NAMES.items():
            mine = sorted((row for row in rows if row["name"] == name), key=lambda row: row["steps"])
            x, y = [row[f"seconds_batch_{batch}"] for row in mine], [row[key] for row in mine]
            style = {"linestyle": "--" if marker == "D" else "-", "linewidth": 1.2, "markersize": 5}
            if mine:
                curve(ax, x, y, mine[0]["family"], marker=marker, label=words, **style)
            for row, at, high in zip(mine, x, y):
                if row["steps"] in (1, 4, 16, 49, 784):
                    ax.annotate(str(row["steps"]), (at, high), (3, 4), textcoords="offset points", fontsize=7)
        floor = last["frechet_floor"] / last["frechet"] * last[key]
        ax.axhline(floor, color=FAMILIES["data"], ls=":", lw=1)
        ax.text(0.01, floor, "real pictures", transform=ax.get_yaxis_transform(), va="bottom", fontsize=7)
        ax.set(xscale="log", yscale="log", xlabel="processor seconds a picture (one core)")
        ax.set_title(f"{batch} at a time" if batch > 1 else "one at a time", fontsize=10, fontweight="normal")
    left = axes if len(batches) == 1 else axes[0]
    left.set_ylabel("Fréchet distance, relative (lower is better)")
    left.legend(fontsize=8, ncols=2, frameon=False)
    return fig
