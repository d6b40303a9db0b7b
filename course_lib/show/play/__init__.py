"""Things to play with: widgets that drive small real models, each with a static frame for readers without a kernel."""

from .base import Play
from .neighbours import Neighbours

__all__ = ["Neighbours", "Play"]
