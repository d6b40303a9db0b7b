"""The exercises of notebook 07: right answers pass, usual mistakes are named; and its widget."""

import pytest
import torch
import torch.nn.functional as F
from solutions import named
from tiny import shaken

from course_lib import check
from course_lib.networks import (
    Autoencoder,
    AutoencoderConfig,
    MultiScale,
    MultiScaleConfig,
    Transformer,
    TransformerConfig,
)
from course_lib.show import play


def test_the_planted_bug_leaves_nothing_over_and_still_does_not_telescope():
    of = shaken(MultiScale(MultiScaleConfig((1, 2, 4), 20, 3)), 0.7, torch.float32)
    latents, book = torch.randn(2, 3, 4, 4), of.vq.codebook.detach()
    tokens, left = check.encode_scales.planted(latents, book, of.scales)
    assert left.abs().max() < 1e-5
    assert (latents - of.decode(tokens)).abs().max() > 0.1
    tokens, left = check.encode_scales.reference(latents, book, of.scales)
    torch.testing.assert_close(latents - of.decode(tokens) - left, torch.zeros_like(left))


def coder(said="codes", code="left", mode="bicubic", farthest=False, rest=lambda left: left):
    """Residual codes, with what is usually got wrong."""

    def encode_scales(latents, codebook, scales):
        left, tokens = latents, []
        for s in scales:
            vectors = F.adaptive_avg_pool2d(left if code == "left" else latents, s).permute(0, 2, 3, 1)
            distance = codebook.square().sum(1) - 2 * vectors @ codebook.T
            index = (-distance if farthest else distance).argmin(-1)
            tokens.append(index.flatten(1))
            taken = codebook[index] if said == "codes" else vectors
            left = left - F.interpolate(taken.permute(0, 3, 1, 2), latents.shape[-2:], mode=mode)
        return torch.cat(tokens, 1), rest(left)

    return encode_scales


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (coder(said="means"), "Still her tokens"),
        (coder(code="latents"), "codes the latents themselves"),
        (coder(mode="nearest"), "does not telescope"),
        (coder(farthest=True), "not the nearest codes"),
        (coder(rest=lambda left: left * 0), "does not telescope"),
        (lambda x, book, scales: (coder()(x, book, scales)[0], x), "not the latents themselves"),
        (lambda x, book, scales: (coder()(x, book, scales)[0], x - coder()(x, book, scales)[1]), "sum of the codes"),
        (lambda x, book, scales: (coder()(x, book, scales)[0] + 60, x), "rows of the codebook"),
        (lambda latents, book, scales: (coder()(latents, book, scales)[0][:, 1:], latents), "shape"),
        (lambda latents, book, scales: latents[0, 0, 0, 99], "stopped with IndexError"),
    ],
)
def test_wrong_codes_are_named(attempt, message):
    named(check.encode_scales, attempt, message)


def reader(shrink=F.adaptive_avg_pool2d, which=lambda totals: totals, rows=None):
    """Inputs from coarser scales, with what is usually got wrong."""

    def scale_inputs(totals, scales):
        parts = [shrink(total, s) for total, s in zip(which(totals), scales)]
        if rows:
            return torch.cat([rows(part) for part in parts], 1)
        return torch.cat([part.flatten(2).transpose(1, 2) for part in parts], 1)

    return scale_inputs


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (reader(rows=lambda x: x.reshape(len(x), -1, x.shape[1])), "Transpose, don't reshape"),
        (reader(rows=lambda x: x.transpose(2, 3).flatten(2).transpose(1, 2)), "column by column"),
        (reader(which=lambda totals: [totals[-1]] * len(totals)), "the answer leaks"),
        (reader(which=lambda x: [x[0], *[a - b for a, b in zip(x[1:], x)]]), "last scale added"),
        (reader(shrink=lambda x, s: x[..., :s, :s]), "cut out a corner"),
        (reader(shrink=lambda x, s: F.interpolate(x, size=(s, s))), "pick single places"),
        (reader(shrink=lambda x, s: F.interpolate(x, size=(s, s), mode="bicubic")), "You interpolate"),
        (reader(which=lambda totals: totals[1:]), "as many scales as there are totals|stopped with"),
        (reader(shrink=F.adaptive_max_pool2d), "should read totals"),
        (lambda totals, scales: reader()(totals, scales).transpose(1, 2), "One vector a place"),
    ],
)
def test_wrong_inputs_are_named(attempt, message):
    named(check.scale_inputs, attempt, message)


def mask(rule):
    """A mask by a rule on the scales of who looks `a` and what is seen `b`."""

    def block_causal(groups):
        scale = torch.repeat_interleave(torch.arange(len(groups)), torch.tensor(groups))
        return rule(scale[:, None], scale[None, :])

    return block_causal


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda groups: torch.ones(sum(groups), sum(groups)).tril() > 0, "token by token"),
        (mask(lambda a, b: b >= a), "Transposed"),
        (mask(lambda a, b: b < a), "does not see itself"),
        (mask(lambda a, b: b == a), "coarser ones are visible too"),
        (mask(lambda a, b: (b <= a) & (b >= a - 1)), "next coarser"),
        (mask(lambda a, b: b >= 0 * a), "sees everything"),
        (mask(lambda a, b: b > a), "other way round"),
        (mask(lambda a, b: torch.zeros(a.shape[0], b.shape[1]).masked_fill(b > a, -torch.inf)), "True or False"),
        (mask(lambda a, b: b <= a - 5), "nowhere else"),
        (lambda groups: torch.ones(len(groups), len(groups)).tril() > 0, "for groups|For groups"),
    ],
)
def test_wrong_masks_are_named(attempt, message):
    named(check.block_causal, attempt, message)


