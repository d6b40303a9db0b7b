"""What pictures become before a model trains on them (levels, latents, tokens, labels), and the way back."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import data
from ..data import emoji
from ..data.levels import to_bytes
from ..methods import next_scale
from .checkpoints import load, shipped
from .parts import in_parts


def tokens(pictures: data.Pictures) -> Tensor:
    """256 levels in raster order, `[N, T]`."""
    return pictures.pixels.flatten(1)


def encode(x: Tensor, tokenizer: str, tokens: bool = True) -> Tensor:
    """Tokens `[N, T]` (or continuous latents `[N, d, h, w]`) of pictures `x` in [-1, 1] by the shipped `tokenizer`."""
    model = shipped(tokenizer)
    return in_parts(model.tokenize if tokens else model.encode, x, size=500)


def fashion_tokens(pictures: data.Pictures) -> Tensor:
    """49 tokens of each garment, `[N, 49]`."""
    return encode(pictures.floats(), "tokenizer-fashion")


def fashion_latents(pictures: data.Pictures) -> Tensor:
    """Continuous latents of each garment, `[N, 4, 7, 7]`."""
    return encode(pictures.floats(), "tokenizer-fashion", tokens=False)


def fashion_normal_latents(pictures: data.Pictures) -> Tensor:
    """Continuous latents of each garment, mean 0 and variance 1 in each channel, `[N, 4, 7, 7]`."""
    return normal(pictures.floats(), "tokenizer-fashion")


def normal(x: Tensor, tokenizer: str) -> Tensor:
    """Continuous latents of pictures `x` in [-1, 1], mean 0 and variance 1 in each channel of the `tokenizer`."""
    return load(tokenizer).cpu().normal(encode(x, tokenizer, tokens=False))


def fashion_scales(pictures: data.Pictures) -> Tensor:
    """70 tokens of each garment in four scales, `[N, 70]`."""
    return in_parts(shipped("pyramid-fashion").encode, fashion_latents(pictures), size=1000)


def grey(levels: Tensor) -> Tensor:
    """256 levels `[N, H, W]` as pictures, uint8 `[N, 1, H, W]`."""
    return levels[:, None].to(torch.uint8)


def pictures_of(tokenizer: str) -> Callable[[Tensor], Tensor]:
    """The way back from tokens `[N, …]` of the shipped `tokenizer` to pictures, uint8 `[N, C, H, W]`."""
    return lambda tokens: to_bytes(shipped(tokenizer).detokenize(tokens))


def from_normal_latents(x: Tensor, tokenizer: str = "tokenizer-fashion") -> Tensor:
    """The way back from normal latents `[N, 4, h, w]` of the shipped `tokenizer` to pictures, uint8 `[N, C, H, W]`."""
    model = shipped(tokenizer)
    return to_bytes(model.decode(model.unnormal(x.float())))


def from_scales(tokens: Tensor) -> Tensor:
    """The way back from 70 tokens in four scales `[N, 70]` to garments, uint8 `[N, 1, 28, 28]`."""
    return to_bytes(shipped("tokenizer-fashion").decode(shipped("pyramid-fashion").decode(tokens)))


def sample_scales(model, labels: Tensor, **dials) -> Tensor:
    """`next_scale.sample` with the shipped pyramid."""
    return next_scale.sample(model, labels, pyramid=shipped("pyramid-fashion"), **dials)


def nats_of_scales(model, tokens: Tensor, labels: Tensor) -> Tensor:
    """`next_scale.nats` with the shipped pyramid."""
    return next_scale.nats(model, tokens, labels, pyramid=shipped("pyramid-fashion"))


VARIANTS = 6  # of each emoji: as it is, mirrored, and shifted by up to two pixels


def shifted(pictures: data.Pictures) -> Tensor:
    """Each emoji in `VARIANTS` ways, `[N · VARIANTS, 3, 32, 32]` in [-1, 1]; what can be read is never mirrored."""
    x, generator, out = pictures.floats(), torch.Generator().manual_seed(0), []
    free = torch.tensor([emoji.mirrors(pictures, i) for i in range(len(pictures))])
    for variant in range(VARIANTS):
        y = torch.where((free & (variant % 2 == 1)).view(-1, 1, 1, 1), x.flip(-1), x)
        if variant > 1:
            dy, dx = torch.randint(0, 5, (2,), generator=generator).tolist()
            y = F.pad(y, (2, 2, 2, 2), value=1.0)[..., dy : dy + 32, dx : dx + 32]
        out.append(y)
    return torch.stack(out, 1).flatten(0, 1)


def emoji_tokens(pictures: data.Pictures) -> Tensor:
    """64 tokens of each variant of each emoji, `[N · VARIANTS, 64]`."""
    return encode(shifted(pictures), "tokenizer-emoji")


def emoji_normal_latents(pictures: data.Pictures) -> Tensor:
    """Continuous latents of each variant, mean 0 and variance 1 in each channel, `[N · VARIANTS, 4, 8, 8]`."""
    return normal(shifted(pictures), "tokenizer-emoji")


def emoji_labels(pictures: data.Pictures) -> Tensor:
    """Style, subgroup and words of each variant, `[N · VARIANTS, 10]`."""
    return emoji.conditions(pictures).repeat_interleave(VARIANTS, 0)
