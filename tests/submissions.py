"""Four submissions, made by program out of an instructor's notebook: right, wrong, tampered checks, an endless loop."""

import copy
import json
from pathlib import Path

from course_lib.teach.source import exercises, mark, solved, text

KINDS = ("right", "wrong", "tampered", "endless")


def submission(kind: str, source: dict, release: dict, turn: int = 0) -> dict:
    """What a student of that kind hands in: the released notebook, worked on. `turn` chooses the first trick."""
    made, bodies = copy.deepcopy(release), {}
    for cell in source["cells"]:
        if mark(cell).get("solution"):
            bodies[mark(cell)["grade_id"]] = text(cell)
    names = exercises(release["cells"])
    for i, name in enumerate(names):
        (answer,) = [cell for cell in made["cells"] if mark(cell).get("grade_id") == name]
        (checked,) = [cell for cell in made["cells"] if mark(cell).get("grade_id") == f"check-{name}"]
        if kind == "right" or kind == "endless" and i > 0:
            answer["source"] = bodies[name]
        elif kind == "endless":
            answer["source"] = solved(text(answer), _instead(text(answer), "while True:\n        pass"))
        elif kind == "wrong" and i > 0:  # the first is left as it was
            answer["source"] = solved(text(answer), _instead(text(answer), "return {first}"))
        elif kind == "tampered":
            TRICKS[(turn + i) % len(TRICKS)](made["cells"], name, answer, checked)
    return made


def _instead(stub: str, body: str) -> str:
    """A function with the stub's signature and this body, which may name its first argument."""
    (line,) = [line for line in stub.splitlines() if line.startswith("def ")]
    first = line.partition("(")[2].split(",")[0].split(")")[0].strip()
    return f"{line}\n    {body.format(first=first)}\n"


def _edited(cells, name, answer, checked) -> None:
    checked["source"] = f'print("✓ {name}: right.")'


def _not_run(cells, name, answer, checked) -> None:
    checked["metadata"]["tags"] = ["skip-execution"]


def _deleted(cells, name, answer, checked) -> None:
    cells.remove(checked)


def _bribed(cells, name, answer, checked) -> None:
    answer["source"] = (
        f"import os\n\nos.environ['COURSE_GRADING'] = '0'\ncheck.{name} = lambda answer: answer\n\n{text(answer)}"
    )


def _unmarked(cells, name, answer, checked) -> None:
    checked["metadata"]["nbgrader"]["grade"] = False
    checked["source"] = "pass"


TRICKS = [_edited, _not_run, _bribed, _deleted, _unmarked]


def hand_in(course: Path, part: str) -> None:
    """Put the four submissions of a part's released notebooks where nbgrader looks for them."""
    for turn, path in enumerate(sorted((course / "release" / part).glob("*.ipynb"))):
        release = json.loads(path.read_text(encoding="utf-8"))
        source = json.loads((course / "source" / part / path.name).read_text(encoding="utf-8"))
        for kind in KINDS:
            to = course / "submitted" / kind / part / path.name
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(json.dumps(submission(kind, source, release, turn)), encoding="utf-8")
