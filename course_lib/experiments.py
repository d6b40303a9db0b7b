"""Comparisons that can be repeated: `course experiment NAME` runs one and rewrites `data/results/NAME.json`.

An experiment is a function that takes nothing and returns its metrics; whoever writes one registers it here.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from course_lib import runtime
from course_lib.data import files

EXPERIMENTS: dict[str, Callable[[], dict]] = {}


def about(function: Callable) -> str:
    """The first line of a function's docstring."""
    return (function.__doc__ or function.__name__).strip().splitlines()[0]


def run(name: str) -> Path:
    """Repeat the comparison `name`; returns the result file that it rewrote. ValueError where there is no such one."""
    if name not in EXPERIMENTS:
        known = f"Choose one of {', '.join(sorted(EXPERIMENTS))}." if EXPERIMENTS else "None is there yet."
        raise ValueError(f"experiment {name!r} is not known. {known}")
    from course_lib.training import recipes  # only now: it loads every network

    start = time.perf_counter()
    metrics = EXPERIMENTS[name]()
    result = {
        "name": name,
        "about": about(EXPERIMENTS[name]),
        "code": recipes.code_version(),
        "hardware": recipes.hardware(),
        "seconds": round(time.perf_counter() - start),
        "metrics": metrics,
    }
    path = runtime.data_dir() / "results" / f"{name}.json"
    files.write(path, (json.dumps(result, indent=1) + "\n").encode())
    return path
