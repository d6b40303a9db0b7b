"""How signs are told to models: one label a slot, the colours last; the three families are as large."""

import torch

from course_lib import data
from course_lib.data import signs
from course_lib.data.levels import to_bytes
from course_lib.training import RECIPES
from course_lib.training.recipes import signs as recipe

NAMES = ("token-ar-signs", "masked-signs", "dit-signs")


def test_labels_are_letters_in_their_slots_and_the_colours_last():
    told = recipe.told(["BOOK", "A"], torch.tensor([2, 0]), torch.tensor([1, 0]))
    assert told.tolist() == [[2, 15, 15, 11, 0, 0, recipe.EMPTY + 5], [1, 0, 0, 0, 0, 0, recipe.EMPTY]]
    poster = recipe.told(["TO\nBE\n€1.50"], torch.tensor([0]), torch.tensor([0]))
    assert poster.shape == (1, 19) and poster[0, 6] == 2


def test_batches_depend_on_seed_and_step_alone_and_hold_words_of_training():
    first, again, other = recipe.drawn(size=8)(3), recipe.drawn(size=8)(3), recipe.drawn(size=8, seed=1)(3)
    assert all(map(torch.equal, first, again)) and not torch.equal(first[0], other[0])
    said, ink, paper, sure = signs.read_sign(signs.from_tokens(first[0]))
    assert sure.all() and set(said) <= set(signs.words()) and torch.equal(recipe.told(said, ink, paper), first[1])


def test_pixels_and_tokens_of_a_batch_are_the_same_signs():
    pixels, tokens = recipe.drawn(recipe.floats, size=4)(0)[0], recipe.drawn(size=4)(0)[0]
    assert torch.equal(to_bytes(pixels), signs.from_tokens(tokens))


def test_the_three_families_are_as_large_to_two_percent():
    sizes = [sum(p.numel() for p in RECIPES[name].build().parameters()) for name in NAMES]
    assert max(sizes) < 1.02 * min(sizes) and max(sizes) < 1e6


def test_the_set_of_signs_has_every_word_in_every_colour():
    held = data.load("signs", "held")
    assert len(held) == 6 * 250 and held.names[held.labels[0]] == "red on white"
    for name in NAMES:
        reads = RECIPES[name].reads
        few = held[[0, 700]]
        assert torch.equal(reads.decode(reads.encode(few)), few.pixels)
        assert RECIPES[name].labels(few).shape == (2, 7)
