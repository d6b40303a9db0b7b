"""Training: one loop, the named recipes, and weights on disk."""

from ..data.results import read as result
from .checkpoints import CheckpointError, header, load, save
from .fit import Batches, Run, fit
from .parts import in_parts
from .recipes import RECIPES, Recipe
from .repeat import train

__all__ = [
    "RECIPES",
    "Batches",
    "CheckpointError",
    "Recipe",
    "Run",
    "fit",
    "header",
    "in_parts",
    "load",
    "result",
    "save",
    "train",
]
