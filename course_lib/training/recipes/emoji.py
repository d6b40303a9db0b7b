"""The recipes on emoji, in colour."""

from functools import partial

from ... import networks
from ...data import emoji
from ...methods import autoencoding, flow
from .. import inputs, losses
from .recipe import IN_TURN, NOISE, Reading, Recipe


def _transformer(**changes) -> networks.Transformer:
    shape = {"grid": (8, 8), "classes": emoji.conditions_count(), "context": 10, "depth": 5}
    return networks.Transformer(networks.TransformerConfig(**shape | changes))


# As many parameters as the one on tokens, to 2 %: no table of 1,000 tokens, but a clock.
LATENTS = {"vector": 4, "clock": 1, "groups": (64,), "width": 136, "heads": 2}


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
        lambda: _transformer(tokens=1000),
        losses.captioned,
        Reading(inputs.emoji_tokens, (8, 8), inputs.pictures_of("tokenizer-emoji"), ("tokenizer-emoji",)),
        "causal transformer over 64 tokens of emoji, by style, subgroup and words",
        steps=2000,
        lr=2e-3,
        muon=0.02,
        labels=inputs.emoji_labels,
        plain=lambda pictures: (inputs.encode(pictures.floats(), "tokenizer-emoji"), emoji.conditions(pictures)),
        passes=64,
        **IN_TURN,
        measures=("nats",),
        data="emoji",
    ),
    "dit-emoji": Recipe(
        lambda: _transformer(**LATENTS),
        partial(losses.captioned, loss=flow.loss),
        Reading(
            inputs.emoji_normal_latents,
            (4, 8, 8),
            partial(inputs.from_normal_latents, tokenizer="tokenizer-emoji"),
            ("tokenizer-emoji",),
        ),
        "flow matching with a transformer on 8×8 latents of emoji, by style, subgroup and words",
        steps=1858,  # as many operations as token-ar-emoji
        muon=0.02,
        labels=inputs.emoji_labels,
        plain=lambda pictures: (inputs.normal(pictures.floats(), "tokenizer-emoji"), emoji.conditions(pictures)),
        **NOISE,
        measures=("styled",),
        data="emoji",
    ),
}
