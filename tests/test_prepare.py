"""A notebook as the book shows it: first figure first, setup folded, covers that lose nothing, words for links."""

import base64
import io
import re

import covers
import front
import prepare
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from test_slides import BADGES, drawing

TITLE = f"# Two questions\n{BADGES}\n\n**Why?** Because.\n\nThe first picture is below."


def made(*cells, name: str = "00_two"):
    return prepare.for_book(new_notebook(cells=[new_markdown_cell(TITLE), *cells]), name, ["00_two", "05_five"]).cells


def test_the_first_figure_stands_right_below_the_title_and_only_there():
    cells = made(new_code_cell("import torch"), drawing("a line"), drawing("another"))
    assert cells[0].source.splitlines()[0] == "# 00 · Two questions" and "badges" in cells[0].source
    assert cells[1].outputs[0].metadata["image/png"]["alt"] == "a line" and "remove-input" in cells[1].metadata.tags
    assert cells[1].metadata.mystnb["image"]["alt"] == "a line"
    assert cells[2].source.startswith("**Why?** Because.") and "colab" not in cells[2].source
    assert not cells[4].outputs and cells[5].outputs[0].metadata["image/png"]["alt"] == "another"


def test_imports_and_what_drew_the_first_figure_are_folded_under_their_names():
    cells = made(new_code_cell("import torch\n\nx = 1"), drawing(), new_code_cell("x + 1"))
    shown = {cell.source: cell.metadata.get("mystnb", {}).get("code_prompt_show") for cell in cells}
    assert shown["import torch\n\nx = 1"] == prepare.SETS_UP and shown["plot.losses(run)"] == prepare.LEADS
    assert shown["x + 1"] is None


def test_imports_that_print_and_definitions_stay_open():
    said = new_code_cell("import torch\nprint(1)", outputs=[new_output("stream", text="1")])
    cells = made(said, new_code_cell("import torch\n\n\ndef f():\n    return 1"), drawing())
    assert not any("hide-input" in cell.metadata.get("tags", []) for cell in cells[3:5])


def test_a_notebook_without_a_figure_keeps_its_words():
    cells = made(new_code_cell("x = 1"), name="09_t")
    assert [cell.cell_type for cell in cells] == ["markdown", "markdown", "code"]
    assert cells[0].source.startswith("# 09 · Two questions")


def test_a_cover_holds_the_whole_figure_on_its_own_ground():
    figure = Image.new("RGB", (300, 600), "#0e1116")
    figure.putpixel((0, 0), (255, 0, 0))
    figure.paste("white", (280, 580, 299, 599))
    file = io.BytesIO()
    figure.save(file, format="PNG")
    cover = covers.cover(base64.b64encode(file.getvalue()).decode())
    assert cover.size == covers.SIZE and cover.getpixel((5, 5)) == (0x0E, 0x11, 0x16)
    white = [x for x in range(cover.width) if min(cover.getpixel((x, 374))) > 200]
    assert white and max(white) < covers.SIZE[0] // 2 + 90, "the lower right corner is there, and the shape is kept"


def test_pages_say_what_they_are_and_lead_into_the_book(tmp_path):
    page = tmp_path / "some.md"
    page.write_text(
        "# Some\n\n| a |\n|---|\n\nWhat [it](../../README.md) is,\nsaid.\n\nAs in notebook 05.\n", encoding="utf-8"
    )
    (tmp_path / "to").mkdir()
    about = prepare.pages([page], ["05_five"], "https://github.com/a/b", tmp_path / "to")
    assert about == {"some": {"title": "Some", "question": "What it is, said."}}
    text = (tmp_path / "to" / "some.md").read_text(encoding="utf-8")
    assert "(https://github.com/a/b/blob/main/README.md)" in text and "[notebook 05](05_five.ipynb)" in text


def test_each_page_tells_its_question_and_its_picture():
    told = front.told(
        {"05_five": {"title": "Five", "question": "Why?"}}, {"some": {"title": "S", "question": "It is."}}
    )
    assert told["05_five"] == {"title": "05 · Five", "text": "Why?", "image": "cover-05_five.png"}
    assert set(told) == {"05_five", "some", "index"} and all(re.match(r"\S", each["text"]) for each in told.values())
