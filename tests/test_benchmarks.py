"""The race against peers still runs; its times are not judged here."""

import subprocess
import sys
from pathlib import Path

import pytest
import refresh
import teach_all

from course_lib.data import results
from course_lib.experiments import provenance

ROOT = Path(__file__).resolve().parent.parent
OLD, NEW = {"code": "old", "hardware": "a board"}, {"code": "new", "hardware": "another"}


@pytest.fixture
def benchmarks(monkeypatch):
    """The scripts of the race can be imported."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "benchmarks"))


def test_every_kind_of_race_runs_on_its_smallest_row():
    script = ROOT / "tests" / "benchmarks" / "run.py"
    done = subprocess.run([sys.executable, str(script), "--quick"], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    kinds = {"training step ": 2, "decoding": 3, "training step, U-Net": 2, "training step, DiT": 2, "10 steps": 2}
    kinds |= {"8 masked steps": 1, "FSQ layer": 1, "VQ layer": 1}
    assert {kind: sum(line.startswith(kind) for line in lines) for kind in kinds} == kinds


def test_time_to_quality_runs_and_finds_the_crossing(benchmarks, monkeypatch):
    import quality

    monkeypatch.setattr(quality, "TUNED", 0.2)
    monkeypatch.setattr(quality, "FIRST", 0.4)
    monkeypatch.setattr(quality, "DRAWN", 20)
    rows = quality.run(write=False, last=0.45)["rows"]
    assert [row["name"] for row in rows] == ["ours", "diffusers-unet", "diffusers-dit"]
    assert all(len(row["looks"]) == 1 and row["lr"] in quality.RATES for row in rows)
    assert all(row["code"] and row["hardware"] for row in rows)

    looks = [{"seconds": s, "frechet_relative": 8 / s} for s in (1.0, 2.0, 4.0, 16.0)]
    assert abs(quality.crossing(looks, 1.0) - 8) < 1e-5  # a power law is a straight line in logarithms
    assert quality.crossing(looks, 9.0) == 1.0 and quality.crossing(looks, 0.1) is None


def test_peers_compute_what_ours_does_with_the_exact_gelu(benchmarks):
    import noise
    import run

    assert all(run.gpt2(49, form).config.activation_function == "gelu" for form in ("sdpa", "eager"))
    peers = noise.PeerDiT(), run.x_transformer(49, True), run.gpt2(49, "sdpa")
    inside = [module for peer in peers for module in peer.modules() if "GELU" in type(module).__name__]
    assert len(inside) == 6 + 4 + 4  # one a block
    assert all(getattr(module, "approximate", "none") == "none" for module in inside)
    assert not [module for module in inside if type(module).__name__ in ("NewGELUActivation", "FastGELUActivation")]


# What is measured row by row: each row says what made it, and the whole is sealed


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(provenance, "code_version", lambda: NEW["code"])
    monkeypatch.setattr(provenance, "hardware", lambda: NEW["hardware"])


def test_a_race_that_is_run_again_leaves_the_others_as_they_were(benchmarks, folder):
    import run

    one, two = ({"what": what, "size": 49, "batch": 8} for what in ("decoding", "training step"))
    results.write("bench", {"name": "bench", **OLD, "rows": [one | {"ratio": 1.0}, two | {"ratio": 2.0}]})
    run.note([two | {"ratio": 3.0, "peer": peer} for peer in "ab"])
    found = results.read("bench")
    assert found["rows"] == [one | {"ratio": 1.0} | OLD, *(two | {"ratio": 3.0, "peer": peer} | NEW for peer in "ab")]
    assert (found["code"], found["hardware"], found["threads"]) == ("old; new", "a board; another", 1)


def test_the_first_race_writes_its_result(benchmarks, folder):
    import run

    run.note([{"what": "decoding", "size": 49, "batch": 8}])
    assert results.read("bench")["rows"] == [{"what": "decoding", "size": 49, "batch": 8} | NEW]


def test_a_notebook_that_is_run_again_leaves_the_others_as_they_were(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(refresh, "NOTEBOOKS", tmp_path)
    for name in ("01_b", "00_a"):
        (tmp_path / f"{name}.ipynb").touch()
    results.write("notebooks", {"01_b": {"seconds": 1}, "09_gone": {"seconds": 2}})
    refresh.note("notebooks", "00_a", {"seconds": 3})
    assert list(results.read("notebooks").items()) == [("00_a", {"seconds": 3} | NEW), ("01_b", {"seconds": 1})]


def test_a_notebook_that_is_graded_again_leaves_the_others_as_they_were(folder):
    results.write("teach", {"name": "teach", **OLD, "notebooks": {"01_b": {"most": 4}, "02_c": {"most": 5}}})
    teach_all.record("02_c", {"most": 6})
    found = results.read("teach")
    assert found["notebooks"] == {"01_b": {"most": 4} | OLD, "02_c": {"most": 6} | NEW}
    assert (found["code"], found["hardware"]) == ("old; new", "a board; another") and found["cores"] > 0


def test_bare_products_are_those_of_the_work_and_nothing_else(benchmarks):
    """A layer forward and backward is three products, drawn without gradient one; a norm is none."""
    import products
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    layer, x = torch.nn.Linear(6, 4), torch.randn(5, 6, requires_grad=True)

    def step():
        torch.nn.functional.rms_norm(layer(x), (4,)).sum().backward()

    @torch.inference_mode()
    def drawn():
        torch.nn.functional.softmax(layer(x.detach()), -1)

    flops = {}
    for name, work in (("step", step), ("drawn", drawn)):
        for kind, part in (("whole", work), ("bare", products.products(work))):
            with FlopCounterMode(display=False) as counter:
                part()
            flops[name, kind] = counter.get_total_flops()
    one = 2 * 5 * 6 * 4
    assert flops == {("step", "whole"): 3 * one, ("step", "bare"): 3 * one} | {
        ("drawn", kind): one for kind in ("whole", "bare")
    }
