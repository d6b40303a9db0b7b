"""The figures of notebook 08: points in the plane on their ways between noise and a galaxy of three arms.

`log_p(x [N, 2], t)` is the log-density of the data at time t; points, ways and colours are what the cells compute.
"""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from . import plane
from .charts import headline, label
from .names import SHADES
from .plot import FAMILIES, curve, figure

GOLD = plane.PARTS[0]
BLUES = SHADES["noise"][2:]


def whole(states: Tensor, colours: list[str]) -> Figure:
    """The ways `states [S, N, 2]` of N points: their start, all of them, their end."""
    alt = "Left noise in three colours that meet in a pinwheel; middle 900 curved ways; right a galaxy of three arms."
    fig, axes = plane.panels(1, 3, alt, side=2.7)
    plane.dots(axes[0], states[0], colours, 6)
    plane.trails(axes[1], states, colours, 0.5, 0.35)
    plane.dots(axes[1], states[-1], "white", 1)
    plane.dots(axes[2], states[-1], colours, 6)
    for ax, name in zip(axes, ("noise, t = 1", f"{states.shape[1]} ways", "data, t = 0")):
        plane.label(ax, name)
    return headline(fig, "Out of noise comes a galaxy: where a point begins decides where it ends")


def noised(log_p: Callable, points: dict[float, Tensor], colours: list[str], shares: Sequence[float]) -> Figure:
    """Data at several times over their exact density; `shares` of 100 are told apart."""
    fig, axes = plane.panels(1, 5, "The galaxy under more and more noise: in the end one round cloud.", 1.9)
    for ax, (t, x), share in zip(axes, points.items(), shares):
        plane.density(ax, lambda x, t=t: log_p(x, t), dim=0.75)
        plane.dots(ax, x[:250], colours[:250], 3)
        plane.label(ax, f"t = {t:g}: arm told {share:.0f} of 100")
    return headline(fig, "Noise takes the detail first, the arms next, everything in the end")


def guesses(log_p: Callable, pairs: dict[float, tuple[Tensor, Tensor]], colours: list[str], title: str) -> Figure:
    """Arrows from noisy points to their best guesses, a panel a time."""
    alt = "Arrows from noisy points to best guesses: first to the middle, then to the arms."
    fig, axes = plane.panels(1, 3, alt, 2.5)
    for ax, (t, (x, guess)) in zip(axes, pairs.items()):
        plane.density(ax, log_p, dim=0.45)
        plane.arrows(ax, x[:110], guess[:110], colours[:110], 0.004)
        plane.label(ax, f"t = {t:g}: the guesses spread {float(guess.std(0).mean()):.2f}")
    return headline(fig, title)


def steps(ways: dict[int, Tensor], fits: dict[int, float], colours: list[str], title: str) -> Figure:
    """The ways in few and many steps; `fits` is the mean log-density of their ends."""
    alt = "The ends of 900 ways in 1, 4, 16 and 64 Euler steps: one point, a blob, a galaxy."
    fig, axes = plane.panels(1, 4, alt, 2.0)
    for ax, (n, states) in zip(axes, ways.items()):
        plane.trails(ax, states, colours, 0.4, 0.3)
        plane.dots(ax, states[-1], "white", 2)
        plane.label(ax, f"{n} step{'s' * (n > 1)}: mean log p = {fits[n]:.2f}")
    return headline(fig, title)


def field(log_p: Callable, velocity: Callable, states: Tensor, moments: Sequence[int], colours: list[str]) -> Figure:
    """The field from noise to data at some of the S moments of `states [S, N, 2]`, from t = 1 to 0."""
    alt = "Streamlines of the field at four times: to the middle, then to the arms."
    fig, axes = plane.panels(1, 4, alt, 2.0)
    for ax, i in zip(axes, moments):
        t = 1 - i / (len(states) - 1)
        plane.density(ax, lambda x, t=t: log_p(x, t), dim=0.5)
        plane.streams(ax, lambda x, t=t: -velocity(x, t))
        plane.dots(ax, states[i][:300], colours[:300], 4)
        plane.label(ax, f"t = {t:.2f}")
    return headline(fig, "First all flow inwards, then the field splits in three")


def orders(calls: np.ndarray, misses: dict[str, list[float]], slopes: dict[str, float], title: str) -> Figure:
    """Error over calls for each solver, with the slope of its last points."""
    fig, ax = figure(size=(6.4, 3.8), alt="Log-log plot of error against calls: the higher the order the steeper.")
    for (name, values), colour in zip(misses.items(), BLUES):
        ax.loglog(calls, values, "o-", color=colour, label=f"{name}: slope {slopes[name]:.1f}")
    ax.set(xlabel="calls of the denoiser", ylabel="median distance from the exact end", xticks=calls)
    ax.set_xticklabels(calls)
    ax.minorticks_off()
    ax.legend(fontsize=9)
    ax.set_title(title)
    return fig


