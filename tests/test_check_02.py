"""The exercises of notebook 02: right answers pass, usual mistakes are named."""

import pytest
import torch
import torch.nn.functional as F
from solutions import named

from course_lib import check
from course_lib.networks.pixelcnn import GatedLayer, gate


def step(v_from: str, h_from: str, symmetric: bool = False, columns=(2, 2), told=1):
    """A layer that goes on from the stacks named."""

    def gated_step(layer, v, h, labels):
        above = layer.vertical(F.pad(v, (*columns, 1, 0))) + told * layer.label(labels)[:, :, None, None]
        left = layer.horizontal(F.pad(h, (1, 1, 0, 0) if symmetric else (2, 0, 0, 0))) + layer.down(above)
        stacks = {"v": v, "h": h, "": 0, "v+h": v + h}
        return stacks[v_from] + layer.v_out(gate(above)), stacks[h_from] + layer.h_out(gate(left))

    return gated_step


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (step("h", "v"), "still depends on the horizontal"),
        (step("v+h", "h"), "still depends on the horizontal"),
        (step("v", "v"), "forgets what it knew: it should go on from h"),
        (step("", "h"), "forgets what it knew: it should go on from v"),
        (lambda layer, v, h, labels: GatedLayer.forward(layer, v, h, labels)[::-1], "depends on the horizontal"),
        (step("v", ""), "horizontal stack is lost"),
        (lambda layer, v, h, labels: (GatedLayer.forward(layer, v, h, labels)[0], h), "horizontal stack is not what"),
        (step("v", "h", symmetric=True), "reads to the right"),
        (step("v", "h", columns=(4, 0)), "may look to both sides"),
        (step("v", "h", told=0), "not told the label"),
        (step("", ""), "Nothing of what came in"),
        (
            lambda layer, v, h, labels: (
                v + layer.h_out(gate(layer.vertical(F.pad(v, (2, 2, 1, 0))) + layer.label(labels)[:, :, None, None])),
                GatedLayer.forward(layer, v, h, labels)[1],
            ),
            "Both stacks go out through h_out",
        ),
    ],
)
def test_wrong_repairs_of_the_layer_are_named(attempt, message):
    named(check.gated_step, attempt, message)


