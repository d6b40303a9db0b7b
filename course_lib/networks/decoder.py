"""One token at a time with a static KV cache. Built in notebook 03."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import check_step


class TransformerDecoder:
    """Callable `(tokens [B, T], i) -> logits [B, K]` for position i = 0, 1, 2, … of a causal `Transformer`.

    Keys and values of earlier positions are kept, so a step costs one position instead of i. Every row of the batch
    owns its rows of the cache. Steps must come in order; the first one also reads the label tokens.
    """

    def __init__(self, model, labels: Tensor):
        c, (B, context) = model.config, labels.shape
        self.model, self.labels, self.heads = model, labels, c.heads
        d, T, weight = c.width // c.heads, context - 1 + c.length, model.head.weight
        self.keys = weight.new_zeros(c.depth, B, c.heads, T, d)
        self.values = torch.zeros_like(self.keys)
        self.cos = torch.cat([model.cos, model.cos], dim=-1)  # [T, d]
        self.sin = torch.cat([-model.sin, model.sin], dim=-1)
        # The scale of the scores is folded into the queries' rows once instead of into the scores at every step.
        scale = weight.new_ones(3, 1, 1)
        scale[0] = 1 / math.sqrt(d)
        self.layers = [
            (
                (b.attention.qkv.weight.detach().view(3, c.width, c.width) * scale)
                .reshape(3 * c.width, c.width)
                .t()
                .contiguous(),
                b.attention.out.weight.detach().t(),
                b.mlp.up.weight.detach().t(),
                b.mlp.down.weight.detach().t(),
            )
            for b in model.blocks
        ]
        self.embedding, self.position = model.read.weight.detach(), model.position.detach()
        self.done = 0

    @torch.inference_mode()
    def __call__(self, tokens: Tensor, i: int) -> Tensor:
        B, context = self.labels.shape
        check_step(tokens, i, (B, self.model.config.length), max(self.done - context + 1, 0))
        if i == 0:
            for j in range(context):
                h = self._step(self.model.label(self.labels[:, j]).detach())
        else:
            h = self._step(self.embedding[tokens[:, i - 1]])
        return h @ self.model.head.weight.t()

    def _step(self, h: Tensor) -> Tensor:
        """One position `[B, D]` through all layers."""
        p, (B, D) = self.done, h.shape
        d, shape = D // self.heads, (D,)
        cos, sin = self.cos[p], self.sin[p]
        h = h + self.position[p]
        for layer, (qkv, out, up, down) in enumerate(self.layers):
            x = (F.layer_norm(h, shape) @ qkv).view(B, 3, self.heads, d)
            qk = x[:, :2]  # queries and keys turn together
            turned = torch.addcmul(qk * cos, qk.roll(d // 2, -1), sin)
            keys, values = self.keys[layer], self.values[layer]
            keys[:, :, p], values[:, :, p] = turned[:, 1], x[:, 2]
            scores = keys[:, :, : p + 1] @ turned[:, 0].unsqueeze(-1)  # [B, h, p + 1, 1]
            mixed = scores.squeeze(-1).softmax(-1).unsqueeze(2) @ values[:, :, : p + 1]  # [B, h, 1, d]
            h = torch.addmm(h, mixed.view(B, D), out)
            h = torch.addmm(h, F.gelu(F.layer_norm(h, shape) @ up, approximate="tanh"), down)
        self.done += 1
        return F.layer_norm(h, shape)
