"""TEACHING.md's table: what each notebook costs and what there is to be had in it."""

import re

import pytest
from prose import ROOT, cells

from course_lib.data import results

TEXT = (ROOT / "notebooks" / "TEACHING.md").read_text(encoding="utf-8")
ROWS = {row[0]: row[1:] for row in re.findall(r"^\| (\d\d) \| .*? \| (\d+) s \| .*? \| (\d+), (\d+) \|", TEXT, re.M)}
NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
MEASURED = {name[:2]: row["seconds"] for name, row in results.read("notebooks").items() if name[:2].isdigit()}


def points(number: str) -> list[int]:
    marks = (cell["metadata"].get("nbgrader", {}) for cell in cells(NOTEBOOKS[number], "code"))
    return [mark["points"] for mark in marks if mark.get("grade")]


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_a_row_has_the_exercises_points_and_seconds_of_its_notebook(number):
    seconds, exercises, whole = map(int, ROWS[number])
    assert [exercises, whole] == [len(points(number)), sum(points(number))]
    assert abs(seconds - MEASURED[number]) <= max(10, 0.5 * MEASURED[number])  # another machine, another day


def test_the_points_add_up():
    assert f"{sum(sum(points(number)) for number in NOTEBOOKS)} points in all" in TEXT
