"""The exercises of notebook 15: right answers pass, usual mistakes are named; and its widget."""

import pytest
import torch
from solutions import named

from course_lib import check
from course_lib.data import signs
from course_lib.show import play


def spelled(start=1, place=None, back=False, slots=6):
    """Letters in slots, with what is usually got wrong."""

    def slots_of(word, alphabet):
        labels = torch.zeros(slots or len(word), dtype=torch.long)
        for at, letter in enumerate(reversed(word) if back else word):
            labels[at if place is None else place(word, at, letter)] = alphabet.index(letter) + start
        return labels

    return slots_of


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (spelled(place=lambda word, at, letter: word.rindex(letter)), "BOOK should be"),
        (spelled(place=lambda word, at, letter: 0 + word.index(letter)), "has twice is lost"),
        (spelled(start=0), "so A is 1"),
        (spelled(place=lambda word, at, letter: 6 - len(word) + at), "stands at the end"),
        (spelled(back=True), "backwards"),
        (spelled(slots=0), "Six numbers"),
        (spelled(place=lambda word, at, letter: at + 1), "BOOK should be"),
    ],
)
def test_wrong_slots_are_named(attempt, message):
    named(check.slots, attempt, message)


def cut(step=2, fold=True, empty=None, starts=(0, 2, 4)):
    """Pieces of a word, with what is usually got wrong."""

    def pieces_of(word, rows, checksum):
        out = []
        for start in starts:
            pair = word[start : start + step]
            row = checksum(pair) % rows if fold else checksum(pair)
            out.append(row if pair or empty == "hashed" else rows if empty is None else empty)
        return torch.tensor(out)

    return pieces_of


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (cut(empty="hashed"), "row of its own"),
        (cut(fold=False), "remainder by"),
        (cut(starts=(0, 1, 2)), "do not overlap"),
        (cut(empty=0), "cannot be 0"),
        (cut(step=1), "BOOK in a table of 512 should be"),
    ],
)
def test_wrong_pieces_are_named(attempt, message):
    named(check.pieces, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda short, long: short in long, "from wherever they stand"),
        (lambda short, long: set(short) <= set(long), "nothing that goes makes a word longer"),
        (lambda short, long: all(short.count(c) <= long.count(c) for c in short), "not in its order"),
        (lambda short, long: len(short) < len(long), "as it is"),
        (lambda short, long: len(short) <= len(long) and set(short) <= set(long), "not in its order"),
    ],
)
def test_wrong_tests_of_what_fits_are_named(attempt, message):
    named(check.within, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda p, lengths: p ** (sum(lengths) / len(lengths)), "word of mean length"),
        (lambda p, lengths: p, "That is one letter"),
        (lambda p, lengths: sum(1 - (1 - p) ** n for n in lengths) / len(lengths), "at least one"),
        (lambda p, lengths: sum(p**n for n in lengths), "divide by the number"),
        (lambda p, lengths: 1 - sum(p**n for n in lengths) / len(lengths), "that are wrong"),
        (lambda p, lengths: p**2, "probability right"),
    ],
)
def test_wrong_shares_of_words_are_named(attempt, message):
    named(check.expected, attempt, message)


# The widget


@pytest.fixture
def words():
    calls = []

    def draw(name, text, ink, paper, seed):
        calls.append((name, text))
        shown = text if name == "good" else text[:-1] + "X"
        return signs.render_sign([shown], torch.tensor([ink]), torch.tensor([paper]))

    widget = play.Words(draw, {"good": ("noise", "noise"), "bad": ("masked", "masked")}, ["MOON", "CAT"])
    widget.calls = calls
    return widget


def test_what_each_family_wrote_is_read_letter_by_letter(words):
    good, bad = words.cards
    assert good["note"] == "read: right" and bad["note"] == "read: MOOX"
    assert [each["right"] for each in bad["letters"]] == [True, True, True, False]
    assert words.status == "MOON, a word of training: 1 of 2 wrote what was meant" and len(words.shown) == 2 * 2304
    words.text = "zzqj"
    assert words.cards[0]["note"] == "read: right" and words.status.startswith("ZZQJ, no word of training")


@pytest.mark.parametrize(
    ("text", "message"),
    [("ÄPFEL", "is no letter of the font"), ("ELEPHANT", "at most 6 letters"), ("", "one word"), ("A B", "one word")],
)
def test_a_word_that_cannot_be_written_is_told_in_a_sentence_and_nothing_is_lost(words, text, message):
    shown, cards = words.shown, words.cards
    words.text = text
    assert message in words.status and words.status.endswith("those of before.") and not words.wrong
    assert words.shown == shown and words.cards == cards
    words.text = "CAT"
    assert words.status.startswith("CAT")


def test_a_wrong_colour_raises(words):
    with pytest.raises(ValueError, match="must be places"):
        words.ink = 9


def test_the_static_frame_tells_how_many_signs_are_right(words):
    frame = words.frame()
    assert "2" in frame.axes[0].get_title(loc="left") + frame.axes[0].get_title() and len(frame.png()) > 1000
