"""The figures of notebook 04: words, codebooks, codecs, and what is lost for good."""

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from . import charts, plot

PINK, ORANGE, GREY = (plot.FAMILIES[name] for name in ("other", "autoregressive", "data"))


def there_and_back(real: Tensor, codes: Tensor, read: Tensor) -> Figure:
    """Ten pictures, the first three coordinates of their `codes [10, 49, d]` as colours, and what is read of them."""
    colours = codes[..., :3].view(10, 7, 7, 3).permute(0, 3, 1, 2)
    rows = [real.expand(-1, 3, -1, -1), F.interpolate(colours, scale_factor=4), read.expand(-1, 3, -1, -1)]
    return plot.pictures(
        torch.cat(rows),
        columns=10,
        title="784 pixels in 49 words, and back",
        alt="Ten garments; below each a 7 by 7 grid of coloured words; below that the garment read out of these words.",
        rows=["784 pixels", "49 words", "read back"],
        scale=2.3,
    )


def _under_real(rows: dict[str, Tensor], title: str, alt: str) -> Figure:
    """The first ten pictures of each row."""
    x = torch.cat([each[:10] for each in rows.values()])
    return plot.pictures(x, columns=10, title=title, alt=alt, rows=list(rows), scale=2.3)


def squares(real: Tensor, built: dict[int, Tensor], psnr: dict[int, float]) -> Figure:
    """Pictures built of K squares each."""
    return _under_real(
        {"real": real} | {f"{K} squares": made for K, made in built.items()},
        f"From {psnr[4]:.1f} to {psnr[1000]:.1f} dB: a thousand squares still show their edges",
        "Ten garments, then the same built from 4, from 64 and from 1,000 different squares; less and less blocky.",
    )


def perplexity(results: dict[str, tuple], most: float) -> Figure:
    """Perplexity at each step, usage and PSNR of three trainings; `most` is the highest there can be."""
    fig, ax = plot.figure(alt="Perplexity of the codebook against training steps, in three ways; highest with revival.")
    for (name, (worth, used, quality)), style in zip(results.items(), (":", "--", "-"), strict=True):
        label = f"{name}: {used['used']:.0%} of the codes used, {quality:.1f} dB"
        plot.curve(ax, range(1, len(worth) + 1), worth, "other", linestyle=style, label=label)
    charts.level(ax, most, f"at most {most:.0f}", linestyle="-")
    ax.set(xlabel="training step", ylabel="perplexity, of 512", yscale="log", ylim=(0.9, 5000))
    ax.legend(fontsize=9, loc="upper right")
    end = [used["perplexity"] for _, used, _ in results.values()]
    worth = f"{end[0]:.0f} as it stands, {end[1]:.0f} with a good start, {end[2]:.0f} with revival"
    ax.set_title(f"512 codes are worth {worth}")
    return fig


def staircases(z: Tensor, bounded: Tensor, codes: Tensor) -> Figure:
    """Bounded numbers and codes `[N, d]` over `z [N]`, of a dimension with eight levels and of one with five."""
    alt = "Two staircases along a tanh curve: eight levels, and five."
    fig, axes = plot.figure(1, 2, (8.4, 2.8), alt=alt, sharey=True)
    for ax, dim, L in zip(axes, (0, 1), (8, 5), strict=True):
        ax.plot(z, bounded[:, dim], color=GREY, linewidth=1, linestyle="--")
        ax.plot(z, codes[:, dim], color=PINK)
        ax.set(xlabel="what the encoder says, z")
        ax.set_title(f"{L} levels from {codes[:, dim].min():+.2f} to {codes[:, dim].max():+.2f}")
    axes[0].set_ylabel("bounded (dashed), code")
    return fig


def read_live(real: Tensor, words: Tensor, smooth: Tensor, psnr: tuple[float, float], squares: float) -> Figure:
    """What the tokenizer trained live reads out of words, and of smooth latents."""
    return _under_real(
        {"real": real, "49 words": words, "smooth": smooth},
        f"{psnr[0]:.1f} dB from 49 words, {psnr[1]:.1f} from smooth latents (squares: {squares:.1f})",
        "Ten garments, then as read from words and as read from smooth latents by the tokenizer trained here.",
    )


def her_disk(real: Tensor, straight: Tensor, hers: Tensor, psnr: float, her_psnr: float) -> Figure:
    """What comes straight from the codes, and from the colleague's disk."""
    off = ((hers - straight).abs() * 5 - 1).clamp(max=1)
    return _under_real(
        {"real": real, "straight": straight, "her disk": hers, "difference × 5": off},
        f"Straight from the codes {psnr:.1f} dB, from her disk {her_psnr:.1f} dB",
        "Ten garments, read straight from their codes, and from the colleague's disk; below, how the two differ.",
    )


