"""The first picture of both families on the same axes: quality over the time that one picture takes. Notebook 12."""

from matplotlib.figure import Figure

from .plot import FAMILIES, curve, figure

NAMES = {
    "pixel-transformer-fashion": ("pixel by pixel", "x"),
    "token-ar-fashion": ("token by token", "o"),
    "masked-fashion": ("masked tokens", "s"),
    "next-scale-fashion": ("scale by scale", "^"),
    "dit-fashion": ("noise, transformer", "o"),
    "unet-flow-fashion": ("noise, U-Net", "s"),
    "latent-dit-fashion": ("noise, latents", "^"),
    "one-step-fashion": ("noise, few steps", "D"),
}


def draw(rows: list[dict], batches: tuple[int, ...] = (1, 64), key: str = "frechet_relative") -> Figure:
    """Distance over seconds a picture, a panel a batch size; `rows` as in data/results/head-to-head.json."""
    fig, axes = figure(1, len(batches), (4.8 * len(batches), 3.8), sharey=True)
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
        ax.set_title(f"{batch} at a time" if batch > 1 else "one at a time")
    first = axes if len(batches) == 1 else axes[0]
    first.set_ylabel("Fréchet distance, relative")
    first.legend(fontsize=7, ncols=2)
    return fig
