"""autoregressive, guidance, logistic_mixture, levels: probabilities that sum to 1, and samples that follow them."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tiny import denoiser, pixelcnn, tokens, transformer
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from course_lib import runtime
from course_lib.data import levels as grey
from course_lib.methods import autoregressive as ar
from course_lib.methods import guidance, logistic_mixture
from course_lib.methods.shapes import beginning


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Table:
    """A model in closed form: `start [Y, K]` and `next [Y, K, K]` are probabilities of a token after the one before."""

    def __init__(self, K: int = 4, classes: int = 2, seed: int = 0):
        rows = torch.randn(classes, K + 1, K, generator=seeded(seed), dtype=torch.float64).mul(1.5).softmax(-1)
        self.start, self.next, self.null, self.calls = rows[:, 0], rows[:, 1:], classes - 1, 0

    def __call__(self, x, labels):
        self.calls += 1
        first = self.start[labels][:, None]
        return torch.cat([first, self.next[labels[:, None], x[:, :-1]]], dim=1).log()


def chi_square(counts: np.ndarray, expected: np.ndarray) -> float:
    """p-value of counts against expected probabilities; what can't happen must not have happened."""
    possible = expected > 0
    assert not counts[~possible].any()
    return stats.chisquare(counts[possible], expected[possible] / expected.sum() * counts.sum()).pvalue


UNLIKELY = 1e-4  # seeds are fixed: a right sampler fails one seed in 10,000, and then always


# Probabilities


@pytest.mark.parametrize(
    "make",
    [
        lambda size, levels: transformer(grid=size, tokens=levels),
        lambda size, levels: transformer(grid=size, tokens=levels, context=3),
        lambda size, levels: pixelcnn(size=size, levels=levels),
    ],
    ids=["transformer", "transformer with three label tokens", "pixelcnn"],
)
@pytest.mark.parametrize(("size", "levels"), [((2, 2), 2), ((2, 1), 3)])
def test_probabilities_of_all_pictures_sum_to_one(make, size, levels):
    model = make(size, levels)
    every = torch.tensor(list(itertools.product(range(levels), repeat=math.prod(size)))).view(-1, *size)
    assert len(every) == levels ** math.prod(size)
    for label in (*range(4), None):
        labels = None if label is None else torch.full((len(every),), label)
        p = (-ar.nats(model, every, labels)).exp()
        assert abs(p.sum().item() - 1) < 1e-12  # fp64
        assert p.std() > 0.01  # and they are no uniform distribution


def test_the_loss_is_the_mean_of_exact_nats():
    model, x, labels = transformer(), tokens(4, (12,)), torch.tensor([0, 1, 2, 3])
    p = model(x, labels).softmax(-1).gather(-1, x[..., None])  # the targets are the tokens themselves
    torch.testing.assert_close(ar.loss(model, (x, labels)), -p.log().mean())
    torch.testing.assert_close(ar.nats(model, x, labels), -p.log().sum((1, 2)))


def test_copying_the_past_pays_and_peeking_is_impossible():
    K = 4

    def copies(x, _):  # the logits at i repeat token i - 1
        before = torch.nn.functional.one_hot(x, K).double()[:, :-1] * 40
        return torch.cat([torch.zeros(len(x), 1, K), before], dim=1)

    constant = tokens(8, (1,), K).repeat(1, 6)
    assert abs(ar.loss(copies, (constant, None)).item() - math.log(K) / 6) < 1e-9  # only the first is unknown
    # Over all values of token i at random pictures, no causal model has a mean loss there under log K.
    for model in (transformer(tokens=K, context=2), pixelcnn(levels=K)):
        x = tokens(1, (3, 4), K)
        for i in range(12):
            every = x.flatten(1).repeat(K, 1)
            every[:, i] = torch.arange(K)
            p = model(every.view(K, 3, 4), None).flatten(1, 2)[:, i].log_softmax(-1)
            assert -p.diagonal().mean() >= math.log(K) - 1e-9


