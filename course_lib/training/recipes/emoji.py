"""The recipes on emoji, in colour."""

from ... import networks
from ...data import emoji
from ...methods import autoencoding, autoregressive
from .. import inputs, losses
from .recipe import Reading, Recipe


def _transformer() -> networks.Transformer:
    shape = {"grid": (8, 8), "tokens": 1000, "classes": emoji.conditions_count(), "context": 10}
    return networks.Transformer(networks.TransformerConfig(**shape, depth=5))


RECIPES = {
    "tokenizer-emoji": Recipe(
        lambda: networks.Autoencoder(networks.AutoencoderConfig(size=32, channels=3)),
        autoencoding.loss,
        Reading(inputs.shifted),
        "autoencoder for emoji in colour, 8×8 latents, 1,000 codes",
        steps=900,
        batch=128,
        lr=2e-3,
        ema=0.995,
        labels=lambda pictures: pictures.labels.repeat_interleave(inputs.VARIANTS),
        measures=("reconstruction",),
        data="emoji",
    ),
    "token-ar-emoji": Recipe(
        _transformer,
        losses.captioned,
        Reading(inputs.emoji_tokens, (8, 8), inputs.pictures_of("tokenizer-emoji"), ("tokenizer-emoji",)),
        "causal transformer over 64 tokens of emoji, by style, subgroup and words",
        steps=2000,
        lr=2e-3,
        muon=0.02,
        labels=inputs.emoji_labels,
        plain=lambda pictures: (inputs.encode(pictures.floats(), "tokenizer-emoji"), emoji.conditions(pictures)),
        family="autoregressive",
        sample=autoregressive.sample,
        half=False,
        passes=64,
        nats=autoregressive.nats,
        measures=("nats",),
        data="emoji",
    ),
}