def churned(log_p: Callable, ways: dict[float, Tensor], colours: Callable) -> Figure:
    """Ways from one start, a panel a churn; `colours(ends)` tells the arms apart."""
    fig, axes = plane.panels(1, 4, "Ways from one start: a single one, then ways that fan out to all arms.", 2.2)
    for ax, (churn, states) in zip(axes, ways.items()):
        owned = colours(states[-1])
        plane.density(ax, log_p, dim=0.4)
        plane.trails(ax, states[:, :9], owned, 0.7, 0.8)
        plane.dots(ax, states[-1], owned, 5)
        plane.dots(ax, states[0, :1], "white", 22)
        plane.label(ax, f"churn {churn:g}: {len(set(owned))} arm{'s' * (len(set(owned)) > 1)} reached")
    return headline(fig, "One start: the ODE has one end, fresh noise makes many")


def rings(carried: Tensor, returning: Tensor) -> Figure:
    """Nested rings `[41, R, 500, 2]` from noise to data, and data points `[41, N, 2]` that go the other way."""
    fig, axes = plane.panels(1, 4, "Ten nested rings of noise are drawn out into the arms of the galaxy.", 2.2)
    for ax, i in zip(axes, (0, 20, 30, 40)):
        for ring, shade in zip(carried[i], plane.GLOW(np.linspace(0.15, 0.95, carried.shape[1]))):
            ax.fill(*ring.T.numpy(), color=shade, linewidth=0)
        plane.dots(ax, returning[40 - i, :400], GOLD, 2)
        plane.label(ax, f"t = {1 - i / 40:.2f}")
    return headline(fig, "A tenth of the probability in every band, from noise to data")


def bell(x: np.ndarray, mean: float, std: float) -> np.ndarray:
    """The density of a Gaussian."""
    return np.exp(-(((x - mean) / std) ** 2) / 2) / std / np.sqrt(2 * np.pi)


def bells(aims: dict[float, tuple[float, float]], made: dict[float, tuple[float, float]]) -> Figure:
    """Two Gaussians (mean, std) for each guidance scale: the tilted one and the one that guidance makes."""
    x = np.linspace(-1.2, 2.8, 600)
    fig, axes = figure(1, 3, (9.2, 2.6), alt="Bell curves at three scales: the guided one is narrow and far out.")
    for ax, (w, (mean, std)) in zip(axes, made.items()):
        aim = aims[w]
        ax.fill_between(x, bell(x, *aim), color="#BBBBBB", label=f"tilted: {aim[0]:.3f} ± {aim[1]:.3f}")
        ax.plot(x, bell(x, mean, std), color=FAMILIES["noise"], label=f"guided: {mean:.3f} ± {std:.3f}")
        ax.set(xlabel="x", yticks=[], ylim=(0, 1.75 * bell(mean, mean, std)))
        ax.legend(fontsize=8, loc="upper left")
        label(ax, f"w = {w:g}")
    axes[0].set_ylabel("density")
    return headline(fig, "Guidance goes too far and gets too narrow")


def gold(laws: Sequence[Callable], ways: dict[str, Tensor], title: str, alt: str, dim: float = 1.0) -> Figure:
    """Ways that were asked to end in the gold arm over the law that each should end in; names stand in two lines."""
    fig, axes = plane.panels(1, len(ways), alt, 2.1 if len(ways) > 3 else 2.5, head=0.75)
    for ax, law, (name, states) in zip(axes, laws, ways.items()):
        plane.density(ax, law, dim=dim)
        plane.trails(ax, states[::3, :150], GOLD, 0.4, 0.35)
        plane.dots(ax, states[-1], GOLD, 3)
        plane.label(ax, name)
    return headline(fig, title)


def floor(times: Sequence[float], exact: Sequence[float], blind: Sequence[float], title: str) -> Figure:
    """The loss of the exact velocity over time, beside that of always answering 0."""
    fig, ax = figure(size=(6.4, 3.0), alt="The loss of the perfect network over time: a hill, never near 0.")
    curve(ax, times, exact, "noise", label="the exact velocity")
    curve(ax, times, blind, "other", linestyle="--", label="always answering 0")
    ax.set(xlabel="time t (0 is data, 1 is noise)", ylabel="mean squared error a number", ylim=(0, None))
    ax.legend(fontsize=9, loc="lower center")
    ax.set_title(title)
    return fig
