"""Whole notebooks on right answers in other styles: part of `make teach-all`, or `python tests/styles_all.py 01 02`.

Each notebook runs three times: on numpy arrays, on lists, and on answers that are written in another way (in place on a
copy, in loops), wherever a checker accepts them. Status 1 where a cell stops: an accepted answer broke it.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from whole import chosen, stops

from course_lib.teach.source import mark

TESTS = Path(__file__).resolve().parent
TURNS = ("numpy", "lists", "other words")
ANSWER = "import sys\n\nsys.path.append({tests!r})\nfrom styles import styled\n\n{name} = styled({name!r}, {turn!r})"


def answered(path: Path, turn: str) -> nbformat.NotebookNode:
    """A notebook whose exercises are solved in the style of `turn`."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if mark(cell).get("solution"):
            name = mark(cell)["grade_id"]
            cell.source = ANSWER.format(tests=str(TESTS), name=name, turn=turn)
    return notebook


def run(path: Path, turn: str) -> None:
    """Execute a notebook that is solved in the style of `turn`."""
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(answered(path, turn), timeout=600, kernel_name="python3", resources=where).execute()


def main(only: list[str]) -> int:
    """A line a notebook and style; the number of those that stopped."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["COURSE_CACHE"] = cache
        pairs = [(path, turn) for path in chosen(only) for turn in TURNS]
        return sum(stops(f"{path.stem}, {turn}", partial(run, path, turn)) for path, turn in pairs)


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