def test_labels_are_dropped_in_training_only_where_asked():
    seen = []

    def model(x, labels):
        seen.append(labels)
        return torch.zeros(*x.shape, 5)

    model.null = 3
    x, labels = tokens(4000, (2,)), torch.arange(4000) % 3
    ar.loss(model, (x, labels))
    ar.loss(model, (x, labels), drop=0.25, generator=seeded())
    assert torch.equal(seen[0], labels)
    gone = seen[1] == 3
    assert torch.equal(seen[1][~gone], labels[~gone])
    assert abs(gone.float().mean() - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 4000)  # five standard errors


# One draw


@given(seed=st.integers(0, 2**31), u=st.one_of(st.floats(0, 1, exclude_max=True, width=32), st.sampled_from([0.0])))
def test_a_draw_inverts_the_cumulative_distribution(seed, u):
    logits = torch.randn(1, 9, generator=seeded(seed)) * 3
    logits[0, torch.randperm(9, generator=seeded(seed))[:4]] = -math.inf
    token = ar.draw(logits, torch.tensor([u])).item()
    p = logits[0].double().softmax(-1)
    assert p[token] > 0
    below = p[:token].sum()
    assert below - 1e-6 <= u <= below + p[token] + 1e-6  # fp32


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_ends_of_the_interval_are_possible_tokens(dtype):
    for holes in ([0, 1, 8], [0, 8], [1, 2, 3], [0, 1, 2, 3, 5, 6, 7, 8]):
        logits = torch.randn(1000, 9, generator=seeded(), dtype=dtype) * 5
        logits[:, holes] = -math.inf
        kept = [i for i in range(9) if i not in holes]
        top = 1 - 2**-24  # the largest uniform number in fp32
        for u, wanted in ((0.0, kept[0]), (top, kept[-1]), (1.0, kept[-1])):
            drawn = ar.draw(logits, torch.full((1000,), u))
            assert set(drawn.tolist()) <= set(kept)
            if u == 0.0:
                assert (drawn == wanted).all()
            likely = logits.softmax(-1)[:, kept[-1]] > 1e-5  # more than rounding takes away
            assert u == 0.0 or (drawn[likely] == wanted).all()


def test_draws_follow_the_distribution_into_its_tail():
    p = torch.tensor([0.5, 0.3, 0.15, 0.04, 0.009, 0.001])
    n = 200_000  # 200 of the rarest
    drawn = ar.draw(p.log().expand(n, 6), torch.rand(n, generator=seeded(3)))
    assert chi_square(np.bincount(drawn, minlength=6), p.double().numpy()) > UNLIKELY


# Changed distributions


def changed(p: list[float], temperature: float, top_k: int, top_p: float) -> list[float]:
    """What `filter_logits` promises, the slow way: sharpen, keep the top_k, keep the fewest that reach top_p."""
    p = [x ** (1 / temperature) for x in p]
    order = sorted(range(len(p)), key=lambda i: -p[i])[: top_k or len(p)]
    total, kept, reached = sum(p[i] for i in order), [], 0.0
    for i in order:
        kept.append(i)
        reached += p[i] / total
        if reached >= top_p:
            break
    total = sum(p[i] for i in kept)
    return [p[i] / total if i in kept else 0.0 for i in range(len(p))]


SETTINGS = [(1.0, 0, 1.0), (0.5, 0, 1.0), (2.0, 0, 1.0), (1.0, 2, 1.0), (1.0, 0, 0.7), (0.7, 3, 0.8), (1.0, 1, 1.0)]


