"""Folded answers: shut without a kernel, whole in the book, open in the slides."""

import base64

import folds
import packing
import prepare
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.show import plot
from course_lib.show.fold import SUMMARY, folded

BADGES = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.example/nb) "
    "[![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.example/nb)"
)


def line(alt='a "line" & more'):
    fig, ax = plot.figure(alt=alt)
    plot.curve(ax, [0, 1], [0, 1])
    return fig


def output(answer):
    return new_output("execute_result", folded(answer)._repr_mimebundle_(), execution_count=1)


def test_a_fold_is_shut_and_says_only_that_it_is_one():
    data = folded(line("the answer is 52"))._repr_mimebundle_()
    assert set(data) == {"text/html", "text/plain"}
    assert data["text/html"].startswith(f'<details class="folded"><summary>{SUMMARY}</summary><img ')
    assert "52" not in data["text/plain"] and "<details open" not in data["text/html"]


def test_a_text_is_folded_with_its_signs_kept():
    assert "<pre>\na &lt; b\nc</pre>" in folded("a < b\nc", "Numbers").html


def test_an_opened_fold_is_the_figure_with_its_words():
    fig = line()
    found = folds.opened(output(fig))
    assert base64.b64decode(found.data["image/png"]) == fig.png()
    assert found.metadata["image/png"]["alt"] == fig.alt
    plain = new_output("stream", text="<details>")
    assert folds.opened(plain) is plain and folds.opened(output("a text")).data["text/html"]


def test_slides_show_a_folded_figure_open_and_as_large_as_any_other():
    cells = [new_markdown_cell("# T"), new_markdown_cell("**Why?**")]
    cells += [new_markdown_cell(f"## {i}\n\nWords.") for i in (1, 2, 3)]
    data, metadata = line()._repr_mimebundle_()
    png = base64.b64encode(data["image/png"]).decode()
    plain = new_output("display_data", {"image/png": png}, metadata=metadata)
    shown, fold = (packing.packed([*cells, new_code_cell("x", outputs=[out])])[-1] for out in (plain, output(line())))
    assert "text/html" not in fold.outputs[0].data and fold.metadata.width == shown.metadata.width


def test_the_book_keeps_the_fold_and_hides_long_code_above_it():
    cells = [new_markdown_cell(f"# T\n{BADGES}"), new_code_cell("x = 1\n" * 9, outputs=[output(line())])]
    made = prepare.for_book(new_notebook(cells=cells), "09_t")
    code = next(cell for cell in made.cells if cell.cell_type == "code")
    assert code.outputs[0].data["text/html"].startswith("<details") and "hide-input" in code.metadata.tags


def test_what_is_no_figure_and_no_text_is_refused():
    with pytest.raises(TypeError, match="answer is a list: give a figure made by course_lib.show, or a text."):
        folded([1, 2])
