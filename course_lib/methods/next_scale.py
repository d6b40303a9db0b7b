"""What comes at the next scale? All tokens of a scale at once, coarse to fine. Built in notebook 07.

A model is any callable `model(features [B, n, d], labels [B]) -> logits [B, n, K]` for the first n positions of all
scales, where a position sees its own scale and coarser ones. `pyramid` is a `MultiScale` quantiser: it turns the codes
of coarser scales into the features of the next. Source: VAR (arXiv 2404.02905).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import runtime
from . import autoregressive
from . import guidance as guide
from .shapes import Known, given


def loss(
    model: Callable, batch: tuple[Tensor, Tensor], *, pyramid: Callable, drop: float = 0.0, generator=None
) -> Tensor:
    """Mean cross-entropy in nats a token of `batch` = (tokens [B, T], labels), true coarser codes given."""
    tokens, labels = batch[0].long(), guide.whole(batch[1])
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    logits = model(pyramid.inputs(tokens)[:, : tokens.shape[1]], labels)
    return F.cross_entropy(logits.flatten(0, -2), tokens.flatten())


def pyramid_loss(pyramid: Callable, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """Mean squared error of the sum of the scales, after each scale, for `batch` = (latents [B, d, S, S], labels)."""
    latents = guide.floats(batch[0], pyramid)
    return sum(F.mse_loss(total, latents) for total in pyramid.partial(pyramid.encode(latents)))


@torch.no_grad()
def nats(model: Callable, tokens: Tensor, labels: Tensor | None, *, pyramid: Callable) -> Tensor:
    """Exact negative log-likelihood of all tokens of each picture, `[B]`, in nats."""
    tokens, labels = tokens.long(), guide.whole(labels)
    logits = model(pyramid.inputs(tokens)[:, : tokens.shape[1]], labels)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.cross_entropy(logits.transpose(1, 2), tokens, reduction="none").sum(1)


@torch.no_grad()
def sample(
    model: Callable,
    labels: Tensor,
    *,
    pyramid: Callable,
    guidance: float = 1.0,
    ramp: bool = True,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
    known: Known | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Tokens `[B, T]` of all scales, one pass a scale; the same generator gives the same picture in any batch (fp32).

    With `ramp` guidance grows from 1 at the coarsest scale to `guidance` at the finest: early choices stay varied.
    `known` = (tokens, keep), both `[B, T]`, are the first scales, whole, kept as they are, with no pass for them.
    `callback(k, tokens so far [B, n])` is called with the start (k = 0) and with k scales after each that is drawn.
    """
    autoregressive.check_sampling(temperature, top_k, top_p)
    labels = guide.check(labels, guidance)
    B, groups = len(labels), pyramid.groups
    u = runtime.uniforms(B, (sum(groups),), generator, like=labels.device)
    tokens = _whole(known, B, pyramid, labels)
    if callback is not None:
        callback(0, tokens)
    for k, size in enumerate(groups):
        if sum(groups[: k + 1]) <= tokens.shape[1]:
            continue
        scale = 1 + (guidance - 1) * (k / max(len(groups) - 1, 1) if ramp else 1)
        features = pyramid.inputs(tokens)
        logits = guide.guided(model, scale)(features, labels)[:, -size:]  # [B, size, K]
        logits = autoregressive.filter_logits(logits.flatten(0, 1), temperature, top_k, top_p)
        here = slice(tokens.shape[1], tokens.shape[1] + size)
        tokens = torch.cat([tokens, autoregressive.draw(logits, u[:, here].flatten()).view(B, size)], 1)
        if callback is not None:
            callback(k + 1, tokens)
    return tokens


def _whole(known: Known | None, B: int, pyramid: Callable, like: Tensor) -> Tensor:
    """The tokens `[B, n]` of the scales that `known` gives, which must be whole ones from the coarsest on."""
    if known is None:
        return torch.zeros(B, 0, dtype=torch.long, device=like.device)
    groups = pyramid.groups
    x, keep = given(known, (B, sum(groups)), like.device, tokens=pyramid.vq.count)
    ends = [sum(groups[:k]) for k in range(len(groups) + 1)]
    n = int(keep[:1].sum())
    if n not in ends or not keep[:, :n].all() or keep[:, n:].any():
        raise ValueError(
            f"known must keep whole scales, the first n tokens with n in {ends}, the same n in each picture."
        )
    return x[:, :n]
