"""Checkers of notebook 08: the best guess, a solver with a planted bug, a step that makes noise, the tilted law."""

import math

import torch
import torch.nn.functional as F

from ..methods import exact, flow
from .core import exercise


def _normal(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def _best_guess(x, t, means, stds, weights):
    return exact.Mixture(means, stds, weights).data(x, t)


def _guess(x, t, means, stds, weights, noised=True, faded=True, width=True, share=True, shrink=True, hard=False):
    """The best guess with what is usually left out of it."""
    away = x[:, None] - (1 - t if faded else 1) * means
    S2 = (1 - t) ** 2 * stds**2 + t**2 if noised else stds**2
    logs = -away.square().sum(-1) / (2 * S2)
    logs = logs + (weights.log() if share else 0) - (S2.log() if width else 0)
    r = F.one_hot(logs.argmax(1), len(means)).to(logs) if hard else logs.softmax(1)
    inside = means + (((1 - t) * stds**2 / S2)[:, None] * away if shrink else 0)
    return (r[..., None] * inside).sum(1)


@exercise(
    reference=_best_guess,
    shipped=[getattr(exact.Mixture, name) for name in ("data", "score", "noise", "velocity")],
    trained=True,
)
def best_guess(attempt) -> None:
    """The expected clean point: parts weighted by how likely they are here, each with its own shrinkage."""
    for B, K in ((5, 3), (2, 7)):
        means, stds, weights = 2 * _normal(K, 2), 0.2 + _normal(K).abs(), 0.1 + torch.rand(K, dtype=torch.float64)
        law = means, stds, weights / weights.sum()
        for t in (0.6, 0.3):
            x = 1.5 * _normal(B, 2)
            mistakes = {
                "The means stay where they are: at time t a mean m has moved to (1 - t) m.": {"faded": False},
                "The variances are those of the data: at time t they are (1 - t)² s² + t².": {"noised": False},
                "A wide part is flatter: the density of part k has the factor 1 / S_k² (in two dimensions).": {
                    "width": False
                },
                "The weights of the parts are missing: r_k is proportional to weight times density.": {"share": False},
                "You mix the means alone. Inside a part the clean point leans to x: add (1-t) s²/S² (x - (1-t) m).": {
                    "shrink": False
                },
                "You take the likeliest part. The expectation is a mean over all of them.": {"hard": True},
            }
            wrong = {message: _guess(x, t, *law, **what) for message, what in mistakes.items()}
            score = exact.Mixture(*law).score(x, t)
            wrong["That is (1 - t) times the best guess: divide by 1 - t."] = x + t * t * score
            wrong["That is the score. The best guess is a point."] = score
            otherwise = "This is not Σ r_k (m_k + (1-t) s_k²/S_k² (x - (1-t) m_k)), r the softmax over the parts."
            attempt.compare(*attempt(x, t, *law), wrong, otherwise)


def _heun_planted(velocity, x, t, s):
    first = velocity(x, t)
    second = velocity(x + (s - t) * first, t)
    return x + (s - t) / 2 * (first + second)


@exercise(reference=flow.heun, planted=_heun_planted)
def heun_step(attempt) -> None:
    """Heun's step: the slope at the start and the slope at the end, each at its own time."""
    matrix = _normal(2, 2)
    for t, s in ((0.8, 0.5), (0.2, 0.3)):
        x = _normal(6, 2)

        def velocity(x, t):
            return (x @ matrix).sin() + 3 * t * t * x

        found, right = attempt(velocity, x, t, s)
        first = velocity(x, t)
        there = velocity(x + (s - t) * first, s)
        mistakes = {
            "Still the bug: the second slope is taken at the new place, but at the old time.": _heun_planted(
                velocity, x, t, s
            ),
            "The second slope is taken at the new time, but at the old place.": x
            + (s - t) / 2 * (first + velocity(x, s)),
            "Only the first slope counts: that is Euler's step.": x + (s - t) * first,
            "Only the second slope counts. Take the mean of both.": x + (s - t) * there,
            "The slopes are added, not averaged: halve the sum.": x + (s - t) * (first + there),
            "That is the change alone: add it to x.": right - x,
            "You step the other way: from t to s is s - t, which is negative on the way to data.": x
            - (s - t) / 2 * (first + there),
        }
        attempt.compare(found, right, mistakes, "This is not x + (s - t)/2 · (v(x, t) + v(x', s)).")


def _churned_step(velocity, x, t, s, churn, fresh):
    v = velocity(x, t)
    noise = flow.noise_in(x, v, t)
    return x + (s - t) * (v + churn * noise) + math.sqrt(2 * churn * t * (t - s)) * fresh


@exercise(reference=_churned_step, shipped=[flow.stochastic])
def churned_step(attempt) -> None:
    """A step of the stochastic equation: more noise taken away, and fresh noise put back in."""
    law = exact.Mixture(_normal(3, 2), 0.3 + torch.rand(3))
    for t, s, churn in ((0.8, 0.5, 0.7), (0.3, 0.1, 2.0), (0.5, 0.4, 0.0)):
        x, fresh = _normal(2, 5, 2)
        h, v = t - s, law(x, t)
        noise, kick = flow.noise_in(x, v, t), math.sqrt(2 * churn * t * h) * fresh
        plain, drift = x - h * v, churn * noise
        mistakes = {
            "Noise is put in, but no more is taken away: churn · noise is missing in the drift.": plain + kick,
            "More noise is taken away, but none put back: the fresh noise is missing.": plain - h * drift,
            "The extra drift has the wrong sign: it must take noise away, against what you put in.": plain
            + h * drift
            + kick,
            "The fresh noise grows with √h, not with h: variances add up, not noises.": plain
            - h * drift
            + h * math.sqrt(2 * churn * t) * fresh,
            "A factor 2 is missing under the root.": plain - h * drift + kick / math.sqrt(2),
            "The time t is missing under the root.": plain - h * drift + math.sqrt(2 * churn * h) * fresh,
            "That is the variance: take the root before you multiply the fresh noise.": plain
            - h * drift
            + 2 * churn * t * h * fresh,
            "You took away the score, not the noise: noise = x + (1 - t) v.": plain + h * churn * noise / t + kick,
        }
        otherwise = "This is not the step of the formula." if churn else "With churn 0 this should be Euler's step."
        attempt.compare(*attempt(law, x, t, s, churn, fresh), mistakes, otherwise)


def _tilted(mean_c, std_c, mean_u, std_u, w):
    precision = w / std_c**2 + (1 - w) / std_u**2
    return (w * mean_c / std_c**2 + (1 - w) * mean_u / std_u**2) / precision, precision**-0.5


@exercise(reference=_tilted, gives="two numbers, mean and std")
def tilted(attempt) -> None:
    """Mean and standard deviation of what p_c^w p_u^(1-w) is proportional to."""
    for mc, sc, mu, su, w in ((0.7, 0.5, -0.2, 1.1, 2.0), (-1.0, 0.6, 0.4, 0.9, 1.4), (0.3, 0.8, -0.5, 1.0, 0.5)):
        a, b = w / sc**2, (1 - w) / su**2
        mean, std = _tilted(mc, sc, mu, su, w)
        extra = (1 + w) / sc**2 - w / su**2
        mistakes = {
            "That is the variance. The standard deviation is its root.": (mean, std**2),
            "That is the precision 1/σ². The standard deviation is one over its root.": (mean, a + b),
            "You mix means and widths in a straight line. Precisions 1/σ² add up; means are weighted by them.": (
                w * mc + (1 - w) * mu,
                w * sc + (1 - w) * su,
            ),
            "The mean is weighted by w alone: weight it by w/σ_c² and (1-w)/σ_u².": (w * mc + (1 - w) * mu, std),
            "That is where guidance leads. This exercise asks for the tilted law: precisions add up.": (
                mean,
                sc**w * su ** (1 - w),
            ),
            "That is the scale of the paper, w - 1. Here w = 1 is the plain conditional law.": (
                ((1 + w) * mc / sc**2 - w * mu / su**2) / extra,
                extra**-0.5,
            ),
            "The mean is not divided by the precision.": (mean * (a + b), std),
        }
        otherwise = "Write both exponents as -(x - m)²/(2σ²), collect x² and x, and read off mean and std."
        attempt.compare(*attempt(mc, sc, mu, su, w), mistakes, otherwise)
