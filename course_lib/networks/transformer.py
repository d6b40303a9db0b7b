"""One transformer for every family: what changes between them is the mask, the input and the condition.

Built in notebook 03 (causal, on pixels); the same class predicts tokens and removes noise in later notebooks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .decoder import Decoder
from .inputs import check_labels, check_tokens
from .layers import Block, Mask, at_least_float32, attention, modulate, norm, rotary_angles, time_features, turns, zero
from .patches import cut, parts, places, unpatchify


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of a `Transformer`.

    It reads and predicts ids of a vocabulary of `tokens`; or, with `vector`, it reads so many numbers a position (a
    patch of a picture, a latent) and predicts as many, or `tokens` where those are given too. A tuple of `tokens` is
    a token of several factors: one id stands for all of them, and what it means is composed of what they mean.
    `groups` are the sizes of the groups of positions that see each other: () is causal, (T,) bidirectional, and growing
    squares such as (1, 4, 16) are the scales of a pyramid over a square grid. `context` labels (or words) go before the
    sequence; with `context` = 0 the label joins the `clock`: so many times that it is told, which modulate every block.
    """

    grid: tuple[int, int]  # rows and columns of tokens or patches
    tokens: int | tuple[int, ...] = 0
    vector: int = 0
    classes: int = 0  # labels run from 0 to classes - 1; `classes` itself means "no label"
    context: int = 1
    in_turn: bool = False  # each word sees those before it alone, as in a causal model; else all, and the picture
    clock: int = 0  # 1: the time; 2: also how long a step to take, as few-step models are told
    width: int = 128
    depth: int = 6
    heads: int = 4
    groups: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        return sum(self.groups) or self.grid[0] * self.grid[1]

    @property
    def causal(self) -> bool:
        return not self.groups

    @property
    def factors(self) -> tuple[int, ...]:
        return self.tokens if isinstance(self.tokens, tuple) else (self.tokens,) if self.tokens else ()

    @property
    def outputs(self) -> int:
        """Logits of a position, or numbers of its vector."""
        return math.prod(self.factors) + self.masks if self.tokens else self.vector

    @property
    def masks(self) -> int:
        """1 where the id after the last of several factors is the mask: models that are not causal may be asked."""
        return int(len(self.factors) > 1 and not self.causal)

    def __post_init__(self):
        if not self.tokens and not self.vector:
            raise ValueError("give tokens (the size of the vocabulary), vector (numbers a position), or both.")
        if self.causal and not self.context:
            raise ValueError("a causal transformer needs context >= 1: the first position must be predicted from it.")
        if self.causal and self.vector:
            raise ValueError("vector needs groups: a causal transformer reads token ids.")
        if not self.context and not self.clock:
            raise ValueError("context=0 puts the label into the clock: give clock >= 1 too, or context >= 1.")
        if self.clock not in (0, 1, 2):
            raise ValueError(f"clock={self.clock} must be 0, 1 (the time) or 2 (the time and the stride of a step).")


