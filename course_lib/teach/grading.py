"""What nbgrader does differently for this course: planted bugs as stubs, checks that can't be edited away, less to run.

Imported by the `nbgrader_config.py` of a course folder; needs the extra `teach`.
"""

import warnings
from collections.abc import Callable

from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
from traitlets import Bool

from .needed import needed
from .source import mark

warnings.filterwarnings("ignore", message="Object of type .* not in session")  # nbgrader's own, a page a submission

SOLUTION = {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False}
CHECK = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False}


class Stubs(ClearSolutions):
    """Puts back what a student starts from: the stub of the course's notebook, where an exercise has one."""

    def preprocess_cell(self, cell, resources, cell_index):
        """One cell; those without a stored stub are nbgrader's, markers and all."""
        stub = cell.metadata.pop("course", {}).get("stub")
        if stub is None:
            return super().preprocess_cell(cell, resources, cell_index)
        cell.source = stub
        return cell, resources


class Invigilate(NbGraderPreprocessor):
    """Before a submission is graded: every check as it was released, below its exercise; only what counts will run."""

    whole = Bool(False, help="Run every cell of a submission, not only what its checks depend on.").tag(config=True)

    def preprocess(self, nb, resources):
        """One notebook; what it should contain is in the gradebook."""
        here = resources["nbgrader"]
        with Gradebook(here["db_url"]) as book:
            known = book.find_notebook(here["notebook"], here["assignment"])
            points = {cell.name: cell.max_score for cell in known.grade_cells}
            released = {cell.name: cell.source for cell in known.source_cells}
        nb.cells = restored(nb.cells, released, points)
        if not self.whole:
            code = [cell for cell in nb.cells if cell.cell_type == "code"]
            checks = {i for i, cell in enumerate(code) if mark(cell).get("grade")}
            run = needed([cell.source for cell in code], checks)
            for i, cell in enumerate(code):
                cell.metadata["tags"] = [] if i in run else ["skip-execution"]
        return nb, resources


def restored(cells: list, released: dict[str, str], points: dict[str, float]) -> list:
    """Cells without the submission's checks and tags, and the released check below each exercise (or at the end).

    `released` are the sources of all graded cells by name, `points` those of the checks.
    """
    names = {name.removeprefix("check-"): name for name in points}
    last = {mark(cell).get("grade_id"): i for i, cell in enumerate(cells)}
    kept, placed = [], set()
    for i, cell in enumerate(cells):
        name = mark(cell).get("grade_id")
        cell.metadata.pop("tags", None)
        if name in points:
            continue
        cell.metadata.pop("nbgrader", None)
        kept.append(cell)
        if name in names and last[name] == i:
            cell.metadata["nbgrader"] = {**SOLUTION, "grade_id": name}
            kept.append(_check(names[name], released, points))
            placed.add(name)
    return kept + [_check(names[name], released, points) for name in names if name not in placed]


def _check(name: str, released: dict[str, str], points: dict[str, float]):
    return new_code_cell(released[name], metadata={"nbgrader": {**CHECK, "grade_id": name, "points": points[name]}})


def limits(check: float, other: float) -> Callable:
    """Seconds that a cell may take: a check, and any other."""
    return lambda cell: check if mark(cell).get("grade") else other


RELEASE = [Stubs if each is ClearSolutions else each for each in GenerateAssignment.preprocessors.default_args[0]]
SANITIZE = [Invigilate, *Autograde.sanitize_preprocessors.default_args[0]]
