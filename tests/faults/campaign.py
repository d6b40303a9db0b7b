"""All faults with their counts; `make faults` runs the full ones and writes data/results/faults.json."""

import contextlib
import io
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

from course_lib.data import results
from course_lib.experiments import provenance
from faults import concurrent, damage, disk, killed, notebooks
from faults.tally import Tally

KILL, CTRL_C = signal.SIGKILL, getattr(signal, "SIGINT", 2)
NOTEBOOKS = sorted(path.name[:2] for path in notebooks.NOTEBOOKS.glob("*.ipynb"))  # each has each bad day once
EVERY = 10**6  # every bit of a thousand, every pair: as many as there are

# name -> what does it (count, folder), tries in the test command, tries in full
FAULTS: dict[str, tuple[Callable[[int, Path], Tally], int, int]] = {
    "SIGKILL while training": (partial(killed.killed, sign=KILL, in_write=False), 2, 50),
    "SIGKILL in a write": (partial(killed.killed, sign=KILL, in_write=True), 2, 50),
    "Ctrl-C while training": (partial(killed.killed, sign=CTRL_C, in_write=False), 2, 50),
    "Ctrl-C in a write": (partial(killed.killed, sign=CTRL_C, in_write=True), 2, 50),
    "full disk": (disk.full, 4, 50),
    "two trainings at once": (concurrent.two_at_once, 2, 50),
    "clock set back": (concurrent.clock_set_back, 2, 50),
    "weights cut": (partial(damage.weights, kind="cut"), 5, 500),
    "weights, a bit flipped": (partial(damage.weights, kind="flipped"), 20, EVERY),
    "weights of another shape": (partial(damage.weights, kind="shapes"), 5, 100),
    "weights swapped": (damage.swapped, 10, EVERY),
    "weights that are a pickle": (partial(damage.weights, kind="pickles"), 10, 50),
    "data cut": (partial(damage.pictures, kind="cut"), 5, 500),
    "data, a bit flipped": (partial(damage.pictures, kind="flipped"), 20, EVERY),
    "data of another shape": (partial(damage.pictures, kind="shapes"), 5, 50),
    "data swapped": (partial(damage.pictures, kind="swapped"), 4, EVERY),
    "data that are a pickle": (partial(damage.pictures, kind="pickles"), 10, 50),
}


def once(name: str, count: int, folder: Path) -> dict:
    """One fault, `count` times, with its seconds."""
    start = time.perf_counter()
    tally = FAULTS[name][0](count, folder)
    return tally.row() | {"seconds": round(time.perf_counter() - start, 1)} | provenance.made_by()


def bad_days(number: str) -> dict[str, dict]:
    """A row for each kind of bad day of a notebook; what went wrong is printed."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, COURSE_CACHE=cache, COURSE_BUDGET="0.1"):
        tallies, complaints = notebooks.bad_day(1, number)
    same = {"seconds": round((time.perf_counter() - start) / len(tallies), 1)} | provenance.made_by()
    print(*complaints, sep="\n", file=sys.stderr)
    return {f"notebook {number}, {kind}": tally.row() | same for kind, tally in tallies.items()}


def note(rows: dict[str, dict]) -> None:
    """Write the result file: what is there already stays, but for `rows`."""
    known = {}
    if results.path_of("faults").exists():
        before = results.read("faults")
        whole = {key: before[key] for key in ("code", "hardware")}  # rows that do not say it were all made so
        known = {name: whole | row for name, row in before["metrics"].items()}
    names = [*FAULTS, *(f"notebook {number}, {kind}" for number in NOTEBOOKS for kind in notebooks.KINDS)]
    known = {name: (known | rows)[name] for name in names if name in known | rows}
    result = {
        "name": "faults",
        "about": "what is done to the course, how often, and how each try ends; the last four counts must be 0",
        **provenance.made_by(known.values()),
        "seconds": round(sum(row["seconds"] for row in known.values())),
        "metrics": known,
    }
    results.write("faults", result)


def main() -> int:
    """Every fault in full, or those that are named; status 1 where one did not end well."""
    asked = sys.argv[1:] or [*FAULTS, *NOTEBOOKS]
    bad = 0
    with contextlib.redirect_stdout(io.StringIO()):  # trainings say that they were interrupted
        for name in asked:
            if name in NOTEBOOKS:
                rows = bad_days(name)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    rows = {name: once(name, FAULTS[name][2], Path(folder))}
            note(rows)
            for what, row in rows.items():
                print(f"{what:<28}{row}", file=sys.stderr, flush=True)
                bad += sum(row[kind] for kind in ("broken", "lost", "executed", "wrong"))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
