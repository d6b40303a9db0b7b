"""The figures of notebook 05: garments and emoji token by token, fronts, and what labels are worth."""

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..measure.frechet import wilson
from . import charts, plot
from .names import PALE

ORANGE, GREY = plot.FAMILIES["autoregressive"], plot.FAMILIES["data"]


def asked_by_name(pictures: Tensor, names: list[str]) -> Figure:
    """Twenty garments, a class a column."""
    return plot.pictures(
        pictures,
        columns=10,
        title="Drawn in 49 steps each, asked for by name",
        alt="Two rows of ten machine-drawn garments, one class a column, from T-shirt to ankle boot.",
        heads=charts.short(names),
        scale=2.3,
    )


def one_boot(real: Tensor, tokens: Tensor, codes: Tensor, painted: Tensor, nats: float) -> Figure:
    """A picture `[28, 28]`, its `tokens [49]` coloured by their `codes [7, 7, 4]`, and back."""
    alt = "A boot, its 7 by 7 coloured tokens with their numbers, the rebuilt boot."
    fig, axes = plot.figure(1, 3, (8.2, 2.9), alt=alt)
    colours = (codes[..., :3] + 1).clamp(0, 2) / 2
    for ax, shown in zip(axes, (real, colours, painted), strict=True):
        ax.imshow(shown, cmap="gray")
    charts.written(axes[1], colours.mean(-1), tokens.view(7, 7).tolist(), dark_below=0.5, size=6.5)
    for ax, title in zip(axes, ("784 pixels", "49 tokens", "painted by the decoder"), strict=True):
        charts.label(ax, title)
    charts.bare(*axes)
    many, few = (T * (T - 1) // 2 for T in (784, 49))
    return charts.headline(
        fig, f"{many / few:.0f} times fewer pairs; this boot costs the shipped model {nats:.0f} nats"
    )


def learning(nats_at_each: list[float], nats: float, counted: float) -> Figure:
    """Nats a garment at each step, at the end on test pictures, and for who counts each place."""
    fig = plot.losses(
        nats_at_each,
        "nats a garment (49 tokens)",
        title=f"{nats:.0f} nats a garment; guessing costs {49 * math.log(1000):.0f}, counting {counted:.0f}",
        family="autoregressive",
        alt="Training curve in nats a garment, falling fast, then slowly; a dotted line of counted places.",
    )
    charts.level(fig.axes[0], counted, "counting")
    fig.axes[0].set_ylim(min(0.9 * nats, fig.axes[0].get_ylim()[0]), 1.1 * counted)
    return fig


def after_a_minute(pictures: Tensor, names: list[str], hits: int, n: int) -> Figure:
    """Forty garments of the model trained live, a class a column."""
    low, high = wilson(hits, n)
    return plot.pictures(
        pictures,
        columns=10,
        title=f"After a minute: {hits} of {n} are taken for what was asked ({low:.0%} to {high:.0%})",
        alt="Four rows of ten garments by the model trained here, one class a column.",
        heads=charts.short(names),
        scale=2.3,
    )


def pixels_and_tokens(seconds: dict[int, tuple], pixels: dict, tokens: dict, tokenizer: dict) -> Figure:
    """Steps, seconds a picture for each batch size, and looks of the two models; dotted: through the tokenizer."""
    alt = "Bars for pixels and tokens: steps, seconds alone, seconds in a batch, agreement and Fréchet distance."
    fig, axes = plot.figure(1, 5, (11, 3.0), alt=alt)
    rows = {"steps a picture": (784, 49)} | {f"seconds, batch {batch}": each for batch, each in seconds.items()}
    names, colours = ["pixels", "tokens"], [PALE, "autoregressive"]
    for ax, (title, values) in zip(axes, rows.items(), strict=False):
        charts.bars(ax, names, values, colours)
        charts.label(ax, f"{title}:\n{values[0] / values[1]:.0f} times fewer", 9)
    for ax, key in zip(axes[3:], ("agreement", "frechet_relative"), strict=True):
        both = (pixels, tokens)
        charts.bars(ax, names, [m[key] for m in both], colours, charts.bounds(both, key), tokenizer[key])
        charts.label(ax, "\n".join(charts.RULERS[key]), 9)
    return charts.headline(fig, "Sixteen times fewer steps buy seconds, not looks")


def written_out(tokens: float, both: float, pixels: float, webp: float) -> Figure:
    """Bits per pixel of the tokens alone, with the rest, of the pixel model and of WebP."""
    return plot.bars(
        ["tokens alone (no bits of the picture)", "tokens and the rest", "pixel transformer", "WebP, lossless"],
        [tokens, both, pixels, webp],
        ["other", "autoregressive", "autoregressive", "data"],
        "bits per pixel (lower is better)",
        title="Written out with a counted rest, tokens lose to pixels",
        alt="Bars of bits per pixel: tokens alone least, the pixel transformer next, tokens with the rest as WebP.",
    )


def when_to_guide(found: dict[str, tuple[int, float]], n: int) -> Figure:
    """(Hits of n, variety) of guidance 3 on no, the first, the last and all tokens."""
    alt = "Accuracy and variety for guidance 3 on no, the first 14, the last 14, and all tokens."
    fig, ax = plot.figure(size=(6.4, 3.4), alt=alt)
    for name, (hits, variety) in found.items():
        low, high = wilson(hits, n)
        ax.hlines(variety, low, high, color=ORANGE, linewidth=1)
        ax.plot(hits / n, variety, "o", color=ORANGE)
        ax.annotate(name, (hits / n, variety), xytext=(4, 5), textcoords="offset points", fontsize=9)
    ax.set(xlabel=f"taken for what was asked, n = {n}, with 95 %", ylabel="variety (real: 1)", xlim=(None, 1.06))
    ax.set_xticks(np.arange(0.75, 1.01, 0.05))
    ax.margins(y=0.18)
    _, early, late, _ = (100 * (hits - found["no guidance"][0]) / n for hits, _ in found.values())
    ax.set_title(f"w = 3: the first 14 tokens bring {early:+.0f} points, the last 14 {late:+.0f}")
    return fig


def by_style_and_group(pictures: Tensor, groups: list[str]) -> Figure:
    """Forty emoji, two rows a style, a subgroup a column."""
    return plot.pictures(
        pictures,
        columns=10,
        title="Asked for by style and subgroup: faces first",
        alt="Four rows of ten drawn emoji, smileys to the left, animals, fruit and signs to the right.",
        rows=["Noto", "Noto", "Twemoji", "Twemoji"],
        heads=[name.replace("-", "\n") for name in groups],
        scale=2.1,
    )


def in_pieces(plain: Tensor, moved: Tensor, hers: Tensor, names: list[str]) -> Figure:
    """Eight emoji `[8, 3, 32, 32]` in greys 0..255, what the same tokens paint elsewhere, and her mirrored ones."""
    off = (hers.float() - plain.flip(-1).float()).abs().mean()
    return plot.pictures(
        torch.cat([plain, moved, hers]),
        columns=8,
        title=f"Her mirror images are {off:.0f} of 255 levels off",
        alt="Eight emoji; the same tokens moved in their grid; below what her mirrored tokens paint.",
        rows=["tokens", "moved", "mirrored"],
        heads=[name.replace(" ", "\n") for name in names],
        scale=2.3,
    )


def mirrors_and_shifts(trial: dict, least: dict[str, float]) -> Figure:
    """Nats of seen, held-style and unseen emoji over training steps, without and with mirrors and shifts."""
    lines = {"train": ("seen", "data"), "validation": ("held style", "other"), "test": ("unseen", "autoregressive")}
    alt = "Nats against training steps, without and with mirrors and shifts, for seen, held-style and unseen emoji."
    fig, axes = plot.figure(1, 2, (9.2, 3.2), alt=alt, sharey=True)
    for ax, way in zip(axes, ("without", "with"), strict=True):
        for part, (name, family) in lines.items():
            at = trial["every"] * np.arange(1, len(trial[way][part]) + 1)
            label = f"{name} (n = {trial['n'][part]})"
            plot.curve(ax, at, trial[way][part], family, marker="o", markersize=3, label=label)
        turn = int(at[np.argmin(trial[way]["test"])])
        ax.axvline(turn, color=GREY, linewidth=1, linestyle=":")
        ax.set(xlabel="training step")
        charts.label(ax, f"{way} mirrors and shifts: unseen best at step {turn}")
    axes[0].set_ylabel("nats an emoji of 64 tokens\n(lower is better)")
    axes[0].legend(fontsize=9)
    turn = 1 + int(np.argmin(trial["without"]["test"]))
    rounds, less = trial["batch"] * trial["every"] * turn / 2947, least["without"] - least["with"]
    title = (
        f"Without them it learns by heart after {rounds:.0f} rounds; with them unseen emoji cost {less:.0f} nats less"
    )
    return charts.headline(fig, title)


def worth_of_words(saved: dict[str, dict]) -> Figure:
    """(Mean, low, high) of the nats that each kind of label saves, by how new the emoji are."""
    kinds = {"style and subgroup": "data", "words": "autoregressive", "another's words": "other"}
    alt = (
        "Bars of nats saved by style and subgroup, by words and by wrong words, for seen, held-style and unseen emoji."
    )
    fig, ax = plot.figure(size=(7.6, 3.4), alt=alt)
    for k, (kind, family) in enumerate(kinds.items()):
        for x, each in enumerate(saved.values()):
            mean, low, high = (float(value) for value in each[kind])
            at = x + 0.27 * (k - 1)
            ax.bar(at, mean, 0.25, color=plot.FAMILIES[family], label=kind if x == 0 else None)
            ax.vlines(at, low, high, color="black")
            ax.text(at, max(high, 0), f"{mean:.1f}", ha="center", va="bottom", fontsize=8)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(saved)), saved)
    ax.set_ylabel("nats saved, an emoji (higher is better)")
    ax.legend(fontsize=9)
    seen, unseen = (float(saved[name]["words"][0]) for name in ("seen", "unseen"))
    ax.set_title(f"Words: {seen:.1f} nats on seen concepts, {unseen:.1f} on unseen ones")
    return fig


