"""What comes next? The chain rule as a loss and as a sampler. Built in notebooks 02 and 03.

A model is any callable `model(tokens, labels) -> logits` with `logits.shape == tokens.shape + (K,)`, where the logits
at a position depend on earlier positions only (raster order). A model may offer `model.decoder(labels)`: a callable
`(tokens [B, T], i) -> logits [B, K]`, asked with growing i, that remembers what it has read.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import runtime
from . import guidance as guide
from .shapes import Known, given


def loss(model: Callable, batch: tuple[Tensor, Tensor], *, drop: float = 0.0, generator=None) -> Tensor:
    """Mean cross-entropy in nats a token of `batch` = (tokens, labels); labels are dropped with probability `drop`."""
    tokens, labels = batch[0].long(), guide.whole(batch[1])
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    logits = model(tokens, labels)
    return F.cross_entropy(logits.flatten(0, -2), tokens.flatten())


@torch.no_grad()
def nats(model: Callable, tokens: Tensor, labels: Tensor | None) -> Tensor:
    """Exact negative log-likelihood of each picture, `[B]`, in nats: the sum over its tokens."""
    tokens, labels = tokens.long(), guide.whole(labels)
    logits = model(tokens, labels)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    each = F.cross_entropy(logits.flatten(0, -2), tokens.flatten(), reduction="none")
    return each.view(len(tokens), -1).sum(1)


def filter_logits(logits: Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Logits `[B, K]` of the changed distribution: sharpened, then cut to the `top_k` likeliest (0: all), then to the
    fewest tokens whose probability reaches `top_p`. Temperature 0 leaves only the likeliest.
    """
    check_sampling(temperature, top_k, top_p)
    if temperature == 0:
        return torch.full_like(logits, -math.inf).scatter(-1, logits.argmax(-1, keepdim=True), 0.0)
    # The likeliest at 0, and a temperature that fp32 can hold: nothing overflows to inf / inf.
    logits = (logits - logits.amax(-1, keepdim=True)) / min(max(temperature, 1e-30), 1e30)
    if 0 < top_k < logits.shape[-1]:
        logits = logits.masked_fill(logits < logits.topk(top_k).values[..., -1:], -math.inf)
    if top_p < 1:
        ordered, order = logits.sort(-1, descending=True)
        before = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)  # probability of everything likelier
        gone = before >= top_p
        gone[..., 0] = False  # the likeliest stays, even where top_p is too small for fp32
        logits = logits.masked_fill(gone.gather(-1, order.argsort(-1)), -math.inf)
    return logits


def draw(logits: Tensor, u: Tensor) -> Tensor:
    """One token for each place of `[…, K]` by inverting the cumulative distribution at uniform `u […]` in [0, 1)."""
    cdf = logits.softmax(-1).cumsum(-1)
    at = (u[..., None] * cdf[..., -1:]).clamp_(
        min=torch.finfo(cdf.dtype).tiny
    )  # above 0: nothing impossible is reached
    return torch.searchsorted(cdf, at).squeeze(-1)


@torch.no_grad()
def sample(
    model: Callable,
    labels: Tensor,
    *,
    shape: tuple[int, ...],
    guidance: float = 1.0,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
    known: Known | None = None,
    cache: bool = True,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Tokens `[B, *shape]`, one after another; the same generator gives the same picture in any batch (fp32).

    `labels [B]`; `known` = (tokens, keep), both `[B, *shape]`, are given tokens, kept as they are: a token that comes
    before them does not know them. `cache=False` recomputes everything at every step; `callback(i, tokens [B, T])` is
    called with the start (i = 0) and with the first i tokens after each new one.
    """
    check_sampling(temperature, top_k, top_p)
    labels = guide.check(labels, guidance)
    B, T, where = len(labels), math.prod(shape), labels.device
    u = runtime.uniforms(B, (T,), generator, like=where)
    x, keep = given(known, (B, *shape), where, tokens=2**62) or torch.zeros(2, B, T, dtype=torch.long, device=where)
    tokens, keep = x.flatten(1), keep.flatten(1).bool()
    step = _stepper(model, labels, shape, guidance, cache)
    plain = temperature == 1 and top_k == 0 and top_p == 1
    if callback is not None:
        callback(0, tokens.clone())
    whole = keep.all(0).tolist()
    for i in range(T):
        if i and whole[i]:
            continue  # what all have is read with the next step: a whole prefix in one
        logits = step(tokens, i)
        if i == 0:
            given(known, (B, *shape), where, tokens=logits.shape[-1])  # now it is known how many there are
            if whole[0]:
                continue
        new = draw(logits if plain else filter_logits(logits, temperature, top_k, top_p), u[:, i])
        tokens[:, i] = torch.where(keep[:, i], tokens[:, i], new)
        if callback is not None:
            callback(i + 1, tokens.clone())
    return tokens.view(B, *shape)


def _stepper(model: Callable, labels: Tensor, shape: tuple[int, ...], scale: float, cache: bool) -> Callable:
    """`(tokens [B, T], i) -> guided logits [B, K]`, remembering earlier steps where the model can."""
    both = guide.doubled(labels, guide.null_label(model)) if scale != 1 else labels
    if cache and hasattr(model, "decoder"):
        one = model.decoder(both)
    else:

        def one(tokens, i):
            return model(tokens.view(-1, *shape), both).flatten(1, -2)[:, i]

    if scale == 1:
        return one
    return lambda tokens, i: guide.combine(*one(torch.cat([tokens, tokens]), i).chunk(2), scale)


def check_sampling(temperature: float, top_k: int, top_p: float) -> None:
    """ValueError where one of the dials is no number that it can be."""
    if not temperature >= 0 or math.isinf(temperature):
        raise ValueError(f"temperature={temperature} must be a number >= 0 (0 takes the likeliest token).")
    if not 0 <= top_k < math.inf or top_k != int(top_k):
        raise ValueError(f"top_k={top_k} must be a whole number >= 0 (0 keeps all tokens).")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p} must lie in (0, 1] (1 keeps all tokens).")
