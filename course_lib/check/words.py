"""Checkers of notebook 15: letters in slots, hashed pieces, what fits within what, and words out of letters."""

import torch

from .core import exercise
from .forms import Wrong, alike

SLOTS = 6
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORDS = ("BOOK", "A", "LETTER", "EVE", "CAT", "BANANA", "TO", "STREET")


def _slots(word, alphabet):
    return torch.tensor([alphabet.index(letter) + 1 for letter in word] + [0] * (SLOTS - len(word)))


def _planted(word, alphabet):
    labels = torch.zeros(6, dtype=torch.long)
    for letter in word:
        labels[word.index(letter)] = alphabet.index(letter) + 1
    return labels


@exercise(reference=_slots, planted=_planted)
def slots(attempt) -> None:
    """A word as one number a slot: each letter in its own, and 0 where there is none."""
    for word in WORDS:
        found, right = attempt(word, ALPHABET)
        letters = right[: len(word)]
        mistakes = {
            "A letter that a word has twice is lost: each goes where it stands, not where its like first stood.": (
                _planted(word, ALPHABET)
            ),
            "0 is the empty slot, so A is 1.": torch.cat([letters - 1, right[len(word) :]]),
            "The word stands at the end: it begins in the first slot.": torch.cat([right[len(word) :], letters]),
            "The word stands backwards.": torch.cat([letters.flip(0), right[len(word) :]]),
            "Six numbers are needed, whatever the word: 0 where there is no letter.": letters,
        }
        attempt.compare(found, right, mistakes, f"{word} should be {right.tolist()}.")


def _pieces(word, rows, checksum):
    pairs = [word[i : i + 2] for i in range(0, SLOTS, 2)]
    return torch.tensor([checksum(pair) % rows if pair else rows for pair in pairs])


def _checksum(text: str) -> int:
    """Any number for any text; for no text too."""
    return 977 + sum((place + 1) * 7919 * ord(letter) for place, letter in enumerate(text))


@exercise(reference=_pieces)
def pieces(attempt) -> None:
    """The rows of a table that a word's three pairs of letters fall into; the row after the last for an empty pair."""
    for rows in (512, 97):
        for word in WORDS:
            found, right = attempt(word, rows, _checksum)
            pairs = [word[i : i + 2] for i in range(0, SLOTS, 2)]
            mistakes = {
                "An empty pair has a row of its own, the one after the last: `rows`.": [
                    _checksum(pair) % rows for pair in pairs
                ],
                "Fold the checksum into the table: its remainder by `rows`.": [
                    _checksum(pair) if pair else rows for pair in pairs
                ],
                "Pairs do not overlap: slots 1 and 2, 3 and 4, 5 and 6.": [
                    _checksum(word[i : i + 2]) % rows if word[i : i + 2] else rows for i in range(3)
                ],
                "A row for an empty pair cannot be 0: some other pair may fall there.": [
                    _checksum(pair) % rows if pair else 0 for pair in pairs
                ],
            }
            mistakes = {said: torch.tensor(numbers) for said, numbers in mistakes.items()}
            attempt.compare(found, right, mistakes, f"{word} in a table of {rows} should be {right.tolist()}.")


def _within(short, long):
    rest = iter(long)
    return all(letter in rest for letter in short)


@exercise(reference=_within)
def within(attempt) -> None:
    """Whether a word is left of another when some of its letters go, the others in their order."""
    cases = (
        *(("BOK", "BOOK"), ("BOOK", "BOK"), ("", "A"), ("CAT", "CAT"), ("TAC", "CAT"), ("TT", "CAT")),
        *(("LETER", "LETTER"), ("LRE", "LETTER"), ("BK", "BOOK"), ("KB", "BOOK"), ("EE", "EVE"), ("VEE", "EVE")),
    )
    for short, long in cases:
        found, right = attempt(short, long)
        if alike(found, right):
            continue
        if set(short) <= set(long) and found and len(short) > len(long):
            raise Wrong(f"{short!r} is longer than {long!r}: nothing that goes makes a word longer.")
        if found and all(short.count(letter) <= long.count(letter) for letter in short):
            raise Wrong(f"{short!r} has letters of {long!r}, but not in its order.")
        if found:
            raise Wrong(f"{short!r} needs a letter more often than {long!r} has it: each counts once.")
        if short in long:
            raise Wrong(f"{short!r} stands in {long!r} as it is, so it is within it.")
        raise Wrong(f"{short!r} is left of {long!r} when letters go, from wherever they stand.")


def _expected(right, lengths):
    return sum(right**n for n in lengths) / len(lengths)


@exercise(reference=_expected)
def expected(attempt) -> None:
    """The share of words that are right when each letter is with the same probability, each by itself."""
    for right, lengths in ((0.9, [1, 2, 6]), (0.5, [3, 4]), (0.98, [4, 4, 5, 6, 2]), (1.0, [3])):
        found, wanted = attempt(right, list(lengths))
        mean = sum(lengths) / len(lengths)
        mistakes = {
            "That is a word of mean length. Short words are right more often than long ones are wrong: average last.": (
                right**mean
            ),
            "That is one letter. A word is right only if all its letters are.": right,
            "That is the share of words with at least one right letter.": (
                sum(1 - (1 - right) ** n for n in lengths) / len(lengths)
            ),
            "That is a sum: divide by the number of words.": sum(right**n for n in lengths),
            "That is the share of words that are wrong.": 1 - wanted,
        }
        attempt.compare(found, wanted, mistakes, "Each word of n letters is right with probability right ** n.")
