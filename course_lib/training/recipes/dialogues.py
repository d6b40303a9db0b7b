"""The recipes of conversations: one transformer draws, reads, answers and edits, in tokens alone or in two ways."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import torch
from torch import Tensor

from ... import networks, runtime
from ...data import captions, scenes
from ...data.dialogues import dialogue
from ...data.levels import to_bytes
from ...data.questions import question, sums
from ...methods import joint
from ...networks.patches import patchify, unpatchify
from .recipe import Reading, Recipe
from .scenes import FACTORS, floats, ids
from .scenes import patches as tokens

WORDS = 18  # places of a text: two clauses have 17 words at most
EDITS = (2, 0, 4, 1, 3)  # in the conversations of a step, in turn; the first has as many as the mean, for its costs
KEPT = {"all": (0, 0), "draw": (0, -2), "tell": (1, 0), "edit": (1, -2)}  # segments left out at both ends


def transformer(**changes) -> networks.Joint:
    """A transformer over conversations about scenes."""
    return networks.Joint(networks.JointConfig(**{"grid": (6, 6), "classes": len(captions.WORDS)} | changes))


def told(texts: list[str]) -> Tensor:
    """Texts as the models read them, `[N, WORDS]`; 0 ends each."""
    return torch.nn.functional.pad(captions.encode(texts, WORDS - 1), (0, 1))


def patches(cells: Tensor, ground: Tensor) -> Tensor:
    """Scenes as the numbers of their patches in [-1, 1], `[N, 36, 48]`."""
    return patchify(floats(cells, ground), scenes.PATCH)


def drawn(x: Callable = ids, size: int = 32, seed: int = 0, edits=EDITS, task: str = "all", fresh=False) -> Callable:
    """Batches of conversations, as `methods.joint` wants them: a caption and a picture, edits that each lead to one, a
    question and its answer; half without the caption, as they are cut from longer ones, half asked for a caption.

    A `task` of `KEPT` has some of it only; what is asked back from before the window is not graded, and if `fresh`, no
    window begins with it: what that costs is measured in notebook 17.
    """

    def batch(step: int) -> tuple[Tensor, ...]:
        generator, n = runtime.generator(seed, step), edits[step % len(edits)]
        dice, (first, last) = Random(seed * 1_000_003 + step), KEPT[task]
        talks = dialogue(size * (1 + fresh), max(n, 1), generator)
        talks = talks[[i for i, texts in enumerate(talks.texts) if not (fresh and texts[0] == "undo")][:size]]
        cells, ground = talks.cells[:, : n + 1], talks.ground[:, : n + 1]
        full = captions.caption(cells[:, 0], ground[:, 0], "full", generator)
        raster = captions.caption(cells[:, n], ground[:, n])
        rows = []
        for i, (row, on) in enumerate(zip(cells.tolist(), ground.tolist())):
            told_of = not first and (task == "draw" or not i or dice.random() < 0.5)  # the first row: costs are counted
            caption = sums(row[0], on[0], dice) if dice.random() < 0.1 else full[i]
            asked = question(row[n], dice) if dice.random() < 0.5 else ("", raster[i])
            rows.append([caption * told_of, *talks.texts[i][:n], *asked])
        order = torch.tensor([0, 1] * (n + 1) + [0, 0]).repeat(size, 1)
        graded = torch.zeros_like(order, dtype=torch.bool)
        graded[:, -1], graded[:, 3:-2:2] = True, talks.source[:, :n] >= 0
        graded[:, 1] = torch.tensor([bool(row[0]) for row in rows])
        words = torch.stack([told(row[first : n + 3 + last]) for row in rows])
        shown = x(cells.flatten(0, 1), ground.flatten()).unflatten(0, (size, n + 1))
        return *(part[:, first : 2 * n + 4 + last] for part in (order, graded)), words, shown

    return batch


def _recipe(shape: dict, reads: Reading, x: Callable, loss: Callable, about: str, **more) -> Recipe:
    same = {"lr": 1.5e-3, "muon": 0.02, "ema": 0.998, "batch": 32, "data": "scenes", "guidance": (1.0,), "half": False}
    same |= {"labels": lambda pictures: told(pictures.captions), "batches": partial(drawn, x), "sample": joint.sample}
    return Recipe(lambda: transformer(**shape), loss, reads, about, **same | {"measures": ("conversed",)} | more)


TOKENS = replace(tokens, shape=(36,))
PATCHES = Reading(lambda scene: patches(*scene.extra.values()), (36, 48), lambda x: to_bytes(unpatchify(x, (6, 6), 3)))
RECIPES = {
    "all-token-scenes": _recipe(
        *({"tokens": FACTORS}, TOKENS, ids, partial(joint.loss, weight=5.0)),
        "one transformer for conversations: words and pictures by next token",
        steps=3300,
        family="autoregressive",
        passes=36,
    ),
    "transfusion-scenes": _recipe(
        *({"vector": 48, "groups": (36,)}, PATCHES, patches, partial(joint.loss, weight=50.0, shift=3.0)),
        "one transformer for conversations: words by next token, pictures by flow (Transfusion)",
        steps=2120,  # as many operations
        family="noise",
        passes=8,
        dials={"steps": 8, "shift": 3.0},
    ),
}
