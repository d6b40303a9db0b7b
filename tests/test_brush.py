"""The hole painter: what it hands on, what it says of a hole that makes no sense, and its static frame."""

import pytest
import torch

from course_lib.show import play


@pytest.fixture
def brush():
    calls = []

    def fill(way, picture, keep, seed):
        calls.append((way, picture, keep.clone(), seed))
        return torch.full((len(keep), 3, 24, 24), len(calls), dtype=torch.uint8)

    pixels = torch.randint(0, 256, (2, 3, 24, 24), dtype=torch.uint8)
    widget = play.Brush(fill, pixels, ["red circle", "empty"], ["in order", "any order"], 6)
    widget.calls = calls
    return widget


def test_a_hole_is_handed_on_as_what_is_kept(brush):
    way, picture, keep, seed = brush.calls[-1]
    assert (way, picture, seed) == ("in order", 0, 0) and keep.shape == (4, 36)
    assert not keep[:, :18].any() and keep[:, 18:].all()
    brush.way, brush.picture, brush.seed = 1, 1, 3
    assert brush.calls[-1][:2] == ("any order", 1) and brush.calls[-1][3] == 3
    assert "18 of 36 squares filled" in brush.status and brush.status.startswith("empty, any order")


@pytest.mark.parametrize(("value", "says"), [(0, "Nothing is hidden"), (1, "All is hidden")])
def test_an_empty_and_a_whole_hole_are_told_and_nothing_is_lost(brush, value, says):
    shown, count = brush.shown, len(brush.calls)
    brush.holes = [value] * 36
    assert brush.status.startswith(says) and brush.shown == shown and len(brush.calls) == count and not brush.wrong
    brush.holes = [1] + [0] * 35
    assert "1 of 36" in brush.status and len(brush.calls) == count + 1


@pytest.mark.parametrize("holes", [[1] * 35, [2] * 36])
def test_a_hole_of_another_size_raises(brush, holes):
    with pytest.raises(ValueError, match="holes must be 36 numbers"):
        brush.holes = holes
    assert "holes must be" in brush.wrong


def test_what_is_hidden_is_covered_and_the_rest_is_not():
    pixels = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    keep = torch.ones(1, 49, dtype=torch.bool)
    keep[0, 8] = False  # second row, second column
    x = play.covered_squares(pixels, keep)
    assert x.shape == (1, 3, 28, 28) and (x[0, :, 4:8, 4:8] > 0).all() and (x > 0).sum() == 3 * 16


def test_the_static_frame_shows_every_way(brush):
    fig = brush.frame()
    assert "2 ways" in fig.axes[0].get_title(loc="left") and len(fig.png()) > 1000
