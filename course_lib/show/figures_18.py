"""The figures of notebook 18: verdicts with their intervals, how costs grow, who loses by which rule, your own page."""

import math
import textwrap

from matplotlib.figure import Figure

from .charts import headline, label, own_ticks
from .plot import FAMILIES, figure

ANSWERS = {"yes": ("#222222", "o"), "no": ("#222222", "x"), "open": ("#AAAAAA", "o")}  # colour and mark of a test
SHADED = {"holds": "#DDEBF5", "holds only if …": "#F1F1F1", "does not hold": "#FBE9DD"}
FAR = 4.0  # units beyond which a difference is only said to be large
KINDS = {  # of what is drawn at large sizes: colour and line
    "token by token": (FAMILIES["autoregressive"], "-"),
    "masked, 12 passes": (FAMILIES["masked"], "-"),
    "noise, 16 steps": (FAMILIES["noise"], "-"),
    "noise, 4 steps": (FAMILIES["noise"], "--"),
    "noise, 1 step": (FAMILIES["noise"], ":"),
    "noise, U-Net, 16 steps": (FAMILIES["noise"], "-."),
}


def units(outcome) -> list[float] | None:
    """A difference and its interval in units of the smallest that counts; None where nothing was measured."""
    if outcome.ahead is None:
        return None
    ends = [outcome.ahead, outcome.low, outcome.high]
    if outcome.least > 1:  # a factor: a ratio of logarithms
        return [math.log(max(end, 1e-9)) / math.log(outcome.least) for end in ends]
    return [end / (outcome.least or 0.05) for end in ends]


def verdicts(found: list, texts: dict[str, str], title: str) -> Figure:
    """Every test of every claim: by how much the claim's side is ahead, in units of what counts, with intervals.

    `found` are `experiments.verdict.Verdict`s, `texts` the claims in words by id. Right of the dotted line a
    difference counts.
    """
    lines = sum(len(verdict.outcomes) + 1.4 for verdict in found)
    alt = "Claims with their verdicts; beside each test a point with an interval, large enough right of a dotted line."
    fig, ax = figure(size=(9.2, 0.2 * lines + 0.8), alt=alt)
    y = 0.0
    for verdict in found:
        top = y
        ax.text(-14.8, y, textwrap.shorten(texts[verdict.claim], 84, placeholder=" …"), fontsize=8.5, fontweight="bold")
        ax.text(FAR + 0.4, y, verdict.verdict, fontsize=8.5, fontweight="bold")
        for outcome in verdict.outcomes:
            y += 1
            _point(ax, outcome, y)
        y += 1.4
        ax.axhspan(top - 0.75, y - 0.75, color=SHADED.get(verdict.verdict, "white"), zorder=0, linewidth=0)
    ax.axvline(0, color="#888888", linewidth=0.8, zorder=1)
    ax.plot([1, 1], [-0.7, y - 0.8], ":", color="#222222", linewidth=1, zorder=1)
    ax.set(xlim=(-15, FAR + 4.4), ylim=(y - 0.6, -1.2), yticks=[])
    ax.set_xticks([-4, -2, 0, 1, 2, 4], ["≤ -4", "-2", "0", "1", "2", "≥ 4"])
    ax.set_xlabel("ahead by, in units of the smallest difference that counts", x=0.79, fontsize=9)
    ax.spines[:].set_visible(False)
    return headline(fig, title)


def _point(ax, outcome, y: float) -> None:
    colour, mark = ANSWERS[outcome.answer]
    ax.text(-14.4, y, textwrap.shorten(outcome.says, 78, placeholder=" …"), fontsize=8, va="center")
    if (at := units(outcome)) is None:
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        ax.text(0, y, outcome.why, fontsize=7.5, color="#888888", ha="center", va="center", bbox=paper, zorder=4)
        return
    value, low, high = (max(-FAR, min(FAR, end)) for end in at)
    ax.hlines(y, low, high, color=colour, linewidth=1.3, zorder=2)
    hollow = {"markerfacecolor": "white"} if outcome.answer == "open" else {}
    ax.plot(value, y, mark, color=colour, markersize=4.5, zorder=3, **hollow)


def growth(rows: list[dict], grows: dict[str, dict], title: str, batches: tuple[int, ...] = (1, 64)) -> Figure:
    """Seconds a picture over its tokens, both logarithmic, a panel a batch; the legend has the power of each line."""
    powers = (f"{kind} {power[f'seconds_batch_{batch}']:.1f}" for batch in batches for kind, power in grows.items())
    alt = f"Two panels of rising lines: time a picture over its tokens, alone and in 64. Powers: {', '.join(powers)}."
    fig, axes = figure(1, len(batches), (4.9 * len(batches), 3.7), alt, sharey=True)
    for ax, batch in zip(axes, batches):
        for kind, (colour, line) in KINDS.items():
            own = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["tokens"])
            x, y = ([row[key] for row in own] for key in ("tokens", f"seconds_batch_{batch}"))
            power = grows[kind][f"seconds_batch_{batch}"]
            ax.plot(x, y, line, marker="o", markersize=3.5, color=colour, label=f"{kind}: power {power:.1f}")
        ax.set(xscale="log", yscale="log", xlabel="tokens or patches of a picture", ylim=(3e-4, 60))
        own_ticks(ax, sorted({row["tokens"] for row in rows}))
        ax.set_yticks([0.001, 0.01, 0.1, 1], ["1 ms", "10 ms", "100 ms", "1 s"])
        ax.legend(fontsize=7.5, loc="upper left")  # the room above is kept for it
        label(ax, "one picture alone" if batch == 1 else f"each of {batch} together")
    axes[0].set_ylabel("time a picture (lower is better)")
    return headline(fig, title)


