"""show/plot.py: what a figure is as a file. Notebooks carry dozens of them, so they must be small."""

import io
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.show import course_map, maps, plot, style


def shown(fig) -> Image.Image:
    return Image.open(io.BytesIO(fig.png()))


def test_a_coloured_figure_is_stored_without_an_alpha_channel():
    picture = shown(plot.pictures(torch.rand(4, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1))
    assert picture.format == "PNG" and picture.mode == "RGB" and picture.getpixel((0, 0)) == (255, 255, 255)


def test_a_grey_figure_has_a_palette_and_keeps_every_colour():
    fig = plot.pictures(torch.arange(256).to(torch.uint8).view(1, 1, 16, 16), title="all greys")
    picture, file = shown(fig), io.BytesIO()
    fig.savefig(file, format="png", bbox_inches="tight", dpi=plot.DENSITY * fig.dpi, facecolor="white")
    assert picture.mode == "P"
    seen = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    drawn = np.array(Image.open(file).convert("RGB"), int)
    assert np.abs(np.array(seen.convert("RGB"), int) - drawn).max() <= 1  # rounding


def test_a_figure_is_sharp_and_says_how_large_it_stands_on_the_page():
    fig, ax = plot.figure(size=(5, 3), alt="a line")
    data, metadata = fig._repr_mimebundle_()
    width, height = Image.open(io.BytesIO(data["image/png"])).size
    said = metadata["image/png"]
    assert said["alt"] == "a line" and abs(said["width"] - 400) < 40  # 5 inches of 80
    assert 0 <= width - 2 * said["width"] <= 1 and 0 <= height - 2 * said["height"] <= 1


def test_a_figure_of_lines_has_a_palette_too_and_stays_white():
    fig, ax = plot.figure(alt="a line")
    plot.curve(ax, range(9), [x**2 for x in range(9)], "noise", range(9), [2 * x**2 for x in range(9)])
    picture = shown(fig)
    assert picture.mode == "P" and picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


# Whatever style the reader has chosen


def drawing():
    """A figure with some of everything that a style changes, drawn when it is called."""
    fig, (left, right) = plot.figure(1, 2, alt="some of everything")
    plot.curve(left, range(9), [x**2 for x in range(9)], "noise", range(9), [2 * x**2 for x in range(9)], label="a")
    left.set(title="a title", xlabel="x", ylabel="y")
    left.legend()
    right.bar(["a", "b"], [1, 2])
    right.scatter([0, 1], [2, 1])
    right.annotate("words", (0, 1))
    right.set_title("another", loc="right")
    fig.suptitle("above both")
    fig.colorbar(right.imshow([[0, 1], [1, 0]], extent=(0, 1, 0, 1)))
    return fig


FIGURES = {
    "some of everything": drawing,
    "pictures": lambda: plot.pictures(torch.zeros(4, 1, 8, 8), 2, "title", rows=["a", "b"], heads=["c", "d"]),
    "bars": lambda: plot.bars(["a", "b"], [1, 2], ["noise", "masked"], "unit"),
    "losses": lambda: plot.losses([3, 2, 1.5, 1.2] * 30, "nats", "title"),
    "a grid": lambda: maps.seen({"a map": torch.eye(5)}, (2, 2), "title"),
    "the map": course_map.draw,
}
THICK = {"lines.linewidth": 6, "patch.linewidth": 4, "font.size": 17, "axes.grid": True, "legend.frameon": False}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_the_same_under_any_style_of_the_reader(name):
    usual = FIGURES[name]().png()
    for theirs in ("dark_background", THICK):
        with plt.style.context(theirs):
            before = dict(plt.rcParams)
            assert FIGURES[name]().png() == usual
            assert dict(plt.rcParams) == before  # and the reader's own figures stay the reader's
            fig, ax = plt.subplots()
            ax.plot([1, 2])
            assert ax.lines[0].get_linewidth() == before["lines.linewidth"]
            plt.close(fig)


def test_what_the_style_says_is_what_is_drawn(monkeypatch):
    for wanted in (plot.STYLE["lines.linewidth"], 7):
        monkeypatch.setitem(style.LOOK, "lines.linewidth", wanted)
        _, ax = plot.figure()
        assert ax.plot([1, 2])[0].get_linewidth() == wanted
    for framed in (True, False):
        monkeypatch.setitem(style.LOOK, "legend.frameon", framed)
        ax.plot([1, 2], label="a line")
        assert ax.legend().get_frame_on() == framed
    ax.set_title("a title")
    assert ax.get_title(loc="left") == "a title" and ax.get_title() == ""


def test_a_figure_is_as_drawn_on_a_white_page_and_softer_on_a_dark_one():
    fig, ax = plot.figure(alt="greys")
    ax.imshow([[0, 90, 180, 255]], cmap="gray", vmin=0, vmax=255)
    figure = Image.open(io.BytesIO(fig.png())).convert("RGBA")
    on = {page: Image.alpha_composite(Image.new("RGBA", figure.size, (page,) * 3), figure) for page in (255, 17)}
    greys = {page: set(np.unique(np.array(picture.convert("L"))).tolist()) for page, picture in on.items()}
    assert {0, 90, 255} <= greys[255] and 180 in {grey + k for grey in greys[255] for k in (-1, 0, 1)}
    assert 225 <= max(greys[17]) <= 235 and 0 in greys[17]


# What cannot be shown

SHEETS = [
    (torch.zeros(3, 28, 28), r"\[N, C, H, W\].* not \[3, 28, 28\]: .* need x\[:, None\]"),
    (torch.zeros(28, 28), r"not \[28, 28\]"),
    (torch.zeros(2, 4, 8, 8), "1 or 3 channels"),
    (torch.zeros(0, 1, 8, 8), "N >= 1"),
    (torch.full((1, 1, 2, 2), math.nan), "not finite.*did the sampler diverge"),
    (torch.arange(4.0).view(1, 1, 2, 2) * 80, r"from 0 to 240, but floats lie in \[-1, 1\]: give x / 127.5 - 1"),
    (torch.tensor([[[[-1, 300]]]]), r"from -1 to 300, but whole numbers lie in 0\.\.255"),
]


@pytest.mark.parametrize(("sheet", "said"), SHEETS, ids=[said[:20] for _, said in SHEETS])
def test_pictures_that_are_none_are_refused_in_one_sentence(sheet, said):
    with pytest.raises(ValueError, match=said):
        plot.pictures(sheet)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64, torch.bool])
def test_pictures_of_any_whole_number_are_shown(dtype):
    white = plot.tile(torch.full((1, 1, 2, 2), 1 if dtype == torch.bool else 255).to(dtype), 1, paper=0.0)
    assert (white == 1).all()


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_numbers_that_cannot_be_drawn_are_refused(values):
    for draw in (lambda: plot.losses(values, "nats"), lambda: plot.bars(["a"] * len(values), values, ["noise"], "m")):
        with pytest.raises(ValueError, match="values (is empty: there is nothing|holds numbers that are not finite)"):
            draw()
