"""What every method asks of labels and pictures before it starts: any whole number, any float, or one sentence."""

import pytest
import tiny
import torch

from course_lib.data import Pictures
from course_lib.methods import autoregressive, diffusion, few_step, flow, guidance, masked

LABELS = torch.tensor([0, 2])
WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32)
LOSSES = ("flow", "diffusion", "shortcut", "progressive")
SAMPLERS = ("flow", "diffusion", "few steps")


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def noisy(dtype: torch.dtype = torch.float32):
    """A network of noise whose label table is asked as `nn.Embedding` asks: with int64 only."""
    model = tiny.denoiser(dtype=dtype)

    def strict(x, t, labels):
        assert labels.dtype == torch.int64
        return model(x, t, labels)

    strict.null, strict.parameters = model.null, model.parameters
    return strict


def student(model):
    """The same network as one that jumps."""

    def jumps(x, t, stride, labels):
        return model(x, t, labels)

    jumps.parameters = model.parameters
    return jumps


def losses(model, x, labels):
    """The loss of every method of noise, by name."""
    batch, jumps = (x, labels), student(model)
    return {
        "flow": lambda: flow.loss(model, batch, drop=0.5, generator=seeded()),
        "diffusion": lambda: diffusion.loss(model, batch, alpha_bar=diffusion.cosine(9), generator=seeded()),
        "shortcut": lambda: few_step.shortcut_loss(jumps, batch, teacher=model, guidance=2.0, generator=seeded()),
        "progressive": lambda: few_step.progressive_loss(model, batch, teacher=model, steps=4, generator=seeded()),
    }


def samples(model, labels):
    """Pictures of every sampler of noise, by name."""
    dials = {"shape": (1, 8, 8), "steps": 2, "generator": seeded()}
    return {
        "flow": lambda: flow.sample(model, labels, guidance=2.0, **dials),
        "diffusion": lambda: diffusion.sample(model, labels, alpha_bar=diffusion.cosine(9), **dials),
        "few steps": lambda: few_step.sample(student(model), labels, **dials),
    }


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_noise_takes_labels_of_any_whole_number(name, dtype):
    model, x = noisy(), torch.rand(2, 1, 8, 8, generator=seeded()) * 2 - 1
    assert losses(model, x, LABELS.to(dtype))[name]() == losses(model, x, LABELS)[name]()


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_of_noise_takes_labels_of_any_whole_number(name, dtype):
    assert torch.equal(samples(noisy(), LABELS.to(dtype))[name](), samples(noisy(), LABELS)[name]())


@pytest.mark.parametrize("dtype", WHOLE)
def test_models_of_tokens_take_tokens_and_labels_of_any_whole_number(dtype):
    model, hidden = tiny.transformer(), tiny.transformer(groups=(12,), tokens=6)
    tokens = tiny.tokens(2, (3, 4))
    for method, network in ((autoregressive, model), (masked, hidden)):
        wanted = method.loss(network, (tokens, LABELS), generator=seeded())
        assert method.loss(network, (tokens.to(dtype), LABELS.to(dtype)), generator=seeded()) == wanted
        drawn = method.sample(network, LABELS, shape=(3, 4), generator=seeded())
        assert torch.equal(method.sample(network, LABELS.to(dtype), shape=(3, 4), generator=seeded()), drawn)
    assert torch.equal(autoregressive.nats(model, tokens.to(dtype), LABELS), autoregressive.nats(model, tokens, LABELS))
    order = torch.arange(12).expand(2, 12)
    for price in (masked.bound, lambda *given: masked.nats_in_order(*given, order)):
        torch.manual_seed(0)
        wanted = price(hidden, tokens, LABELS)
        torch.manual_seed(0)
        assert torch.equal(price(hidden, tokens.to(dtype), LABELS.to(dtype)), wanted)


@pytest.mark.parametrize("wrong", [torch.float32, torch.bool])
def test_labels_that_are_no_whole_numbers_are_named(wrong):
    for start in (losses(noisy(), torch.zeros(2, 1, 8, 8), LABELS.to(wrong)), samples(noisy(), LABELS.to(wrong))):
        for run in start.values():
            with pytest.raises(ValueError, match=f"labels must be whole numbers, not {wrong}: call .long"):
                run()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_noise_takes_pictures_in_the_precision_of_the_model_or_another(name):
    x = torch.rand(2, 1, 8, 8, dtype=torch.float64, generator=seeded()) * 2 - 1
    for kept, given in ((torch.float32, torch.float64), (torch.float64, torch.float32)):
        assert losses(noisy(kept), x.to(given), LABELS)[name]().dtype == kept
    with pytest.raises(ValueError, match=r"floats in \[-1, 1\], not torch.uint8: give pictures.floats"):
        losses(noisy(), torch.zeros(2, 1, 8, 8, dtype=torch.uint8), LABELS)[name]()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_of_noise_draws_in_the_precision_of_the_model(name, dtype):
    assert samples(noisy(dtype), LABELS)[name]().dtype == dtype


def test_a_callable_without_weights_takes_any_float():
    x = torch.zeros(2, 3, dtype=torch.float64)
    assert guidance.floats(x, lambda x, t, labels: x) is x


@pytest.mark.parametrize("dtype", WHOLE)
def test_pictures_of_ones_own_keep_their_labels_as_int64(dtype):
    pictures = Pictures(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), LABELS.to(dtype), names=["a", "b", "c"])
    assert pictures.labels.dtype == torch.int64 and pictures[1:].labels.tolist() == [2]


@pytest.mark.parametrize("dial", ["shift", "solver", "guidance"])
def test_few_steps_take_no_dial_that_would_change_nothing_but_the_answer(dial):
    with pytest.raises((TypeError, ValueError), match=dial):
        few_step.sample(student(noisy()), LABELS, shape=(1, 8, 8), **{dial: 3.0})


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_few_steps_are_at_least_one(steps):
    with pytest.raises(ValueError, match=f"steps={steps} must be a whole number, at least 1"):
        few_step.sample(student(noisy()), LABELS, shape=(1, 8, 8), steps=steps)
