"""The U-Net: silent at the start, listens to time and class everywhere, sees the whole picture, says what is wrong."""

from functools import partial

import pytest
import torch
from tiny import shaken

from course_lib import runtime, training
from course_lib.methods import diffusion
from course_lib.networks import Transformer, TransformerConfig, UNet, UNetConfig


def config(**changes) -> UNetConfig:
    return UNetConfig(**{"size": 8, "classes": 3, "widths": (16, 24), "condition": 16} | changes)


def unet(dtype: torch.dtype = torch.float64, **changes) -> UNet:
    return shaken(UNet(config(**changes)), 0.2, dtype)


def inputs(n: int = 3, size: int = 8, channels: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, channels, size, size, dtype=torch.float64, generator=generator)
    return x, torch.rand(n, dtype=torch.float64, generator=generator), torch.arange(n) % 3


def test_it_says_nothing_at_the_start():
    torch.manual_seed(0)
    x, t, labels = inputs()
    assert torch.equal(UNet(config()).double()(x, t, labels), torch.zeros_like(x))


def test_a_residual_block_is_its_shortcut_at_the_start():
    torch.manual_seed(0)
    model, h = UNet(config()), torch.randn(2, 24, 4, 4)
    assert torch.equal(model.middle(h, torch.randn(2, 16)), h)


@pytest.mark.parametrize(
    "changes", [{}, {"channels": 3}, {"widths": (16, 24, 32)}, {"blocks": 2}, {"size": 6}, {"widths": (16,)}]
)
def test_out_comes_what_went_in(changes):
    model = unet(**changes)
    x, t, labels = inputs(size=model.config.size, channels=model.config.channels)
    out = model(x, t, labels)
    assert out.shape == x.shape and out.isfinite().all() and out.abs().sum() > 0


@pytest.mark.parametrize("changes", [{}, {"widths": (16, 24, 32)}, {"blocks": 2}])
def test_every_layer_gets_a_gradient(changes):
    model = unet(**changes)
    model(*inputs()).square().sum().backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or p.grad.abs().max() < 1e-12]
    # A label that no picture of the batch has is not asked; all others are
    assert not silent and (model.label.weight.grad.abs().sum(1) > 0).tolist() == [True, True, True, False]


def test_no_layer_stays_silent_after_a_few_steps_of_training():
    runtime.seed(0)
    model, x = UNet(config()), torch.rand(16, 1, 8, 8) * 2 - 1
    before = {name: p.clone() for name, p in model.named_parameters()}
    loss = partial(diffusion.loss, alpha_bar=diffusion.cosine(50), target=diffusion.VELOCITY, drop=0.3)
    batches = training.Batches(x, torch.arange(16) % 3, size=8)
    run = training.fit(model, loss, batches, steps=4, progress=False)
    moved = {name: (p.cpu() - before[name]).abs().max() for name, p in run.model.named_parameters()}
    assert min(moved.values()) > 0, min(moved, key=moved.get)


def test_every_output_sees_every_input_pixel():
    model = unet()
    x, t, labels = inputs(1)
    x.requires_grad_()
    model(x, t, labels)[0, 0, 0, 0].backward()
    assert (x.grad.abs() > 1e-12).all()


def test_each_picture_listens_to_its_own_time_and_label():
    model = unet()
    x, t, labels = inputs()
    out = model(x, t, labels)
    for other in (model(x, t + torch.tensor([0, 0.1, 0]), labels), model(x, t, labels + torch.tensor([0, 1, 0]))):
        changed = (out - other).abs().flatten(1).amax(1) > 1e-6
        assert changed.tolist() == [False, True, False]
    torch.testing.assert_close(model(x[:1], t[:1], labels[:1]), out[:1])  # whatever is drawn beside it


@pytest.mark.parametrize("part", ["down", "middle", "up"])
def test_the_condition_reaches_every_block(part):
    model = unet()
    x, t, labels = inputs()
    seen = []
    blocks = [m for m in getattr(model, part).modules() if hasattr(m, "modulation")]
    handles = [b.modulation.register_forward_hook(lambda m, i, o: seen.append(o)) for b in blocks]
    model(x, t, labels)
    first, n = list(seen), len(blocks)
    model(x, t, (labels + 1) % 3)
    assert n and len(seen) == 2 * n and all((a - b).abs().max() > 1e-6 for a, b in zip(first, seen[n:], strict=True))
    [handle.remove() for handle in handles]


def test_no_label_is_the_null_label():
    model = unet()
    x, t, _ = inputs()
    assert model.null == 3
    assert torch.equal(model(x, t), model(x, t, torch.full((3,), 3)))


def test_half_precision_stays_inside_the_network():
    x, t, labels = inputs()
    assert unet(torch.bfloat16)(x.bfloat16(), t, labels).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert unet(torch.float32)(x.float(), t.float(), labels).dtype == torch.float32


def test_the_shipped_size_is_a_fair_rival_of_the_transformer():
    rival = TransformerConfig(grid=(7, 7), vector=16, clock=1, classes=10, context=0, groups=(49,))
    with torch.device("meta"):
        ours, theirs = (sum(p.numel() for p in m.parameters()) for m in (UNet(UNetConfig()), Transformer(rival)))
    assert abs(ours / theirs - 1) < 0.02


def test_a_size_that_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match=r"size=14 cannot be halved 2 times: take fewer widths"):
        UNet(config(size=14, widths=(16, 16, 16)))


def test_pictures_of_another_size_are_named():
    for shape in ((2, 1, 8, 6), (2, 3, 8, 8), (1, 8, 8)):
        with pytest.raises(ValueError, match=r"pictures must be \[B, 1, 8, 8\], not"):
            unet(torch.float32)(torch.zeros(shape), torch.zeros(shape[0]))


@pytest.mark.parametrize("labels", [torch.tensor([0.0, 1.0]), torch.tensor([0]), torch.tensor([0, 4])])
def test_wrong_labels_are_named(labels):
    with pytest.raises(ValueError, match="labels must"):
        unet(torch.float32)(torch.zeros(2, 1, 8, 8), torch.zeros(2), labels)


def test_pictures_need_not_be_square():
    model = UNet(UNetConfig(size=(12, 20), channels=3, widths=(16, 24, 32)))
    x = torch.randn(2, 3, 12, 20)
    assert model(x, torch.rand(2)).shape == x.shape
    with pytest.raises(ValueError, match=r"must be \[B, 3, 12, 20\], not \[2, 3, 20, 12\]"):
        model(x.transpose(2, 3), torch.rand(2))
    with pytest.raises(ValueError, match=r"size=\(12, 18\) cannot be halved 2 times"):
        UNet(UNetConfig(size=(12, 18)))
