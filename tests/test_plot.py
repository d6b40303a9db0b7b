"""show/plot.py: what a figure is as a file."""

import io

from PIL import Image

from course_lib.show import plot


def test_a_figure_is_stored_without_an_alpha_channel():
    fig, ax = plot.figure(alt="A line.")
    ax.plot([0, 1], [1, 0])
    picture = Image.open(io.BytesIO(fig.png()))
    assert picture.format == "PNG" and picture.mode == "RGB"  # notebooks carry dozens of them
    assert picture.getpixel((0, 0)) == (255, 255, 255)
