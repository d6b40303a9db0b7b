"""The exact law of scenes of which a part is seen, against counting every scene of a tiny layout."""

import math

import pytest
import torch

from course_lib.data import scenes
from course_lib.data.scenes import Layout
from course_lib.experiments.oracle import Oracle
from course_lib.methods import autoregressive, masked

TINY = Layout(1, 2, 2)


def everything(part=None):
    """Every scene of the tiny layout with its probability, and its tokens."""
    oracle = Oracle(TINY, part)
    kinds = oracle.kinds.nonzero().flatten()
    cells, on = torch.cartesian_prod(kinds, kinds, torch.arange(4))[:, :2], torch.arange(4).repeat(len(kinds) ** 2)
    some = (cells > 0).any(1)
    cells, ground = cells[some], on[some]
    n = len(kinds) - 1
    alone = (cells > 0).sum(1) == 1
    p = 1 / torch.where(alone, 2 * 4 * 2 * n, 2 * 4 * n * n).double()
    return oracle, cells, ground, p, scenes.ids(scenes.tokens(cells, ground, TINY))


@pytest.mark.parametrize("part", [None, "train"])
def test_all_answers_are_those_of_counting(part):
    oracle, cells, ground, p, ids = everything(part)
    assert abs(p.sum() - 1) < 1e-9
    generator = torch.Generator().manual_seed(0)
    for share in (0.0, 0.1, 0.3, 0.6, 1.0):
        true = int(torch.multinomial(p, 1, generator=generator))
        keep = torch.rand(8, generator=generator) < share
        seen = ids[true].masked_fill(~keep, oracle.mask_token)[None]
        law = p * ((ids == ids[true]) | ~keep).all(1)
        law = law / law.sum()
        assert (oracle.log_p(cells, ground, seen.expand(len(cells), -1)).exp() - law).abs().max() < 1e-12
        each = torch.zeros(8, len(scenes.BOOK) + 1).double().scatter_add(1, ids.T, law.expand(8, -1))
        assert (oracle(seen)[0].exp() - each).abs().max() < 1e-12


def test_samples_have_the_exact_law():
    oracle, cells, ground, p, ids = everything()
    where = ((cells == torch.tensor([1, 0])).all(1) & (ground == 0)).nonzero()[0, 0]
    shown = [0, 4]  # one patch of the red circle, one of the empty cell
    seen = torch.full((4000, 8), oracle.mask_token).index_copy(
        1, torch.tensor(shown), ids[where, shown].expand(4000, 2)
    )
    law = p * (ids[:, shown] == ids[where, shown]).all(1)
    made, on = oracle.sample(seen, torch.Generator().manual_seed(0))
    exact = float(law[(cells > 0).all(1)].sum() / law.sum())
    assert 0.01 < exact < 0.99
    assert abs((made > 0).all(1).double().mean() - exact) < 4 * math.sqrt(0.25 / 4000)
    assert (scenes.ids(scenes.tokens(made, on, TINY))[:, shown] == seen[:, shown]).all()


def test_with_nothing_seen_a_scene_pays_the_entropy_of_the_law_on_average():
    oracle = Oracle()
    cells, ground = scenes.sample(6000, torch.Generator().manual_seed(0))
    paid = -oracle.log_p(cells, ground, torch.full((6000, 36), oracle.mask_token)) / math.log(2)
    assert abs(paid.mean() - scenes.EASY.bits()) < 4 * paid.std() / math.sqrt(6000)


@pytest.mark.parametrize("hide", [slice(0, 18), slice(12, 36), slice(5, 36)])
def test_completions_are_lawful_and_leave_what_is_seen(hide):
    oracle = Oracle(part="train")
    cells, ground = scenes.sample(50, torch.Generator().manual_seed(0), part="train")
    seen = scenes.ids(scenes.tokens(cells, ground))
    seen[:, hide] = oracle.mask_token
    made, on = oracle.sample(seen, torch.Generator().manual_seed(1))
    ids = scenes.ids(scenes.tokens(made, on))
    assert (ids == seen)[seen != oracle.mask_token].all() and not scenes.HELD[made].any()
    assert ((made > 0).sum(1) >= 1).all() and ((made > 0).sum(1) <= 3).all()
    assert oracle.log_p(made, on, seen).isfinite().all() and oracle.log_p(cells, ground, seen).isfinite().all()


def test_it_drives_both_samplers_of_tokens_and_they_never_tear_a_scene():
    oracle = Oracle(part="train")
    labels, generator = torch.zeros(6).long(), torch.Generator().manual_seed(0)
    for drawn in (
        masked.sample(oracle, labels, shape=(36,), steps=36, order=masked.random, generator=generator),
        autoregressive.sample(oracle, labels, shape=(36,), generator=generator),
    ):
        cells, _, sure = scenes.parse(scenes.from_tokens(scenes.from_ids(drawn)))
        assert sure.all() and ((cells > 0).sum(1) - 2).abs().max() <= 1


def test_what_is_of_no_scene_is_refused():
    oracle = Oracle()
    cells, ground = scenes.sample(2, torch.Generator().manual_seed(0))
    seen = scenes.ids(scenes.tokens(cells, ground))
    seen[1] = seen[1, 0]  # one patch everywhere
    with pytest.raises(ValueError, match="part of no scene"):
        oracle.sample(seen)
    assert oracle.log_p(cells, ground, seen)[0] == 0
