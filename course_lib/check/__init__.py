"""Checkers: each takes the reader's function, tries it on random cases, and says what the usual mistake looks like.

A checker returns what the notebook goes on with: the reader's function where it is right, the course's own version
where the exercise has not been attempted (with `COURSE_GRADING=1` that is a failure instead).
"""

from .any_order import at_once, hide, maskgit, reveal
from .attention import causal_attention, guided, nucleus, rotary
from .convolution import causal_mask, gated_step, logistic_bins, rows_above
from .core import Wrong, exercise, same
from .few_steps import jump, meanflow_target, starts, two_halves
from .opening import by_luck, forwards, path, walk
from .pixels import context, corners, cross_entropy, inverse_cdf
from .straight import bend, both_ends, flow_loss, pixel_bits

__all__ = [
    "Wrong",
    "at_once",
    "bend",
    "both_ends",
    "by_luck",
    "causal_attention",
    "causal_mask",
    "context",
    "corners",
    "cross_entropy",
    "exercise",
    "flow_loss",
    "forwards",
    "gated_step",
    "guided",
    "hide",
    "inverse_cdf",
    "jump",
    "logistic_bins",
    "maskgit",
    "meanflow_target",
    "nucleus",
    "path",
    "pixel_bits",
    "reveal",
    "rotary",
    "rows_above",
    "same",
    "starts",
    "two_halves",
    "walk",
]
