"""From continuous vectors to codes and back: vector, finite scalar and multi-scale quantisation. Built in notebook 04.

Sources: VQ-VAE (arXiv 1711.00937), FSQ (2309.15505), residual multi-scale VQ of VAR (2404.02905).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def straight_through(z: Tensor, q: Tensor) -> Tensor:
    """The value of `q` with the gradient of `z`: rounding has none of its own."""
    return z + (q - z).detach()


def nearest(z: Tensor, codebook: Tensor) -> Tensor:
    """Index of the nearest row of `codebook [K, d]` (L2) for each vector of `z [..., d]`."""
    z, codebook = z.float(), codebook.float()
    return (codebook.square().sum(1) - 2 * z @ codebook.T).argmin(-1)


def usage(indices: Tensor, count: int) -> dict[str, float]:
    """`used`: share of the `count` codes that occur in `indices`; `perplexity`: how many they are worth, 1 to count."""
    share = torch.bincount(indices.flatten().cpu(), minlength=count).double() / indices.numel()
    entropy = -(share * share.clamp(min=1e-300).log()).sum()
    return {"used": float((share > 0).double().mean()), "perplexity": float(entropy.exp())}


class FSQ(nn.Module):
    """Finite scalar quantisation: each of d numbers is bounded by a tanh and rounded to one of its `levels`.

    Nothing is learned and no code can die. Codes are not fixed points: bounding a code again moves it, so codes are
    never quantised twice; decode from indices. Source: arXiv 2309.15505.
    """

    def __init__(self, levels: tuple[int, ...]):
        super().__init__()
        if not levels or min(levels) < 2:
            raise ValueError(f"levels={levels} must be whole numbers of at least 2, one a channel.")
        self.levels, self.count = tuple(levels), math.prod(levels)
        level = torch.tensor(levels)
        even = (level % 2 == 0) & (level > 2)
        half = (level - 1) * 1.001 / 2  # a little more than the outermost level, so that each level can be reached
        self.register_buffer("reach", torch.where(level == 2, torch.tensor(0.5), half), persistent=False)
        self.register_buffer("offset", torch.where(level % 2 == 0, 0.5, 0.0), persistent=False)
        # With two levels the shift would lie where the tanh is flat: there zero itself is the border.
        self.register_buffer("shift", torch.where(even, self.offset / self.reach, 0.0).atanh(), persistent=False)
        self.register_buffer("width", (level // 2).float(), persistent=False)
        basis = torch.cumprod(torch.tensor([1, *levels[:-1]]), 0)
        self.register_buffer("basis", basis, persistent=False)

    def bound(self, z: Tensor) -> Tensor:
        """Any numbers `[..., d]` into about [-1, 1]: the continuous latents."""
        return ((z + self.shift).tanh() * self.reach - self.offset) / self.width

    def round(self, bounded: Tensor) -> Tensor:
        """Bounded numbers to the nearest level, with a straight-through gradient."""
        return straight_through(bounded, (bounded * self.width).round() / self.width)

    def forward(self, z: Tensor) -> Tensor:
        return self.round(self.bound(z))

    def indices(self, codes: Tensor) -> Tensor:
        """One number in 0..count-1 for each code `[..., d]`; bounded latents are rounded first."""
        digits = (codes * self.width).round().long() + self.width.long()
        return (digits * self.basis).sum(-1)

    def codes(self, indices: Tensor) -> Tensor:
        """The code `[..., d]` of each index: the inverse of `indices`."""
        if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < self.count:
            raise ValueError(f"indices must lie in 0..{self.count - 1}, not {indices.min()}..{indices.max()}.")
        digits = indices[..., None] // self.basis % self.width.new_tensor(self.levels).long()
        return (digits - self.width.long()) / self.width


class VQ(nn.Module):
    """Vector quantisation with a codebook `[count, dim]`; `quantizer(z [..., dim]) -> (codes, indices, loss)`.

    With `ema` = 0 the codebook learns by gradient: loss = |sg(z) - q|² + commitment · |z - sg(q)|². With `ema` > 0 each
    code is a running mean of the vectors that chose it, and the loss holds the commitment alone.
    """

    def __init__(self, count: int, dim: int, ema: float = 0.0, commitment: float = 0.25):
        super().__init__()
        self.count, self.dim, self.ema, self.commitment = count, dim, ema, commitment
        self.codebook = nn.Parameter(torch.randn(count, dim) / math.sqrt(dim), requires_grad=ema == 0)
        self.register_buffer("counts", torch.ones(count))
        self.register_buffer("sums", self.codebook.detach().clone())

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if z.shape[-1] != self.dim:
            raise ValueError(f"z must be [..., {self.dim}], one vector a place, not {list(z.shape)}.")
        indices = nearest(z.detach(), self.codebook)
        q = self.codebook[indices]
        loss = self.commitment * F.mse_loss(z, q.detach())
        if self.ema == 0:
            loss = loss + F.mse_loss(q, z.detach())
        elif self.training:
            self.update(z.detach(), indices)
        return straight_through(z, q), indices, loss

    @torch.no_grad()
    def update(self, z: Tensor, indices: Tensor) -> None:
        """Move each code towards the mean of the vectors that chose it; the counts are smoothed, their sum stays."""
        flat, chosen = z.reshape(-1, self.dim).float(), indices.flatten()
        self.counts.lerp_(torch.bincount(chosen, minlength=self.count).float(), 1 - self.ema)
        self.sums.lerp_(torch.zeros_like(self.sums).index_add_(0, chosen, flat), 1 - self.ema)
        total = self.counts.sum()
        smooth = (self.counts + 1e-5) / (total + self.count * 1e-5) * total
        self.codebook.copy_(self.sums / smooth[:, None])

    @torch.no_grad()
    def start(self, z: Tensor, rounds: int = 10, generator: torch.Generator | None = None) -> None:
        """k-means: put the codes where the vectors `z [..., dim]` are. Codes that nobody chooses move to vectors."""
        flat = z.detach().reshape(-1, self.dim).float()
        self._put(torch.arange(self.count), flat[_some(len(flat), self.count, generator)])
        for _ in range(rounds):
            chosen = nearest(flat, self.codebook)
            counts = torch.bincount(chosen, minlength=self.count)
            sums = torch.zeros_like(self.codebook).index_add_(0, chosen, flat)
            self.codebook.copy_(torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], self.codebook))
            self.revive(flat, counts, generator=generator)
        self._put(torch.arange(self.count), self.codebook.clone())

    @torch.no_grad()
    def revive(self, z: Tensor, counts: Tensor, least: float = 0.5, generator: torch.Generator | None = None) -> int:
        """Move every code with fewer than `least` `counts` onto some vector of `z`; gives how many were dead."""
        dead = (counts < least).nonzero()[:, 0]
        flat = z.detach().reshape(-1, self.dim).float()
        self._put(dead, flat[_some(len(flat), len(dead), generator)])
        return len(dead)

    def _put(self, rows: Tensor, vectors: Tensor) -> None:
        """New codes forget what their place remembered."""
        self.codebook.data[rows] = vectors
        self.sums[rows], self.counts[rows] = vectors, 1.0


def _some(n: int, count: int, generator: torch.Generator | None) -> Tensor:
    """`count` rows of n, different ones while there are enough."""
    order = [torch.randperm(n, generator=generator) for _ in range(-(-count // n))]
    return torch.cat(order)[:count] if order else torch.zeros(0, dtype=torch.long)


@dataclass(frozen=True)
class MultiScaleConfig:
    """Shape of a `MultiScale` quantiser: the sides of its grids from coarse to fine, its codes, their channels."""

    scales: tuple[int, ...] = (1, 2, 4, 7)
    count: int = 1000
    dim: int = 4


class MultiScale(nn.Module):
    """Residual quantisation from coarse to fine: each scale codes what the coarser ones left, all with one codebook.

    Latents `[B, d, S, S]` become tokens `[B, T]`, the scales one after another, and the sum of all scales is the
    approximation. Source: VAR (arXiv 2404.02905).
    """

    def __init__(self, config: MultiScaleConfig):
        super().__init__()
        self.config, self.scales = config, tuple(config.scales)
        if list(self.scales) != sorted(set(self.scales)) or not self.scales or self.scales[0] < 1:
            raise ValueError(f"scales={self.scales} must grow, such as (1, 2, 4, 7).")
        self.groups = tuple(s * s for s in self.scales)
        self.vq = VQ(config.count, config.dim)

    @torch.no_grad()
    def encode(self, latents: Tensor) -> Tensor:
        """Tokens `[B, T]` of latents `[B, d, S, S]`."""
        wanted = (self.vq.dim, self.scales[-1], self.scales[-1])
        if latents.shape[1:] != wanted:
            raise ValueError(f"latents must be [B, {', '.join(map(str, wanted))}], not {list(latents.shape)}.")
        residual, tokens = latents.float(), []
        for s in self.scales:
            vectors = F.adaptive_avg_pool2d(residual, s).permute(0, 2, 3, 1)  # [B, s, s, d]
            indices = nearest(vectors, self.vq.codebook)
            residual = residual - self._spread(self.vq.codebook[indices])
            tokens.append(indices.flatten(1))
        return torch.cat(tokens, 1)

    def partial(self, tokens: Tensor) -> list[Tensor]:
        """The approximation `[B, d, S, S]` after each scale that `tokens [B, n]` hold whole."""
        total, out = torch.zeros((), device=tokens.device), []
        for s, part in zip(self.scales, tokens.split(self._held(tokens.shape[1]), 1)):
            total = total + self._spread(self.vq.codebook[part].view(len(tokens), s, s, -1))
            out.append(total)
        return out

    def decode(self, tokens: Tensor) -> Tensor:
        """Latents `[B, d, S, S]` of tokens `[B, T]`: the sum of all scales."""
        return self.partial(tokens)[-1]

    def inputs(self, tokens: Tensor) -> Tensor:
        """What the model sees: for each scale the sum of the coarser ones at its size, `[B, T, d]`; first zeros.

        Rows of a scale depend on coarser codes only. `tokens [B, n]` may stop after any scale; then the result holds
        one scale more.
        """
        parts = [self.vq.codebook.new_zeros(len(tokens), self.groups[0], self.vq.dim)]
        for s, total in zip(self.scales[1:], self.partial(tokens) if tokens.shape[1] else []):
            parts.append(F.adaptive_avg_pool2d(total, s).flatten(2).transpose(1, 2))  # [B, s·s, d]
        return torch.cat(parts, 1)

    @torch.no_grad()
    def start(self, latents: Tensor, rounds: int = 10, generator: torch.Generator | None = None) -> None:
        """k-means over what is left at every scale, twice: the second time with the residuals that the first left."""
        for second in (False, True):
            residual, pool = latents.float(), []
            for s in self.scales:
                vectors = F.adaptive_avg_pool2d(residual, s).permute(0, 2, 3, 1)
                pool.append(vectors.reshape(-1, vectors.shape[-1]))
                codes = self.vq.codebook[nearest(vectors, self.vq.codebook)]
                residual = residual - self._spread(codes if second else vectors)
            self.vq.start(torch.cat(pool), rounds, generator)

    def _held(self, n: int) -> list[int]:
        """The groups that n tokens are."""
        groups = [g for k, g in enumerate(self.groups) if sum(self.groups[: k + 1]) <= n]
        if sum(groups) != n or not groups:
            raise ValueError(f"tokens must be [B, n] with n whole scales of {self.groups}, not n = {n}.")
        return groups

    def _spread(self, vectors: Tensor) -> Tensor:
        """Codes `[B, s, s, d]` over the whole grid, `[B, d, S, S]`."""
        return F.interpolate(vectors.permute(0, 3, 1, 2), size=(self.scales[-1],) * 2, mode="bicubic")
