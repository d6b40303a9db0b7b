"""Checkers: each takes the reader's function, tries it on random cases, and says what the usual mistake looks like.

A checker returns what the notebook goes on with: the reader's function where it is right, the course's own version
where the exercise has not been attempted (with `COURSE_GRADING=1` that is a failure instead).
"""

from .attention import causal_attention, guided, nucleus, rotary
from .convolution import causal_mask, gated_step, logistic_bins, rows_above
from .core import Wrong, exercise, same
from .few_steps import jump, meanflow_target, starts, two_halves
from .next_token import guided_within, mirrored, prefixed, worth
from .opening import by_luck, forwards, path, walk
from .pixels import context, corners, cross_entropy, inverse_cdf

__all__ = [
    "Wrong",
    "by_luck",
    "causal_attention",
    "causal_mask",
    "context",
    "corners",
    "cross_entropy",
    "exercise",
    "forwards",
    "gated_step",
    "guided",
    "guided_within",
    "inverse_cdf",
    "jump",
    "logistic_bins",
    "meanflow_target",
    "mirrored",
    "nucleus",
    "path",
    "prefixed",
    "rotary",
    "rows_above",
    "same",
    "starts",
    "two_halves",
    "walk",
    "worth",
]