@pytest.mark.parametrize(("temperature", "top_k", "top_p"), SETTINGS)
def test_samples_of_a_table_have_its_frequencies(temperature, top_k, top_p):
    table, n = Table(K=3), 6000
    x = ar.sample(
        table,
        torch.zeros(n, dtype=torch.long),
        shape=(3,),
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        generator=seeded(4),
    )
    first = changed(table.start[0].tolist(), temperature, top_k, top_p)
    then = [changed(row, temperature, top_k, top_p) for row in table.next[0].tolist()]
    expected = np.array([first[a] * then[a][b] * then[b][c] for a, b, c in itertools.product(range(3), repeat=3)])
    counts = np.bincount(x @ torch.tensor([9, 3, 1]), minlength=27)
    if (expected > 0).sum() == 1:
        assert counts[expected > 0] == n
    else:
        assert chi_square(counts, expected) > UNLIKELY


@given(
    seed=st.integers(0, 2**31),
    temperature=st.floats(0, 1e300),
    top_k=st.integers(0, 12),
    top_p=st.floats(0, 1, exclude_min=True),
)
def test_a_changed_distribution_is_one_and_keeps_the_likeliest(seed, temperature, top_k, top_p):
    logits = torch.randn(3, 9, generator=seeded(seed)) * 10
    logits[1, 2:5] = -math.inf
    p = ar.filter_logits(logits, temperature, top_k, top_p).softmax(-1)
    assert (p.sum(-1) - 1).abs().max() < 1e-5  # fp32
    assert not p[1, 2:5].any()
    assert (p.gather(-1, logits.argmax(-1, keepdim=True)) == p.amax(-1, keepdim=True)).all()
    assert top_k == 0 or ((p > 0).sum(-1) <= top_k).all()


@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=8, unique=True),
    st.floats(0.2, 5),
    st.integers(0, 9),
    st.floats(0.01, 1),
)
def test_a_changed_distribution_is_the_promised_one(weights, temperature, top_k, top_p):
    p = torch.tensor(weights).double()
    p /= p.sum()
    wanted = changed(p.tolist(), temperature, top_k, top_p)
    near = np.cumsum(sorted(changed(p.tolist(), temperature, top_k, 1.0), reverse=True)) - top_p
    if np.abs(near).min() < 1e-9:  # rounding decides who reaches top_p
        return
    ours = ar.filter_logits(p.log()[None], temperature, top_k, top_p).softmax(-1)[0]
    np.testing.assert_allclose(ours, wanted, atol=1e-9)


def test_without_heat_only_the_likeliest_is_left():
    logits = torch.randn(50, 9, generator=seeded())
    for temperature in (0.0, 1e-300, 1e-40, 1e-6):
        p = ar.filter_logits(logits, temperature).softmax(-1)
        assert torch.equal(p, torch.nn.functional.one_hot(logits.argmax(-1), 9).float())
    labels = torch.tensor([0, 1, 2])
    greedy = ar.sample(transformer(), labels, shape=(12,), temperature=0, generator=seeded())
    assert torch.equal(greedy, ar.sample(transformer(), labels, shape=(12,), top_k=1, generator=seeded(9)))
    logits = transformer()(greedy, labels)
    assert torch.equal(logits.argmax(-1), greedy)


def test_all_tokens_and_all_probability_change_nothing():
    logits = torch.randn(5, 9, generator=seeded())
    for top_k in (0, 9, 100):
        torch.testing.assert_close(ar.filter_logits(logits, 1.0, top_k, 1.0).softmax(-1), logits.softmax(-1))


@given(
    seed=st.integers(0, 2**31),
    temperature=st.floats(0.1, 5),
    top_k=st.integers(1, 9),
    top_p=st.floats(0.05, 0.999),
)
def test_a_changed_distribution_is_the_peers(seed, temperature, top_k, top_p):
    logits = torch.randn(3, 9, generator=seeded(seed), dtype=torch.float64) * 3
    theirs = logits
    for warp in (TemperatureLogitsWarper(temperature), TopKLogitsWarper(top_k), TopPLogitsWarper(top_p)):
        theirs = warp(None, theirs)
    ours = ar.filter_logits(logits, temperature, top_k, top_p).softmax(-1)
    torch.testing.assert_close(ours, theirs.softmax(-1), atol=1e-12, rtol=0)  # fp64


