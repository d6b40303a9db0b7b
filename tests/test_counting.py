"""Counted neighbours: probabilities that sum to 1, contexts of the past only, and the widget that plays with them."""

import base64

import pytest
import torch
import traitlets

from course_lib.measure import likelihood
from course_lib.methods import autoregressive
from course_lib.methods.counting import Counts, context
from course_lib.show.play import Neighbours

NEAR = [(0, -1), (-1, 0), (-1, 1), (-2, -2)]


def pictures(n, levels=4, size=6, seed=0):
    shape = (n, size, size)
    return torch.randint(0, levels, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("offsets", [[], NEAR[:1], NEAR[:3], NEAR])
def test_probabilities_of_all_small_pictures_sum_to_one(offsets):
    model = Counts(pictures(50, 2), offsets, levels=2)
    every = torch.cartesian_prod(*[torch.arange(2)] * 6).view(-1, 2, 3)
    total = torch.exp(-autoregressive.nats(model, every, None).double()).sum()
    assert float(total) == pytest.approx(1, abs=1e-5)  # fp32 logits


def test_a_context_is_read_in_digits_and_is_black_outside():
    x = torch.tensor([[[1, 2], [3, 0]]])
    assert context(x, [(0, -1), (-1, 0)], 4).tolist() == [[[0, 4], [1, 14]]]


def test_logits_never_look_ahead():
    model, x = Counts(pictures(200), NEAR[:3], levels=4), pictures(1, seed=1)
    before = model(x).flatten(1, 2)
    for i in range(36):
        changed = x.flatten(1).clone()
        changed[:, i] = (changed[:, i] + 1) % 4
        after = model(changed.view_as(x)).flatten(1, 2)
        assert torch.equal(after[:, : i + 1], before[:, : i + 1])


def test_counting_the_truth_reaches_its_entropy():
    """Copies of the left pixel with a coin for the first column: one bit a row, nothing for the rest."""
    x = torch.randint(0, 2, (4000, 4, 1), dtype=torch.uint8).expand(-1, -1, 8) + 1  # 0 is kept for outside
    found = likelihood(Counts(x[:2000], [(0, -1)], levels=3), x[2000:])["nats"] / 0.6931
    assert found == pytest.approx(4, rel=0.01)


def test_coarse_contexts_see_only_the_high_part():
    model = Counts(pictures(50, 8), [(0, -1)], levels=8, coarse=2)
    assert model.table.shape == (2, 8)
    assert torch.equal(model(torch.tensor([[[0, 0]]])), model(torch.tensor([[[3, 0]]])))


@pytest.mark.parametrize("offsets", [[(0, 0)], [(0, 1)], [(-1, 0), (1, -1)]])
def test_later_pixels_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets=.*not earlier"):
        Counts(pictures(2), offsets, levels=4)


def test_too_big_a_table_and_no_smoothing_are_refused():
    with pytest.raises(ValueError, match="Take fewer"):
        Counts(pictures(2), [(0, -1), (-1, 0), (-1, 1), (-1, -1)], levels=256)
    with pytest.raises(ValueError, match="alpha=0"):
        Counts(pictures(2), [], levels=4, alpha=0)


@pytest.fixture(scope="module")
def play():
    return Neighbours(pictures(300), pictures(40, seed=2), rival=("WebP", 1.5), levels=4)


def test_the_widget_counts_again_when_neighbours_change(play):
    before, drawn = dict(play.result), play.samples
    play.chosen = [(-1, -1)]
    assert play.result["rows"] == 4 and play.result["test"] != before["test"] and play.samples != drawn
    play.chosen, play.seen = [(0, -1), (-1, 0)], 20
    assert play.result["train"] < play.result["test"]  # twenty pictures are learnt by heart
    play.seen = 300
    assert play.result == before and play.samples == drawn


@pytest.mark.parametrize(
    "chosen", [[(0, 1)], [(1, 0)], [(0, 0)], [(-3, 0)], [(0, -1)] * 2, [(-1, i) for i in range(-2, 4)]]
)
def test_the_widget_refuses_what_no_table_may_look_at(play, chosen):
    before = play.samples
    with pytest.raises((ValueError, traitlets.TraitError), match="chosen="):
        play.chosen = chosen
    assert play.samples == before


def test_the_widget_shows_itself_without_a_browser(play):
    data, metadata = play._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "bits a pixel" in metadata["image/png"]["alt"]
