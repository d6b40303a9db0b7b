"""The book's page "Your own pictures" runs as it stands, on whatever is in the folder."""

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image

from course_lib.experiments import second_ruler

PAGE = Path(__file__).resolve().parent.parent / "book" / "pages" / "own_pictures.md"


class Mean(torch.nn.Module):
    """In place of a network of photographs: the colours of a grid of places."""

    def extract_features(self, x):
        return torch.nn.functional.adaptive_avg_pool2d(x, 2).flatten(1)[..., None, None]


def test_the_page_runs_on_a_folder_of_any_size_and_shape(tmp_path, monkeypatch):
    for i in range(12):
        (tmp_path / "my-pictures" / f"class {i % 2}").mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(i).integers(0, 256, (20 + i, 30, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "my-pictures" / f"class {i % 2}" / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_BUDGET", "0.002")
    monkeypatch.setattr(second_ruler, "network", Mean)
    page = PAGE.read_text(encoding="utf-8").replace("SIZE = (32, 32)", "SIZE = (12, 20)")
    module = ModuleType("page")
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(compile(code, str(PAGE), "exec"), module.__dict__)
    assert module.made.shape == (10, 3, 12, 20) and module.ids.shape == (10, 3, 5)