# Whole pictures

causal = pytest.mark.parametrize(
    "make",
    [transformer, partial(transformer, context=3), pixelcnn],
    ids=["transformer", "transformer with three label tokens", "pixelcnn"],
)


@causal
@pytest.mark.parametrize("scale", [1.0, 0.0, 2.5])
def test_a_cache_changes_no_token(make, scale):
    model, labels = make(torch.float32), torch.tensor([0, 1, 2, 3, 0])
    fast, slow = (
        ar.sample(model, labels, shape=(3, 4), guidance=scale, generator=seeded(), cache=cache)
        for cache in (True, False)
    )
    assert fast.shape == (5, 3, 4) and fast.dtype == torch.long
    assert torch.equal(fast, slow)


@causal
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_picture_is_the_same_in_any_batch(make, scale):
    model, labels = make(torch.float32), torch.arange(8) % 4

    def sample(labels, generator):
        return ar.sample(model, labels, shape=(3, 4), guidance=scale, top_p=0.95, generator=generator)

    whole = sample(labels, seeded(1))
    for size in (1, 3, 8):
        assert torch.equal(sample(labels[:size], seeded(1)), whole[:size])
    generator = seeded(1)
    assert torch.equal(torch.cat([sample(part, generator) for part in labels.split([3, 1, 4])]), whole)
    assert not torch.equal(sample(labels, seeded(2)), whole)


@causal
@pytest.mark.parametrize("cache", [True, False])
def test_a_prefix_is_kept_and_continued(make, cache):
    model, labels = make(torch.float32), torch.tensor([0, 1, 2])
    whole = ar.sample(model, labels, shape=(3, 4), generator=seeded()).flatten(1)
    dials = {"shape": (3, 4), "cache": cache}
    for n in (0, 1, 7, 12):
        known = in_grid(beginning(whole[:, :n], 12))
        again = ar.sample(model, labels, generator=seeded(), known=known, **dials)
        assert torch.equal(again.flatten(1), whole)  # its own beginning, so its own end
    other = 4 - whole[:, :5]
    known = in_grid(beginning(other, 12))
    continued = ar.sample(model, labels, generator=seeded(), known=known, **dials).flatten(1)
    assert torch.equal(continued[:, :5], other) and not torch.equal(continued, whole)


@causal
@pytest.mark.parametrize("cache", [True, False])
def test_tokens_given_anywhere_are_kept_and_known_to_those_after_them(make, cache):
    model, labels = make(torch.float32), torch.tensor([0, 1, 2])
    x, keep = tokens(3, (3, 4), seed=3), torch.rand(3, 3, 4, generator=seeded(4)) < 0.5
    x = x.masked_fill(~keep, -7)  # what is not kept is not looked at
    made = ar.sample(model, labels, shape=(3, 4), generator=seeded(), known=(x, keep), cache=cache)
    assert torch.equal(made[keep], x[keep]) and made.min() >= 0
    # Each drawn token is the draw that its logits and its own chance give, whatever was given before it.
    u, logits = runtime.uniforms(3, (12,), seeded()), model(made, labels).flatten(1, 2)
    wanted = torch.stack([ar.draw(logits[:, i], u[:, i]) for i in range(12)], 1).view(3, 3, 4)
    assert torch.equal(made[~keep], wanted[~keep])


def test_a_whole_prefix_is_read_in_one_step():
    model, read = transformer(), []
    model.decoder = lambda labels, real=model.decoder: counted(real(labels), read)
    known = in_grid(beginning(tokens(2, (7,)), 12))
    ar.sample(model, torch.tensor([0, 1]), shape=(3, 4), generator=seeded(), known=known)
    assert read == [0, 7, 8, 9, 10, 11]  # the first to learn how many tokens there are


