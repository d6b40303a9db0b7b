"""Small parts that several networks share: attention, rotary positions, time features. Built in notebook 03."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

QUERY_CHUNK = 112  # rows of queries worked on at once on a CPU: the scores then stay in its cache


@dataclass(frozen=True)
class Mask:
    """Who sees whom: position i sees position j where `group[j] <= group[i]`.

    Groups of one token each make a causal mask, a single group makes a bidirectional one, growing groups make the
    block-causal mask of next-scale prediction (arXiv 2404.02905), ones around a large one text with a picture in it.
    The last `noisy` positions may stand there once more, as noisy copies: each sees the copies of its own group and,
    clean, earlier groups only; no clean position sees a copy (block diffusion, 2503.09573). With a `block` the copies
    stand in blocks of so many, the last of which may be shorter, and the clean positions end where that one begins.
    """

    groups: tuple[int, ...]  # sizes of the groups, in order
    noisy: int = 0
    block: int = 0

    @property
    def length(self) -> int:
        return sum(self.groups) + self.noisy

    @property
    def causal(self) -> bool:
        return not self.noisy and all(size == 1 for size in self.groups)

    @property
    def full(self) -> bool:
        return not self.noisy and len(self.groups) == 1

    def first(self, length: int) -> "Mask":
        """The mask of the first `length` positions, which must be whole groups."""
        if length == self.length:
            return self
        groups = [size for k, size in enumerate(self.groups) if sum(self.groups[: k + 1]) <= length]
        if sum(groups) != length:
            raise ValueError(f"length={length} must be whole groups of {self.groups}.")
        return Mask(tuple(groups))

    def visible(self, device=None) -> Tensor:
        """Boolean `[T, T]`: row = who looks, column = what is seen."""
        group = torch.repeat_interleave(torch.arange(len(self.groups)), torch.tensor(self.groups)).to(device)
        clean = group[None, :] <= group[:, None]
        if not self.noisy:
            return clean
        copies = group[-self.noisy :]
        if self.block:
            starts = torch.arange(self.noisy, device=device) // self.block * self.block
            copies = len(group) - starts[-1] + starts
        above = torch.cat([clean, clean.new_zeros(len(group), self.noisy)], dim=1)
        below = torch.cat([group[None, :] < copies[:, None], copies[None, :] == copies[:, None]], dim=1)
        return torch.cat([above, below])


@lru_cache(maxsize=16)
def _plan(mask: Mask, device: torch.device, dtype: torch.dtype) -> list[tuple[slice, int, Tensor | None]]:
    """For each chunk of queries: which rows, how many keys they can see at all, and the bias that hides the rest."""
    visible, plan = mask.visible(), []
    for start in range(0, mask.length, QUERY_CHUNK):
        rows = slice(start, min(start + QUERY_CHUNK, mask.length))
        seen = int(visible[rows].any(0).nonzero().max()) + 1
        part = visible[rows, :seen]
        bias = None if part.all() else torch.zeros(part.shape).masked_fill(~part, -math.inf).to(device, dtype)
        plan.append((rows, seen, bias))
    return plan


@lru_cache(maxsize=1)
def _has_amx() -> bool:
    return getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()


@lru_cache(maxsize=16)
def _seen(mask: Mask, device: torch.device) -> Tensor:
    return mask.visible(device)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
    """Softmax attention `[B, h, T, d]` of queries over the keys that `mask` lets them see.

    The library's fused kernel everywhere but in one place: on a CPU in bf16 its backward pass is several times slower
    than plain products, and without AMX so is its forward pass. There the scores are formed in chunks, and keys in the
    future of a whole chunk are left out.
    """
    if q.device.type == "cpu" and q.dtype == torch.bfloat16 and (q.requires_grad or not _has_amx()):
        q = q * q.shape[-1] ** -0.5
        parts = []
        for rows, seen, bias in _plan(mask, q.device, q.dtype):
            scores = q[:, :, rows] @ k[:, :, :seen].transpose(-1, -2)  # [B, h, rows, seen]
            if bias is not None:
                scores = scores + bias
            parts.append(scores.softmax(-1) @ v[:, :, :seen])
        return torch.cat(parts, dim=2)
    if mask.full or mask.causal:
        return F.scaled_dot_product_attention(q, k, v, is_causal=mask.causal and mask.length > 1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=_seen(mask, q.device))


def rotary_angles(rows: Tensor, columns: Tensor, head_dim: int, base: float = 100.0) -> Tensor:
    """Angles `[T, head_dim / 2]` of 2-D rotary positions: one half turns with the row, the other with the column.

    Source: RoPE (arXiv 2104.09864), axial as in LlamaGen. `head_dim` must be divisible by 4.
    """
    if head_dim % 4:
        raise ValueError(f"head_dim={head_dim} must be divisible by 4 for 2-D rotary positions; change width or heads.")
    speeds = base ** -(torch.arange(head_dim // 4, device=rows.device) / (head_dim // 4))
    return torch.cat([rows[:, None] * speeds, columns[:, None] * speeds], dim=-1)


def turns(angles: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines `[T, d]`, as `rotate` wants them, of angles `[T, d / 2]`."""
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (x[i], x[i + d/2]) of `[..., T, d]` by its angle; `cos`, `sin` are the `turns [T, d]`."""
    # (a, b) becomes (b, a), and the sum (a·cos - b·sin, b·cos + a·sin)
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, dims=-1), sin)


def attention_flops(q, k, v, dropout: float = 0.0, causal: bool = False, *, out_shape=None, **_) -> int:
    """Floating-point operations of attention on shapes `[B, h, T, d]`; a causal mask does half of them."""
    (B, h, T, d), S = q, k[2]
    return 4 * B * h * d * (T * (T + 1) // 2 if causal else T * S)


# For torch's FlopCounterMode(custom_mapping=FLOPS), which knows the fused kernels of GPUs only.
FLOPS = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_flops}


def zero(layer: nn.Module) -> nn.Module:
    """`layer` with all its weights 0: what it adds begins as nothing."""
    for part in layer.parameters():
        nn.init.zeros_(part)
    return layer


def at_least_float32(x: Tensor) -> Tensor:
    """Half precision is for products only: logits and velocities leave a network in fp32, or in fp64 if it is so."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def time_features(t: Tensor, size: int, fastest: float = 200.0) -> Tensor:
    """Cosines and sines `[…, size]` of times `t […]` in [0, 1], from 1 to `fastest` radians."""
    speeds = torch.exp(torch.linspace(0, math.log(fastest), size // 2, device=t.device))
    angles = at_least_float32(t)[..., None] * speeds
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def norm(x: Tensor) -> Tensor:
    """Layer norm without gain or offset: the next matrix can hold the gain."""
    return torch.layer_norm(x, x.shape[-1:])


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """`x` stretched and moved: the identity at shift = scale = 0."""
    return x * (1 + scale) + shift


class SelfAttention(nn.Module):
    """Multi-head self-attention with rotary positions, no biases; `attend(q, k, v)` knows who sees whom."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} must be divisible by heads={heads}.")
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def project(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Queries and keys, turned by their positions, and values `[B, h, T, d]`."""
        B, T, D = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)  # [3, B, h, T, d]
        qk, v = qkv.split([2, 1])
        q, k = rotate(qk, *(part.to(qk.dtype) for part in turn))  # both in one pass over memory
        return q, k, v[0]

    def merge(self, y: Tensor) -> Tensor:
        """The heads' `[B, h, T, d]` side by side again, `[B, T, D]`."""
        return y.transpose(1, 2).flatten(2)

    def forward(self, x: Tensor, turn, attend: Callable) -> Tensor:
        return self.out(self.merge(attend(*self.project(x, turn))))


class MLP(nn.Module):
    """Two linear layers with a GELU between, four times as wide inside."""

    def __init__(self, width: int):
        super().__init__()
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x)))


class Block(nn.Module):
    """A pre-norm transformer block; with a `clock` six modulations shift, scale and gate its two halves.

    Source: GPT-2; adaLN-zero of DiT (arXiv 2212.09748). Either way the block is the identity at the start.
    """

    def __init__(self, width: int, heads: int, clock: bool):
        super().__init__()
        self.attention, self.mlp = SelfAttention(width, heads), MLP(width)
        self.offset = nn.Parameter(torch.zeros(6, width)) if clock else None
        if not clock:
            nn.init.zeros_(self.attention.out.weight)
            nn.init.zeros_(self.mlp.down.weight)

    def forward(self, x: Tensor, turn, attend: Callable, clock: Tensor | None = None) -> Tensor:
        if self.offset is None:
            x = x + self.attention(norm(x), turn, attend)
            return x + self.mlp(norm(x))
        shift1, scale1, gate1, shift2, scale2, gate2 = (clock + self.offset).unbind(2)  # each [B, 1 or T, D]
        x = x + gate1 * self.attention(modulate(norm(x), shift1, scale1), turn, attend)
        return x + gate2 * self.mlp(modulate(norm(x), shift2, scale2))
