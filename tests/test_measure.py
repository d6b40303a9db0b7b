"""Bits, distances and costs: closed forms and other people's code as oracles."""

import copy
import math

import numpy as np
import pytest
import tiny
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from course_lib import data, measure
from course_lib.measure import frechet as fd
from course_lib.measure.frechet import frechet_distance
from course_lib.measure.likelihood import mosaic
from course_lib.methods import masked


def gaussian(n, d, seed, scale=1.0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=torch.Generator().manual_seed(7), dtype=torch.float64) / math.sqrt(d)
    return scale * torch.randn(n, d, generator=generator, dtype=torch.float64) @ mix + shift


def test_frechet_agrees_with_scipys_matrix_root():
    a, b = gaussian(500, 8, 1), gaussian(400, 8, 2, scale=1.3, shift=0.2)
    A, B = np.cov(a.numpy().T), np.cov(b.numpy().T)
    theirs = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(A + B - 2 * sqrtm(A @ B).real)
    assert frechet_distance(a, b) == pytest.approx(float(theirs), rel=1e-9)


def test_frechet_is_zero_on_the_same_set_symmetric_and_blind_to_rotation():
    a, b = gaussian(300, 6, 3), gaussian(300, 6, 4, scale=0.7)
    turn = torch.linalg.qr(gaussian(6, 6, 5)).Q
    assert abs(frechet_distance(a, a)) < 1e-8
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet_distance(a, b), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_a_shift_alone_costs_its_squared_length(shift):
    a, shift = gaussian(200, 4, 6), torch.tensor(shift, dtype=torch.float64)
    assert frechet_distance(a, a + shift) == pytest.approx(float(shift.square().sum()), abs=1e-8)


def test_the_noise_floor_falls_with_n_as_published():
    # d = 64, unit variance, one distribution, reference 20,000: 1.17 at n = 1,000 and 0.61 at 2,000
    draw = torch.Generator().manual_seed(0)
    reference = torch.randn(20_000, 64, generator=draw)
    for n, expected in ((1000, 1.17), (2000, 0.61)):
        got = np.mean([frechet_distance(torch.randn(n, 64, generator=draw), reference) for _ in range(4)])
        assert got == pytest.approx(expected, rel=0.12)  # four draws scatter by some 3 %


def test_features_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="features must be"):
        frechet_distance(torch.zeros(5, 3), torch.zeros(5, 4))
    with pytest.raises(ValueError, match=r"\[N, 1, 28, 28\]"):
        fd.features(torch.zeros(3, 28, 28, dtype=torch.uint8))
    with pytest.raises(ValueError, match="not finite"):
        fd.features(torch.full((2, 1, 28, 28), math.nan))


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (torch.rand(4, 1, 28, 28), r"from \S+ to 0\S*, but floats must lie in \[-1, 1\]: give 2 \* x - 1"),
        (torch.rand(4, 1, 28, 28) * 255, r"must lie in \[-1, 1\]: give x / 127.5 - 1"),
        (torch.randint(-9, 300, (4, 1, 28, 28)), r"of torch.int64 run from -\d to 2\d\d, but .* must lie in 0\.\.255"),
        (torch.rand(4, 1, 28, 28) > 0.5, r"of torch.bool run from 0 to 1, but whole numbers must lie in 0\.\.255"),
    ],
    ids=["from 0 to 1", "from 0 to 255", "beyond bytes", "yes and no"],
)
def test_pictures_in_another_range_are_refused_with_the_remedy(pictures, said):
    with pytest.raises(ValueError, match=said):
        fd.report(pictures)


def test_pictures_of_one_range_measure_the_same_in_any_dtype():
    pixels = data.load("fashion", "test").pixels[:20]
    wanted = fd.features(pixels)[0]
    for same in (pixels.int(), pixels.long(), pixels / 127.5 - 1, pixels.double() / 127.5 - 1):
        assert torch.allclose(fd.features(same)[0], wanted, atol=1e-4)  # fp32 rounds


def test_labels_that_do_not_fit_are_refused():
    pictures = data.load("fashion", "test")[:20]
    for labels in (pictures.labels[:19], pictures.labels[:1], pictures.labels[:, None]):
        with pytest.raises(ValueError, match=r"labels must be \[20\], one a picture"):
            fd.report(pictures.pixels, labels)


def test_recall_is_one_on_the_same_set_and_zero_far_away():
    a = gaussian(200, 5, 8)
    assert fd.recall(a, a) == 1.0
    assert fd.recall(a, a + 1000) == 0.0


def test_recall_falls_when_variety_is_lost():
    real, made = gaussian(400, 5, 9), gaussian(400, 5, 10)
    assert fd.recall(real, made * 0.1) < 0.5 * fd.recall(real, made)