class Transformer(nn.Module):
    """Pre-norm transformer with learned and 2-D rotary positions.

    Tokens: `model(tokens [B, T], labels) -> logits [B, T, K]`, or `[B, *grid]` in and out; a causal model shifts
    inside, so that `logits[:, i]` depends on `tokens[:, :i]` only. Vectors: `model(x [B, T, V], …)`, or a picture
    `[B, C, H, W]` that the grid cuts into patches of V numbers, in and out. With a clock the times come before the
    labels: `model(x, t, labels)` or `model(x, t, stride, labels)`, each `[B]`, or `[B, T]` for a time a position;
    words of the context are clean, t = 0. Labels are `[B]` or `[B, context]`, or None.
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        c = self.config = config
        self.read = nn.Linear(c.vector, c.width) if c.vector else nn.Embedding(sum(c.factors) + c.masks, c.width)
        self.label = nn.Embedding(c.classes + 1, c.width)
        self.position = nn.Parameter(torch.randn(max(c.context - 1, 0) + c.length, c.width) * 0.5)
        self.blocks = nn.ModuleList(Block(c.width, c.heads, bool(c.clock)) for _ in range(c.depth))
        self.head = zero(nn.Linear(c.width, sum(c.factors) or c.vector, bias=not c.tokens))
        # Embeddings start at the patches' own scale: at 0.02 the network first has to find out where it is.
        for table in (self.label, self.read) if not c.vector else (self.label,):
            nn.init.normal_(table.weight, std=0.5)
        if len(c.factors) > 1:  # by itself neither a product of chances nor a sum says "a red circle or a blue square"
            nn.init.normal_(self.head.weight, std=0.5)
            nn.init.zeros_(self.read.weight[sum(c.factors) :])  # what is hidden starts as nothing but its place
            self.pairs = nn.Parameter(torch.randn_like(self.head.weight) * 0.7)
            self.compose = nn.Sequential(nn.Linear(c.width, 4 * c.width), nn.GELU(), nn.Linear(4 * c.width, c.width))
            nn.init.zeros_(self.compose[2].weight)
        if c.clock:
            self.time = nn.Sequential(nn.Linear(64, c.width), nn.SiLU(), nn.Linear(c.width, c.width))
            # One for all blocks, each adds its own offset (PixArt-α).
            self.modulation = zero(nn.Linear(c.width, 6 * c.width))
            self.last = nn.Parameter(torch.zeros(2, c.width))
        if c.clock == 2:  # slow features and zero weights: it starts as the model that knows no strides
            self.stride = zero(nn.Linear(64, c.width, bias=False))
        # A causal model starts from the last label token, so the token that predicts position i sits at position i.
        self.extra = max(c.context - 1, 0) if c.causal else c.context
        words, groups = (1,) * self.extra, c.groups or (1,) * c.length
        together = not (c.causal or c.in_turn)
        self.mask = Mask((self.extra + groups[0], *groups[1:]) if together else words + groups)
        angles = F.pad(rotary_angles(*places(c.grid, c.groups).unbind(1), c.width // c.heads), (0, 0, self.extra, 0))
        for name, turn in zip(("cos", "sin"), turns(angles)):
            self.register_buffer(name, turn, persistent=False)
        self.register_buffer("parts", parts(c.factors, c.masks), persistent=False)

    @property
    def null(self) -> int:
        """The label that means "no label"."""
        return self.config.classes

    @property
    def mask_token(self) -> int:
        """The id that hides a token from a masked model: the last one."""
        return self.config.outputs - 1

    def forward(self, x: Tensor, *conditions: Tensor | None) -> Tensor:
        *times, labels = self._conditions(x, conditions)
        h = self.embed(self._flat(x))  # [B, T, D]
        words = self.label(labels)  # [B, max(context, 1), D]
        clock = self.told(times, words, h.shape[1])  # [B, 1 or extra + T, 6, D], or None
        if self.config.causal:
            h = torch.cat([words, h[:, :-1]], dim=1)  # [B, context - 1 + T, D]
        elif self.config.context:
            h = torch.cat([words, h], dim=1)  # [B, context + T, D]
        at, mask = slice(h.shape[1]), self.mask.first(h.shape[1])
        turn = self.cos[at], self.sin[at]  # [extra + T, d] each
        h = self.trunk(self.placed(h, at), turn, lambda _, *qkv: attention(*qkv, mask), clock)  # [B, extra + T, D]
        return self._shaped(self.predict(h[:, self.extra :], clock), x)  # [B, T, K], or like the picture

    def embed(self, x: Tensor) -> Tensor:
        """Token ids `[B, T]` or vectors `[B, T, V]` as the network reads them, `[B, T, D]`."""
        return self.read(x) if self.parts is None else self.read(self.parts[x]).sum(2)

    def told(self, times: list[Tensor], words: Tensor, length: int) -> Tensor | None:
        """What the clock says to every block: `[B, 1, 6, D]`, or one a position where times or words ask for it."""
        c = self.config
        if not c.clock:
            return None
        t, *stride = (time.view(len(time), *time.shape[1:] or (1,)) for time in times)  # [B, 1 or T]; B may be 0
        condition = self.time(time_features(t, 64))  # [B, 1 or T, D]
        if not c.context:
            condition = condition + words.mean(1, keepdim=True)
        if stride:
            condition = condition + self.stride(time_features(stride[0], 64, fastest=8.0))
        told = self._modulations(condition)  # [B, 1 or T, 6, D]
        if c.context:
            clean = self._modulations(self.time(time_features(t.new_zeros(1, 1), 64)))
            told = torch.cat([clean.expand(len(words), self.extra, -1, -1), told.expand(-1, length, -1, -1)], dim=1)
        return told

    def _modulations(self, condition: Tensor) -> Tensor:
        return at_least_float32(self.modulation(F.silu(condition))).unflatten(-1, (6, self.config.width))

    def placed(self, h: Tensor, at: slice | Tensor) -> Tensor:
        """Embedded positions `[B, n, D]` that stand at `at`, with what the network learned of these places added."""
        before = len(self.cos) - len(self.position)  # a first label has no place of its own
        return h + (F.pad(self.position, (0, 0, before, 0)) if before else self.position)[at]

    def trunk(self, h: Tensor, turn, attend: Callable, clock: Tensor | None = None, blocks=None) -> Tensor:
        """All blocks over placed positions `h [B, n, D]`: the one copy of the mathematics, in training and decoding.

        `turn` rotates queries and keys; `attend(layer, q, k, v)` looks at keys and values, and at what it has kept of
        earlier ones; `blocks` are the same blocks, laid out differently.
        """
        for layer, block in enumerate(blocks or self.blocks):
            h = block(h, turn, partial(attend, layer), clock)
        return h

    def predict(self, h: Tensor, clock: Tensor | None = None, head=None) -> Tensor:
        """Logits `[B, n, K]` or vectors `[B, n, V]` from what the trunk gave for positions `[B, n, D]`."""
        h = norm(h)
        if clock is not None:
            h = modulate(h, *(clock[:, -h.shape[1] :, :2] + self.last).unbind(2))
        out = at_least_float32(head(h) if head else self.head(h) if self.parts is None else h @ self.answers().T)
        return F.pad(out, (0, self.config.masks), value=-math.inf) if self.config.masks else out

    def answers(self) -> Tensor:
        """What each output is compared with, `[K, D]`: a token of several factors is composed of theirs."""
        if self.parts is None:
            return self.head.weight
        own, pairs = (table[self.parts[: math.prod(self.config.factors)]] for table in (self.head.weight, self.pairs))
        return self.compose(own.sum(1) + (pairs[:, 1:] * pairs[:, :-1]).sum(1))

    def _conditions(self, x: Tensor, conditions: tuple) -> tuple[Tensor, ...]:
        """Times and labels, as many as the model wants, each of a shape that fits; another number is an error."""
        c, B = self.config, len(x)
        given = conditions or (None,) if not c.clock else conditions
        names = ["x", *("t", "stride")[: c.clock], "labels"]
        if len(given) != c.clock + 1 or any(t is None for t in given[:-1]):
            raise ValueError(
                f"this model takes ({', '.join(names)}): x, {c.clock} time(s) and labels, not {len(given)} after x."
            )
        for name, t in zip(names[1:], given[:-1]):
            if t.shape not in ((B,), (B, c.length)):
                raise ValueError(f"{name} must have shape [{B}] or [{B}, {c.length}], not {list(t.shape)}.")
        return *given[:-1], self.labels(given[-1], B)

    def labels(self, labels: Tensor | None, batch: int) -> Tensor:
        """Labels as `[B, max(context, 1)]`, "no label" where there are none; out of range is an error."""
        device, count = self.label.weight.device, max(self.config.context, 1)
        if labels is None:
            return torch.full((batch, count), self.null, device=device)
        check_labels(labels, ((batch,), (batch, count)), self.null)
        return labels.to(device).long().view(batch, *labels.shape[1:] or (1,)).expand(batch, count)

    def _flat(self, x: Tensor) -> Tensor:
        """Tokens as a sequence, or a picture as a sequence of patches; another size is an error."""
        c = self.config
        if not c.vector:
            check_tokens(x, ((c.length,), c.grid), c.outputs)
            return x.long().flatten(1)
        if x.ndim == 4 and not c.tokens:
            return cut(x, c.grid, c.vector)
        whole = [sum(c.groups[: k + 1]) for k in range(len(c.groups))]
        if x.ndim != 3 or x.shape[1] not in whole or x.shape[2] != c.vector:
            raise ValueError(f"features must be [B, n, {c.vector}] with n in {whole}, not {list(x.shape)}.")
        return x

    def _shaped(self, out: Tensor, x: Tensor) -> Tensor:
        """What was predicted, `[B, n, …]`, in the form of the input: a sequence, a grid of tokens or a picture."""
        if not self.config.vector:
            return out.view(*x.shape, out.shape[-1])
        return unpatchify(out, self.config.grid, x.shape[1]) if x.ndim == 4 else out

    def decoder(self, labels: Tensor) -> Decoder:
        """Reads one batch of labels `[B]` and then tokens, with a KV cache of its own; causal token models only."""
        if not self.config.causal or self.config.clock:
            raise ValueError("only a causal transformer on tokens, without a clock, can be decoded step by step.")
        return Decoder(self, self.labels(labels, len(labels)))
