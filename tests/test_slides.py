"""The slides before a browser sees them: each cell has a type, text is cut where it may, figures keep their words."""

import base64
import json
import re
from pathlib import Path

import blocks
import live
import nbformat
import packing
import prepare
import pytest
import slide_types
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.publish import repository
from course_lib.show import play, plot

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BADGES = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.example/nb) "
    "[![Open in Binder](https://mybinder.org/badge_logo.svg)](https://binder.example/nb)"
)


def drawing(alt: str = "a line", words: str = "Figure: a line"):
    fig, ax = plot.figure(alt=alt)
    plot.curve(ax, [0, 1], [0, 1])
    data, metadata = fig._repr_mimebundle_()
    png = base64.b64encode(data["image/png"]).decode()
    output = new_output("display_data", {"image/png": png, "text/plain": words}, metadata=metadata)
    return new_code_cell("plot.losses(run)", outputs=[output])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_has_a_slide_type(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    missing = [cell["id"] for cell in cells if cell["metadata"].get("slideshow", {}).get("slide_type") is None]
    assert not missing, f"{path.name}: run `python book/slide_types.py`, it gives types to {missing}"
    assert {cell["metadata"]["slideshow"]["slide_type"] for cell in cells} <= set(slide_types.TYPES)


def test_types_by_rule():
    stub = new_code_cell("def f(x):\n    raise NotImplementedError", metadata={"nbgrader": {"solution": True}})
    cells = [
        new_markdown_cell("# 09 · Title"),
        new_code_cell("import torch"),
        drawing(),
        new_markdown_cell("**Read the picture.** It is a line.\n\n## 2 · More"),
        stub,
        new_code_cell("f = check.f(f)", metadata={"nbgrader": {"solution": False, "grade": True}}),
        new_markdown_cell("<details><summary>Hint</summary>\n\nThink.\n</details>"),
        new_code_cell("class Net(nn.Module):\n    pass"),
    ]
    wanted = ["slide", "skip", "fragment", "fragment", "-", "skip", "notes", "subslide"]
    assert [slide_types.slide_type(cell) for cell in cells] == wanted


def test_a_type_that_an_author_chose_is_kept():
    notebook = new_notebook(cells=[new_markdown_cell("# Title", metadata={"slideshow": {"slide_type": "skip"}})])
    assert slide_types.typed(notebook) == 0 and notebook.cells[0].metadata.slideshow.slide_type == "skip"


def test_text_is_cut_between_blocks_and_never_inside_one():
    whole = ["$$a\n= b$$", "```python\nx = 1\n\ny = 2\n```", "<details><summary>Hint</summary>\n\nNo.\n</details>"]
    found = blocks.blocks("\n".join(["## 2 · More\nOne\nparagraph.\n", *whole, "- a\n- b"]))
    assert found == ["## 2 · More", "One\nparagraph.", *whole, "- a\n- b"]


def test_a_long_table_goes_over_several_slides_each_with_its_head():
    head, rows = "| a | b |\n|---|---|\n", [f"| {i} | x |" for i in range(20)]
    pieces = blocks.blocks(head + "\n".join(rows))
    assert len(pieces) > 1 and all(piece.startswith(head) for piece in pieces)
    assert re.findall(r"^\| (\d+)", "\n".join(pieces), re.M) == [str(i) for i in range(20)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_slides_lose_no_text_and_no_figure(path):
    cells = nbformat.read(path, as_version=4).cells
    out = packing.packed(cells)
    shown = "\n".join(cell.source for cell in out if cell.cell_type == "markdown")
    for cell in cells:
        if cell.cell_type == "markdown" and cell.metadata.slideshow.slide_type != "skip":
            lines = [line for line in cell.source.splitlines() if line.strip() and "colab-badge" not in line]
            assert not [line for line in lines if line not in shown]
    kept = [cell for cell in cells if cell.metadata.slideshow.slide_type != "skip"]  # what its author left out
    assert sum(map(slide_types.has_picture, kept)) == sum(map(slide_types.has_picture, out))


def test_a_figure_and_its_reading_share_a_slide_where_they_fit():
    read = "**Read the picture.** " + "It is a line, and goes up. " * 3
    title, question = new_markdown_cell("# T"), new_markdown_cell("**Why?**")
    filler = [new_markdown_cell(f"## {i}\n\n" + "Words and words. " * 50) for i in (1, 2, 3)]
    out = packing.packed([title, question, *filler, drawing(), new_markdown_cell(read)])
    assert [cell.metadata.slideshow.slide_type for cell in out[-2:]] == ["subslide", "fragment"]
    out = packing.packed([title, question, *filler, drawing(), new_markdown_cell(read * 8)])
    assert [cell.metadata.slideshow.slide_type for cell in out[-2:]] == ["subslide", "subslide"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_carries_badges_that_open_it(path):
    to = prepare.links(nbformat.read(path, as_version=4), path.stem)
    where = repository()
    assert to["colab"] == f"https://colab.research.google.com/github/{where}/blob/main/notebooks/{path.name}"
    assert to["binder"] == f"https://mybinder.org/v2/gh/{where}/HEAD?labpath=notebooks/{path.name}"


def test_the_readme_carries_the_badges_too():
    assert prepare.BADGES.search((ROOT / "README.md").read_text(encoding="utf-8"))


def test_the_book_carries_a_figures_words_and_its_own_badges():
    cells = [new_markdown_cell(f"# T\n{BADGES}\n\n**Why?**"), drawing("a line that goes up"), drawing("x", "Widget: x")]
    made = prepare.for_book(new_notebook(cells=cells), "09_t")
    image = made.cells[1].metadata.mystnb["image"]
    assert image["alt"] == "a line that goes up" and 300 < int(image["width"].removesuffix("px")) < 600
    assert 'src="_static/colab.svg"' in made.cells[0].source and "colab-badge" not in made.cells[0].source
    assert all(f'href="{to}"' in made.cells[0].source for to in ("https://colab.example/nb", "slides/09_t.html"))
    assert [cell.cell_type for cell in made.cells] == ["markdown", "code", "markdown", "code", "code", "markdown"]
    assert prepare.STILL in made.cells[5].source


def test_the_recorded_widgets_are_the_notebooks_and_their_front_ends_ask_for_nothing_else(tmp_path):
    live.front_ends(tmp_path)
    for name in live.NAMES:
        told, script = (
            json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")),
            (tmp_path / f"{name}.js").read_text(encoding="utf-8"),
        )
        own = {trait for trait in getattr(play, name.capitalize()).class_traits(sync=True)}
        known = {*told["state"], *told.get("films", [{"told": {}}])[0]["told"]}
        assert known <= own, f"{known - own} are no traits of {name}: run `python book/live.py`"
        asked = set(re.findall(r'model\.get\("(\w+)"\)', script)) & own
        assert asked - known <= {"answered", "wrong", "status"}, f"run `python book/live.py`: {name} asks for {asked}"
    (stored,) = [
        "".join(output["data"]["text/html"])
        for cell in json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", [])
        if "The answer to the sheet above" in "".join(output.get("data", {}).get("text/html", ""))
    ]
    answer = json.loads((tmp_path / "game.json").read_text(encoding="utf-8"))["rounds"][0]["answer"]
    for word in ("real", "pixel by pixel", "out of noise"):
        said = re.search(rf"{word}</b>: (.*?)</li>", stored)[1]
        assert [int(number) for number in re.findall(r"(\d+) \(", said)] == [
            i for i, source in enumerate(answer, 1) if source == word
        ]


def test_a_notebook_without_badges_is_named():
    with pytest.raises(ValueError, match="09_t.ipynb has no badges"):
        prepare.for_book(new_notebook(cells=[new_markdown_cell("# T")]), "09_t")
