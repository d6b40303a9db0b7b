"""The recipes on Fashion-MNIST: the ruler's classifier, and every family on the same garments."""

from functools import partial

import torch

from ... import networks
from ...methods import autoencoding, autoregressive, bridges, editing, few_step, flow, masked, next_scale
from .. import inputs, losses
from ..checkpoints import load
from .recipe import BLOCKWISE, HIDDEN, IN_TURN, NOISE, Reading, Recipe


def transformer(kind=networks.Transformer, **changes) -> networks.Transformer:
    """A transformer over a 7×7 grid, by class."""
    return kind(networks.TransformerConfig(**{"grid": (7, 7), "classes": 10} | changes))


BLOCKS = (1, 2, 4, 7, 14, 28, 49)
IN_BLOCKS = {"kind": networks.BlockTransformer, "groups": (49,), "depth": 5}
PATCHES = {"vector": 16, "clock": 1, "context": 0, "groups": (49,)}
FURTHER = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)  # guidance of models of latents in few passes, whose best lay at the edge

pixels = Reading(lambda pictures: pictures.floats(), (1, 28, 28), inputs.to_bytes)
levels = Reading(lambda pictures: pictures.pixels[:, 0], (28, 28), inputs.grey)
sequence = Reading(inputs.tokens, (28, 28), inputs.grey)
tokens = Reading(inputs.fashion_tokens, (7, 7), inputs.pictures_of("tokenizer-fashion"), ("tokenizer-fashion",))
latents = Reading(inputs.fashion_normal_latents, (4, 7, 7), inputs.from_normal_latents, ("tokenizer-fashion",))
vectors = Reading(
    lambda pictures: inputs.fashion_normal_latents(pictures).flatten(2).mT,
    (49, 4),
    lambda x: inputs.from_normal_latents(x.mT.unflatten(2, (7, 7))),
    ("tokenizer-fashion",),
)
scales = Reading(inputs.fashion_scales, (), inputs.from_scales, ("tokenizer-fashion", "pyramid-fashion"))

CODES = {"batch": 128, "lr": 2e-3, "measures": ("reconstruction",)}
MUON = {"lr": 2e-3, "muon": 0.02}  # for models of tokens

# How the families draw, and what is measured of them.
BY_PIXEL = IN_TURN | {"batch": 16, "passes": 784, "measures": ("bits", "pictures"), "drawn": (1000, 200)}
NOISE = NOISE | {"measures": ("pictures",)}

