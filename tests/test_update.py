"""`course update`, `pack` and `unpack`: with real clones, nothing that a learner wrote is ever lost."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from course_lib import runtime
from course_lib.__main__ import main
from course_lib.places import aside, carry
from course_lib.places.update import update
from course_lib.show.play import predictions

ONE, TWO = "notebooks/01_pixels.ipynb", "notebooks/02_tokens.ipynb"


@pytest.fixture(autouse=True)
def nobodys_git(tmp_path, monkeypatch):
    """Git as it comes, whoever runs the tests."""
    (tmp_path / "gitconfig").write_text("[user]\nname = Somebody\nemail = somebody@example.org\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(where: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=where, check=True, capture_output=True, encoding="utf-8").stdout


def notebook(code: str, *outputs: str) -> str:
    cell = {"cell_type": "code", "source": [code], "outputs": list(outputs), "metadata": {}, "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def commit(where: Path, says: str, **changes: str | None) -> None:
    """A commit of `changes`: new content by name, None for a file that goes; `__` stands for a slash."""
    for name, text in changes.items():
        path = where / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", says)


@pytest.fixture
def course(tmp_path):
    """The published course."""
    home = tmp_path / "published"
    home.mkdir()
    git(home, "init", "-q", "-b", "main")
    commit(
        home, "Begin", **{ONE: notebook("1"), TWO: notebook("2"), "pyproject.toml": "a", ".gitignore": "/my-work/\n"}
    )
    commit(home, "Go on", **{"README.md": "read me"})
    return home


@pytest.fixture
def clone(course, tmp_path):
    """A learner's shallow clone of it."""
    git(tmp_path, "clone", "-q", "--depth", "1", course.as_uri(), "mine")
    return tmp_path / "mine"


def everything(where: Path) -> dict[str, bytes]:
    """All files of a clone but git's own."""
    paths = (path for path in where.rglob("*") if path.is_file() and ".git" not in path.relative_to(where).parts)
    return {path.relative_to(where).as_posix(): path.read_bytes() for path in paths}


def test_a_clone_that_was_only_read_follows(course, clone):
    assert "up to date" in update(clone)[0]
    commit(course, "Better", **{ONE: notebook("1, better"), "notebooks/03_new.ipynb": notebook("3"), "README.md": None})
    (told,) = update(clone)
    assert told.startswith("updated from ") and "restart" in told
    assert everything(clone) == everything(course)
    assert "up to date" in update(clone)[0]


def test_a_notebook_that_was_run_stays_where_nothing_is_in_its_way(course, clone):
    mine = notebook("2, my answer", "my output")
    (clone / TWO).write_text(mine, encoding="utf-8")
    (clone / "notebooks" / "notes.ipynb").write_text("my own notebook", encoding="utf-8")
    (clone / ONE).unlink()
    commit(course, "Better", **{"README.md": "read this"})
    assert len(update(clone)) == 1
    assert (clone / TWO).read_text(encoding="utf-8") == mine and (clone / "README.md").read_text(
        encoding="utf-8"
    ) == "read this"
    assert (clone / "notebooks" / "notes.ipynb").read_text(encoding="utf-8") == "my own notebook"
    assert not (clone / ONE).exists() and not (clone / aside.FOLDER).exists()


