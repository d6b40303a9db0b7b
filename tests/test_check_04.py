"""The exercises of notebook 04: right answers pass, usual mistakes are named; and its widget."""

import pytest
import torch
from einops import rearrange
from solutions import named
from tiny import shaken

from course_lib import check, data
from course_lib.networks import Autoencoder, AutoencoderConfig
from course_lib.show import play
from course_lib.show.play.swap import PRESETS, preset


def cut(pattern):
    return lambda x, p: rearrange(x, pattern, p=p, q=p)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, p: x.reshape(len(x), -1, x.shape[1] * p * p), "strip of reading order"),
        (cut("b c (h p) (w q) -> b (w h) (c p q)"), "column by column"),
        (cut("b c (h p) (w q) -> b (h w) (c q p)"), "mirrored"),
        (cut("b c (h p) (w q) -> b (h w) (p q c)"), "channel comes first"),
        (cut("b c (p h) (q w) -> b (h w) (c p q)"), "every h-th pixel"),
        (cut("b c (h p) (w q) -> b h w (c p q)"), "B, patches, numbers"),
        (lambda x, p: cut("b c (h p) (w q) -> b (h w) (c p q)")(x, p) + 1, "each square by itself"),
    ],
)
def test_wrong_patches_are_named(attempt, message):
    named(check.patchify, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda z, q: q, "gradient goes to q alone"),
        (lambda z, q: z + (q - z), "z cancels out"),
        (lambda z, q: q + (z - q).detach(), "swapped"),
        (lambda z, q: z, "decoder must see q"),
        (lambda z, q: q.detach(), "No gradient reaches z"),
        (lambda z, q: z - z.detach() + q, "q gets a gradient too"),
        (lambda z, q: 2 * z + (q - 2 * z).detach(), "unchanged"),
        (lambda z, q: z + q, "value of q"),
        (lambda z, q: q.sum(), "shape"),
    ],
)
def test_wrong_gradients_are_named(attempt, message):
    named(check.straight_through, attempt, message)


def raised(which=lambda counts: counts == 0, where=lambda z, n: z[torch.randperm(len(z))[:n]]):
    """Revival with what is usually got wrong: which codes move, and where to."""

    def revive(codebook, counts, z):
        rows = which(counts).nonzero()[:, 0]
        codebook[rows] = where(z, len(rows))
        return codebook

    return revive


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (raised(which=lambda counts: counts > 0), "in use"),
        (raised(which=lambda counts: counts <= 4), "in use"),
        (lambda codebook, counts, z: codebook, "nothing has moved"),
        (raised(where=lambda z, n: z[:1].expand(n, -1)), "one of its own"),
        (raised(where=lambda z, n: z.mean(0).expand(n, -1)), "mean is no vector"),
        (raised(where=lambda z, n: torch.randn(n, z.shape[1])), "not noise"),
        (lambda codebook, counts, z: z[: int((counts == 0).sum())], "whole codebook"),
    ],
)
def test_wrong_revivals_are_named(attempt, message):
    named(check.revive, attempt, message)


def digits(fsq, indices):
    return indices[..., None] // fsq.basis % fsq.levels


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda fsq, ids: fsq((digits(fsq, ids) - fsq.centre) / fsq.centre) + 0, "rounded twice"),
        (lambda fsq, ids: fsq.bound((digits(fsq, ids) - fsq.centre) / fsq.centre), "`bound` is still there"),
        (lambda fsq, ids: digits(fsq, ids) / fsq.centre, "subtract the centre"),
        (lambda fsq, ids: digits(fsq, ids) - fsq.centre, "Divide by the centre"),
        (lambda fsq, ids: (ids[..., None] // fsq.basis.flip(0) % fsq.levels - fsq.centre) / fsq.centre, "wrong order"),
        (lambda fsq, ids: 0.9 * (digits(fsq, ids) - fsq.centre) / fsq.centre, "every id"),
        (lambda fsq, ids: fsq.indices(ids[..., None].float()), "One code of"),
    ],
)
def test_wrong_codes_are_named(attempt, message):
    named(check.codes_of, attempt, message)


# The widget


@pytest.fixture(scope="module")
def swap():
    tokenizer = shaken(Autoencoder(AutoencoderConfig(width=8)), dtype=torch.float32)
    return play.Swap(tokenizer, data.load("fashion", "test")[:6])


@pytest.mark.parametrize("name", PRESETS)
def test_swapping_twice_gives_back_what_was(swap, name):
    places = preset(name, (7, 7)).flatten()
    once = swap.swap(0, 1, places)
    assert torch.equal(torch.where(places, once[1], once[0]), swap.tokens[0])
    assert torch.equal(once.sort(0).values, swap.tokens[[0, 1]].sort(0).values)  # nothing lost, nothing made
    share = {"nothing": 0, "everything": 49, "upper half": 21, "left half": 21, "middle": 25, "every second": 25}
    assert int(places.sum()) == share[name]


def test_nothing_swapped_reads_the_same_and_everything_the_other(swap):
    nothing, everything = (swap.strip(0, 1, preset(name, (7, 7)).flatten()) for name in ("nothing", "everything"))
    assert torch.equal(nothing[:2], nothing[2:]) and torch.equal(everything[:2], everything[2:].flip(0))


@pytest.mark.parametrize("change", [{"first": 2}, {"second": 3}, {"swapped": [True] * 49}])
def test_a_choice_draws_other_pictures(swap, change):
    for name, value in {"first": 0, "second": 1, "swapped": [False] * 49}.items():
        setattr(swap, name, value)
    before = swap.shown
    for name, value in change.items():
        setattr(swap, name, value)
    assert len(swap.shown) == 4 * 28 * 28 * 3 and swap.shown != before


def test_the_status_counts_and_names_what_the_classifier_sees(swap):
    swap.swapped = [True] * 7 + [False] * 42
    assert swap.status.startswith("7 of 49 tokens change sides. The classifier takes the results for: ")


def test_a_choice_that_cannot_be_raises(swap):
    with pytest.raises(ValueError, match="swapped has 3 places"):
        swap.swapped = [True, False, True]
    swap.swapped = [False] * 49
    with pytest.raises(ValueError, match=r"first=9 must lie in 0\.\.5"):
        swap.first = 9
    swap.first = 0
    with pytest.raises(ValueError, match="name='lower' is not a preset"):
        preset("lower", (7, 7))
    with pytest.raises(ValueError, match="two are needed"):
        play.Swap(swap.tokenizer, swap.pictures[:1])


def test_the_static_frame_shows_three_pairs(swap):
    fig = swap.frame()
    assert "Pairs of garments" in fig.alt and len(fig.png()) > 1000
    data, metadata = swap._repr_mimebundle_()
    assert data["text/plain"].startswith("Widget: ") and metadata["image/png"]["alt"] == fig.alt


def test_coloured_pictures_swap_too():
    tokenizer = shaken(Autoencoder(AutoencoderConfig(size=32, channels=3, width=8)), dtype=torch.float32)
    emoji = data.load("emoji", "test")[:2]
    widget = play.Swap(tokenizer, emoji)
    assert widget.garments == emoji.captions and widget.status == "32 of 64 tokens change sides."
