"""show/plot.py: what a figure is as a file. Notebooks carry dozens of them, so they must be small."""

import io

import numpy as np
import torch
from PIL import Image

from course_lib.show import plot


def shown(fig) -> Image.Image:
    return Image.open(io.BytesIO(fig.png()))


def test_a_coloured_figure_is_stored_without_an_alpha_channel():
    picture = shown(plot.pictures(torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1))
    assert picture.format == "PNG" and picture.mode == "RGB" and picture.getpixel((0, 0)) == (255, 255, 255)


def test_a_grey_figure_has_a_palette_and_keeps_every_colour():
    fig = plot.pictures(torch.arange(256).to(torch.uint8).view(1, 1, 16, 16), title="all greys")
    picture, file = shown(fig), io.BytesIO()
    fig.savefig(file, format="png", bbox_inches="tight", dpi=fig.dpi, facecolor="white")
    assert picture.mode == "P"
    assert np.array_equal(np.array(picture.convert("RGB")), np.array(Image.open(file).convert("RGB")))


def test_a_figure_of_lines_has_a_palette_too_and_stays_white():
    fig, ax = plot.figure(alt="a line")
    plot.curve(ax, range(9), [x**2 for x in range(9)], "noise", range(9), [2 * x**2 for x in range(9)])
    picture = shown(fig)
    assert picture.mode == "P" and picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
