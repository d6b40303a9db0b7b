"""Models of scenes, trained on a budget and graded by what they were told. Used by the experiments of notebook 13."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache, partial
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from .. import networks, runtime
from ..data import captions, scenes
from ..measure import grade
from ..methods import flow, masked
from ..training import RECIPES, Reading, Recipe, in_parts
from ..training.recipes import scenes as recipes
from . import repeat
from .averaged import averaged

FAMILIES = ("token-ar-scenes", "masked-scenes", "dit-scenes")
# What is asked for: the form of the captions, the part that the scenes are of, and how many objects all have.
ASKED = {form: (form, "train", None) for form in ("full", "no-positions", "open", "relation", "count", "null")}
ASKED |= {"pairs": ("full", "pairs", None), "three": ("full", "scenes", 3), "chain": ("chain", "train", 3)}
PLACED = ("no-positions", "open", "count")  # forms whose law puts objects anywhere alike
WAYS = {  # other ways to draw with the same weights
    "masked-scenes": {"one at a time": {"steps": 36, "order": masked.random}},
    "dit-scenes": {"4 steps": {"steps": 4}},
    "few-step-scenes": {"1 step": {"steps": 1}},
}


@lru_cache(maxsize=64)
def prompts(asked: str, n: int) -> tuple[Tensor, Tensor, list[str]]:
    """`n` scenes and their captions, the same for every model: cells, ground, texts."""
    form, part, objects = ASKED[asked]
    generator = torch.Generator().manual_seed(100 + list(ASKED).index(asked))
    cells, ground = scenes.sample(n if objects is None else 6 * n, generator, part=part)
    if objects is not None:
        rows = ((cells > 0).sum(1) == objects).nonzero().flatten()[:n]
        cells, ground = cells[rows], ground[rows]
    return cells, ground, captions.caption(cells, ground, form, generator)


def single_ids(name: str) -> Recipe:
    """The recipe `name` with one id a whole patch, in place of three composed factors."""
    hidden, groups = (1, (36,)) if RECIPES[name].family == "masked" else (0, ())

    def ids(cells: Tensor, ground: Tensor) -> Tensor:
        return scenes.ids(scenes.tokens(cells, ground))

    def decode(x: Tensor) -> Tensor:
        return scenes.from_tokens(scenes.from_ids(x.flatten(1)))

    return replace(
        RECIPES[name],
        build=lambda: recipes.transformer(tokens=len(scenes.BOOK) + hidden, groups=groups),
        reads=Reading(lambda pictures: ids(*pictures.extra.values()), (6, 6), decode),
        batches=partial(recipes.drawn, ids),
    )


def together(name: str) -> Recipe:
    """The recipe `name` whose words all see each other, and the picture, and are not read in turn."""

    def build() -> networks.Transformer:
        return networks.Transformer(replace(RECIPES[name].build().config, in_turn=False))

    return replace(RECIPES[name], build=build)


def detailed(name: str, scale: float = 0.5, shift: float = recipes.SHIFT) -> Recipe:
    """The recipe `name` with embeddings that start at another `scale`, and its times, if it has some, shifted."""
    recipe = RECIPES[name]

    def build() -> networks.Transformer:
        model = recipe.build()
        with torch.no_grad():
            for table in [model.position, model.label.weight] + ([] if model.config.vector else [model.read.weight]):
                table.mul_(scale / 0.5)
        return model

    if recipe.family != "noise":
        return replace(recipe, build=build)
    loss = partial(flow.loss, drop=0.05, shift=shift)
    return replace(recipe, build=build, loss=loss, dials=recipe.dials | {"shift": shift})


@lru_cache
def _steps(name: str, flops: float) -> int:
    """How many steps of the recipe `name` so many operations buy."""
    return max(1, round(flops / (repeat.flops_per_picture(name) * RECIPES[name].batch)))


def trained(
    name: str,
    flops: float,
    seed: int,
    *,
    recipe: Recipe | None = None,
    mix: dict[str, float] = recipes.MIX,
    watch: Callable[[int, nn.Module], None] | None = None,
    looks: int = 10,
) -> nn.Module:
    """A model of a recipe, by default `name`, trained on as many steps as `flops` buy for `name`: its average.

    `watch(step, average)` is called `looks` times on the way, the last time at the end.
    """
    recipe, steps = recipe or RECIPES[name], _steps(name, flops)
    runtime.seed(seed)
    model = recipe.build()
    batches = recipe.batches(size=recipe.batch, seed=seed, mix=mix)
    return averaged(recipe, model, batches, steps, seed, least=0.99, watch=watch, looks=looks)


def drawn(recipe: Recipe, model: nn.Module, texts: list[str], seed: int = 0, **dials) -> Tensor:
    """Pictures of the captions `texts`, uint8 `[N, 3, 24, 24]`, as the recipe draws or with other `dials`."""
    generator, dials = torch.Generator().manual_seed(seed), recipe.dials | dials

    def some(labels: Tensor) -> Tensor:
        with runtime.autocast() if recipe.half else nullcontext():
            x = recipe.sample(model, labels, shape=recipe.reads.shape, generator=generator, **dials)
        return recipe.reads.decode(x)

    return in_parts(some, recipes.told(texts), size=150)


def graded(pixels: Tensor, asked: str) -> dict:
    """All marks of pictures of `prompts(asked, len(pixels))`, by number of objects too, and the law of the places."""
    cells, _, texts = prompts(asked, len(pixels))
    found, hits = grade.report(pixels, texts), grade.marks(pixels, texts)["fits"]
    if asked == "null":
        return found
    objects = (cells > 0).sum(1)
    found["fits_by_objects"] = {
        str(k): grade.share(hits[objects == k]) | {"n": int((objects == k).sum())} for k in objects.unique().tolist()
    }
    if asked in PLACED and hits.any():
        made = scenes.parse(pixels)[0][hits]
        placed = grade.place_variation(made, torch.Generator().manual_seed(0))
        found |= {"place_variation": placed["variation"], "place_floor": placed["floor"], "place_n": placed["n"]}
    return found


@torch.no_grad()
def bits(recipe: Recipe, model: nn.Module, asked: str, n: int) -> dict:
    """Bits a picture over the exact entropy; of a masked model they are a bound, and called so."""
    cells, ground, texts = prompts(asked, n)
    left = torch.tensor([captions.bits(captions.read(text), part="train") for text in texts])
    x = recipe.reads.encode(SimpleNamespace(extra={"cells": cells, "ground": ground}))
    price = recipe.nats
    if isinstance(price, partial):  # an estimate: it draws
        price = partial(price, generator=torch.Generator().manual_seed(0))
    found = grade.excess(in_parts(lambda a, b: price(model, a, b), x, recipes.told(texts)), left)
    return {f"bound_{k}" if recipe.family == "masked" else k: v for k, v in found.items() if k != "n"} | {"bits_n": n}


def measured(
    name: str, model: nn.Module, n: int, asked: tuple[str, ...], *, recipe: Recipe | None = None, priced: int = 0
) -> dict:
    """What a model obeys: `asked`, a dict of marks a task; `ways`, the same for other ways to draw; excess bits of
    `priced` pictures in the tasks whose entropy is exact."""
    recipe = recipe or RECIPES[name]
    out = {"asked": {task: graded(drawn(recipe, model, prompts(task, n)[2]), task) for task in asked}, "ways": {}}
    for way, dials in (WAYS.get(name, {}) if priced else {}).items():
        ways = [task for task in ("full", "no-positions") if task in asked]
        out["ways"][way] = {task: graded(drawn(recipe, model, prompts(task, n)[2], **dials), task) for task in ways}
    if priced and recipe.nats:
        few = priced // 4 if recipe.family == "masked" else priced
        for task in out["asked"]:
            if task not in ("pairs", "three", "chain"):
                out["asked"][task] |= bits(recipe, model, task, few)
    return short(out)


def short(found):
    """A tree of numbers with four digits behind the point, as many as intervals of hundreds of pictures have."""
    if isinstance(found, dict):
        return {key: short(part) for key, part in found.items()}
    return round(found, 4) + 0.0 if isinstance(found, float) else found
