"""Things to play with: widgets that drive small real models, each with a static frame for readers without a kernel."""

from .base import Play
from .clocks import Clocks
from .deadline import Deadline
from .dials import Dials, judged
from .fronts import Fronts
from .futures import Futures, complete, covered
from .game import Game
from .neighbours import Neighbours
from .predictions import Predictions

__all__ = [
    "Clocks",
    "Deadline",
    "Dials",
    "Fronts",
    "Futures",
    "Game",
    "Neighbours",
    "Play",
    "Predictions",
    "complete",
    "covered",
    "judged",
]
