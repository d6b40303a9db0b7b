"""One transformer for every family: what changes between them is the mask, the input and the condition.

Built in notebook 03 (causal, on pixels); the same class predicts tokens and removes noise in later notebooks.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .decoder import TransformerDecoder
from .layers import Block, Mask, at_least_float32, check_labels, check_tokens, norm, rotary_angles, time_features


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of a `Transformer`.

    `patch` = 0 reads token ids (or, with `reads`, vectors of so many numbers), p > 0 cuts a picture into p×p patches.
    `blocks` are the sizes of the groups of positions that see each other: () is causal, (T,) bidirectional, and growing
    squares such as (1, 4, 16) are the scales of a pyramid over a square grid. `context` label tokens go before the
    sequence; with `context` = 0 labels and time modulate every block instead (adaLN).
    """

    grid: tuple[int, int]  # rows and columns of tokens or patches
    inputs: int  # size of the vocabulary, or channels of the picture
    patch: int = 0
    classes: int = 0  # labels run from 0 to classes - 1; `classes` itself means "no label"
    context: int = 1
    width: int = 128
    depth: int = 6
    heads: int = 4
    blocks: tuple[int, ...] = ()
    reads: int = 0  # numbers in each vector of the sequence; 0: token ids
    strides: bool = False  # whether it is also told how long a step to take, as few-step models are

    @property
    def length(self) -> int:
        return sum(self.blocks) or self.grid[0] * self.grid[1]

    @property
    def adaln(self) -> bool:
        return self.context == 0

    @property
    def outputs(self) -> int:
        return self.inputs * self.patch**2 if self.patch else self.inputs

    @property
    def causal(self) -> bool:
        return not self.blocks


