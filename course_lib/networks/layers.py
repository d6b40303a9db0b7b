"""Small parts that several networks share: attention, rotary positions, time features. Built in notebook 03."""

import math
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
    block-causal mask of next-scale prediction (arXiv 2404.02905).
    """

    groups: tuple[int, ...]  # sizes of the groups, in order

    @property
    def length(self) -> int:
        return sum(self.groups)

    @property
    def causal(self) -> bool:
        return all(size == 1 for size in self.groups)

    @property
    def full(self) -> bool:
        return len(self.groups) == 1

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
        return group[None, :] <= group[:, None]


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


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (x[i], x[i + d/2]) of `[..., T, d]` by its angle; `cos`, `sin` are `[T, d / 2]`."""
    across = x.roll(x.shape[-1] // 2, dims=-1)  # (a, b) becomes (b, a), and the sum (a·cos - b·sin, b·cos + a·sin)
    return torch.addcmul(x * torch.cat([cos, cos], dim=-1), across, torch.cat([-sin, sin], dim=-1))


def attention_flops(q, k, v, dropout: float = 0.0, causal: bool = False, *, out_shape=None, **_) -> int:
    """Floating-point operations of attention on shapes `[B, h, T, d]`; a causal mask does half of them."""
    (B, h, T, d), S = q, k[2]
    return 4 * B * h * d * (T * (T + 1) // 2 if causal else T * S)


# For torch's FlopCounterMode(custom_mapping=FLOPS), which knows the fused kernels of GPUs only.
FLOPS = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_flops}


def at_least_float32(x: Tensor) -> Tensor:
    """Half precision is for products only: logits and velocities leave a network in fp32, or in fp64 if it is so."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def check_labels(labels: Tensor, shapes: tuple[tuple[int, ...], ...], null: int) -> None:
    """ValueError where labels are no whole numbers from 0 to `null`, or have none of the `shapes`."""
    if labels.is_floating_point() or labels.shape not in shapes:
        raise ValueError(
            f"labels must be whole numbers of shape {list(shapes[0])}, one a picture, "
            f"not {labels.dtype} of shape {list(labels.shape)}."
        )
    _check_range("labels", labels, null, f" ({null} = no label)")


def check_tokens(tokens: Tensor, shapes: tuple[tuple[int, ...], ...], levels: int) -> None:
    """ValueError where tokens are no whole numbers from 0 to `levels` - 1, or a picture has none of the `shapes`."""
    if tokens.is_floating_point() or tokens.shape[1:] not in shapes:
        wanted = " or ".join(str(["B", *shape]).replace("'", "") for shape in shapes)
        raise ValueError(
            f"tokens must be whole numbers of shape {wanted}, not {tokens.dtype} of shape {list(tokens.shape)}."
        )
    _check_range("tokens", tokens, levels - 1, "")


def check_step(tokens: Tensor, i: int, shape: tuple[int, int], done: int) -> None:
    """ValueError where a decoder made for tokens of `shape`, that has `done` positions, is asked for another step."""
    if tokens.shape != shape:
        raise ValueError(
            f"tokens must have shape {list(shape)}, as the decoder was made for, not {list(tokens.shape)}."
        )
    if i != done or done >= shape[1]:
        raise ValueError(f"decoding is at position {done} of {shape[1]}, not {i}: make a new decoder to start anew.")


def _check_range(name: str, x: Tensor, last: int, note: str) -> None:
    if torch.compiler.is_compiling() or not x.numel():  # a look at the values would cut a compiled graph in two
        return
    low, high = (int(bound) for bound in x.aminmax())
    if low < 0 or high > last:
        raise ValueError(f"{name} must lie in 0..{last}{note}, not {low}..{high}.")


def time_features(t: Tensor, size: int, fastest: float = 200.0) -> Tensor:
    """Cosines and sines `[B, size]` of times `t [B]` in [0, 1], from 1 to `fastest` radians."""
    speeds = torch.exp(torch.linspace(0, math.log(fastest), size // 2, device=t.device))
    angles = at_least_float32(t)[:, None] * speeds
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class SelfAttention(nn.Module):
    """Multi-head self-attention with rotary positions, no biases."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} must be divisible by heads={heads}.")
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Mask) -> Tensor:
        B, T, D = x.shape
        qkv = self.qkv(x).view(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)  # [3, B, h, T, d]
        qk, v = qkv.split([2, 1])
        q, k = rotate(qk, cos.to(qk.dtype), sin.to(qk.dtype))  # both in one pass over memory
        y = attention(q, k, v[0], mask)  # [B, h, T, d]
        return self.out(y.transpose(1, 2).reshape(B, T, D))


class MLP(nn.Module):
    """Two linear layers with a GELU between, four times as wide inside."""

    def __init__(self, width: int):
        super().__init__()
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x)))


def norm(x: Tensor) -> Tensor:
    """Layer norm without gain or offset: the next matrix can hold the gain."""
    return F.layer_norm(x, x.shape[-1:])


class Block(nn.Module):
    """A pre-norm transformer block; with `adaln` six modulations per picture shift, scale and gate its two halves.

    Source: GPT-2; adaLN-zero of DiT (arXiv 2212.09748). Either way the block is the identity at the start.
    """

    def __init__(self, width: int, heads: int, adaln: bool):
        super().__init__()
        self.attention, self.mlp = SelfAttention(width, heads), MLP(width)
        self.offset = nn.Parameter(torch.zeros(6, width)) if adaln else None
        if not adaln:
            nn.init.zeros_(self.attention.out.weight)
            nn.init.zeros_(self.mlp.down.weight)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Mask, modulation: Tensor | None = None) -> Tensor:
        if self.offset is None:
            x = x + self.attention(norm(x), cos, sin, mask)
            return x + self.mlp(norm(x))
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.offset).unsqueeze(2).unbind(1)  # [B, 1, D]
        x = x + gate1 * self.attention(norm(x) * (1 + scale1) + shift1, cos, sin, mask)
        return x + gate2 * self.mlp(norm(x) * (1 + scale2) + shift2)
