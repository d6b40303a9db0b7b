"""Whole notebooks in fresh kernels, a line for each: what `colab_all.py` and `styles_all.py` share."""

import time
from collections.abc import Callable
from pathlib import Path

from nbclient.exceptions import CellExecutionError, CellTimeoutError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def chosen(only: list[str]) -> list[Path]:
    """The notebooks whose names start so; all without."""
    return sorted(path for path in NOTEBOOKS.glob("*.ipynb") if path.name.startswith(tuple(only) or ""))


def stops(name: str, run: Callable[[], object]) -> bool:
    """Whether `run()`, which executes the notebook `name`, ends in an error; says so, and after how many seconds."""
    start, said = time.perf_counter(), "ran to its end"
    try:
        run()
    except (CellExecutionError, CellTimeoutError) as error:
        said = f"stopped: {str(error).strip().splitlines()[-1]}"
    print(f"{name:<44}{time.perf_counter() - start:7.0f} s  {said}", flush=True)
    return said.startswith("stopped")
