"""Checkers: each takes the reader's function, tries it on random cases, and says what the usual mistake looks like.

A checker returns what the notebook goes on with: the reader's function where it is right, the course's own version
where the exercise has not been attempted (with `COURSE_GRADING=1` that is a failure instead).
"""

from .core import Wrong, exercise, same
from .pixels import context, corners, cross_entropy, inverse_cdf

__all__ = ["Wrong", "context", "corners", "cross_entropy", "exercise", "inverse_cdf", "same"]
