"""Numbers that a reader predicted: the first one counts, none is lost, and 18 can open them."""

import math

import pytest

from course_lib.show import guesses
from course_lib.show.guesses import guess


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))


def test_the_first_number_for_a_question_counts_and_none_keeps_nothing():
    guess("how many", None, 26)
    assert guesses.load() == {} and not guesses.where().exists()
    guess("how many", 30, 26)
    guess("how many", 26, 26)  # after the fold was opened
    guess("how many", None, 26)
    guess("how far", 0.5, 2)
    kept = guesses.load()
    assert {question: (row["guess"], row["found"]) for question, row in kept.items()} == {
        "how many": (30.0, 26.0),
        "how far": (0.5, 2.0),
    }


@pytest.mark.parametrize("mine", ["30", math.nan, math.inf, [1]])
def test_what_is_no_number_is_refused_and_nothing_is_lost(mine):
    guess("kept", 1, 1)
    with pytest.raises(ValueError, match="your guess is"):
        guess("how many", mine, 26)
    assert set(guesses.load()) == {"kept"}


@pytest.mark.parametrize("damage", ["", "[1]", '{"a": 1}', '{"a": {"guess": 1}}'])
def test_a_damaged_file_is_as_good_as_none(damage):
    guesses.where().write_text(damage, encoding="utf-8")
    assert guesses.load() == {}
    guess("how many", 30, 26)
    assert set(guesses.load()) == {"how many"}


def test_how_far_off_is_a_factor():
    assert [guesses.off({"guess": a, "found": b}) for a, b in ((2, 4), (4, 2), (3, 3), (0, 0), (0, 3))] == [
        2,
        2,
        1,
        1,
        math.inf,
    ]
