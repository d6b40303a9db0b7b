"""The instructor's path: course folder, release, four submissions, grades, feedback."""

import ast
import csv
import json
import os
import re
import sys

import pytest
import teach_all
import torch
from nbformat import from_dict
from solutions import NOTEBOOKS
from submissions import KINDS, TRICKS, submission

import course_lib
from course_lib import check
from course_lib.__main__ import main
from course_lib.data import results
from course_lib.methods import flow
from course_lib.teach import grading
from course_lib.teach.folder import PARTS, build
from course_lib.teach.needed import needed
from course_lib.teach.referee import judge
from course_lib.teach.source import BEGIN, END, exercises, folded, instructors, mark, solved, text

PATHS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def read(path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def released(source: dict) -> dict:
    """What students get, by the two steps of nbgrader that matter here."""
    hidden = re.compile(r"\n### BEGIN HIDDEN TESTS.*### END HIDDEN TESTS", re.S)
    cells = [from_dict({**cell, "source": hidden.sub("", text(cell))}) for cell in source["cells"]]
    return {**source, "cells": [grading.Stubs().preprocess_cell(cell, {"language": "python"}, 0)[0] for cell in cells]}


# What students get


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_students_get_the_stubs_and_checks_of_the_course_and_no_solution(path):
    course, source = read(path), instructors(read(path))
    release = released(source)
    for before, after in zip(course["cells"], release["cells"], strict=True):
        if before["cell_type"] == "code":
            assert text(after) == text(before) and mark(after) == mark(before) and not after["outputs"]
    whole = "\n".join(text(cell) for cell in release["cells"])
    assert "Solution" not in re.findall(r"<summary>(.*?)</summary>", whole) and BEGIN not in whole
    built_in_view = "\n".join(text(cell) for cell in course["cells"] if cell["cell_type"] == "code")
    for code, why in folded(course["cells"]).values():
        lines = [line.strip() for line in [*code.splitlines(), *why.splitlines()]]
        assert not [line for line in lines if len(line) > 25 and line in whole and line not in built_in_view]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_instructor_gets_every_solution_between_the_markers(path):
    cells = instructors(read(path))["cells"]
    for name, (code, _) in folded(read(path)["cells"]).items():
        (cell,) = [cell for cell in cells if mark(cell).get("grade_id") == name]
        between = text(cell).partition(BEGIN)[2].partition(END)[0]
        (function,) = ast.parse(code).body
        assert all(line in between for line in ast.get_source_segment(code, function).splitlines()[1:])
        ast.parse(text(cell))
        (checked,) = [cell for cell in cells if mark(cell).get("grade_id") == f"check-{name}"]
        assert f'judge("{name}", {name})' in text(checked) and mark(checked)["points"] > 0


def test_a_hint_that_holds_a_step_of_the_solution_is_left_out_and_others_stay():
    folds = "<details><summary>Hint</summary>\n\n{}\n</details>\n<details><summary>Solution</summary>\n\n```python\n"
    solution = "def f(x):\n    ends = x.cumsum(1)\n    return (ends <= 3).sum(1)\n"
    cells = [
        {"cell_type": "code", "source": "def f(x):\n    raise NotImplementedError", "metadata": {}},
        {"cell_type": "markdown", "source": folds + solution + "```\n</details>\n\nNext.", "metadata": {}},
    ]
    cells[0]["metadata"]["nbgrader"] = {"grade_id": "f", "solution": True}
    for hint, stays in (
        ("Take `x.cumsum(1)`.", False),
        ("Add up, with `cumsum`.", True),
        ("`ends = x.cumsum(1)`", False),
    ):
        notebook = {"cells": [cells[0], {**cells[1], "source": cells[1]["source"].replace("{}", hint)}], "metadata": {}}
        said = text(instructors(notebook)["cells"][1])
        assert ("Hint" in said) == stays and said.endswith("Next.")


def test_a_notebook_without_a_solution_or_with_another_signature_says_so():
    cell = {"cell_type": "code", "source": "def f(x):\n    raise NotImplementedError", "metadata": {}}
    cell["metadata"]["nbgrader"] = {"grade_id": "f", "solution": True}
    with pytest.raises(ValueError, match="No folded solution defines f"):
        instructors({"cells": [cell], "metadata": {}})
    with pytest.raises(ValueError, match="other arguments"):
        solved(cell["source"], "def f(y):\n    return y")


# What is graded


def test_of_a_notebook_only_what_its_checks_depend_on_is_run():
    sources = [
        "import math",
        "%matplotlib inline\nslow = train()",
        "def helper(x):\n    return math.sqrt(x) * scale",
        "scale = 1\nscale += 1",
        "table = {}",
        "table['a'] = 1",
        "def answer(x):\n    return helper(x) + table['a']",
        "this is no python",
        "answer = check(answer)",
        "scale = 3",
        "from os import *",
    ]
    assert needed(sources, {8}) == {0, 2, 3, 4, 5, 6, 8, 10}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_training_is_run_to_grade_a_notebook(path):
    code = [cell for cell in instructors(read(path))["cells"] if cell["cell_type"] == "code"]
    run = needed([text(cell) for cell in code], {i for i, cell in enumerate(code) if mark(cell).get("grade")})
    assert not [i for i in run if "budget(" in text(code[i]) or ".fit(" in text(code[i])]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_whatever_is_done_to_a_check_the_released_one_is_graded(trick):
    source = instructors(read(PATHS[0]))
    release = released(source)
    names = exercises(source["cells"])
    every = {mark(cell)["grade_id"]: text(cell) for cell in source["cells"] if mark(cell)}
    points = {f"check-{name}": 1.0 for name in names}
    for name in names:
        (answer,) = [cell for cell in release["cells"] if mark(cell).get("grade_id") == name]
        (checked,) = [cell for cell in release["cells"] if mark(cell).get("grade_id") == f"check-{name}"]
        trick(release["cells"], name, answer, checked)
    after = grading.restored(release["cells"], every, points)
    marked = [cell for cell in after if mark(cell)]
    assert [mark(cell)["grade_id"] for cell in marked] == [part for name in names for part in (name, f"check-{name}")]
    for cell in marked[1::2]:
        assert (
            cell.source == every[mark(cell)["grade_id"]] and mark(cell)["points"] == 1 and "tags" not in cell.metadata
        )


def test_an_exercise_that_was_deleted_or_given_twice_does_not_stop_the_grading():
    source = instructors(read(PATHS[0]))
    every = {mark(cell)["grade_id"]: text(cell) for cell in source["cells"] if mark(cell)}
    cells = released(source)["cells"]
    first, second, *_ = exercises(cells)
    cells = [cell for cell in cells if mark(cell).get("grade_id") != first]
    cells += [from_dict(json.loads(json.dumps(cell))) for cell in cells if mark(cell).get("grade_id") == second]
    after = grading.restored(cells, every, {name: 1.0 for name in every if name.startswith("check-")})
    ids = [mark(cell)["grade_id"] for cell in after if mark(cell)]
    assert len(ids) == len(set(ids)) == len(every) - 1
    assert ids[-1] == f"check-{first}" and ids.index(f"check-{second}") == ids.index(second) + 1


def test_the_referee_is_not_fooled_by_what_a_submission_changed(monkeypatch):
    stub = check.path.reference
    monkeypatch.setenv("COURSE_GRADING", "0")
    monkeypatch.setattr(check, "path", lambda answer: answer)
    monkeypatch.setattr(flow, "path", lambda x, noise, t: (x, x))
    before = {key: module for key, module in sys.modules.items() if key.startswith("course_lib")}
    with pytest.raises(AssertionError, match="course's own version"):
        judge("path", stub)
    with pytest.raises(AssertionError, match="path: "):
        judge("path", lambda x, noise, t: (x, x))
    judge(
        "path",
        lambda x, noise, t: (
            (1 - t.view(-1, *[1] * (x.ndim - 1))) * x + t.view(-1, *[1] * (x.ndim - 1)) * noise,
            noise - x,
        ),
    )
    assert os.environ["COURSE_GRADING"] == "0"
    assert {key: module for key, module in sys.modules.items() if key.startswith("course_lib")} == before
    assert sys.modules["course_lib"] is course_lib


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_checker_refuses_the_wrong_submission(path, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING", "1")
    source = instructors(read(path))
    wrong = submission("wrong", source, released(source))
    for name in exercises(wrong["cells"]):
        (cell,) = [cell for cell in wrong["cells"] if mark(cell).get("grade_id") == name]
        space = {"torch": torch}
        exec(text(cell), space)
        with pytest.raises(check.Wrong, match=f"{name}: "):
            getattr(check, name)(space[name])


# `course teach`, and everything after it


def test_course_teach_says_what_it_made_and_refuses_what_would_overwrite(tmp_path, capsys):
    assert main(["teach", "--to", str(tmp_path / "class"), "02", "08"]) == 0
    assert "2 notebooks in pixels, noise" in capsys.readouterr().out
    made = sorted(path.relative_to(tmp_path / "class").as_posix() for path in (tmp_path / "class").rglob("*.*"))
    assert made == ["nbgrader_config.py", "source/noise/08_noise_exactly.ipynb", "source/pixels/02_next_pixel.ipynb"]
    assert main(["teach", "--to", str(tmp_path / "class")]) == 1 and "not empty" in capsys.readouterr().err
    assert main(["teach", "--to", str(tmp_path / "other"), "77"]) == 1 and "'77' fits none" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match="in a clone"):
        build(tmp_path / "other", root=tmp_path)


def test_every_notebook_has_a_part_and_a_notebook_of_ones_own_is_one(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in ("03_a", "77_b"):
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text('{"cells": [], "metadata": {}}', encoding="utf-8")
    assert [path.parent.name for path in build(tmp_path / "class", root=tmp_path)] == ["pixels", "77_b"]
    assert {path.parent.name for path in build(tmp_path / "all")} <= set(PARTS)


def test_a_part_is_graded_as_it_should_be_and_nothing_stops_the_run(tmp_path):
    course = tmp_path / "class"
    rows, complaints = teach_all.run(course, ["00"], check=20)
    assert not complaints
    row = rows["00_two_questions"]
    assert [row[kind] for kind in ("most", *KINDS)] == [4, 4, 0, 0, 3]  # the endless one lost a single exercise
    with open(course / "grades.csv", newline="", encoding="utf-8") as file:
        found = {line["student_id"]: (float(line["score"]), float(line["max_score"])) for line in csv.DictReader(file)}
    assert found == {"right": (4, 4), "wrong": (0, 4), "tampered": (0, 4), "endless": (3, 4)}
    page = (course / "feedback" / "wrong" / "opening" / "00_two_questions.html").read_text(encoding="utf-8")
    assert "Score: 0.0 / 4.0" in page and "by_luck: not attempted." in page
    assert "CellTimeoutError" in (course / "feedback" / "endless" / "opening" / "00_two_questions.html").read_text(
        encoding="utf-8"
    )
    release = read(course / "release" / "opening" / "00_two_questions.ipynb")
    for before, after in zip(read(PATHS[0])["cells"], release["cells"], strict=True):
        assert before["cell_type"] == "markdown" or text(after) == text(before)


def test_all_parts_were_graded_as_they_should_be():
    rows = results.read("teach")["notebooks"]
    for name, row in rows.items():
        assert row["right"] == row["most"] > row["endless"] > 0 and row["wrong"] == row["tampered"] == 0, name
        source = read(NOTEBOOKS / f"{name}.ipynb")
        assert row["most"] == sum(mark(cell).get("points", 0) for cell in source["cells"]), name
