"""The first cell of every notebook, in all the wrong places: one sentence, and what to do."""

import json
import os
import re
import shutil
import socket
import sys
import tempfile
import types
from pathlib import Path

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from course_lib import places, runtime
from course_lib.data import results

ROOT = Path(__file__).resolve().parent.parent


def first_cell() -> str:
    cells = json.loads((ROOT / "notebooks" / "00_two_questions.ipynb").read_text(encoding="utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """A processor, a folder and a cache of one's own."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_DEVICE", "")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the first cell as a notebook does: (what it prints, the error as the reader sees it)."""
    import builtins

    monkeypatch.setattr(builtins, "display", None, raising=False)
    monkeypatch.setattr(builtins, "get_ipython", None, raising=False)
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))

    def cell() -> tuple[str, str]:
        found = shell.run_cell(first_cell())
        error = found.error_in_exec or found.error_before_exec
        return re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out), "" if error is None else str(error)

    return cell


def sentence(text: str) -> None:
    """One line, not long, that ends."""
    assert "\n" not in text.strip() and len(text) < 330, text


# The first cell


def test_where_all_is_well_it_says_so_in_one_line(run):
    said, error = run()
    assert not error and said.startswith("Ready, on the processor: PyTorch finds no GPU here") and said.count("\n") == 1


def test_without_the_package_it_says_how_to_get_it(run, monkeypatch):
    class Nothing:
        def find_spec(self, name, *_):
            if name.split(".")[0] == "course_lib":
                raise ModuleNotFoundError("No module named 'course_lib'", name=name)

    for name in [name for name in sys.modules if name.split(".")[0] == "course_lib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Nothing(), *sys.meta_path])
    shown, error = run()
    sentence(error)
    assert error.startswith("No module named 'course_lib': `make lab` in a new clone of https://github.com/")
    assert shown.rstrip().endswith(error)


@pytest.mark.parametrize("age", ["before places", "an edition ago"])
def test_with_an_old_package_it_says_how_to_renew_it(run, monkeypatch, age):
    if age == "before places":
        old = types.ModuleType("course_lib")
        for name in [name for name in sys.modules if name.split(".")[0] == "course_lib"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "course_lib", old)
    else:
        monkeypatch.setattr(places, "EDITION", places.EDITION - 1)
    shown, error = run()
    sentence(error)
    assert "make lab" in error or "`course update`" in error
    assert "cannot import name 'places'" in error or "newer than the course's package" in error
    assert age == "before places" or "Traceback" not in shown  # a reader sees the sentence and nothing else


def test_nothing_asks_the_network(run, monkeypatch):
    def refuse(*_):
        raise AssertionError("the first cell asks the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert run()[0].startswith("Ready")


# Data


def test_without_data_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(places.WrongPlace, match="are not in .*git checkout -- data.*unset COURSE_DATA") as refused:
        places.ready(1)
    sentence(str(refused.value))


@pytest.mark.parametrize("harm", ["missing", "cut", "unreadable"])
def test_a_file_that_is_missing_or_damaged_is_named(monkeypatch, tmp_path, harm):
    shutil.copytree(runtime.data_dir(), tmp_path / "data")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    path = tmp_path / "data" / "checkpoints" / "dit-fashion.safetensors.xz"
    raw = path.read_bytes()
    path.unlink()
    if harm == "cut":
        path.write_bytes(raw[:-1])
    elif harm == "unreadable":
        path.mkdir()
    with pytest.raises(
        places.WrongPlace, match=r"checkpoints/dit-fashion.safetensors.xz in .*git checkout -- data"
    ) as no:
        places.ready(1)
    sentence(str(no.value))


# Folders


def test_a_cache_that_cannot_be_written_gives_way_to_a_temporary_one(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
    places.ready(1)
    said, ready = capsys.readouterr().out.splitlines()
    sentence(said)
    assert "is read-only" in said and "set COURSE_CACHE" in said and ready.startswith("Ready")
    assert runtime.cache_dir().is_dir() and str(runtime.cache_dir()) in said
    runtime.cache_dir().rmdir()


def test_without_a_home_it_says_where_the_work_goes(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("COURSE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # a container under a number that is nobody's
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    places.ready(1)
    said, ready = capsys.readouterr().out.splitlines()
    sentence(said)
    assert str(tmp_path) in said and "set COURSE_CACHE" in said and ready.startswith("Ready")


def test_a_folder_that_vanished_or_is_read_only_is_named(monkeypatch, capsys):
    monkeypatch.setattr(places, "_writable", lambda folder: folder != Path.cwd())
    places.ready(1)
    said, _ = capsys.readouterr().out.splitlines()
    sentence(said)
    assert str(Path.cwd()) in said and "copy the notebook" in said


# GPUs


@pytest.fixture
def gpu(monkeypatch):
    """A CUDA device that PyTorch finds, with as much room as asked for; here it cannot compute."""

    def have(free: float):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (int(free), int(16e9)))
        real = torch.ones
        monkeypatch.setattr(torch, "ones", lambda *size, device=None: real(*size))

    return have


def test_a_gpu_is_taken_where_it_has_room(gpu, capsys):
    gpu(places.GPU + 1)
    places.ready(1)
    assert capsys.readouterr().out == "Ready, on the GPU (cuda).\n" and runtime.device().type == "cuda"


def test_a_gpu_that_is_too_small_gives_way_to_the_processor(gpu, capsys):
    gpu(0.3e9)
    places.ready(1)
    said = capsys.readouterr().out
    sentence(said)
    assert re.match(r"Ready, on the processor, because the GPU has 0\.3 GB free and a notebook takes [\d.]+ GB: ", said)
    assert runtime.device().type == "cpu" and runtime.precision()


def test_a_gpu_that_was_asked_for_and_is_too_small_is_refused(gpu, monkeypatch):
    gpu(0.3e9)
    monkeypatch.setenv("COURSE_DEVICE", "cuda")
    with pytest.raises(places.WrongPlace, match="0.3 GB free.*set COURSE_DEVICE=cpu"):
        places.ready(1)


def test_a_gpu_that_this_pytorch_cannot_use_gives_way(gpu, monkeypatch, capsys):
    gpu(16e9)

    def fails(*_, **__):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nmore\nlines")

    monkeypatch.setattr(torch, "ones", fails)
    places.ready(1)
    said = capsys.readouterr().out
    sentence(said)
    assert "no kernel image" in said and runtime.device().type == "cpu"


@pytest.mark.parametrize(("name", "value"), [("COURSE_DEVICE", "cuda"), ("COURSE_PRECISION", "fp8")])
def test_a_wrong_choice_is_one_sentence(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(places.WrongPlace, match=f"{name}='{value}'") as refused:
        places.ready(1)
    sentence(str(refused.value))


def test_the_room_asked_for_holds_the_largest_notebook():
    rows = results.read("notebooks").values()
    context = 0.5e9  # bytes that CUDA itself takes, about
    assert 1e6 * max(row["peak_mb"] for row in rows) + context <= places.GPU < 4e9  # as if all were on the GPU
