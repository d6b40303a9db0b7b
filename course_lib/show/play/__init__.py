"""Things to play with: widgets that drive small real models, each with a static frame for readers without a kernel."""

from .base import Play
from .blocks import Blocks
from .brush import Brush, covered_squares
from .chat import Chat
from .clocks import Clocks
from .currents import Currents, together
from .deadline import Deadline
from .dials import Dials, judged
from .fronts import Fronts
from .futures import Futures, complete, covered
from .game import Game
from .holes import Holes, hole_shape, punched
from .interval import Interval
from .neighbours import Neighbours
from .paths import Paths, greys
from .predictions import Predictions
from .prompts import Prompts
from .router import Router
from .scales import Scales
from .swap import Swap
from .under import Under
from .words import Words

__all__ = [
    "Blocks",
    "Brush",
    "Chat",
    "Clocks",
    "Currents",
    "Deadline",
    "Dials",
    "Fronts",
    "Futures",
    "Game",
    "Holes",
    "Interval",
    "Neighbours",
    "Paths",
    "Play",
    "Predictions",
    "Prompts",
    "Router",
    "Scales",
    "Swap",
    "Under",
    "Words",
    "complete",
    "covered",
    "covered_squares",
    "greys",
    "hole_shape",
    "judged",
    "punched",
    "together",
]