def rounded_twice(codes: Tensor, again: Tensor, changed: float, left: int) -> Figure:
    """Where a second rounding puts the levels of all `codes [1000, d]`."""
    fig, axes = plot.figure(1, 2, (8.4, 2.8), alt="Dots: where a second rounding puts each level.", sharey=True)
    for ax, dim in zip(axes, (0, 1), strict=True):
        once = codes[:, dim].unique()
        twice = torch.stack([again[codes[:, dim] == level, dim][0] for level in once])
        ax.plot(once, once, color=GREY, linewidth=1, linestyle="--")
        ax.plot(once, twice, "o", color=PINK)
        ax.set(xlabel="a code", xticks=(-1, -0.5, 0, 0.5, 1))
        charts.label(ax, f"{len(once)} levels: {int((once - twice).abs().gt(0.1).sum())} move when rounded again")
    axes[0].set_ylabel("rounded again")
    return charts.headline(fig, f"Rounded twice, {changed:.0%} of all codes become others; {left} are left")


def kinds_of_place(change: Tensor, snippets: dict[int, Tensor]) -> Figure:
    """How much each pixel moves `[28, 28]` when the word in the middle changes; eight snippets of each word."""
    inside = float(change[12:16, 12:16].sum() / change.sum())
    alt = "Left: a glow around one place. Right: real snippets by word."
    fig, (left, right) = plot.figure(1, 2, (9.2, 3.4), alt=alt)
    shown = left.imshow(change, cmap="magma", extent=(0, 28, 28, 0))
    left.add_patch(Rectangle((12, 12), 4, 4, fill=False, edgecolor="white"))
    left.set(xlabel="column", ylabel="row")
    fig.colorbar(shown, ax=left, label="mean change")
    left.set_title(f"{inside:.0%} of the change falls on its own 4×4")
    right.imshow(plot.tile(torch.cat(list(snippets.values())), 8, gap=1), interpolation="nearest")
    right.set(xticks=[], yticks=[13 * i + 6 for i in range(len(snippets))], xlabel="eight places where it stands")
    right.set_yticklabels([f"word {word}" for word in snippets], fontsize=8)
    right.set_title("A word is a kind of place")
    return fig


def rate_distortion(curves: dict[str, list], psnr: float, words: float, guessed: float, webp: float) -> Figure:
    """PSNR over bits a picture; 49 words cost `words` bits as they are, and `guessed` by a model of them."""
    fig, ax = plot.figure(
        size=(7.2, 3.8), alt="PSNR against bits a picture: JPEG lowest, WebP and the tokenizer close."
    )
    looks = {"JPEG": ("data", ":"), "WebP": ("data", "-")}
    looks |= {"tokenizer, L levels": ("other", "-"), "squares (k-means)": ("other", ":")}
    for name, (family, line) in looks.items():
        plot.curve(ax, *zip(*curves[name], strict=True), family, linestyle=line, marker=".", label=name)
    ax.plot(words, psnr, "s", color=PINK, markersize=9, label="49 words of 1,000")
    ax.plot(guessed, psnr, "D", color=ORANGE, markersize=8, label="the same, coded by 05")
    ax.set(xlabel="bits a picture", ylabel="PSNR, dB (higher is better)", xlim=(60, 900))
    ax.legend(fontsize=8)
    ax.set_title(f"{psnr:.1f} dB: WebP needs {webp:.0f} bits, our words {words:.0f}, well guessed {guessed:.0f}")
    return fig


def what_is_lost(reports: dict[str, dict]) -> Figure:
    """Agreement and distance of real pictures, of codecs and of tokenizers, n = 500."""
    real, words = (100 * reports[name]["agreement"] for name in ("real pictures", "49 words, shipped"))
    return charts.rulers(
        reports,
        ["agreement", "frechet_relative"],
        ["data"] * 4 + ["other"] * 3,
        f"Of 100 real garments {real:.0f} are recognised, of 100 read from words {words:.0f} (n = 500)",
        "Bars of agreement and of Fréchet distance for real pictures, codecs and tokenizers at about 488 bits.",
        size=(9.2, 3.3),
        across=True,
    )


def in_colour(real: Tensor, read: Tensor, psnr: float, told: dict) -> Figure:
    """Fourteen emoji of unseen concepts, and what 64 words say of them."""
    chosen = torch.linspace(0, len(real) - 1, 14).long()
    interval = f"{told['psnr_low']:.1f} to {told['psnr_high']:.1f}"
    return plot.pictures(
        torch.cat([real[chosen], read[chosen]]),
        columns=14,
        title=f"{len(real)} emoji of unseen concepts: {psnr:.1f} dB ({interval})",
        alt="Fourteen emoji and what 64 words say of them: silhouettes and colours stay, fine lines blur.",
        rows=["real", "64 words"],
        scale=1.3,
    )


def long_run(m: dict) -> Figure:
    """Words and smooth latents of the shipped tokenizer, out of its metrics."""
    smooth = {key.removeprefix("latents_"): value for key, value in m.items() if key.startswith("latents_")}
    nearer = ("smooth latents", "words")[m["frechet"] < m["latents_frechet"]]
    sharper = ("smooth latents", "words")[m["psnr"] > m["latents_psnr"]]
    return charts.rulers(
        {"words": m, "smooth": smooth},
        ["psnr", "frechet_relative", "agreement", "recall"],
        ["other", "noise"],
        f"Fewer errors: {sharper}. Nearer to real pictures, to the classifier: {nearer}",
        "Four small bar charts comparing words and smooth latents.",
    )