@pytest.mark.parametrize("staged", [False, True])
def test_a_notebook_that_the_course_changes_too_is_set_aside(course, clone, staged):
    mine = notebook("1, my answer", "my output")
    (clone / ONE).write_text(mine, encoding="utf-8")
    (clone / "notebooks" / "03_new.ipynb").write_text("mine, by chance of the same name", encoding="utf-8")
    (clone / "extra").mkdir()
    (clone / "extra" / "deep.txt").write_text("a folder where a file will be", encoding="utf-8")
    (clone / TWO).write_text(notebook("2, changed"), encoding="utf-8")
    if staged:
        git(clone, "add", "-A")
    new = {ONE: notebook("1, better"), "notebooks/03_new.ipynb": "theirs", TWO: None, "extra": "a file"}
    commit(course, "Better", **new, **{"pyproject.toml": "b"})
    told = "\n".join(update(clone))
    assert "make lab" in told
    (shelf,) = (clone / aside.FOLDER).iterdir()
    assert (shelf / ONE).read_text(encoding="utf-8") == mine and f"{aside.FOLDER}/{shelf.name}/{ONE}" in told
    assert (shelf / "notebooks" / "03_new.ipynb").read_text(encoding="utf-8") == "mine, by chance of the same name"
    assert (shelf / "extra" / "deep.txt").exists() and (shelf / TWO).read_text(encoding="utf-8") == notebook(
        "2, changed"
    )
    there = everything(clone)
    assert {name: raw for name, raw in there.items() if not name.startswith(aside.FOLDER)} == everything(course)
    assert git(clone, "status", "--porcelain") == ""


def test_two_updates_in_one_second_keep_both(course, clone):
    for number in (1, 2, 3):
        (clone / ONE).write_text(f"mine {number}", encoding="utf-8")
        commit(course, "Better", **{ONE: f"theirs {number}"})
        update(clone)
    kept = [path.read_text(encoding="utf-8") for path in (clone / aside.FOLDER).rglob("*.ipynb")]
    assert sorted(kept) == ["mine 1", "mine 2", "mine 3"]


