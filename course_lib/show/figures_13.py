"""The figures of notebook 13 that show scenes, words and marks: pictures with captions, sequences, places."""

import textwrap

import torch
from matplotlib.figure import Figure
from torch import Tensor

from .charts import bare, headline, label
from .names import WORDS
from .plot import FAMILIES, figure, tile

MODELS = {  # words and family of each model of scenes
    "token-ar-scenes": (WORDS["autoregressive"], "autoregressive"),
    "masked-scenes": (WORDS["masked"], "masked"),
    "dit-scenes": (WORDS["noise"], "noise"),
    "few-step-scenes": ("noise, few steps", "noise"),
}
RIGHT, WRONG = "#222222", "#B00020"


def wrapped(text: str, width: int = 17) -> str:
    """A caption in lines short enough to stand over a picture."""
    return "\n".join(textwrap.wrap(text, width)) or "(no caption)"


def sheet(rows: dict[str, Tensor], captions: list[str], right: dict[str, Tensor], title: str, alt: str) -> Figure:
    """A row of pictures [N, 3, H, W] a name, a column a caption; ✓ or ✗ under each says whether it is `right`."""
    fig, axes = figure(
        len(rows), len(captions), (1.45 * len(captions) + 0.3, 1.6 * len(rows) + 0.9), alt, squeeze=False
    )
    for line, (name, pixels) in zip(axes, rows.items()):
        for ax, picture, good in zip(line, pixels, right[name].tolist(), strict=True):
            ax.imshow(tile(picture[None], 1), interpolation="nearest")
            bare(ax)
            ax.set_xlabel("✓" if good else "✗", color=RIGHT if good else WRONG, fontsize=11, labelpad=1)
            ax.spines[:].set(visible=True, color="#BBBBBB")
        line[0].set_ylabel(wrapped(name, 12), fontsize=10)
    for ax, text in zip(axes[0], captions):
        label(ax, wrapped(text), 8.5)
    return headline(fig, title)


def forms(pixels: Tensor, lines: list[tuple[str, str, float]]) -> Figure:
    """One scene [3, H, W], and beside it what each form of a caption says of it and the bits that it leaves open."""
    fig, (ax, words) = figure(1, 2, (9.4, 0.42 * len(lines) + 0.8), width_ratios=(1, 3.6))
    fig.alt = "A scene; beside it captions that say ever less, and how many bits each leaves open: " + "; ".join(
        f"{form} {bits:.1f}" for form, _, bits in lines
    )
    ax.imshow(tile(pixels[None], 1), interpolation="nearest")
    bare(ax, words)
    words.spines[:].set_visible(False)
    words.set(xlim=(0, 1), ylim=(len(lines) - 0.4, -0.6))
    for i, (form, text, bits) in enumerate(lines):
        words.text(0, i, f"{bits:4.1f} bits", fontsize=10, fontweight="bold", va="center")
        words.text(0.13, i, f"{form}: “{text}”" if text else f"{form}: (nothing)", fontsize=9, va="center")
    first, last = min(bits for *_, bits in lines), max(bits for *_, bits in lines)
    return headline(fig, f"The same scene, told ever less of: from {first:.0f} to {last:.1f} bits left to chance")


def sequences(words: list[str], patches: int = 4) -> Figure:
    """Words before a picture, and who sees whom: in turn for token by token, for masked and noise words only."""
    names, W = [*words, *(f"patch {i + 1}" for i in range(patches))], len(words)
    T = len(names)
    causal = torch.arange(T)[:, None] >= torch.arange(T)
    panels = [("token by token: each sees what came before", causal, "autoregressive")]
    whole = causal | (torch.arange(T)[:, None] >= W)
    panels += [("masked, and noise: patches see everything", whole, "masked")]
    alt = "Two squares of who sees whom in words and patches: a triangle, and one with full rows for patches."
    fig, axes = figure(1, 2, (8.8, 4.2), alt)
    for ax, (name, seen, family) in zip(axes, panels):
        sheet = torch.ones(T, T, 3)
        sheet[seen] = torch.tensor([int(FAMILIES[family][i : i + 2], 16) / 255 for i in (1, 3, 5)])
        sheet[:, :W] = 1 - (1 - sheet[:, :W]) * 0.55  # words are paler
        ax.imshow(sheet.numpy(), extent=(-0.5, T - 0.5, T - 0.5, -0.5))
        ax.set_xticks(range(T), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=9)
        ax.set_yticks(range(T), names, fontsize=9)
        ax.set_xticks([i + 0.5 for i in range(T - 1)], minor=True)
        ax.set_yticks([i + 0.5 for i in range(T - 1)], minor=True)
        ax.grid(which="minor", color="white", linewidth=1.5)
        ax.tick_params(which="both", length=0)
        ax.set(xlabel="is seen (words pale)", ylabel="sees")
        label(ax, name, 9.5)
    return headline(fig, "Words stand before the picture, in one sequence; only the mask differs")


def places(shares: dict[str, Tensor], title: str, alt: str) -> Figure:
    """Heat maps of how often each of the nine cells is taken, a panel a name; the exact law is 11 % everywhere."""
    fig, axes = figure(1, len(shares), (2.1 * len(shares) + 0.4, 2.5), alt, squeeze=False)
    for ax, (name, share) in zip(axes[0], shares.items()):
        ax.imshow(share.view(3, 3), cmap="cividis", vmin=0, vmax=0.35)
        for i, value in enumerate(share.tolist()):
            ink = "white" if value < 0.2 else "black"
            ax.text(i % 3, i // 3, f"{value:.0%}", ha="center", va="center", color=ink, fontsize=10)
        bare(ax)
        label(ax, name, 9.5)
    return headline(fig, title)


def live(values: list[float], steps: list[int], exact: list[tuple[float, float, float]], seconds: float) -> Figure:
    """Loss and share of right scenes (value, low, high) on the way of one training."""
    fig, (left, right) = figure(1, 2, (8.8, 2.9))
    fig.alt = "Left the falling loss, right the share of right scenes, which rises suddenly."
    left.plot(values, color=FAMILIES["autoregressive"], linewidth=1)
    left.set(xlabel="training step", ylabel="nats a token (lower is better)", yscale="log")
    share, low, high = (torch.tensor(column) for column in zip(*exact))
    right.fill_between(steps, low, high, color=FAMILIES["autoregressive"], alpha=0.2, linewidth=0)
    right.plot(steps, share, color=FAMILIES["autoregressive"], marker="o")
    right.set(xlabel="training step", ylabel="exactly the scene asked for", ylim=(-0.03, 1.05))
    label(left, "the loss", 9.5)
    label(right, "what it draws, new captions", 9.5)
    return headline(fig, f"{seconds:.0f} seconds: {share[-1]:.0%} of new captions are drawn exactly")
