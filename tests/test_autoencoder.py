"""networks/autoencoder.py and methods/autoencoding.py: what goes through the narrow place, and what learns from it."""

import copy
import math

import pytest
import torch
from tiny import autoencoder, shaken

from course_lib.methods import autoencoding
from course_lib.networks import Autoencoder, AutoencoderConfig
from course_lib.networks.autoencoder import Residual

FP32 = 1e-5  # numbers about 1 through some ten layers


def pictures(batch: int, channels: int = 1, size: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.rand(batch, channels, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


SHAPES = pytest.mark.parametrize(("size", "channels", "levels"), [(8, 1, (4, 3)), (12, 3, (8, 5, 5, 5)), (4, 1, (2,))])


@SHAPES
def test_shapes_there_and_back(size, channels, levels):
    model, x = autoencoder(size=size, channels=channels, levels=levels), pictures(3, channels, size)
    side, d = size // 4, len(levels)
    assert model.config.grid == (side, side)
    latents, tokens = model.encode(x), model.tokenize(x)
    assert latents.shape == (3, d, side, side) and latents.abs().max() < 1.0011
    assert tokens.shape == (3, side * side) and tokens.dtype == torch.long
    assert 0 <= tokens.min() and tokens.max() < math.prod(levels)
    assert model(x).shape == model.decode(latents).shape == model.detokenize(tokens).shape == x.shape


@SHAPES
def test_tokens_hold_all_that_the_decoder_sees(size, channels, levels):
    model, x = autoencoder(size=size, channels=channels, levels=levels), pictures(3, channels, size)
    tokens = model.tokenize(x)
    torch.testing.assert_close(model.detokenize(tokens), model(x), atol=FP32, rtol=FP32)
    assert torch.equal(model.detokenize(tokens), model.detokenize(tokens.view(3, *model.config.grid)))
    assert not torch.allclose(model.decode(model.encode(x)), model(x))  # rounding costs something


def test_tokens_stand_row_by_row():
    model, x = autoencoder(size=12), pictures(2, size=12)
    latents, tokens = model.encode(x), model.tokenize(x)
    for row in range(3):
        for column in range(3):
            here = model.quantizer.indices(latents[:, :, row, column])
            assert torch.equal(tokens[:, 3 * row + column], here)


def test_each_picture_is_rounded_or_not_by_itself():
    model, x = autoencoder(), pictures(4)
    mixed = model(x, torch.tensor([True, False, True, False]))
    smooth, rounded = model.decode(model.encode(x)), model(x)
    torch.testing.assert_close(mixed[[0, 2]], rounded[[0, 2]], atol=FP32, rtol=FP32)
    torch.testing.assert_close(mixed[[1, 3]], smooth[[1, 3]], atol=FP32, rtol=FP32)


def test_the_encoder_learns_through_the_rounding():
    model, x = autoencoder(), pictures(4)
    (model(x) * pictures(4, seed=1)).sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.any() for p in model.parameters())


def test_a_residual_starts_as_the_identity():
    part, x = Residual(8), pictures(2, 8)
    assert torch.equal(part(x), x)
    assert not torch.allclose(shaken(part, dtype=torch.float32)(x), x)


def test_mean_and_spread_of_the_latents_travel_with_the_weights():
    model, x = autoencoder(), pictures(16)
    latents = model.encode(x).detach()
    before = copy.deepcopy(model.state_dict())
    model(x)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())  # looking changes nothing
    model.train()
    for _ in range(5):
        model(x)
    left = 0.99**5  # of mean 0 and spread 1, where they start
    torch.testing.assert_close(model.mean, (1 - left) * latents.mean((0, 2, 3)))
    torch.testing.assert_close(model.std, left + (1 - left) * latents.std((0, 2, 3)))
    for _ in range(1500):
        model._note(latents)
    scaled = (latents - model.mean.view(1, -1, 1, 1)) / model.std.view(1, -1, 1, 1)
    assert scaled.mean((0, 2, 3)).abs().max() < 1e-3 and (scaled.std((0, 2, 3)) - 1).abs().max() < 1e-3  # 0.99^1505
    assert {"mean", "std"} <= model.state_dict().keys() and not model.mean.requires_grad


def test_half_precision_stays_inside_the_network():
    model, x = autoencoder(size=16, width=16, levels=(8, 5)), pictures(20, size=16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half, latents, tokens = model(x), model.encode(x), model.tokenize(x)
    assert half.dtype == latents.dtype == torch.float32
    full = model.encode(x)
    assert 0 < (latents - full).norm() < 0.05 * full.norm()  # some layers of 8 bits each
    assert (tokens == model.tokenize(x)).float().mean() > 0.8  # only numbers near a border change their level


# The loss


def test_the_loss_is_distance_and_its_square():
    x, seen = pictures(5), []

    def model(x, rounded):
        seen.append(rounded)
        return x * 0.5 + 0.1

    wrong = x * 0.5 - 0.1
    value = autoencoding.loss(model, (x, None), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(value, wrong.abs().mean() + wrong.square().mean())
    assert seen[0].shape == (5,) and seen[0].dtype == torch.bool


def test_half_of_the_pictures_are_rounded():
    seen = []

    def model(x, rounded):
        seen.append(rounded)
        return x

    x = torch.zeros(4000, 1, 1, 1)
    for seed in (0, 0, 1):
        assert autoencoding.loss(model, (x, None), generator=torch.Generator().manual_seed(seed)) == 0
    assert torch.equal(seen[0], seen[1]) and not torch.equal(seen[0], seen[2])
    assert abs(seen[0].float().mean() - 0.5) < 5 * math.sqrt(0.25 / 4000)  # five standard errors


# What a user may get wrong


def test_other_pictures_are_named():
    model = autoencoder()
    for wrong in (pictures(2, 3), pictures(2, size=12), pictures(2)[0], pictures(2).to(torch.uint8)):
        with pytest.raises(ValueError, match=r"pictures must be floats \[B, 1, 8, 8\], not"):
            model.encode(wrong)
    with pytest.raises(ValueError, match=r"indices must lie in 0\.\.11"):
        model.detokenize(torch.full((2, 4), 12))
    with pytest.raises(ValueError, match="size=30 must be divisible by 4"):
        Autoencoder(AutoencoderConfig(size=30))
    with pytest.raises(ValueError, match=r"levels=\(8, 1\)"):
        Autoencoder(AutoencoderConfig(levels=(8, 1)))


def test_pictures_of_an_autoencoder_need_not_be_square():
    model = Autoencoder(AutoencoderConfig(size=(12, 20), channels=3, width=16)).eval()
    x = torch.rand(2, 3, 12, 20) * 2 - 1
    tokens = model.tokenize(x)
    assert tokens.shape == (2, 15) and model.detokenize(tokens).shape == x.shape
