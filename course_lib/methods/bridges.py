"""How many at once? One token a block is next-token prediction, one block is masked prediction. Built in notebook 16.

A model is any callable `model(x, labels, clean, block) -> logits [B, T, K + 1]`: in `x [B, T]` some tokens are
`model.mask_token`; places see `x` within their block and `clean [B, T]` before it. It draws by `model.writer(labels)`,
which remembers; any masked model, `model(x, labels)`, can be drawn from too. Of vectors `x [B, T, V]` the hidden ones
are nan; the model gives `z [B, T, D]`, and `model.head(x_t, t, z)` the velocity of a place. Sources: block diffusion
(arXiv 2503.09573), MAR (2406.11838).
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import runtime
from . import flow
from . import guidance as guide
from .autoregressive import draw
from .masked import schedule
from .shapes import given


def ranks(B: int, T: int, block: int, generator: torch.Generator | None = None) -> Tensor:
    """A random order within each block of T places, 0 for the first: `[B, T]`."""
    u = F.pad(torch.rand(B, T, generator=generator), (0, -T % block), value=2.0)  # none is before a real place
    return u.unflatten(1, (-1, block)).argsort(2).argsort(2).flatten(1)[:, :T]


def weights(B: int, T: int, block: int, generator: torch.Generator | None = None) -> Tensor:
    """What hides places of T, `[B, T]`: 0 where one is seen, else what its error weighs in the bound.

    In each block of b places n are hidden, n uniform in 1..b, and weigh b / n: so a block of one is always hidden.
    """
    sizes = torch.tensor([min(block, T - start) for start in range(0, T, block)])
    counts = (torch.rand(B, len(sizes), generator=generator) * sizes).long() + 1
    sizes, counts = (x.repeat_interleave(block, -1)[..., :T] for x in (sizes, counts))
    return (ranks(B, T, block, generator) < counts) * sizes / counts


def loss(model: Callable, batch: tuple, *, blocks: tuple[int, ...], drop=0.0, draws=4, generator=None) -> Tensor:
    """The bound of `batch` = (tokens [B, …], labels) in nats a token, for one of the `blocks`, drawn for each batch; of
    vectors [B, T, V] the mean squared error of the head's velocity, `draws` times, since the head costs little."""
    labels, vectors = guide.whole(batch[1]), batch[0].is_floating_point()
    x = guide.floats(batch[0], model) if vectors else batch[0].long().flatten(1)
    if drop:
        labels = guide.drop_labels(labels, drop, guide.null_label(model), generator)
    block = blocks[int(torch.randint(len(blocks), (), generator=generator))]
    weight = weights(*x.shape[:2], block, generator).to(x.device)
    hidden = weight > 0
    seen = x.masked_fill(hidden[..., None] if vectors else hidden, torch.nan if vectors else model.mask_token)
    out, x = model(seen, labels, x, block)[hidden], x[hidden]  # [n, K + 1] or [n, D]; [n] or [n, V]
    if vectors:
        x, t = x.repeat(draws, 1), torch.rand(draws * len(x), generator=generator).to(x)  # uniform: the start counts
        x_t, velocity = flow.path(x, torch.randn(x.shape, generator=generator).to(x), t)
        error = (model.head(x_t, t, out.repeat(draws, 1)) - velocity).square().mean(1).view(draws, -1).mean(0)
    else:
        error = F.cross_entropy(out[:, :-1], x, reduction="none")
    return (error * weight[hidden]).sum() / weight.numel()


def passes(T: int, block: int, steps: int | None = None) -> Tensor:
    """In which of `steps` passes over its block (None: one a token) a place is written that has that turn, `[T]`."""
    sizes = [min(block, T - start) for start in range(0, T, block)]
    counts = [schedule(size, min(steps or size, size)) for size in sizes]
    return torch.cat([torch.arange(len(few)).repeat_interleave(torch.tensor(few)) for few in counts])


@torch.no_grad()
def bound(model: Callable, tokens: Tensor, labels: Tensor | None, block: int, steps=None, generator=None) -> Tensor:
    """Nats `[B]` that tokens cost written in blocks, in a random order within each, as `sample` draws them.

    One at a time, the default, that is on average the bound on -log p, and -log p itself where block = 1; in fewer
    `steps` a block what is written together is paid for apart. All blocks go at once: it takes `steps` passes.
    """
    x, labels, total = tokens.flatten(1).long(), guide.whole(labels), 0.0
    rank = ranks(*x.shape, block, generator) + torch.arange(x.shape[1]) // block * block
    turn = passes(x.shape[1], block, steps)[rank].to(x.device)
    for now in range(int(turn.max()) + 1):
        logits = model(x.masked_fill(turn >= now, model.mask_token), labels, x, block)[..., :-1]
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32)).transpose(1, 2)
        total = total + torch.where(turn == now, F.cross_entropy(logits, x, reduction="none"), 0).sum(1)
    return total