def counted(step, read: list):
    def one(tokens, i):
        read.append(i)
        return step(tokens, i)

    return one


def in_grid(known):
    return tuple(part.view(-1, 3, 4) for part in known)


def test_progress_leaves_by_callback():
    seen = []
    x = ar.sample(
        transformer(),
        torch.tensor([0, 1]),
        shape=(12,),
        generator=seeded(),
        known=beginning(tokens(2, (4,)), 12),
        callback=lambda i, x: seen.append((i, x.clone())),
    )
    assert [i for i, _ in seen] == [0, *range(5, 13)]  # the start, and one call after each new token
    for i, so_far in seen:
        assert torch.equal(so_far[:, : max(i, 4)], x[:, : max(i, 4)]) and not so_far[:, max(i, 4) :].any()


def test_sampling_leaves_the_global_seed_alone():
    model, before = transformer(), torch.get_rng_state()
    ar.sample(model, torch.tensor([0]), shape=(12,), generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


# Guidance


@given(seed=st.integers(0, 2**31), w=st.floats(-2, 8))
def test_guided_logits_are_a_product_of_powers(seed, w):
    cond, uncond = torch.randn(2, 3, 6, dtype=torch.float64, generator=seeded(seed)).log_softmax(-1)
    wanted = cond.exp() ** w * uncond.exp() ** (1 - w)
    wanted = wanted / wanted.sum(-1, keepdim=True)
    torch.testing.assert_close(guidance.combine(cond, uncond, w).softmax(-1), wanted)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 3.0])
def test_guided_samples_of_a_table_follow_it_step_by_step(scale):
    table, n = Table(K=3), 6000  # class 1 is "no label"
    x = ar.sample(table, torch.zeros(n, dtype=torch.long), shape=(2,), guidance=scale, generator=seeded(5))
    first, then = (rows[0] ** scale * rows[1] ** (1 - scale) for rows in (table.start, table.next))
    first, then = first / first.sum(), then / then.sum(-1, keepdim=True)
    expected = (first[:, None] * then).flatten().numpy()
    assert chi_square(np.bincount(x @ torch.tensor([3, 1]), minlength=9), expected) > UNLIKELY


@causal
def test_scale_one_is_the_class_and_zero_is_no_class(make):
    model, labels = make(torch.float64), torch.tensor([0, 1, 2])
    nothing = torch.full_like(labels, model.null)

    def sample(labels, scale):
        return ar.sample(model, labels, shape=(3, 4), guidance=scale, generator=seeded())

    plain = sample(labels, 1.0)
    assert torch.equal(sample(labels, 1 + 1e-9), plain)  # through the doubled batch
    assert torch.equal(sample(labels, 0.0), sample(nothing, 1.0))
    assert not torch.equal(sample(labels, 0.0), plain)


def test_a_guided_callable_is_one_doubled_call():
    calls = []

    def model(x, t, labels):
        calls.append(len(x))
        return x * t[:, None] + labels[:, None]

    x, t, labels = torch.ones(2, 3), torch.tensor([0.5, 2.0]), torch.tensor([1, 2])
    out = guidance.guided(model, 3.0, null=7)(x, t, labels)
    assert calls == [4]
    torch.testing.assert_close(out, x * t[:, None] + 7 + 3.0 * (labels[:, None] - 7))
    assert guidance.guided(model, 1.0) is model


