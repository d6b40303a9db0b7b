"""Everything the course trains and draws, on a device that is not the processor: no tensor may be left behind there."""

import fake_device
import pytest
import torch

from course_lib import data, runtime, training
from course_lib.training import RECIPES, checkpoints
from course_lib.training.fit import Batches, fit
from course_lib.training.recipes import dialogues


@pytest.fixture
def device():
    """The course on a pretended device without float64; what was loaded for it is forgotten afterwards."""
    with fake_device.installed(doubles=False):
        yield


def test_what_lies_apart_may_not_meet(device):
    here, there = torch.ones(3), torch.ones(3).to(runtime.device())
    assert float((there + 1).sum()) == 6 and (there + there).cpu().tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="same device"):
        here + there
    with pytest.raises(RuntimeError, match="generator"):
        torch.rand(3, device=runtime.device(), generator=torch.Generator())
    with pytest.raises(RuntimeError):
        there.numpy()
    assert torch.tensor([1, 2], device=runtime.device()).tolist() == [1, 2]
    with pytest.raises(TypeError, match="float64"):
        there.double()
    assert there.to(torch.device("cpu"), torch.float64).sum() == 3


@pytest.mark.parametrize("name", [name for name in RECIPES if RECIPES[name].data != "mnist-binary"])
def test_every_recipe_trains_there(name, device):
    recipe = RECIPES[name]
    pictures = data.load(recipe.data)[:8]
    x = recipe.reads.encode(pictures)
    run = fit(
        recipe.trained(recipe.build()),
        recipe.loss,
        recipe.batches(size=2) if name in dialogues.RECIPES else Batches(x, recipe.labels(pictures), 2),
        steps=1,
        muon=recipe.muon,
        progress=False,
    )
    assert next(run.ema.parameters()).device == fake_device.DEVICE and run.losses[0] > 0


SHIPPED = set(checkpoints.names())
QUICK = [name for name, recipe in RECIPES.items() if recipe.sample and recipe.passes <= 64 and name in SHIPPED]


@pytest.mark.parametrize("name", QUICK)
def test_every_model_draws_there(name, device):
    recipe = RECIPES[name]
    dials = {"steps": 2} if recipe.family != "autoregressive" else {}
    wanted = data.load(recipe.data)[:2]
    guidance = 1.5 if 1.5 in recipe.guidance else 1.0
    generator = torch.Generator().manual_seed(0)
    made = training.draw(name, recipe.as_they_are(wanted)[1], guidance=guidance, generator=generator, **dials)
    assert made.device == fake_device.DEVICE and made.shape == wanted.pixels.shape and made.float().std() > 20
