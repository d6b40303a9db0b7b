"""The recipes on signs: every family writes the same words, told letter by letter, with the same network."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ... import networks, runtime
from ...data import signs
from ...data.levels import to_bytes
from ...methods import autoregressive, flow, masked
from .recipe import Reading, Recipe

EMPTY = len(signs.LETTERS) + 1  # labels below are letters, 0 an empty slot; from here on they are colours
COLOURS = len(signs.INKS) * len(signs.PAPERS)
VOCABULARY = len(signs.BOOK)
SHIFT = 2.0  # of the times, as on scenes


def transformer(lines: int = 1, **changes) -> networks.Transformer:
    """A transformer over the 4×4 patches of a sign of so many lines; it reads a label a slot, and the colours."""
    grid = (lines * signs.HEIGHT // signs.PATCH, signs.SLOTS * signs.WIDTH // signs.PATCH)
    shape = {"grid": grid, "classes": EMPTY + COLOURS, "context": lines * signs.SLOTS + 1}
    small = {"width": 112, "depth": 5}
    return networks.Transformer(networks.TransformerConfig(**small | shape | changes))


def told(texts: list[str], ink: Tensor, paper: Tensor) -> Tensor:
    """Signs as the models are told them, `[N, 6 · lines + 1]`: a label a slot, then one for ink and paper."""
    return torch.column_stack([signs.spell(texts).flatten(1), EMPTY + ink * len(signs.PAPERS) + paper])


def floats(*sign) -> Tensor:
    """Signs as pictures in [-1, 1], `[N, 3, 16 · lines, 48]`."""
    return signs.render_sign(*sign).float() / 127.5 - 1


def drawn(x: Callable = signs.tokens, size: int = 64, seed: int = 0, poster: bool = False) -> Callable:
    """Batches `(x(texts, ink, paper), labels)` of signs with words of the training split."""

    def batch(step: int) -> tuple[Tensor, Tensor]:
        sign = signs.sample(size, runtime.generator(seed, step), poster=poster)
        return x(*sign), told(*sign)

    return batch


def _reading(x: Callable, shape: tuple[int, ...], decode: Callable) -> Reading:
    return Reading(lambda pictures: x(pictures.captions, *pictures.extra.values()), shape, decode)


def labels(pictures) -> Tensor:
    """What a model of signs is told of `data.load("signs")`."""
    return told(pictures.captions, *pictures.extra.values())


patches = _reading(signs.tokens, (4, 12), lambda x: signs.from_tokens(x.flatten(1)))
pixels = _reading(floats, (3, signs.HEIGHT, signs.SLOTS * signs.WIDTH), to_bytes)


def _recipe(method, shape: dict, reads: Reading, about: str, **more) -> Recipe:
    same = {"steps": 1200, "lr": 2e-3, "muon": 0.02, "ema": 0.995, "data": "signs", "guidance": (1.0,)}
    same |= {"labels": labels, "measures": ("spelled",), "sample": method.sample, "batches": drawn}
    loss = partial(method.loss, drop=0.05, **more.pop("loss", {}))
    return Recipe(lambda: transformer(**shape), loss, reads, about, **same | more)


CAUSAL, HIDING, NOISY = {"tokens": VOCABULARY}, {"tokens": VOCABULARY + 1}, {"vector": 48, "clock": 1}
WHOLE = {"groups": (48,)}
RECIPES = {
    "token-ar-signs": _recipe(
        *(autoregressive, CAUSAL, patches, "causal transformer over the 48 patches of a sign, told its letters"),
        **{"family": "autoregressive", "half": False, "passes": 48, "nats": autoregressive.nats},
    ),
    "masked-signs": _recipe(
        *(masked, HIDING | WHOLE, patches, "transformer over the 48 patches of a sign, some hidden, told its letters"),
        **{"family": "masked", "passes": 12, "dials": {"steps": 12}, "nats": partial(masked.bound, draws=10)},
    ),
    "dit-signs": _recipe(
        *(flow, NOISY | WHOLE, pixels, "flow matching with a transformer on 4×4 patches of a sign, told its letters"),
        **{"family": "noise", "passes": 16, "dials": {"steps": 16, "shift": SHIFT}, "loss": {"shift": SHIFT}},
        batches=partial(drawn, floats),
    ),
}
