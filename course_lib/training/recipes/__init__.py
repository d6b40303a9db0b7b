"""The named recipes that made every shipped checkpoint, a file a data set."""

from . import dialogues, emoji, fashion, mnist, scenes, signs
from .recipe import Reading, Recipe

# Whatever a model rests on comes before it.
RECIPES: dict[str, Recipe] = fashion.RECIPES | mnist.RECIPES | emoji.RECIPES | scenes.RECIPES | signs.RECIPES
RECIPES |= dialogues.RECIPES
