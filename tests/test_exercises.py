"""What holds for every exercise from notebook 03 on: solution, untouched stub, grading, the course's own version."""

import json

import pytest
from solutions import NOTEBOOKS, solutions

from course_lib import check


def exercises(path) -> list[str]:
    """The exercises of a notebook, by their nbgrader metadata."""
    marks = [cell["metadata"].get("nbgrader", {}) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    return [mark["grade_id"] for mark in marks if mark.get("solution")]


EVERY = [(path.stem, name) for path in sorted(NOTEBOOKS.glob("*.ipynb"))[3:] for name in exercises(path)]
NAMES = [name for _, name in EVERY]


def stub(*_):
    raise NotImplementedError


def test_no_two_notebooks_have_the_same_exercise():
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(("notebook", "name"), EVERY)
def test_the_folded_solution_is_right(notebook, name, capsys):
    answer = solutions(notebook)[name]
    assert getattr(check, name)(answer) is answer
    assert capsys.readouterr().out == f"✓ {name}: right.\n"


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_exercise_lends_the_course_version(name, capsys):
    checker = getattr(check, name)
    assert checker(stub) is checker.reference
    assert "not attempted" in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_grading_counts_an_untouched_exercise_as_not_attempted(name, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING", "1")
    with pytest.raises(check.Wrong, match="not attempted"):
        getattr(check, name)(stub)


@pytest.mark.parametrize("name", NAMES)
def test_the_course_version_is_right(name):
    checker = getattr(check, name)
    checker.trial(checker.reference)
