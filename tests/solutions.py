"""The folded solutions and the stubs of the notebooks, as functions; and what the tests of checkers share."""

import functools
import json
import math
import os
from collections.abc import Callable
from math import comb
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from einops import rearrange
from scipy import stats
from torch import nn

from course_lib.check import Wrong
from course_lib.networks.pixelcnn import gate
from course_lib.teach.source import exercises, folded, mark, text

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
PATHS = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
SEEDS = int(os.environ.get("COURSE_CHECK_SEEDS", 10))  # 100 for the long run


@functools.cache
def _codes(name: str) -> tuple[list[str], list[str], dict[str, str]]:
    """Exercises of a notebook, the code under "Solution", and the code of each stub."""
    cells = json.loads(PATHS[name].read_text(encoding="utf-8"))["cells"]
    stubs = {mark(cell)["grade_id"]: text(cell) for cell in cells if mark(cell).get("solution")}
    return exercises(cells), [code for code, _ in folded(cells).values()], stubs


def _space() -> dict:
    """What the notebooks have imported or built before an exercise."""
    known = {"torch": torch, "F": F, "nn": nn, "np": np, "math": math, "rearrange": rearrange}
    return known | {"comb": comb, "gate": gate, "stats": stats}


def solutions(name: str) -> dict[str, Callable]:
    """Exercise id -> function, out of the code blocks under "Solution" in notebooks/NAME.ipynb."""
    names, codes, _ = _codes(name)
    space = _space()
    for code in codes:
        exec(code, space)
    return {each: space[each] for each in names}


def written(source: str, name: str) -> Callable:
    """The function `name` out of a source text, compiled like a notebook's cell."""
    space = _space()
    exec(source, space)
    return space[name]


EVERY = [(notebook, name) for notebook in PATHS for name in _codes(notebook)[0]]
NAMES = [name for _, name in EVERY]
ANSWERS = {name: answer for notebook in dict(EVERY) for name, answer in solutions(notebook).items()}
STUBS = {name: _codes(notebook)[2][name] for notebook, name in EVERY}


def named(checker: Callable, attempt: Callable, message: str) -> None:
    """A wrong answer is refused with this message (a pattern), by the checker and on the cases of other seeds."""
    with pytest.raises(Wrong, match=message):
        checker(attempt)
    for seed in range(1, SEEDS // 10):
        with pytest.raises(Wrong, match=message):
            checker.trial(attempt, seed)