RECIPES = {
    "features-fashion": Recipe(
        lambda: networks.Classifier(networks.ClassifierConfig()),
        losses.classify,
        pixels,
        "the classifier whose 64 features measure pictures; frozen before any generator was trained",
        steps=4500,
        batch=128,
        lr=2e-3,
        measures=("accuracy",),
    ),
    "pixelcnn-fashion": Recipe(
        lambda: networks.PixelCNN(networks.PixelCNNConfig(classes=10)),
        partial(autoregressive.loss, drop=0.1),
        levels,
        "gated PixelCNN with two stacks, 28×28, 256 levels, by class",
        steps=2200,
        lr=1.5e-3,
        **BY_PIXEL,
    ),
    "pixel-transformer-fashion": Recipe(
        lambda: transformer(grid=(28, 28), tokens=256, depth=5),
        partial(autoregressive.loss, drop=0.1),
        sequence,
        "causal transformer over 784 pixels, 256 levels, by class",
        steps=2400,
        lr=3e-3,
        muon=0.02,
        ema=0.998,
        **BY_PIXEL,
    ),
    "unet-flow-fashion": Recipe(
        lambda: networks.UNet(networks.UNetConfig()),
        partial(flow.loss, drop=0.1),
        pixels,
        "flow matching with a U-Net, by class",
        steps=1884,  # as many operations as dit-fashion
        lr=2e-3,
        **NOISE,
    ),
    "dit-fashion": Recipe(
        lambda: transformer(**PATCHES),
        partial(flow.loss, drop=0.1),
        pixels,
        "flow matching with a transformer on 4×4 patches, by class",
        steps=5000,
        muon=0.02,
        **NOISE,
    ),
    "tokenizer-fashion": Recipe(
        lambda: networks.Autoencoder(networks.AutoencoderConfig()),
        autoencoding.loss,
        pixels,
        "autoencoder whose 7×7 latents are numbers or one of 1,000 codes each",
        steps=1500,
        ema=0.995,
        **CODES,
    ),
    "pyramid-fashion": Recipe(
        lambda: networks.MultiScale(networks.MultiScaleConfig()),
        next_scale.pyramid_loss,
        Reading(inputs.fashion_latents, uses=("tokenizer-fashion",)),
        "residual codes of the same latents in four scales, 1×1 to 7×7",
        steps=600,
        ema=0.99,
        **CODES,
        start=lambda model, x: model.start(x[:4000], generator=torch.Generator().manual_seed(0)),
    ),
    "latent-dit-fashion": Recipe(
        lambda: transformer(**PATCHES | {"vector": 4}),
        partial(flow.loss, drop=0.1),
        latents,
        "flow matching with a transformer on the tokenizer's 7×7 latents, by class",
        steps=1595,  # with the tokenizer's, as many operations as dit-fashion
        muon=0.02,
        guidance=FURTHER,
        **NOISE,
    ),
    "one-step-fashion": Recipe(
        lambda: transformer(**PATCHES | {"clock": 2}),
        losses.matched,
        pixels,
        "the transformer on 4×4 patches taught to jump: one checkpoint for 1, 2, 4, 8 and 16 steps",
        steps=4000,
        batch=48,
        lr=2e-4,
        muon=0.001,  # five times as much, with halves alone, threw the teacher's weights away in 250 steps
        critic=lambda: load(losses.TEACHER),
        teachers=(losses.TEACHER,),
        # of 8.5 calls: two for halves; half a jump, two of the teacher and one of the critic for matching
        untrained=5.5 / 8.5,
        start=losses.weights_of(losses.TEACHER),
        guidance=(1.0,),  # it is in the weights
        **NOISE | {"sample": few_step.sample, "passes": 1, "dials": {}, "measures": ("steps",)},
    ),
    "inpaint-fashion": Recipe(
        lambda: transformer(**PATCHES),
        partial(editing.loss, drop=0.1),
        pixels,
        "the transformer on 4×4 patches taught that some are clean: a time for each",
        steps=1200,
        muon=0.01,
        teachers=("dit-fashion",),
        start=losses.weights_of("dit-fashion"),
        drawn=(2000, 500),
        **NOISE | {"sample": editing.inpaint},
    ),
    "token-ar-fashion": Recipe(
        lambda: transformer(tokens=1000, depth=5),
        partial(autoregressive.loss, drop=0.1),
        tokens,
        "causal transformer over 49 tokens, by class",
        steps=4500,
        **MUON,
        passes=49,
        measures=("nats", "pictures"),
        **IN_TURN,
    ),
    "masked-fashion": Recipe(
        lambda: transformer(tokens=1001, depth=5, groups=(49,)),
        partial(masked.loss, drop=0.1),
        tokens,
        "bidirectional transformer over 49 tokens, some of them hidden, by class",
        steps=4500,
        **MUON,
        **HIDDEN,
        measures=("nats", "pictures"),
        guidance=FURTHER,
    ),
    "next-scale-fashion": Recipe(
        lambda: transformer(tokens=1000, depth=5, groups=(1, 4, 16, 49), vector=4),
        losses.in_scales,
        scales,
        "block-causal transformer over four scales, 70 tokens, by class",
        steps=3200,
        **MUON,
        family="autoregressive",
        sample=inputs.sample_scales,
        passes=4,
        nats=inputs.nats_of_scales,
        measures=("nats", "pictures"),
        guidance=FURTHER,
    ),
    "block-fashion": Recipe(
        lambda: transformer(**IN_BLOCKS, tokens=1001),
        partial(bridges.loss, blocks=BLOCKS, drop=0.1),
        tokens,
        "one transformer over 49 tokens in blocks of 1, 2, 4, 7, 14, 28 or 49, by class",
        steps=4500,  # as many pictures as those of one size; twice the operations
        **MUON,
        **BLOCKWISE | {"passes": 49, "measures": ("blocks", "pictures")},
    ),
    "mar-fashion": Recipe(
        lambda: transformer(**IN_BLOCKS, vector=4),
        partial(bridges.loss, blocks=(1, 49), drop=0.1),
        vectors,
        "transformer with a head of flow over 49 latents, in blocks of 1 or 49, by class",
        steps=3000,
        **MUON,
        **BLOCKWISE | {"sample": bridges.sample_vectors, "nats": None, "passes": 49, "measures": ("pictures",)},
    ),
}