def by_name(truth: Tensor, samples: Tensor, nearest: Tensor, wanted: dict[str, list[str]]) -> Figure:
    """Fifteen emoji, a sample for the name of each, and the training picture nearest to the sample."""
    return plot.pictures(
        torch.cat([truth, samples, nearest]),
        columns=15,
        title="Five seen, five of held style, five unseen concepts",
        alt="Three rows of fifteen emoji: the truth, a sample for its name, the training picture nearest to that.",
        rows=["truth", "sample", "nearest"],
        heads=[name.replace(" ", "\n") for names in wanted.values() for name in names],
        scale=1.8,
    )


def long_run(rows: dict[str, dict]) -> Figure:
    """Distance and agreement on validation pictures over the guidance scale."""
    alt = "Fréchet distance and agreement on validation for four guidance scales."
    fig, axes = plot.figure(1, 2, (7.6, 2.8), alt=alt)
    scales = [float(w) for w in rows]
    nearness = [charts.relative(row["frechet"], row["frechet_n"], "validation") for row in rows.values()]
    panels = {"frechet_relative": nearness, "agreement": [row["agreement"] for row in rows.values()]}
    for ax, (key, values) in zip(axes, panels.items(), strict=True):
        plot.curve(ax, scales, values, "autoregressive", marker="o")
        ax.set(xlabel="guidance scale w")
        charts.label(ax, "{} ({})".format(*charts.RULERS[key]), 9)
    best = min(rows, key=lambda w: rows[w]["frechet"])
    return charts.headline(fig, f"Least distance at w = {best}, most agreement at w = {max(scales):g}")
