"""The figures that notebooks draw out of results alone, static frames and drawings: their lettering can be read."""

import ast
import json
import os
import re
from itertools import chain
from pathlib import Path

import pytest
from lettering import covered, crossings, faults, undirected, unnamed
from test_drawings import ALL
from widget_cells import MAGIC, needed

from course_lib.show import drawings, plot

ROOT = Path(__file__).resolve().parent.parent
SLOW = re.compile(r"training\.load|\bfit\(|\.sample\(|\.draw\(|data\.load|play\.[A-Z]|torch\.rand|solve\(|run\(")
EVERY = os.environ.get("COURSE_LETTERING") == "all"  # those that train or sample first, too: minutes


def figures(path: Path) -> dict[str, str]:
    """For each cell of a notebook that shows a figure, the statements that it needs, where they take no time."""
    every = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    code, found = [MAGIC.sub(r"\1pass", "".join(cell["source"])) for cell in every], {}
    for i, cell in enumerate(every):
        shown = "".join(text for out in cell["outputs"] for text in out.get("data", {}).get("text/plain", []))
        if "Figure:" in shown and isinstance(ast.parse(code[i]).body[-1], ast.Expr):
            statements = needed(code[: i + 1])
            if EVERY or not SLOW.search(statements):
                found[f"{path.stem[:2]} {cell['id']}"] = statements
    return found


FROM_RESULTS = dict(chain.from_iterable(figures(path).items() for path in sorted(ROOT.glob("notebooks/*.ipynb"))))


@pytest.mark.parametrize("name", FROM_RESULTS)
def test_a_figure_of_a_notebook_can_be_read(name, monkeypatch):
    made, begin = [], plot.CourseFigure.__init__
    monkeypatch.setattr(plot.CourseFigure, "__init__", lambda fig, *a, **k: (made.append(fig), begin(fig, *a, **k))[1])
    exec(compile(FROM_RESULTS[name], name, "exec"), {"__name__": "notebook"})
    assert made and not faults(made[-1])


@pytest.mark.parametrize("name", ALL)
def test_a_drawing_can_be_read(name):
    fig = getattr(drawings, name)()
    fig.draw_without_rendering()  # places are final then
    assert not crossings(fig)


def drawn(**legend):
    fig, ax = plot.figure(alt="two")
    ax.plot([0, 1], [0, 1], color=plot.FAMILIES["noise"], label="noise")
    ax.plot([0, 1], [1, 1], color=plot.FAMILIES["masked"], label="masked")
    if legend:
        ax.legend(**legend)
    fig.draw_without_rendering()
    return fig, ax


def test_a_legend_over_a_line_is_found_and_one_beside_it_is_not():
    assert covered(drawn(loc="lower left")[0]) and not covered(drawn(loc="lower right")[0])


def test_a_text_over_a_text_is_found():
    fig, ax = drawn()
    for x in (0.3, 0.32):
        ax.text(x, 0.8, "a name")
    fig.draw_without_rendering()
    assert crossings(fig) == ["'a name' lies over 'a name'"]


def test_a_line_that_nothing_names_is_found():
    assert len(unnamed(drawn()[0])) == 2 and not unnamed(drawn(loc="lower right")[0])


def test_a_measure_without_a_direction_is_found():
    fig, ax = drawn(loc="lower right")
    ax.set_ylabel("Fréchet distance, relative")
    assert undirected(fig)
    ax.set_ylabel("Fréchet distance, relative (lower is better)")
    assert not undirected(fig)
