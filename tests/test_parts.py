"""training/parts.py and measure/distortion.py: many rows some at a time, and how far they are from the truth."""

import pytest
import torch

from course_lib import measure, training


def test_parts_make_the_same_rows_as_one_pass_and_no_gradient():
    x, y = torch.rand(7, 3, requires_grad=True), torch.arange(7)
    seen = []

    def scaled(a, b):
        seen.append(len(a))
        return a * b[:, None]

    made = training.in_parts(scaled, x, y, size=3)
    assert seen == [3, 3, 1] and not made.requires_grad
    assert torch.equal(made, (x * y[:, None]).detach())


def test_tensors_of_different_lengths_are_refused():
    with pytest.raises(ValueError):
        training.in_parts(lambda a, b: a, torch.rand(9, 1), torch.rand(3, 1), size=3)


def test_half_the_squared_error_is_three_decibel_more():
    real, off = torch.zeros(2, 1, 4, 4), torch.full((2, 1, 4, 4), 0.2)
    assert measure.psnr(off, real) == pytest.approx(20.0)  # of a range of 2 it is a tenth
    assert measure.psnr(off / 2**0.5, real) - measure.psnr(off, real) == pytest.approx(3.0103, abs=1e-3)


def test_pictures_of_whole_numbers_are_refused():
    with pytest.raises(ValueError, match="floats"):
        measure.psnr(torch.zeros(1, 1, 2, 2, dtype=torch.uint8), torch.zeros(1, 1, 2, 2))