@given(share=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_dropped_labels_become_the_null_label(share, seed):
    labels = torch.arange(200) % 10
    kept = guidance.drop_labels(labels, share, 10, seeded(seed))
    assert ((kept == labels) | (kept == 10)).all()
    assert share != 0 or torch.equal(kept, labels)
    assert share != 1 or (kept == 10).all()
    assert torch.equal(kept, guidance.drop_labels(labels, share, 10, seeded(seed)))


@given(share=st.floats(0.1, 0.9), seed=st.integers(0, 2**31), n=st.integers(1, 10))
def test_all_labels_of_a_picture_are_dropped_together(share, seed, n):
    labels = torch.randint(10, (300, n), generator=seeded(seed))
    kept = guidance.drop_labels(labels, share, 10, seeded(seed))
    gone = (kept == 10).all(1)
    assert torch.equal(kept[~gone], labels[~gone]) and (kept[gone] == 10).all()
    # The same pictures as with one label each, whatever n is.
    assert torch.equal(gone, guidance.drop_labels(labels[:, 0], share, 10, seeded(seed)) == 10)
    assert abs(gone.float().mean() - share) < 5 * math.sqrt(share * (1 - share) / 300)  # five standard errors


# The discretised mixture of logistics


def mixture(shape=(6, 9), dtype=torch.float64, seed=0) -> torch.Tensor:
    """Three parts each: weights, means around [-1, 1], log-scales from far under the clamp to far wider than a byte."""
    weights, means, scales = torch.rand(3, *shape[:-1], shape[-1] // 3, dtype=dtype, generator=seeded(seed))
    return torch.cat([weights * 6 - 3, means * 3 - 1.5, scales * 12 - 9], dim=-1)


# The bins telescope, so only rounding is left: of 256 numbers, and of x and the mean before they meet a scale of e^7.
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_a_mixture_sums_to_one_over_all_levels(dtype, tolerance):
    p = logistic_mixture.log_probs(mixture((300, 9), dtype)).exp()
    assert p.shape == (300, 256)
    assert (p.sum(-1) - 1).abs().max() < tolerance
    for levels in (2, 7):
        p = logistic_mixture.log_probs(mixture((50, 9), dtype), levels).exp()
        assert p.shape == (50, levels) and (p.sum(-1) - 1).abs().max() < tolerance


def test_a_mixture_is_what_it_says():
    parameters = torch.tensor([0.4, -0.3, 0.2, -0.5, -2.0, -1.0], dtype=torch.float64)
    weights, means, scales = (part.numpy() for part in parameters.chunk(3))
    edges = np.concatenate([[-np.inf], -1 + (2 * np.arange(255) + 1) / 255, [np.inf]])  # the ends take the tails
    weights = np.exp(weights) / np.exp(weights).sum()
    wanted = sum(w * np.diff(stats.logistic.cdf(edges, m, np.exp(s))) for w, m, s in zip(weights, means, scales))
    np.testing.assert_allclose(logistic_mixture.log_probs(parameters).exp(), wanted, rtol=1e-9)


def test_log_probs_agree_with_log_prob():
    parameters, x = mixture((40, 9)), tokens(40, (), 256)
    wanted = logistic_mixture.log_probs(parameters).gather(-1, x[:, None])[:, 0]
    torch.testing.assert_close(logistic_mixture.log_prob(parameters, x), wanted)


def test_scales_are_clamped():
    thin, thinner = (torch.tensor([0.0, 1 / 255, scale], dtype=torch.float64) for scale in (-7.0, -20.0))  # level 128
    p = logistic_mixture.log_probs(thin).exp()
    torch.testing.assert_close(p, logistic_mixture.log_probs(thinner).exp())
    assert abs(p[128].item() - math.tanh(math.exp(7) / 255 / 2)) < 1e-9  # 0.973: no pixel costs under 0.039 bits


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_of_a_mixture_are_finite_everywhere(dtype):
    extremes = [
        [w, m, s] for w in (-50.0, 50.0) for m in (-1e4, -1.0, 0.0, 1.0, 1e4) for s in (-1e4, -7.0, 0.0, 50.0, 1e4)
    ]
    parameters = torch.tensor(extremes, dtype=dtype).repeat_interleave(3, dim=0)
    parameters = parameters.repeat(1, 2)[:, [0, 3, 1, 4, 2, 5]].contiguous().requires_grad_()
    x = torch.tensor([0, 77, 255]).repeat(len(extremes))
    value = -logistic_mixture.log_prob(parameters, x)
    assert value.isfinite().all()
    value.sum().backward()
    assert parameters.grad.isfinite().all()


def test_draws_of_a_mixture_follow_it():
    parameters = torch.tensor([0.4, -0.3, 0.2, -0.5, -2.0, -1.0])
    logits, n = logistic_mixture.log_probs(parameters), 100_000
    drawn = ar.draw(logits.expand(n, 256), torch.rand(n, generator=seeded(6)))
    assert chi_square(np.bincount(drawn, minlength=256), logits.double().exp().numpy()) > UNLIKELY


def test_parameters_that_are_no_mixture_are_refused():
    for size in (0, 4):
        with pytest.raises(ValueError, match=rf"parameters \[2, {size}\] must end in 3M"):
            logistic_mixture.log_prob(torch.zeros(2, size), torch.zeros(2, dtype=torch.long))


# What a user may get wrong

no_number = [math.nan, math.inf, -math.inf]
wrong = st.one_of(
    st.tuples(st.just("temperature"), st.one_of(st.floats(max_value=-1e-300), st.sampled_from(no_number))),
    st.tuples(st.just("top_k"), st.one_of(st.integers(max_value=-1), st.sampled_from([0.5, *no_number]))),
    st.tuples(
        st.just("top_p"),
        st.one_of(st.floats(max_value=0), st.floats(min_value=1, exclude_min=True), st.sampled_from(no_number)),
    ),
    st.tuples(st.just("guidance"), st.sampled_from(no_number)),
)


@given(wrong)
def test_a_wrong_setting_is_named_before_anything_runs(setting):
    (name, value), table, generator = setting, Table(), seeded()
    with pytest.raises(ValueError, match=f"^{name}="):
        ar.sample(table, torch.tensor([0]), shape=(4,), generator=generator, **{name: value})
    assert table.calls == 0 and torch.equal(generator.get_state(), seeded().get_state())
    if name != "guidance":
        with pytest.raises(ValueError, match=f"^{name}="):
            ar.filter_logits(torch.zeros(1, 4), **{name: value})


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (torch.zeros(0, dtype=torch.long), "labels is empty"),
        ([0, 1], "labels=.*must be a tensor"),
        (torch.tensor(3), "labels="),
    ],
)
def test_labels_that_are_none_are_named(labels, says):
    with pytest.raises(ValueError, match=says):
        ar.sample(Table(), labels, shape=(4,))