class Transformer(nn.Module):
    """Pre-norm transformer with learned and 2-D rotary positions.

    Tokens: `model(tokens [B, T], labels [B]) -> logits [B, T, inputs]`, or `[B, *grid]` in and out; a causal model
    shifts inside, so that `logits[:, i]` depends on `tokens[:, :i]` only.
    Patches: `model(x [B, C, H, W], t [B], labels [B]) -> [B, C, H, W]`, with `strides` (x, t, stride [B], labels).
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        c = self.config = config
        if c.causal and not c.context:
            raise ValueError("a causal transformer needs context >= 1: the first position must be predicted from it.")
        if c.causal and c.reads:
            raise ValueError("reads needs blocks: a causal transformer reads token ids.")
        places = _places(c.grid, c.blocks)
        vector = c.outputs if c.patch else c.reads
        self.read = nn.Linear(vector, c.width) if vector else nn.Embedding(c.inputs, c.width)
        self.label = nn.Embedding(c.classes + 1, c.width)
        self.position = nn.Parameter(torch.randn(max(c.context - 1, 0) + c.length, c.width) * 0.5)
        self.blocks = nn.ModuleList(Block(c.width, c.heads, c.adaln) for _ in range(c.depth))
        self.head = nn.Linear(c.width, c.outputs, bias=bool(c.patch))
        nn.init.zeros_(self.head.weight)
        # Embeddings start at the patches' own scale: at 0.02 the network first has to find out where it is.
        for table in (self.label, self.read) if not c.patch else (self.label,):
            nn.init.normal_(table.weight, std=0.5)
        if c.patch:
            nn.init.zeros_(self.head.bias)
        if c.adaln:
            self.time = nn.Sequential(nn.Linear(64, c.width), nn.SiLU(), nn.Linear(c.width, c.width))
            self.modulation = nn.Linear(c.width, 6 * c.width)  # one for all blocks, each adds its own offset (PixArt-α)
            self.last = nn.Parameter(torch.zeros(2, c.width))
            nn.init.zeros_(self.modulation.weight)
            nn.init.zeros_(self.modulation.bias)
            if c.strides:  # slow features and zero weights: it starts as the model that knows no strides
                self.stride = nn.Linear(64, c.width, bias=False)
                nn.init.zeros_(self.stride.weight)
        # A causal model starts from the last label token, so the token that predicts position i sits at position i.
        extra = max(c.context - 1, 0) if c.causal else c.context
        self.mask = Mask((1,) * (extra + c.length)) if c.causal else Mask((extra + c.blocks[0], *c.blocks[1:]))
        angles = F.pad(rotary_angles(*places.unbind(1), c.width // c.heads), (0, 0, extra, 0))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    @property
    def null(self) -> int:
        """The label that means "no label"."""
        return self.config.classes

    def labels(self, labels: Tensor | None, batch: int) -> Tensor:
        """Labels as `[B, max(context, 1)]`, "no label" where there are none; out of range is an error."""
        device, count = self.label.weight.device, max(self.config.context, 1)
        if labels is None:
            return torch.full((batch, count), self.null, device=device)
        check_labels(labels, ((batch,), (batch, count)), self.null)
        return labels.to(device).view(batch, *labels.shape[1:] or (1,)).expand(batch, count)

    def forward(self, x: Tensor, *conditions: Tensor | None) -> Tensor:
        c = self.config
        *time, labels = conditions or (None,)  # (labels) for tokens, (t, labels) or (t, stride, labels) for noise
        labels, shape = self.labels(labels, len(x)), x.shape
        x = self._flat(x)  # [B, T] or [B, T, C·p·p]
        h = self.read(x)  # [B, T, D]
        label = self.label(labels)  # [B, context, D]
        if c.causal:
            h = torch.cat([label, h[:, :-1]], dim=1)  # [B, context - 1 + T, D]
        elif c.context:
            h = torch.cat([label, h], dim=1)
        extra, mask = len(self.cos) - c.length, self.mask.first(h.shape[1])
        h = h + F.pad(self.position, (0, 0, extra - max(c.context - 1, 0), 0))[: h.shape[1]]
        cos, sin = self.cos[: h.shape[1]], self.sin[: h.shape[1]]
        modulation = None
        if c.adaln:
            t = time[0] if time else self.position.new_zeros(len(x))
            condition = self.time(time_features(t, 64)) + label.mean(1)
            if c.strides:
                condition = condition + self.stride(time_features(time[1], 64, fastest=8.0))
            condition = F.silu(condition)
            modulation = at_least_float32(self.modulation(condition)).view(-1, 6, c.width)
        for block in self.blocks:
            h = block(h, cos, sin, mask, modulation)
        h = norm(h[:, extra:])
        if c.adaln:
            shift, scale = (modulation[:, :2] + self.last).unsqueeze(2).unbind(1)
            h = h * (1 + scale) + shift
        out = at_least_float32(self.head(h))
        if c.patch:
            return unpatchify(out, c.patch, c.grid, shape[-2:])
        return out.view(*(shape[:2] if c.reads else shape), c.outputs)

    def _flat(self, x: Tensor) -> Tensor:
        """Tokens as a sequence, or a picture as a sequence of patches; another size is an error."""
        c = self.config
        if c.reads:
            whole = [sum(c.blocks[: k + 1]) for k in range(len(c.blocks))]
            if x.ndim != 3 or x.shape[1] not in whole or x.shape[2] != c.reads:
                raise ValueError(f"features must be [B, n, {c.reads}] with n in {whole}, not {list(x.shape)}.")
            return x
        if not c.patch:
            check_tokens(x, ((c.length,), c.grid), c.inputs)
            return x.flatten(1)
        wanted = (c.inputs, c.grid[0] * c.patch, c.grid[1] * c.patch)
        if x.shape[1:] != wanted:
            raise ValueError(f"pictures must have shape {['B', *wanted]}, not {list(x.shape)}.".replace("'", ""))
        return patchify(x, c.patch)

    def decoder(self, labels: Tensor) -> TransformerDecoder:
        """A step-by-step decoder with its own KV cache for one batch of labels `[B]`; causal token models only."""
        if not self.config.causal or self.config.patch:
            raise ValueError("only a causal transformer on tokens can be decoded step by step.")
        return TransformerDecoder(self, self.labels(labels, len(labels)))


def _places(grid: tuple[int, int], blocks: tuple[int, ...]) -> Tensor:
    """Row and column `[T, 2]` of each position: on the grid, or for a pyramid of squares spread over all of it."""
    H, W = grid
    if sum(blocks) in (0, H * W):
        return torch.cartesian_prod(torch.arange(H), torch.arange(W)).view(-1, 2)
    sides = [round(size**0.5) for size in blocks]
    if H != W or sides[-1] != H or [s * s for s in sides] != list(blocks):
        raise ValueError(
            f"blocks={blocks} must add up to the {H * W} positions of grid={grid}, or be squares that end with them."
        )
    return torch.cat([(torch.cartesian_prod(*[torch.arange(s)] * 2).view(-1, 2) + 0.5) * (H / s) - 0.5 for s in sides])


def patchify(x: Tensor, patch: int) -> Tensor:
    """Cut `[B, C, H, W]` into `[B, T, C·p·p]`, row by row; H and W must be divisible by `patch`."""
    B, C, H, W = x.shape
    x = x.reshape(B, C, H // patch, patch, W // patch, patch)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(B, (H // patch) * (W // patch), C * patch * patch)


def unpatchify(x: Tensor, patch: int, grid: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Undo `patchify`: `[B, T, C·p·p]` on a `grid` of patches back to `[B, C, *size]`."""
    B = len(x)
    C = x.shape[-1] // patch**2
    return x.view(B, *grid, C, patch, patch).permute(0, 3, 1, 4, 2, 5).reshape(B, C, *size)
