"""Training: one loop, the named recipes, and weights on disk."""

from ..data.results import read as result
from .checkpoints import CheckpointError, header, load, save
from .drawing import draw, make
from .fit import Batches, Run, fit
from .parts import in_parts
from .recipes import RECIPES, Reading, Recipe
