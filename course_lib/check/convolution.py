"""Checkers of notebook 02: a causal mask, the rows above, a layer that leaks, and a mixture of logistics."""

import torch
import torch.nn.functional as F
from torch import nn

from ..methods import logistic_mixture
from ..networks.pixelcnn import GatedLayer, gate
from .core import Wrong, exercise


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
            mask, c = torch.as_tensor(attempt(size, kind)).float(), size // 2
            assert mask.shape == (size, size), f"For size {size} the mask should be [{size}, {size}]."
            assert ((mask == 0) | (mask == 1)).all(), (
                "A mask holds ones (may be seen) and zeros (hidden), nothing else."
            )
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
            assert torch.equal(mask, _causal_mask(size, kind)), f"Earlier pixels are hidden without need:\n{mask}"


def _rows_above(x: torch.Tensor, height: int, width: int) -> torch.Tensor:
    return F.pad(x, (width // 2, width // 2, height, 0))[:, :, :-1]


@exercise(reference=_rows_above)
def rows_above(attempt) -> None:
    """`rows_above(x, height, width)` against padding on top and one row off the bottom."""
    for height, width in ((2, 5), (3, 3), (1, 7)):
        x = torch.randn(2, 3, 6, 5)
        found = attempt(x, height, width)
        right = _rows_above(x, height, width)
        if found.shape != right.shape:
            raise Wrong(
                f"A {height}×{width} kernel must fit 6×5 times, so the result should be {list(right.shape)}, not "
                f"{list(found.shape)}: {height} rows of zeros on top, {width // 2} columns on each side, one row off."
            )
        if torch.equal(found, F.pad(x, (width // 2, width // 2, height - 1, 0))):
            raise Wrong(
                "The kernel's last row is the pixel's own row, so the pixel sees itself: shift, cut off the bottom."
            )
        if found[:, :, :height].any():
            raise Wrong("Above the picture there should be zeros: roll() brings the bottom of the picture to its top.")
        assert torch.equal(found, right), "The columns are not where they were: pad left and right by the same width."


def _planted(layer, v, h, labels):
    """Her layer, for the exercise: v goes on from h."""
    label = layer.label(labels)[:, :, None, None]
    above = layer.vertical(F.pad(v, (2, 2, 1, 0))) + label
    left = layer.horizontal(F.pad(h, (2, 0, 0, 0))) + layer.down(above)
    return h + layer.v_out(gate(above)), h + layer.h_out(gate(left))


@exercise(reference=GatedLayer.forward, planted=_planted)
def gated_step(attempt) -> None:
    """`gated_step(layer, v, h, labels)` against `GatedLayer.forward`: nothing may flow from h to v."""
    layer, labels = GatedLayer(4, 3), torch.tensor([0, 2])
    for conv in (layer.v_out, layer.h_out):
        nn.init.normal_(conv.weight)
    v, h = torch.randn(2, 4, 6, 7), torch.randn(2, 4, 6, 7).requires_grad_()
    found = attempt(layer, v, h, labels)
    assert isinstance(found, tuple) and len(found) == 2, "Return the two stacks: (v, h)."
    if found[0].requires_grad and torch.autograd.grad(found[0].sum(), h, allow_unused=True)[0] is not None:
        raise Wrong(
            "The vertical stack still depends on the horizontal one. Its five columns reach two to the right, where "
            "the horizontal stack has already read this pixel: nothing may flow from h to v."
        )
    right = layer(v, h, labels)
    if torch.allclose(found[1], v + (right[1] - h), atol=1e-5):
        raise Wrong("Nothing leaks, but now the horizontal stack forgets what it knew: it should go on from h.")
    if torch.allclose(found[0], right[0] - v, atol=1e-5):
        raise Wrong("Nothing leaks, but the vertical stack forgets what it knew: it should go on from v.")
    for name, mine, theirs in zip(("vertical", "horizontal"), found, right, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5), f"The {name} stack is not what the layer above computes."


def _logistic_bins(mean, log_scale, levels):
    parameters = torch.stack([torch.zeros_like(mean), mean, log_scale], dim=-1)
    return logistic_mixture.log_probs(parameters, levels).exp()


@exercise(reference=_logistic_bins, shipped=[logistic_mixture.log_probs, logistic_mixture.log_prob])
def logistic_bins(attempt) -> None:
    """`logistic_bins(mean, log_scale, levels)` against `logistic_mixture` with a single logistic."""
    for levels in (256, 16, 4):
        mean, log_scale = torch.tensor([-0.9, 0.1, 0.98]), torch.tensor([-1.0, -1.5, -0.5])
        found, right = attempt(mean, log_scale, levels), _logistic_bins(mean, log_scale, levels)
        assert found.shape == right.shape, f"One row a mean: {list(right.shape)}, not {list(found.shape)}."
        edges = torch.linspace(-1, 1, levels)[:-1] + 1 / (levels - 1)
        for message, scale in (
            ("log_scale is a logarithm: divide by exp(log_scale).", log_scale),
            ("A wide logistic has a large scale: divide by exp(log_scale), don't multiply.", torch.exp(-log_scale)),
        ):
            cdf = F.pad(torch.sigmoid((edges - mean[:, None]) / scale[:, None]), (0, 1), value=1.0)
            if torch.allclose(found, F.pad(cdf, (1, 0)).diff(dim=-1), atol=1e-5):
                raise Wrong(message)
        if not torch.allclose(found.sum(-1), torch.ones(3), atol=1e-4):
            raise Wrong(
                f"The {levels} probabilities sum to {found.sum(-1).tolist()} instead of 1: the first level takes the "
                "whole left tail (cdf 0 at its left edge), the last the whole right tail (cdf 1)."
            )
        assert torch.allclose(found, right, atol=1e-5), "They sum to 1, but lie elsewhere: levels go from -1 to 1."
