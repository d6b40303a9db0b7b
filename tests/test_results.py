"""data.results: sealed files, refused where they were edited; one tidy form; what code and which machine made them."""

import json
import subprocess
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import runtime, training
from course_lib.data import results
from course_lib.data.results import ResultError
from course_lib.experiments import EXPERIMENTS, provenance

SHIPPED = sorted(path.stem for path in (runtime.ROOT / "data" / "results").glob("*.json"))
MODELS = sorted(set(SHIPPED) & set(training.RECIPES))


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path / "results"


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(), x, max_size=3), max_leaves=9)


@given(st.dictionaries(st.text().filter(lambda key: key not in ("seal", "name", results.COLUMNS)), JSON, max_size=4))
def test_a_result_comes_back_as_it_was_written(tmp_path_factory, result):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(tmp_path_factory.mktemp("data")))
        results.write("x", result)
        assert json.dumps(results.read("x")) == json.dumps(result)


@pytest.mark.parametrize("key", ["seal", results.COLUMNS])
def test_a_key_of_the_files_own_is_refused_before_anything_is_written(folder, key):
    with pytest.raises(ValueError, match=f"the key '{key}'"):
        results.write("x", {key: []})
    assert not folder.exists()


def test_what_json_writes_otherwise_is_sealed_as_it_is_read(folder):
    results.write("x", {"pair": (1, 2), "by": {10: 1, 9: 2}, "wide": "ä"})
    assert results.read("x") == {"pair": [1, 2], "by": {"10": 1, "9": 2}, "wide": "ä"}
    assert training.result("x") == results.read("x")


def test_a_result_written_twice_has_one_seal(folder):
    path = results.write("x", {"a": 1})
    before = path.read_bytes()
    results.write("x", results.read("x"))
    assert path.read_bytes() == before and path == folder / "x.json" and list(folder.iterdir()) == [path]


EDITS = {
    "a number": lambda result: result["metrics"].update(frechet=1.0),
    "a digit": lambda result: result["metrics"].update(frechet=2.0000001),
    "a number as text": lambda result: result["metrics"].update(frechet="2.0"),
    "something more": lambda result: result.update(more=1),
    "something less": lambda result: result.pop("code"),
    "the order of rows": lambda result: result["rows"].reverse(),
    "the seal": lambda result: result.update(seal="0" * 64),
}


def refused(says: str) -> None:
    with pytest.raises(ResultError, match=says) as error:
        results.read("model")
    assert "model.json" in str(error.value) and "git checkout -- model.json" in str(error.value)


@pytest.fixture
def path(folder):
    return results.write("model", {"metrics": {"frechet": 2.0}, "code": "abc", "rows": [1, 2]})


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_result_is_refused_with_file_and_remedy(name, path):
    result = json.loads(path.read_text(encoding="utf-8"))
    EDITS[name](result)
    path.write_text(json.dumps(result), encoding="utf-8")
    refused("was altered after it was written: its seal is another")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"word"', b"{}", b'{"a": 1}', b"\xff\xfe"])
def test_what_is_no_result_is_refused_with_file_and_remedy(raw, path):
    path.write_bytes(raw)
    refused("is damaged, or no result of the course")