def untouched(clone: Path, says: str) -> None:
    """An update is refused with one sentence, and every file, the index and the commit are as they were."""
    before = everything(clone), git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD")
    with pytest.raises(OSError, match=says) as refused:
        update(clone)
    assert "\n" not in str(refused.value)
    assert before == (everything(clone), git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD"))


def test_without_a_network_nothing_changes(course, clone):
    (clone / ONE).write_text("mine", encoding="utf-8")
    shutil.rmtree(course)
    untouched(clone, "could not be fetched.*check the network")


def test_commits_of_ones_own_are_kept(course, clone):
    commit(clone, "Mine", **{"mine.txt": "mine"})
    assert "up to date" in update(clone)[0] and (clone / "mine.txt").exists()
    commit(course, "Better", **{ONE: "theirs"})
    untouched(clone, "1 commit.*git pull --rebase")


def test_a_history_that_was_rewritten_is_refused(course, clone):
    (clone / ONE).write_text("mine", encoding="utf-8")
    git(course, "checkout", "-q", "--orphan", "again")
    commit(course, "Begin again", **{ONE: "theirs"})
    git(course, "branch", "-q", "-M", "again", "main")
    untouched(clone, "clone it afresh")


def test_an_unfinished_merge_and_a_branch_of_ones_own_are_refused(course, clone):
    git(clone, "switch", "-q", "-c", "side")
    untouched(clone, "git switch main")
    commit(clone, "Mine", **{ONE: "mine"})
    git(clone, "switch", "-q", "main")
    commit(clone, "Mine too", **{ONE: "mine too"})
    assert subprocess.run(["git", "merge", "side"], cwd=clone, capture_output=True).returncode == 1
    untouched(clone, "git merge --abort")


def test_where_git_cannot_merge_everything_is_put_back(course, clone):
    (clone / ONE).write_text("mine", encoding="utf-8")
    (clone / "notes").write_text("a file where a folder will be", encoding="utf-8")
    commit(course, "Better", **{ONE: "theirs", "notes/deep.txt": "theirs"})
    with pytest.raises(OSError, match="was not updated.*as they were"):
        update(clone)
    assert (clone / ONE).read_text(encoding="utf-8") == "mine" and (clone / "notes").read_text(
        encoding="utf-8"
    ) == "a file where a folder will be"


def test_a_folder_inside_somebody_elses_clone_is_left_alone(clone):
    inner = clone / "notebooks"
    with pytest.raises(OSError, match="not a clone"):
        update(inner)


def test_git_that_is_missing_is_named(clone, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="git is not installed"):
        update(clone)


def test_the_command_says_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(update, "__defaults__", (tmp_path,))
    assert main(["update"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("course: ") and "clone the course" in line


# pack and unpack


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_predictions_and_notebooks_travel(clone, cache, tmp_path, monkeypatch):
    first, second = (row["id"] for row in predictions.claims()["claims"][:2])
    verdict = predictions.claims()["verdicts"][0]
    predictions.predict(first, verdict, 80)
    (clone / ONE).write_text(notebook("1, my answer"), encoding="utf-8")
    (clone / "notebooks" / "own.ipynb").write_text(notebook("my own"), encoding="utf-8")
    (told,) = carry.pack(tmp_path / "my-work.zip", clone)
    assert "1 predictions, 2 notebooks" in told
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "elsewhere"))
    predictions.predict(second, verdict, 30)
    git(clone, "checkout", "-q", ".")
    carry.unpack(tmp_path / "my-work.zip", clone)
    assert set(predictions.load()) == {first, second}
    (shelf,) = (clone / aside.FOLDER).iterdir()
    assert (shelf / ONE).read_text(encoding="utf-8") == notebook("1, my answer")
    assert (shelf / "notebooks" / "own.ipynb").exists()
    assert (clone / ONE).read_text(encoding="utf-8") == notebook("1")
    assert "3 notebooks" in carry.pack(tmp_path / "again.zip", clone)[0]  # what was unpacked travels on


def test_the_later_prediction_counts(clone, cache, tmp_path):
    claim = predictions.claims()["claims"][0]["id"]
    verdict = predictions.claims()["verdicts"][0]
    rows = {}
    for when, sure in (("2026-01-01T00:00:00+00:00", 30), ("2026-02-01T00:00:00+00:00", 60)):
        cache.mkdir(exist_ok=True)
        rows[sure] = {claim: {"verdict": verdict, "confidence": sure, "when": when}}
        predictions.where().write_text(json.dumps(rows[sure]), encoding="utf-8")
        carry.pack(tmp_path / f"{sure}.zip", clone)
    for now, packed in ((30, 60), (60, 30)):
        predictions.where().write_text(json.dumps(rows[now]), encoding="utf-8")
        carry.unpack(tmp_path / f"{packed}.zip", clone)
        assert predictions.load()[claim]["confidence"] == 60


def test_nothing_to_pack_is_said(clone, cache, tmp_path):
    with pytest.raises(ValueError, match="nothing to pack"):
        carry.pack(tmp_path / "my-work.zip", clone)
    assert not (tmp_path / "my-work.zip").exists()


def test_without_git_all_notebooks_are_packed(clone, cache, tmp_path):
    shutil.rmtree(clone / ".git")
    assert "2 notebooks" in carry.pack(tmp_path / "my-work.zip", clone)[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("../escape.ipynb", "{}"),
        ("/etc/escape.ipynb", "{}"),
        ("..\\escape.ipynb", "{}"),
        ("c:/escape.ipynb", "{}"),
        ("notebooks/run.py", "{}"),
        ("notebooks/x.ipynb", "not a notebook"),
        ("predictions.json", '{"claim": {"verdict": "true"}}'),
        ("predictions.json", '["claim"]'),
        ("predictions.json", '{"claim": {"verdict": "true", "confidence": 1, "when": "yesterday"}}'),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_writes_nothing(name, content, clone, cache, tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr("notebooks/good.ipynb", "{}")
        packed.writestr(name, content)
    before = everything(tmp_path)
    with pytest.raises(ValueError, match="bad.zip is not a whole file of `course pack`"):
        carry.unpack(tmp_path / "bad.zip", clone)
    assert everything(tmp_path) == before and not predictions.where().exists()


def again(source: Path, target: Path, how: str) -> None:
    """Zip the files of `source` once more, as people's computers do it."""
    with zipfile.ZipFile(source) as packed, zipfile.ZipFile(target, "w") as made:
        for name in packed.namelist():
            inside = f"my-work/{name}" if how in ("in a folder", "macOS") else name
            made.writestr(inside.replace("/", "\\") if how == "backslashes" else inside, packed.read(name))
            if how == "macOS":
                made.writestr(f"__MACOSX/my-work/{name[: name.rfind('/') + 1]}._{name.split('/')[-1]}", b"\0\5\x16\7")
        for extra in {"macOS": ["my-work/.DS_Store", "my-work/notebooks/"], "Windows": ["notebooks/Thumbs.db"]}.get(
            how, []
        ):
            made.writestr(extra, b"")
        if how == "folders first":
            made.writestr("notebooks/", b"")


@pytest.mark.parametrize("how", ["macOS", "Windows", "in a folder", "folders first", "backslashes"])
def test_what_was_unzipped_and_zipped_again_is_taken_up(how, clone, cache, tmp_path, monkeypatch):
    claim, verdict = predictions.claims()["claims"][0]["id"], predictions.claims()["verdicts"][0]
    predictions.predict(claim, verdict, 80)
    (clone / ONE).write_text(notebook("1, my answer"), encoding="utf-8")
    carry.pack(tmp_path / "my-work.zip", clone)
    again(tmp_path / "my-work.zip", tmp_path / "again.zip", how)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "elsewhere"))
    told = carry.unpack(tmp_path / "again.zip", clone)
    assert told[0].startswith("1 predictions") and told[1].startswith("1 notebooks")
    assert predictions.load()[claim]["confidence"] == 80
    (shelf,) = (clone / aside.FOLDER).iterdir()
    assert (shelf / ONE).read_text(encoding="utf-8") == notebook("1, my answer")


def test_a_notebook_from_before_1980_is_packed(clone, cache, tmp_path):
    (clone / ONE).write_text(notebook("1, my answer"), encoding="utf-8")
    os.utime(clone / ONE, (0, 0))  # as in images that are built the same every time
    assert "1 notebooks" in carry.pack(tmp_path / "my-work.zip", clone)[0]


@pytest.mark.parametrize("name", ["__MACOSX/../../escape.ipynb", "folder/../../._escape.ipynb", "a\\..\\..\\b/"])
def test_what_escapes_is_refused_even_where_it_would_be_left_out(name, clone, cache, tmp_path):
    test_a_file_that_is_not_ours_is_refused_and_writes_nothing(name, "{}", clone, cache, tmp_path)


def test_what_would_grow_too_large_is_refused(clone, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(carry, "LARGEST", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("around/notebooks/good.ipynb", "{}")
        packed.writestr("around/predictions.json", " " * 1001)
    with pytest.raises(ValueError, match="around/predictions.json has 1,001 bytes"):
        carry.unpack(tmp_path / "bomb.zip", clone)


def test_a_cut_file_is_refused(clone, cache, tmp_path):
    (clone / ONE).write_text(notebook("1, my answer"), encoding="utf-8")
    carry.pack(tmp_path / "my-work.zip", clone)
    raw = (tmp_path / "my-work.zip").read_bytes()
    (tmp_path / "my-work.zip").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ValueError, match="Pack it again"):
        carry.unpack(tmp_path / "my-work.zip", clone)
    with pytest.raises(OSError):
        carry.unpack(tmp_path / "nothing.zip", clone)


def test_the_commands_pack_and_unpack(capsys, cache, tmp_path, monkeypatch):
    claim, verdict = predictions.claims()["claims"][0]["id"], predictions.claims()["verdicts"][0]
    predictions.predict(claim, verdict, 75)
    monkeypatch.setattr(carry.pack, "__defaults__", (tmp_path,))
    monkeypatch.chdir(tmp_path)
    assert main(["pack"]) == 0 and "my-work.zip: 1 predictions" in capsys.readouterr().out
    os.remove(predictions.where())
    assert main(["unpack"]) == 0 and "1 predictions" in capsys.readouterr().out
    assert predictions.load()[claim]["confidence"] == 75
    assert main(["unpack", "nothing.zip"]) == 1 and "nothing.zip" in capsys.readouterr().err


def test_git_ignores_what_is_set_aside():
    for name in (f"{aside.FOLDER}/2026/notebooks/00.ipynb", "my-work.zip", "notebooks/my-work.zip"):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=runtime.ROOT).returncode == 0
