"""Distributions in which everything is known: what a perfect network would answer. Built in notebook 08.

On the straight path x_t = (1 - t) x + t noise a mixture of Gaussians stays one, with means (1 - t) m and variances
(1 - t)² s² + t², so that score, expected noise, velocity and likelihood have closed forms at every time.
"""

import math

import torch
from torch import Tensor


class Mixture:
    """A mixture of round Gaussians in d dimensions: `means [K, d]`, `stds [K]`, `weights [K]`; class k is part k.

    As a model it is `mixture(x [B, d], t [B], labels [B]) -> velocity [B, d]`; the label K means "no label".
    """

    def __init__(self, means: Tensor, stds: Tensor, weights: Tensor | None = None):
        self.means, self.stds = means.double(), stds.double()
        if means.ndim != 2 or stds.shape != means.shape[:1] or not (self.stds > 0).all():
            raise ValueError(f"means must be [K, d] and stds [K] above 0, not {list(means.shape)}, {list(stds.shape)}.")
        weights = torch.ones(len(means)) if weights is None else weights
        if weights.shape != means.shape[:1] or not (weights > 0).all():
            raise ValueError(f"weights={weights.tolist()} must be {len(means)} numbers above 0, one for each mean.")
        self.weights = weights.double() / weights.double().sum()

    @property
    def null(self) -> int:
        """The label that means "no label"."""
        return len(self.means)

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """`n` points `[n, d]` and the part that each came from, `[n]`."""
        parts = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, self.means.shape[1], dtype=torch.float64, generator=generator)
        return self.means[parts] + self.stds[parts, None] * noise, parts

    def _parts(self, x: Tensor, t: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Of every part: log of weight times density `[B, K]`, way to its mean `[B, K, d]`, its variance `[B, K]`."""
        t = torch.as_tensor(t, dtype=x.dtype).expand(len(x))
        away = x[:, None] - (1 - t)[:, None, None] * self.means.to(x)
        variance = ((1 - t)[:, None] * self.stds.to(x)).square() + t[:, None].square()
        logs = self.weights.to(x).log() - 0.5 * away.square().sum(-1) / variance
        logs = logs - 0.5 * x.shape[1] * (2 * math.pi * variance).log()
        if labels is not None:
            if labels.min() < 0 or labels.max() > self.null:
                raise ValueError(f"labels must lie in 0..{self.null}, where {self.null} means no label.")
            alone = torch.arange(len(self.means))[None] == labels[:, None]
            prior = torch.where(alone, -self.weights.log(), -math.inf)  # given its label a part has weight 1
            logs = logs + torch.where((labels == self.null)[:, None], 0.0, prior).to(x)
        return logs, away, variance

    def log_prob(self, x: Tensor, t: Tensor | float = 0.0, labels: Tensor | None = None) -> Tensor:
        """Log-density `[B]` of points `[B, d]` at time `t`."""
        return self._parts(x, t, labels)[0].logsumexp(1)

    def score(self, x: Tensor, t: Tensor | float, labels: Tensor | None = None) -> Tensor:
        """Gradient `[B, d]` of the log-density: the way uphill."""
        logs, away, variance = self._parts(x, t, labels)
        return -(logs.softmax(1)[..., None] * away / variance[..., None]).sum(1)

    def noise(self, x: Tensor, t: Tensor | float, labels: Tensor | None = None) -> Tensor:
        """The noise expected in `x` at time `t`: minus t times the score."""
        return -_column(t, x) * self.score(x, t, labels)

    def data(self, x: Tensor, t: Tensor | float, labels: Tensor | None = None) -> Tensor:
        """The clean point expected under `x` at time `t`."""
        logs, away, variance = self._parts(x, t, labels)
        t = _column(t, x)[..., None]
        shrink = (1 - t) * self.stds.to(x).square()[None, :, None] / variance[..., None]
        return (logs.softmax(1)[..., None] * (self.means.to(x) + shrink * away)).sum(1)

    def velocity(self, x: Tensor, t: Tensor | float, labels: Tensor | None = None) -> Tensor:
        """Expected noise less expected data."""
        return self.noise(x, t, labels) - self.data(x, t, labels)

    __call__ = velocity


def _column(t: Tensor | float, x: Tensor) -> Tensor:
    return torch.as_tensor(t, dtype=x.dtype).expand(len(x))[:, None]
