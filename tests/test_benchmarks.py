"""The race against peers still runs; its times are not judged here."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_kind_of_race_runs_on_its_smallest_row():
    script = ROOT / "tests" / "benchmarks" / "run.py"
    done = subprocess.run([sys.executable, str(script), "--quick"], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    kinds = {"training step ": 2, "decoding": 3, "training step, U-Net": 2, "training step, DiT": 2, "10 steps": 2}
    kinds |= {"8 masked steps": 1, "FSQ layer": 1, "VQ layer": 1}
    assert {kind: sum(line.startswith(kind) for line in lines) for kind in kinds} == kinds


def test_time_to_quality_runs_and_finds_the_crossing(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "benchmarks"))
    import quality

    monkeypatch.setattr(quality, "TUNED", 0.2)
    monkeypatch.setattr(quality, "FIRST", 0.4)
    monkeypatch.setattr(quality, "DRAWN", 20)
    rows = quality.run(write=False, last=0.45)["rows"]
    assert [row["name"] for row in rows] == ["ours", "diffusers-unet", "diffusers-dit"]
    assert all(len(row["looks"]) == 1 and row["lr"] in quality.RATES for row in rows)

    looks = [{"seconds": s, "frechet_relative": 8 / s} for s in (1.0, 2.0, 4.0, 16.0)]
    assert abs(quality.crossing(looks, 1.0) - 8) < 1e-5  # a power law is a straight line in logarithms
    assert quality.crossing(looks, 9.0) == 1.0 and quality.crossing(looks, 0.1) is None