def mask(upper, middle, lower=0):
    """A mask function: what is written into the rows above, the middle row up to the given offset, and below."""

    def causal_mask(size, kind):
        out, c = torch.zeros(size, size), size // 2
        out[:c], out[c + 1 :] = upper, lower
        out[c, : c + middle(kind)] = 1
        return out

    return causal_mask


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (mask(1, lambda kind: 1), "shows the centre"),
        (mask(1, lambda kind: 0), "hides the centre"),
        (mask(1, lambda kind: 2 * (kind == "B")), "to the right in the same row"),
        (mask(1, lambda kind: kind == "B", lower=1), "row below"),
        (lambda size, kind: torch.tril(torch.ones(size, size), -(kind == "A")), "row below|right"),
        (mask(0, lambda kind: kind == "B"), "whole rows above"),
        (lambda size, kind: 1 - mask(1, lambda kind: kind == "B")(size, kind), "other way round"),
        (lambda size, kind: mask(1, lambda kind: kind == "B")(size, kind) / 2, "nothing else"),
        (lambda size, kind: torch.ones(size), r"\[3, 3\]"),
    ],
)
def test_wrong_masks_are_named(attempt, message):
    named(check.causal_mask, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h - 1, 0)), "sees itself"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h, 0)), "one row off"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h, 0))[:, :, 1:], "cut off the bottom"),
        (lambda x, h, w: F.pad(x.roll(1, 2), (w // 2, w // 2, h - 1, 0)), "roll"),
        (lambda x, h, w: F.pad(x, (2 * (w // 2), 0, h, 0))[:, :, :-1], "on the left: pad left and right by the same"),
        (lambda x, h, w: F.pad(x, (0, 2 * (w // 2), h, 0))[:, :, :-1], "on the right"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h, 0), mode="replicate")[:, :, :-1], "the border is repeated"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, 0, h))[:, :, 1:], "the zeros belong on top"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h + 1, 0))[:, :, :-2], "one row too many"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h, 0), value=-1)[:, :, :-1], "you put -1"),
        (lambda x, h, w: 2 * F.pad(x, (w // 2, w // 2, h, 0))[:, :, :-1], "not where they were"),
    ],
)
def test_wrong_shifts_are_named(attempt, message):
    named(check.rows_above, attempt, message)


def bins(scale=torch.exp, tails=True, span=1.0):
    """Bins of one logistic, with what is usually got wrong."""

    def logistic_bins(mean, log_scale, levels):
        x = torch.linspace(-span, span, levels)
        edges = torch.cat([x - 1 / (levels - 1), x[-1:] + 1 / (levels - 1)])
        cdf = torch.sigmoid((edges - mean[:, None]) / scale(log_scale)[:, None])
        if tails:
            cdf[:, 0], cdf[:, -1] = 0, 1
        return cdf.diff(dim=1)

    return logistic_bins


def equal(mean, log_scale, levels):
    """[-1, 1] in bins of one width, tails included."""
    cdf = torch.sigmoid((torch.linspace(-1, 1, levels + 1) - mean[:, None]) / log_scale.exp()[:, None])
    cdf[:, 0], cdf[:, -1] = 0, 1
    return cdf.diff(dim=1)


def on_the_levels(mean, log_scale, levels):
    cdf = torch.sigmoid((torch.linspace(-1, 1, levels)[1:] - mean[:, None]) / log_scale.exp()[:, None])
    return torch.cat([torch.zeros(len(mean), 1), cdf, torch.ones(len(mean), 1)], 1).diff(dim=1)


def density(mean, log_scale, levels):
    z = (torch.linspace(-1, 1, levels) - mean[:, None]) / log_scale.exp()[:, None]
    return (torch.sigmoid(z) * torch.sigmoid(-z)) / (torch.sigmoid(z) * torch.sigmoid(-z)).sum(1, keepdim=True)


def counted(mean, log_scale, levels):
    """Levels 0 … K - 1, as they are in the file."""
    cdf = torch.sigmoid((torch.arange(levels + 1) - 0.5 - mean[:, None]) / log_scale.exp()[:, None])
    cdf[:, 0], cdf[:, -1] = 0, 1
    return cdf.diff(dim=1)


def falling(mean, log_scale, levels):
    """The cdf of mean - x in place of x - mean."""
    x = torch.linspace(-1, 1, levels)[:-1] + 1 / (levels - 1)
    cdf = torch.sigmoid((mean[:, None] - x) / log_scale.exp()[:, None])
    return torch.cat([torch.zeros(len(mean), 1), cdf, torch.ones(len(mean), 1)], 1).diff(dim=1)


def stretched(mean, log_scale, levels):
    p = bins(tails=False)(mean, log_scale, levels)
    return p / p.sum(1, keepdim=True)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (falling, "grows from left to right"),
        (stretched, "Stretched to sum"),
        (bins(tails=False), "sum to .* instead of 1"),
        (bins(scale=lambda s: s), "log_scale is a logarithm"),
        (on_the_levels, "edges lie on the levels"),
        (bins(scale=lambda s: torch.exp(-s)), "don't multiply"),
        (bins(span=0.5), "levels go from -1 to 1"),
        (equal, "cut into equal bins"),
        (density, "made to sum to 1"),
        (counted, "0 to K - 1"),
        (lambda mean, log_scale, levels: bins()(mean, log_scale, levels).log(), "logarithms"),
        (lambda mean, log_scale, levels: torch.ones(levels) / levels, "One row a mean"),
    ],
)
def test_wrong_bins_are_named(attempt, message):
    named(check.logistic_bins, attempt, message)
