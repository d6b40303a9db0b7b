"""A model trained for some steps, looked at on the way: what comparisons over budgets share."""

from collections.abc import Callable

from torch import nn

from ..training import Recipe, fit
from .rows import whole


def averaged(
    recipe: Recipe,
    model: nn.Module,
    batches: Callable,
    steps: int,
    seed: int,
    *,
    least: float = 0.98,
    watch: Callable[[int, nn.Module], None] | None = None,
    looks: int = 4,
) -> nn.Module:
    """The average of a model's weights over its training, at the rates and by the loss of its recipe.

    It looks back over a fifth of the steps, but decays by `least` a step at least, and as slowly as the recipe's at
    most. `watch(step, average)` is called `looks` times, the last time at the end.
    """
    at = {round(steps * (i + 1) / looks) for i in range(looks)} if watch else ()

    def look(run):
        if run.step in at:
            watch(run.step, run.ema.eval())

    dials = {"lr": recipe.lr, "muon": recipe.muon, "ema": min(recipe.ema, max(least, 1 - 5 / steps)), "seed": seed}
    run = whole(fit(model, recipe.loss, batches, steps=steps, progress=False, callback=look, **dials))
    return run.ema.eval().requires_grad_(False)