@settings(max_examples=100)
@given(st.data())
def test_a_flipped_bit_is_refused_unless_it_changes_nothing(tmp_path_factory, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(tmp_path_factory.mktemp("data")))
        result = {"metrics": {"frechet": 2.25, "n": 500}, "code": "abc"}
        path = results.write("x", result)
        raw = bytearray(path.read_bytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(raw)
        with suppress(ResultError):
            assert results.read("x") == result  # a space became another


def test_the_result_of_another_under_this_name_is_refused(path):
    results.write("model", {"name": "other"})
    refused("is other, under another name")


def test_a_missing_result_names_file_and_remedy(folder):
    with pytest.raises(FileNotFoundError, match=r"nobody\.json is missing\. Get it back with `git checkout -- nobody"):
        results.read("nobody")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_result_is_as_it_was_written(name):
    assert results.read(name)


@pytest.mark.parametrize("name", MODELS)
def test_a_models_result_is_what_its_checkpoint_says(name):
    result = results.read(name)
    assert result["recipe"] == result["name"] == name and result["code"] and result["hardware"]
    assert result["parameters"] == sum(p.numel() for p in training.RECIPES[name].build().parameters())
    assert result["metrics"] and result["train_flops"] > 0


@pytest.mark.parametrize("name", sorted(set(SHIPPED) & set(EXPERIMENTS)))
def test_a_comparison_ends_in_tidy_rows(name):
    result = results.read(name)
    assert result["name"] == name and result["code"] and result["hardware"]
    assert name == "hero" or result["rows"]
    assert all(set(provenance.COLUMNS) <= set(row) for row in result.get("rows", []))


# One form for all


ABOUT = {"family": "noise", "model": "dit", "budget_flops": 1e12, "seed": 3, "code": "abc", "hardware": "a board"}


def test_every_number_has_a_line_of_its_own():
    row = ABOUT | {"frechet": 2.0, "frechet_low": 1.5, "frechet_high": 2.5, "frechet_n": 500, "recall": 0.0}
    tidy = provenance.tidy([row], "class", ("frechet", "recall", "agreement"))
    assert [line["metric"] for line in tidy] == ["frechet", "recall"]  # 0 is a number; what is not there has no line
    for line in tidy:
        assert set(line) == set(provenance.COLUMNS) - {"experiment"}
        assert ABOUT == {key: line[key] for key in ABOUT} and line["n"] == 500 and line["task"] == "class"
    assert (tidy[0]["value"], tidy[0]["low"], tidy[0]["high"]) == (2.0, 1.5, 2.5)
    assert (tidy[1]["value"], tidy[1]["low"], tidy[1]["high"]) == (0.0, None, None)


def test_what_is_one_for_all_is_said_once_and_a_rows_own_seed_counts():
    rows = [{"bits": 1.0, "seed": 0}, {"bits": 2.0}]
    tidy = provenance.tidy(rows, "likelihood", ("bits",), family="codec", model="png", seed=7)
    assert [(line["family"], line["model"], line["seed"]) for line in tidy] == [
        ("codec", "png", 0),
        ("codec", "png", 7),
    ]
    assert all(line["budget_flops"] is None and line["n"] is None for line in tidy)


@given(JSON, JSON)
def test_a_digest_stands_for_settings(one, other):
    assert len(provenance.digest(one)) == 12 and set(provenance.digest(one)) <= set("0123456789abcdef")
    assert provenance.digest({"a": one, "b": other}) == provenance.digest({"b": other, "a": one})
    assert (provenance.digest(one) == provenance.digest(other)) == (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


# What made them


def test_code_is_the_last_commit_of_the_package_and_a_plus_where_it_was_changed(monkeypatch, tmp_path):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        how = {"check": True, "capture_output": True, "encoding": "utf-8"}
        return subprocess.run(["git", *who, *words], cwd=tmp_path, **how).stdout

    monkeypatch.setattr(runtime, "ROOT", tmp_path)
    (tmp_path / "course_lib").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.code_version() == "unknown"
    git("init", "-q")
    (tmp_path / "course_lib" / "a.py").write_text("1", encoding="utf-8")
    git("add", "."), git("commit", "-qm", "one")
    first = git("log", "-1", "--format=%h").strip()
    assert provenance.code_version() == first
    (tmp_path / "README").write_text("of another thing", encoding="utf-8")
    git("add", "."), git("commit", "-qm", "two")
    assert provenance.code_version() == first
    (tmp_path / "course_lib" / "a.py").write_text("2", encoding="utf-8")
    assert provenance.code_version() == f"{first}+"


def test_hardware_names_threads_and_precision(monkeypatch):
    monkeypatch.setenv("COURSE_PRECISION", "fp32")
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    name, threads, precision = provenance.hardware().rsplit(", ", 2)
    assert name and threads.endswith("thread(s)") and precision == "float32"
