"""A shared JupyterHub: thirty people at once on a course that nobody can write to, each with a folder of their own."""

import ctypes
import json
import os
import subprocess
import sys

import published
import pytest

PEOPLE = 30
DROP, OVERRIDE, SEARCH = 24, 1, 2  # prctl's PR_CAPBSET_DROP, and the two rights by which root writes where none may

ROOM = """
import contextlib, io, json, os, sys, time
from multiprocessing import get_context
from pathlib import Path

from course_lib import data, places, runtime, training
from course_lib.show.play import predictions

homes = sys.argv[1:]


def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024


def person(number, start, answers):
    os.environ["COURSE_CACHE"] = os.path.join(homes[number], "cache")
    start.wait(60)
    begin = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        places.ready(1)
    test, model = data.load("fashion", "test"), training.load("dit-fashion")
    claim = predictions.claims()["claims"][number % 15]["id"]
    predictions.predict(claim, predictions.claims()["verdicts"][0], 25 + number)
    mine = predictions.load()[claim]["confidence"] == 25 + number and len(predictions.load()) == 1
    row = {"seconds": time.perf_counter() - begin, "mb": private(), "pictures": len(test), "mine": mine}
    answers.put(row | {"said": said.getvalue().splitlines()})


try:
    (runtime.data_dir() / "results" / "notebooks.json").open("a")
    sys.exit("the course can be written to")
except PermissionError:
    pass
training.load("dit-fashion")  # torch imports half of itself here
context = get_context("fork")  # thirty kernels, without thirty times the import
start, answers = context.Barrier(len(homes)), context.Queue()
people = [context.Process(target=person, args=(i, start, answers)) for i in range(len(homes))]
for each in people:
    each.start()
found = [answers.get(timeout=120) for _ in people]
for each in people:
    each.join()
print(json.dumps(found))
"""


def powerless() -> None:
    """Let a process of root, from its start, write only where its files' permissions say so."""
    if os.geteuid() == 0:
        for right in (OVERRIDE, SEARCH):
            assert ctypes.CDLL(None, use_errno=True).prctl(DROP, right, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The course in a folder that nobody may write to."""
    tree = published.tree(tmp_path_factory.mktemp("hub") / "course")
    subprocess.run(["chmod", "-R", "a-w", str(tree)], check=True)
    yield tree
    subprocess.run(["chmod", "-R", "u+w", str(tree)], check=True)


def run(shared, code: str, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """Run Python `code` on the shared course, in its read-only folder of notebooks."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COURSE_")}
    kept |= {"PYTHONPATH": str(shared), "OMP_NUM_THREADS": "1"} | environment
    command = [sys.executable, "-c", code, *words]
    where = shared / "notebooks"
    return subprocess.run(command, cwd=where, env=kept, preexec_fn=powerless, capture_output=True, encoding="utf-8")


def test_thirty_people_share_one_read_only_course(shared, tmp_path):
    homes = [str(tmp_path / str(number)) for number in range(PEOPLE)]
    done = run(shared, ROOM, *homes)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads(done.stdout)
    for folder, ready in (row["said"] for row in rows):
        assert "is read-only, so your changes are not saved" in folder and ready.startswith("Ready")
    assert len(rows) == PEOPLE and all(row["pictures"] == 10_000 and row["mine"] for row in rows)
    assert max(row["mb"] for row in rows) < 200  # of one's own, beside what all share


def test_a_home_that_cannot_be_written_and_data_that_is_not_there_are_named(shared, tmp_path):
    tmp_path.joinpath("home").mkdir(mode=0o500)
    code = """if True:
        import os
        from course_lib import places, runtime
        places.ready(1)
        print(runtime.cache_dir())
        os.environ["COURSE_DATA"] = "nowhere"
        places.ready(1)
    """
    done = run(shared, code, HOME=str(tmp_path / "home"), XDG_CACHE_HOME=str(tmp_path / "home"))
    folder, cache, ready, where = done.stdout.splitlines()
    assert "copy the notebook to a folder of yours" in folder and "set COURSE_CACHE to a folder of yours" in cache
    assert ready.startswith("Ready") and str(tmp_path) not in where and where in cache
    os.rmdir(where)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith(
        "course_lib.places.WrongPlace: The course's pictures and weights are not in nowhere: get them"
    )
