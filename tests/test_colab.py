"""Google Colab, simulated: one .ipynb file on a machine that has torch; its first cell fetches the course, all runs.

Here 00 is run to its end, and of every other notebook what differs between machines: the first cell and all imports.
`make colab` runs all of them to their ends.
"""

import ast
import json
import shutil
from pathlib import Path

import nbformat
import published
import pytest
from colab import ADDRESS, LACKS, OLD, Colab, wheels
from nbclient.exceptions import CellExecutionError
from test_house import code_of

ROOT = Path(__file__).resolve().parent.parent
PREDICT = (
    "predictions.choice = {'claim': predictions.rows[0]['id'], 'verdict': predictions.verdicts[0], 'confidence': 50}"
)
NOTEBOOK = ROOT / "notebooks" / "00_two_questions.ipynb"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return Colab(tmp_path_factory.mktemp("colab") / "machine")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return published.repository(tmp_path_factory.mktemp("published") / "course")


def texts(notebook) -> list[str]:
    """What the code cells print, a text each."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]


def test_without_a_network_the_first_cell_says_so(machine, tmp_path):
    before = machine.versions()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.raises(CellExecutionError) as refused:
        machine.run(notebook, ADDRESS, tmp_path / "nowhere", tmp_path)
    assert "No module named 'course_lib'" in str(refused.value) and "on Colab, check the network" in str(refused.value)
    assert machine.versions() == before and not list(machine.content.iterdir())


def test_one_notebook_fetches_the_course_and_runs_to_its_end(machine, repository):
    before = machine.versions()
    assert {"torch", "numpy", "ipykernel"} <= set(before) and not LACKS & set(before)
    assert all(before[name] == version for name, version in (text.split("==") for text in OLD))
    shutil.copy(NOTEBOOK, machine.content)
    notebook = nbformat.read(machine.content / NOTEBOOK.name, as_version=4)
    drive = machine.home / "drive"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"%env COURSE_CACHE={drive}"))  # as the page on installing says
    notebook.cells.append(nbformat.v4.new_code_cell(PREDICT))
    asked = "import google.colab.output as its; print(its.called, 'widget manager')"
    notebook.cells.append(nbformat.v4.new_code_cell(asked))
    machine.run(notebook, ADDRESS, repository, wheels())
    said = texts(notebook)[1:]
    assert len(json.loads((drive / "predictions.json").read_text(encoding="utf-8"))) == 1
    assert said[-1] == "1 widget manager\n"  # without it Colab shows no widget of ours
    assert said[0].splitlines()[-1].startswith("Ready, on the processor"), said[0]
    assert any(text.splitlines()[-1:] == ["ready"] for text in said), said
    assert not [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]

    clone = machine.content / "course"
    assert published.git(clone, "rev-list", "--count", "HEAD").strip() == "1"
    assert published.git(repository, "rev-list", "--count", "HEAD").strip() == "2"
    assert sorted(path.name for path in machine.content.iterdir()) == [NOTEBOOK.name, "course"]

    after = machine.versions()
    assert {name: after.get(name) for name in before} == before, "what Colab has was replaced"
    assert set(after) - set(before) == LACKS


def begins(path: Path) -> tuple[str, str]:
    """The first code cell of a notebook, and whatever it imports later on."""
    first = next(cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    imports = [node for node in ast.walk(code_of(path)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return first.source, "\n".join(map(ast.unparse, imports))


def test_every_notebook_begins_there_and_finds_what_it_imports(machine, repository):
    firsts, imports = zip(*map(begins, sorted((ROOT / "notebooks").glob("*.ipynb"))))
    (first,) = set(firsts)  # one for all: `pip` need not run sixteen times
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (first, *imports)])
    machine.run(notebook, ADDRESS, repository, wheels())
    said, *others = texts(notebook)
    assert said.splitlines()[-1].startswith("Ready, on the processor") and not any(others)
