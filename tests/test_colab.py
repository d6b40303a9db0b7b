"""Google Colab, simulated: one .ipynb file on a machine that has torch; its first cell fetches the course, all runs."""

import json
import shutil
import tomllib
from pathlib import Path

import nbformat
import published
import pytest
from colab import LACKS, OLD, Colab, wheels
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
PREDICT = (
    "predictions.choice = {'claim': predictions.rows[0]['id'], 'verdict': predictions.verdicts[0], 'confidence': 50}"
)
NOTEBOOK = ROOT / "notebooks" / "00_two_questions.ipynb"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = Colab(tmp_path_factory.mktemp("colab") / "machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(made.home / "jupyter"))
        yield made


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return published.repository(tmp_path_factory.mktemp("published") / "course")


def run(machine: Colab, notebook, clone: Path, index: Path) -> None:
    """Run `notebook` on the machine, where the course's address leads to `clone` and pip looks into `index`."""
    where = {"metadata": {"path": str(machine.content)}}
    client = NotebookClient(notebook, timeout=300, kernel_name="colab", resources=where)
    client.execute(env=machine.environment(ADDRESS, clone.as_uri(), index))


def texts(notebook) -> list[str]:
    """What the code cells print, a text each."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]


def test_without_a_network_the_first_cell_says_so(machine, tmp_path):
    before = machine.versions()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.raises(CellExecutionError) as refused:
        run(machine, notebook, tmp_path / "nowhere", tmp_path)
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
    run(machine, notebook, repository, wheels())
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
