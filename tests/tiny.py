"""Tiny networks with random weights for the tests: an identity that holds for them holds for all weights."""

import torch
from torch import nn

from course_lib.networks import (
    Autoencoder,
    AutoencoderConfig,
    PixelCNN,
    PixelCNNConfig,
    Transformer,
    TransformerConfig,
)


def shaken(model: nn.Module, std: float = 0.3, dtype: torch.dtype = torch.float64, seed: int = 1) -> nn.Module:
    """`model` with every parameter random: layers that start at zero would make many tests pass for nothing."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)
    return model.to(dtype).eval()


def transformer(dtype: torch.dtype = torch.float64, **changes) -> Transformer:
    """A causal transformer on a 3×4 grid of 5 levels with 3 classes."""
    settings = {"grid": (3, 4), "tokens": 5, "classes": 3, "width": 16, "depth": 2, "heads": 2} | changes
    return shaken(Transformer(TransformerConfig(**settings)), dtype=dtype)


def denoiser(dtype: torch.dtype = torch.float64, **changes) -> Transformer:
    """A bidirectional transformer on 8×8 pictures in 2×2 patches, with 3 classes and adaLN."""
    settings = {"grid": (4, 4), "vector": 4, "clock": 1, "classes": 3, "context": 0, "groups": (16,)}
    return shaken(
        Transformer(TransformerConfig(**settings | {"width": 16, "depth": 2, "heads": 2} | changes)), 0.2, dtype
    )


def pixelcnn(dtype: torch.dtype = torch.float64, **changes) -> PixelCNN:
    """A gated PixelCNN on 3×4 pictures of 5 levels with 3 classes."""
    settings = {"levels": 5, "channels": 8, "layers": 3, "classes": 3, "size": (3, 4)} | changes
    return shaken(PixelCNN(PixelCNNConfig(**settings)), dtype=dtype)


def tokens(batch: int, shape: tuple[int, ...], levels: int = 5, seed: int = 2) -> torch.Tensor:
    """Random tokens `[batch, *shape]`."""
    return torch.randint(levels, (batch, *shape), generator=torch.Generator().manual_seed(seed))


def autoencoder(dtype: torch.dtype = torch.float32, **changes) -> Autoencoder:
    """An autoencoder of 8×8 grey pictures, 2×2 latents of 4·3 codes."""
    settings = {"size": 8, "width": 8, "levels": (4, 3)} | changes
    return shaken(Autoencoder(AutoencoderConfig(**settings)), dtype=dtype)
