"""The figures of notebook 06 about nats: what any order costs, and what buys it."""

from matplotlib.figure import Figure
from torch import Tensor

from . import charts, plot

GREEN, ORANGE, GREY = (plot.FAMILIES[name] for name in ("masked", "autoregressive", "data"))


def toy_orders(every: Tensor, bounds: Tensor) -> Figure:
    """Nats of each toy picture in each order `[8, 24]`, and its bound."""
    alt = "For eight toy pictures 24 dots each, and a bar at their mean, the bound."
    fig, ax = plot.figure(size=(6.4, 2.6), alt=alt)
    ax.plot(range(len(every)), every, ".", color=GREEN, alpha=0.5)
    ax.plot(range(len(every)), bounds, "_", color="black", markersize=22)
    ax.set(xlabel="picture", ylabel="nats a picture")
    ax.set_title("Each dot is an order; the bound (bar) is exactly their mean")
    return fig


def price_of_orders(paid: dict[str, dict]) -> Figure:
    """Nats a picture of the masked model in three orders, its bound, and the next-token model."""
    names = {"raster": "masked, raster", "halton": "masked, Halton", "random": "masked, random"}
    names |= {"bound": "masked, the bound", "next token": "next token"}
    rows = [paid[key] for key in names]
    alt = "Bars of nats a picture: masked in three orders, its bound, and next-token."
    fig, ax = plot.figure(size=(6.4, 2.6), alt=alt)
    families = ["masked"] * 4 + ["autoregressive"]
    ends = charts.bounds(rows, "nats")
    charts.bars(ax, list(names.values()), [row["nats"] for row in rows], families, ends, numbers="{:.1f}", across=True)
    ax.set(xlabel=f"nats a picture of 49 tokens, n = {paid['bound']['n']} test pictures, lower is better")
    ax.set_title(f"Any order costs {paid['bound']['nats'] - paid['next token']['nats']:.0f} nats more than one order")
    return fig


def gains(rows: dict[str, dict]) -> Figure:
    """Nats a hidden token that the masked model gains over the next-token model, for each hole."""
    found = {name: row["gain"] for name, row in rows.items()}
    fig, ax = plot.figure(size=(6.8, 2.8), alt="Bars: nats a token that masked gains over next-token, for five holes.")
    names = [f"{name} ({row['tokens']})" for name, row in rows.items()]
    wins = ["masked" if gain["nats"] > 0 else "autoregressive" for gain in found.values()]
    ends = charts.bounds(found.values(), "nats")
    charts.bars(ax, names, [gain["nats"] for gain in found.values()], wins, ends, numbers="", across=True)
    ax.axvline(0, color="black", linewidth=0.8)
    n = next(iter(found.values()))["n"]
    ax.set(xlabel=f"← next token better      nats a hidden token      masked better →   (n = {n})")
    won = sum(gain["nats_low"] > 0 for gain in found.values())
    lost = sum(gain["nats_high"] < 0 for gain in found.values())
    ax.set_title(f"By the true token's price masked wins {won} of {len(found)} holes, loses {lost}")
    return fig


def never_drawn(p: Tensor, drawn_as: Tensor, factor: float) -> Figure:
    """How often a token of probability `p` is drawn by Gumbel noise in fp32."""
    alt = "Probability drawn against probability asked: fp32 drops off below one in ten million."
    fig, ax = plot.figure(size=(6.4, 2.8), alt=alt)
    ax.loglog(p, p, color=GREY, linestyle=":", label="as asked, float64")
    plot.curve(ax, p, drawn_as.clamp(min=1e-12), "masked", label="Gumbel noise in fp32")
    ax.set(xlabel="probability of a rare token", ylabel="how often it is drawn", ylim=(1e-11, 2e-4))
    ax.legend()
    ax.set_title(f"Probability $10^{{-8}}$ comes {factor:.0f} times too rarely, $10^{{-9}}$ never")
    return fig


def budgets(rows: list[dict]) -> Figure:
    """Nats of three trainings each over training operations, for next-token and two masked losses."""
    looks = {"next": ("next token", ORANGE, "-"), "cosine": ("masked, cosine", GREEN, "-")}
    looks |= {"bound": ("masked, bound", GREEN, "--")}
    alt = "Nats against training operations, for next-token and two masked losses."
    fig, ax = plot.figure(size=(7.0, 3.0), alt=alt)
    ends = {}
    for loss, (name, colour, style) in looks.items():
        mine = [row for row in rows if row["loss"] == loss]
        lengths = sorted({row["train_flops"] for row in mine})
        trainings = [[row["nats"] for row in mine if row["train_flops"] == flops] for flops in lengths]
        for flops, values in zip(lengths, trainings, strict=True):
            ax.plot([flops / 1e12] * len(values), values, "o", color=colour, markersize=4)
        means = [sum(values) / len(values) for values in trainings]
        ax.plot([flops / 1e12 for flops in lengths], means, color=colour, linestyle=style, label=name)
        ends[loss] = trainings[-1]
    charts.own_ticks(ax, [round(flops / 1e12, 1) for flops in lengths])
    ax.set(xlabel="10¹² training operations, tokenizer left out (it is the same)", ylabel="nats, or bound")
    fig.legend(loc="outside right center", fontsize=9, frameon=False)
    gap = min(ends["cosine"] + ends["bound"]) - max(ends["next"])
    clear = f"Trained longer, even the worst next-token run has {gap:.0f} nats less"
    ax.set_title(clear if gap > 0 else "No clear winner")
    return fig


def long_run(in_turn: dict, masked: dict) -> Figure:
    """The shipped models of 05 and 06 side by side, by their metrics."""
    names = ["next token", "masked"]
    fewer, nearer = (names[masked[key] < in_turn[key]] for key in ("nats", "frechet"))
    return charts.rulers(
        dict(zip(names, (in_turn, masked), strict=True)),
        ["nats", "frechet_relative", "agreement", "recall"],
        ["autoregressive", "masked"],
        f"Fewer nats: {fewer}. Nearer to real pictures: {nearer}",
        "Four small bar charts comparing next-token and masked: nats, Fréchet distance, agreement and recall.",
    )
