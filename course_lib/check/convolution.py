"""Checkers of notebook 02: a causal mask, the rows above, a layer that leaks, and a mixture of logistics."""

import torch
import torch.nn.functional as F
from torch import nn

from ..methods import logistic_mixture
from ..networks.pixelcnn import GatedLayer, gate
from .core import exercise
from .forms import Wrong, need


def _causal_mask(size: int, kind: str) -> torch.Tensor:
    mask = torch.zeros(size, size)
    mask[: size // 2] = 1
    mask[size // 2, : size // 2 + (kind == "B")] = 1
    return mask


@exercise(reference=_causal_mask)
def causal_mask(attempt) -> None:
    """`causal_mask(size, kind)` against the ones of whole rows above and the row so far."""
    for size in (3, 5, 7):
        for kind in "AB":
            (mask, right), c = attempt(size, kind), size // 2
            need(mask.shape == (size, size), f"For size {size} the mask should be [{size}, {size}].")
            need(((mask == 0) | (mask == 1)).all(), "A mask holds ones (may be seen) and zeros (hidden), nothing else.")
            if torch.equal(mask, 1 - right):
                raise Wrong("It is the other way round: 1 is what may be seen, 0 what is hidden.")
            if kind == "A" and mask[c, c]:
                raise Wrong('Mask "A" shows the centre: the first layer would see the very pixel it has to predict.')
            if kind == "B" and not mask[c, c]:
                raise Wrong('Mask "B" hides the centre: from the second layer on the centre holds only earlier pixels.')
            if mask[c, c + 1 :].any():
                raise Wrong("The mask shows pixels to the right in the same row: they come later.")
            if mask[c + 1 :].any():
                raise Wrong("The mask shows the row below: it comes later.")
            if not mask[:c, c + 1 :].all():
                raise Wrong("Above and to the right is already known: the whole rows above may be seen.")
            need(torch.equal(mask, right), f"Earlier pixels are hidden without need:\n{mask}")


def _rows_above(x: torch.Tensor, height: int, width: int) -> torch.Tensor:
    return F.pad(x, (width // 2, width // 2, height, 0))[:, :, :-1]


@exercise(reference=_rows_above, trained=True)
def rows_above(attempt) -> None:
    """`rows_above(x, height, width)` against padding on top and one row off the bottom."""
    for height, width in ((2, 5), (3, 3), (1, 7)):
        x, side = torch.randn(2, 3, 6, 5), width // 2
        found, right = attempt(x, height, width)
        if found.shape != right.shape:
            raise Wrong(
                f"A {height}×{width} kernel must fit 6×5 times, so the result should be {list(right.shape)}, not "
                f"{list(found.shape)}: {height} row(s) of zeros on top, {side} column(s) on each side, one row off."
            )
        zeros = F.pad(x, (side, side, 0, 0))
        mistakes = {
            "The kernel's last row is the pixel's own row, so the pixel sees itself: shift, cut off the bottom.": (
                F.pad(zeros, (0, 0, height - 1, 0))
            ),
            "The kernel looks at the rows below: the zeros belong on top.": (F.pad(zeros, (0, 0, 0, height))[:, :, 1:]),
            "Outside the picture the border is repeated. There it must be zeros: nothing is known there.": (
                F.pad(x, (side, side, height, 0), mode="replicate")[:, :, :-1]
            ),
            "Above there are zeros, but at the sides the border is repeated: zeros there too.": (
                F.pad(F.pad(x, (side, side, 0, 0), mode="replicate"), (0, 0, height, 0))[:, :, :-1]
            ),
            "Shifted by one row too many: the row right above a pixel is not seen by its kernel.": (
                F.pad(x[:, :, :-2], (side, side, height + 1, 0))
            ),
            "roll() brings the bottom of the picture to its top. Above the picture there should be zeros.": (
                F.pad(zeros.roll(1, 2), (0, 0, height - 1, 0))
            ),
            "All columns of zeros are on the left: pad left and right by the same width.": (
                F.pad(x, (2 * side, 0, height, 0))[:, :, :-1]
            ),
            "All columns of zeros are on the right: pad left and right by the same width.": (
                F.pad(x, (0, 2 * side, height, 0))[:, :, :-1]
            ),
        }
        for border in (-1, 1):
            mistakes[f"Outside the picture you put {border}. There it must be zeros: nothing is known there."] = F.pad(
                x, (side, side, height, 0), value=border
            )[:, :, :-1]
        otherwise = "The pixels are not where they were: shift down by the padding on top, pad both sides alike."
        attempt.compare(found, right, mistakes, otherwise)


def _planted(layer, v, h, labels):
    """Her layer, for the exercise: v goes on from h."""
    word = layer.label(labels)[..., None, None]
    seen = layer.vertical(F.pad(v, (2, 2, 1, 0))) + word
    said = layer.horizontal(F.pad(h, (2, 0, 0, 0))) + layer.down(seen)
    news = layer.v_out(gate(seen)), layer.h_out(gate(said))
    return tuple(h + each for each in news)


@exercise(reference=GatedLayer.forward, planted=_planted, gives="the two stacks, (v, h)", trained=True)
def gated_step(attempt) -> None:
    """`gated_step(layer, v, h, labels)` against `GatedLayer.forward`: nothing may flow from h to v."""
    layer, labels = GatedLayer(4, 3), torch.tensor([0, 2])
    for conv in (layer.v_out, layer.h_out):
        nn.init.normal_(conv.weight)
    v, h = torch.randn(2, 4, 6, 7), torch.randn(2, 4, 6, 7).requires_grad_()
    found, right = attempt(layer, v, h, labels)
    if (
        found[0].requires_grad
        and torch.autograd.grad(found[0].sum(), h, allow_unused=True, retain_graph=True)[0] is not None
    ):
        raise Wrong(
            "The vertical stack still depends on the horizontal one. What it hands on is read two columns to the right "
            "in the next layer, where the horizontal stack has already read this pixel: nothing may flow from h to v."
        )
    above = layer.vertical(F.pad(v, (2, 2, 1, 0))) + layer.label(labels)[:, :, None, None]

    def column(padding, word=1):
        seen = layer.vertical(F.pad(v, padding)) + word * layer.label(labels)[:, :, None, None]
        left = layer.horizontal(F.pad(h, (2, 0, 0, 0))) + layer.down(seen)
        return v + layer.v_out(gate(seen)), h + layer.h_out(gate(left))

    def row(padding, down=1):
        left = layer.horizontal(F.pad(h, padding)) + down * layer.down(above)
        return right[0], h + layer.h_out(gate(left))

    mistakes = {
        "Nothing leaks, but now the horizontal stack forgets what it knew: it should go on from h.": (
            right[0],
            v + (right[1] - h),
        ),
        "Nothing leaks, but the vertical stack forgets what it knew: it should go on from v.": (right[0] - v, right[1]),
        "Nothing leaks, but the horizontal stack is lost: it should go on from h.": (right[0], right[1] - h),
        "Nothing of what came in is kept: v goes on from v, h from h.": (right[0] - v, right[1] - h),
        "The vertical stack reads the row below, which comes later: the zeros belong on top.": column((2, 2, 0, 1)),
        "Both stacks go out through h_out: the vertical one has v_out.": (v + layer.h_out(gate(above)), right[1]),
        "The horizontal stack reads to the right, at pixels that come later: pad on the left alone.": (
            row((1, 1, 0, 0))
        ),
        "The horizontal stack is not told what the vertical one has seen: layer.down(above) is missing.": (
            row((2, 0, 0, 0), 0)
        ),
        "The vertical stack lies wholly above, so it may look to both sides, two columns each.": column((4, 0, 1, 0)),
        "The vertical stack is not told the label.": column((2, 2, 1, 0), 0),
        "The two stacks are in the wrong order: first v, then h.": right[::-1],
    }
    which = "horizontal" if torch.allclose(found[0], right[0], atol=1e-5) else "vertical"
    attempt.compare(found, right, mistakes, f"The {which} stack is not what the layer of the course computes.")


def _logistic_bins(mean, log_scale, levels):
    parameters = torch.stack([torch.zeros_like(mean), mean, log_scale], dim=-1)
    return logistic_mixture.log_probs(parameters, levels).exp()


def _bins(edges, mean, scale):
    """Areas between edges, the tails included."""
    cdf = torch.sigmoid((edges - mean[:, None]) / scale[:, None])
    return F.pad(F.pad(cdf, (0, 1), value=1.0), (1, 0)).diff(dim=-1)


def _stretched(ends, mean, scale):
    """Areas without tails, made to sum to 1."""
    areas = torch.sigmoid((ends - mean[:, None]) / scale[:, None]).diff(dim=-1)
    return areas / areas.sum(-1, keepdim=True)


@exercise(reference=_logistic_bins, shipped=[logistic_mixture.log_probs, logistic_mixture.log_prob])
def logistic_bins(attempt) -> None:
    """`logistic_bins(mean, log_scale, levels)` against `logistic_mixture` with a single logistic."""
    for levels in (256, 16, 4):
        mean, log_scale = torch.tensor([-0.9, 0.1, 0.98]), torch.tensor([-1.0, -1.5, -0.5])
        found, right = attempt(mean, log_scale, levels)
        need(found.shape == right.shape, f"One row a mean: {list(right.shape)}, not {list(found.shape)}.")
        scale, x = log_scale.exp(), torch.linspace(-1, 1, levels)
        edges = x[:-1] + 1 / (levels - 1)
        cdf = torch.sigmoid((x - mean[:, None]) / scale[:, None])
        density = cdf * (1 - cdf)
        ends = torch.cat([edges[:1] - 2 / (levels - 1), edges, edges[-1:] + 2 / (levels - 1)])
        index, equal = torch.arange(levels - 1), torch.linspace(-1, 1, levels + 1)
        mistakes = {
            "log_scale is a logarithm: divide by exp(log_scale).": _bins(edges, mean, log_scale),
            "A wide logistic has a large scale: divide by exp(log_scale), don't multiply.": (
                _bins(edges, mean, 1 / scale)
            ),
            "[-1, 1] is cut into equal bins. The levels go from -1 to 1, the edges lie half way between them.": (
                _bins(equal[1:-1], mean, scale)
            ),
            "Equal bins from -1 to 1, without tails. Edges lie half way between levels; the outer ones have tails.": (
                torch.sigmoid((equal - mean[:, None]) / scale[:, None]).diff(dim=-1)
            ),
            "That is the density at the levels, made to sum to 1. A level gets the area of its bin: cdf minus cdf.": (
                density / density.sum(-1, keepdim=True)
            ),
            "Levels go from 0 to K - 1 with you, as in the file. The mean lies in [-1, 1]: map the levels there.": (
                _bins(index + 0.5, mean, scale)
            ),
            "Levels go from 0 to 1 with you. Here they go from -1 to 1.": _bins((edges + 1) / 2, mean, scale),
            "The bins are half as wide as they should be, or twice: an edge lies 1 / (levels - 1) beside its level.": (
                torch.sigmoid((x + 0.5 / (levels - 1) - mean[:, None]) / scale[:, None])
                - torch.sigmoid((x - 0.5 / (levels - 1) - mean[:, None]) / scale[:, None])
            ),
            "The edges lie on the levels. They lie half way between two of them, one fewer than there are levels.": (
                _bins(x[1:], mean, scale)
            ),
            "The cdf grows from left to right: sigmoid of edge - mean, not of mean - edge.": _bins(edges, mean, -scale),
            "Stretched to sum to 1. The first level takes the left tail, the last the right.": _stretched(
                ends, mean, scale
            ),
            "These are logarithms of the probabilities.": right.log(),
        }
        total = found.sum(-1)
        otherwise = "They sum to 1, but lie elsewhere: levels go from -1 to 1, an edge half way between two of them."
        if not torch.allclose(total, torch.ones(3), atol=1e-4):
            sums = f"The {levels} probabilities sum to {[round(each, 3) for each in total.tolist()]} instead of 1"
            otherwise = f"{sums}: neighbours share an edge, cdf less cdf, and the outer ones take the tails."
        attempt.compare(found, right, mistakes, otherwise)
