"""One token at a time with a KV cache. Built in notebook 03."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import at_least_float32, check_step

STAGES = 4  # on a CPU the cache's room grows in so many steps


class TransformerDecoder:
    """Callable `(tokens [B, T], i) -> logits [B, K]` for position i = 0, 1, 2, … of a causal `Transformer`.

    Keys and values of earlier positions are kept, so a step costs one position instead of i. Every row of the batch
    owns its rows of the cache. Steps must come in order; the first one also reads the label tokens.

    A step allocates nothing that lasts. `static` (the default on CUDA) keeps every shape and the program itself the
    same at all positions, so that a step can be captured once and replayed. Under autocast the matrices are kept in
    its dtype, the cache and all else in fp32: faster for large batches, but not the same tokens.
    """

    def __init__(self, model, labels: Tensor, static: bool | None = None):
        c, (B, context), where = model.config, labels.shape, labels.device.type
        d, T, weight = c.width // c.heads, context - 1 + c.length, model.head.weight
        self.dtype = torch.get_autocast_dtype(where) if torch.is_autocast_enabled(where) else weight.dtype
        self.static = where == "cuda" if static is None else static
        self.labels, self.length, self.rows, self.done = labels, c.length, B * c.heads, 0
        self.label, self.embedding, self.position = (
            at_least_float32(table.detach()) for table in (model.label.weight, model.read.weight, model.position)
        )
        # Matrices that lie in memory side by side multiply several times faster than parts of a larger buffer, so the
        # cache has no more room than it needs soon; what is not written yet is hidden.
        self.room = T if self.static else -(-T // STAGES)
        self.keys, self.values = self.position.new_zeros(2, c.depth, self.rows, self.room, d)
        self.hidden = self.position.new_full((T, T + self.room), -math.inf).triu_(1)
        self.at = torch.zeros(1, dtype=torch.long, device=labels.device)

        # A rotation is a product with a complex number. The queries' also holds the scale of the scores, the values'
        # is 1. Rows of the matrices go where pairs (i, i + d/2) are neighbours, and each head's q, k, v lie together.
        turn = torch.complex(at_least_float32(model.cos), at_least_float32(model.sin))  # [T, d / 2]
        self.turn = torch.cat([turn / math.sqrt(d), turn, torch.ones_like(turn)], dim=1).repeat(1, c.heads)
        pairs = torch.arange(3 * c.width, device=labels.device).view(3, c.heads, 2, d // 2)
        order, columns = pairs.permute(1, 0, 3, 2).flatten(), pairs[0].transpose(1, 2).flatten()
        self.layers = [
            (
                self._matrix(block.attention.qkv.weight.index_select(0, order)),
                self._matrix(block.attention.out.weight).index_select(0, columns),
                self._matrix(block.mlp.up.weight),
                self._matrix(block.mlp.down.weight),
            )
            for block in model.blocks
        ]
        self.head = self._matrix(weight)
        self.product, self.add_product = torch.mm, Tensor.addmm_
        if self.dtype != self.position.dtype:
            self.product = lambda x, matrix: torch.mm(x.to(matrix.dtype), matrix).to(x.dtype)
            self.add_product = lambda h, x, matrix: h.add_(torch.mm(x.to(matrix.dtype), matrix))

    def _matrix(self, weight: Tensor) -> Tensor:
        return weight.detach().t().to(self.dtype).contiguous()

    @torch.inference_mode()
    def __call__(self, tokens: Tensor, i: int) -> Tensor:
        context, where = self.labels.shape[1], tokens.device.type
        check_step(tokens, i, (len(self.labels), self.length), max(self.done - context + 1, 0))
        if torch.is_autocast_enabled(where):
            with torch.autocast(where, enabled=False):
                return self(tokens, i)
        if i > 0:
            return self._step(self.embedding.index_select(0, tokens[:, i - 1]))
        for label in self.labels.unbind(1):
            logits = self._step(self.label.index_select(0, label))
        return logits

    def _step(self, h: Tensor) -> Tensor:
        if self.done and self.done == self.keys.shape[2]:
            self.keys, self.values = (F.pad(cache, (0, 0, 0, self.room)) for cache in (self.keys, self.values))
        if self.done % self.room == 0:
            across = self.keys.transpose(2, 3)
            self.caches = list(zip(self.layers, self.keys, across, self.values, strict=True))
        self.done += 1
        return self._read(h, self.at if self.static else slice(self.done - 1, self.done))

    def _read(self, h: Tensor, at: Tensor | slice) -> Tensor:
        """Logits `[B, K]` after one more position `[B, D]`, which has the index `at`."""
        B, D = h.shape
        product, add_product, norm = self.product, self.add_product, torch.layer_norm
        turn, hidden = self.turn[at], self.hidden[at, : self.keys.shape[2]]  # [1, 3·D / 2], [1, room]
        h = h + self.position[at]
        for (qkv, out, up, down), keys, across, values in self.caches:
            x = product(norm(h, (D,)), qkv).view(turn.dtype) * turn
            q, keys[:, at], values[:, at] = x.view(h.dtype).view(self.rows, 3, 1, -1).unbind(1)  # each [B·h, 1, d]
            weights = torch.baddbmm(hidden, q, across).softmax(-1)  # [B·h, 1, room]
            add_product(h, torch.bmm(weights, values).view(B, D), out)
            add_product(h, F.gelu(product(norm(h, (D,)), up)), down)
        if self.static:
            self.at += 1
        return product(norm(h, (D,)), self.head)
