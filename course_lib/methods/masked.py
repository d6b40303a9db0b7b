"""What is hidden here? Predict masked tokens, many at once and in any order. Built in notebook 06.

A model is any callable `model(tokens, labels) -> logits` with `logits.shape == tokens.shape + (K + 1,)`: the last id of
its vocabulary, K = `model.mask_token`, is the mask, which may be seen and is never predicted. Sources: MaskGIT (arXiv
2202.04200), MDLM (2406.07524), Halton order (2503.17076).
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import runtime
from . import guidance as guide
from .autoregressive import draw
from .shapes import Known, given

PLACES = 256  # are drawn at once: their float64 logits then stay in a processor's cache
Order = Callable[[Tensor, Tensor, Tensor], Tensor]  # (log p of the guesses, uniforms, share done [B, 1]) -> rank


def hide(tokens: Tensor, counts: Tensor, mask: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Put `mask` at `counts [B]` random places of each row of `tokens [B, T]`; gives the row and what is hidden."""
    rank = torch.rand(tokens.shape, generator=generator).argsort(1).argsort(1).to(tokens.device)
    hidden = rank < counts[:, None].to(tokens.device)
    return tokens.masked_fill(hidden, mask), hidden


def cosine(u: Tensor, T: int) -> Tensor:
    """How many of T tokens are hidden at time `u` in [0, 1]: all at 1, and most times lie where many are."""
    return (torch.sin(math.pi / 2 * u) * T).ceil().clamp(1, T).long()


def loss(model: Callable, batch: tuple[Tensor, Tensor], *, drop: float = 0.0, generator=None) -> Tensor:
    """Mean cross-entropy of the hidden tokens of `batch` = (tokens [B, …], labels), hidden by the cosine schedule."""
    tokens, labels = batch[0].long(), guide.whole(batch[1])
    flat = tokens.flatten(1)
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    counts = cosine(torch.rand(len(flat), generator=generator), flat.shape[1])
    seen, hidden = hide(flat, counts, model.mask_token, generator)
    logits = predict(model, seen.view_as(tokens), labels).flatten(1, -2)
    return F.cross_entropy(logits[hidden], flat[hidden])


def predict(model: Callable, tokens: Tensor, labels: Tensor | None) -> Tensor:
    """Logits of the K real tokens: the mask itself is never an answer."""
    return model(tokens, labels)[..., :-1]


@torch.no_grad()
def bound(
    model: Callable, tokens: Tensor, labels: Tensor | None, draws: int = 1, generator: torch.Generator | None = None
) -> Tensor:
    """An estimate of the masked bound on -log p of each picture, `[B]`, in nats; unbiased, never below on average.

    With n of T tokens hidden, n uniform, the bound is T/n times the sum of their cross-entropies: just what a model
    that writes one token after another in a random order pays on average (arXiv 2110.02037).
    """
    flat, labels, total = tokens.flatten(1).long(), guide.whole(labels), 0.0
    B, T = flat.shape
    for _ in range(draws):
        counts = torch.randint(1, T + 1, (B,), generator=generator)
        seen, hidden = hide(flat, counts, model.mask_token, generator)
        logits = predict(model, seen.view_as(tokens), labels).flatten(1, -2)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        each = F.cross_entropy(logits.transpose(1, 2), flat, reduction="none") * hidden
        total = total + each.sum(1) * T / counts.to(flat.device)
    return total / draws


@torch.no_grad()
def nats_in_order(model: Callable, tokens: Tensor, labels: Tensor | None, order: Tensor) -> Tensor:
    """Exact nats `[B]` of the tokens at the places `order [B, n]`, written in that order, all others given.

    With n = T nothing is given: -log p of each picture in that order; its mean over all orders is the `bound`.
    """
    flat, labels = tokens.flatten(1).long(), guide.whole(labels)
    rows = torch.arange(len(tokens), device=tokens.device)
    seen, total = flat.scatter(1, order.long(), model.mask_token), 0.0
    for place in order.unbind(1):
        logits = predict(model, seen.view_as(tokens), labels).flatten(1, -2)[rows, place]
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        total = total + F.cross_entropy(logits, flat[rows, place], reduction="none")
        seen[rows, place] = flat[rows, place]
    return total


def random(log_p: Tensor, uniforms: Tensor, done: Tensor) -> Tensor:
    """Any order: each place is as good as another."""
    return uniforms


def raster(log_p: Tensor, uniforms: Tensor, done: Tensor) -> Tensor:
    """Row by row, as we read."""
    return -torch.arange(log_p.shape[1], device=log_p.device, dtype=log_p.dtype).expand_as(log_p)


def confidence(log_p: Tensor, uniforms: Tensor, done: Tensor, noise: float = 4.5) -> Tensor:
    """The surest first, with Gumbel noise that fades as the picture fills (MaskGIT)."""
    gumbel = -(-uniforms.clamp(1e-12, 1 - 1e-12).log()).log()
    return log_p + noise * (1 - done) * gumbel


