"""Words and pictures in one sequence: losses that share a body, and the next segment. Built in notebook 17.

A batch is `(order [B, S], graded [B, S], words [B, n, L], pictures [B, m, T] or [B, m, T, V])`: which segments are
pictures (the same in all rows), which the model has to write, and what they are; 0 is the word that ends a text. A
model is any callable `model(order, words, pictures[, noisy, t]) -> (logits of words [B, n, L, W], what it says of
pictures)`; a conversation is anything that can `hear` and answers `next` or `velocity`: see `networks.joint.Talk`.
Sources: Chameleon (arXiv 2405.09818), Transfusion (2408.11039).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import runtime
from . import flow
from .autoregressive import draw, filter_logits


def parts(model: Callable, batch: tuple[Tensor, ...], *, shift: float = 1.0, generator=None) -> tuple[Tensor, Tensor]:
    """Nats a word of the graded texts, each up to its end, and of the graded pictures nats a token, or the mean squared
    error of the velocity where pictures are vectors: then each is seen clean by what follows and once more noisy, at
    `flow.times` of this `shift`."""
    order, graded, words, pictures = batch
    shown, noisy = order[0].bool(), ()
    wanted = graded[:, shown]
    if pictures.ndim > 3:
        first = int((wanted.any(0).cumsum(0) == 0).sum())  # none before the first that is wanted is ever noisy
        x, wanted = pictures[:, first:].flatten(0, 1), wanted[:, first:]
        noise, t = torch.randn(x.shape, generator=generator).to(x), flow.times(len(x), generator, shift).to(x)
        x_t, velocity = flow.path(x, noise, t)
        noisy = x_t.unflatten(0, wanted.shape), t.view(wanted.shape)
    said, drawn = model(shown.tolist(), words, pictures, *noisy)
    if noisy:
        each = (drawn - velocity.unflatten(0, wanted.shape)).square().mean(-1)
    else:
        each = F.cross_entropy(drawn.movedim(-1, 1), pictures, reduction="none")
    nats = F.cross_entropy(said.movedim(-1, 1), words, reduction="none")
    spelt = F.pad(words[..., :-1] != 0, (1, 0), value=True) & graded[:, ~shown, None]
    return _mean(nats, spelt), _mean(each, wanted[..., None].expand(each.shape))


def _mean(each: Tensor, wanted: Tensor) -> Tensor:
    """The mean of what is wanted; 0 where nothing is."""
    return (each * wanted).sum() / wanted.sum().clamp(min=1)


def loss(model: Callable, batch: tuple[Tensor, ...], *, weight: float = 1.0, **dials) -> Tensor:
    """`parts` with these dials, that of the pictures times `weight`: which direction is learned first hangs on it."""
    text, picture = parts(model, batch, **dials)
    return text + weight * picture


@torch.no_grad()
def reply(
    talk,
    picture: bool,
    shape: tuple[int, ...],
    *,
    batch: int = 1,
    steps: int = 8,
    shift: float = 1.0,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """The next segment `[batch, *shape]` of a conversation, which does not hear it yet: ids of shape (L,), one after
    another at this temperature, or vectors of shape (T, V) out of noise in so many steps, at times of this `shift`."""
    if len(shape) == 2:
        noise = runtime.noise(batch, shape, generator)
        return flow.solve(
            lambda x, t: talk.velocity(x, x.new_full((batch,), t)), noise, steps=steps, shift=shift, callback=callback
        )
    u = runtime.uniforms(batch, shape, generator)
    x = torch.zeros_like(u, dtype=torch.long)
    for i in range(shape[0]):
        new = draw(filter_logits(talk.next(picture, x, i), temperature), u[:, i])
        x[:, i] = new if picture or not i else new * (x[:, i - 1] > 0)
        if callback is not None:
            callback(i + 1, x.clone())
        if not picture and not x[:, i].any():
            break
    return x


def first_in_sight(k: int, turns: int) -> int:
    """The picture (0: what was given) with which the last `turns` turns begin, of which instruction `k` is the last."""
    return max(k + 1 - turns, 0)


def sample(model, labels: Tensor, *, shape: tuple[int, ...], guidance: float = 1.0, **dials) -> Tensor:
    """Pictures `[B, *shape]` of texts `labels [B, L]`, each a first answer, with the dials of `reply`."""
    if guidance != 1:
        raise ValueError(f"guidance={guidance} must be 1: a conversation has no version without what was said.")
    talk = model.talk()
    talk.hear(False, labels)
    return reply(talk, True, shape, batch=len(labels), **dials)
