"""Checkers: each takes the reader's function, tries it on random cases, and says what the usual mistake looks like.

A checker returns what the notebook goes on with: the reader's function where it is right (its answers converted, where
it gives lists or numpy arrays), the course's own version where the exercise has not been attempted (with
`COURSE_GRADING=1` that is a failure instead). All of them go through one gate: `gate.py`.
"""

from .any_order import at_once, hide, maskgit, reveal
from .attention import causal_attention, guided, nucleus, rotary
from .bridges import in_blocks, lost, weigh, written_now
from .convolution import causal_mask, gated_step, logistic_bins, rows_above
from .core import exercise, same
from .denoising import back, ddim, read_velocity, repaired
from .denoising_transformer import adaln_block, operations, scale_at
from .editing import completions, renoise, replaced, tries, varied_start
from .few_steps import jump, meanflow_target, pull, starts, two_halves
from .forms import Wrong
from .joint import first_in_sight, sources, two_losses, visible
from .judging import apart, decide, halves, score
from .next_scale import block_causal, draw_scales, encode_scales, scale_inputs
from .next_token import guided_within, mirrored, prefixed, worth
from .noise import best_guess, churned_step, heun_step, tilted
from .opening import by_luck, forwards, path, walk
from .pixels import context, corners, cross_entropy, inverse_cdf
from .prompts import left_open, naming, obeys, uneven
from .ruler import frechet
from .straight import bend, both_ends, flow_loss, pixel_bits
from .tokens import codes_of, patchify, revive, straight_through
from .words import expected, pieces, slots, within

__all__ = [
    "Wrong",
    "adaln_block",
    "apart",
    "at_once",
    "back",
    "bend",
    "best_guess",
    "block_causal",
    "both_ends",
    "by_luck",
    "causal_attention",
    "causal_mask",
    "churned_step",
    "codes_of",
    "completions",
    "context",
    "corners",
    "cross_entropy",
    "ddim",
    "decide",
    "draw_scales",
    "encode_scales",
    "exercise",
    "expected",
    "first_in_sight",
    "flow_loss",
    "forwards",
    "frechet",
    "gated_step",
    "guided",
    "guided_within",
    "heun_step",
    "halves",
    "hide",
    "in_blocks",
    "inverse_cdf",
    "jump",
    "left_open",
    "logistic_bins",
    "lost",
    "maskgit",
    "meanflow_target",
    "mirrored",
    "naming",
    "nucleus",
    "obeys",
    "operations",
    "patchify",
    "path",
    "pieces",
    "pixel_bits",
    "prefixed",
    "pull",
    "read_velocity",
    "renoise",
    "repaired",
    "replaced",
    "reveal",
    "revive",
    "rotary",
    "rows_above",
    "same",
    "scale_at",
    "scale_inputs",
    "score",
    "slots",
    "sources",
    "starts",
    "straight_through",
    "tilted",
    "tries",
    "two_halves",
    "two_losses",
    "varied_start",
    "uneven",
    "visible",
    "walk",
    "weigh",
    "within",
    "worth",
    "written_now",
]
