"""Models that converse, trained at budgets of operations. Used by the experiments of notebook 17."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import nn

from .. import runtime
from ..measure import cost
from ..training import RECIPES
from .averaged import averaged


def steps_for(batches: Callable, loss: Callable, model: nn.Module, flops: float, kinds: int = 1) -> int:
    """How many steps so many operations buy: three times a forward pass each, a mean of `kinds` batches."""
    one, two = (
        sum(cost.flops(partial(loss, model, tuple(part[:n] for part in batches(kind)))) for kind in range(kinds))
        for n in (1, 2)
    )
    return max(1, round(flops * kinds / (3 * (two - one) * len(batches(0)[0]))))


def trained(
    name: str,
    flops: float,
    seed: int,
    *,
    dials: dict | None = None,
    watch: Callable[[int, nn.Module], None] | None = None,
    looks: int = 4,
    **form,
) -> nn.Module:
    """A model of the recipe `name`, trained on conversations of a `form` for as many steps as `flops` buy: its average.

    `dials` of the loss stand in place of the recipe's; `watch(step, average)` is called `looks` times, the last time
    at the end.
    """
    recipe = replace(RECIPES[name], loss=partial(RECIPES[name].loss, **dials or {}))
    runtime.seed(seed)
    model, batches = recipe.build(), recipe.batches(size=recipe.batch, seed=seed, **form)
    steps = steps_for(batches, recipe.loss, model, flops, len(form.get("edits", "1")))
    return averaged(recipe, model, batches, steps, seed, watch=watch, looks=looks)