def test_wilson_interval_agrees_with_the_textbook():
    low, high = fd.wilson(8, 10)  # Wilson (1927) at 95 %
    assert (low, high) == (pytest.approx(0.4902, abs=1e-3), pytest.approx(0.9433, abs=1e-3))


def test_real_pictures_score_near_the_floor_and_noise_scores_one():
    pictures = data.load("fashion", "train")
    chosen = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(9))[:500]
    real = fd.report(pictures.pixels[chosen], pictures.labels[chosen])
    assert real["frechet_relative"] < 0.1
    assert real["frechet_low"] < real["frechet"] < real["frechet_high"]
    assert abs(real["agreement"] - real["agreement_real"]) < 0.05
    noisy = pictures.floats()[chosen] + 0.1 * torch.randn(500, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    assert fd.report(noisy)["frechet_relative"] == pytest.approx(1.0, abs=0.15)


def test_one_class_alone_loses_recall_and_gains_distance():
    pictures = data.load("fashion", "train")
    shoes = fd.report(pictures.pixels[pictures.labels == 7][:500])
    assert shoes["frechet_relative"] > 1 and shoes["recall"] < 0.5 * shoes["recall_real"]


def test_the_classifier_is_as_good_as_its_result_says():
    test = data.load("fashion", "test")
    accuracy = float((fd.features(test.pixels[:2000])[1] == test.labels[:2000]).double().mean())
    assert accuracy > 0.90


@given(st.integers(2, 256), st.integers(1, 50))
def test_a_uniform_model_pays_log2_of_the_levels(levels, dims):
    nats = torch.tensor(dims * math.log(levels), dtype=torch.float64)
    assert float(measure.bits_per_dim(nats, dims)) == pytest.approx(math.log2(levels), rel=1e-12)


def test_likelihood_of_a_fixed_table_is_its_cross_entropy():
    table = torch.tensor([0.7, 0.2, 0.1]).log()

    def model(tokens, labels):
        return table.expand(*tokens.shape, 3)

    tokens = torch.tensor([[0, 0, 1], [2, 0, 0]], dtype=torch.uint8)
    out = measure.likelihood(model, tokens, chunk=1)
    expected = -(4 * math.log(0.7) + math.log(0.2) + math.log(0.1)) / 2
    assert out["nats"] == pytest.approx(expected, rel=1e-6)
    assert out["bits_per_dim"] == pytest.approx(expected / 3 / math.log(2), rel=1e-6)
    assert out["n"] == 2
    with pytest.raises(ValueError, match="tokens is empty"):
        measure.likelihood(model, tokens[:0])


def test_codecs_pay_next_to_nothing_for_black_and_about_eight_bits_for_noise():
    black = torch.zeros(200, 28, 28, dtype=torch.uint8)
    noise = torch.randint(256, (200, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for name, value in measure.codec_bits(black).items():
        assert value < 0.05, name
    for name, value in measure.codec_bits(noise).items():
        assert 7.9 < value < 9, name  # JPEG 2000 grows on noise


def test_a_mosaic_holds_every_picture_once():
    levels = torch.arange(7, dtype=torch.uint8)[:, None, None].expand(7, 2, 3).contiguous() + 1
    sheet = mosaic(levels, columns=3)
    assert sheet.shape == (6, 9)
    assert [(sheet == k).sum() for k in range(1, 8)] == [6] * 7


def test_a_counter_counts_calls_and_rows_with_and_without_a_decoder():
    counter = measure.Counter(lambda x, labels: x)
    counter(torch.zeros(3, 2), None)
    counter(torch.zeros(5, 2), None)
    assert (counter.calls, counter.rows) == (2, 8)
    assert not hasattr(counter, "decoder")


@pytest.mark.parametrize("steps", [1, 5, 12])
def test_a_counter_counts_the_passes_of_the_masked_sampler(steps):
    model = tiny.transformer(groups=(12,), tokens=6)
    counter, labels = measure.Counter(model), torch.tensor([0, 2])
    dials = {"shape": (3, 4), "steps": steps, "guidance": 2.0}
    counted = masked.sample(counter, labels, **dials, generator=torch.Generator().manual_seed(1))
    assert torch.equal(counted, masked.sample(model, labels, **dials, generator=torch.Generator().manual_seed(1)))
    assert (counter.calls, counter.rows) == (steps, 4 * steps)  # guidance asks twice a picture, in one call


def test_a_counter_answers_as_its_model_does():
    model = tiny.transformer()
    counter = measure.Counter(model)
    assert counter.config is model.config and counter.null == model.null
    assert not hasattr(counter, "no such thing") and copy.copy(counter).model is model


def test_flops_of_a_matrix_product_are_twice_its_size():
    a, b = torch.zeros(8, 16), torch.zeros(16, 4)
    assert measure.flops(lambda: a @ b) == 2 * 8 * 16 * 4
