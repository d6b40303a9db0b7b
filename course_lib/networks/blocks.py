"""One transformer that writes in blocks of any size: token by token, all at once, or between. Built in notebook 16."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .heads import FlowHead
from .layers import Mask, attention, norm
from .transformer import Transformer
from .transformer import TransformerConfig as BlockTransformerConfig


class BlockTransformer(Transformer):
    """A transformer that answers for each place from all before its block, clean, and from what stands in its block.

    `model(x [B, T], labels, clean [B, T], block) -> logits [B, T, K + 1]`: in `x` some are the mask, `clean` is what
    stands before the blocks (by default `x` itself). Clean places see those before them and no more, so that one cache
    serves every size of block: T, the default, is a masked model, 1 predicts the next token. Hidden vectors are nan;
    for vectors it gives `z [B, T, D]`, and `model.head(x, t, z)` is a velocity. Sources: block diffusion (arXiv
    2503.09573), MAR (2406.11838). Built in notebook 16.
    """

    def __init__(self, config: BlockTransformerConfig):
        super().__init__(config)
        if len(config.groups) != 1 or config.clock or not config.context or (config.vector and config.tokens):
            raise ValueError(
                "blocks need groups of one number, context >= 1, no clock, and tokens or vector, not both."
            )
        if config.vector:
            self.head = FlowHead(config.vector, config.width)
            self.unseen = nn.Parameter(torch.randn(config.width) * 0.5)

    def embed(self, x: Tensor) -> Tensor:
        """Token ids `[B, T]`, or vectors `[B, T, V]` of which some are nan, as the network reads them, `[B, T, D]`."""
        if not self.config.vector:
            return super().embed(x)
        return torch.where(x.isnan()[..., :1], self.unseen, self.read(x.nan_to_num()))

    def predict(self, h: Tensor, clock: None = None, head=None) -> Tensor:
        """Logits `[B, n, K + 1]`, or what the head of vectors is told, `[B, n, D]`."""
        return norm(h) if self.config.vector else super().predict(h, clock, head)

    def forward(self, x: Tensor, labels=None, clean: Tensor | None = None, block: int | None = None) -> Tensor:
        T = self.config.length
        block = T if block is None else block
        if not 1 <= block <= T or block != int(block):
            raise ValueError(f"block={block} must be a whole number in 1..{T}: 1 is token by token, {T} all at once.")
        flat, words = self._flat(x), self.label(self.labels(labels, len(x)))  # [B, T, …], [B, extra, D]
        past = (flat if clean is None else self._flat(clean))[:, : (T - 1) // block * block]
        h = torch.cat([words, self.embed(past), self.embed(flat)], dim=1)  # [B, extra + past + T, D]
        clean_places, places = torch.arange(self.extra + past.shape[1]), torch.arange(T) + self.extra
        at, mask = torch.cat([clean_places, places]).to(h.device), Mask((1,) * len(clean_places), T, block)
        h = self.trunk(self.placed(h, at), (self.cos[at], self.sin[at]), lambda _, *qkv: attention(*qkv, mask))
        out = self.predict(h[:, -T:])
        return out if self.config.vector else self._shaped(out, x)

    def writer(self, labels: Tensor) -> Callable:
        """`(x [B, T], start, stop) -> [B, stop - start, …]`, the answers within a block of which all before is written.

        Keys and values of what was written are kept: blocks of any size come in growing order, each as often as needed.
        """
        words, kept, E = self.label(self.labels(labels, len(labels))), {}, self.extra

        @torch.no_grad()
        def look(x: Tensor, start: int, stop: int) -> Tensor:
            done = kept[0][0].shape[2] if kept else 0
            h = torch.cat([words[:, done:], self.embed(x[:, max(done - E, 0) : stop])], dim=1)
            at, seen = slice(done, E + stop), Mask((1,) * (E + start) + (stop - start,)).visible(h.device)[done:]

            def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
                k, v = (torch.cat([*past[layer : layer + 1], new], 2) for past, new in ((keys, k), (values, v)))
                kept[layer] = k[:, :, : E + start], v[:, :, : E + start]
                return F.scaled_dot_product_attention(q, k, v, attn_mask=None if seen.all() else seen)

            keys, values = zip(*(kept[layer] for layer in sorted(kept))) if kept else ((), ())
            h = self.trunk(self.placed(h, at), (self.cos[at], self.sin[at]), attend)
            return self.predict(h[:, start - stop :])

        return look
