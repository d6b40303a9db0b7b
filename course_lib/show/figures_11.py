"""The figures of notebook 11: patches, the wave of gradients, where a patch looks, and what each choice is worth."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from .charts import RULERS, bars, bounds, headline, label, level, reached, rulers, written
from .plot import FAMILIES, curve, figure, tile

NOISE = FAMILIES["noise"]


def patches(pieces: dict[int, Tensor]) -> Figure:
    """One picture as squares: side of a square -> its patches `[1, T, p·p]`."""
    fig, axes = figure(1, 3, (7.2, 2.8), alt="The same checked shirt, cut into 196, 49 and 16 squares.")
    for ax, (p, squares) in zip(axes, pieces.items()):
        T = squares.shape[1]
        ax.imshow(tile(squares.view(-1, 1, p, p), columns=28 // p, gap=1), interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        label(ax, f"{T} patches, {T * T:,} pairs")
    return fig


def wave(awake: Tensor, groups: Sequence[str], title: str) -> Figure:
    """The largest gradient of each group of weights at each of the first steps `[groups, steps]`."""
    fig, ax = figure(size=(5.6, 2.6), alt="Five groups of weights by four steps: the head has a gradient first.")
    ax.imshow(awake > 0, cmap="Blues", vmin=0, vmax=2, aspect="auto")
    written(ax, awake, [[f"{v:.1g}" if v >= 1e-4 else "0" if v == 0 else "< 0.0001" for v in row] for row in awake])
    steps = range(awake.shape[1])
    ax.set(xlabel="training step (the first is 0)", xticks=steps, yticks=range(len(groups)), yticklabels=groups)
    ax.set_title(title)
    return fig


def looks(shares: dict[float, Tensor], title: str) -> Figure:
    """Maps `[7, 7]` of how much of the gradient each patch has, a panel a time."""
    fig, axes = figure(1, 3, (8.0, 2.8), alt="7×7 maps of where the middle patch looks, at t = 0.95, 0.5 and 0.1.")
    for ax, (t, each) in zip(axes, shares.items()):
        shown = ax.imshow(each.sqrt(), cmap="Blues", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        label(ax, f"t = {t:g}: {1 - float(each[2:5, 2:5].sum()):.0%} from beyond")
    fig.colorbar(shown, ax=axes, label="√ share of the gradient")
    return headline(fig, title)


def sizes(rows: Sequence[dict], title: str) -> Figure:
    """Bars for patch sizes: what a call costs, distance, agreement."""
    fig, axes = figure(1, 3, (9.2, 2.9), alt="Bars for three patch sizes: operations, Fréchet distance, agreement.")
    names = [f"{row['patch']}×{row['patch']}" for row in rows]
    bars(axes[0], names, [row["flops_picture"] / 1e6 for row in rows], "noise")
    label(axes[0], "million operations a call\n(lower is better)")
    for ax, key in zip(axes[1:], ("frechet_relative", "agreement")):
        bars(ax, names, [row[key] for row in rows], "noise", bounds(rows, key), reached(rows[0], key))
        label(ax, "{}\n({})".format(*RULERS[key]))
    for ax in axes:
        ax.set(xlabel="patch")
    return headline(fig, title)


def details(times: Sequence[float], trials: dict[str, Tensor], rows: Sequence[dict], n: int, title: str) -> Figure:
    """Errors over time of short runs, relative to the first; distances of longer runs from n pictures each."""
    alt = (
        "Left: error by time of three short runs, relative to the first. Right: Fréchet distances of four longer runs."
    )
    fig, (left, right) = figure(1, 2, (9.2, 3.2), alt=alt)
    base = next(iter(trials.values()))
    for (name, found), family in zip(trials.items(), ("noise", "other", "data")):
        curve(left, times, found / base, family, marker="o", label=name)
    left.set(xlabel="time t", ylabel="error, first run = 1 (lower is better)")
    left.legend(fontsize=9)
    label(left, "three short runs, here")
    names = [f"{row['std']:g}, " + ("no shift" if row["shift"] == 1 else f"shift {row['shift']:g}") for row in rows]
    families = ["other" if row["std"] < 0.5 else "noise" for row in rows]
    key = "frechet_relative"
    bars(right, names, [row[key] for row in rows], families, bounds(rows, key), across=True)
    right.set(xlabel=f"Fréchet distance, relative, n = {n} (lower is better)")
    label(right, f"{rows[0]['steps']} steps each, shipped numbers")
    return headline(fig, title)


def guidance(times: Sequence[float], shares: Sequence[float], title: str) -> Figure:
    """How large the direction of guidance is beside the velocity, over time."""
    fig, ax = figure(size=(6.4, 2.6), alt="Size of the guidance direction, relative to the velocity, against time.")
    curve(ax, times, shares, "noise", marker="o")
    ax.set(xlabel="time t (0 is data, 1 is noise)", ylabel="|c − u| / |c|", ylim=(0, None))
    ax.set_title(title)
    return fig


def intervals(always: Sequence[dict], middle: Sequence[dict], title: str) -> Figure:
    """Distance, agreement and recall over the guidance scale: guided at all times, or in the middle only."""
    fig, axes = figure(1, 3, (9.2, 3.1), alt="Fréchet distance, agreement and recall against the guidance scale.")
    for ax, key in zip(axes, ("frechet_relative", "agreement", "recall")):
        for rows, name, style in ((always, "at all times", "-"), (middle, "t from 0.2 to 0.8", "--")):
            scales, values = [row["guidance"] for row in rows], [row[key] for row in rows]
            curve(ax, scales, values, "noise", linestyle=style, marker="o", label=name)
            for w, ends in zip(scales, bounds(rows, key)):
                if ends:
                    ax.vlines(w, *ends, color=NOISE, linewidth=1, linestyle=style)
        level(ax, reached(always[0], key))
        ax.set(xlabel="guidance scale w")
        label(ax, "{}\n({})".format(*RULERS[key]))
    axes[0].legend(fontsize=8)
    return headline(fig, title)


def bill(found: dict[str, dict], detour: float, title: str) -> Figure:
    """Three readings of a picture by three rulers; dashed, the distance of real pictures after the tokenizer."""
    alt = "Fréchet distance, agreement and recall for patches, latents and U-Net."
    fig = rulers(found, ("frechet_relative", "agreement", "recall"), "noise", title, alt)
    level(fig.axes[0], detour, family="other", linestyle="--")
    fig.axes[0].set_xlabel("dashed: real ones through the tokenizer", fontsize=9)
    return fig
