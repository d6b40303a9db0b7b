"""The long comparisons: what they do, with the hours of training and drawing taken out."""

import json

import pytest
import torch

from course_lib import runtime
from course_lib.experiments import EXPERIMENTS, comparisons
from course_lib.training import RECIPES, repeat


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path / "experiments"


def test_both_are_registered_and_say_what_they_do():
    assert {"budget", "head-to-head"} <= set(EXPERIMENTS)
    assert all(EXPERIMENTS[name].__doc__ for name in ("budget", "head-to-head"))


def test_the_budget_is_a_run_a_family_share_and_seed_and_goes_on_where_it_stopped(cache, monkeypatch):
    done = []

    def trained(family):
        def train(pictures, flops, seed):
            if len(done) == 5:
                raise KeyboardInterrupt
            done.append((family, flops / comparisons.WHOLE, seed))
            return None, {"steps": [1]}

        return train

    monkeypatch.setattr(comparisons, "_tokens", trained("autoregressive"))
    monkeypatch.setattr(comparisons, "_noise", trained("noise"))
    monkeypatch.setattr(comparisons, "_measured", lambda draw: {"frechet": 1.0})
    with pytest.raises(KeyboardInterrupt):
        comparisons.budget()
    assert len(json.loads((cache / "budget.json").read_text(encoding="utf-8"))) == 5
    done.append(None)  # not interrupted again
    rows = comparisons.budget()["runs"]
    wanted = [(f, s, n) for s, ns in comparisons.SHARES.items() for n in ns for f in ("autoregressive", "noise")]
    assert [(row["family"], row["share"], row["seed"]) for row in rows] == wanted
    assert len(done) == len(wanted) + 1  # none was trained twice


def test_both_families_spend_the_same_operations(monkeypatch):
    spent = {}

    def fitted(name, x, labels, flops, seed):
        recipe = RECIPES[name]
        steps = max(1, round(flops / (repeat.flops_per_picture(name) * recipe.batch)))
        spent[name] = steps * recipe.batch * repeat.flops_per_picture(name)
        return recipe.build().eval(), steps

    monkeypatch.setattr(comparisons, "_fitted", fitted)
    pictures = comparisons.data.load("fashion")[:20]
    flops = 3e12
    for family in (comparisons._tokens, comparisons._noise):
        draw, about = family(pictures, flops, 0)
        assert about["parameters"] > 1e6
        made = draw(torch.tensor([0, 1], device=runtime.device()), 1.5, torch.Generator().manual_seed(0))
        assert made.shape == (2, 1, 28, 28) and made.dtype == torch.uint8
    tokens = spent["tokenizer-fashion"] + spent["token-ar-fashion"]
    assert abs(tokens - flops) < 0.02 * flops and abs(spent["dit-fashion"] - flops) < 0.02 * flops
    sizes = [sum(p.numel() for p in RECIPES[name].build().parameters()) for name in ("token-ar-fashion", "dit-fashion")]
    assert max(sizes) / min(sizes) < 1.06


def test_a_setting_is_charged_for_all_training_that_it_rests_on(monkeypatch):
    monkeypatch.setattr(comparisons.results, "make", lambda *a, **k: (None, None))
    monkeypatch.setattr(comparisons.frechet, "report", lambda *a: {"frechet": 1.0})
    row = comparisons._quality("token-ar-fashion", {})
    parts = [repeat.result(name)["train_flops"] for name in ("token-ar-fashion", "tokenizer-fashion")]
    assert row["train_flops"] == sum(parts) and row["steps"] == 49 and row["family"] == "autoregressive"


def test_every_setting_names_a_recipe():
    assert set(comparisons.SETTINGS) <= set(RECIPES)
