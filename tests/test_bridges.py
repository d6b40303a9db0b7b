"""methods/bridges.py and networks/blocks.py: both ends, the exact law between them, and what is kept in memory."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from test_masked import UNLIKELY, counted, joint, likely, nobody, seeded
from tiny import shaken, tokens

from course_lib.data import scenes
from course_lib.experiments.oracle import InBlocks, Oracle
from course_lib.methods import autoregressive, bridges, flow, masked
from course_lib.networks import BlockTransformer, BlockTransformerConfig, TransformerConfig

SIZES = (1, 2, 5, 12)  # of blocks of 12 tokens; the last of 5 is short


def network(dtype=torch.float64, **changes) -> BlockTransformer:
    """On a 3×4 grid of 4 tokens and the mask, with 3 classes."""
    settings = {"grid": (3, 4), "tokens": 5, "classes": 3, "width": 16, "depth": 2, "heads": 2, "groups": (12,)}
    return shaken(BlockTransformer(BlockTransformerConfig(**settings | changes)), dtype=dtype)


def vectors(**changes) -> BlockTransformer:
    return network(**{"tokens": 0, "vector": 3} | changes)


class Forgetful:
    """The same network with nothing kept between passes."""

    def __init__(self, model, block):
        self.model, self.block, self.mask_token, self.null = model, block, model.mask_token, model.null
        self.head, self.parameters = model.head, model.parameters

    def writer(self, labels):
        return lambda x, start, stop: self.model(x, labels, x, self.block)[:, start:stop]


# Hiding


@given(st.integers(1, 13), st.integers(1, 13), st.integers(0, 99))
def test_in_every_block_a_random_number_is_hidden_and_weighs_the_block(T, block, seed):
    block = min(block, T)
    weight = bridges.weights(50, T, block, seeded(seed))
    for start in range(0, T, block):
        part = weight[:, start : start + block]
        torch.testing.assert_close(part.sum(1), torch.full((50,), float(part.shape[1])))
        hidden = (part > 0).sum(1)
        assert (hidden >= 1).all()
        torch.testing.assert_close(part.amax(1), part.shape[1] / hidden)
    assert block > 1 or (weight == 1).all()


def test_all_numbers_and_sets_of_places_are_as_likely():
    hidden = bridges.weights(24_000, 5, 3, seeded()) > 0
    for part, size in ((hidden[:, :3], 3), (hidden[:, 3:], 2)):
        counts = np.bincount(part.long() @ 2 ** torch.arange(size), minlength=2**size)
        expected = [1 / size / math.comb(size, n) if n else 0 for n in (bin(i).count("1") for i in range(2**size))]
        assert likely(counts, torch.tensor(expected))


# The network


@pytest.mark.parametrize("block", SIZES)
def test_a_place_sees_earlier_blocks_clean_and_its_own_as_it_stands(block):
    model, x, clean = network(), tokens(2, (12,), 5), tokens(2, (12,), 4)
    out = model(x, None, clean, block)
    for j in range(12):
        other, less = x.clone(), clean.clone()
        other[:, j], less[:, j] = (x[:, j] + 1) % 5, (clean[:, j] + 1) % 4
        within = torch.arange(12) // block == j // block
        assert torch.equal((model(other, None, clean, block) != out).any(-1).all(0), within)
        assert torch.equal((model(x, None, less, block) != out).any(-1).all(0), torch.arange(12) // block > j // block)


@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize("make", [network, vectors])
def test_what_is_kept_changes_nothing(block, make):
    model, labels = make(context=2), torch.tensor([[0, 1], [2, 3]])
    x = tokens(2, (12,), 5) if make is network else torch.randn(2, 12, 3, generator=seeded()).double()
    kept, whole = model.writer(labels), model(x, labels, x, block)
    for start in range(0, 12, block):
        for _ in range(2):  # a second pass over the same block reads nothing anew
            part = kept(x, start, min(start + block, 12))
            torch.testing.assert_close(part, whole[:, start : start + block], rtol=0, atol=1e-12)


def test_one_cache_serves_blocks_of_all_sizes():
    model, x, labels = network(), tokens(2, (12,), 5), torch.tensor([0, 1])
    kept = model.writer(labels)
    for start, stop in ((0, 4), (4, 5), (5, 8), (8, 12)):
        alone = model.writer(labels)(x, start, stop)
        torch.testing.assert_close(kept(x, start, stop), alone, rtol=0, atol=1e-12)


def test_tokens_of_several_factors_and_hidden_vectors():
    model = network(tokens=(2, 3, 2))
    x = torch.full((2, 12), model.mask_token)
    assert model(x).shape == (2, 12, 13) and (model(x)[..., -1] == -math.inf).all()
    model, x = vectors(), torch.randn(2, 12, 3, generator=seeded()).double()
    seen = x.masked_fill(torch.arange(12)[:, None] == 3, torch.nan)
    assert model(seen).isfinite().all() and not torch.equal(model(seen), model(x))


def test_what_it_cannot_be_or_write_is_refused():
    for wrong in ({"groups": ()}, {"groups": (4, 8)}, {"tokens": 5, "vector": 3}, {"clock": 1}):
        with pytest.raises(ValueError, match="blocks need"):
            network(**wrong)
    for block in (0, 13, 1.5):
        with pytest.raises(ValueError, match="block="):
            network()(tokens(1, (12,), 4), None, None, block)
        with pytest.raises(ValueError, match="block="):
            bridges.sample(network(), nobody(1), shape=(3, 4), block=block)
    with pytest.raises(ValueError, match="steps=3"):
        bridges.sample(network(), nobody(1), shape=(3, 4), block=2, steps=3)


# Both ends


def in_turn(model):
    """The network at blocks of one, as a model of what comes next."""

    def ask(x, labels):
        flat = x.flatten(1)
        return model(torch.full_like(flat, model.mask_token), labels, flat, 1)[..., :-1].view(*x.shape, -1)

    return ask


def test_blocks_of_one_are_next_token_prediction():
    model, x, labels = network(), tokens(6, (3, 4), 4), torch.arange(6) % 4
    nats = autoregressive.nats(in_turn(model), x, labels)
    torch.testing.assert_close(bridges.bound(model, x, labels, 1), nats)
    torch.testing.assert_close(bridges.loss(model, (x, labels), blocks=(1,)), nats.mean() / 12)
    made = [
        bridges.sample(model, labels, shape=(3, 4), generator=seeded()),
        autoregressive.sample(in_turn(model), labels, shape=(3, 4), generator=seeded()),
    ]
    assert torch.equal(*made)


def test_the_probabilities_of_all_pictures_sum_to_one():
    model = network(grid=(2, 2), groups=(4,), tokens=4)
    x = torch.tensor(list(itertools.product(range(3), repeat=4)))
    assert bridges.bound(model, x, None, 1).neg().exp().sum() == pytest.approx(1, abs=1e-9)


def test_one_block_is_masked_prediction():
    model, x, labels = network(), tokens(6, (12,), 4), torch.arange(6) % 4
    order = bridges.ranks(6, 12, 12, seeded()).argsort(1)
    torch.testing.assert_close(
        bridges.bound(model, x, labels, 12, generator=seeded()), masked.nats_in_order(model, x, labels, order)
    )


@pytest.mark.parametrize("block", (2, 5))
def test_the_loss_is_the_bound_a_token(block):
    model, x, labels = network(), tokens(1, (12,), 4).expand(1000, -1), nobody(1000)
    loss = bridges.loss(model, (x, labels), blocks=(block,), generator=seeded())
    paid = bridges.bound(model, x, labels, block, generator=seeded(1))
    assert abs(loss * 12 - paid.mean()) < 0.3


# A model that cannot be wrong


@pytest.mark.parametrize("block", (1, 2, 3))
def test_one_at_a_time_the_law_is_exact_whatever_the_block(block):
    model = joint()
    made = bridges.sample(model, nobody(6000), shape=(1, 3), block=block, generator=seeded())
    assert likely(counted(made.flatten(1), 3), model.p)


def test_several_at_once_are_drawn_apart():
    model = joint()
    made = bridges.sample(model, nobody(6000), shape=(1, 3), block=3, steps=1, generator=seeded())
    first = torch.stack([model(torch.full((1, 3), 3), None)[0, i, :3].softmax(-1) for i in range(3)])
    apart = torch.einsum("a,b,c->abc", *first).flatten()
    assert likely(counted(made.flatten(1), 3), apart) and not likely(counted(made.flatten(1), 3), model.p)


@pytest.mark.parametrize("block", (1, 2, 6, 36))
def test_a_perfect_network_pays_the_same_bits_at_every_block_size(block):
    oracle, n = Oracle(), 3
    cells, ground = scenes.sample(n, seeded(3))
    x = scenes.ids(scenes.tokens(cells, ground))
    paid = bridges.bound(InBlocks(oracle), x, nobody(n), block, generator=seeded(block))
    exact = -oracle.log_p(cells, ground, torch.full_like(x, oracle.mask_token))
    torch.testing.assert_close(paid, exact, rtol=1e-6, atol=1e-6)


def test_writing_only_what_is_certain_tears_no_scene_and_saves_passes():
    calls = []
    made = bridges.sample(
        Oracle(), nobody(4), shape=(6, 6), block=36, certain=1 - 1e-6, generator=seeded(),
        callback=lambda i, x: calls.append(i),
    )  # fmt: skip
    cells, _, sure = scenes.parse(scenes.from_tokens(scenes.from_ids(made.flatten(1))))
    assert sure.all() and ((cells > 0).sum(1) >= 1).all()
    assert calls == list(range(len(calls))) and len(calls) - 1 < 25  # of 36


# Drawing


@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize("scale", (1.0, 2.0))
def test_drawing_with_a_memory_is_drawing_without(block, scale):
    dials = {"labels": torch.arange(4) % 3, "block": block, "steps": min(block, 2), "guidance": scale}
    model, there = network(), {"shape": (3, 4)}
    a, b = (bridges.sample(m, generator=seeded(), **there, **dials) for m in (model, Forgetful(model, block)))
    assert torch.equal(a, b)
    model, there = vectors(), {"shape": (12, 3)}
    a, b = (bridges.sample_vectors(m, generator=seeded(), **there, **dials) for m in (model, Forgetful(model, block)))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


@given(st.integers(1, 12), st.integers(1, 12))
def test_as_many_passes_as_were_asked_and_no_mask_is_left(block, steps):
    calls, steps = [], min(block, steps)
    x = bridges.sample(
        joint(2),
        nobody(2),
        shape=(1, 2),
        block=min(block, 2),
        steps=min(steps, 2),
        callback=lambda i, x: calls.append(i),
    )
    assert (x < 3).all() and calls[0] == 0
    model, calls = network(), []
    bridges.sample(model, nobody(1), shape=(3, 4), block=block, steps=steps, callback=lambda i, x: calls.append(i))
    assert len(calls) - 1 == sum(min(steps, 12 - start, block) for start in range(0, 12, block))


def test_a_picture_does_not_depend_on_its_batch():
    model, labels = network(), torch.arange(3)
    many = bridges.sample(model, labels, shape=(3, 4), block=5, steps=2, generator=seeded())
    streams = torch.randint(2**62, (3,), generator=seeded())
    assert len(streams) == 3 and torch.equal(
        many[:1], bridges.sample(model, labels[:1], shape=(3, 4), block=5, steps=2, generator=seeded())
    )


def test_what_is_known_stays():
    model, x, keep = network(), tokens(3, (3, 4), 4), torch.rand(3, 3, 4, generator=seeded()) < 0.5
    made = bridges.sample(model, nobody(3), shape=(3, 4), block=5, known=(x, keep), generator=seeded())
    assert torch.equal(made[keep], x[keep]) and (made < 4).all()
    model, x = vectors(), torch.randn(3, 12, 3, generator=seeded()).double()
    there = keep.flatten(1)[..., None].expand(-1, -1, 3)
    made = bridges.sample_vectors(model, nobody(3), shape=(12, 3), block=12, known=(x, there), generator=seeded())
    assert torch.equal(made[there], x[there]) and made.isfinite().all()


# Vectors


class Gaussian:
    """Each vector of two numbers is the one before it, halved, plus noise of deviation .5; the head is exact."""

    null = 1

    def writer(self, labels):
        def look(x, start, stop):
            before = torch.cat([x.new_zeros(len(x), 1, 2), x], 1)[:, start:stop]
            return before.nan_to_num() / 2

        return look

    def head(self, x, t, z):
        t = t[..., None]
        data = z + (1 - t) * 0.25 / ((1 - t) ** 2 * 0.25 + t**2) * (x - (1 - t) * z)
        return (x - data) / t.clamp(min=1e-3)


def test_an_exact_head_draws_the_exact_law():
    made = bridges.sample_vectors(Gaussian(), nobody(4000), shape=(3, 2), head_steps=20, generator=seeded())
    wanted = 0.25
    for i in range(3):
        assert abs(made[:, i].mean()) < 0.05 and made[:, i].var() == pytest.approx(wanted, rel=0.1)
        wanted = 0.25 + wanted / 4
    assert stats.pearsonr(made[:, 0, 0], made[:, 1, 0]).pvalue < UNLIKELY
    euler = {"head_steps": 1, "solver": flow.euler}
    one = bridges.sample_vectors(Gaussian(), nobody(4000), shape=(3, 2), generator=seeded(), **euler)
    assert one[:, 0].var() < 0.01  # one step gives the mean


def test_hidden_vectors_do_not_leak_into_the_loss_of_others():
    model, x = vectors(), torch.randn(2, 12, 3, generator=seeded()).double()
    seen = []
    model.register_forward_hook(lambda _, inputs, __: seen.append(inputs))
    value = bridges.loss(model, (x, nobody(2)), blocks=(12,), generator=seeded())
    given_, _, clean, block = seen[0]
    assert value.isfinite() and block == 12 and torch.equal(clean, x)
    assert given_.isnan().any() and torch.equal(given_[~given_.isnan()], x[~given_.isnan()])


def test_a_head_that_says_nothing_pays_the_size_of_the_velocity():
    model = BlockTransformer(
        TransformerConfig(grid=(3, 4), vector=3, classes=3, width=16, depth=1, heads=2, groups=(12,))
    )
    x = torch.randn(400, 12, 3, generator=seeded())
    for block in SIZES:
        loss = bridges.loss(model, (x, nobody(400)), blocks=(block,), generator=seeded())
        assert loss.item() == pytest.approx(2, rel=0.05)