def flips(runs: list[dict], title: str) -> Figure:
    """Distance over the number of pictures to learn from: a point a training, a line through each family's mean."""
    fig, ax = figure(alt="Two lines of distance over the number of training pictures, with a point for each training.")
    for family, name in (("autoregressive", "token by token"), ("noise", "out of noise")):
        own = [run for run in runs if run["family"] == family]
        sizes = sorted({run["pictures"] for run in own})
        of = {n: [run["frechet_relative"] for run in own if run["pictures"] == n] for n in sizes}
        ax.plot(sizes, [sum(of[n]) / len(of[n]) for n in sizes], color=FAMILIES[family], label=name)
        for n in sizes:
            ax.plot([n] * len(of[n]), of[n], "o", color=FAMILIES[family], markersize=4)
    about = "Fréchet distance, relative (lower is better)"
    ax.set(xscale="log", yscale="log", xlabel="pictures to learn from", ylabel=about, ylim=(0.25, 3))
    own_ticks(ax, sorted({run["pictures"] for run in runs}))
    ax.set_yticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
    ax.set_yticks([], minor=True)
    ax.legend(loc="center right")
    ax.set_title(title)
    return fig


WIDE = (28, 24, 40, 40)  # letters of a table's columns


def table(rows: list[tuple[str, str, str, str]], heads: tuple[str, str, str, str], title: str) -> Figure:
    """A table of words and numbers: what is asked, the article's answer, and what each family reached."""
    wrapped = [
        [
            [part for line in cell.split("\n") for part in textwrap.wrap(line, width) or [""]]
            for cell, width in zip(row, WIDE)
        ]
        for row in rows
    ]
    heights = [max(len(cell) for cell in row) + 0.5 for row in wrapped]
    alt = f"A table of {len(rows)} rows: {', '.join(row[0] for row in rows)}."
    fig, ax = figure(size=(9.6, 0.19 * (sum(heights) + 2.4)), alt=alt)
    ax.set(xlim=(0, 100), ylim=(sum(heights) + 1.6, 0))
    ax.set_axis_off()
    edges, y = (0, 25, 46, 73), 1.5
    for x, head in zip(edges, heads):
        ax.text(x, 1.0, head, fontsize=9, fontweight="bold", va="bottom")
    for row, height in zip(wrapped, heights):
        ax.axhline(y, color="#DDDDDD", linewidth=0.8)
        for x, cell in zip(edges, row):
            ax.text(x, y + 0.25, "\n".join(cell), fontsize=8.5, va="top")
        y += height
    ax.set_title(title)
    return fig


def regrets(lost: dict[str, tuple[float, float]], title: str) -> Figure:
    """The share of contests that each rule loses: on those it was fitted on, and on others (black outline)."""
    fig, ax = figure(size=(6.8, 0.5 * len(lost) + 0.9), alt="Pairs of bars: contests lost by each rule, old and new.")
    for i, (_, (old, new)) in enumerate(lost.items()):
        ax.barh(i - 0.19, old, 0.34, color="#CCCCCC", label="on the half it saw" if not i else None)
        ax.barh(i + 0.19, new, 0.34, color="#555555", label="on the other half" if not i else None)
        for end, at in ((old, i - 0.19), (new, i + 0.19)):
            ax.annotate(f"{end:.0%}", (end, at), (3, 0), textcoords="offset points", va="center", fontsize=8.5)
    ax.set_yticks(range(len(lost)), list(lost))
    ax.invert_yaxis()
    ax.set(xlabel="contests lost (lower is better)", xlim=(0, 1))
    ax.legend(fontsize=8)
    ax.set_title(title)
    return fig


def scores(own: dict[str, float], texts: dict[str, str], title: str) -> Figure:
    """Your Brier score of each claim, best first; dotted: who guesses blindly among four verdicts."""
    names = sorted(own, key=own.get)
    fig, ax = figure(size=(8.4, 0.27 * len(names) + 1.0), alt="Bars: how far off each of your predictions was.")
    ax.barh(range(len(names)), [own[name] for name in names], color=FAMILIES["data"], height=0.7)
    ax.set_yticks(
        range(len(names)), [textwrap.shorten(texts[name], 58, placeholder=" …") for name in names], fontsize=8
    )
    ax.axvline(0.75, color="#222222", linestyle=":")
    ax.annotate("a blind guess", (0.75, -0.6), (4, 0), textcoords="offset points", fontsize=8, va="center")
    ax.set(xlabel="Brier score (0: sure and right, 2: sure and wrong)", xlim=(0, 2), ylim=(len(names) - 0.4, -1.1))
    ax.set_title(title)
    return fig


def page(pictures, lines: list[str], title: str) -> Figure:
    """One page of your own: pictures `[N, C, H, W]` drawn by your networks, and what you found, a line each."""
    from .plot import tile

    sheet = tile(pictures, 10)
    wide, high = 10.0, 10.0 * sheet.shape[0] / sheet.shape[1]  # the page is ten units wide, whatever is on it
    wrapped = [textwrap.wrap(line, 96) for line in lines]
    below = high + 0.55
    whole = below + sum(0.34 * len(part) + 0.16 for part in wrapped)
    alt = f"Your own pictures, and below them: {' '.join(lines)}"
    fig, ax = figure(size=(7.6, 0.76 * whole + 0.4), alt=alt)
    ax.imshow(sheet, interpolation="nearest", extent=(0, wide, high, 0), aspect="auto")
    ax.set(xlim=(0, wide), ylim=(whole, 0))
    ax.set_axis_off()
    for part in wrapped:
        ax.text(0, below, "\n".join(part), fontsize=9.5, va="top")
        below += 0.34 * len(part) + 0.16
    return headline(fig, title)