def test_a_mask_of_ones_and_zeros_is_taken():
    attempt = mask(lambda a, b: (b <= a).float())
    assert check.block_causal(attempt)((1, 2)).dtype == torch.bool


def sampler(ramp=lambda k, K, w: 1 + (w - 1) * k / (K - 1), last=True, swap=False, feed=lambda tokens, T: tokens):
    """The sampler, with what is usually got wrong."""

    def draw_scales(model, labels, inputs, groups, w, draw):
        tokens, nobody = torch.zeros(len(labels), 0, dtype=torch.long), torch.full_like(labels, model.null)
        for k, size in enumerate(groups):
            features = inputs(feed(tokens, sum(groups)))
            cond, uncond = (model(features, y) for y in ((nobody, labels) if swap else (labels, nobody)))
            logits = uncond + ramp(k, len(groups), w) * (cond - uncond)
            tokens = torch.cat([tokens, draw(logits[:, -size:] if last else logits)], 1)
        return tokens

    return draw_scales


def one_by_one(model, labels, inputs, groups, w, draw):
    """A token at a time, as in 05."""
    tokens = torch.zeros(len(labels), 0, dtype=torch.long)
    for size in groups:
        logits = model(inputs(tokens), labels)[:, -size:]
        tokens = torch.cat([tokens, *[draw(logits[:, i : i + 1]) for i in range(size)]], 1)
    return tokens


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (sampler(ramp=lambda k, K, w: w), "There is no ramp"),
        (sampler(ramp=lambda k, K, w: w * k / (K - 1)), "starts at 0"),
        (sampler(ramp=lambda k, K, w: 1 + w * k / (K - 1)), r"ends at w \+ 1"),
        (sampler(ramp=lambda k, K, w: 1 + (w - 1) * k / K), "does not reach w"),
        (sampler(ramp=lambda k, K, w: 1 + (w - 1) * (k + 1) / K), "count from 0"),
        (sampler(ramp=lambda k, K, w: w - (w - 1) * k / (K - 1)), "backwards"),
        (sampler(ramp=lambda k, K, w: 1), "no guidance at all"),
        (sampler(swap=True), "halves are swapped"),
        (sampler(ramp=lambda k, K, w: 1 + 7 * k), "these are not the tokens"),
        (sampler(last=False), "newest scale alone"),
        (sampler(feed=lambda tokens, T: torch.zeros(len(tokens), T, dtype=torch.long)), "whole scales so far"),
        (one_by_one, "draw a whole scale at once"),
        (lambda *all: sampler()(*all)[:, 1:], "All tokens"),
    ],
)
def test_wrong_samplers_are_named(attempt, message):
    named(check.draw_scales, attempt, message)


# The widget


@pytest.fixture(scope="module")
def scales():
    torch.manual_seed(0)
    config = TransformerConfig(
        grid=(7, 7), tokens=50, classes=10, width=16, depth=1, heads=2, groups=(1, 4, 16, 49), vector=4
    )
    model = shaken(Transformer(config), 0.5, torch.float32)
    pyramid = shaken(MultiScale(MultiScaleConfig(count=50)), 0.5, torch.float32)
    tokenizer = Autoencoder(AutoencoderConfig(width=16)).eval().requires_grad_(False)
    return play.Scales(model, pyramid, tokenizer, [f"class {i}" for i in range(10)])


def settle(scales, **change):
    for name, value in ({"label": 9, "seed": 0, "keep": 1, "told": False, "others": 0} | change).items():
        setattr(scales, name, value)


@pytest.mark.parametrize("change", [{"label": 3}, {"seed": 4}, {"keep": 3}, {"told": True}, {"others": 2}])
def test_every_control_draws_other_pictures(scales, change):
    settle(scales)
    before, grown = scales.shown, scales.grown
    settle(scales, **change)
    assert len(scales.shown) == 8 * 28 * 28 and len(scales.grown) == 4 * 28 * 28
    assert scales.shown != before
    assert (scales.grown != grown) == bool({"label", "seed"} & set(change))


def test_all_scales_kept_give_the_picture_itself(scales):
    settle(scales, keep=4)
    latents = scales.pyramid.decode(scales.base())
    assert torch.equal(scales.redrawn(4), scales.pixels(latents).expand(8, -1, -1, -1))
    assert "4 of 4 scales kept (70 of 70 tokens)" in scales.status


def test_what_is_kept_is_shared(scales):
    settle(scales)
    tokens = scales.tokens(torch.full((8,), 10), 5, scales.base()[:, :5].expand(8, -1))
    assert (tokens[:, :5] == scales.base()[:, :5]).all() and (tokens[:, 5:] != tokens[:1, 5:]).any()


def test_too_many_scales_raise(scales):
    with pytest.raises(ValueError, match=r"keep=5 must lie in 0\.\.4"):
        scales.keep = 5
    settle(scales)


def test_the_static_frame_counts_in_words_too(scales):
    fig = scales.frame()
    assert "share no scale" in fig.alt and len(fig.png()) > 1000
