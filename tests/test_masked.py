"""methods/masked.py: what is hidden and shown when, exact laws from closed forms, and the price of guessing at once."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tiny import tokens, transformer

from course_lib.methods import masked

UNLIKELY = 1e-4  # seeds are fixed: a right sampler fails one seed in 10,000, and then always
ORDERS = {"random": masked.random, "raster": masked.raster, "confidence": masked.confidence}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(dtype: torch.dtype = torch.float64, **changes):
    """A bidirectional transformer on a 3×4 grid of 4 tokens and the mask."""
    return transformer(dtype, groups=(12,), **changes)


class Joint:
    """A law over all pictures of T tokens, and its exact conditionals: a model that can't be wrong.

    The mask's own logit is huge, so that whoever does not leave it out is found out.
    """

    def __init__(self, p: torch.Tensor):
        self.T, self.mask_token, self.null = p.ndim, p.shape[0], 1
        self.states = torch.tensor(list(itertools.product(range(self.mask_token), repeat=self.T)))  # [K^T, T]
        self.p, self.one_hot, self.seen = p.flatten().double(), F.one_hot(self.states).double(), []

    def __call__(self, x, labels):
        self.seen.append(x.clone())
        fits = ((x[:, None] == self.states) | (x[:, None] == self.mask_token)).all(-1).double() * self.p  # [B, K^T]
        logits = torch.einsum("bs,stk->btk", fits, self.one_hot).log() - fits.sum(1)[:, None, None].log()
        return torch.cat([logits, torch.full((*x.shape, 1), 99.0)], -1)


def joint(T: int = 3, K: int = 3, seed: int = 0) -> Joint:
    return Joint(torch.randn((K,) * T, generator=seeded(seed), dtype=torch.float64).mul(1.5).exp())


class Inconsistent:
    """Any conditionals at all: the logits are a fixed random function of what is seen, of no law over pictures."""

    def __init__(self, T: int = 4, K: int = 3):
        self.T, self.mask_token, self.seen = T, K, []
        self.table = torch.randn(((K + 1) ** T, T, K + 1), generator=seeded(), dtype=torch.float64) * 1.5

    def __call__(self, x, labels):
        self.seen.append(x.clone())
        return self.table[x @ (self.mask_token + 1) ** torch.arange(self.T)]


def counted(x: torch.Tensor, K: int) -> np.ndarray:
    """How often each picture `[N, T]` occurs, in the order of `itertools.product`."""
    T = x.shape[1]
    return np.bincount(x @ K ** torch.arange(T - 1, -1, -1), minlength=K**T)


def likely(counts: np.ndarray, expected: torch.Tensor) -> bool:
    expected = (expected.double() / expected.double().sum()).numpy() * counts.sum()
    possible = expected > 0
    assert not counts[~possible].any()
    return stats.chisquare(counts[possible], expected[possible]).pvalue > UNLIKELY


def nobody(n: int) -> torch.Tensor:
    return torch.zeros(n, dtype=torch.long)


# Hiding


@given(st.data(), st.integers(1, 12), st.integers(0, 99))
def test_as_many_are_hidden_as_was_asked(data, T, seed):
    counts = torch.tensor(data.draw(st.lists(st.integers(0, T), min_size=1, max_size=6)))
    x = tokens(len(counts), (T,), seed=seed)
    seen, hidden = masked.hide(x, counts, 5, seeded(seed))
    assert torch.equal(hidden.sum(1), counts)
    assert (seen[hidden] == 5).all() and torch.equal(seen[~hidden], x[~hidden])


def test_every_set_of_places_is_as_likely_to_be_hidden():
    n, T = 20_000, 5
    _, hidden = masked.hide(nobody(n)[:, None].expand(n, T), torch.full((n,), 2), 1, seeded())
    counts = np.bincount(hidden.long() @ 2 ** torch.arange(T), minlength=32)
    assert (counts > 0).sum() == 10  # pairs of five
    assert stats.chisquare(counts[counts > 0]).pvalue > UNLIKELY


@given(st.integers(1, 60))
def test_the_cosine_hides_all_at_one_and_never_nothing(T):
    u = torch.linspace(0, 1, 1001)
    counts = masked.cosine(u, T)
    assert counts[0] == 1 and counts[-1] == T and (counts.diff() >= 0).all()
    # arcsine law: n or fewer are hidden while sin(π u / 2) <= n / T
    for n in range(1, T):
        assert abs((counts <= n).float().mean().item() - 2 / math.pi * math.asin(n / T)) < 0.002


@given(st.integers(1, 80), st.data())
def test_a_schedule_shows_everything_once(T, data):
    steps = data.draw(st.integers(1, T))
    counts = masked.schedule(T, steps)
    assert len(counts) == steps and sum(counts) == T and min(counts) >= 1
    for i, shown in enumerate(itertools.accumulate(counts), 1):
        assert shown <= T * i / steps + 1  # never ahead of even steps: few at first
    assert masked.schedule(T, T) == [1] * T and masked.schedule(T, 1) == [T]


# The loss


def test_the_loss_is_that_of_hidden_tokens_alone():
    model, x, labels = network(), tokens(6, (3, 4), 4), torch.arange(6) % 4
    seen = []
    model.register_forward_hook(lambda _, inputs, __: seen.append(inputs))
    value = masked.loss(model, (x, labels), generator=seeded())
    given_, given_labels = seen[0]
    hidden = given_ == 4
    assert hidden.any() and torch.equal(given_[~hidden], x[~hidden]) and torch.equal(given_labels, labels)
    p = model(given_, labels)[..., :4].softmax(-1).gather(-1, x[..., None])[..., 0]  # four tokens share all of it
    torch.testing.assert_close(value, -p[hidden].log().mean())
    torch.testing.assert_close(masked.loss(model, (x.flatten(1), labels), generator=seeded()), value)


def test_hidden_counts_follow_the_cosine():
    n, T, seen = 8000, 6, []

    def model(x, labels):
        seen.append((x == 4).sum(1))
        return torch.zeros(*x.shape, 5)

    model.mask_token = 4
    value = masked.loss(model, (tokens(n, (T,), 4), nobody(n)), generator=seeded())
    assert value.item() == pytest.approx(math.log(4), abs=1e-5)  # of four, not five
    share = torch.tensor([2 / math.pi * math.asin(k / T) for k in range(T + 1)]).diff()
    assert likely(np.bincount(seen[0], minlength=T + 1)[1:], share)


def test_labels_are_dropped_where_asked():
    seen = []

    def model(x, labels):
        seen.append(labels)
        return torch.zeros(*x.shape, 5)

    model.mask_token, model.null = 4, 3
    x, labels = tokens(4000, (2,), 4), torch.arange(4000) % 3
    masked.loss(model, (x, labels), drop=0.25, generator=seeded())
    gone = seen[0] == 3
    assert torch.equal(seen[0][~gone], labels[~gone])
    assert abs(gone.float().mean() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 4000)  # five standard errors


def test_the_mask_is_the_last_of_the_vocabulary():
    assert network().mask_token == 4 and joint(K=3).mask_token == 3
    model, x = network(), tokens(2, (3, 4), 5)
    assert torch.equal(masked.predict(model, x, None), model(x)[..., :4])


# The bound


def sets(T: int) -> list[tuple[int, ...]]:
    return [s for n in range(1, T + 1) for s in itertools.combinations(range(T), n)]


def price(model, x: torch.Tensor, hidden: tuple[int, ...]) -> float:
    """T/n times the cross-entropies of the n hidden tokens of `x [T]`."""
    seen = x.clone()
    seen[list(hidden)] = model.mask_token
    log_p = model(seen[None], None)[0, :, :-1].log_softmax(-1)
    return -sum(log_p[i, x[i]].item() for i in hidden) * len(x) / len(hidden)


def expected(model, x: torch.Tensor) -> float:
    """The bound, exactly: the number of hidden tokens is uniform, and so is which they are."""
    T = len(x)
    return sum(price(model, x, s) / (T * math.comb(T, len(s))) for s in sets(T))


def one_by_one(model, x: torch.Tensor, order: tuple[int, ...]) -> float:
    """-log p of `x [T]`, written in that order."""
    seen, nats = torch.full_like(x, model.mask_token), 0.0
    for i in order:
        nats -= model(seen[None], None)[0, i, :-1].log_softmax(-1)[x[i]].item()
        seen[i] = x[i]
    return nats


@pytest.mark.parametrize("make", [joint, Inconsistent])
def test_the_bound_is_the_mean_over_all_orders(make):
    model = make()
    for x in (tokens(1, (model.T,), 3, seed=seed)[0] for seed in range(3)):
        orders = [one_by_one(model, x, order) for order in itertools.permutations(range(model.T))]
        assert abs(expected(model, x) - np.mean(orders)) < 1e-12
        if make is joint:  # exact conditionals: every order pays the same, and the bound is tight
            p = model.p[(model.states == x).all(1)].item() / model.p.sum().item()
            assert np.ptp(orders) < 1e-12 and abs(expected(model, x) + math.log(p)) < 1e-12
        else:
            assert np.ptp(orders) > 0.1  # no law: each order has its own price


def test_an_estimate_of_the_bound_is_one_fair_draw_of_it():
    model, n = Inconsistent(), 12_000
    x = tokens(1, (4,), 3)[0]
    every = {s: price(model, x, s) for s in sets(4)}
    model.seen.clear()
    drawn = masked.bound(model, x.expand(n, 4), None, generator=seeded())
    hidden = [tuple(row.nonzero()[:, 0].tolist()) for row in model.seen[0] == 3]
    torch.testing.assert_close(drawn, torch.tensor([every[s] for s in hidden], dtype=torch.float64), atol=1e-12, rtol=0)
    chance = torch.tensor([1 / (4 * math.comb(4, len(s))) for s in every])
    assert likely(np.bincount([list(every).index(s) for s in hidden], minlength=len(every)), chance)
    assert abs(drawn.mean() - expected(model, x)) < 5 * drawn.std() / math.sqrt(n)  # five standard errors
    two = masked.bound(model, x.expand(n, 4), None, draws=2, generator=seeded())
    again = seeded()
    each = [masked.bound(model, x.expand(n, 4), None, generator=again) for _ in range(2)]
    torch.testing.assert_close(two, (each[0] + each[1]) / 2)


def test_the_bound_of_a_network_takes_grids_and_labels():
    model, x, labels = network(), tokens(3, (3, 4), 4), torch.tensor([0, 1, 3])
    value = masked.bound(model, x, labels, generator=seeded())
    assert value.shape == (3,) and value.dtype == torch.float64 and (value > 0).all()
    torch.testing.assert_close(masked.bound(model, x.flatten(1), labels, generator=seeded()), value)


# Orders


@given(st.integers(1, 7), st.integers(1, 7))
def test_halton_visits_every_place_once(rows, columns):
    T = rows * columns
    rank = masked.halton((rows, columns))(torch.zeros(2, T), torch.zeros(2, T), 0.0)
    assert rank.shape == (2, T) and torch.equal(rank[0], rank[1])
    assert sorted(-rank[0]) == list(range(T))


def test_halton_spreads_what_comes_early():
    order = masked.halton((8, 8))(torch.zeros(1, 64), torch.zeros(1, 64), 0.0)[0].argsort(descending=True)
    places = torch.stack([order // 8, order % 8], 1)[:8].float()
    apart = torch.cdist(places, places) + 99 * torch.eye(8)
    assert apart.min() > 1  # of the first eight no two share a side; read row by row, all would
    quarters = (places // 4).long() @ torch.tensor([2, 1])
    assert quarters.bincount(minlength=4).min() >= 1


def test_raster_reads_and_random_does_not_look():
    log_p, u = torch.randn(2, 6), torch.rand(2, 6)
    assert torch.equal(masked.raster(log_p, u, 0.0).argsort(1, descending=True), torch.arange(6).expand(2, 6))
    assert torch.equal(masked.random(log_p, u, 0.3), u)


def test_confidence_ends_with_the_surest_and_begins_at_random():
    log_p, n = torch.tensor([0.1, 0.2, 0.7]).log(), 20_000
    u = torch.rand(n, 3, generator=seeded())
    assert torch.equal(masked.confidence(log_p.expand(n, 3), u, 1.0), log_p.expand(n, 3))
    # Log p and Gumbel noise: the first place is drawn with probability p^(1 / noise).
    for noise, done in ((1.0, 0.0), (2.0, 0.5), (4.5, 0.0)):
        first = masked.confidence(log_p.expand(n, 3), u, torch.tensor([[done]]), noise).argmax(1)
        heat = noise * (1 - done)
        assert likely(np.bincount(first, minlength=3), (log_p / heat).exp())


# Samples


@given(
    st.integers(1, 12), st.sampled_from([*ORDERS, "halton"]), st.integers(0, 99), st.sampled_from([0.0, 0.7, 1.0, 3.0])
)
def test_every_token_is_shown_once_and_stays(steps, order, seed, temperature):
    seen, labels = [], torch.tensor([0, 3])
    x = masked.sample(
        network(torch.float32, depth=1),
        labels,
        shape=(3, 4),
        steps=steps,
        temperature=temperature,
        order=ORDERS.get(order) or masked.halton((3, 4)),
        generator=seeded(seed),
        callback=lambda i, x: seen.append((i, x.clone())),
    )
    assert x.shape == (2, 3, 4) and x.dtype == torch.long and 0 <= x.min() and x.max() < 4  # no mask is left
    assert [i for i, _ in seen] == list(range(steps + 1))  # the start, and one call after each pass
    before = torch.full((2, 12), 4)
    assert torch.equal(seen[0][1], before)
    for (_, now), count in zip(seen[1:], masked.schedule(12, steps), strict=True):
        assert torch.equal(now[before != 4], before[before != 4])
        assert ((now != 4).sum(1) - (before != 4).sum(1) == count).all()
        before = now
    assert torch.equal(before, x.flatten(1))


@pytest.mark.parametrize(
    "order", [masked.raster, masked.random, masked.halton((1, 3))], ids=["raster", "random", "halton"]
)
def test_one_token_a_step_has_the_exact_law(order):
    model, n = joint(T=3, K=3), 8000
    x = masked.sample(model, nobody(n), shape=(3,), steps=3, order=order, generator=seeded(1))
    assert likely(counted(x, 3), model.p)


def test_row_by_row_it_is_the_sampler_of_what_comes_next():
    """A table of a token after the one before: in raster order no more is ever needed."""
    K, T, n = 3, 4, 8000
    rows = torch.randn(K + 1, K, generator=seeded(), dtype=torch.float64).mul(1.5).softmax(-1)  # last row: the first
    start = torch.full((n, 1), K)

    def model(x, labels):
        p = rows[torch.cat([start[: len(x)], x[:, :-1]], 1)]
        return torch.cat([p.log(), torch.full((*x.shape, 1), 99.0)], -1)

    model.mask_token = K
    x = masked.sample(model, nobody(n), shape=(T,), steps=T, order=masked.raster, generator=seeded(2))
    every = torch.tensor(list(itertools.product(range(K), repeat=T)))
    before = torch.cat([torch.full((len(every), 1), K), every[:, :-1]], 1)
    assert likely(counted(x, K), rows[before, every].prod(1))


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_bits_guessed_at_once_disagree_as_often_as_coins(bits):
    p = torch.zeros((2,) * bits)
    p[(0,) * bits] = p[(1,) * bits] = 0.5  # all alike
    model, n = Joint(p), 6000
    at_once = masked.sample(model, nobody(n), shape=(bits,), steps=1, generator=seeded(3))
    wrong = (at_once != at_once[:, :1]).any(1).double().mean().item()
    chance = 1 - 2 ** (1 - bits)
    assert abs(wrong - chance) < 5 * math.sqrt(chance * (1 - chance) / n)  # five standard errors
    model = Joint(p)
    in_turn = masked.sample(model, nobody(n), shape=(bits,), steps=bits, generator=seeded(3))
    assert (in_turn == in_turn[:, :1]).all()
    half = in_turn[:, 0].double().mean().item()
    assert abs(half - 0.5) < 5 * math.sqrt(0.25 / n)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_temperature_is_a_power(temperature):
    p = torch.tensor([0.6, 0.3, 0.08, 0.02])
    x = masked.sample(Joint(p), nobody(20_000), shape=(1,), steps=1, temperature=temperature, generator=seeded(4))
    assert likely(counted(x, 4), p.double() ** (1 / temperature))


def test_without_heat_only_the_likeliest_is_guessed():
    model, labels = network(torch.float32), torch.tensor([0, 1, 2])
    sample = partial(masked.sample, model, labels, shape=(3, 4), steps=12, order=masked.raster)
    cold = sample(temperature=0.0, generator=seeded())
    for seed, temperature in enumerate((0.0, 1e-300, 1e-40, 1e-6)):
        assert torch.equal(sample(temperature=temperature, generator=seeded(seed)), cold)
    x = torch.full((3, 12), 4)
    for i in range(12):
        x[:, i] = model(x, labels)[:, i, :4].argmax(-1)
    assert torch.equal(x.view(3, 3, 4), cold)


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.5])
def test_guided_samples_follow_the_product_of_powers(scale):
    p = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]], dtype=torch.float64)  # the second: no label

    def model(x, labels):
        return torch.cat([p[labels][:, None].log(), torch.full((len(x), 1, 1), 9.0)], -1)

    model.mask_token, model.null = 3, 1
    x = masked.sample(model, nobody(20_000), shape=(1,), steps=1, guidance=scale, generator=seeded(5))
    assert likely(counted(x, 3), p[0] ** scale * p[1] ** (1 - scale))


def test_scale_one_is_the_class_and_zero_is_no_class():
    model, labels = network(), torch.tensor([0, 1, 2])

    def sample(labels, scale):
        return masked.sample(model, labels, shape=(3, 4), steps=5, guidance=scale, generator=seeded())

    plain = sample(labels, 1.0)
    assert torch.equal(sample(labels, 1 + 1e-9), plain)  # through the doubled batch
    assert torch.equal(sample(labels, 0.0), sample(torch.full_like(labels, 3), 1.0))
    assert not torch.equal(sample(labels, 0.0), plain)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_picture_is_the_same_in_any_batch(order, scale):
    model, labels = network(torch.float32), torch.arange(8) % 4

    def sample(labels, generator):
        dials = {"steps": 5, "guidance": scale, "order": ORDERS[order]}
        return masked.sample(model, labels, shape=(3, 4), generator=generator, **dials)

    whole = sample(labels, seeded(1))
    for size in (1, 3, 8):
        assert torch.equal(sample(labels[:size], seeded(1)), whole[:size])
    generator = seeded(1)
    assert torch.equal(torch.cat([sample(part, generator) for part in labels.split([3, 1, 4])]), whole)
    assert not torch.equal(sample(labels, seeded(2)), whole)


def test_sampling_leaves_the_global_seed_alone():
    model, before = network(), torch.get_rng_state()
    masked.sample(model, torch.tensor([0]), shape=(3, 4), generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


# Filling in


@given(st.integers(1, 12), st.integers(0, 99), st.sampled_from(sorted(ORDERS)))
def test_known_tokens_never_change(steps, seed, order):
    given_ = tokens(4, (12,), 4, seed)
    kept = torch.rand(4, 12, generator=seeded(seed)) < torch.tensor([[0.0], [0.3], [0.8], [1.0]])
    kept[3], seen = True, []
    given_[~kept] = -7  # what is not kept is not looked at
    x = masked.sample(
        network(torch.float32, depth=1),
        torch.arange(4),
        shape=(3, 4),
        steps=steps,
        known=(given_.view(4, 3, 4), kept.view(4, 3, 4)),
        order=ORDERS[order],
        generator=seeded(seed),
        callback=lambda i, x: seen.append(x.clone()),
    ).flatten(1)
    assert x.min() >= 0 and x.max() < 4
    assert all(torch.equal(now[kept], given_[kept]) for now in [*seen, x])
    assert len(seen) == 1 + max(min(steps, n) for n in (~kept).sum(1).tolist())
    for row, n in enumerate((~kept).sum(1).tolist()):  # each picture by its own schedule
        shown = [int((now[row] != 4).sum()) for now in seen]
        counts = masked.schedule(n, min(steps, n)) if n else []
        wanted = list(itertools.accumulate(counts, initial=12 - n))
        assert shown == (wanted + [12] * len(shown))[: len(shown)]


@pytest.mark.parametrize("order", ORDERS)
def test_a_picture_is_filled_in_the_same_beside_any_other(order):
    model, labels, x = network(torch.float32), torch.arange(6) % 4, tokens(6, (12,), 4)
    kept = torch.arange(12) < torch.tensor([0, 2, 5, 9, 11, 12])[:, None]  # from nothing to everything

    def sample(rows, generator):
        known = (x[rows], kept[rows])
        dials = {"steps": 7, "order": ORDERS[order], "known": known}
        return masked.sample(model, labels[rows], shape=(12,), generator=generator, **dials)

    whole = sample(slice(None), seeded(1))
    generator = seeded(1)
    parts = [sample(slice(i, i + size), generator) for i, size in ((0, 1), (1, 2), (3, 3))]
    assert torch.equal(torch.cat(parts), whole)
    generator = seeded(1)
    assert torch.equal(torch.cat([sample(slice(i, i + 1), generator) for i in range(6)]), whole)


def test_filling_in_one_by_one_has_the_exact_conditional_law():
    model, n = joint(T=3, K=3, seed=1), 8000
    known = (torch.tensor([[0, 2, 0]]).expand(n, 3), torch.tensor([[False, True, False]]).expand(n, 3))
    x = masked.sample(model, nobody(n), shape=(3,), steps=3, order=masked.random, known=known, generator=seeded(6))
    assert (x[:, 1] == 2).all()
    assert likely(counted(x, 3), model.p * (model.states[:, 1] == 2))


def test_nothing_hidden_costs_nothing():
    model, x = joint(), tokens(5, (3,), 3)
    out = masked.sample(model, nobody(5), shape=(3,), steps=2, known=(x, torch.ones(5, 3, dtype=torch.bool)))
    assert torch.equal(out, x) and not model.seen


# What a user may get wrong


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ({"steps": 0}, r"steps=0 must be a whole number in 1\.\.3"),
        ({"steps": 4}, "steps=4 must be"),
        ({"steps": 1.5}, "steps=1.5 must be"),
        ({"temperature": -0.1}, "temperature=-0.1 must be"),
        ({"temperature": math.nan}, "temperature=nan must be"),
        ({"temperature": math.inf}, "temperature=inf must be"),
        ({"guidance": math.nan}, "guidance=nan must be a number"),
        (
            {"known": (nobody(2)[:, None], torch.ones(2, 3).bool())},
            r"known must be \(x, keep\), both of shape \[2, 3\]",
        ),
        ({"known": (tokens(2, (3,), 3), torch.ones(2, 3))}, "keep boolean, not .*torch.float32"),
        ({"known": (tokens(2, (3,), 3) + 3, torch.ones(2, 3).bool())}, r"tokens lie in 0\.\.2"),
        ({"known": (tokens(2, (3,), 3) - 9, torch.ones(2, 3).bool())}, r"whole numbers from 0"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_runs(dials, says):
    model, generator = joint(), seeded()
    with pytest.raises(ValueError, match=says):
        masked.sample(model, nobody(2), shape=(3,), generator=generator, **{"steps": 2} | dials)
    assert not model.seen and torch.equal(generator.get_state(), seeded().get_state())


def test_labels_that_are_none_are_named():
    for labels, says in ((nobody(0), "labels is empty"), ([0], "must be a tensor")):
        with pytest.raises(ValueError, match=says):
            masked.sample(joint(), labels, shape=(3,), steps=2)
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.3"):
        masked.sample(network(), torch.tensor([4]), shape=(3, 4))


def test_guidance_needs_a_null_label():
    model = Inconsistent()
    with pytest.raises(ValueError, match="guidance needs a model with a `null` label"):
        masked.sample(model, nobody(1), shape=(4,), steps=2, guidance=2.0)
    assert masked.sample(model, nobody(1), shape=(4,), steps=2).shape == (1, 4)
