"""Whole notebooks on right answers in other styles: part of `make teach-all`, or `python tests/styles_all.py 01 02`.

Each notebook runs three times: on numpy arrays, on lists, and on answers that are written in another way (in place on a
copy, in loops), wherever a checker accepts them. Status 1 where a cell stops: an accepted answer broke it.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

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


def main(only: list[str]) -> int:
    """A line a notebook and style; the number of those that stopped."""
    stopped, home = 0, TESTS.parent / "notebooks"
    with tempfile.TemporaryDirectory() as cache:
        os.environ["COURSE_CACHE"] = cache
        for path in (path for path in sorted(home.glob("*.ipynb")) if path.name.startswith(tuple(only) or "")):
            for turn in TURNS:
                start, said = time.perf_counter(), "ran to its end"
                where = {"metadata": {"path": str(home)}}
                try:
                    NotebookClient(answered(path, turn), timeout=600, kernel_name="python3", resources=where).execute()
                except CellExecutionError as error:
                    stopped, said = stopped + 1, f"stopped: {str(error).strip().splitlines()[-1]}"
                print(f"{path.stem:<32}{turn:<12}{time.perf_counter() - start:7.0f} s  {said}", flush=True)
    return stopped


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
