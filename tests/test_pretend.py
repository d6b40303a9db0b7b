"""Everything the course trains and draws, on a device that is not the processor: no tensor may be left behind there."""

import pretend
import pytest
import torch

from course_lib import data, runtime, training
from course_lib.measure import results
from course_lib.training import RECIPES, losses
from course_lib.training.fit import Batches, fit


@pytest.fixture
def device():
    """The course on a pretended device without float64; what was loaded for it is forgotten afterwards."""
    with pretend.installed(doubles=False):
        yield
    for kept in (losses.teacher, losses.pyramid):
        kept.cache_clear()


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
    losses.teacher.cache_clear(), losses.pyramid.cache_clear()
    pictures = data.load(recipe.data)[:8]
    run = fit(
        recipe.build(),
        recipe.loss,
        Batches(recipe.prepare(pictures), recipe.labels(pictures), 2),
        steps=1,
        muon=recipe.muon,
        progress=False,
    )
    assert next(run.ema.parameters()).device == pretend.DEVICE and run.losses[0] > 0


@pytest.mark.parametrize("name", [name for name in results.MADE if not name.startswith("pixel")])
def test_every_model_draws_there(name, device):
    dials = {"steps": 2} if name.startswith(("masked", "dit", "unet", "latent", "one-step")) else {}
    model, labels = training.load(name), torch.arange(2).to(runtime.device())
    made = results.draw(name, model, labels, guidance=1.5, generator=torch.Generator().manual_seed(0), **dials)
    assert made.device == pretend.DEVICE and made.shape == (2, 1, 28, 28) and made.float().std() > 20
