"""The exercises of notebook 02: right answers pass, usual mistakes are named."""

import pytest
import torch
import torch.nn.functional as F
from solutions import solutions

from course_lib import check
from course_lib.networks.pixelcnn import GatedLayer, gate

EXERCISES = ("causal_mask", "rows_above", "gated_step", "logistic_bins")


@pytest.fixture(scope="module")
def answers():
    found = solutions("02_next_pixel")
    found["gated_step"].__globals__["gate"] = gate  # the notebook builds it in view, before the exercise
    return found


@pytest.mark.parametrize("name", EXERCISES)
def test_the_folded_solution_is_right(name, answers, capsys):
    assert getattr(check, name)(answers[name]) is answers[name]
    assert capsys.readouterr().out == f"✓ {name}: right.\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_an_untouched_exercise_lends_the_course_version(name, capsys):
    def stub(*_):
        raise NotImplementedError

    checker = getattr(check, name)
    assert checker(stub) is checker.reference
    assert "not attempted" in capsys.readouterr().out


@pytest.mark.parametrize("name", EXERCISES)
def test_grading_counts_an_untouched_exercise_as_not_attempted(name, monkeypatch):
    def stub(*_):
        raise NotImplementedError

    monkeypatch.setenv("COURSE_GRADING", "1")
    with pytest.raises(check.Wrong, match="not attempted"):
        getattr(check, name)(stub)


def test_the_planted_bug_left_in_counts_as_not_attempted():
    def gated_step(layer, v, h, labels):
        """One layer: the vertical stack v and the horizontal stack h, both [B, C, H, W], become new ones."""
        label = layer.label(labels)[:, :, None, None]
        above = layer.vertical(F.pad(v, (2, 2, 1, 0))) + label
        left = layer.horizontal(F.pad(h, (2, 0, 0, 0))) + layer.down(above)
        return h + layer.v_out(gate(above)), h + layer.h_out(gate(left))

    assert check.gated_step(gated_step) is GatedLayer.forward


def step(v_from: str, h_from: str, symmetric: bool = False):
    """A layer that goes on from the stacks named."""

    def gated_step(layer, v, h, labels):
        above = layer.vertical(F.pad(v, (2, 2, 1, 0))) + layer.label(labels)[:, :, None, None]
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
        (step("v", "h", symmetric=True), "reads to the right"),
    ],
)
def test_wrong_repairs_of_the_layer_are_named(attempt, message):
    with pytest.raises(check.Wrong, match=message):
        check.gated_step(attempt)


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
        (lambda size, kind: torch.ones(size), r"\[3, 3\]"),
    ],
)
def test_wrong_masks_are_named(attempt, message):
    with pytest.raises(check.Wrong, match=message):
        check.causal_mask(attempt)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h - 1, 0)), "sees itself"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h, 0)), "one row off"),
        (lambda x, h, w: F.pad(x, (w // 2, w // 2, h, 0))[:, :, 1:], "cut off the bottom"),
        (lambda x, h, w: F.pad(x.roll(1, 2), (w // 2, w // 2, h - 1, 0)), "roll"),
        (lambda x, h, w: F.pad(x, (2 * (w // 2), 0, h, 0))[:, :, :-1], "left and right by the same"),
    ],
)
def test_wrong_shifts_are_named(attempt, message):
    with pytest.raises(check.Wrong, match=message):
        check.rows_above(attempt)


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


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (bins(tails=False), "sum to .* instead of 1"),
        (bins(scale=lambda s: s), "log_scale is a logarithm"),
        (bins(scale=lambda s: torch.exp(-s)), "don't multiply"),
        (bins(span=0.5), "levels go from -1 to 1"),
        (lambda mean, log_scale, levels: torch.ones(levels) / levels, "One row a mean"),
    ],
)
def test_wrong_bins_are_named(attempt, message):
    with pytest.raises(check.Wrong, match=message):
        check.logistic_bins(attempt)
