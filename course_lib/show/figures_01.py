"""The figures of notebook 01: pictures as numbers, counted tables, and what pixels cost."""

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from . import charts, plot
from .names import SHADES as EVERY

ORANGE, GREY = plot.FAMILIES["autoregressive"], plot.FAMILIES["data"]
SHADES = EVERY["autoregressive"][1:4]  # the more pictures are counted, the darker


def drawn_by_counting(drawn: dict[str, Tensor]) -> Figure:
    """Ten pictures `[10, 1, 28, 28]` a row, by the number of neighbours that were counted."""
    return plot.pictures(
        torch.cat(list(drawn.values())),
        rows=list(drawn),
        scale=2,
        title="Drawn by counting: dust, then rags, then patchwork",
        alt="Three rows of ten machine-drawn pictures. Without neighbours: grey noise. With two neighbours: bright "
        "rags on black. With four: patchwork with straight edges. None is a garment that one could name.",
    )


def numbers(shirt: Tensor, crop: Tensor, coarse: Tensor) -> Figure:
    """A picture `[28, 28]`, its `crop [9, 9]` with the grey values in it, and the same in 16 levels."""
    alt = "A checked shirt; its collar enlarged with the grey value written into each pixel; the same with 16 levels."
    fig, axes = plot.figure(1, 3, size=(10, 3.6), alt=alt)
    views = {"A shirt": (shirt, 255), "Its numbers, 256 levels": (crop, 255), "The same in 16 levels": (coarse, 15)}
    for ax, (title, (table, most)) in zip(axes, views.items(), strict=True):
        ax.imshow(table, cmap="gray", vmin=0, vmax=most)
        ax.set_title(title)
        if len(table) < 28:
            charts.written(ax, table, dark_below=(most + 1) / 2)
    axes[0].add_patch(Rectangle((7.5, 0.5), 9, 9, fill=False, edgecolor=ORANGE, lw=2))
    charts.bare(*axes)
    return fig


def histogram(share: Tensor, bits: float) -> Figure:
    """How common each of 16 levels is."""
    black = f"{float(share[0]):.0%}"
    alt = f"A bar for each of 16 grey levels; level 0 has {black} of all pixels, the others between 1 and 7 %."
    fig, ax = plot.figure(size=(6.4, 2.6), alt=alt)
    ax.bar(range(16), share, color=GREY)
    ax.set(xlabel="level (0 is black)", ylabel="share of all pixels", xticks=range(16))
    ax.set_title(f"{black} of all pixels are black: {bits:.2f} bits a pixel instead of 4")
    return fig


def neighbour_tables(tables: dict[str, Tensor], same: dict[str, float]) -> Figure:
    """Probabilities `[16, 16]` of a level, given one neighbour's."""
    alt = "Two tables of 16 by 16 probabilities, given the left and the upper neighbour: bright along the diagonal."
    fig, axes = plot.figure(1, 2, size=(8, 3.8), alt=alt)
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        shown = ax.imshow(table, vmin=0, vmax=0.6, cmap="magma")
        ax.set(xlabel="level of the pixel", ylabel=f"level of the pixel {name}")
        ax.set_title(f"Same level as {name}: {same[name]:.0%}")
    fig.colorbar(shown, ax=axes, label="probability", shrink=0.8, extend="max")
    return fig


def race(bits: dict[str, float], codecs: dict[str, float]) -> Figure:
    """Counted models and file formats by what a pixel costs, the dearest on top."""
    both = sorted({**bits, **codecs}.items(), key=lambda item: -item[1])
    best = min(codecs, key=codecs.get)
    return plot.bars(
        [name for name, _ in both],
        [value for _, value in both],
        ["data" if name in codecs else "autoregressive" for name, _ in both],
        "bits a pixel on 1,000 test pictures, 16 levels (orange: counted; grey: file formats)",
        f"Two neighbours cost {bits['left, above']:.2f} bits, the best file format ({best}) {codecs[best]:.2f}",
        "Bars of bits a pixel for the counted models and for PNG, WebP, JPEG 2000 and LZMA, the longest at the top.",
    )


def prices(pictures: Tensor, prices: dict[str, Tensor]) -> Figure:
    """Two pictures `[2, 28, 28]`, and what each pixel costs under three models."""
    alt = "Two garments, and what each of their pixels costs under three models; with neighbours edges cost most."
    fig, axes = plot.figure(2, 4, size=(8.4, 4.2), alt=alt)
    for i, row in enumerate(axes):
        row[0].imshow(pictures[i], cmap="gray")
        row[0].set_title("the picture", fontsize=9)
        for ax, (name, each) in zip(row[1:], prices.items(), strict=True):
            shown = ax.imshow(each[i], vmin=0, vmax=8, cmap="magma")
            ax.set_title(f"{name}: {float(each[i].sum()):.0f} bits", fontsize=9)
    charts.bare(*axes.flat)
    fig.colorbar(shown, ax=axes, label="bits paid for the pixel", shrink=0.8)
    return fig


def learnt_by_heart(curves: dict[int, list], webp: float) -> Figure:
    """Bits `(in training, in test)` over the number of neighbours, a pair of curves a number of pictures counted."""
    alt = "Bits a pixel against number of neighbours: on training pictures always falling, on test pictures first "
    alt += "falling, then rising, the later the more pictures were counted."
    fig, ax = plot.figure(size=(6.8, 3.6), alt=alt)
    for (n, curve), colour in zip(curves.items(), SHADES, strict=True):
        on_train, on_test = zip(*curve, strict=True)
        plot.curve(ax, range(6), on_test, color=colour, marker="o", label=f"test, {n:,} pictures counted")
        plot.curve(ax, range(6), on_train, color=colour, linestyle="--", label="training, same table")
    charts.level(ax, webp, "WebP", linestyle="-")
    ax.set(xlabel="neighbours in the context", ylabel="bits a pixel, 16 levels", ylim=(0.5, 2.9))
    ax.legend(fontsize=8)
    ax.set_title("Ten times the pictures buy one neighbour more")
    return fig


def texture_first(rows: dict[str, Tensor]) -> Figure:
    """Eight pictures `[8, 1, 28, 28]` a counted model, and real ones."""
    return plot.pictures(
        torch.cat(list(rows.values())),
        columns=8,
        rows=list(rows),
        title="Texture comes before shape: only the last row has names",
        alt="Six rows of eight pictures: noise; noise in the outline of a shirt; rags; patchwork; noisy blobs; real "
        "clothes.",
        scale=2,
    )


def both_depths(coarse: dict[str, float], fine: dict[str, float]) -> Figure:
    """Bits a pixel of file formats and counted neighbours, in 16 and in 256 levels."""
    alt = "Bars of bits a pixel on all test pictures in 16 and in 256 levels: counted neighbours below all formats."
    fig, axes = plot.figure(1, 2, size=(9, 3), alt=alt)
    for ax, K, found in zip(axes, (16, 256), (coarse, fine), strict=True):
        items = sorted(found.items(), key=lambda item: -item[1])
        for i, (name, value) in enumerate(items):
            ax.barh(name, value, color=ORANGE if "neigh" in name else GREY)
            ax.text(value, i, f" {value:.2f}", va="center")
        ax.set(xlabel=f"bits a pixel, {K} levels", xlim=(0, items[0][1] * 1.2))
        ax.set_title(f"{K} levels: best is {items[-1][0]}")
        ax.invert_yaxis()
    return fig
