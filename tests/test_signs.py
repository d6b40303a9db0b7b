"""Signs: letters that can be told apart, words that are read back, and splits that keep what they promise."""

from itertools import pairwise

import pytest
import torch

from course_lib.data import signs
from course_lib.data.signs import INKS, LETTERS, PAPERS, read_sign, render_sign, sample, words


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bigrams(texts: tuple[str, ...]) -> set[str]:
    return {a + b for text in texts for a, b in pairwise(text)}


def test_any_two_letters_differ_by_three_pixels():
    forms = signs.GLYPHS.flatten(1).float()
    assert len(forms) == 1 + len(LETTERS) == 39
    assert torch.pdist(forms, p=1).min() >= 3
    assert signs.GLYPHS[:, :, 0].sum() == 0 and signs.GLYPHS[:, :, 6:].sum() == 0  # five columns


def test_every_letter_in_every_colour_is_read_back():
    letter, ink, paper = torch.cartesian_prod(*(torch.arange(n) for n in (len(LETTERS), len(INKS), len(PAPERS)))).T
    texts = [LETTERS[i] for i in letter]
    pixels = render_sign(texts, ink, paper)
    for form in (pixels, pixels.float() / 127.5 - 1):
        said, inks, papers, sure = read_sign(form)
        assert said == texts and torch.equal(inks, ink) and torch.equal(papers, paper) and sure.all()


@pytest.mark.parametrize("poster", [False, True])
def test_signs_and_posters_are_read_back(poster):
    texts, ink, paper = sample(300, seeded(), poster=poster)
    pixels = render_sign(texts, ink, paper)
    assert pixels.shape == (300, 3, 48 if poster else 16, 48) and pixels.dtype == torch.uint8
    assert read_sign(pixels)[0] == texts and read_sign(pixels)[3].all()
    numbers = signs.tokens(texts, ink, paper)
    assert numbers.shape == (300, 144 if poster else 48) and numbers.max() < len(signs.BOOK)
    assert torch.equal(signs.from_tokens(numbers), pixels)


def test_noise_makes_the_reader_abstain_and_not_err():
    texts, ink, paper = sample(500, seeded())
    clean = render_sign(texts, ink, paper).float() / 127.5 - 1
    noise = torch.randn(clean.shape, generator=seeded())
    for sigma in (0.05, 0.1, 0.15, 0.3):
        said, _, _, sure = read_sign(clean + 2 * sigma * noise)
        assert not any(s and a != b for s, a, b in zip(sure, said, texts))
        assert sigma > 0.1 or sure.all()
    assert not read_sign(torch.rand(50, 3, 16, 48, generator=seeded()) * 2 - 1)[3].any()


def test_a_sign_in_another_range_or_torn_is_not_read():
    texts, ink, paper = sample(100, seeded())
    pixels = render_sign(texts, ink, paper)
    with pytest.raises(ValueError, match=r"of \[0, 1\]: x \* 2 - 1"):
        read_sign(pixels.float() / 255)
    torn = pixels.clone()
    torn[:, :, 4:8, :4] = pixels[:, :, :1, :1]  # a part of the first letter is bare
    changed = (torn != pixels).flatten(1).any(1)
    assert changed.sum() > 80 and not read_sign(torn[changed])[3].any()


def test_a_sign_that_is_empty_or_has_a_gap_is_not_sure():
    assert read_sign(render_sign(["", "A B", "AB"], torch.zeros(3).long(), torch.zeros(3).long()))[3].tolist() == [
        False,
        False,
        True,
    ]


def test_words_are_split_as_promised():
    train, held, rare = (words(split) for split in signs.SPLITS)
    assert (len(train), len(held)) == (1000, 250) and len(rare) > 100
    assert not set(train) & set(held) and not set(rare) & (set(train) | set(held))
    assert not bigrams(train) & set(signs.UNSEEN) and all(bigrams([word]) & set(signs.UNSEEN) for word in rare)
    every = "".join((*train, *held, *rare))
    assert set(every) == set("".join(train)) == set(LETTERS[:26])
    assert {len(word) for word in train + held + rare} == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["tea"], "'t' in 'tea' is no letter of the font"),
        (["PARSNIP"], "at most 6 letters"),
        (["TEA", "TEA\nCUP"], "must have 1 lines"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(texts, says):
    with pytest.raises(ValueError, match=says):
        signs.spell(texts)
    with pytest.raises(ValueError, match="Choose one of train, held, bigrams"):
        words("test")
    with pytest.raises(ValueError, match="pixels must be"):
        read_sign(torch.zeros(1, 3, 20, 48))


def test_five_thousand_are_read_as_they_were_written():
    texts, ink, paper = sample(5_000, seeded())
    assert read_sign(render_sign(texts, ink, paper))[0] == texts