WHOLE = torch.ones(2, 3, 4, dtype=torch.bool)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ((torch.zeros(2, 13, dtype=torch.long), WHOLE), r"known must be \(x, keep\), both of shape \[2, 3, 4\]"),
        ((tokens(2, (3, 4)), WHOLE.long()), "keep boolean, not .*torch.int64"),
        (tokens(2, (3, 4)), r"known must be \(x, keep\).* not Tensor"),
        ((torch.zeros(2, 3, 4), WHOLE), "known must hold tokens, whole numbers from 0.* not torch.float32"),
        ((torch.full((2, 3, 4), -1), WHOLE), "known must hold tokens.* from -1"),
        ((torch.full((2, 3, 4), 5), WHOLE & False | (torch.arange(4) == 0)), r"token 5, but tokens lie in 0\.\.4"),
    ],
)
def test_given_tokens_that_do_not_fit_are_named(known, says):
    for model in (transformer(), pixelcnn()):
        with pytest.raises(ValueError, match=says):
            ar.sample(model, torch.tensor([0, 1]), shape=(3, 4), known=known)


def test_a_beginning_longer_than_the_whole_is_named():
    with pytest.raises(ValueError, match=r"x of shape \[2, 13\] is no beginning of 12 tokens"):
        beginning(torch.zeros(2, 13, dtype=torch.long), 12)


