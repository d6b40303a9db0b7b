"""`course`: every command answers with status 0 or one line that says why not."""

import io
import json
import shutil
import subprocess
import sys

import pytest

from course_lib import experiments, runtime
from course_lib.__main__ import main
from course_lib.data import results
from course_lib.publish import code_hash, publish, repository

COMMANDS = ["doctor", "update", "pack", "unpack", "data", "train", "experiment", "bench", "teach", "publish"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def reason(capsys) -> str:
    """The one line on stderr."""
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("course: ")
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"course {command}" in capsys.readouterr().out


def test_no_command_and_an_unknown_one_are_refused(capsys):
    for words in ([], ["paint"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 2
    assert "invalid choice: 'paint'" in capsys.readouterr().err


def test_it_runs_as_a_module():
    found = subprocess.run(
        [sys.executable, "-m", "course_lib", "train", "nobody"], capture_output=True, encoding="utf-8"
    )
    assert found.returncode == 1
    assert "'nobody'" in found.stderr and "Traceback" not in found.stderr


@pytest.mark.parametrize("encoding", ["cp932", "cp437", "cp1252", "ascii"])
@pytest.mark.parametrize("words", [["doctor"], ["train"], ["experiment"], ["train", "n\u00f6b\u2713dy"]], ids=" ".join)
def test_an_old_encoding_of_a_pipe_stops_no_command(encoding, words, monkeypatch, cache):
    pipes = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
    with pytest.raises(UnicodeEncodeError):
        print("\u2713", file=io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    for name, pipe in pipes.items():
        monkeypatch.setattr(sys, name, pipe)
    assert main(words) == (len(words) > 1)
    for pipe in pipes.values():
        pipe.flush()
    assert pipes["stderr" if words[1:] else "stdout"].buffer.getvalue()


# doctor


def test_doctor_says_ready(capsys, cache):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "ready"
    text = "\n".join(lines)
    for what in ("python", "packages", "device", "precision", "cores", "memory", "disk", "fashion"):
        assert f"\n{what}" in f"\n{text}"
    assert f"{runtime.cores()} really available" in text


@pytest.mark.parametrize(("name", "value"), [("COURSE_DEVICE", "tpu"), ("COURSE_PRECISION", "fp8")])
def test_doctor_names_a_wrong_choice(name, value, capsys, monkeypatch):
    monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("not ready: ") and name in last and value in last


def test_doctor_names_a_file_that_was_altered(capsys, monkeypatch, tmp_path):
    shutil.copytree(runtime.data_dir(), tmp_path / "data")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    path = tmp_path / "data" / "fashion" / "test-labels.idx.xz"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert main(["doctor"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("not ready: ") and "test-labels.idx.xz" in last and "git checkout" in last


# data


def test_data_lists_and_verifies_what_ships(capsys, cache):
    assert main(["data"]) == 0
    out = capsys.readouterr().out
    assert "fashion " in out and "8 of 8 shipped files verified; 0 of 4 official files in the cache" in out


def test_data_names_a_missing_file(capsys, monkeypatch, tmp_path):
    shutil.copytree(runtime.data_dir(), tmp_path / "data")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "fashion" / "train-labels.idx.xz").unlink()
    assert main(["data"]) == 1
    assert "train-labels.idx.xz is missing" in reason(capsys)


def test_data_refuses_an_unknown_name_and_an_empty_folder(capsys, cache, tmp_path):
    assert main(["data", "fetch", "clothes"]) == 1
    assert "'clothes'" in reason(capsys)
    assert main(["data", "fill", str(tmp_path)]) == 1
    assert str(tmp_path) in reason(capsys)


# train, experiment, bench


def test_train_lists_recipes_and_refuses_an_unknown_one(capsys):
    assert main(["train"]) == 0
    assert "dit-fashion" in capsys.readouterr().out
    assert main(["train", "nobody"]) == 1
    assert "'nobody'" in reason(capsys)


def test_an_experiment_rewrites_its_result(capsys, cache, monkeypatch, tmp_path):
    def colours():
        """Which colour wins."""
        return experiments.Found({"red": 1})

    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setitem(experiments.EXPERIMENTS, "colours", colours)
    assert main(["experiment"]) == 0
    assert "Which colour wins." in capsys.readouterr().out
    assert main(["experiment", "colours"]) == 0
    result = results.read("colours")
    assert result["metrics"] == {"red": 1} and result["about"] == "Which colour wins." and result["code"]


def test_an_unknown_experiment_is_refused(capsys):
    assert main(["experiment", "nothing"]) == 1
    assert "'nothing'" in reason(capsys)


def test_bench_outside_a_clone_says_so(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(runtime, "ROOT", tmp_path)
    assert main(["bench"]) == 1
    assert "clone of the course" in reason(capsys)


def test_bench_passes_its_options_on_and_no_other_command_takes_unknown_ones(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(runtime, "ROOT", tmp_path)
    script = tmp_path / "tests" / "benchmarks" / "run.py"
    script.parent.mkdir(parents=True)
    script.write_text(
        "import sys; sys.exit(7 if sys.argv[1:] == ['--quality', '--only', 'DiT'] else 8)", encoding="utf-8"
    )
    assert main(["bench", "--quality", "--only", "DiT"]) == 7
    with pytest.raises(SystemExit):
        main(["train", "nobody", "--quality"])
    assert "--quality" in capsys.readouterr().err


def test_an_interrupt_is_not_a_crash(capsys, cache, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setitem(experiments.EXPERIMENTS, "long", lambda: stop(None))
    assert main(["experiment", "long"]) == 130
    assert "interrupted" in reason(capsys)


# publish


@pytest.fixture
def clone(tmp_path):
    """A small clone with the address in every form, and one notebook whose outputs are fresh."""
    old = repository()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        f'[project.urls]\nRepository = "https://github.com/{old}"\n', encoding="utf-8"
    )
    (tmp_path / "README.md").write_text(
        f"https://github.com/{old}/issues https://github.com/{old}.git https://github.com/{old}-more\n"
        f"https://colab.research.google.com/github/{old}/blob/main/x.ipynb https://mybinder.org/v2/gh/{old}/HEAD\n",
        encoding="utf-8",
    )
    cells = [{"cell_type": "code", "source": [f"!git clone https://github.com/{old}\n"], "outputs": ["kept"]}]
    notebook = {"cells": cells, "metadata": {"course": {"code_hash": code_hash(cells)}}}
    (tmp_path / "notebooks" / "00_x.ipynb").write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    return tmp_path


def test_publish_moves_every_address_and_keeps_outputs_fresh(clone):
    old = repository(clone)
    assert [path.name for path in publish("some-one/my.course", clone)] == ["README.md", "00_x.ipynb", "pyproject.toml"]
    assert repository(clone) == "some-one/my.course"
    text = (clone / "README.md").read_text(encoding="utf-8")
    assert text.count("some-one/my.course") == 4 and text.count(old) == 1  # the one that is another repository
    notebook = json.loads((clone / "notebooks" / "00_x.ipynb").read_text(encoding="utf-8"))
    assert "some-one/my.course" in notebook["cells"][0]["source"][0] and notebook["cells"][0]["outputs"] == ["kept"]
    assert notebook["metadata"]["course"]["code_hash"] == code_hash(notebook["cells"])
    assert publish("some-one/my.course", clone) == []


def test_publish_leaves_a_stale_notebook_stale(clone):
    path = clone / "notebooks" / "00_x.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("!git", "!echo stale; git"), encoding="utf-8")
    publish("some-one/my.course", clone)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["course"]["code_hash"] != code_hash(notebook["cells"])


@pytest.mark.parametrize("slug", ["course", "a/b/c", "-a/b", "a/b c", "https://github.com/a/b"])
def test_publish_refuses_what_is_no_address(slug, clone):
    with pytest.raises(ValueError, match="OWNER/NAME"):
        publish(slug, clone)
