"""`course teach --to DIR`: an nbgrader course folder, a part of the course an assignment."""

import json
from pathlib import Path

from course_lib import runtime

from .source import instructors

PARTS = {"opening": ("00",), "pixels": ("01", "02", "03"), "tokens": ("04", "05", "06", "07")}
PARTS |= {"noise": ("08", "09", "10", "11", "12"), "control": ("13", "14", "15"), "together": ("16", "17", "18")}

CONFIG = '''"""How this class is graded. Written by `course teach`; change what you like."""

import os
import sys
from pathlib import Path

from course_lib.teach import grading

os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]  # nbgrader calls alembic
os.environ["COURSE_GRADING"] = "1"  # an exercise that was not attempted fails
os.environ["PYTHONWARNINGS"] = "ignore"  # nbgrader gives no points to a check that writes to stderr

c = get_config()  # noqa: F821
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.GenerateAssignment.preprocessors = grading.RELEASE  # nbgrader's own, but a planted bug is the stub of its exercise
c.Autograde.sanitize_preprocessors = grading.SANITIZE  # nbgrader's own, and before them the one set up below

c.Invigilate.whole = False  # True: run every cell, training too, so that the feedback has all pictures
c.Execute.timeout_func = grading.limits(check=30, other=300)  # seconds: then a cell is stopped, and the next one runs
c.Execute.startup_timeout, c.Execute.iopub_timeout = 300, 60  # a busy machine is no reason to give up a submission
'''


def build(to: str | Path, only: list[str] = (), root: Path = runtime.ROOT) -> list[Path]:
    """Write the course folder `to` and return its notebooks: all, or `only` those whose names start so.

    FileExistsError where `to` holds something already, ValueError where a name fits no notebook.
    """
    to, paths = Path(to), sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise FileNotFoundError(f"{root / 'notebooks'} has no notebooks. Run this in a clone of the course.")
    for name in only:
        if not any(path.name.startswith(name) for path in paths):
            raise ValueError(f"NOTEBOOK={name!r} fits none of {', '.join(path.stem for path in paths)}.")
    if to.exists() and any(to.iterdir()):
        raise FileExistsError(f"--to {to} is not empty. Give a new folder: grades may depend on the old one.")
    made = []
    for path in paths:
        if only and not path.name.startswith(tuple(only)):
            continue
        notebook = instructors(json.loads(path.read_text(encoding="utf-8")))
        made.append(to / "source" / part_of(path.stem) / path.name)
        made[-1].parent.mkdir(parents=True, exist_ok=True)
        made[-1].write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    (to / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8", newline="\n")
    return made


def part_of(stem: str) -> str:
    """The part that a notebook belongs to, by its number; a notebook of your own, without one, is a part by itself."""
    return next((part for part, numbers in PARTS.items() if stem[:2] in numbers), stem)
