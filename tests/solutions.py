"""The folded solutions of a notebook, as functions."""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from course_lib.teach.source import exercises, folded

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def solutions(name: str) -> dict:
    """Exercise id -> function, out of the code blocks under "Solution" in notebooks/NAME.ipynb."""
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    space = {"torch": torch, "F": F, "nn": nn, "np": np, "math": math, "rearrange": rearrange}
    for code, _ in folded(cells).values():
        exec(code, space)
    return {each: space[each] for each in exercises(cells)}
