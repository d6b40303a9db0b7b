"""methods/next_scale.py: probabilities that sum to 1, samples that follow them, scales that see only coarser ones."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from tiny import shaken, tokens, transformer

from course_lib.methods import guidance, next_scale
from course_lib.methods.shapes import beginning
from course_lib.networks import MultiScale, MultiScaleConfig

UNLIKELY = 1e-4  # seeds are fixed: a right sampler fails one seed in 10,000, and then always


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pyramid(scales: tuple[int, ...] = (1, 2), count: int = 3, dtype: torch.dtype = torch.float64) -> MultiScale:
    return shaken(MultiScale(MultiScaleConfig(scales, count, 2)), 1.0, dtype)


def network(of: MultiScale, dtype: torch.dtype = torch.float64, **changes):
    S, settings = of.scales[-1], {"tokens": of.vq.count, "groups": of.groups, "vector": 2, "classes": 3}
    return transformer(dtype, grid=(S, S), **settings | changes)


class Table:
    """A model in closed form: `first [Y, K]`, then `then [Y, K, K]` by the 1×1 code, read off the features."""

    def __init__(self, of: MultiScale, classes: int = 2):
        K = of.vq.count
        rows = torch.randn(classes, K + 1, K, generator=seeded(), dtype=torch.float64).mul(1.5).softmax(-1)
        self.first, self.then, self.null, self.codes, self.rows = (
            rows[:, 0],
            rows[:, 1:],
            classes - 1,
            of.vq.codebook,
            [],
        )

    def __call__(self, features, labels):
        self.rows.append(len(features))
        first = self.first[labels][:, None]
        coarse = torch.cdist(features[:, 1:], self.codes).argmin(-1)  # the 1×1 code, spread evenly
        return torch.cat([first, self.then[labels[:, None], coarse]], 1).log()


def chi_square(counts: np.ndarray, expected: np.ndarray) -> float:
    return stats.chisquare(counts, expected / expected.sum() * counts.sum()).pvalue


# Probabilities


def everything(of: MultiScale) -> torch.Tensor:
    return torch.tensor(list(itertools.product(range(of.vq.count), repeat=sum(of.groups))))


@pytest.mark.parametrize("changes", [{}, {"context": 3}], ids=["label", "three labels"])
def test_probabilities_of_all_pictures_sum_to_one(changes):
    of = pyramid()
    model, every = network(of, **changes), everything(of)
    assert len(every) == 3**5
    for label in (*range(4), None):
        labels = None if label is None else torch.full((len(every),), label)
        p = (-next_scale.nats(model, every, labels, pyramid=of)).exp()
        assert abs(p.sum().item() - 1) < 1e-12  # fp64
        assert p.std() > 1e-4  # and they are no uniform distribution


def test_nats_are_those_of_the_table():
    of = pyramid()
    model, every = Table(of), everything(of)
    p = model.first[0][every[:, 0]] * model.then[0][every[:, :1], every[:, 1:]].prod(1)
    torch.testing.assert_close(
        (-next_scale.nats(model, every, torch.zeros(243, dtype=torch.long), pyramid=of)).exp(), p
    )


def test_the_loss_is_the_mean_of_exact_nats():
    of = pyramid((1, 2, 3), 5)
    model, labels = network(of), torch.tensor([0, 1, 2, 3])
    x = torch.randint(5, (4, 14), generator=seeded())
    value = next_scale.loss(model, (x, labels), pyramid=of)
    torch.testing.assert_close(value, next_scale.nats(model, x, labels, pyramid=of).mean() / 14)
    dropped = next_scale.loss(model, (x, labels), pyramid=of, drop=1.0)
    torch.testing.assert_close(dropped, next_scale.nats(model, x, None, pyramid=of).mean() / 14)


def test_the_logits_of_a_scale_do_not_change_with_it():
    of = pyramid((1, 2, 3), 5)
    model, x, labels = network(of), torch.randint(5, (1, 14), generator=seeded()), torch.tensor([1])
    logits, end = model(of.inputs(x), labels), 0
    for size in of.groups:
        other = x.clone()
        other[:, end:] = (other[:, end:] + 1) % 5  # this scale and all finer ones
        end += size
        change = (model(of.inputs(other), labels) - logits).abs().amax((0, 2))
        assert change[:end].max() < 1e-12  # fp64
        assert end == 14 or change[end:].min() > 1e-6


def test_logits_of_a_scale_move_with_the_codes_of_all_coarser_ones():
    of = pyramid((1, 2, 3), 5)
    model, x = network(of), torch.randint(5, (1, 14), generator=seeded())
    group = torch.repeat_interleave(torch.arange(3), torch.tensor(of.groups))
    features = of.inputs(x).detach().requires_grad_()
    logits = model(features, torch.tensor([1]))
    for i in range(14):
        (gradient,) = torch.autograd.grad(logits[0, i].square().sum(), features, retain_graph=True)
        assert torch.equal(gradient[0].abs().amax(-1) > 0, group <= group[i])


def test_whole_scales_at_the_beginning_are_enough():
    of = pyramid((1, 2, 3), 5)
    x, labels = torch.randint(5, (2, 14), generator=seeded()), torch.tensor([1, 3])
    for changes in ({}, {"context": 3}):
        model = network(of, **changes)
        features = of.inputs(x)
        for n in (1, 5, 14):
            torch.testing.assert_close(model(features[:, :n], labels), model(features, labels)[:, :n])


# Samples


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_samples_of_a_table_have_its_law(scale):
    of, n = pyramid(count=2), 8000
    model = Table(of)  # class 1 is "no label"
    x = next_scale.sample(
        model, torch.zeros(n, dtype=torch.long), pyramid=of, guidance=scale, ramp=False, generator=seeded(3)
    )
    first, then = (rows[0] ** scale * rows[1] ** (1 - scale) for rows in (model.first, model.then))
    first, then = first / first.sum(), then / then.sum(-1, keepdim=True)
    every = everything(of)
    expected = first[every[:, 0]] * then[every[:, :1], every[:, 1:]].prod(1)
    counts = np.bincount(x @ (2 ** torch.arange(4, -1, -1)), minlength=32)
    assert chi_square(counts, expected.numpy()) > UNLIKELY


def test_dials_are_those_of_any_tokens():
    of = pyramid(count=5)
    model, labels = network(of), torch.tensor([0, 1, 2])
    greedy = next_scale.sample(model, labels, pyramid=of, temperature=0, generator=seeded())
    assert torch.equal(model(of.inputs(greedy), labels).argmax(-1), greedy)
    assert torch.equal(next_scale.sample(model, labels, pyramid=of, top_k=1, generator=seeded(1)), greedy)
    assert torch.equal(next_scale.sample(model, labels, pyramid=of, top_p=1e-9, generator=seeded(1)), greedy)


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_a_picture_is_the_same_in_any_batch(scale):
    of = pyramid((1, 2, 3), 7, torch.float32)
    model, labels = network(of, torch.float32), torch.arange(8) % 4

    def sample(labels, generator):
        return next_scale.sample(model, labels, pyramid=of, guidance=scale, top_p=0.95, generator=generator)

    whole = sample(labels, seeded(1))
    assert whole.shape == (8, 14) and whole.dtype == torch.long and 0 <= whole.min() and whole.max() < 7
    for size in (1, 3, 8):
        assert torch.equal(sample(labels[:size], seeded(1)), whole[:size])
    generator = seeded(1)
    assert torch.equal(torch.cat([sample(part, generator) for part in labels.split([3, 1, 4])]), whole)
    assert not torch.equal(sample(labels, seeded(2)), whole)


def test_guidance_grows_from_one_to_all_of_it(monkeypatch):
    of, scales = pyramid((1, 2, 3), 5), []
    real = guidance.guided
    monkeypatch.setattr(next_scale.guide, "guided", lambda model, scale: scales.append(scale) or real(model, scale))
    for ramp in (True, False):
        next_scale.sample(network(of), torch.tensor([0, 1]), pyramid=of, guidance=4.0, ramp=ramp, generator=seeded())
    assert scales == [1.0, 2.5, 4.0, 4.0, 4.0, 4.0]


def test_scale_one_is_the_class_and_zero_is_no_class():
    of = pyramid((1, 2, 3), 5)
    model, labels = network(of), torch.tensor([0, 1, 2])

    def sample(labels, scale, ramp=False):
        return next_scale.sample(model, labels, pyramid=of, guidance=scale, ramp=ramp, generator=seeded())

    plain = sample(labels, 1.0)
    assert torch.equal(plain, sample(labels, 1.0, ramp=True))
    assert torch.equal(sample(labels, 1 + 1e-9), plain)  # through the doubled batch
    assert torch.equal(sample(labels, 0.0), sample(torch.full_like(labels, 3), 1.0))
    assert not torch.equal(sample(labels, 0.0), plain)
    assert torch.equal(sample(labels, 3.0, ramp=True)[:, 0], plain[:, 0])  # the coarsest scale is the plain model's


def test_one_pass_a_scale_doubled_where_guided():
    of = pyramid(count=2)
    for scale, rows in ((1.0, [4, 4]), (2.0, [4, 8])):
        model, seen = Table(of), []

        def callback(k, x, seen=seen):
            seen.append((k, x.clone()))

        x = next_scale.sample(
            model,
            torch.zeros(4, dtype=torch.long),
            pyramid=of,
            guidance=scale,
            generator=seeded(),
            callback=callback,
        )
        assert model.rows == rows
        assert [(k, part.shape[1]) for k, part in seen] == [(0, 0), (1, 1), (2, 5)]
        assert all(torch.equal(part, x[:, : part.shape[1]]) for _, part in seen)


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_whole_scales_given_are_kept_and_the_rest_is_drawn(scale):
    of = pyramid((1, 2, 3), 7)
    model, labels, seen = network(of), torch.arange(4), []

    def sample(prefix, seed=1, callback=None):
        known = None if prefix is None else beginning(prefix, 14)
        dials = {"pyramid": of, "guidance": scale, "known": known, "callback": callback}
        return next_scale.sample(model, labels, generator=seeded(seed), **dials)

    whole = sample(None)
    for n in (0, 1, 5, 14):
        assert torch.equal(sample(whole[:, :n]), whole)  # the same chances for what is left
        other = sample(whole[:, :n], seed=2)
        assert torch.equal(other[:, :n], whole[:, :n]) and (n == 14 or not torch.equal(other, whole))
    sample(whole[:, :5], callback=lambda k, tokens: seen.append((k, tokens.shape[1])))
    assert seen == [(0, 5), (3, 14)]  # one pass, for the one scale that is left


def test_given_tokens_that_are_no_whole_scales_are_named():
    of = pyramid()
    ragged = torch.tensor([[True] * 5, [True] + [False] * 4])
    for keep in (torch.arange(5) < 3, ragged, ~ragged):
        with pytest.raises(ValueError, match=r"known must keep whole scales, the first n tokens with n in \[0, 1, 5\]"):
            next_scale.sample(
                network(of), torch.tensor([0, 1]), pyramid=of, known=(tokens(2, (5,), 3), keep.expand(2, 5))
            )
    with pytest.raises(ValueError, match=r"known must be \(x, keep\), both of shape \[2, 5\]"):
        next_scale.sample(network(of), torch.tensor([0, 1]), pyramid=of, known=(tokens(1, (5,)), ragged))


def test_sampling_leaves_the_global_seed_alone():
    of = pyramid()
    model, before = network(of), torch.get_rng_state()
    next_scale.sample(model, torch.tensor([0]), pyramid=of, generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


# The codebook's own loss


def test_the_loss_of_a_pyramid_counts_every_scale():
    of = pyramid((1, 2, 4), 6, torch.float32)
    f = torch.randn(3, 2, 4, 4, generator=seeded())
    wanted = sum(F.mse_loss(total, f) for total in of.partial(of.encode(f)))
    torch.testing.assert_close(next_scale.pyramid_loss(of, (f, None)), wanted)


# What a user may get wrong


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ({"temperature": -1.0}, "temperature=-1.0 must be"),
        ({"temperature": math.nan}, "temperature=nan"),
        ({"top_k": -1}, "top_k=-1 must be"),
        ({"top_p": 0.0}, "top_p=0.0 must lie in"),
        ({"guidance": math.inf}, "guidance=inf must be a number"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_runs(dials, says):
    of, generator = pyramid(), seeded()
    model = Table(of)
    with pytest.raises(ValueError, match=says):
        next_scale.sample(model, torch.tensor([0]), pyramid=of, generator=generator, **dials)
    assert not model.rows and torch.equal(generator.get_state(), seeded().get_state())


def test_labels_that_are_none_are_named():
    of = pyramid()
    for labels, says in ((torch.zeros(0, dtype=torch.long), "labels is empty"), ([0], "must be a tensor")):
        with pytest.raises(ValueError, match=says):
            next_scale.sample(network(of), labels, pyramid=of)
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.3"):
        next_scale.sample(network(of), torch.tensor([4]), pyramid=of)


def test_guidance_needs_a_null_label():
    of = pyramid(count=2)

    def model(features, labels):
        return torch.zeros(*features.shape[:2], 2)

    with pytest.raises(ValueError, match="guidance needs a model with a `null` label"):
        next_scale.sample(model, torch.tensor([0]), pyramid=of, guidance=2.0)
    assert next_scale.sample(model, torch.tensor([0]), pyramid=of).shape == (1, 5)
