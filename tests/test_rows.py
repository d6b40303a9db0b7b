"""Rows of a comparison: what is kept of an interrupted one, what is made anew, and what the result says of it."""

import json

import pytest

from course_lib import experiments, runtime, training
from course_lib.data import results
from course_lib.experiments import Found, any_order, comparisons, denoising, mirrors, provenance, rows

KEYS = [{"a": a, "seed": seed} for a in (1, 2) for seed in (0, 1)]


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """Data and cache of their own, a clock that stands still, and a version and a machine that do not change."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(provenance, "code_version", lambda: "abc")
    monkeypatch.setattr(provenance, "hardware", lambda: "a board")


class Maker:
    """Notes what it is asked to make; each row takes two seconds; it stops before row number `stop`."""

    def __init__(self, monkeypatch, stop: int | None = None):
        self.made, self.stop, self.now = [], stop, 100.0
        monkeypatch.setattr(rows.time, "perf_counter", lambda: self.now)

    def __call__(self, **key) -> dict:
        if len(self.made) == self.stop:
            raise KeyboardInterrupt
        self.made.append(key)
        self.now += 2
        return {"value": 10 * key["a"], "pair": (1, 2), "by": {16: 1, 4: 2}}


@pytest.fixture
def make(monkeypatch):
    return Maker(monkeypatch)


@pytest.fixture
def interrupted(make):
    """Two of four rows lie in the cache."""
    make.stop = 2
    with pytest.raises(KeyboardInterrupt):
        rows.rows("test", KEYS, make, n=5)
    make.stop = None
    return rows.folder("test") / "rows.json"


def test_a_row_says_what_made_it(make):
    found = rows.rows("test", KEYS, make, n=5)
    assert [row["key"] for row in found] == KEYS == make.made and [row["value"] for row in found] == [10, 10, 20, 20]
    for row, key in zip(found, KEYS, strict=True):
        about = {"code": "abc", "hardware": "a board"}
        assert key | about | {"seconds": 2.0} == {name: row[name] for name in (*key, *about, "seconds")}
    assert len({row["digest"] for row in found}) == len({str(key) for key in KEYS})  # one a key
    assert rows.rows("test", [{"a": 1}], make, part="other")[0]["seed"] == 0


@pytest.mark.parametrize("changed", ["the package", "the weights"])
def test_a_row_of_another_package_or_other_weights_is_made_anew(make, monkeypatch, changed, tmp_path):
    first = rows.rows("test", KEYS, make, n=5)
    if changed == "the weights":  # of a model that the row may rest on
        monkeypatch.setattr(rows.checkpoints, "folder", lambda: tmp_path)
        monkeypatch.setattr(rows.checkpoints, "header", lambda name: {"weights": "others"})
        (tmp_path / "model.safetensors").write_bytes(b"")
    else:
        monkeypatch.setattr(runtime, "ROOT", tmp_path)
    made = len(make.made)
    again = rows.rows("test", KEYS, make, n=5)
    assert len(make.made) == 2 * made and {row["digest"] for row in first}.isdisjoint(row["digest"] for row in again)


def test_an_interrupt_keeps_what_was_made(make, interrupted):
    assert len(json.loads(interrupted.read_text(encoding="utf-8"))["rows"]) == 2
    found = rows.rows("test", KEYS, make, n=5)
    assert make.made == KEYS  # none twice
    rows.forget("test")
    assert found == rows.rows("test", KEYS, make, n=5) and len(make.made) == 8  # as if never interrupted


STALE = {
    "other settings": lambda patch: {"n": 6},
    "more settings": lambda patch: {"steps": 3},
    "other code": lambda patch: patch.setattr(provenance, "code_version", lambda: "abd"),
    "other hardware": lambda patch: patch.setattr(provenance, "hardware", lambda: "another board"),
}


@pytest.mark.parametrize("name", STALE)
def test_a_row_that_something_else_made_is_made_anew(name, make, interrupted, monkeypatch):
    found = rows.rows("test", KEYS, make, **{"n": 5} | (STALE[name](monkeypatch) or {}))
    assert make.made == KEYS[:2] + KEYS and [row["key"] for row in found] == KEYS


def made_up(kept: dict) -> object:
    """Nine rows that nobody made, in the form of those that were."""
    (digest, row), *_ = kept["rows"].items()
    return {"rows": {f"{n}{digest[1:]}": row | {"value": n} for n in range(9)}, "seal": kept["seal"]}


def better(kept: dict) -> object:
    """The same rows with better numbers."""
    return {"rows": {key: row | {"value": 0} for key, row in kept["rows"].items()}, "seal": kept["seal"]}


HARM = {
    "nine made-up rows": made_up,
    "edited": better,
    "a list": lambda kept: list(kept["rows"].values()),
    "no seal": lambda kept: {"rows": kept["rows"]},
    "nothing": lambda kept: None,
}


@pytest.mark.parametrize("name", HARM)
def test_rows_that_were_made_up_are_made_anew(name, make, interrupted):
    harmed = json.dumps(HARM[name](json.loads(interrupted.read_text(encoding="utf-8"))))
    interrupted.write_text(harmed, encoding="utf-8")
    found = rows.rows("test", KEYS, make, n=5)
    assert make.made == KEYS[:2] + KEYS and [row["value"] for row in found] == [10, 10, 20, 20]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[1, 2"])
def test_a_damaged_file_of_rows_is_made_anew(raw, make, interrupted):
    interrupted.write_bytes(raw)
    assert len(rows.rows("test", KEYS, make, n=5)) == 4 and make.made == KEYS[:2] + KEYS


def test_parts_of_an_experiment_do_not_meet(make):
    one, two = (rows.rows("test", KEYS[:1], make, part=part) for part in ("one", "two"))
    assert len(make.made) == 2 and one == two
    assert {path.name for path in rows.folder("test").iterdir()} == {"one.json", "two.json"}


def test_all_rows_are_found_wherever_they_lie(make):
    found = rows.rows("test", KEYS, make)
    assert rows.made({"n": 3, "runs": found[:2], "more": {"deep": [{"rows": found[2:]}, "text"]}}) == found


# A whole experiment


@pytest.fixture
def colours(make, monkeypatch):
    """An experiment of four rows, registered."""

    def work():
        """Which colour wins."""
        found = rows.rows("colours", KEYS, make, n=5)
        tidy = provenance.tidy(found, "colour", ("value",), family="noise", model="red", budget_flops=1.0)
        return Found({"rows": found}, tidy)

    monkeypatch.setitem(experiments.EXPERIMENTS, "colours", work)


def test_a_second_run_makes_everything_again(make, colours):
    for times in (1, 2):
        experiments.run("colours")
        assert make.made == KEYS * times and not rows.folder("colours").exists()


def test_an_interrupted_run_leaves_the_old_result_and_goes_on(make, colours):
    path = experiments.run("colours")
    before, make.stop = path.read_bytes(), 6
    with pytest.raises(KeyboardInterrupt):
        experiments.run("colours")
    assert path.read_bytes() == before
    make.stop = None
    experiments.run("colours")
    assert make.made == KEYS * 2


def test_a_result_ends_in_tidy_rows_that_are_sealed(colours):
    experiments.run("colours")
    result = results.read("colours")
    assert (result["name"], result["about"], result["code"]) == ("colours", "Which colour wins.", "abc")
    assert len(result["rows"]) == 4
    for row, key in zip(result["rows"], KEYS, strict=True):
        assert set(provenance.COLUMNS) <= set(row) and set(row) - set(provenance.COLUMNS) == {"key", "digest"}
        assert row["experiment"] == "colours" and row["metric"] == "value" and row["value"] == 10 * key["a"]
        assert row["seed"] == key["seed"] and row["code"] == "abc" and row["hardware"] == "a board"


def test_rows_without_a_maker_carry_the_whole_experiments(monkeypatch):
    tidy = provenance.tidy([{"model": "png", "bits": 3.0}], "likelihood", ("bits",), family="codec")
    monkeypatch.setitem(experiments.EXPERIMENTS, "counted", lambda: Found({"bits": 3.0}, tidy))
    experiments.run("counted")
    (row,) = results.read("counted")["rows"]
    assert set(row) == set(provenance.COLUMNS) and (row["code"], row["hardware"]) == ("abc", "a board")


def test_seconds_and_hardware_are_those_of_the_rows(make, colours, monkeypatch):
    make.stop = 3
    with pytest.raises(KeyboardInterrupt):
        experiments.run("colours")
    make.stop, make.now = None, 10_000.0  # a night lies between
    experiments.run("colours")
    assert results.read("colours")["seconds"] == 8  # of four rows, in two sittings

    def moved():
        one = rows.rows("moved", KEYS[:1], make, part="one")
        monkeypatch.setattr(provenance, "hardware", lambda: "another board")
        return Found({"one": one, "two": rows.rows("moved", KEYS[:1], make, part="two")})

    monkeypatch.setitem(experiments.EXPERIMENTS, "moved", moved)
    experiments.run("moved")
    assert results.read("moved")["hardware"] == "a board; another board"


# Trainings inside


HALF = {
    "any-order": lambda: any_order.trained(400, 0, "next"),
    "budget": lambda: comparisons.fitted("dit-fashion", None, None, 1e12, 0),
    "patches": lambda: denoising._trained(7, 0.5, 1.0, 1e12),
    "emoji-mirrors": mirrors.emoji_mirrors,
}


@pytest.mark.parametrize("name", HALF)
def test_half_a_training_makes_no_row(name, monkeypatch):
    run = training.Run(None, None, finished=False)
    monkeypatch.delenv("COURSE_DATA")
    for module in (any_order, comparisons, denoising, training):
        monkeypatch.setattr(module, "fit", lambda *_, **__: run)
    monkeypatch.setattr(comparisons, "Batches", lambda *_, **__: None)
    monkeypatch.setattr(any_order, "_train_tokens", lambda: training.inputs.tokens(any_order.data.load("fashion")))
    monkeypatch.setattr(mirrors.inputs, "encode", lambda x, _: x[:, 0, 0, :1])
    monkeypatch.setattr(mirrors.inputs, "emoji_tokens", lambda _: mirrors.torch.zeros(200, 1))
    monkeypatch.setattr(mirrors.inputs, "emoji_labels", lambda _: mirrors.torch.zeros(200, 1))
    with pytest.raises(KeyboardInterrupt):
        HALF[name]()
