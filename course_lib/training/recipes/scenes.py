"""The recipes on scenes: every family draws the same pictures from the same captions, with the same network."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ... import networks, runtime
from ...data import captions, scenes
from ...data.levels import to_bytes
from ...methods import autoregressive, bridges, editing, few_step, flow, masked
from .. import losses
from .recipe import BLOCKWISE, HIDDEN, IN_TURN, NOISE, Reading, Recipe

FACTORS = len(scenes.MASKS), len(scenes.INK), len(scenes.GROUND)  # of a token: what it inks, in what colour, on what
WORDS = 20  # that a model reads: a chain of relations, which is kept from training, has the most
# How often each form of a caption is met; what is open is met more often, since there is more to learn.
MIX = {"full": 0.2, "no-positions": 0.35, "open": 0.1, "no-colours": 0.05, "no-sizes": 0.05, "no-shapes": 0.05}
MIX |= {"relation": 0.1, "count": 0.05, "null": 0.05}
TOKENS, PATCHES = {"tokens": FACTORS}, {"vector": 48, "clock": 1}
SHIFT = 2.0  # of the times: a patch of 16 pixels shows itself through much noise


def transformer(kind=networks.Transformer, **changes) -> networks.Transformer:
    """A transformer over the 6×6 patches of a scene that reads a caption word by word, as all families do."""
    shape = {
        "grid": (6, 6),
        "classes": len(captions.WORDS),
        "context": WORDS,
        "depth": 5,
        "in_turn": bool(changes.get("groups")),
    }
    return kind(networks.TransformerConfig(**shape | changes))


def pack(factors: Tensor) -> Tensor:
    """Factors `[..., 3]` of a patch as the one id that a transformer takes for all of them."""
    _, inks, grounds = FACTORS
    return (factors[..., 0] * inks + factors[..., 1]) * grounds + factors[..., 2]


def unpack(ids: Tensor) -> Tensor:
    """The factors `[..., 3]` of ids, the inverse of `pack`."""
    _, inks, grounds = FACTORS
    return torch.stack([ids // (inks * grounds), ids // grounds % inks, ids % grounds], -1)


def ids(cells: Tensor, ground: Tensor) -> Tensor:
    """Scenes as one id a patch, `[N, 36]`."""
    return pack(scenes.tokens(cells, ground))


def floats(cells: Tensor, ground: Tensor) -> Tensor:
    """Scenes as pictures in [-1, 1], `[N, 3, 24, 24]`."""
    return scenes.render(cells, ground).float() / 127.5 - 1


def told(texts: list[str]) -> Tensor:
    """Captions as the models read them, `[N, WORDS]`."""
    return captions.encode(texts, WORDS)


def drawn(x: Callable = ids, size: int = 64, seed: int = 0, mix: dict[str, float] = MIX) -> Callable:
    """Batches `(x(cells, ground), captions)` of new scenes of the training law, with the forms of a `mix`."""
    shares = torch.tensor(list(mix.values()))

    def batch(step: int) -> tuple[Tensor, Tensor]:
        generator = runtime.generator(seed, step)
        cells, ground = scenes.sample(size, generator, part="train")
        counts = torch.multinomial(shares, size, True, generator=generator).bincount(minlength=len(mix)).tolist()
        parts = zip(cells.split(counts), ground.split(counts), mix)
        texts = [text for few, on, form in parts for text in captions.caption(few, on, form, generator)]
        return x(cells, ground), told(texts)

    return batch


def unsaid(step: int) -> tuple[Tensor, Tensor]:
    """A batch `(ids, zeros)` of new scenes of the whole law, of which nothing is told."""
    return ids(*scenes.sample(64, runtime.generator(0, step))), torch.zeros(64, dtype=torch.long)


def _reading(x: Callable, shape: tuple[int, ...], decode: Callable) -> Reading:
    return Reading(lambda pictures: x(*pictures.extra.values()), shape, decode)


patches = _reading(ids, (6, 6), lambda x: scenes.from_tokens(unpack(x.flatten(1))))
pixels = _reading(floats, (3, 24, 24), to_bytes)
COMMON = {"lr": 2e-3, "muon": 0.02, "ema": 0.998, "data": "scenes", "guidance": (1.0,)}
COMMON |= {"labels": lambda pictures: told(pictures.captions), "measures": ("obeyed",)}
STEPS = NOISE | {"dials": {"steps": 16, "shift": SHIFT}}

RECIPES = {
    "token-ar-scenes": Recipe(
        lambda: transformer(**TOKENS),
        partial(autoregressive.loss, drop=0.05),
        patches,
        "causal transformer over 36 tokens of three factors, by caption",
        steps=4800,
        batches=drawn,
        passes=36,
        **IN_TURN | COMMON,
    ),
    "masked-scenes": Recipe(
        lambda: transformer(**TOKENS, groups=(36,)),
        partial(masked.loss, drop=0.05),
        patches,
        "bidirectional transformer over 36 tokens of three factors, some of them hidden, by caption",
        steps=4590,  # these three: as many operations
        batches=drawn,
        **HIDDEN | COMMON,
    ),
    "dit-scenes": Recipe(
        lambda: transformer(**PATCHES, groups=(36,)),
        partial(flow.loss, drop=0.05, shift=SHIFT),
        pixels,
        "flow matching with a transformer on 4×4 patches, by caption",
        steps=5260,
        batches=partial(drawn, floats),
        **STEPS | COMMON,
    ),
    "few-step-scenes": Recipe(
        lambda: transformer(**PATCHES | {"clock": 2}, groups=(36,)),
        partial(losses.shortcut, teacher="dit-scenes", guidance=1.0),
        pixels,
        "the transformer on 4×4 patches of scenes taught to jump: one checkpoint for 1, 2, 4, 8 and 16 steps",
        steps=3000,
        batches=partial(drawn, floats, 32),
        teachers=("dit-scenes",),
        untrained=2 / 3,
        start=losses.weights_of("dit-scenes"),
        # As gentle as with garments.
        **NOISE | COMMON | {"sample": few_step.sample, "passes": 4, "dials": {"steps": 4}, "lr": 1e-4, "muon": 0.0005},
    ),
    "inpaint-scenes": Recipe(
        lambda: transformer(**PATCHES, groups=(36,)),
        partial(editing.loss, drop=0.05, shift=SHIFT),
        pixels,
        "the transformer on 4×4 patches of scenes taught that some are clean: a time for each",
        steps=1500,
        batches=partial(drawn, floats),
        teachers=("dit-scenes",),
        start=losses.weights_of("dit-scenes"),
        **STEPS | COMMON | {"sample": editing.inpaint, "lr": 1e-3, "muon": 0.01},
    ),
    "block-scenes": Recipe(
        lambda: transformer(**TOKENS, kind=networks.BlockTransformer, groups=(36,), classes=1, context=1),
        partial(bridges.loss, blocks=(1, 2, 3, 6, 12, 36)),
        patches,
        "one transformer over 36 tokens of scenes of which nothing is told, in blocks of 1, 2, 3, 6, 12 or 36",
        steps=4000,
        batches=lambda: unsaid,
        **COMMON
        | BLOCKWISE
        | {"passes": 36, "labels": lambda pictures: torch.zeros(len(pictures)).long(), "measures": ("blocks",)},
    ),
}
