"""Apple GPUs: chosen where they are, their gaps named, and no sampler or measure asks them for float64."""

import os
import subprocess
import sys

import fake_device
import pytest
import torch
from tiny import denoiser, pixelcnn, transformer

import course_lib
from course_lib import check, measure, runtime
from course_lib.methods import autoregressive, diffusion, few_step, flow, masked

LABELS = torch.tensor([0, 2, 1])
GPU = fake_device.DEVICE  # without float64, as an Apple GPU, which nobody needs to have


def sampled(model, draw) -> tuple[torch.Tensor, torch.Tensor]:
    """What `draw(model, labels, generator)` gives on the processor and on the pretended GPU."""
    here = draw(model, LABELS, torch.Generator().manual_seed(0))
    with fake_device.installed(doubles=False):
        there = draw(model.to(GPU), LABELS.to(GPU), torch.Generator().manual_seed(0))
        assert there.device == GPU
        return here, there.cpu()


NOISY = {"shape": (1, 8, 8), "guidance": 2.0}
DRAWS = {
    "flow": (denoiser, lambda m, y, g: flow.sample(m, y, steps=3, generator=g, **NOISY)),
    "stochastic flow": (
        denoiser,
        lambda m, y, g: flow.sample(m, y, steps=3, solver=flow.stochastic(g, churn=0.5), generator=g, **NOISY),
    ),
    "diffusion": (
        denoiser,
        lambda m, y, g: diffusion.sample(m, y, alpha_bar=diffusion.cosine(50), steps=4, generator=g, **NOISY),
    ),
    "autoregressive": (pixelcnn, lambda m, y, g: autoregressive.sample(m, y, shape=(3, 4), generator=g)),
    "few steps": (
        lambda dtype: denoiser(dtype, clock=2),
        lambda m, y, g: few_step.sample(m, y, shape=(1, 8, 8), steps=2, generator=g),
    ),
    "masked": (
        lambda dtype: transformer(dtype, groups=(12,)),
        lambda m, y, g: masked.sample(m, y, shape=(3, 4), steps=4, guidance=2.0, generator=g),
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_sampler_draws_the_same_on_an_apple_gpu(name):
    make, draw = DRAWS[name]
    here, there = sampled(make(torch.float32), draw)
    torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-3)  # its operations are summed in another order


def test_likelihoods_are_summed_where_float64_is():
    model, tokens = transformer(torch.float32), torch.arange(24).view(2, 3, 4) % 5
    here = measure.likelihood(lambda x, y: model(x, y), tokens, LABELS[:2])
    with fake_device.installed(doubles=False):
        there = measure.likelihood(lambda x, y: model(x.cpu(), y.cpu()).to(GPU), tokens.to(GPU), LABELS[:2])
    assert here == there


def test_what_was_built_is_compared_where_float64_is(capsys):
    with fake_device.installed(doubles=False):
        check.same(torch.ones(2).to(GPU), torch.ones(2).to(GPU), "two ones")
        with pytest.raises(AssertionError, match="largest difference is 1"):
            check.same(torch.ones(2).to(GPU), torch.zeros(2).to(GPU), "one and nothing")
    assert "two ones" in capsys.readouterr().out


def test_an_apple_gpu_is_chosen_with_one_line_on_its_gaps(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    for falls_back, says in ((True, "runs on the processor"), (False, f"start with {course_lib.FALLBACK}=1")):
        monkeypatch.setattr(course_lib, "FALLS_BACK", falls_back)
        runtime._apple.cache_clear()
        assert runtime.device() == runtime.device() == torch.device("mps")
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("Apple GPU: ") and says in line and "COURSE_DEVICE=cpu" in line
    assert (
        runtime.float64_device(torch.device("mps")).type == "cpu"
        and runtime.float64_device(torch.device("cuda")).type == "cuda"
    )


LOADED = "import json; sys.modules['torch'] = json; "  # whatever it is: something of that name is there


@pytest.mark.parametrize(("first", "falls_back"), [("", "True"), (LOADED, "False")])
def test_the_fallback_is_asked_for_before_torch_loads(first, falls_back):
    says = f"print(course_lib.FALLS_BACK, os.environ['{course_lib.FALLBACK}'])"
    code = f"import os, sys; sys.platform = 'darwin'; {first}import course_lib; {says}"
    environment = {name: value for name, value in os.environ.items() if name != course_lib.FALLBACK}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=environment)
    assert found.stdout.split() == [falls_back, "1"], found.stderr