def sample(model: Callable, labels: Tensor, *, shape, certain=None, guidance=1.0, generator=None, **dials) -> Tensor:
    """Tokens `[B, *shape]`, block after block. One generator gives a place the same uniform number whatever the blocks.

    With `certain` a pass also writes every token of which one value has that probability or more. The `dials`: `block`,
    how many tokens; `steps`, in how many passes a block, by default one for each token; `known` = (tokens, keep), which
    is given, but in a later block not seen yet; `callback(i, tokens [B, T])`, at the start (i = 0) and after each pass.
    """
    labels, own = guide.check(labels, guidance), runtime.streams(len(labels), generator)
    u = runtime.uniforms(len(labels), (math.prod(shape),), own, like=labels.device)
    led = lambda out: _guided(out[..., :-1], guidance)  # noqa: E731
    sure = certain and (lambda out: led(out).softmax(-1).amax(-1) >= certain)
    x = torch.full((len(u), *shape), model.mask_token, device=u.device)
    return _written(model, labels, x, own, guidance, lambda out, at: draw(led(out), u[at]), sure, **dials).view(x.shape)


def sample_vectors(
    model, labels: Tensor, *, shape, head_steps=10, solver=flow.heun, guidance=1.0, generator=None, **dials
) -> Tensor:
    """Vectors `[B, T, V]` (`shape`) as in `sample`, each from a noise of its own by `head_steps` of the head.

    As many steps of Euler draw too little variance, and each place builds on those before it.
    """
    labels, own = guide.check(labels, guidance), runtime.streams(len(labels), generator)
    noise = guide.floats(runtime.noise(len(labels), shape, own, like=labels.device), model)

    def write(z: Tensor, at: tuple) -> Tensor:
        head = lambda x, t: model.head(x.expand(len(z), -1, -1), x.new_full(z.shape[:2], t), z)  # noqa: E731
        return flow.solve(lambda x, t: _guided(head(x, t), guidance), noise[at], steps=head_steps, solver=solver)

    return _written(model, labels, torch.full_like(noise, torch.nan), own, guidance, write, None, **dials)


def _guided(out: Tensor, scale: float) -> Tensor:
    """What is led, of answers `[1, …]`, or with and without labels `[2, …]`."""
    return out[0] if len(out) == 1 else guide.combine(*out, scale)


@torch.no_grad()
def _written(model, labels, x, own, guidance, write, sure, block=1, steps=None, known=None, callback=None) -> Tensor:
    """`x`, all hidden, filled block after block: by turns in a random order, and wherever it is `sure`."""
    tokens = None if x.is_floating_point() else model.mask_token
    known, x = given(known, x.shape, x.device, tokens), x if tokens is None else x.flatten(1)
    B, T, *_ = x.shape
    steps, done, hidden = block if steps is None else steps, 0, torch.ones(B, T, dtype=torch.bool, device=x.device)
    if not 1 <= block <= T or not 1 <= steps <= block or block != int(block) or steps != int(steps):
        raise ValueError(f"block={block} must be a whole number in 1..{T}, and steps={steps} one in 1..block.")
    if known is not None:
        clean, keep = (part.view(B, T, -1) for part in known)
        hidden, x = ~keep.all(-1), torch.where(keep.all(-1, True), clean.to(x), x.view(B, T, -1)).view(x.shape)
    order, look = runtime.uniforms(B, (T,), own, like=x.device), _looker(model, labels, guidance)
    tell = callback or (lambda i, x: None)
    tell(0, x.clone())
    for start in range(0, T, block):
        here = slice(start, min(start + block, T))
        for count in schedule(here.stop - start, min(steps, here.stop - start)):
            left = hidden[:, here]
            if not left.any():
                break
            out = look(x, start, here.stop)  # [1 or 2, B, n, …]
            turn = order[:, here].masked_fill(~left, -1).argsort(1, descending=True).argsort(1)
            row, place = (left & ((turn < count) | sure(out) if sure else turn < count)).nonzero(as_tuple=True)
            at, done = (row, place + start), done + 1
            x[at], hidden[at] = write(out[:, row, place], at), False
            tell(done, x.clone())
    return x


def _looker(model: Callable, labels: Tensor, guidance: float) -> Callable:
    """`(x, start, stop) -> [1 or 2, B, n, …]`: the answers within a block, and those without labels if it is guided."""
    times = 1 if guidance == 1 else 2
    labels = labels if times == 1 else guide.doubled(labels, guide.null_label(model))

    def whole(x: Tensor, start: int, stop: int) -> Tensor:
        later = torch.arange(x.shape[1], device=x.device) >= stop
        return model(x.masked_fill(later, model.mask_token), labels)[:, start:stop]

    look = model.writer(labels) if hasattr(model, "writer") else whole
    return lambda x, *where: look(torch.cat([x] * times), *where).unflatten(0, (times, -1))
