"""Several processes: the loss curve of one, within a stated tolerance; resumed by more or fewer; one writer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from faults import tiny
from test_training import CASES, case, quietly
from together import STEPS, STOP, trainings

from course_lib import runtime
from course_lib.__main__ import main
from course_lib.data import results
from course_lib.experiments import several
from course_lib.training import checkpoints, rounding

TESTS = Path(__file__).resolve().parent

# How far the losses of two processes may lie from those of one, relative. Sums are taken in another order; Muon rounds
# to bf16 and makes more of it. Two losses are no plain means over rows: masked tokens are counted for each process by
# itself, and so are batch statistics, here of three pictures.
TOLERANCE = {"masked, muon": 0.1, "classifier, with dropout": 0.5}
PLAIN, MUON = 1e-5, 5e-3


def launch(folder: Path, *words: str) -> str:
    """`accelerate launch`, two gloo processes, of a module of the tests; what it says."""
    where = {"COURSE_DATA": f"{folder}/data", "COURSE_CACHE": f"{folder}/cache", "COURSE_PRECISION": "fp32"}
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    environment = os.environ | where | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COURSE_DEVICE": "cpu"}
    # --multi_gpu means "by torchrun"; where there is no GPU the processes meet over gloo. Port 0 is any free one.
    options = "--multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no"
    command = [sys.executable, "-m", "accelerate.commands.launch", *options.split(), "--main_process_port", "0", "-m"]
    found = subprocess.run([*command, *words], capture_output=True, encoding="utf-8", env=environment, timeout=900)
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[dict, list[dict], Path]:
    """Every family trained by one process, and by two, who also go on where one stopped."""
    folder = tmp_path_factory.mktemp("several")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_PRECISION", "fp32")
        patch.setenv("COURSE_DEVICE", "cpu")
        one = trainings(folder)
    (folder / "left.safetensors").rename(folder / "begun.safetensors")
    launch(folder, "together", str(folder))
    return one, [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)], folder


def apart(ours: list[float], theirs: list[float]) -> float:
    assert len(ours) == len(theirs) == STEPS
    return max(abs(a / b - 1) for a, b in zip(ours, theirs))


@pytest.mark.parametrize("name", CASES)
def test_two_processes_train_as_one_does(name, both):
    one, (first, second), _ = both
    assert first[name] == second[name]  # both hold the same model
    limit = TOLERANCE.get(name, MUON if "muon" in name else PLAIN)
    assert apart(first[name]["losses"], one[name]["losses"]) < limit


def test_two_processes_go_on_where_one_stopped_and_one_where_two_did(both, monkeypatch):
    one, (first, _), folder = both
    whole = one["denoiser, muon"]["losses"]
    assert first["resumed"][:STOP] == whole[:STOP] and apart(first["resumed"], whole) < MUON
    monkeypatch.setenv("COURSE_PRECISION", "fp32")
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    model, loss, batches, muon = case("denoiser, muon")
    left = folder / "left.safetensors"
    run = quietly(model, loss, batches, steps=STEPS, muon=muon, seed=5, checkpoint=left)
    assert run.losses[:STOP] == first["denoiser, muon"]["losses"][:STOP] and apart(run.losses, whole) < MUON


def test_only_the_first_process_writes_and_speaks(both):
    _, (first, second), _ = both
    assert set(first["written"]) == {"begun.safetensors", "left.safetensors"} and second["written"] == []
    assert first["said"].startswith(f"interrupted at step {STOP}") and second["said"] == ""


def test_the_command_trains_a_recipe_in_two_processes(tmp_path, monkeypatch):
    said = launch(tmp_path, "faults.tiny", "train", "tiny")
    assert said.count("steps in") == 1 and json.loads(said[said.index("{") :]) == {"loss": 1.0}
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    result = results.read("tiny")
    assert result["processes"] == 2
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "alone"))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_PRECISION", "fp32")
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    tiny.register()
    try:
        assert main(["train", "tiny"]) == 0
    finally:
        tiny.forget()
    alone = results.read("tiny")
    assert abs(alone["train_loss"] / result["train_loss"] - 1) < MUON
    ours, theirs = (
        rounding.unpacked(checkpoints.read(tmp_path / place / "checkpoints/tiny.safetensors.xz"))
        for place in ("data", "alone")
    )
    assert all((ours[name] - theirs[name]).abs().max() < 0.02 for name in ours)  # in few bits, as shipped


# The parts, without processes


@pytest.fixture
def team(monkeypatch):
    """Pretend to be process `index` of three."""

    def become(index: int) -> None:
        monkeypatch.setenv("WORLD_SIZE", "3")
        monkeypatch.setattr(several, "_team", lambda: SimpleNamespace(process_index=index, is_main_process=index == 0))

    return become


RANDOM = {
    "rand": lambda n, g: torch.rand(n, generator=g),
    "rand of a shape": lambda n, g: torch.rand((n, 3), generator=g),
    "randn": lambda n, g: torch.randn(torch.zeros(n, 2, 2).shape, generator=g),
    "randint": lambda n, g: torch.randint(1, 50, (n,), generator=g),
    "randint to": lambda n, g: torch.randint(2**62, (n,), generator=g),
    "float64": lambda n, g: torch.rand(n, generator=g, dtype=torch.float64),
    "streams": lambda n, g: runtime.noise(n, (2, 2), g, like="cpu"),
    "dropout": lambda n, g: F.dropout(torch.ones(n, 5), 0.3),
}


@pytest.mark.parametrize("name", RANDOM)
def test_each_process_sees_its_rows_of_the_same_randomness(name, team):
    draw, parts, after = RANDOM[name], [], []
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(0)
    whole, then = draw(12, generator), torch.rand(1, generator=generator)
    for index in range(3):
        team(index)
        torch.manual_seed(1)
        generator = torch.Generator().manual_seed(0)
        with several.draws(generator, 4):
            parts.append(draw(4, generator))
            after.append(torch.rand(1, generator=generator))
    assert torch.equal(torch.cat(parts), whole) and all(torch.equal(each, then) for each in after)


def test_what_is_drawn_once_for_all_rows_is_the_same_everywhere(team):
    team(2)
    ours, theirs = (torch.Generator().manual_seed(0) for _ in range(2))
    with several.draws(ours, 4):
        shift = torch.randint(-2, 3, (2,), generator=ours)
        other = torch.rand(4, generator=theirs)  # not the step's generator: nobody's rows
    assert torch.equal(shift, torch.randint(-2, 3, (2,), generator=torch.Generator().manual_seed(0)))
    assert torch.equal(other, torch.rand(4, generator=torch.Generator().manual_seed(0)))


def test_rows_are_shared_evenly_or_refused(team):
    x = torch.arange(12)
    parts = []
    for index in range(3):
        team(index)
        parts.append(several.rows((x, -x)))
    assert torch.equal(torch.cat([ours for ours, _ in parts]), x) and all(torch.equal(a, -b) for a, b in parts)
    for n in (11, 6):
        with pytest.raises(ValueError, match=f"a batch of {n} can't be shared evenly by 3 processes"):
            several.rows((x[:n],))


def test_processes_without_accelerate_say_what_to_install(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    several._team.cache_clear()
    with pytest.raises(ValueError, match=r"2 processes need accelerate: pip install -e '\.\[several\]'"):
        several.first()
    several._team.cache_clear()


def test_one_process_is_left_as_it_was(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    batch, value = (torch.arange(4),), torch.ones(())
    team = several.team()
    assert team.first() and team.rows(batch) is batch and team.mean(torch.nn.Linear(1, 1), value) is value
