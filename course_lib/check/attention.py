"""Checkers of notebook 03: causal attention, rotary positions, the nucleus, and guidance with its rows mixed up."""

import torch
from einops import rearrange

from ..methods import autoregressive, guidance
from ..networks import layers
from .core import exercise
from .forms import Wrong, need


def _causal_attention(q, k, v):
    return layers.attention(q, k, v, layers.Mask((1,) * q.shape[-2]))


@exercise(reference=_causal_attention, shipped=[layers.attention], trained=True)
def causal_attention(attempt) -> None:
    """Causal attention: shape, causality, scale, and the mask before softmax."""
    for B, h, T, d in ((2, 3, 5, 8), (1, 2, 12, 4)):
        q, k, v = torch.randn(3, B, h, T, d) * 2
        (found, right), scores, past = attempt(q, k, v), q @ k.transpose(-1, -2), torch.ones(T, T).tril() > 0
        if found.isnan().any():
            raise Wrong("There is NaN: some row hides everything, even itself. Position i may see 0 … i, i included.")
        short, hide = scores / d**0.5, -torch.inf
        weights = {
            "The mask comes after the softmax: the past no longer adds up to 1. Put -inf into the scores before it.": (
                short.softmax(-1) * past
            ),
            "Nothing is hidden: every position sees the future.": short.softmax(-1),
            "The mask is transposed: position i sees itself and what comes later.": (
                short.masked_fill(~past.T, hide).softmax(-1)
            ),
            "The scores are not divided by √d.": scores.masked_fill(~past, hide).softmax(-1),
            "The scores are divided by d, not by √d.": (scores / d).masked_fill(~past, hide).softmax(-1),
            "The softmax runs over the queries: it belongs over the keys, the last dimension.": (
                short.masked_fill(~past, hide).softmax(-2)
            ),
            "A position does not see itself: i may see 0 … i, i included.": (
                short.masked_fill(~past.tril(-1), -1e9).softmax(-1)
            ),
            "Hidden scores are 0, and e⁰ is 1: the future still gets a share. Hidden means -inf.": (
                short.masked_fill(~past, 0).softmax(-1)
            ),
        }
        otherwise = "These are not weighted means of the values: scores q·k / √d, mask, softmax over the keys, times v."
        attempt.compare(found, right, {message: w @ v for message, w in weights.items()}, otherwise)


def _rotary(x, rows, columns):
    return _turn(x, layers.rotary_angles(rows, columns, x.shape[-1]))


def _turn(x, angles):
    return layers.rotate(x, *layers.turns(angles))


