"""The instructor's path from end to end: `make teach-all`, or `python tests/teach_all.py 02 08`.

`course teach`, four submissions a notebook (right, wrong, tampered checks, an endless loop), and nbgrader's commands
for every part. Writes what was graded, and in how many seconds, to data/results/teach.json; status 1 where a grade is
not what it should be.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from submissions import KINDS, hand_in

from course_lib import runtime
from course_lib.data import results
from course_lib.experiments import provenance
from course_lib.teach.folder import build


def nbgrader(course: Path, *words: str) -> str:
    """Run one of nbgrader's commands in a course folder; its output, or RuntimeError with the end of it."""
    path = os.pathsep.join([str(runtime.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    found = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=course,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if found.returncode:
        raise RuntimeError(f"nbgrader {' '.join(words)} ends with status {found.returncode}:\n{found.stdout[-9000:]}")
    return found.stdout


def points(course: Path, part: str, name: str) -> dict[str, dict[str, float]]:
    """Submission -> exercise -> points in one notebook; `most` is what there was to be had."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        graded = {kind: book.find_submission_notebook(name, part, kind).grades for kind in KINDS}
        found = {kind: {grade.name: grade.score for grade in grades} for kind, grades in graded.items()}
        return {"most": {grade.name: grade.max_score for grade in graded["right"]}} | found


def verdict(found: dict[str, dict[str, float]], first: str) -> str:
    """What is wrong with the grades of a notebook, in one line; empty where all is well. `first` is the endless one."""
    most = found["most"]
    nothing = dict.fromkeys(most, 0.0)
    wanted = {"right": most, "wrong": nothing, "tampered": nothing, "endless": most | {f"check-{first}": 0.0}}
    return "; ".join(f"{kind}: {found[kind]} and not {row}" for kind, row in wanted.items() if found[kind] != row)


def grade(course: Path, path: Path) -> tuple[dict, str]:
    """Autograde the four submissions of one notebook: its row of the result, and what is wrong with it."""
    from course_lib.teach.source import exercises

    part, name = path.parent.name, path.stem
    start = time.perf_counter()
    nbgrader(course, "autograde", part, "--notebook", name)
    seconds = time.perf_counter() - start
    found = points(course, part, name)
    row = (
        {"part": part} | {kind: sum(found[kind].values()) for kind in ("most", *KINDS)} | {"seconds": round(seconds, 1)}
    )
    return row, verdict(found, exercises(json.loads(path.read_text(encoding="utf-8"))["cells"])[0])


def run(course: Path, only: list[str] = (), check: int = 30, note: Callable = print) -> tuple[dict, list[str]]:
    """Rows by notebook and complaints, for the notebooks whose names start so (all without).

    `check` is after how many seconds a check is cut off; `note(name, row)` is called as a notebook is graded.
    """
    rows, complaints = {}, []
    made = build(course, only)
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text(encoding="utf-8").replace("check=30", f"check={check}"), encoding="utf-8")
    parts = list(dict.fromkeys(path.parent.name for path in made))
    for part in parts:
        nbgrader(course, "generate_assignment", part)
        hand_in(course, part)
    for path in made:
        rows[path.stem], complaint = grade(course, path)
        complaints += [f"{path.stem}: {complaint}"] if complaint else []
        note(path.stem, rows[path.stem])
    for part in parts:
        nbgrader(course, "generate_feedback", part)
    nbgrader(course, "export")
    return rows, complaints


def record(name: str, row: dict) -> None:
    """Put the row of one notebook into data/results/teach.json; the others stay, each with what made it."""
    rows = {}
    if results.path_of("teach").exists():
        before = results.read("teach")
        then = {key: before[key] for key in ("code", "hardware")}  # of rows that do not say it themselves
        rows = {name: then | row for name, row in before["notebooks"].items()}
    rows[name] = row | provenance.made_by()
    about = provenance.made_by(rows.values()) | {"cores": runtime.cores()}
    results.write("teach", {"name": "teach", **about, "notebooks": dict(sorted(rows.items()))})


def main() -> int:
    """Everything in a temporary folder, or in --to where the folder is wanted afterwards."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="the start of a file name, such as 01 (default: all)")
    parser.add_argument("--to", type=Path, help="keep the course folder here")
    chosen = parser.parse_args()

    def note(name: str, row: dict) -> None:
        record(name, row)
        print(f"{name:<32}{json.dumps(row)}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        _, complaints = run(chosen.to or Path(folder) / "class", chosen.notebooks, note=note)
    print(*complaints, sep="\n", file=sys.stderr)
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
