"""Bad days, a few of each kind; `make faults` has them all, and its result is committed."""

import json

import pytest
from faults import notebooks, tiny
from faults.campaign import EVERY, FAULTS, NOTEBOOKS

from course_lib import runtime

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
    rows = json.loads((runtime.data_dir() / "results" / "faults.json").read_text(encoding="utf-8"))["metrics"]
    days = {f"notebook {number}, {kind}" for number in NOTEBOOKS for kind in notebooks.KINDS}
    assert set(rows) == {*FAULTS, *days}
    for name, row in rows.items():
        assert row["tries"] == row["resumed"] + row["errors"] > 0, name
        assert not any(row[kind] for kind in BAD), name
        full = FAULTS[name][2] if name in FAULTS else 1
        assert row["tries"] >= full or full == EVERY, f"{name}: {row['tries']} tries, a full campaign has {full}"
