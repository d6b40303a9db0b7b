"""Three ways to say a word to a network, and the names of what goes wrong when it writes it. Built in notebook 15."""

from functools import lru_cache
from zlib import crc32

import torch
from torch import Tensor

from ..data import signs
from ..training.recipes.signs import COLOURS, EMPTY

TABLE = 512  # rows that all pieces share
TWIN = 6  # pixels, of 35, by which two letters may differ and still be twins
KINDS = ("dropped", "doubled", "twin", "other", "torn")


def characters(texts: list[str]) -> Tensor:
    """A label a slot, `[N, 6 · lines]`: 0 for an empty one, else 1 + the place in the alphabet."""
    return signs.spell(texts).flatten(1)


def whole_words(texts: list[str]) -> Tensor:
    """One label a word, `[N, 1]`: its place in the list of all words; nothing is said of its letters."""
    if new := [text for text in texts if text not in _places()]:
        raise ValueError(f"{new[0]!r} has no number: only words of the list have one. Say it by characters.")
    return torch.tensor([[_places()[text]] for text in texts])


def hashed_pieces(texts: list[str]) -> Tensor:
    """A label for each pair of slots, `[N, 3]`: its checksum, folded into a table of `TABLE` rows; `TABLE` if empty."""
    pairs = [[text[i : i + 2] for i in range(0, signs.SLOTS, 2)] for text in texts]
    return torch.tensor([[crc32(pair.encode()) % TABLE if pair else TABLE for pair in row] for row in pairs])


@lru_cache
def _places() -> dict[str, int]:
    return {word: place for place, word in enumerate(sum(map(signs.words, signs.SPLITS), ()))}


SAID = {"characters": characters, "whole words": whole_words, "hashed pieces": hashed_pieces}


def labels(way: str, texts: list[str], ink: Tensor, paper: Tensor) -> tuple[Tensor, int]:
    """What a model is told of signs in one `way` of `SAID`, ink and paper as the last label; and how many labels are.

    By characters it is what the shipped models are told.
    """
    first = {"characters": EMPTY, "whole words": len(_places()), "hashed pieces": TABLE + 1}[way]
    colour = first + ink * len(signs.PAPERS) + paper
    return torch.column_stack([SAID[way](texts), colour]), first + COLOURS


@lru_cache
def twins(most: int = TWIN) -> frozenset[str]:
    """Pairs of letters, both orders, whose glyphs differ in at most `most` pixels."""
    apart = (signs.GLYPHS[1:, None] != signs.GLYPHS[None, 1:]).flatten(2).sum(2)
    rows = ((apart > 0) & (apart <= most)).nonzero().tolist()
    return frozenset(signs.LETTERS[a] + signs.LETTERS[b] for a, b in rows)


def within(short: str, long: str) -> bool:
    """Whether `short` is left of `long` when some of its letters go."""
    rest = iter(long)
    return all(letter in rest for letter in short)


def kind(said: str, meant: str, sure: bool) -> str:
    """Which of `KINDS` a written word is, or "right": what was read, what was meant, and whether it was read for sure.

    "dropped": letters are missing; "doubled": there are more, each a neighbour once more; "twin": as many letters, the
    wrong ones look alike; "torn": some letter is none; "other": what is left. A gap is a letter that is missing.
    """
    if said == meant:
        return "right" if sure else "torn"
    there = said.replace(" ", "")
    if len(there) < len(meant) and within(there, meant):
        return "dropped"
    if not sure:
        return "torn"
    if len(there) > len(meant) and within(meant, there) and _single(there) == _single(meant):
        return "doubled"
    wrong = [a + b for a, b in zip(there, meant) if a != b]
    return "twin" if len(there) == len(meant) and twins().issuperset(wrong) else "other"


def _single(word: str) -> str:
    """A word with each run of one letter as one."""
    return "".join(a for a, b in zip(word, " " + word) if a != b)
