"""The named recipes that made every shipped checkpoint: what is trained, on what, how, for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from .. import data
from ..data import emoji
from ..methods import autoencoding, autoregressive, flow, masked, next_scale
from ..networks import (
    Autoencoder,
    AutoencoderConfig,
    Classifier,
    ClassifierConfig,
    MultiScale,
    MultiScaleConfig,
    PixelCNN,
    PixelCNNConfig,
    Transformer,
    TransformerConfig,
    UNet,
    UNetConfig,
)
from . import inputs, losses


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, how, for how long."""

    build: Callable[[], nn.Module]
    loss: Callable
    prepare: Callable[[data.Pictures], Tensor]  # pictures to what the loss wants
    about: str
    steps: int
    batch: int = 64
    lr: float = 1e-3
    muon: float = 0.0
    ema: float = 0.999
    labels: Callable[[data.Pictures], Tensor] = lambda pictures: pictures.labels
    uses: tuple[str, ...] = ()  # shipped models that `prepare` needs; their training is charged to this one
    start: Callable[[nn.Module, Tensor], None] | None = None  # before the first step, with what `prepare` gave
    untrained: float = 0.0  # share of the loss's operations through which no gradient flows: a teacher's
    data: str = "fashion"  # the last: the name hides the module


def _pixels(size: int, depth: int) -> Transformer:
    return Transformer(TransformerConfig(grid=(size, size), inputs=256, classes=10, depth=depth))


def _dit(**changes) -> Transformer:
    settings = {"grid": (7, 7), "inputs": 1, "patch": 4, "classes": 10, "context": 0, "blocks": (49,)} | changes
    return Transformer(TransformerConfig(**settings))


def _tokens(**changes) -> Transformer:
    settings = {"grid": (7, 7), "inputs": 1000, "classes": 10, "depth": 5} | changes
    return Transformer(TransformerConfig(**settings))