def _neighbours(x, angles):
    a, b, cos, sin = x[..., ::2], x[..., 1::2], angles.cos(), angles.sin()
    return torch.stack([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)


@exercise(reference=_rotary, shipped=[layers.rotary_angles, layers.rotate], trained=True)
def rotary(attempt) -> None:
    """Two-dimensional rotary positions: norms kept, differences only, rows and columns apart."""
    for H, W, d in ((3, 4, 8), (5, 2, 16)):
        rows, columns = (part.flatten() for part in torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij"))
        x, angles = torch.randn(2, 3, H * W, d), layers.rotary_angles(rows, columns, d)
        slow, fast = (100.0 ** -(torch.arange(n) / n) for n in (d // 4, d // 2))
        reading, total = (rows * W + columns)[:, None], (rows + columns)[:, None]
        mistakes = {
            "That is the place in reading order: one row down is far away. Turn by row and by column apart.": reading
            * fast,
            "Both halves turn by row + column: (1, 0) and (0, 1) become the same place.": total * slow.repeat(2),
            "Rows and columns are swapped: the first half of the pairs turns with the row.": angles.roll(d // 4, -1),
            "You turn the other way round: (a cos - b sin, b cos + a sin).": -angles,
            "Only the rows turn the pairs: the second half of them turns with the column.": (
                angles * (torch.arange(d // 2) < d // 4)
            ),
            "Places are counted from 1. Count from 0, so that the first pair of a row of one does not turn.": (
                layers.rotary_angles(rows + 1, columns + 1, d)
            ),
        }
        mistakes = {message: _turn(x, by) for message, by in mistakes.items()}
        mistakes["You pair (0, 1), (2, 3) …; here i goes with i + d/2: a, b = x.chunk(2, dim=-1)."] = _neighbours(
            x, angles
        )
        otherwise = (
            "The pairs turn by other angles: row · speed for the first d/4 pairs, column · speed for the others."
        )
        attempt.compare(*attempt(x, rows, columns), mistakes, otherwise)


def _nucleus(logits, p):
    return autoregressive.filter_logits(logits, top_p=p)


@exercise(reference=_nucleus, shipped=[autoregressive.filter_logits])
def nucleus(attempt) -> None:
    """The nucleus: the fewest tokens that reach p, the one that crosses it included."""
    share = torch.tensor([[0.1, 0.5, 0.3, 0.06, 0.04], [0.02, 0.9, 0.03, 0.04, 0.01]])
    for p, keep in ((0.7, ([1, 2], [1])), (0.95, ([0, 1, 2, 3], [1, 2, 3])), (0.2, ([1], [1])), (1.0, (range(5),) * 2)):
        (found, _), right = attempt(share.log(), p), torch.zeros_like(share)
        need(found.shape == share.shape, f"One row of logits in, one out: {list(share.shape)}.")
        for row, kept in enumerate(keep):
            right[row, list(kept)] = share[row, list(kept)]
        if found.isnan().any() or found.isneginf().all(1).any():
            raise Wrong(f"p = {p}: a row keeps nothing. The token that crosses p stays, so at least one always does.")
        if (found >= 0).all() and (found <= 1).all() and torch.equal(found > 0, right > 0):
            raise Wrong("You give probabilities. Give logits, with -inf for what is cut: the softmax comes later.")
        kept, wanted = [[(row > 0).nonzero().flatten().tolist() for row in x] for x in (found.softmax(-1), right)]
        if p < 1 and all(len(row) == share.shape[1] for row in kept):
            raise Wrong("Nothing is cut: what is cut gets the logit -inf. (0 would be e⁰ = 1, a share like any other.)")
        if kept != wanted and [len(row) for row in kept] == [len(row) for row in wanted]:
            raise Wrong("The cut has the right length but sits at the wrong tokens: undo the sort.")
        if all(set(a) <= set(b) for a, b in zip(kept, wanted)) and kept != wanted:
            raise Wrong(f"p = {p}: you drop the token that crosses p. Keep the fewest whose sum reaches p.")
        more = all(set(a) >= set(b) for a, b in zip(kept, wanted)) and kept != wanted
        need(not more, f"p = {p}: tokens {kept} are kept, more than needed: without the last of them it was p already.")
        need(kept == wanted, f"p = {p}: tokens {kept} are kept, it should be {wanted}.")
        same = torch.allclose(found.softmax(-1), right / right.sum(1, keepdim=True), atol=1e-4)
        need(same, "What is kept must keep its proportions: leave its logits as they are.")


def _guided(both, w):
    return guidance.combine(*both.chunk(2), w)


def _planted(both, w):
    cond, uncond = rearrange(both, "(b two) k -> two b k", two=2)
    return uncond + w * (cond - uncond)


@exercise(reference=_guided, planted=_planted)
def guided(attempt) -> None:
    """Guidance in one doubled batch whose halves keep apart."""
    for B, K in ((1, 4), (3, 5), (8, 2)):
        c, u = torch.randn(2, B, K)
        both = torch.cat([c, u])
        for w in (1.0, 2.5, 0.0):
            mixed = u.softmax(-1) + w * (c.softmax(-1) - u.softmax(-1))
            mistakes = {
                "Still every second row: the first B rows are conditional, the last B are not.": _planted(both, w),
                "That is the scale of the paper, w - 1. Here w = 1 is the plain conditional model.": c + w * (c - u),
                "The halves are swapped: the first B rows are the conditional ones.": c + w * (u - c),
                "You mix probabilities. Guidance works on logits.": mixed,
                "You mix probabilities, then take the logarithm. Guidance works on logits.": mixed.clamp(
                    min=1e-9
                ).log(),
            }
            otherwise = f"With w = {w} and {B} pictures this is not uncond + w · (cond - uncond)."
            attempt.compare(*attempt(both, w), mistakes, otherwise)
