"""The figures of notebook 02: futures, prices, samples and races of the two stacks."""

import torch
from matplotlib.figure import Figure
from torch import Tensor

from . import charts, plot

BLIND = "Grid of 9 by 9 pixels. No later pixel is seen, but six pixels above and to the right of the output never are."
CURED = "Two grids. Left: six earlier pixels are never seen. Right: all 58 earlier pixels are seen and no later one."
KEPT = "Two grids. The vertical stack keeps two rows above, the horizontal one three pixels of its row."


def futures(strips: dict[str, Tensor]) -> Figure:
    """A row `[6, 3, 28, 28]` each: what is given, four ways to go on, the truth."""
    return plot.pictures(
        torch.cat(list(strips.values())),
        columns=6,
        title="The more it has seen, the more its futures agree",
        alt="A coat covered from row 4, 11 and 18, each with four completions by the model and the real picture.",
        rows=list(strips),
        heads=["given", "1", "2", "3", "4", "truth"],
        scale=2.2,
    )


def learning(bits: list[float], webp: float) -> Figure:
    """Bits per dimension at each step of the training, and WebP's."""
    last = bits[-50:]
    fig = plot.losses(
        bits,
        "bits per dimension",
        title=f"{sum(last) / len(last):.2f} bits after {len(bits)} steps; WebP needs {webp:.2f}",
        family="autoregressive",
        alt="The training loss falls quickly, then slowly, and crosses the line of WebP early.",
    )
    charts.level(fig.axes[0], webp, "WebP", linestyle="--")
    return fig


def beaten(histogram: float, rivals: dict[str, float], live: float, high: float) -> Figure:
    """Bits per dimension of the histogram, of the `rivals`, and of the model trained live (up to `high`)."""
    names = ["PNG", "WebP", "LZMA", "3 neighbours"]
    fewer = [name for name in names if high < rivals[name]]
    return plot.bars(
        ["histogram", *names[:3], "3 neighbours (01)", "PixelCNN, live"],
        [histogram, *(rivals[name] for name in names), live],
        ["data"] * 5 + ["autoregressive"],
        "bits per dimension, test pictures (lower is better)",
        title=f"A minute of learning beats {', '.join(fewer) or 'nobody yet'}",
        alt="Bars of bits per dimension: the PixelCNN trained live needs the fewest.",
    )


def price_map(pictures: Tensor, bits: Tensor) -> Figure:
    """Eight pictures `[8, 1, 28, 28]` in [-1, 1], and the bits `[8, 28, 28]` that each pixel costs."""
    return plot.pictures(
        torch.cat([pictures, bits[:, None] / 4 - 1]),
        columns=8,
        title="The background is nearly free; knit, folds and edges cost",
        alt="Eight garments, and below each its price a pixel: dark background, bright inside and along edges.",
        rows=["picture", "0 to 8 bits"],
        scale=2.0,
    )


def samples(live: Tensor, shipped: Tensor, real: Tensor, names: list[str]) -> Figure:
    """Samples `[10, 28, 28]` of two models above real pictures `[10, 1, 28, 28]`, a class a column."""
    both = torch.cat([live, shipped])[:, None].to(torch.uint8).cpu()
    return plot.pictures(
        torch.cat([both, real]),
        columns=10,
        title="Texture comes before shape",
        alt="Samples of ten classes. Live: blotches of cloth. Shipped: better shapes. Below: real pictures.",
        rows=["live, 1 minute", "shipped", "real"],
        heads=charts.short(names),
        scale=2.0,
    )


def too_good(drawn: dict[str, Tensor], bits: dict[str, float]) -> Figure:
    """Miniatures `[8, 14, 14]` of "yours" and "hers", and what both claim to pay."""
    gap = bits["yours"] - bits["hers"]
    said = f"Hers has {gap:.1f} bits less a pixel, and draws nothing" if gap > 0.3 else "Hers pays what yours does"
    return plot.pictures(
        torch.cat(list(drawn.values()))[:, None].to(torch.uint8).cpu(),
        columns=8,
        title=said,
        alt="Two rows of eight samples of 14 by 14 pixels: above by your network, below by hers.",
        rows=[f"{name}: {value:.2f} bits" for name, value in bits.items()],
        scale=3.5,
    )


def bumps(lost: dict[int, float]) -> Figure:
    """Bits lost by mixtures of M logistics."""
    return plot.bars(
        [f"M = {M}: {3 * M} numbers instead of 256" for M in lost],
        list(lost.values()),
        ["autoregressive"] * len(lost),
        "bits lost per pixel (lower is better)",
        title="A few bumps say nearly what 256 logits say",
        alt="Bars of bits lost per pixel for mixtures of 1, 2, 5 and 10 logistics.",
    )


def literature(reported: dict[str, float], ours: float, minutes: float) -> Figure:
    """Nats on binarised MNIST as others report them, and this course's."""
    nats = reported | {"this course": ours}
    names = sorted(nats, key=nats.get, reverse=True)
    return plot.bars(
        names,
        [nats[name] for name in names],
        ["autoregressive" if name == "this course" else "data" for name in names],
        "nats per picture on the test set, lower is better",
        title=f"Binarised MNIST: {ours:.1f} nats, {minutes:.0f} minutes of training",
        alt="Bars of nats per picture on binarised MNIST, reported for other networks, and this course's among them.",
    )