RECIPES: dict[str, Recipe] = {
    "features-fashion": Recipe(
        lambda: Classifier(ClassifierConfig()),
        losses.classify,
        lambda pictures: pictures.floats(),
        "the classifier whose 64 features measure pictures; frozen before any generator was trained",
        steps=4500,
        batch=128,
        lr=2e-3,
    ),
    "pixelcnn-fashion": Recipe(
        lambda: PixelCNN(PixelCNNConfig(classes=10)),
        partial(autoregressive.loss, drop=0.1),
        lambda pictures: pictures.pixels[:, 0],
        "gated PixelCNN with two stacks, 28×28, 256 levels, by class",
        steps=2200,
        batch=16,
        lr=1.5e-3,
    ),
    "pixel-transformer-fashion": Recipe(
        lambda: _pixels(28, 5),
        partial(autoregressive.loss, drop=0.1),
        inputs.tokens,
        "causal transformer over 784 pixels, 256 levels, by class",
        steps=2400,
        batch=16,
        lr=3e-3,
        muon=0.02,
        ema=0.998,
    ),
    "unet-flow-fashion": Recipe(
        lambda: UNet(UNetConfig()),
        partial(flow.loss, drop=0.1),
        lambda pictures: pictures.floats(),
        "flow matching with a U-Net, by class",
        steps=1884,  # as many operations as dit-fashion
        lr=2e-3,
    ),
    "dit-fashion": Recipe(
        _dit,
        partial(flow.loss, drop=0.1),
        lambda pictures: pictures.floats(),
        "flow matching with a transformer on 4×4 patches, by class",
        steps=5000,
        batch=64,
        lr=1e-3,
        muon=0.02,
    ),
    "pixelcnn-mnist-binary": Recipe(
        lambda: PixelCNN(PixelCNNConfig(levels=2, channels=32, layers=7)),
        losses.binary,
        lambda pictures: pictures.pixels[:, 0],
        "gated PixelCNN on binarised MNIST, for comparison with published nats",
        steps=1000,
        batch=32,
        lr=2e-3,
        data="mnist-binary",
    ),
    "tokenizer-fashion": Recipe(
        lambda: Autoencoder(AutoencoderConfig()),
        autoencoding.loss,
        lambda pictures: pictures.floats(),
        "autoencoder whose 7×7 latents are numbers or one of 1,000 codes each",
        steps=1500,
        batch=128,
        lr=2e-3,
        ema=0.995,
    ),
    "tokenizer-emoji": Recipe(
        lambda: Autoencoder(AutoencoderConfig(size=32, channels=3)),
        autoencoding.loss,
        inputs.shifted,
        "autoencoder for emoji in colour, 8×8 latents, 1,000 codes",
        steps=900,
        batch=128,
        lr=2e-3,
        ema=0.995,
        data="emoji",
        labels=lambda pictures: pictures.labels.repeat_interleave(inputs.VARIANTS),
    ),
    "pyramid-fashion": Recipe(
        lambda: MultiScale(MultiScaleConfig()),
        next_scale.pyramid_loss,
        inputs.fashion_latents,
        "residual codes of the same latents in four scales, 1×1 to 7×7",
        steps=600,
        batch=128,
        lr=2e-3,
        ema=0.99,
        uses=("tokenizer-fashion",),
        start=lambda model, x: model.start(x[:4000], generator=torch.Generator().manual_seed(0)),
    ),
    "latent-dit-fashion": Recipe(
        lambda: _dit(inputs=4, patch=1),
        partial(flow.loss, drop=0.1),
        inputs.fashion_normal_latents,
        "flow matching with a transformer on the tokenizer's 7×7 latents, by class",
        steps=1595,  # with the tokenizer's, as many operations as dit-fashion
        lr=1e-3,
        muon=0.02,
        uses=("tokenizer-fashion",),
    ),
    "one-step-fashion": Recipe(
        lambda: _dit(strides=True),
        losses.shortcut,
        lambda pictures: pictures.floats(),
        "the transformer on 4×4 patches taught to jump: one checkpoint for 1, 2, 4, 8 and 16 steps",
        steps=9000,
        batch=32,
        lr=1e-4,
        muon=0.0005,  # ten times as much throws the teacher's weights away in 250 steps
        ema=0.999,
        uses=("dit-fashion",),
        untrained=2 / 3,  # two calls of the teacher, or of the student without gradient, beside one with
        start=lambda model, x: model.load_state_dict(losses.teacher().state_dict(), strict=False),
    ),
    "token-ar-fashion": Recipe(
        _tokens,
        partial(autoregressive.loss, drop=0.1),
        inputs.fashion_tokens,
        "causal transformer over 49 tokens, by class",
        steps=4500,
        lr=2e-3,
        muon=0.02,
        uses=("tokenizer-fashion",),
    ),
    "masked-fashion": Recipe(
        lambda: _tokens(inputs=1001, blocks=(49,)),
        partial(masked.loss, drop=0.1),
        inputs.fashion_tokens,
        "bidirectional transformer over 49 tokens, some of them hidden, by class",
        steps=4500,
        lr=2e-3,
        muon=0.02,
        uses=("tokenizer-fashion",),
    ),
    "next-scale-fashion": Recipe(
        lambda: _tokens(blocks=(1, 4, 16, 49), reads=4),
        losses.in_scales,
        inputs.fashion_scales,
        "block-causal transformer over four scales, 70 tokens, by class",
        steps=3200,
        lr=2e-3,
        muon=0.02,
        uses=("tokenizer-fashion", "pyramid-fashion"),
    ),
    "token-ar-emoji": Recipe(
        lambda: _tokens(grid=(8, 8), classes=emoji.conditions_count(), context=10),
        losses.captioned,
        inputs.emoji_tokens,
        "causal transformer over 64 tokens of emoji, by style, subgroup and words",
        steps=2000,
        lr=2e-3,
        muon=0.02,
        data="emoji",
        labels=inputs.emoji_labels,
        uses=("tokenizer-emoji",),
    ),
}
