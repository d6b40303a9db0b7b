"""Bad days, a few of each kind; `make faults` has them all, and its result is committed."""

import pytest
from faults import notebooks, tiny
from faults.campaign import EVERY, FAULTS, NOTEBOOKS, note

from course_lib.data import results

BAD = ("broken", "lost", "executed", "wrong")


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_day_ends_in_a_clean_resume_or_in_one_clear_error(name, tmp_path):
    work, few, _ = FAULTS[name]
    try:
        work(few, tmp_path).check()
    finally:
        tiny.forget()


def test_a_notebook_on_a_bad_day_draws_no_wrong_picture():
    tallies, complaints = notebooks.bad_day(1, "00")
    assert not complaints
    for tally in tallies.values():
        tally.check()


def test_the_committed_campaign_is_whole_and_nothing_broke():
    rows = results.read("faults")["metrics"]
    days = {f"notebook {number}, {kind}" for number in NOTEBOOKS for kind in notebooks.KINDS}
    assert set(rows) == {*FAULTS, *days}
    for name, row in rows.items():
        assert row["tries"] == row["resumed"] + row["errors"] > 0, name
        assert not any(row[kind] for kind in BAD), name
        full = FAULTS[name][2] if name in FAULTS else 1
        assert row["tries"] >= full or full == EVERY, f"{name}: {row['tries']} tries, a full campaign has {full}"


def test_what_a_campaign_finds_is_sealed_and_every_row_says_what_made_it(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    first, second, *_ = FAULTS
    old, new = {"code": "old", "hardware": "a board"}, {"code": "new", "hardware": "a board"}
    results.write("faults", {**old, "metrics": {first: {"tries": 1, "seconds": 2}, "a fault of yore": {}}})
    note({second: {"tries": 3, "seconds": 4} | new})
    found = results.read("faults")
    assert found["metrics"] == {first: {"tries": 1, "seconds": 2} | old, second: {"tries": 3, "seconds": 4} | new}
    assert (found["code"], found["hardware"], found["seconds"]) == ("old; new", "a board", 6)