def halton(grid: tuple[int, int]) -> Order:
    """The order in which a Halton sequence (bases 2 and 3) visits the grid: neighbours come late and far apart."""
    ranks = torch.full((grid[0] * grid[1],), -1.0)
    place, found = 0, 0
    while found < len(ranks):
        place += 1
        cell = int(_van_der_corput(place, 2) * grid[0]) * grid[1] + int(_van_der_corput(place, 3) * grid[1])
        if ranks[cell] < 0:
            ranks[cell], found = found, found + 1
    return lambda log_p, uniforms, done: -ranks.to(log_p).expand_as(log_p)


def _van_der_corput(i: int, base: int) -> float:
    """The digits of i in `base`, mirrored at the point."""
    out, scale = 0.0, 1.0
    while i:
        scale /= base
        out += i % base * scale
        i //= base
    return out


def schedule(T: int, steps: int) -> list[int]:
    """How many of T hidden tokens each of at most T `steps` reveals: few at first, at least one, T in all (cosine)."""
    left, counts = T, []
    for i in range(1, steps + 1):
        target = math.floor(T * math.cos(math.pi / 2 * i / steps) + 1e-9)
        counts.append(max(1, min(left - (steps - i), left - target)))
        left -= counts[-1]
    return counts


@torch.no_grad()
def sample(
    model: Callable,
    labels: Tensor,
    *,
    shape: tuple[int, ...],
    steps: int = 12,
    guidance: float = 1.0,
    temperature: float = 1.0,
    order: Order = confidence,
    generator: torch.Generator | None = None,
    known: Known | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Tokens `[B, *shape]` in `steps` passes; the same generator gives the same picture in any batch (fp32).

    Every pass guesses all hidden tokens and keeps those that `order` ranks highest; nothing is hidden again, and no
    mask is ever returned. `known` = (tokens, keep), both `[B, *shape]`, are given tokens, which never change: the rest
    is filled in. Draws are made in float64. `callback(i, tokens [B, T])` is called with the start (i = 0) and after
    each pass.
    """
    labels = guide.check(labels, guidance)
    if not temperature >= 0 or math.isinf(temperature):
        raise ValueError(f"temperature={temperature} must be a number >= 0 (0 takes the likeliest token).")
    B, T, mask = len(labels), math.prod(shape), model.mask_token
    if not 1 <= steps <= T or steps != int(steps):
        raise ValueError(f"steps={steps} must be a whole number in 1..{T}: each step reveals at least one token.")
    home = runtime.float64_device(labels.device)
    tokens = torch.full((B, T), mask, device=home)
    if known is not None:
        x, keep = given(known, (B, *shape), home, tokens=mask)
        tokens = torch.where(keep, x, mask).flatten(1)
    hidden = (tokens == mask).sum(1)
    counts = _counts(hidden, int(steps))
    u = runtime.uniforms(B, (2, int(steps), T), generator, like=home).double()
    guided = guide.guided(lambda x, y: predict(model, x, y), guidance, getattr(model, "null", None))
    if callback is not None:
        callback(0, tokens)
    for i, count in enumerate(counts):
        here = tokens == mask  # only there is anything drawn: the vocabulary is what a pass costs beside the network
        logits = guided(tokens.view(B, *shape).to(labels.device), labels).flatten(1, -2)[here.to(labels.device)]
        parts = zip(logits.to(home).split(PLACES), u[:, 0, i][here].split(PLACES))
        drawn, log_p = map(torch.cat, zip(*(_draw(few.double(), v, temperature) for few, v in parts)))
        done = 1 - here.sum(1, keepdim=True).double() / T  # of each picture by itself
        rank = order(torch.zeros_like(u[:, 0, i]).masked_scatter(here, log_p), u[:, 1, i], done)
        rank = rank.masked_fill(~here, -math.inf).argsort(dim=1, descending=True, stable=True).argsort(1)
        guess = tokens.masked_scatter(here, drawn)
        tokens = torch.where((rank < count[:, None]) & here, guess, tokens)
        if callback is not None:
            callback(i + 1, tokens)
    return tokens.view(B, *shape).to(labels.device)


def _counts(hidden: Tensor, steps: int) -> list[Tensor]:
    """For each step how many of the `hidden [B]` tokens of each picture are revealed, `[B]`."""
    rows = {n: schedule(n, min(steps, n)) if n else [] for n in set(hidden.tolist())}
    length = max(map(len, rows.values()))
    table = torch.tensor([rows[n] + [0] * (length - len(rows[n])) for n in hidden.tolist()], device=hidden.device)
    return list(table.unbind(1))


def _draw(logits: Tensor, u: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """One token for each place of `[n, K]`, and its log-probability."""
    log_p = logits.log_softmax(-1)
    warm = log_p if temperature == 1 else log_p / max(temperature, 1e-300)
    guess = log_p.argmax(-1) if temperature == 0 else draw(warm, u)
    return guess, log_p.gather(-1, guess[:, None]).squeeze(-1)