@causal
@pytest.mark.parametrize("cache", [True, False])
def test_a_shape_that_the_model_does_not_have_is_named(make, cache):
    for shape in ((5,), (4, 4)):
        with pytest.raises(ValueError, match="tokens must"):
            ar.sample(make(torch.float32), torch.tensor([0]), shape=shape, cache=cache)


def test_guidance_needs_a_null_label():
    def model(x, labels):
        return torch.zeros(*x.shape, 3)

    with pytest.raises(ValueError, match="guidance needs a model with a `null` label"):
        ar.sample(model, torch.tensor([0]), shape=(2,), guidance=2.0)
    assert ar.sample(model, torch.tensor([0]), shape=(2,)).shape == (1, 2)


def test_a_denoiser_is_no_model_of_tokens():
    with pytest.raises(ValueError, match="only a causal transformer on tokens"):
        ar.sample(denoiser(), torch.tensor([0]), shape=(64,))


# Grey levels


@given(st.integers(2, 256))
def test_every_level_comes_back_from_grey(K):
    every = torch.arange(K).view(1, 1, K)
    pixels = grey.from_levels(every, K)
    assert pixels.dtype == torch.uint8 and pixels[0, 0, 0, 0] == 0 and pixels[0, 0, 0, -1] == 255
    assert torch.equal(grey.to_levels(pixels, K), every)


def test_levels_are_equal_steps_of_the_byte():
    bytes_ = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(grey.to_levels(bytes_).flatten(), torch.arange(256))
    assert torch.equal(grey.to_levels(bytes_, 8).flatten().bincount(), torch.full((8,), 32))


@given(factor=st.integers(1, 4), rows=st.integers(1, 3), columns=st.integers(1, 3), seed=st.integers(0, 99))
def test_shrinking_takes_means_of_squares(factor, rows, columns, seed):
    pixels = torch.randint(256, (2, 3, rows * factor, columns * factor), generator=seeded(seed)).to(torch.uint8)
    small = grey.shrink(pixels, factor)
    assert small.shape == (2, 3, rows, columns) and small.dtype == torch.uint8
    square = pixels[1, 2, :factor, -factor:].double().mean()
    assert abs(small[1, 2, 0, -1] - square) <= 0.5 + 1e-5
    assert torch.equal(grey.shrink(pixels.transpose(2, 3), factor), small.transpose(2, 3))  # not only where contiguous


def test_wrong_pixels_and_levels_are_named():
    pixels, x = torch.zeros(1, 1, 4, 4, dtype=torch.uint8), torch.zeros(1, 4, 4, dtype=torch.long)
    for call, says in [
        (lambda: grey.to_levels(pixels, 1), r"levels=1 must lie in 2\.\.256"),
        (lambda: grey.to_levels(pixels, 257), "levels=257"),
        (lambda: grey.to_levels(pixels.float()), "pixels must be uint8"),
        (lambda: grey.to_levels(pixels.expand(1, 3, 4, 4)), r"pixels must be uint8 \[N, 1, H, W\]"),
        (lambda: grey.from_levels(x, 1), "levels=1"),
        (lambda: grey.from_levels(x + 9, 9), r"tokens must lie in 0\.\.8, not 9\.\.9"),
        (lambda: grey.from_levels(x - 1, 9), "tokens must lie in"),
        (lambda: grey.from_levels(x.float(), 9), "tokens must be whole numbers"),
        (lambda: grey.from_levels(x[0], 9), r"tokens must be whole numbers \[N, H, W\]"),
        (lambda: grey.shrink(pixels, 3), "factor=3 must divide the height 4"),
        (lambda: grey.shrink(pixels, 0), "factor=0"),
        (lambda: grey.shrink(pixels.float(), 2), "pixels must be uint8"),
    ]:
        with pytest.raises(ValueError, match=says):
            call()
