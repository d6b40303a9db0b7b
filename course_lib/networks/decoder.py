"""One token at a time, or many, with a KV cache: the same trunk as in training. Built in notebook 03."""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import check_step
from .layers import at_least_float32

STAGES = 4  # on a CPU the cache's room grows in so many steps


class Cache:
    """Keys and values of what was read, layer by layer; `attention` adds to them and looks at all.

    Position i sees positions up to i. `static` (the default on CUDA) keeps every shape the same at all positions, as
    compiled programs want.
    """

    def __init__(self, depth: int, rows: int, length: int, like: Tensor, static: bool | None = None):
        self.static = like.is_cuda if static is None else static
        # Matrices that lie in memory side by side multiply several times faster than parts of a larger buffer, so the
        # cache has no more room than it needs soon; what is not written yet is hidden.
        self.stage, self.done = length if self.static else -(-length // STAGES), 0
        self.keys, self.values = like.new_zeros(2, depth, rows, self.stage, like.shape[-1])
        self.hidden = like.new_full((length, length + self.stage), -math.inf).triu_(1)
        self._open()

    def _open(self) -> None:
        self.layers = list(zip(self.keys, self.keys.transpose(2, 3), self.values, strict=True))

    def next(self, n: int) -> slice | Tensor:
        """Where the next `n` positions stand; there is room for them from now on."""
        start, self.done = self.done, self.done + n
        while self.done > self.keys.shape[2]:
            self.keys, self.values = (F.pad(cache, (0, 0, 0, self.stage)) for cache in (self.keys, self.values))
            self._open()
        return torch.arange(start, self.done, device=self.keys.device) if self.static else slice(start, self.done)

    def attention(self, at: slice | Tensor) -> Callable:
        """`attend(layer, q, k, v)`, each `[B·h, n, d]`, at new positions `at`: over themselves and all earlier ones."""
        hidden = self.hidden[at, : self.keys.shape[2]]  # [n, room]

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            keys, across, values = self.layers[layer]
            keys[:, at], values[:, at] = k, v
            weights = torch.baddbmm(hidden, q, across).softmax(-1)  # [B·h, n, room]
            return torch.bmm(weights, values)  # [B·h, n, d]

        return attend


def product(weight: Tensor, dtype: torch.dtype) -> Callable:
    """`x [R, in] -> x @ weight.T`, laid out for few rows: the transpose lies in memory, in the dtype of products."""
    matrix = weight.detach().t().to(dtype).contiguous()
    if dtype == at_least_float32(matrix[:0]).dtype:
        return lambda x: torch.mm(x, matrix)
    return lambda x: torch.mm(x.to(dtype), matrix).to(x.dtype)


def turned(attention: nn.Module, dtype: torch.dtype) -> Callable:
    """`SelfAttention.project` laid out for few rows: a rotation is a product with a complex number.

    Rows of the matrix go where pairs (i, i + d/2) of queries and keys are neighbours, each head's three side by side.
    """
    h, weight = attention.heads, attention.qkv.weight
    rows = torch.arange(len(weight), device=weight.device).view(3, h, 2, -1)
    pairs = torch.cat([rows[:2].transpose(2, 3).flatten(2), rows[2:].flatten(2)])  # [3, h, d]
    qkv = product(weight[pairs.transpose(0, 1).flatten()], dtype)

    def project(x: Tensor, turn: Tensor) -> tuple[Tensor, ...]:
        n, _ = turn.shape
        out = qkv(x).view(turn.dtype)  # [B·n, 3·D / 2]
        out = (out * turn if n == 1 else (out.unflatten(0, (-1, n)) * turn)).view(x.dtype)
        if n > 1:  # [B, n, h, 3, d]
            out = out.view(-1, n, h, 3, x.shape[1] // h).permute(0, 2, 3, 1, 4).contiguous()
        return out.view(-1, 3, n, x.shape[1] // h).unbind(1)  # each [B·h, n, d]

    return project


class Decoder:
    """Callable `(tokens [B, T], i) -> logits [B, K]` for position i of a causal `Transformer`, in growing order.

    Keys and values of earlier positions are kept, so a step costs the positions that are new: one, a block, or at
    first a whole prefix. Every row of the batch owns its rows of the cache; the first step also reads the labels.
    Under autocast the matrices are kept in its dtype, the cache and all else in fp32: faster for large batches, but
    not the same tokens.
    """

    def __init__(self, model: nn.Module, labels: Tensor, static: bool | None = None):
        c, where, weight = model.config, labels.device.type, model.head.weight.detach()
        dtype = torch.get_autocast_dtype(where) if torch.is_autocast_enabled(where) else weight.dtype
        like = at_least_float32(weight.new_zeros(c.width // c.heads))
        self.model, self.labels, self.length = model, labels, c.length
        self.cache = Cache(c.depth, len(labels) * c.heads, len(model.cos), like, static)
        self.blocks = [_laid_out(block, dtype) for block in model.blocks]
        self.head = product(model.answers(), dtype)
        half = model.cos.shape[1] // 2
        turn = torch.complex(at_least_float32(model.cos[:, :half]), at_least_float32(model.sin[:, half:]))  # [T, d / 2]
        # The queries' turn also holds the scale of the scores, the values' is 1.
        self.turn = torch.cat([turn / math.sqrt(2 * half), turn, torch.ones_like(turn)], dim=1).repeat(
            1, c.heads
        )  # [T, 3·D / 2]

    @torch.inference_mode()
    def __call__(self, tokens: Tensor, i: int) -> Tensor:
        where, read = tokens.device.type, max(self.cache.done - self.labels.shape[1], 0)
        check_step(tokens, i, (len(self.labels), self.length), read + 1 if self.cache.done else 0)
        if torch.is_autocast_enabled(where):
            with torch.autocast(where, enabled=False):
                return self(tokens, i)
        h = self.model.embed(tokens[:, read:i])  # [B, n, D]
        if not self.cache.done:
            h = torch.cat([self.model.label(self.labels), h], dim=1)
        return self.read(at_least_float32(h), self.cache.next(h.shape[1]))

    def read(self, h: Tensor, at: slice | Tensor) -> Tensor:
        """Logits `[B, K]` after embedded positions `[B, n, D]` that stand at `at`."""
        B, n, _ = h.shape
        h = self.model.placed(h, at).flatten(0, 1)  # [B·n, D]
        h = self.model.trunk(h, self.turn[at], self.cache.attention(at), blocks=self.blocks)
        return self.model.predict(h.view(B, n, -1)[:, -1], head=self.head)


def _laid_out(block: nn.Module, dtype: torch.dtype) -> Callable:
    """The block's own `forward` over matrices laid out for few rows."""
    attention, mlp = block.attention, block.mlp
    parts = {"project": turned(attention, dtype), "out": product(attention.out.weight, dtype)}
    attend = _bare(attention, merge=partial(_merged, attention.heads), **parts)
    think = _bare(mlp, up=product(mlp.up.weight, dtype), down=product(mlp.down.weight, dtype))
    return _bare(block, offset=None, attention=attend, mlp=think)


def _merged(heads: int, y: Tensor) -> Tensor:
    """Heads side by side again: `[B·h, n, d]` to `[B·n, D]`."""
    rows, n, d = y.shape
    return (
        y.view(rows // heads, heads * d) if n == 1 else y.view(-1, heads, n, d).transpose(1, 2).reshape(-1, heads * d)
    )


def _bare(module: nn.Module, **parts) -> Callable:
    """The `forward` of another module of this class, made of `parts`: plain callables cost less than modules."""
    out = type(module).__new__(type(module))
    nn.Module.__init__(out)
    for name, part in parts.items():
        setattr(out, name, part)
    return out.forward
